"""Findings about the people behind the human level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.check import Sighting, check, need
from mlstrat_plugin.core.findings.needs import tables
from mlstrat_plugin.errors import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlstrat_plugin.core.findings.seen import People, Seen

ENOUGH_RATERS = 5  # with fewer the interval may cover 90 % instead of 95 %
VOTED = 0.99  # share of rows with the majority's label from which on labels look like the raters' own vote
ENOUGH_VOTED = 30  # rows from which on such a share says something


@need("a table of raters is configured")
def rated(seen: Seen) -> str:
    """Return that the human level does not come from a table of raters."""
    return tables.missing(seen) or ("" if seen.known.people else "no table of raters is configured")


@need("raters come in more than one group")
def groups_of_raters(seen: Seen) -> str:
    """Return that all raters are one group, so no two groups can be compared."""
    people = seen.known.people
    return "all raters are one group" if people and len(people.raters) < 2 else rated.missing(seen)


def _counted(people: People) -> str:
    return "raters: " + ", ".join(f"{name} {count:,}" for name, count in people.raters.items())


@check(
    "MLS151",
    "Rater groups cannot be told apart",
    "tip",
    about="The intervals of several groups of raters overlap that of the group that was taken. If the best of several "
    "groups was picked, its interval is corrected for the picking.",
    steps=("Let the groups label more rows, or declare in mlstrat.human.proxy which of them counts.",),
    needs=groups_of_raters,
)
def alike(seen: Seen) -> Iterator[Sighting]:
    """Look for groups that look like the one that was taken."""
    people = seen.known.people
    if people is not None and len(people.alike) > 1:
        said = f"The groups {', '.join(people.alike)} cannot be told apart by these answers"
        yield Sighting(f"{said}; {people.chosen} was taken.", _counted(people))


@check(
    "MLS152",
    "Few raters are behind the human level",
    "warning",
    about="Fewer than 5 people are behind the human level. Raters differ, and so few say little about people in "
    "general: the interval may cover 90% instead of 95%.",
    steps=("Let more people label; a few hundred rows each are enough.",),
    needs=rated,
)
def few_raters(seen: Seen) -> Iterator[Sighting]:
    """Look for a human level of few people."""
    people = seen.known.people
    if people is not None and people.raters[people.chosen] < ENOUGH_RATERS:
        said = f"There are fewer than {ENOUGH_RATERS} raters in {people.chosen}"
        yield Sighting(f"{said}; others may be better or worse.", _counted(people))


@need("raters are scored against the given labels")
def scored_by_labels(seen: Seen) -> str:
    """Return that no answer is compared with a given label."""
    people = seen.known.people
    return rated.missing(seen) or ("" if people and people.agreed else "raters are scored against each other")


@check(
    "MLS154",
    "The labels look like the raters' own vote",
    "warning",
    about="In nearly all rows with three answers or more the label is what most raters said. If the labels were made "
    "from these answers, each rater helped to make the label that the answer is compared with, and the human level is "
    "too low.",
    steps=("Set mlstrat.human.truth: consensus, which compares each answer with those of the others.",),
    needs=scored_by_labels,
)
def own_vote(seen: Seen) -> Iterator[Sighting]:
    """Look for labels that are the majority of the raters."""
    people = seen.known.people
    rows, agreed = (people.agreed if people is not None else None) or (0, 0)
    if rows >= ENOUGH_VOTED and agreed >= VOTED * rows:
        yield Sighting(f"In {agreed:,} of {rows:,} rows the label is the majority of the raters' answers.")


@check(
    "MLS153",
    "Some raters have no answer",
    "warning",
    about="A rater in the table has no label at all, or only rows that nobody else rated while answers are scored "
    "against those of the others.",
    steps=("Check the raters' table: empty labels are not counted as answers.",),
    needs=rated,
)
def silent_raters(seen: Seen) -> Iterator[Sighting]:
    """Look for raters of whom nothing can be scored."""
    people = seen.known.people
    if people is not None and people.silent:
        said = "1 rater has" if len(people.silent) == 1 else f"{len(people.silent):,} raters have"
        yield Sighting(f"{said} no answer that can be scored.", examples(people.silent))
