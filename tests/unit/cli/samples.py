"""Records as commands print them: what a project has on a good day, and what data may do to a line of text."""

from __future__ import annotations

from dataclasses import dataclass

from mlstrat_plugin.core.diagnosis.comparison import compare
from mlstrat_plugin.core.diagnosis.diagnose import diagnose_ladder
from mlstrat_plugin.core.diagnosis.planning import needed_rows
from mlstrat_plugin.core.diagnosis.sizing import assumed_rungs, proofs
from mlstrat_plugin.core.estimates.human_level import Declared
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.findings.seen import Circumstances, Reviewed
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.review import (
    Alike,
    Amount,
    DoubtfulLabel,
    ErrorAnalysis,
    LabelChange,
    LabelCheck,
    Sampling,
    SliceFound,
    Stratum,
    Suggestions,
    TagTally,
)
from mlstrat_plugin.records.runs import Comparison, History, PastRun
from mlstrat_plugin.records.sizing import SizePlan, Sizing
from mlstrat_plugin.records.splits import HeldOut, RuleResult, SourceFacts, Splits, Validation
from mlstrat_plugin.records.words import Settings


@dataclass(frozen=True)
class Names:
    """What data calls things, and how many rows there are of each that a small project has."""

    web: str = "web"
    mobile: str = "mobile"
    task: str = "pedestrian"
    tags: tuple[str, ...] = ("dark", "blurry", "cut off")
    id: str = "m00042"
    label: str = "7"
    run: str = "righteous-stag-342"
    times: int = 1


GOOD = Names()
LONG = "x" * 60
HOSTILE = Names(
    web=LONG,
    mobile="語" * 45,
    task="x\nx\x1b[31m" + LONG,
    tags=(LONG, "語" * 30, "xx xx " * 12),
    id="x" * 200,
    label="語" * 40,
    run="x" * 40,
    times=2_000_000,
)


def diagnosis(names: Names, **shares: float) -> Diagnosis:
    """Return a diagnosis with groups, sources, two tasks, causes and a label audit."""
    wrong = {"train": 230, "train-dev": 199, "dev": 588, "test": 493, **shares}
    rows = {"train": 2_536, "train-dev": 1_098, "dev": 2_328, "test": 2_128}
    ladder = {rung: _grouped(int(wrong[rung]), rows[rung], names.times) for rung in rows}
    by_source = {
        "train": {names.web: ErrorTally(wrong=6, n=632), names.mobile: ErrorTally(wrong=224, n=1904)},
        "dev": {names.mobile: ErrorTally(wrong=588, n=2_328)},
    }
    return diagnose_ladder(
        {"human": Declared(0.01), **ladder},
        Settings(),
        by_source=by_source,
        roles={names.web: "auxiliary", names.mobile: "target"},
        human_by_role={"target": Declared(0.01)},
        circumstances=Circumstances(
            trained_on=(names.web,), not_trained_on=(names.mobile,), groups={"dev": 291}, train_rows=9_000
        ),
        tasks={names.task: ladder, f"{names.task} 2": {"dev": ErrorTally(wrong=1, n=100), "test": ladder["test"]}},
        reviewed=Reviewed(analysis=causes(names), wanted=100, audits=audits(), fixed_right={}),
        split_id="0123456789ab",
        test_id="ba9876543210",
    )


def _grouped(wrong: int, rows: int, times: int) -> RatioTally:
    size = 8
    groups = [RatioTally.group(wrong=min(size, wrong - at) if at < wrong else 0, n=size) for at in range(0, rows, size)]
    whole = groups[0]
    for group in groups[1:]:
        whole = whole + group
    for _ in range(times.bit_length() - 1):
        whole = whole + whole
    return whole


def in_minutes(names: Names) -> Diagnosis:
    """Return a diagnosis of a metric in the label's unit, with large numbers."""
    losses = [100_000.0 + 37 * (i % 500) for i in range(500)]

    def rung(more: float) -> LossTally:
        return LossTally.of([loss + more for loss in losses])

    settings = Settings(metric="mean_absolute_error", unit="minutes", material_gap=50)
    ladder = {
        "human": Declared(99_000.0, is_rate=False),
        "train": rung(0),
        "train-dev": rung(9_000),
        "dev": rung(24_000),
    }
    return diagnose_ladder(ladder, settings, circumstances=Circumstances(trained_on=(names.web,)))


def amount(value: float, n: int = 100, method: str = "wilson fpc") -> Amount:
    return Amount(value=value, low=max(0.0, value - 0.02), high=value + 0.031, n=n, method=method)


def causes(names: Names) -> ErrorAnalysis:
    """Return a reviewed sheet: shares, ceilings, pairs that cannot be ranked, spellings, drift."""
    tags = [
        TagTally(
            tags=(tag,), count=count, share=amount(count / 100), ceiling=amount(count / 400, method="mover product")
        )
        for tag, count in zip(names.tags, (61, 43, 4), strict=True)
    ]
    pair = TagTally(tags=names.tags[:2], count=88, share=amount(0.88), ceiling=amount(0.22))
    union = TagTally(tags=names.tags, count=92, share=amount(0.92), ceiling=amount(0.23))
    return ErrorAnalysis(
        status="partly",
        reviewed=60,
        sampled=100,
        mistakes=588,
        now_right=3,
        gone=2,
        skipped=1,
        tags=tuple(tags),
        best_pair=pair,
        unions=(pair, union),
        alike=(Alike(tags=names.tags[:2], more_rows=140), Alike(tags=names.tags[1:], more_rows=None)),
        merged={names.tags[0].upper(): names.tags[0]},
        label_share=amount(0.06),
        eyeball=amount(0.25, 1_200),
        blackbox=amount(0.31, 1_128),
        drift=Amount(value=-0.06, low=-0.1, high=-0.01, n=2_328, method="mover"),
    )


def audits() -> dict[str, LabelCheck]:
    """Return an audited split and one that waits."""
    wrong = Stratum(rows=588, drawn=100, checked=100, mislabelled=12)
    right = Stratum(rows=1_740, drawn=100, checked=100, mislabelled=1)
    done = LabelCheck(
        status="done",
        wrong=wrong,
        right=right,
        label_share=amount(0.12),
        label_points=amount(0.03),
        corrected=amount(0.23, 200, "mover"),
        hidden=amount(0.01),
        right_rows=400,
        worth_fixing="open",
    )
    return {"dev": done, "test": LabelCheck(status="pending", wrong=wrong, right=right)}


def comparison(names: Names) -> Comparison:
    """Return two runs compared: dev paired, settings that differ, notes."""
    return compare(
        diagnosis(names),
        diagnosis(names, dev=300, **{"train-dev": 40}),
        paired={"dev": PairedTally(fixed=310 * names.times, broken=22 * names.times, n=2_328 * names.times).change()},
        names=(names.run, "pooled"),
        params={f"train.{names.web}": (names.web, "pooled"), "train.epochs": ("5", "not set")},
        notes=(f"train: compared unpaired, because {names.run} was scored on 1,904 more rows",),
    )


def history(names: Names) -> History:
    """Return three runs, one of them with a merged gap, one the champion."""
    runs = [
        PastRun(
            run_id="a" * 32,
            name=names.run,
            started=f"2026-11-{day} 11:39",
            diagnosis=gap,
            lean=f"{gap} 100%",
            dominant=gap,
            interval=f"{gap} 47.1 [41.5, 51.8]",
            dev=0.5163,
            test=None if champion else 0.51083,
            champion=champion,
            gaps={},
        )
        for day, gap, champion in ((24, "mismatch", False), (23, "variance+mismatch", True), (22, "tied", False))
    ]
    return History(runs=tuple(runs))


def splits(names: Names) -> Splits:
    """Return how sources were cut, with held out rows, replaced labels and many labels in one source."""
    counts = {
        "train": {names.web: {str(i): 60 * names.times for i in range(10)}, names.mobile: {"*": 1_904 * names.times}},
        "dev": {names.mobile: {str(i): 232 for i in range(10)}},
    }
    rows = {"train": 2_504 * names.times, "train-dev": 1_098, "dev": 2_328, "test": 2_128}
    return Splits(
        split_id="0123456789ab",
        test_id="ba9876543210",
        rows=rows,
        counts=counts,
        labels=10,
        held_out=(HeldOut(source=names.web, reason="their group is in dev or test", rows=12),),
        label_changes=(LabelChange(id=names.id, split="dev", source=names.mobile, before="1", label="7"),),
        labels_left=3,
        sizing=Sizing(splits=proofs(assumed_rungs(rows, 0.1), rows, tau=0.01, confidence=0.95)),
        advice=(
            "dev: 2,328 rows measure a 10.0% error to ±1.2 points. Smallest gap this size can confirm: 3.3 points.",
        ),
        settings={},
    )


def validation(names: Names) -> Validation:
    """Return rules that passed, failed and could not be checked."""
    rules = (
        RuleResult(rule="ids are unique", source=names.web, outcome="passed", severity="critical", why="", detail=""),
        RuleResult(
            rule=f"expect_column_values_to_be_in_set({names.label})",
            source=names.mobile,
            outcome="failed",
            severity="critical",
            why="",
            detail="12 of 4,456 rows",
            examples=(names.id, "m00043"),
        ),
        RuleResult(
            rule="labels are present",
            source=names.mobile,
            outcome="could-not-check",
            severity="warning",
            why="",
            detail="no such column",
        ),
    )
    facts = SourceFacts(role="target", rows=4_456, bytes=1_000, groups=None)
    return Validation(passed=False, sources={names.mobile: facts}, rules=rules)


def suggestions(names: Names) -> Suggestions:
    """Return two slices, one with others that hold nearly the same mistakes, and a doubtful label."""
    found = [
        SliceFound(
            where=f"label = {names.label}, device = {names.mobile}",
            wrong=12 * names.times,
            error=amount(0.2, 60 * names.times),
            more_error=amount(0.11, 60 * names.times),
            of_errors=0.124,
            confirmed=confirmed,
            also=also,
        )
        for confirmed, also in ((True, ()), (False, tuple(f"{names.label} {i}" for i in range(5))))
    ]
    labels = (DoubtfulLabel(id=names.id, split="dev", label=names.label, quality=0.0131),)
    return Suggestions(slices=tuple(found), labels=labels, notes=(f"slices of label, {names.web}",))


def sampling(names: Names) -> Sampling:
    return Sampling(
        file="reviews/dev_errors.csv",
        added=10,
        rows=100 * names.times,
        now_right=3,
        gone=2,
        notes=("only 90 mistakes",),
    )


def plan(names: Names) -> SizePlan:
    return needed_rows(error=0.05, rows=20_000 * names.times)
