"""Two runs: which error and which gap moved, which did not, and whether only one did."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mlstrat_plugin.core.diagnosis.verdict import MERGED_DISTRIBUTIONS
from mlstrat_plugin.core.estimates.estimate import Estimate, LinearCombination
from mlstrat_plugin.core.estimates.intervals import simultaneous_z, z_value
from mlstrat_plugin.core.estimates.tallies import ErrorTally
from mlstrat_plugin.core.wording import RATE
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.runs import Change, Comparison
from mlstrat_plugin.records.words import GAPS, HUMAN, LADDER, Movement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.core.estimates.paired import PairedTally
    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord

MOVE = 0.005  # half a point: the largest change that still counts as none


def compare(
    first: Diagnosis,
    second: Diagnosis,
    *,
    paired: Mapping[str, PairedTally] | None = None,
    names: tuple[str, str] = ("first", "second"),
    params: Mapping[str, tuple[str, str]] | None = None,
    notes: tuple[str, ...] = (),
    unchanged_within: float = MOVE,
) -> Comparison:
    """Say what changed between two runs.

    Parameters
    ----------
    first, second : Diagnosis
        The two diagnoses; only rungs that both have are compared.
    paired : mapping of str to PairedTally, optional
        How both answered the same rows, by split; a split without it is compared as two independent samples.
    names : tuple of str
        What the runs are called.
    params : mapping of str to (str, str), optional
        Settings that differ.
    notes : tuple of str
        What the reader has to know, such as why a split is not paired.
    unchanged_within : float
        A gap whose whole interval lies within this distance of no change is unchanged; a fraction above 0.

    Raises
    ------
    EstimateError
        The two share fewer than two rungs, measure different metrics, or ``unchanged_within`` is not above 0.

    Notes
    -----
    Pairing takes out what the rows have in common: the same statement needs 2.5 to 6 times fewer rows. The change of a
    gap is the difference of two changes of error, so a rung that did not change adds nothing to it; all gaps' bounds
    hold together (one-sided, Bonferroni).

    Examples
    --------
    >>> from mlstrat_plugin.core.diagnosis.diagnose import diagnose
    >>> before = diagnose(human=0.0, train=(100, 10_000), train_dev=(900, 10_000), dev=(1_000, 10_000))
    >>> after = diagnose(human=0.0, train=(110, 10_000), train_dev=(300, 10_000), dev=(410, 10_000))
    >>> {name: change.status for name, change in compare(before, after).gaps.items()}
    {'bias': 'unchanged', 'variance': 'moved', 'mismatch': 'unclear'}
    """
    rungs = [rung for rung in LADDER if rung in first.errors and rung in second.errors]
    _check(first, second, rungs, unchanged_within)
    confidence = second.settings.confidence
    amounts = {rung: _amount(rung, first, second, paired or {}) for rung in rungs}
    z_error, z_gap = z_value((1 - confidence) / 2), simultaneous_z(confidence, max(1, len(rungs) - 1))
    gaps = {
        _gap_name(low, high, second): _change(amounts[high] - amounts[low], z_gap, unchanged_within)
        for low, high in pairwise(rungs)
    }
    return Comparison(
        names=names,
        diagnoses=(first.diagnosis, second.diagnosis),
        errors={rung: _change(amounts[rung], z_error, unchanged_within, (paired or {}).get(rung)) for rung in rungs},
        gaps=gaps,
        orthogonal=_orthogonal(gaps),
        metric=second.settings.metric,
        confidence=confidence,
        unchanged_within=unchanged_within,
        params=dict(params or {}),
        notes=(*notes, *label_notes(first, second, {rung: amount.value for rung, amount in amounts.items()}, names)),
    )


def label_notes(
    first: Diagnosis, second: Diagnosis, changes: Mapping[str, float], names: tuple[str, str]
) -> tuple[str, ...]:
    """Say for dev and test whether the choice between two models may be one of labels.

    It may be where wrong labels make up as many points of one model's error as the two differ by: one of them may have
    learned the wrong labels.
    """
    notes = []
    for split in ("dev", "test"):
        for name, record in zip(names, (first, second), strict=True):
            check = record.label_audit.get(split)
            points = None if check is None else check.label_points
            if points is not None and split in changes and 0 < points.value >= abs(changes[split]):
                notes.append(
                    f"labels may decide: wrong ones are {RATE.amount(points.value)} "
                    f"{RATE.interval(points.low, points.high)} of the {split} error of {name}, and the models differ "
                    f"by {RATE.amount(abs(changes[split]))}"
                )
                break
    return tuple(notes)


def _check(first: Diagnosis, second: Diagnosis, rungs: list[str], within: float) -> None:
    problems = []
    if len(rungs) < 2:
        problems.append(f"the runs share {', '.join(rungs) or 'no rung'}; a gap needs two")
    if first.settings.metric != second.settings.metric:
        problems.append(f"one run measures {first.settings.metric}, the other {second.settings.metric}")
    if not within > 0:
        problems.append(f"unchanged within {within!r} is not above 0")
    if problems:
        raise EstimateError("; ".join(problems), hint="compare runs of the same metric that measure the same splits")


def _amount(rung: str, first: Diagnosis, second: Diagnosis, paired: Mapping[str, PairedTally]) -> Quantity:
    """Return how much an error changed: paired, as two samples, or not at all where both declare the same."""
    if rung in paired:
        return paired[rung].estimate()
    before, after = first.errors[rung], second.errors[rung]
    if rung == HUMAN and before == after:
        return LinearCombination({})  # the same people: whatever they are, they did not change
    return estimate_of(after, second.settings.confidence) - estimate_of(before, first.settings.confidence)


def estimate_of(error: ErrorRecord, confidence: float) -> Estimate:
    """Return the estimate behind a saved error; where no counts are saved, its bounds grow in proportion to z."""
    if error.wrong is not None and error.n is not None and error.groups is None:
        return ErrorTally(wrong=error.wrong, n=error.n).estimate()
    z_saved = z_value((1 - confidence) / 2)
    below, above = (error.value - error.low) / z_saved, (error.high - error.value) / z_saved
    n = float(error.n or "inf")
    return Estimate(error.value, lambda z: (error.value - z * below, error.value + z * above), n, error.method)


def _gap_name(low: str, high: str, second: Diagnosis) -> str:
    name = "+".join(GAPS[LADDER.index(low) : LADDER.index(high)])
    return "variance" if second.settings.same_distribution and name == MERGED_DISTRIBUTIONS else name


def _change(amount: Quantity, z: float, within: float, paired: PairedTally | None = None) -> Change:
    low, high = amount.bounds(z)
    status: Movement = (
        "moved" if low > 0 or high < 0 else "unchanged" if -within <= low and high <= within else "unclear"
    )
    return Change(
        value=amount.value,
        low=low,
        high=high,
        status=status,
        method=_method(amount),
        n=paired.n if paired is not None else None,
        fixed=paired.fixed if paired is not None else None,
        broken=paired.broken if paired is not None else None,
    )


def _method(amount: Quantity) -> str:
    methods = {estimate.method for estimate in amount.terms}
    if not methods:
        return "no change by definition"
    if isinstance(amount, Estimate):
        return f"paired, {amount.method}"
    return "mover of paired" if all("bonett" in method for method in methods) else "mover"


def _orthogonal(gaps: Mapping[str, Change]) -> str:
    """Say whether the change turned one knob alone."""
    moved = [name for name, change in gaps.items() if change.status == "moved"]
    unclear = [name for name, change in gaps.items() if change.status == "unclear"]
    if len(moved) > 1:
        return f"not orthogonal: {', '.join(moved)} moved"
    if unclear:
        rest = f"{', '.join(unclear)} may have moved"
        return f"unclear: {moved[0]} moved, {rest}" if moved else f"unclear: {rest}"
    return f"orthogonal: only {moved[0]} moved" if moved else "no gap moved"
