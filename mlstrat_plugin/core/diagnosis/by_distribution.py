"""The course's table: human, trained-on and not-trained-on error on each distribution, and what its cells say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.records.diagnosis import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.estimate import Estimate, LinearCombination
    from mlstrat_plugin.core.estimates.tally import Tally

AUXILIARY, TARGET = "auxiliary", "target"
HUMAN, TRAINED, UNTRAINED = "human", "trained-on", "not-trained-on"
ROWS = (HUMAN, TRAINED, UNTRAINED)
Cell = tuple[str, str]  # distribution, row

# What each difference of cells says: the name, the cell it starts from, the cell it subtracts.
DIFFERENCES: tuple[tuple[str, Cell, Cell], ...] = (
    ("bias on auxiliary", (AUXILIARY, TRAINED), (AUXILIARY, HUMAN)),
    ("variance on auxiliary", (AUXILIARY, UNTRAINED), (AUXILIARY, TRAINED)),
    ("mismatch", (TARGET, UNTRAINED), (AUXILIARY, UNTRAINED)),
    ("bias on target", (TARGET, TRAINED), (TARGET, HUMAN)),
    ("variance on target", (TARGET, UNTRAINED), (TARGET, TRAINED)),
    ("intrinsic difficulty", (TARGET, HUMAN), (AUXILIARY, HUMAN)),
)
ADJUSTED = "human-adjusted mismatch"


def tallies_by_distribution(
    by_source: Mapping[str, Mapping[str, Tally]],
    roles: Mapping[str, str],
    by_role: Mapping[str, Mapping[str, Tally]] | None = None,
) -> dict[str, dict[str, Tally]]:
    """Return the measured cells of the two lower rows: train is trained on, train-dev and dev are not.

    Parameters
    ----------
    by_source : mapping of str to mapping of str to Tally
        Tallies by split and source.
    roles : mapping of str to str
        ``target`` or ``auxiliary`` by source.
    by_role : mapping of str to mapping of str to Tally, optional
        Tallies by split and role, where those of sources do not add up because a group has rows in several of them.
    """
    if by_role:
        return tallies_by_distribution(by_role, {role: role for roles_ in by_role.values() for role in roles_})
    cells: dict[str, dict[str, Tally]] = {}
    for split, tallies in by_source.items():
        row = {"train": TRAINED, "train-dev": UNTRAINED, "dev": UNTRAINED}.get(split)
        for source, tally in tallies.items():
            role = roles.get(source)
            if row is None or role is None or not tally.n or (split == "train-dev" and role == TARGET):
                continue
            known = cells.setdefault(role, {})
            known[row] = known[row] + tally if row in known else tally
    return cells


def statements(cells: Mapping[str, Mapping[str, Estimate]], *, confidence: float) -> dict[str, Statement]:
    """Return every difference whose cells are there, with two-sided intervals of their own.

    Parameters
    ----------
    cells : mapping of str to mapping of str to Estimate
        Estimates by distribution (``auxiliary``, ``target``) and row (``human``, ``trained-on``, ``not-trained-on``).
    confidence : float
        Of each interval, 0.5..1.

    Examples
    --------
    >>> from mlstrat_plugin.core.estimates.estimate import constant
    >>> general = {"human": constant(0.04), "trained-on": constant(0.07), "not-trained-on": constant(0.10)}
    >>> mobile = {"human": constant(0.06), "trained-on": constant(0.06), "not-trained-on": constant(0.06)}
    >>> told = statements({"auxiliary": general, "target": mobile}, confidence=0.95)
    >>> [(name, round(100 * said.value)) for name, said in told.items()][2::2]
    [('mismatch', -4), ('variance on target', 0), ('human-adjusted mismatch', -6)]
    """
    differences = {
        name: cells[high[0]][high[1]] - cells[low[0]][low[1]]
        for name, high, low in DIFFERENCES
        if high[1] in cells.get(high[0], {}) and low[1] in cells.get(low[0], {})
    }
    if {"mismatch", "intrinsic difficulty"} <= set(differences):
        differences[ADJUSTED] = differences["mismatch"] - differences["intrinsic difficulty"]
    return {name: _statement(amount, confidence) for name, amount in differences.items()}


def _statement(amount: LinearCombination, confidence: float) -> Statement:
    low, high = amount.interval(confidence)
    return Statement(value=amount.value, low=low, high=high, method="mover")
