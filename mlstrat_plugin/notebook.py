"""What people call from Python and notebooks: results that show themselves."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from mlstrat_plugin.core.diagnosis.diagnose import diagnose as diagnose_counts
from mlstrat_plugin.core.diagnosis.planning import needed_rows
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.diagnosis import Diagnosis as DiagnosisRecord
from mlstrat_plugin.records.places import Places
from mlstrat_plugin.records.runs import Comparison as ComparisonRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    from mlstrat_plugin.records.words import Settings

__all__ = [
    "Comparison",
    "Diagnosis",
    "compare",
    "diagnose",
    "diagnose_run",
    "log_diagnosis",
    "needed_rows",
    "read_diagnosis",
]

P = ParamSpec("P")
DIAGNOSIS = Places().diagnosis  # of a project that names no other folder


@dataclass(frozen=True, kw_only=True)
class Diagnosis(DiagnosisRecord):
    """The answer of one model, which a notebook shows as a table and the ladder picture."""

    def _repr_html_(self) -> str:
        """Return the verdict, the picture and the tables as HTML; everything from data is escaped."""
        from mlstrat_plugin.report.render import report_fragment

        return report_fragment(self)

    def plot(self) -> Figure:
        """Return the ladder as a matplotlib figure: errors with intervals, the gaps between them, the verdict.

        Examples
        --------
        >>> figure = diagnose(train=(10, 1000), dev=(90, 1000)).plot()
        >>> [text.get_text().splitlines()[0] for text in figure.axes[0].get_xticklabels()]
        ['train', 'dev']
        """
        from mlstrat_plugin.report.charts import ladder_figure

        return ladder_figure(self)


@dataclass(frozen=True, kw_only=True)
class Comparison(ComparisonRecord):
    """What changed between two runs, which a notebook shows as tables."""

    def _repr_markdown_(self) -> str:
        """Return the answer and the changes as Markdown; everything from data is escaped."""
        from mlstrat_plugin.report.render import comparison_markdown

        return comparison_markdown(self)


def _shown(function: Callable[P, DiagnosisRecord]) -> Callable[P, Diagnosis]:
    """Return the same function, whose result shows itself."""

    @wraps(function)
    def showing(*args: P.args, **kwargs: P.kwargs) -> Diagnosis:
        return Diagnosis(**_fields(function(*args, **kwargs)))

    return showing


diagnose = _shown(diagnose_counts)


def read_diagnosis(path: str | Path = DIAGNOSIS) -> Diagnosis:
    """Read a diagnosis that ``mlstrat diagnose`` saved.

    Raises
    ------
    RecordError
        The file is missing, damaged, or of another version.
    """
    from mlstrat_plugin.records.saving import read_record

    return Diagnosis(**_fields(read_record(DiagnosisRecord, Path(path), stage="diagnose")))


def log_diagnosis(diagnosis: DiagnosisRecord, run_id: str | None = None, tracking_uri: str | None = None) -> None:
    """Log a diagnosis to an MLflow run: metrics, tags, a description with the picture, the report.

    Parameters
    ----------
    diagnosis : Diagnosis
        What to log.
    run_id : str, optional
        The run, finished or not; the active run where not given.
    tracking_uri : str, optional
        Where MLflow is; what MLflow itself uses where not given.

    Raises
    ------
    EstimateError
        No run is given and none is active.
    RunError
        The run is not there, or is deleted.
    TrackingError
        The server failed, or did not keep what was logged.
    """
    from mlstrat_plugin.adapters.tracking import active
    from mlstrat_plugin.stages.track import log_diagnosis as log

    active_run_id, active_uri = active()
    chosen = run_id or active_run_id
    if chosen is None:
        raise EstimateError("no run is given and none is active", hint="give run_id, or call inside mlflow.start_run()")
    log(diagnosis, chosen, tracking_uri or active_uri)


def diagnose_run(
    run_id: str,
    *,
    errors: Mapping[str, str | float] | None = None,
    rows: Mapping[str, str | int] | None = None,
    tracking_uri: str | None = None,
    settings: Settings | None = None,
) -> Diagnosis:
    """Diagnose a run from the errors that its training code logged, and add the diagnosis to the run.

    Parameters
    ----------
    run_id : str
        The run, finished or not.
    errors : mapping of str to str or float, optional
        For each rung the metric that holds its error, ``1 - name`` for an accuracy, or a number that is declared and
        taken as exact. Without it ``error/human``, ``error/train`` and so on are read where they are.
    rows : mapping of str to str or int, optional
        For each rung its rows, or the metric or param that holds them; ``rows/train`` and so on by default.
    tracking_uri : str, optional
        Where MLflow is; what MLflow itself uses where not given.
    settings : Settings, optional
        Material gap, confidence and the like; the defaults where not given.

    Raises
    ------
    RunError
        The run is not there, or is deleted.
    TrackingError
        The server failed, or did not keep what was logged.
    EstimateError
        A metric is not there, NaN or no rate, or its rows are not known; fewer than two rungs. Nothing is logged then.
    """
    from mlstrat_plugin.adapters.tracking import active
    from mlstrat_plugin.runs.diagnose_run import diagnose_run as diagnose_logged
    from mlstrat_plugin.stages.track import log_diagnosis as log

    found, uri = diagnose_logged(run_id, errors=errors, rows=rows, uri=tracking_uri or active()[1], settings=settings)
    log(found, run_id, uri)
    return Diagnosis(**_fields(found))


def compare(first: DiagnosisRecord | str, second: DiagnosisRecord | str) -> Comparison:
    """Say what changed between two runs, and which gap moved.

    Parameters
    ----------
    first, second : Diagnosis or str
        Two diagnoses, compared as independent samples; or two names: a folder, a path to a diagnosis.json, a git
        revision, the name of a DVC experiment or an MLflow run id, whose rows are paired where both have them.

    Raises
    ------
    EstimateError
        One is a diagnosis and the other a name; the runs share fewer than two errors, or measure different metrics.
    RecordError
        A name is not found, or has no diagnosis that can be read.
    TrackingError
        The MLflow server failed.

    Examples
    --------
    >>> before, after = (diagnose(train=(100, 10_000), dev=(wrong, 10_000)) for wrong in (900, 600))
    >>> compare(before, after).summary
    'Dev error fell by 3.0 points [2.3, 3.7]. Only variance or mismatch moved: it fell by 3.0.'
    """
    if isinstance(first, str) and isinstance(second, str):
        from mlstrat_plugin.runs.compare import compare as compare_runs

        return Comparison(**_fields(compare_runs(first, second)))
    if isinstance(first, str) or isinstance(second, str):
        raise EstimateError(
            "give two diagnoses or two names, not one of each", hint="read_diagnosis() reads a saved one"
        )
    from mlstrat_plugin.core.diagnosis.comparison import compare as compare_diagnoses

    return Comparison(**_fields(compare_diagnoses(first, second)))


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}
