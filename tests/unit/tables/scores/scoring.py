"""A small model: four splits, its predictions for them, and the errors that they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.params.scoring import Evaluate
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.scores.answers import Answered, answers
from mlstrat_plugin.tables.scores.tallying import Tallies, tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.params.project import Project as MlstratProject
    from mlstrat_plugin.tables.engines.duckdb import Engine

SPLITS = tuple(split.value for split in Split)
ROWS = 6  # of each split; the first is answered wrongly


@dataclass
class Model:
    """Splits and predictions as tables that a test may spoil before they are written and opened."""

    engine: Engine
    folder: Path
    splits: dict[str, pd.DataFrame] = field(default_factory=dict)
    predictions: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        for name in SPLITS:
            mobile = name in ("dev", "test")
            self.splits[name] = pd.DataFrame(
                {
                    "id": [f"{name}{i}" for i in range(ROWS)],
                    "label": [i % 3 for i in range(ROWS)],
                    "source": ["mobile" if mobile or i % 2 else "web" for i in range(ROWS)],
                    "user": [f"{name}u{i // 2}" for i in range(ROWS)],
                    "weight": [1.0 + i for i in range(ROWS)],
                    "place": ["day" if i % 2 else None for i in range(ROWS)],
                }
            )
        rows = pd.concat(self.splits.values(), ignore_index=True)
        wrong = rows["id"].str.endswith("0")
        self.predictions = pd.DataFrame(
            {"id": rows["id"], "prediction": rows["label"].where(~wrong, 1), "loss": wrong.astype(float)}
        )

    @property
    def file(self) -> Path:
        """Return where the predictions are written."""
        return self.folder / "predictions.parquet"

    def write(self) -> None:
        for name, rows in self.splits.items():
            rows.to_parquet(self.folder / f"{name.replace('-', '_')}.parquet", index=False)
        self.predictions.to_parquet(self.file, index=False)

    def answers(self, columns: Columns | None = None, splits: Sequence[Split] = (), **evaluate: Any) -> Answered:
        """Write the tables and open them, scored as asked."""
        self.write()
        return answers(self.engine, self.folder, self.file, columns or Columns(), Evaluate(**evaluate), splits)

    def tallies(self, columns: Columns | None = None, **evaluate: Any) -> Tallies:
        return tally(self.engine, self.answers(columns, **evaluate))


def tallies_of(engine: Engine, project: MlstratProject) -> Tallies:
    """Return the tallies of a project that is split and predicted."""
    params = project.params
    return tally(
        engine,
        answers(engine, project.splits, project.predictions, params.columns, params.evaluate, root=project.root),
    )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """An error with its 95% confidence interval, and what it is made of."""

    value: float
    low: float
    high: float
    n: int
    wrong: int | None
    method: str
    groups: float | None


def measured(tally: Tally) -> Measured:
    estimate = tally.estimate()
    low, high = estimate.interval(0.95)
    return Measured(
        value=estimate.value,
        low=low,
        high=high,
        n=tally.n,
        wrong=tally.wrong,
        method=str(estimate.method),
        groups=estimate.groups,
    )
