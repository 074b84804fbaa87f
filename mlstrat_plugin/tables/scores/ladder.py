"""The ladder of a project's predictions: the errors of its splits, and the human level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.human_level import human_level
from mlstrat_plugin.records.words import HUMAN, Split
from mlstrat_plugin.tables.scores.answers import Answered, answers
from mlstrat_plugin.tables.scores.raters import Ratings, rate
from mlstrat_plugin.tables.scores.tallying import Tallies, tally

if TYPE_CHECKING:
    from mlstrat_plugin.core.diagnosis.diagnose import Rung
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.tables.engines.duckdb import Engine


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """A model's answers, their tallies, what raters said where there is a table of theirs, and the rungs of all."""

    answered: Answered
    tallies: Tallies
    ratings: Ratings | None
    rungs: dict[str, Rung]

    def without_test(self) -> Ladder:
        """Return the ladder with the test error left out, for as long as the test set is sealed."""
        rungs = {name: rung for name, rung in self.rungs.items() if name != Split.TEST.value}
        return replace(self, tallies=self.tallies.without(Split.TEST), rungs=rungs)


def measure_ladder(project: Project, engine: Engine) -> Ladder:
    """Score the predictions of a project on all its splits.

    Raises
    ------
    PredictionsError
        The predictions do not fit the splits.
    SourceError
        The table of raters cannot be read, or does not fit.
    """
    params, human = project.params, project.params.human
    answered = answers(engine, project.splits, project.predictions, params.columns, params.evaluate, root=project.root)
    tallies, ratings = tally(engine, answered, params.roles).of_these_rows(), None
    rungs: dict[str, Rung] = {**tallies.ladder}
    if human is not None and human.table is not None:
        ratings = rate(engine, project.path(human.table), project.splits, params.columns, human, params.roles)
    if human is not None:
        rungs[HUMAN] = ratings.level if ratings is not None else human_level(human)
    return Ladder(answered=answered, tallies=tallies, ratings=ratings, rungs=rungs)
