"""Findings about what limits the numbers: missing errors, few groups, heavy rows, uneven slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import FEWEST_GROUPS
from mlstrat_plugin.core.findings.check import Sighting, check, need
from mlstrat_plugin.core.findings.needs import COUNTS_ONLY, not_measured, tables
from mlstrat_plugin.core.wording import and_between, counted, sentence_start
from mlstrat_plugin.errors import examples
from mlstrat_plugin.records.words import GAPS, HUMAN, LADDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlstrat_plugin.core.findings.seen import Seen

ENOUGH_GROUPS = 50  # effective groups from which intervals cover as they say
ENOUGH_HEAVY_ROWS = 30  # with fewer rows of the top weight a weighted error is decided by a handful


@need("train and dev are not declared to be one distribution, or more than train-dev is missing")
def undeclared(seen: Seen) -> str:
    """Return that train-dev is not needed: it would tell apart what is declared to be one."""
    alone = [rung for rung in LADDER if rung not in seen.errors] == ["train-dev"]
    return "train and dev are declared to be one distribution" if alone and seen.settings.same_distribution else ""


@need("dev error is measured and above zero")
def dev_error(seen: Seen) -> str:
    """Return that there is no dev error to compare with."""
    if "dev" in seen.errors and seen.errors["dev"].value == 0:
        return "dev error is zero"
    return not_measured(("dev",), seen)


@need("a group column is configured")
def groups(seen: Seen) -> str:
    """Return that no error is made of groups."""
    if _groups(seen):
        return ""
    return COUNTS_ONLY if seen.circumstances is None else "no group column is configured"


@need("the metric has weights")
def weights(seen: Seen) -> str:
    """Return that no row weighs more than another."""
    return tables.missing(seen) or ("" if seen.known.heaviest else f"{seen.settings.metric} has no weights")


@need("the metric has slices")
def slices(seen: Seen) -> str:
    """Return that the error is not made of slices."""
    return tables.missing(seen) or ("" if seen.known.slices else f"{seen.settings.metric} has no slices")


@need("columns that make two examples duplicates are configured")
def contents(seen: Seen) -> str:
    """Return that nothing tells copies apart from other rows."""
    return tables.missing(seen) or ("" if seen.known.copies else "mlstrat.columns.content is empty")


def _groups(seen: Seen) -> dict[str, float]:
    measured = {rung: error.groups for rung, error in seen.errors.items() if rung != HUMAN}
    return {rung: count for rung, count in measured.items() if count is not None}


@check(
    "MLS131",
    "Not every error is measured",
    "warning",
    about="An error of the ladder is missing. The gaps on its two sides are reported as one merged gap; if it is the "
    "first or the last one of the ladder, its gap is unknown.",
    steps=("Score the missing split, or give a human level, so that each gap has both its errors.",),
    needs=undeclared,
)
def missing_errors(seen: Seen) -> Iterator[Sighting]:
    """Look for errors that are missing."""
    missing, present = not_measured(LADDER, seen), [place for place, rung in enumerate(LADDER) if rung in seen.errors]
    if missing:
        results = [f"{and_between(name.split('+'))} cannot be separated" for name in seen.gaps if "+" in name]
        unknown = GAPS[: present[0]] + GAPS[present[-1] :]
        if unknown:
            results.append(f"{and_between(unknown)} {'is' if len(unknown) == 1 else 'are'} unknown")
        yield Sighting(f"{sentence_start(missing)}, so {', and '.join(results)}.")


@check(
    "MLS132",
    "The threshold is coarse for this dev error",
    "warning",
    about="The threshold is more than half of the dev error: an error that could be halved would still be called `ok`.",
    steps=("Set mlstrat.diagnose.material_gap to what matters for the product.",),
    needs=dev_error,
)
def coarse(seen: Seen) -> Iterator[Sighting]:
    """Look for a threshold of more than half of the dev error."""
    dev = seen.errors["dev"]
    if dev.value < 2 * seen.tau:
        error = seen.unit.error(dev.value)
        yield Sighting(
            f"Your threshold of {seen.threshold} is more than half of the dev error of {error}.",
            f"dev error {error} ({counted(dev)})",
        )


@check(
    "MLS145",
    "There are too few groups for a verdict",
    "warning",
    about="Fewer than 10 effective groups are behind an error. No method makes a trustworthy interval of so few, so "
    "the gaps on both sides stay unclear and the verdict is `inconclusive`.",
    steps=("Label rows of more groups (writers, users, patients); more rows of the same ones do not help.",),
    needs=groups,
)
def too_few_groups(seen: Seen) -> Iterator[Sighting]:
    """Look for errors of so few groups that nothing is concluded from them."""
    return _fewer_than(FEWEST_GROUPS, {rung: n for rung, n in _groups(seen).items() if n < FEWEST_GROUPS})


@check(
    "MLS144",
    "Few groups are behind an error",
    "warning",
    about="Fewer than 50 effective groups are behind an error. Its intervals then cover the truth in 88% to 93% of "
    "cases instead of 95%. The effective number of groups is below their count if a few hold most of the rows.",
    steps=(
        "Label rows of more groups: with fewer than 50 the intervals cover a few points less than they say.",
        "Check that a few groups do not hold most of the rows.",
    ),
    needs=groups,
)
def few_groups(seen: Seen) -> Iterator[Sighting]:
    """Look for errors of so few groups that their intervals are somewhat short."""
    few = {rung: n for rung, n in _groups(seen).items() if FEWEST_GROUPS <= n < ENOUGH_GROUPS}
    return _fewer_than(ENOUGH_GROUPS, few)


def _fewer_than(limit: int, few: Mapping[str, float]) -> Iterator[Sighting]:
    if few:
        yield Sighting(
            f"Fewer than {limit} effective groups are behind the error of {', '.join(few)}.",
            ", ".join(f"{rung} {count:.1f} effective groups" for rung, count in few.items()),
        )


@check(
    "MLS148",
    "Rows are copies of each other",
    "tip",
    about="Rows of a split have the same content. Copies tell no more than one row of their content, so intervals "
    "count contents (or groups) and not rows; the error itself counts every row.",
    steps=(
        "Collect rows with other contents: more copies do not make the intervals narrower.",
        "Remove the copies from the sources if the product does not see them as often.",
    ),
    needs=contents,
)
def copied_rows(seen: Seen) -> Iterator[Sighting]:
    """Look for splits with fewer contents than rows."""
    copied = {split: known for split, known in seen.known.copies.items() if known[0] > known[1]}
    if copied:
        yield Sighting(
            "; ".join(
                f"{rows - distinct:,} of {rows:,} {split} rows are copies; intervals count {distinct:,} contents"
                for split, (rows, distinct) in copied.items()
            )
            + "."
        )


@check(
    "MLS146",
    "A few heavy rows decide the metric",
    "warning",
    about="Fewer than 30 rows carry the largest weight. The weighted error then depends on them, and its interval may "
    "cover the truth in only two of three cases.",
    steps=("Label more rows of the heavy kind before acting on the weighted error.",),
    needs=weights,
)
def heavy_rows(seen: Seen) -> Iterator[Sighting]:
    """Look for splits in which few rows carry the largest weight."""
    few = {split: top for split, top in seen.known.heaviest.items() if top[1] < ENOUGH_HEAVY_ROWS}
    if few:
        yield Sighting(
            f"Fewer than {ENOUGH_HEAVY_ROWS} rows carry the largest weight in {', '.join(few)}.",
            ", ".join(f"{split} {rows:,} rows of weight {weight:g}" for split, (weight, rows) in few.items()),
        )


@check(
    "MLS147",
    "The slices differ between splits",
    "warning",
    about="A slice has rows in one split and none in another, so a gap compares means of different slices.",
    steps=("Read the gaps between these splits with care, or measure the missing slices.",),
    needs=slices,
)
def uneven_slices(seen: Seen) -> Iterator[Sighting]:
    """Look for slices that are not in every split."""
    by_split = seen.known.slices
    everywhere = frozenset.intersection(*by_split.values())
    extra = {split: sorted(names - everywhere) for split, names in by_split.items() if names - everywhere}
    if extra:
        said = f"Only {len(everywhere)} slices are" if len(everywhere) != 1 else "Only 1 slice is"
        yield Sighting(
            f"{said} in every split, so the gaps compare means of different slices.",
            "; ".join(f"{split} also has {examples(names)}" for split, names in extra.items()),
        )
