"""Findings about where the numbers come from: sources, groups, a sample, a declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.check import Sighting, check, need
from mlstrat_plugin.core.findings.needs import human_level, not_measured, tables
from mlstrat_plugin.core.wording import counted
from mlstrat_plugin.records.words import HUMAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlstrat_plugin.core.findings.seen import Seen


@need("a group column is configured")
def group_column(seen: Seen) -> str:
    """Return that rows do not come in groups."""
    return tables.missing(seen) or ("" if _groups(seen) else "no group column is configured")


def _groups(seen: Seen) -> dict[str, str]:
    """Return the groups behind each error: counted where the metric sums them up, else their effective number."""
    if seen.known.groups:
        return {rung: f"{count:,}" for rung, count in seen.known.groups.items()}
    errors = seen.errors.items()
    return {rung: f"about {error.groups:,.0f} effective" for rung, error in errors if rung != HUMAN and error.groups}


@check(
    "MLS141",
    "The model was not trained on every source",
    "tip",
    about="Train and train-dev rows of a source have no predictions, so the ladder counts only the sources that the "
    "model was trained on.",
    steps=("Train on all sources to use the whole training mix.",),
    needs=tables,
)
def left_out_sources(seen: Seen) -> Iterator[Sighting]:
    """Look for sources that the model was not trained on."""
    known = seen.known
    if known.not_trained_on:
        yield Sighting(
            f"Train and train-dev error count only rows of {', '.join(known.trained_on)}.",
            f"no predictions for train rows of: {', '.join(known.not_trained_on)}",
        )


@check(
    "MLS142",
    "Rows come in groups",
    "tip",
    about="A group column is configured. Rows of one group resemble each other, so the intervals are made from groups: "
    "counting rows as independent would cover the truth in as few as 27% to 87% of cases instead of 95%.",
    steps=("To narrow an interval, label more groups: more rows of the same groups help little.",),
    needs=group_column,
)
def grouped_rows(seen: Seen) -> Iterator[Sighting]:
    """Look for rows that are not independent."""
    yield Sighting(
        "Rows of one group are not independent; the intervals account for that.",
        ", ".join(f"{rung} {seen.errors[rung].n:,} rows in {groups} groups" for rung, groups in _groups(seen).items()),
    )


@need("train error is measured from tables")
def train(seen: Seen) -> str:
    """Return that there are only counts, or no train error."""
    return tables.missing(seen) or not_measured(("train",), seen)


@check(
    "MLS143",
    "Train was scored on a sample",
    "tip",
    about="Only a part of the train rows was scored, and `mlstrat.evaluate.train` declares that the part is random.",
    steps=("Make sure that the sample is random; then there is nothing else to do.",),
    needs=train,
)
def sampled_train(seen: Seen) -> Iterator[Sighting]:
    """Look for a train error of a part of the rows."""
    if seen.known.train_rows is not None:
        yield Sighting(
            "Train error comes from a sample that is declared to be random.",
            f"{seen.errors['train'].n:,} of {seen.known.train_rows:,} train rows",
        )


@check(
    "MLS133",
    "The human level is declared, not measured",
    "tip",
    about="The human level was declared, not counted, so the interval of bias leaves out the uncertainty of that "
    "number.",
    steps=(
        "For a rate, let people label a few hundred rows and give the counts as mlstrat.human.errors and "
        "mlstrat.human.n.",
    ),
    needs=human_level,
)
def declared_human_level(seen: Seen) -> Iterator[Sighting]:
    """Look for a human level that nobody counted."""
    human = seen.errors[HUMAN]
    if human.n is None:
        error = seen.unit.error(human.value)
        yield Sighting(
            f"Bias is measured against a declared human error of {error}, so its interval leaves out the uncertainty "
            "of that number.",
            f"human level {error}, {counted(human)}",
        )
