"""What looked-at mistakes and checked labels give to remark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.catalog import finding
from mlstrat_plugin.core.wording import RATE, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlstrat_plugin.records.diagnosis import Finding
    from mlstrat_plugin.records.review import Amount, ErrorAnalysis, LabelChange, LabelCheck

RULE_CODES = {"yes": "MLS171", "no": "MLS172", "open": "MLS173"}
RULE_WORDS = {
    "yes": "wrong labels are a fifth of the dev error or more",
    "no": "wrong labels are less than a fifth of the dev error",
    "open": "whether wrong labels are a fifth of the dev error is open",
}


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What people looked at.

    ``wanted`` are the rows that the sheet should hold of this model, ``audits`` the audit by split, ``changes`` the
    labels that were replaced, ``fixed_right`` how many of these the model had got right by their old label.
    """

    analysis: ErrorAnalysis | None = None
    wanted: int = 0
    audits: Mapping[str, LabelCheck] = field(default_factory=dict)
    changes: Sequence[LabelChange] = ()
    fixed_right: int = 0

    def findings(self) -> Iterator[Finding]:
        """Yield what there is to remark."""
        if self.analysis is not None:
            yield from observe_mistakes(self.analysis, self.wanted)
        yield from observe_labels(self)


def observe_mistakes(analysis: ErrorAnalysis, wanted: int) -> Iterator[Finding]:
    """Yield what the sheet of mistakes gives to remark; ``wanted`` are the rows that it should hold of this model."""
    missing = wanted - analysis.sampled
    if missing > 0:
        yield finding(
            "MLS165",
            message=f"the sheet lacks {missing:,} of the first {wanted:,} mistakes of this model",
            evidence=f"{analysis.now_right:,} rows of the sheet are right by now, {analysis.gone:,} are not in dev",
        )
    if analysis.skipped:
        yield finding(
            "MLS164",
            message=f"{analysis.skipped:,} mistakes were passed over: shares of chosen rows are not those of all",
            evidence=f"{analysis.reviewed:,} of {analysis.sampled:,} looked at",
        )
    yield from _causes(analysis)
    drift = analysis.drift
    if drift is not None and not drift.low <= 0 <= drift.high:
        yield finding(
            "MLS163",
            message="the part of dev that people look at has drifted apart from the part that nobody sees",
            evidence=f"eyeball {_error(analysis.eyeball)}, blackbox {_error(analysis.blackbox)}, difference "
            f"{RATE.amount(drift.value)} {RATE.interval(drift.low, drift.high)}",
        )


def _causes(analysis: ErrorAnalysis) -> Iterator[Finding]:
    if not analysis.tags:
        return
    first = analysis.tags[0]
    said = (
        f"{first.tags[0]}: {percent(first.share.value)} of mistakes {_share(first.share)}, {first.share.n:,} looked at"
    )
    rival = next((two for two in analysis.alike if first.tags[0] in two.tags), None)
    if rival is not None:
        more = f"looking at about {rival.more_rows:,} more would" if rival.more_rows else "dev has too few mistakes to"
        yield finding(
            "MLS162", message=f"{' and '.join(rival.tags)} cannot be told apart; {more} tell them apart", evidence=said
        )
    else:
        yield finding(
            "MLS161",
            message=f"solving {first.tags[0]} lowers dev error by at most {RATE.amount(first.ceiling.value)} "
            f"{RATE.interval(first.ceiling.low, first.ceiling.high)}",
            evidence=said,
        )


def observe_labels(seen: Reviewed) -> Iterator[Finding]:
    """Yield what is known of wrong labels."""
    dev, analysis = seen.audits.get("dev"), seen.analysis
    if dev is not None and dev.label_share is not None and dev.label_points is not None:
        points = f"{RATE.amount(dev.label_points.value)} {RATE.interval(dev.label_points.low, dev.label_points.high)}"
        yield finding(
            RULE_CODES[dev.worth_fixing],
            message=f"{RULE_WORDS[dev.worth_fixing]}; models that differ by less than {points} may swap places",
            evidence=f"{percent(dev.label_share.value)} {_share(dev.label_share)} of the error, "
            f"{dev.label_share.n:,} wrong rows checked; corrected error {_error(dev.corrected)}",
        )
    elif analysis is not None and analysis.label_share is not None:
        yield finding(
            RULE_CODES[analysis.worth_fixing],
            message=f"{RULE_WORDS[analysis.worth_fixing]}; without right rows checked the true error is not known",
            evidence=f"{percent(analysis.label_share.value)} {_share(analysis.label_share)} of "
            f"{analysis.label_share.n:,} mistakes",
        )
    hidden = None if dev is None else dev.hidden
    if hidden is not None and hidden.value > 0:
        yield finding(
            "MLS174",
            message=f"checking wrong rows alone makes the dev error too low by {RATE.amount(hidden.value)}",
            evidence=f"{RATE.interval(hidden.low, hidden.high)} points, {hidden.n:,} right rows checked",
        )
    yield from _fixes(seen.changes, seen.fixed_right)


def _fixes(changes: Sequence[LabelChange], fixed_right: int) -> Iterator[Finding]:
    counts = {split: sum(change.split == split for change in changes) for split in ("dev", "test")}
    judged = sum(counts.values())
    said = ", ".join(f"{count:,} of {split}" for split, count in counts.items())
    if judged and not fixed_right:
        yield finding(
            "MLS175",
            message="every label that was fixed belongs to a row that this model had got wrong",
            evidence=f"fixed: {said}",
        )
    if judged and not all(counts.values()):
        yield finding("MLS176", message="labels were fixed on dev or on test alone", evidence=f"fixed: {said}")


def _share(share: Amount) -> str:
    return f"[{percent(share.low)}, {percent(share.high)}]"


def _error(error: Amount | None) -> str:
    return "not known" if error is None else f"{percent(error.value)} [{percent(error.low)}, {percent(error.high)}]"
