"""Estimates recomputed from the tallies of a saved diagnosis, or its saved intervals where that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from mlstrat_plugin.core.estimates.composites import SliceRule, SliceTally, TaskTally
from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.finite import FiniteTally
from mlstrat_plugin.core.estimates.human_level import Declared, RaterGroups
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.rated import RatedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.scorers import OWN_SCORERS, Scorer
from mlstrat_plugin.errors import EstimateError, RecordError
from mlstrat_plugin.records.saving import same_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord

PLAIN: dict[str, Any] = {
    kind.tag: kind for kind in (ErrorTally, RatioTally, LossTally, TaskTally, RatedTally, Declared)
}
AS_SAVED = Method("interval as saved")


def tally_of(saved: Mapping[str, Any], scorers: Mapping[str, Scorer] | None = None) -> Tally | Declared | RaterGroups:
    """Return a saved tally.

    Parameters
    ----------
    saved : mapping
        What ``saved()`` of a tally returned, perhaps read from JSON.
    scorers : mapping of str to Scorer, optional
        Metrics of the confusion matrix that a file cannot hold, by name: functions of a project.

    Raises
    ------
    RecordError
        The values are not those of a tally, or its metric is a function that is not given.

    Examples
    --------
    >>> tally_of(ErrorTally(wrong=3, n=20).saved())
    ErrorTally(wrong=3, n=20)
    """
    return _checked(saved, scorers or {})[0]


def _checked(
    saved: Mapping[str, Any], scorers: Mapping[str, Scorer]
) -> tuple[Tally | Declared | RaterGroups, Estimate]:
    """Return a saved tally and its estimate, in which any damage shows at the latest."""
    values = {name: value for name, value in saved.items() if name != "tally"}
    try:
        found: Tally | Declared | RaterGroups = _read(str(saved["tally"]), values, scorers)
        return found, found.estimate()
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, EstimateError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise RecordError(f"a saved tally cannot be read: {reason}", hint="run `mlstrat diagnose` again") from error


def _read(tag: str, values: dict[str, Any], scorers: Mapping[str, Scorer]) -> Any:
    if tag == ConfusionTally.tag:
        known = {**OWN_SCORERS, **scorers}
        parts = {name: {(row[0], row[1]): int(row[2]) for row in cells} for name, cells in values["parts"].items()}
        return ConfusionTally(parts=parts, scorer=known[values["scorer"]])
    if tag == SliceTally.tag:
        if values["rule"] not in get_args(SliceRule):
            raise ValueError(f"unknown rule {values['rule']!r}")
        return SliceTally(**{**values, "parts": {name: tally_of(part) for name, part in values["parts"].items()}})
    if tag == FiniteTally.tag:
        return FiniteTally(part=tally_of(values["part"], scorers), population=values["population"])  # type: ignore[arg-type]  # a part is a plain tally
    if tag == RaterGroups.tag:
        groups = {name: tally_of(part) for name, part in values["groups"].items()}
        return RaterGroups(groups=groups, proxy=values["proxy"])  # type: ignore[arg-type]  # groups are of plain tallies
    return PLAIN[tag].read(values)


def saved_estimates(diagnosis: Diagnosis, scorers: Mapping[str, Scorer] | None = None) -> dict[str, Estimate]:
    """Return the estimate of each rung: recomputed from its tally, or its saved interval where that cannot be.

    Some diagnoses have no tallies, and the metric of others is a function that is not given, or that gives another
    value than was saved. A saved interval holds at the confidence of its diagnosis and at no other one, so its bounds
    are the same for every quantile; its method says so (``AS_SAVED``).
    """
    return {
        rung: _recomputed(error, diagnosis.tallies.get(rung), scorers or {}) or _as_saved(error)
        for rung, error in diagnosis.errors.items()
    }


def _recomputed(error: ErrorRecord, saved: Mapping[str, Any] | None, scorers: Mapping[str, Scorer]) -> Estimate | None:
    """Return the estimate of a tally; None without one, or if its function is unknown or changed since it was saved."""
    scorer = None if saved is None else {**saved, **saved.get("part", {})}.get("scorer")
    if saved is None or (scorer is not None and scorer not in {**OWN_SCORERS, **scorers}):
        return None
    if scorer not in scorers:
        return _checked(saved, scorers)[1]
    try:
        found = _checked(saved, scorers)[1]
    except RecordError:
        return None  # a function of today may fail on what it counted then
    return found if same_number(error.value, found.value) else None


def _as_saved(error: ErrorRecord) -> Estimate:
    bounds = (error.low, error.high)
    return Estimate(error.value, lambda _z: bounds, float(error.n or "inf"), AS_SAVED, groups=error.groups)
