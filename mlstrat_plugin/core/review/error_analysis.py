"""From lines that people filled in to the tally of causes and the audit of labels, as records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.estimates.methods import MOVER
from mlstrat_plugin.core.review.error_sheet import Sheet, merged_spellings
from mlstrat_plugin.core.review.label_audit import LabelAudit, worth_fixing
from mlstrat_plugin.records.review import Alike, Amount, ErrorAnalysis, LabelCheck, Stratum, TagTally

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlstrat_plugin.core.estimates.estimate import Estimate, Quantity
    from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
    from mlstrat_plugin.records.review import CheckedLabel, LookedAt
    from mlstrat_plugin.records.words import Settings

PENDING, PARTLY, DONE = "pending", "partly", "done"
LARGEST_UNION = 5  # tags; nobody starts on six causes at once
MOST_PAIRS = 10  # pairs of tags whose order is open that a report names
Drawn = dict[str, str]  # the group of each row of a random sample by id, in random order


@dataclass(frozen=True, kw_only=True)
class SheetFacts:
    """What dev says about the lines of a sheet; ``parts`` are the eyeball and the blackbox part of dev, if they are."""

    parts: Mapping[str, ErrorTally | RatioTally | None]
    drawn: Drawn
    now_right: int
    gone: int

    @property
    def to_look_at(self) -> int:
        """Return the mistakes that people may look at."""
        part = self.parts.get("eyeball")
        return 0 if part is None else int(part.wrong or 0)

    @property
    def dev(self) -> ErrorTally | RatioTally:
        """Return all of dev."""
        whole: ErrorTally | RatioTally = reduce(add, (part for part in self.parts.values() if part is not None))
        return whole


def nothing_yet() -> ErrorAnalysis:
    """Return the tally of a sheet without a row."""
    return ErrorAnalysis(status=PENDING, reviewed=0, sampled=0, mistakes=0, now_right=0, gone=0, skipped=0)


def analyse(
    lines: Sequence[LookedAt], facts: SheetFacts, settings: Settings, *, grouped: bool, relabelled: Collection[str]
) -> ErrorAnalysis:
    """Count the tags of the mistakes that were looked at.

    Parameters
    ----------
    lines : sequence of LookedAt
        The whole sheet; only lines that are a random sample of the present mistakes count.
    facts : SheetFacts
        What dev says about them.
    settings : Settings
        Confidence and power.
    grouped : bool
        Rows of one group are not independent.
    relabelled : collection of str
        Ids whose label was replaced since: their label is no longer at fault.
    """
    sample = _sample(lines, facts)
    seen = [line for line in sample if line.reviewed]
    mistakes = int(facts.dev.wrong or 0)
    counts: dict[str, Any] = {
        "reviewed": len(seen),
        "sampled": len(sample),
        "mistakes": mistakes,
        "now_right": facts.now_right,
        "gone": facts.gone,
        "skipped": _skipped(sample),
    }
    parts = _parts(facts, settings.confidence)
    if not seen:
        return ErrorAnalysis(status=PENDING, **counts, **parts)
    sheet, standing = _sheet(seen, facts, grouped=grouped)
    return ErrorAnalysis(
        status=DONE if len(seen) == len(sample) else PARTLY,
        **counts,
        **_causes(sheet, facts.dev.estimate(), settings),
        merged={tag: stands for tag, stands in sorted(standing.items()) if tag != stands},
        **_labels(seen, sheet, settings.confidence, relabelled),
        **parts,
    )


def _labels(seen: Sequence[LookedAt], sheet: Sheet, confidence: float, relabelled: Collection[str]) -> dict[str, Any]:
    """Return the share of mistakes that are the label's; None if nobody has answered that for a single row."""
    if all(line.label_is_wrong is None for line in seen):
        return {}
    wrong = [frozenset({"label"} if line.label_is_wrong and line.id not in relabelled else ()) for line in seen]
    share = Sheet(tags=wrong, mistakes=sheet.mistakes, groups=sheet.groups).share("label")
    return {
        "label_share": amount(share, len(seen), confidence),
        "worth_fixing": worth_fixing(share, confidence),
    }


def running_tally(
    lines: Sequence[LookedAt], facts: SheetFacts, settings: Settings, *, grouped: bool
) -> tuple[TagTally, ...]:
    """Return the tags that were given so far, most frequent first; a part of ``analyse`` that takes no time."""
    seen = [line for line in _sample(lines, facts) if line.reviewed]
    if not seen:
        return ()
    sheet, _ = _sheet(seen, facts, grouped=grouped)
    error = facts.dev.estimate()
    return tuple(_tally(sheet, error, settings, tag) for tag in sheet.ranked())


def _sample(lines: Sequence[LookedAt], facts: SheetFacts) -> list[LookedAt]:
    """Return the lines that are a random sample of the present mistakes, in random order."""
    by_id = {line.id: line for line in lines}
    return [by_id[row_id] for row_id in facts.drawn if row_id in by_id]


def _sheet(seen: Sequence[LookedAt], facts: SheetFacts, *, grouped: bool) -> tuple[Sheet, dict[str, str]]:
    """Return the lines as a sheet, and which spelling stands for each."""
    standing = merged_spellings(tag for line in seen for tag in line.tags)
    sheet = Sheet(
        tags=[frozenset(standing[tag] for tag in line.tags) for line in seen],
        mistakes=int(facts.dev.wrong or 0),
        groups=[facts.drawn[line.id] for line in seen] if grouped else None,
    )
    return sheet, standing


def _skipped(sample: Sequence[LookedAt]) -> int:
    """Return the rows without a word that come before one that was looked at: somebody chose among them."""
    last = max((place for place, line in enumerate(sample) if line.reviewed), default=-1)
    return sum(not line.reviewed for line in sample[: last + 1])


def _causes(sheet: Sheet, error: Estimate, settings: Settings) -> dict[str, Any]:
    tally = partial(_tally, sheet, error, settings)
    pair, most = sheet.best_pair(), sheet.best_union(LARGEST_UNION)
    return {
        "tags": tuple(tally(tag) for tag in sheet.ranked()),
        "best_pair": None if pair is None else tally(*pair),
        "unions": tuple(tally(*most[:size]) for size in range(2, len(most) + 1)),
        "alike": tuple(
            Alike(tags=two, more_rows=_more_rows(sheet, two, settings.power))
            for two in sheet.alike(settings.confidence)[:MOST_PAIRS]
        ),
    }


def _tally(sheet: Sheet, error: Estimate, settings: Settings, *tags: str) -> TagTally:
    n, confidence = len(sheet.tags), settings.confidence
    return TagTally(
        tags=tags,
        count=sheet.count(*tags),
        share=amount(sheet.share(*tags), n, confidence),
        ceiling=amount(sheet.ceiling(error, *tags), n, confidence),
    )


def _more_rows(sheet: Sheet, two: tuple[str, str], power: float) -> int | None:
    """Return the further mistakes that would tell two tags apart; None if dev does not have so many."""
    rows = sheet.rows_to_tell_apart(*two, power=power)
    return None if rows is None or rows > sheet.mistakes else max(1, rows - len(sheet.tags))


def _parts(facts: SheetFacts, confidence: float) -> dict[str, Any]:
    """Return the error on what people may look at and on the rest, and their difference."""
    errors = {name: part.estimate() for name, part in facts.parts.items() if part is not None}
    rows = {name: part.n for name, part in facts.parts.items() if part is not None}
    found = {name: amount(error, rows[name], confidence) for name, error in errors.items()}
    if len(errors) == 2:
        found["drift"] = amount(errors["eyeball"] - errors["blackbox"], sum(rows.values()), confidence)
    return {name: found.get(name) for name in ("eyeball", "blackbox", "drift")}


def check_labels(
    lines: Sequence[CheckedLabel],
    strata: Mapping[bool, tuple[int, Drawn]],
    confidence: float,
    *,
    grouped: bool,
    relabelled: Collection[str],
) -> LabelCheck:
    """Estimate what wrong labels do to the error of one split.

    Parameters
    ----------
    lines : sequence of CheckedLabel
        The whole audit.
    strata : mapping of bool to (int, Drawn)
        For rows that the model got wrong (true) and right (false): how many there are, and which lines are a random
        sample of them.
    confidence : float
        Of each interval.
    grouped : bool
        Rows of one group are not independent.
    relabelled : collection of str
        Ids whose label was replaced since. One that was found wrong is right by now; one that was found right was
        judged by another label and is to be judged again.
    """
    answers = {line.id: _now(line, relabelled) for line in lines if line.label_is_wrong is not None}
    found = {wrong: _stratum(size, drawn, answers) for wrong, (size, drawn) in strata.items()}
    groups = {wrong: _groups(drawn, answers) if grouped else None for wrong, (_, drawn) in strata.items()}
    wrong, right = found[True], found[False]
    pending = (wrong.rows and not wrong.checked) or (right.rows and not right.checked)
    if pending:
        return LabelCheck(status=PENDING if not wrong.checked + right.checked else PARTLY, wrong=wrong, right=right)
    audit = LabelAudit(
        n=wrong.rows + right.rows,
        wrong=wrong.rows,
        wrong_checked=wrong.checked,
        wrong_mislabelled=wrong.mislabelled,
        right_checked=right.checked,
        right_mislabelled=right.mislabelled,
        wrong_groups=groups[True],
        right_groups=groups[False],
    )
    checked = wrong.checked + right.checked
    whole = wrong.checked == wrong.drawn and right.checked == right.drawn
    return LabelCheck(
        status=DONE if whole else PARTLY,
        wrong=wrong,
        right=right,
        label_share=amount(audit.label_share(), wrong.checked, confidence) if wrong.rows else None,
        label_points=amount(audit.label_points(), wrong.checked, confidence) if wrong.rows else None,
        corrected=amount(audit.corrected_error(), checked, confidence),
        hidden=amount(audit.hidden_points(), right.checked, confidence) if right.rows else None,
        right_rows=audit.right_rows_to_match(confidence) if wrong.rows and right.rows else None,
        worth_fixing=audit.worth_fixing(confidence) if wrong.rows else "no",
    )


def _now(line: CheckedLabel, relabelled: Collection[str]) -> bool | None:
    """Return whether the label is wrong as it stands now."""
    if line.id not in relabelled:
        return line.label_is_wrong
    return False if line.label_is_wrong else None


def _stratum(size: int, drawn: Drawn, answers: Mapping[str, bool | None]) -> Stratum:
    said = [answers.get(row_id) for row_id in drawn]
    return Stratum(
        rows=size, drawn=len(drawn), checked=sum(a is not None for a in said), mislabelled=sum(a is True for a in said)
    )


def _groups(drawn: Drawn, answers: Mapping[str, bool | None]) -> list[tuple[int, int]]:
    checked = Counter(group for row_id, group in drawn.items() if answers.get(row_id) is not None)
    wrong = Counter(group for row_id, group in drawn.items() if answers.get(row_id))
    return [(wrong[group], size) for group, size in checked.items()]


def amount(quantity: Quantity, n: int, confidence: float) -> Amount:
    """Return a quantity as a record: its value, its two-sided bounds, the rows and the method behind it."""
    low, high = quantity.interval(confidence)
    method = getattr(quantity, "method", MOVER)
    return Amount(value=quantity.value, low=low, high=high, n=n, method=str(method))
