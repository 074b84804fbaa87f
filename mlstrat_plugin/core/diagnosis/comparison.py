"""Two runs: how far the error fell or rose, which gap moved, and which did not."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mlstrat_plugin.core.diagnosis.moved import comparison_sentences
from mlstrat_plugin.core.diagnosis.verdict import gap_name
from mlstrat_plugin.core.estimates.estimate import Estimate, LinearCombination
from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.recomputed import AS_SAVED, saved_estimates
from mlstrat_plugin.core.wording import RATE, unit_of
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.runs import Change, Comparison
from mlstrat_plugin.records.words import HUMAN, LADDER, Movement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.core.estimates.paired import PairedChange
    from mlstrat_plugin.core.estimates.scorers import Scorer
    from mlstrat_plugin.records.diagnosis import Diagnosis

Sides = tuple["Mapping[str, Estimate]", "Mapping[str, Estimate]"]


def compare(
    first: Diagnosis,
    second: Diagnosis,
    *,
    paired: Mapping[str, PairedChange] | None = None,
    scorers: tuple[Mapping[str, Scorer], Mapping[str, Scorer]] = ({}, {}),
    names: tuple[str, str] = ("first", "second"),
    params: Mapping[str, tuple[str, str]] | None = None,
    notes: tuple[str, ...] = (),
    unchanged_within: float | None = None,
) -> Comparison:
    """Compare two runs: how each error and each gap changed.

    Parameters
    ----------
    first, second : Diagnosis
        The two diagnoses; only rungs that both have are compared.
    paired : mapping of str to PairedChange, optional
        How much each split's error changed on the rows that both answered; a split without it is compared unpaired.
    scorers : tuple of mappings of str to Scorer
        For each run, metrics that are functions of its project, by name; without them such an error has its saved
        interval.
    names : tuple of str
        What the runs are called.
    params : mapping of str to (str, str), optional
        Settings that differ.
    notes : tuple of str
        What the reader has to know, such as why a split is unpaired.
    unchanged_within : float, optional
        A change whose whole interval is within this distance of zero counts as none; above 0, in the unit of the
        errors. By default half the second run's material gap.

    Raises
    ------
    EstimateError
        The two share fewer than two rungs, measure different metrics or units, or ``unchanged_within`` is not above 0.

    Notes
    -----
    Pairing removes what both runs have in common, so it needs 2.5 to 6 times fewer rows. The change of a gap is the
    difference of two changes of error, so a rung that did not change adds nothing to it. The intervals of all gaps hold
    together (Bonferroni, two-sided: a gap may rise or fall).

    Examples
    --------
    >>> from mlstrat_plugin.core.diagnosis.diagnose import diagnose
    >>> before = diagnose(human=0.0, train=(100, 10_000), train_dev=(900, 10_000), dev=(1_000, 10_000))
    >>> after = diagnose(human=0.0, train=(110, 10_000), train_dev=(300, 10_000), dev=(410, 10_000))
    >>> {name: change.status for name, change in compare(before, after).gaps.items()}
    {'bias': 'unchanged', 'variance': 'moved', 'mismatch': 'unclear'}
    """
    rungs = [rung for rung in LADDER if rung in first.errors and rung in second.errors]
    settings = second.settings
    within = second.material_gap / 2 if unchanged_within is None else unchanged_within
    _check(first, second, rungs, within)
    confidence = settings.confidence
    estimates = (saved_estimates(first, scorers[0]), saved_estimates(second, scorers[1]))
    amounts = {rung: _amount(rung, (first, second), estimates, paired or {}) for rung in rungs}
    z_error, z_gap = (z_value((1 - confidence) / 2 / gaps) for gaps in (1, max(1, len(rungs) - 1)))
    alike = first.settings.confidence == confidence  # a saved interval holds at its own confidence alone
    errors = {
        rung: _change(amount, z_error, within, (paired or {}).get(rung), holds=alike or not _is_old(amount))
        for rung, amount in amounts.items()
    }
    steps = {(low, high): amounts[high] - amounts[low] for low, high in pairwise(rungs)}
    gaps = {
        gap_name(*between, same_distribution=settings.same_distribution): _change(
            amount, z_gap, within, holds=not _is_old(amount)
        )
        for between, amount in steps.items()
    }
    return Comparison(
        names=names,
        diagnoses=(first.diagnosis, second.diagnosis),
        errors=errors,
        gaps=gaps,
        summary=comparison_sentences(errors, gaps, unit_of(settings.metric, settings.unit)),
        metric=settings.metric,
        unit=settings.unit,
        confidence=confidence,
        unchanged_within=within,
        params=dict(params or {}),
        notes=(
            *notes,
            *_old_notes(amounts, estimates, names),
            *label_notes(first, second, {rung: amount.value for rung, amount in amounts.items()}, names),
        ),
    )


def label_notes(
    first: Diagnosis, second: Diagnosis, changes: Mapping[str, float], names: tuple[str, str]
) -> tuple[str, ...]:
    """Return for dev and test whether wrong labels may decide between the two models.

    They may if they make up as much of one model's error as the two differ by: one of them may have learned the wrong
    labels.
    """
    notes = []
    for split in ("dev", "test"):
        for name, record in zip(names, (first, second), strict=True):
            check = record.label_audit.get(split)
            points = None if check is None else check.label_points
            if points is not None and split in changes and 0 < points.value >= abs(changes[split]):
                notes.append(
                    f"Labels may decide: wrong labels make up {RATE.change(points.value, points.low, points.high)} "
                    f"of the {split} error of {name}, and the models differ by {RATE.amount(abs(changes[split]))}."
                )
                break
    return tuple(notes)


def _check(first: Diagnosis, second: Diagnosis, rungs: list[str], within: float) -> None:
    problems = []
    if len(rungs) < 2:
        problems.append(f"the runs share {', '.join(rungs) or 'no rung'}; at least two rungs are needed")
    if first.settings.metric != second.settings.metric:
        problems.append(f"one run measures {first.settings.metric}, the other {second.settings.metric}")
    elif first.settings.unit != second.settings.unit:
        units = [repr(run.settings.unit) if run.settings.unit else "no unit" for run in (first, second)]
        problems.append(f"one run measures in {units[0]}, the other in {units[1]}")
    if not within > 0:
        problems.append(f"unchanged within {within!r} is not above 0")
    if problems:
        raise EstimateError("; ".join(problems), hint="compare runs of the same metric that measure the same splits")


def _amount(
    rung: str, records: tuple[Diagnosis, Diagnosis], estimates: Sides, paired: Mapping[str, PairedChange]
) -> Quantity:
    """Return how much an error changed: paired, unpaired, or not at all if both declare the same."""
    if rung in paired:
        return paired[rung].amount
    if rung == HUMAN and records[0].errors[rung] == records[1].errors[rung]:
        return LinearCombination({})  # the same people: whatever they are, they did not change
    return estimates[1][rung] - estimates[0][rung]


def _change(
    amount: Quantity, z: float, within: float, paired: PairedChange | None = None, *, holds: bool = True
) -> Change:
    """Return a change with its bounds; where they do not hold at the confidence that is asked for it is unclear."""
    low, high = amount.bounds(z)
    status: Movement = "unclear"
    if holds:
        status = "moved" if low > 0 or high < 0 else "unchanged" if -within <= low and high <= within else "unclear"
    pairs = None if paired is None else paired.pairs
    return Change(
        value=amount.value,
        low=low,
        high=high,
        status=status,
        method=_method(amount),
        n=None if paired is None else paired.n,
        fixed=None if pairs is None else pairs.fixed,
        broken=None if pairs is None else pairs.broken,
    )


def _method(amount: Quantity) -> str:
    if not amount.terms:
        return "no change by definition"
    if isinstance(amount, Estimate):
        return f"paired, {amount.method}"
    if _is_old(amount):
        return "mover of intervals as saved"
    return "mover of paired" if all(estimate.method.paired for estimate in amount.terms) else "mover"


def _is_old(amount: Quantity) -> bool:
    return any(estimate.method == AS_SAVED for estimate in amount.terms)


def _old_notes(amounts: Mapping[str, Quantity], estimates: Sides, names: tuple[str, str]) -> list[str]:
    """Return which run has errors that cannot be recomputed, if a change needs them: paired rows do without."""
    used = {estimate for amount in amounts.values() for estimate in amount.terms}
    return [
        f"{name} has errors that cannot be recomputed (no tallies were saved, or its metric function is missing or was "
        "changed), so their saved intervals are used and changes of gaps are not judged. Run `mlstrat diagnose` there "
        "again."
        for name, of_run in zip(names, estimates, strict=True)
        if any(estimate.method == AS_SAVED and estimate in used for estimate in of_run.values())
    ]
