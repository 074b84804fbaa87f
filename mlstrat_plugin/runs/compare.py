"""Compare two runs, wherever they are: a folder, a git revision, a DVC experiment, an MLflow run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.diagnosis.comparison import compare as compare_diagnoses
from mlstrat_plugin.errors import EstimateError, MlstratError, ParamsError, PredictionsError, RecordError, listed
from mlstrat_plugin.params.block import Params, load_params
from mlstrat_plugin.params.project import Project
from mlstrat_plugin.params.yamlfile import load_yaml
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.metrics import metric_named
from mlstrat_plugin.records.places import Places
from mlstrat_plugin.records.saving import from_json, same_number
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.paired import PairedChange
    from mlstrat_plugin.core.estimates.scorers import Scorer
    from mlstrat_plugin.records.runs import Comparison
    from mlstrat_plugin.tables.engines.duckdb import Engine, Table
    from mlstrat_plugin.tables.scores.answers import Answered
    from mlstrat_plugin.tables.scores.pairing import SharedRows

PARAMS = Path("params.yaml")
RUN_ID = re.compile(r"^[0-9a-f]{32}$")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs: its diagnosis, its settings, and its project where splits and predictions are there.

    ``code`` is the folder of the project's own functions; a revision is fetched without them.
    """

    name: str
    diagnosis: Diagnosis
    settings: dict[str, str]
    is_run: bool = False
    project: Project | None = None
    code: Path | None = None
    note: str = ""


def compare(first: str, second: str, params_file: Path = PARAMS, root: Path = Path()) -> Comparison:
    """Compare two runs.

    Parameters
    ----------
    first, second : str
        Each a folder of a project, a path to a diagnosis.json in its ``reports`` folder, a git revision, the name of a
        DVC experiment, or an MLflow run id.
    params_file : Path
        Tells where MLflow is, for run ids.
    root : Path
        The project whose revisions and experiments are meant; names of folders are relative to it.

    Raises
    ------
    RecordError
        A run cannot be found, or has no diagnosis that can be read.
    TrackingError
        The MLflow server failed.
    EstimateError
        The two cannot be compared: other metrics, or fewer than two errors in common.
    """
    with TemporaryDirectory() as folder:
        sides, problems = [], []
        for name, place in ((first, "a"), (second, "b")):
            try:
                sides.append(_side(name, Path(folder) / place, params_file, root))
            except MlstratError as error:
                problems.append(error)
        if problems:
            if len(problems) == 1:
                raise problems[0]
            raise RecordError(listed([error.message for error in problems]), hint=problems[0].hint)
        before, after = sides
        paired, notes = _paired(before, after)
        scorers = [_scorers(side, root) for side in sides]
        return compare_diagnoses(
            before.diagnosis,
            after.diagnosis,
            paired=paired,
            scorers=(scorers[0][0], scorers[1][0]),
            names=(before.name, after.name),
            params=_differences(before, after),
            notes=tuple(
                note for note in (*(side.note for side in sides), *(why for _, why in scorers), *notes) if note
            ),
        )


def _side(name: str, folder: Path, params_file: Path, root: Path) -> Side:
    path = root / name
    if path.is_file():
        return _from_folder(name, path, _project_of(path.resolve()))
    if path.is_dir():
        return _from_folder(name, _diagnosis(path), path)
    return _from_run(name, folder, params_file, root) if RUN_ID.match(name) else _from_revision(name, folder, root)


def _from_folder(name: str, diagnosis: Path, root: Path) -> Side:
    """Read a project's folder; without its params or predictions only the diagnosis counts."""
    record = _read(diagnosis, name)
    try:
        params = load_params(root / PARAMS)
    except MlstratError as error:
        return Side(name=name, diagnosis=record, settings={}, note=f"{name}: {error.message}")
    return replace(_with_rows(name, record, root, params), code=root)


def _project_of(diagnosis: Path) -> Path:
    """Return the folder whose diagnosis this is; if no params say so, the one above its folder."""
    return next((folder for folder in diagnosis.parents if _diagnosis(folder) == diagnosis), diagnosis.parent.parent)


def _diagnosis(root: Path) -> Path:
    """Return where a project's diagnosis is; in the usual folder if its params cannot be read."""
    try:
        return Project(load_params(root / PARAMS), root).places.diagnosis
    except MlstratError:
        return Places(root).diagnosis


def _from_revision(name: str, folder: Path, root: Path) -> Side:
    from mlstrat_plugin.adapters.dvc import Revision

    revision = Revision(name, root)
    params = load_params(revision.fetch(PARAMS, folder))
    record = _read(revision.fetch(Project(params).places.diagnosis, folder), name)
    wanted = [Path(params.evaluate.predictions), *(Path(params.split.folder) / split.file_name for split in Split)]
    for path in wanted:
        try:
            revision.fetch(path, folder)
        except RecordError as error:
            settings = flat(load_yaml(folder / PARAMS))
            return Side(name=name, diagnosis=record, settings=settings, note=error.message)
    return _with_rows(name, record, folder, params)


def _from_run(name: str, folder: Path, params_file: Path, root: Path) -> Side:
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import Reader

    track = load_params(params_file).track
    tracker = Reader(resolve_uri(track.tracking_uri, root if root.parts else None), track.patience_seconds)
    folder.mkdir(parents=True, exist_ok=True)
    saved = tracker.download(name, f"diagnosis/{Places().diagnosis.name}", folder)
    return Side(
        name=name,
        diagnosis=_read(saved, name),
        settings=tracker.get_run(name, "the command line").params,
        is_run=True,
        note=f"{name} is an MLflow run, which keeps no rows: it is compared as two samples",
    )


def _with_rows(name: str, record: Diagnosis, root: Path, params: Params) -> Side:
    settings = flat(load_yaml(root / PARAMS))
    project = Project(params, root)
    absent = [path for path in (project.predictions, *map(project.split_file, Split)) if not path.is_file()]
    if absent:
        note = f"{name}: {absent[0].relative_to(root)} is not there, so rows cannot be paired"
        return Side(name=name, diagnosis=record, settings=settings, note=note)
    return Side(name=name, diagnosis=record, settings=settings, project=project)


def _read(path: Path, name: str) -> Diagnosis:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{name} has no diagnosis at {path}", hint="run `mlstrat diagnose` there") from error
    return from_json(Diagnosis, text, name=f"the diagnosis of {name}", stage="diagnose")


def _paired(before: Side, after: Side) -> tuple[dict[str, PairedChange], tuple[str, ...]]:
    """Pair the rows that both runs scored, split by split; a sentence for each split that is not paired, and why."""
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.pairing import shared_rows

    if before.project is None or after.project is None:
        return {}, ()
    projects = ((before.project, before), (after.project, after))
    columns = after.project.params.columns
    metric = metric_named(after.diagnosis.settings.metric)
    if metric.pairing is None:
        return {}, (f"{metric.name} is not a sum over rows, so every split is compared unpaired",)
    if before.project.params.columns.answers != columns.answers or columns.labels:
        return {}, ("several tasks, or other label columns, are compared unpaired",)
    with Engine(after.project.params.engine, ordered=False) as engine:
        runs = [_answers(engine, project, side.name) for project, side in projects]
        rows = [_scored_rows(run, side.diagnosis) for run, side in zip(runs, (before, after), strict=True)]
        alike: tuple[str, ...] = ("label", "weight") if metric.is_weighted else ("label",)
        by = [place for place, run in enumerate(runs) if run.grouped]
        alike = (*alike, "unit") if len(by) == len(runs) else alike
        found = shared_rows(engine, rows, metric, grouped=bool(by), units_of=by[0] if by else 0, alike=alike)
        paired, notes = _changes(found, before, after)
        flaws = [_flaw(engine, run) for run in runs] if notes else []
    return paired, (*notes, *filter(None, flaws))


def _changes(
    found: Mapping[str, SharedRows], before: Side, after: Side
) -> tuple[dict[str, PairedChange], tuple[str, ...]]:
    paired: dict[str, PairedChange] = {}
    notes = []
    for split in [str(s) for s in Split if str(s) in before.diagnosis.errors and str(s) in after.diagnosis.errors]:
        reason = _unlike(found.get(split), split, before, after)
        if not reason:
            try:
                paired[split] = found[split].change()
            except EstimateError as error:
                reason = error.message
        if reason:
            notes.append(f"{split}: compared unpaired, because {reason}")
    return paired, tuple(notes)


def _answers(engine: Engine, project: Project, name: str) -> Answered:
    from mlstrat_plugin.tables.scores.answers import answers

    params = project.params
    found = answers(engine, project.splits, project.predictions, params.columns, params.evaluate)
    return replace(found, name=f"the predictions of {name}")


def _scored_rows(answered: Answered, diagnosis: Diagnosis) -> Table:
    """Return the answered rows that the run's ladder counts."""
    from mlstrat_plugin.tables.scores.answers import scored

    matched = answered.matched
    return answered.outcomes(matched.filter(scored(matched, diagnosis.trained_on)))


def _flaw(engine: Engine, answered: Answered) -> str:
    """Return what is wrong with answers that no diagnosis was made of: those of a diagnosis passed this check."""
    try:
        answered.check(engine, answered.cells(engine))
    except PredictionsError as error:
        return error.message
    return ""


def _unlike(shared: SharedRows | None, split: str, before: Side, after: Side) -> str:
    """Return why the rows of the two runs are not the same, or not those of their diagnoses; or an empty text."""
    if shared is None:
        return "they have no row in common"
    why = shared.unlike((before.name, after.name))
    if why:
        return why
    for place, side in enumerate((before, after)):
        saved = side.diagnosis.errors[split]
        if saved.n != shared.n or not same_number(saved.value, shared.error(place)):
            return f"the predictions of {side.name} are not those that its diagnosis was made of"
    return ""


def _scorers(side: Side, root: Path) -> tuple[dict[str, Scorer], str]:
    """Return a run's metric if it is a function, or a note why there is none; a revision takes that of ``root``."""
    from mlstrat_plugin.tables.scores.metrics import own_scorers

    if side.project is None:
        return {}, ""
    try:
        return own_scorers(side.project.params.evaluate, side.code or root), ""
    except ParamsError as error:
        return {}, f"{side.name}: {error.message}"


def flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Return nested settings by dotted key, as text.

    >>> flat({"train": {"strategy": "pooled", "layers": [64, 32]}})
    {'train.strategy': 'pooled', 'train.layers': '[64, 32]'}
    """
    if not isinstance(value, dict):
        return {prefix: str(value)}
    found: dict[str, str] = {}
    for key, inner in value.items():
        found |= flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return found


def _differences(before: Side, after: Side) -> dict[str, tuple[str, str]]:
    """Return the settings that differ; a run may not have logged all, so beside one only those of both count."""
    first, second = before.settings, after.settings
    if not first or not second:
        return {}
    keys = [*first, *(key for key in second if key not in first)]
    if before.is_run or after.is_run:
        keys = [key for key in first if key in second]
    pairs = {key: (first.get(key, "not set"), second.get(key, "not set")) for key in keys}
    return {key: values for key, values in pairs.items() if values[0] != values[1]}
