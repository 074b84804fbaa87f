"""The human level: the ladder's first rung, declared, counted, or measured by raters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from mlstrat_plugin.core.estimates.composites import corrected_z
from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.estimates.tally import TallyBase
from mlstrat_plugin.errors import EstimateError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.params.scoring import Human

BEST = "best"


@dataclass(frozen=True)
class Declared(TallyBase):
    """An error that somebody states and nobody measured; taken as exact and labelled so.

    Parameters
    ----------
    error : float
        Share of wrong answers, 0..1, or a mean loss from 0 on.
    is_rate : bool
        It is a share of wrong answers.

    Raises
    ------
    EstimateError
        ``error`` is NaN, infinite, below 0, or above 1 where it is a rate.

    Examples
    --------
    >>> str(Declared(0.01).estimate().method)
    'declared'
    """

    tag: ClassVar[str] = "declared"
    error: float
    is_rate: bool = True

    def __post_init__(self) -> None:
        if not self.is_rate and not 0 <= self.error < inf:
            raise EstimateError(f"a declared loss is a finite number from 0 on, not {self.error!r}")
        if self.is_rate and not 0 <= self.error <= 1:
            raise EstimateError(f"a declared error is a fraction in 0..1 (7 % is 0.07), not {self.error!r}")

    @property
    def n(self) -> None:
        """Return nothing: no rows stand behind a declaration."""
        return

    @property
    def wrong(self) -> None:
        """Return nothing: no rows stand behind a declaration."""
        return

    def estimate(self) -> Estimate:
        """Return the declared number as an exact constant."""
        return constant(self.error)


@dataclass(frozen=True, kw_only=True)
class RaterGroups(TallyBase):
    """Answers of groups of people (typical person, doctor, team of experts) to the same kind of rows.

    Parameters
    ----------
    groups : mapping of str to Tally
        Tallies by group, at least one; raters are the units of each.
    proxy : str
        The group that stands for the best possible error, or ``best``: the one that looks best.

    Raises
    ------
    EstimateError
        No group, or ``proxy`` names none of them.

    Notes
    -----
    The group that looks best was chosen among several: its own interval covers the truth in as little as 82 % of cases
    with 8 groups. The lower bound is the smallest of all lower bounds, the upper one the smallest of all upper bounds
    at a level corrected for the number of groups (union bound).

    Examples
    --------
    >>> from mlstrat_plugin.core.estimates.rates import ErrorTally
    >>> counts = {"typical": 30, "nurse": 10, "doctor": 7, "team": 5}
    >>> rated = RaterGroups(groups={name: ErrorTally(wrong=k, n=1000) for name, k in counts.items()}, proxy="best")
    >>> [round(bound, 4) for bound in rated.estimate().interval(0.95)], rated.alike()
    ([0.0021, 0.0144], ('doctor', 'nurse', 'team'))
    """

    tag: ClassVar[str] = "raters"
    groups: Mapping[str, Tally]
    proxy: str

    def __post_init__(self) -> None:
        if not self.groups:
            raise EstimateError("no rater group has an answer that can be scored")
        if self.proxy != BEST and self.proxy not in self.groups:
            raise EstimateError(
                f"no rater group is called {self.proxy!r}{did_you_mean(self.proxy, self.groups)}; "
                f"the table has {', '.join(map(repr, sorted(self.groups)))}",
                hint="correct mlstrat.human.proxy",
            )

    def rounded(self) -> RaterGroups:
        """Return the groups with the digits that saved ones have."""
        return replace(self, groups={name: tally.rounded() for name, tally in self.groups.items()})

    def saved(self) -> dict[str, Any]:
        """Return the groups as plain values for JSON."""
        groups = {name: tally.saved() for name, tally in self.groups.items()}
        return {"tally": self.tag, "proxy": self.proxy, "groups": groups}

    @property
    def chosen(self) -> str:
        """Return the group whose error is taken; of two equal ones the first by name."""
        if self.proxy != BEST:
            return self.proxy
        return min(sorted(self.groups), key=lambda name: self.groups[name].estimate().value)

    @property
    def n(self) -> int:
        """Return the answers of the chosen group."""
        return self.groups[self.chosen].n

    @property
    def wrong(self) -> int | None:
        """Return the wrong answers of the chosen group."""
        return self.groups[self.chosen].wrong

    def alike(self, confidence: float = 0.95) -> tuple[str, ...]:
        """Return the groups whose intervals overlap that of the chosen one, with itself; nobody can tell them apart."""
        low, high = self.groups[self.chosen].estimate().interval(confidence)
        bounds = {name: tally.estimate().interval(confidence) for name, tally in self.groups.items()}
        return tuple(sorted(name for name, (lower, upper) in bounds.items() if lower <= high and upper >= low))

    def estimate(self) -> Estimate:
        """Return the error of the declared group, or of the best one with the corrected interval."""
        chosen = self.groups[self.chosen].estimate()
        if self.proxy != BEST or len(self.groups) == 1:
            return chosen
        everyone = [tally.estimate() for tally in self.groups.values()]

        def bounds(z: float) -> tuple[float, float]:
            corrected = corrected_z(z, len(everyone))
            return min(one.bounds(z)[0] for one in everyone), min(one.bounds(corrected)[1] for one in everyone)

        method = Method(f"best of {len(everyone)} groups, {chosen.method}")
        return Estimate(chosen.value, bounds, chosen.n_effective, method, groups=chosen.groups)


def human_level(human: Human) -> Declared | ErrorTally:
    """Return the human level as it was given: declared, or counted."""
    if human.error is not None:
        return Declared(human.error)
    if human.tasks is not None:
        return Declared(sum(human.tasks.values()) / len(human.tasks))
    if human.loss is not None:
        return Declared(human.loss, is_rate=False)
    return ErrorTally(wrong=human.errors or 0, n=human.n or 0)
