"""The evaluator ``mlstrat`` of ``mlflow.models.evaluate``: one table with a column that names the split of each row.

MLflow runs every registered evaluator unless told otherwise, so this one does nothing until its own key
``split_column`` is in the configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from mlflow.models import EvaluationResult

    from mlstrat_plugin.core.diagnosis.diagnose import Rung

KEY = "split_column"
KEYS = (KEY, "human", "settings")


class Evaluator:
    """Diagnoses the rows that are evaluated, by their splits, and logs the diagnosis to the run of the evaluation.

    The configuration has ``split_column`` (a column whose values are train, train-dev, dev and test, at least two of
    them), and may have ``human`` (a declared error, or counts of wrong answers and answers) and ``settings`` (a mapping
    of what ``mlstrat.Settings`` takes). A row is wrong where its prediction differs from its label.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: Any, evaluator_config: Mapping[str, Any] | None, **_: Any) -> bool:
        """Return whether the configuration asks for a diagnosis."""
        del model_type
        return KEY in (evaluator_config or {})

    def evaluate(
        self, *, dataset: Any, run_id: str, evaluator_config: Mapping[str, Any], model: Any = None, **_: Any
    ) -> EvaluationResult:
        """Diagnose and log; return the metrics that were logged.

        Raises
        ------
        EstimateError
            A key or a split is unknown, the column is not there, there are no labels or predictions, or fewer than two
            splits have rows. Nothing is logged then.
        PredictionsError
            A label or a prediction is missing, or the two are of different types. Nothing is logged then.
        RunError
            The run is not there.
        TrackingError
            The server failed.
        """
        import mlflow
        from mlflow.models import EvaluationResult

        from mlstrat_plugin.core.diagnosis.diagnose import diagnose_ladder
        from mlstrat_plugin.records.words import Settings
        from mlstrat_plugin.report.mlflow_run import run_page
        from mlstrat_plugin.stages.track import log_diagnosis

        settings = Settings(**evaluator_config.get("settings", {}))
        record = diagnose_ladder(ladder_of(dataset, evaluator_config, model), settings)
        log_diagnosis(record, run_id, mlflow.get_tracking_uri())
        return EvaluationResult(  # type: ignore[no-untyped-call]  # MLflow's own
            metrics=run_page(record).metrics, artifacts={}, run_id=run_id
        )


def ladder_of(dataset: Any, config: Mapping[str, Any], model: Any = None) -> dict[str, Rung]:
    """Return the ladder of a table: for each split its wrong rows.

    Parameters
    ----------
    dataset : mlflow.data.evaluation_dataset.EvaluationDataset
        Features with the split's column, labels, and predictions where there is no model; n rows each.
    config : mapping
        See ``Evaluator``.
    model : mlflow.pyfunc.PyFuncModel, optional
        Predicts from the features without the split's column.

    Raises
    ------
    EstimateError
        A key or a split is unknown, the column is not there, or there are no labels or predictions; all are named.
    PredictionsError
        A label or a prediction is missing, or the two are of different types.
    """
    from mlstrat_plugin.core.estimates.human_level import Declared
    from mlstrat_plugin.core.estimates.rates import ErrorTally
    from mlstrat_plugin.errors import EstimateError, listed
    from mlstrat_plugin.params.data import Engine as EngineParams
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.answers import answers_in
    from mlstrat_plugin.tables.scores.tallying import tally

    problems = _config_problems(dataset.features_data, config)
    if not problems:
        columns, problems = _columns(dataset, config, model)
    if problems:
        raise EstimateError(listed(problems), hint="see docs/python.md, 'An evaluator of MLflow'")
    with Engine(EngineParams(), ordered=False) as engine:
        tallies = tally(engine, answers_in(engine.columns(**columns), "the evaluated table"))
    ladder: dict[str, Rung] = {}
    human = config.get("human")
    if human is not None:
        counts = isinstance(human, (tuple, list))
        ladder["human"] = ErrorTally(wrong=human[0], n=human[1]) if counts else Declared(human)
    return ladder | tallies.ladder


def _config_problems(table: pd.DataFrame, config: Mapping[str, Any]) -> list[str]:
    from mlstrat_plugin.errors import did_you_mean, shown

    problems = [f"{shown(key)} is not a key of mlstrat's{did_you_mean(key, KEYS)}" for key in config if key not in KEYS]
    if config[KEY] not in table:
        suggestion = did_you_mean(str(config[KEY]), [str(name) for name in table])
        problems.append(f"the table has no column {shown(config[KEY])}{suggestion}")
    return problems


def _columns(dataset: Any, config: Mapping[str, Any], model: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the rows as columns, and what is wrong with them."""
    import numpy as np

    from mlstrat_plugin.errors import shown
    from mlstrat_plugin.records.words import Split

    table = dataset.features_data
    splits = table[config[KEY]].astype(str).str.replace("_", "-").to_numpy()
    known = [split.value for split in Split]
    problems = [f"{shown(name)} is not a split ({', '.join(known)})" for name in sorted({*splits} - {*known})]
    given = dataset.predictions_data if model is None else model.predict(table.drop(columns=[config[KEY]]))
    answers = {"label": dataset.labels_data, "prediction": given}
    values = {name: np.asarray(rows).reshape(-1) for name, rows in answers.items() if rows is not None}
    problems += [f"there are no {name}s" for name in answers if name not in values]
    problems += [
        f"{len(rows)} {name}s for {len(splits)} rows" for name, rows in values.items() if len(rows) != len(splits)
    ]
    return {"id": np.arange(len(splits)), "split": splits, "source": np.full(len(splits), "rows"), **values}, problems
