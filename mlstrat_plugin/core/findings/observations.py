"""What a diagnosis gives to remark: every observation has a code, its numbers, and next steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import FEWEST_GROUPS
from mlstrat_plugin.core.findings.catalog import finding
from mlstrat_plugin.core.wording import Unit, counted, gap_sentence, problem_name, unit_of
from mlstrat_plugin.errors import examples
from mlstrat_plugin.records.words import HUMAN, LADDER, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mlstrat_plugin.core.diagnosis.verdict import Gap, Verdict
    from mlstrat_plugin.records.diagnosis import ErrorRecord, Finding, GapRecord


@dataclass(frozen=True, kw_only=True)
class People:
    """Who stands behind a human level: the group that was taken, those that look the same, raters by group."""

    chosen: str
    alike: tuple[str, ...]
    raters: Mapping[str, int]
    silent: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the tables know beside the counts.

    ``not_trained_on`` are sources whose train and train-dev rows have no prediction; ``groups`` counts the groups of
    each scored split where a group column is configured; ``train_rows`` are all training rows where only a declared
    sample was scored; ``heaviest`` is the largest weight in each split and how many rows carry it; ``slices`` are those
    of each split.
    """

    trained_on: tuple[str, ...] = ()
    not_trained_on: tuple[str, ...] = ()
    groups: Mapping[str, int] | None = None
    train_rows: int | None = None
    heaviest: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    slices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    people: People | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything an observation may look at."""

    verdict: Verdict
    gaps: tuple[Gap, ...]
    errors: Mapping[str, ErrorRecord]
    gap_records: Mapping[str, GapRecord]
    tau: float
    settings: Settings
    circumstances: Circumstances
    rows_needed: str

    @property
    def unit(self) -> Unit:
        """Return how errors are shown."""
        return unit_of(self.settings.metric)


MATERIAL_CODES = {"bias": "MLS101", "variance": "MLS102", "mismatch": "MLS103", "dev-overfit": "MLS104"}
ENOUGH_GROUPS = 50  # effective groups from which intervals cover as they say
ENOUGH_RATERS = 10  # with fewer a human level says more about these people than about people
ENOUGH_HEAVY_ROWS = 30  # with fewer rows of the top weight a weighted error is decided by a handful
NEGATIVE_CODES = {"variance": "MLS122", "mismatch": "MLS123", "dev-overfit": "MLS124"}


def observe(seen: Seen, more: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """Return all findings, and those that others have made: problems by size first, then warnings, then tips."""
    order = {"problem": 0, "warning": 1, "tip": 2}
    found = [*(item for look in OBSERVATIONS for item in look(seen)), *more]
    return tuple(sorted(found, key=lambda item: order[item.severity]))


def _material(seen: Seen) -> Iterator[Finding]:
    for name in seen.verdict.problems:
        yield finding(
            MATERIAL_CODES.get(name, "MLS105"),
            message=f"{problem_name(name)} is larger than the material gap of {seen.unit.amount(seen.tau)}",
            evidence=gap_sentence(name, seen.gap_records[name], seen.unit),
        )


def _undecided(seen: Seen) -> Iterator[Finding]:
    if seen.verdict.diagnosis == "inconclusive":
        yield finding("MLS111", message=seen.rows_needed, evidence=_evidence(seen, [gap.name for gap in seen.gaps]))
    if seen.verdict.diagnosis in {"tied", "unranked"}:
        yield finding("MLS112", message=seen.rows_needed, evidence=_evidence(seen, seen.verdict.contenders))


def _negative(seen: Seen) -> Iterator[Finding]:
    for name, record in seen.gap_records.items():
        if name.startswith("bias") and record.high < 0:
            human = seen.errors[HUMAN]
            yield finding(
                "MLS121",
                message=f"{record.between[1]} error lies below the human level of {seen.unit.error(human.value)}",
                evidence=gap_sentence(name, record, seen.unit),
            )
        elif record.status == "negative":
            code = next(NEGATIVE_CODES[part] for part in name.split("+") if part in NEGATIVE_CODES)
            yield finding(
                code,
                message=f"{record.between[1]} error lies below {record.between[0]} error by more than the material gap",
                evidence=gap_sentence(name, record, seen.unit),
            )


def _missing(seen: Seen) -> Iterator[Finding]:
    missing = [rung for rung in LADDER if rung not in seen.errors]
    merged = [gap.name for gap in seen.gaps if "+" in gap.name]
    if missing:
        result = f"; merged: {', '.join(merged)}" if merged else "; the gaps on its side are not measured"
        if seen.settings.same_distribution and missing == ["train-dev"]:
            return  # declared: nothing is merged that could be told apart
        yield finding("MLS131", message=f"not measured: {', '.join(missing)}{result}", evidence="")


def _coarse(seen: Seen) -> Iterator[Finding]:
    dev = seen.errors.get("dev")
    if dev is not None and 0 < dev.value < 2 * seen.tau:
        yield finding(
            "MLS132",
            message=f"a material gap of {seen.unit.amount(seen.tau)} is more than half of the dev error",
            evidence=f"dev error {seen.unit.error(dev.value)} ({counted(dev)})",
        )


def _declared(seen: Seen) -> Iterator[Finding]:
    human = seen.errors.get(HUMAN)
    if human is not None and human.n is None:
        yield finding(
            "MLS133",
            message="bias is judged against a number that somebody stated; its interval holds no human noise",
            evidence=f"human level {seen.unit.error(human.value)}, {counted(human)}",
        )


def _circumstances(seen: Seen) -> Iterator[Finding]:
    known = seen.circumstances
    if known.not_trained_on:
        yield finding(
            "MLS141",
            message=f"train and train-dev error are those of {', '.join(known.trained_on)} alone",
            evidence=f"no predictions for train rows of: {', '.join(known.not_trained_on)}",
        )
    if known.groups:
        sizes = ", ".join(
            f"{rung} {seen.errors[rung].n:,} rows in {count:,} groups" for rung, count in known.groups.items()
        )
        yield finding("MLS142", message="intervals follow the groups, whose rows are not independent", evidence=sizes)
    if known.train_rows is not None:
        yield finding(
            "MLS143",
            message="train error comes from a sample that was declared to be random",
            evidence=f"{seen.errors['train'].n:,} of {known.train_rows:,} train rows",
        )


def _people(seen: Seen) -> Iterator[Finding]:
    people = seen.circumstances.people
    if people is None:
        return
    raters = ", ".join(f"{name} {count:,}" for name, count in people.raters.items())
    if len(people.alike) > 1:
        yield finding(
            "MLS151",
            message=f"{', '.join(people.alike)} cannot be told apart by these answers; {people.chosen} was taken",
            evidence=f"raters: {raters}",
        )
    if people.raters[people.chosen] < ENOUGH_RATERS:
        yield finding(
            "MLS152",
            message=f"fewer than {ENOUGH_RATERS} raters in {people.chosen}: others may be better or worse",
            evidence=f"raters: {raters}",
        )
    if people.silent:
        yield finding(
            "MLS153",
            message=f"{len(people.silent):,} raters have no answer that can be scored",
            evidence=examples(people.silent),
        )


def _few_groups(seen: Seen) -> Iterator[Finding]:
    measured = {rung: error.groups for rung, error in seen.errors.items() if rung != HUMAN}
    sizes = {rung: groups for rung, groups in measured.items() if groups is not None and groups < ENOUGH_GROUPS}
    few = {rung: groups for rung, groups in sizes.items() if groups < FEWEST_GROUPS}
    for code, rungs, limit in (
        ("MLS145", few, FEWEST_GROUPS),
        ("MLS144", {rung: groups for rung, groups in sizes.items() if rung not in few}, ENOUGH_GROUPS),
    ):
        if rungs:
            yield finding(
                code,
                message=f"fewer than {limit} effective groups in {', '.join(rungs)}",
                evidence=", ".join(f"{rung} {groups:.1f} effective groups" for rung, groups in rungs.items()),
            )


def _heavy_rows(seen: Seen) -> Iterator[Finding]:
    few = {rung: top for rung, top in seen.circumstances.heaviest.items() if top[1] < ENOUGH_HEAVY_ROWS}
    if few:
        sizes = ", ".join(f"{rung} {rows:,} rows of weight {weight:g}" for rung, (weight, rows) in few.items())
        yield finding("MLS146", message=f"fewer than {ENOUGH_HEAVY_ROWS} rows carry the largest weight", evidence=sizes)


def _uneven_slices(seen: Seen) -> Iterator[Finding]:
    slices = seen.circumstances.slices
    everywhere = frozenset.intersection(*slices.values()) if slices else frozenset()
    extra = {split: sorted(names - everywhere) for split, names in slices.items() if names - everywhere}
    if extra:
        yield finding(
            "MLS147",
            message=f"only {len(everywhere)} slices are in every split: the gaps compare means of different slices",
            evidence="; ".join(f"{split} also has {examples(names)}" for split, names in extra.items()),
        )


def _evidence(seen: Seen, names: tuple[str, ...] | list[str]) -> str:
    return "; ".join(gap_sentence(name, seen.gap_records[name], seen.unit) for name in names)


OBSERVATIONS: tuple[Callable[[Seen], Iterator[Finding]], ...] = (
    _material,
    _undecided,
    _negative,
    _missing,
    _coarse,
    _few_groups,
    _heavy_rows,
    _uneven_slices,
    _people,
    _circumstances,
    _declared,
)
