"""The stage ``track``: the diagnosis onto the MLflow run that trained the model."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import write_text
from mlstrat_plugin.errors import RecordError, TrackingError
from mlstrat_plugin.params.block import Params, load_params
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.places import Places
from mlstrat_plugin.records.runs import TrackedRun
from mlstrat_plugin.records.saving import read_record, saved_text, to_json
from mlstrat_plugin.records.stages import IN_GIT, StageSpec
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.adapters.tracking import DatasetItem, Run, RunUpdate, Tracker
    from mlstrat_plugin.params.project import Project

FOLDER = "diagnosis"
VIEWS_SINCE = (3, 15)  # the MLflow version that brought saved views
TAG_LENGTH = 8000  # MLflow cuts longer tags without a word
FORMAT = "4"  # part of the digest: a newer layout of the run is logged again


def tracking_uri(params_file: str | Path = "params.yaml") -> str:
    """Return the tracking URI that ``mlstrat track`` uses, for the training code to use the same.

    A relative SQLite path is made absolute against the DVC project, so that a temporary experiment writes to the
    project's database and not to a folder that is deleted.

    Raises
    ------
    ParamsError
        The params file is not usable.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri

    return resolve_uri(load_params(params_file).track.tracking_uri)


def spec(project: Project) -> StageSpec:
    """Return what the stage reads and writes; the server is not a file, so DVC does not know it."""
    params, places = project.params, project.places
    named = [name for name in (params.track.model, params.track.run) if name is not None]
    return StageSpec(
        name="track",
        deps=(*map(project.path, named), places.diagnosis, places.page, places.picture, places.causes),
        params=("folders", "split.folder", "track"),
        outs={places.tracked_run: IN_GIT},
    )


def track(project: Project, run_id: str | None = None) -> TrackedRun:
    """Log the saved diagnosis and write ``reports/tracked_run.json``; a second call changes nothing.

    Parameters
    ----------
    project : Project
        Where MLflow is, which file names the training run, and where the reports are.
    run_id : str, optional
        The run to log to, instead of the one that the file names.

    Raises
    ------
    RecordError
        ``reports/diagnosis.json``, the model or the run file is missing or damaged.
    RunError
        The training run is not there, of another experiment, or of other splits or another model.
    TrackingError
        The server failed.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import DIGEST, Content, Tracker

    params = project.params
    record = read_record(Diagnosis, project.places.diagnosis, stage="diagnose")
    named = run_id or _training_run_id(project)
    content = _content(record, project)
    files, datasets = _files(record, project.places), tuple(_datasets(record, params))
    update = run_update(record, files, datasets, {**_lock_tag(project), **content})
    uri = resolve_uri(params.track.tracking_uri, project.home)
    tracker = Tracker(uri, params.track.patience_seconds, creates=named is None)
    if named is None:
        run = tracker.own_run(Content(tags=content or {DIGEST: update.digest}), params.track.own_experiment)
    else:
        known = Content(tags=content) if content and run_id is None else None
        where = "the command line" if run_id else str(params.track.run)
        run = tracker.training_run(named, where, known, params.track.experiment)
    log_to(tracker, run, update, params.track.experiment)
    tracked = TrackedRun(run_id=run.run_id, experiment_id=run.experiment_id, diagnosis_digest=update.digest)
    write_text(project.places.tracked_run, to_json(tracked))
    return tracked


def log_to(tracker: Tracker, run: Run, update: RunUpdate, experiment: str | None) -> None:
    """Log to the run, then show it in its experiment and in its registered versions.

    The run is complete before the last two; where the server does not allow them, it only goes without.
    """
    tags = tracker.experiment_tags(run, experiment)
    tracker.log(run, _with_links(update, run.run_id))
    install_view(tracker, run.experiment_id, tags)
    with suppress(TrackingError):
        tracker.describe_versions(run.run_id, update.description)


def install_view(tracker: Tracker, experiment_id: str, tags: Mapping[str, str]) -> bool:
    """Save the view 'Diagnosis' in the experiment and link it from the experiment's note; say whether it is there.

    ``tags`` are those of the experiment. A server that is too old, or that does not allow it, goes without the view.
    """
    from mlstrat_plugin.adapters.tracking import NOTE, merged_note
    from mlstrat_plugin.report.mlflow_view import VIEW_TAG, saved_view, view_link

    if tracker.server_version() < VIEWS_SINCE:
        return False
    view = saved_view(tags.get(VIEW_TAG, ""), now=int(time.time() * 1000))
    note = merged_note(tags.get(NOTE, ""), f"[Diagnosis: what holds each run back]({view_link(experiment_id)})")
    wanted = {VIEW_TAG: view, NOTE: note if note != tags.get(NOTE) else None}
    try:
        tracker.tag_experiment(experiment_id, {key: text for key, text in wanted.items() if text is not None})
    except TrackingError:
        return False
    return True


def _training_run_id(project: Project) -> str | None:
    """Return the run id that the training stage left, or None if the params say that there is none."""
    if project.params.track.run is None:
        return None
    file = project.path(project.params.track.run)
    try:
        run_id = json.loads(saved_text(file, stage="track")).get("run_id")
    except (ValueError, AttributeError) as error:
        raise RecordError(f"{file} is not a JSON object: {error}", hint='let training write {"run_id": ...}') from error
    except RecordError as error:
        raise RecordError(error.message, hint="train first, or set mlstrat.track.run to null") from error
    if not isinstance(run_id, str) or not run_id:
        raise RecordError(f"{file} has no run_id", hint='let training write {"run_id": ...}')
    return run_id


def log_diagnosis(record: Diagnosis, run_id: str, uri: str | None = None, *, patience: float = 15.0) -> None:
    """Log a diagnosis from memory to a run, finished or not.

    Parameters
    ----------
    record : Diagnosis
        What to log; its report and its picture are made of it.
    run_id : str
        The run that carries it. A second call with the same diagnosis changes nothing.
    uri : str, optional
        Where MLflow is; ``MLFLOW_TRACKING_URI`` where not given.
    patience : float
        Seconds that a server may cost in all.

    Raises
    ------
    RunError
        The run is not there, or is deleted.
    TrackingError
        The server failed, or did not keep what was logged.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import Tracker
    from mlstrat_plugin.report.charts import ladder_png
    from mlstrat_plugin.report.render import report_html
    from mlstrat_plugin.report.review_page import causes_csv

    tracker = Tracker(resolve_uri(uri), patience)
    run = tracker.get_run(run_id, "this call")
    with TemporaryDirectory() as folder:
        files = _files(record, Places(Path(folder), reports=""))
        contents = (
            to_json(record).encode(),
            report_html(record).encode(),
            ladder_png(record),
            causes_csv(record).encode(),
        )
        for file, content in zip(files, contents, strict=False):
            file.write_bytes(content)
        log_to(tracker, run, run_update(record, files, (), {}), None)


def _files(record: Diagnosis, places: Places) -> tuple[Path, ...]:
    """Return what the run carries as files; the causes of mistakes once somebody has named one."""
    named = record.error_analysis is not None and bool(record.error_analysis.tags)
    return (places.diagnosis, places.page, places.picture, *((places.causes,) if named else ()))


def run_update(
    record: Diagnosis, files: tuple[Path, ...], datasets: tuple[DatasetItem, ...], content: Mapping[str, str]
) -> RunUpdate:
    """Return everything that the run carries, apart from links that need its id.

    ``files`` are the diagnosis, its report and so on; ``content`` are the tags by which the run can be found.
    """
    from mlstrat_plugin.adapters.tracking import RunUpdate
    from mlstrat_plugin.report.mlflow_run import run_page

    page = run_page(record)
    tags = {**page.tags, **content}
    whole = "\n".join([FORMAT, *(md5(_bytes(file)).hexdigest() for file in files), repr(tags), page.note])  # noqa: S324 - identity, not security
    return RunUpdate(
        digest=md5(whole.encode("utf-8")).hexdigest(),  # noqa: S324 - identity, not security
        metrics=page.metrics,
        tags=tags,
        note=page.note,
        short_note=page.note.split("\n", 1)[0],
        description=page.description,
        artifacts=files,
        artifact_folder=FOLDER,
        datasets=datasets,
    )


def _with_links(update: RunUpdate, run_id: str) -> RunUpdate:
    """Fill in the links that need the run's id: MLflow shows artifacts of the run inside its note."""
    from dataclasses import replace

    picture = f"get-artifact?path={FOLDER}/{Places().picture.name}&run_uuid={run_id}"
    page = f"get-artifact?path={FOLDER}/{Places().page.name}&run_uuid={run_id}"
    return replace(update, note=update.note.replace("(PICTURE)", f"({picture})").replace("(REPORT)", f"({page})"))


def _content(record: Diagnosis, project: Project) -> dict[str, str]:
    """Return the tags that name the splits and the model by their contents; empty where either is not known."""
    from mlstrat_plugin.adapters.lockfile import content_hash
    from mlstrat_plugin.adapters.tracking import MODEL_HASH

    model = project.params.track.model
    if model is None or record.split_id is None:
        return {}
    return {"split_id": record.split_id, MODEL_HASH: content_hash(model, project.root)}


def _lock_tag(project: Project) -> dict[str, str]:
    """Return the hashes of dvc.lock as one tag: a tag for each would push the verdict down the page.

    Reports are left out: they say what a run was found to be, not what it is.
    """
    from mlstrat_plugin.adapters.lockfile import LOCK, recorded_hashes

    kept: dict[str, str] = {}
    reports = f"{project.params.folders.reports}/"
    for path, digest in recorded_hashes(project.root / LOCK).items():
        longer = {**kept, path: digest}
        if not path.startswith(reports) and len(json.dumps(longer)) <= TAG_LENGTH:
            kept = longer
    return {"dvc.lock": json.dumps(kept)} if kept else {}


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RecordError(
            f"cannot read {file}: {error.strerror}", hint="run `mlstrat diagnose`, then `mlstrat report`"
        ) from error


def _datasets(record: Diagnosis, params: Params) -> list[DatasetItem]:
    from mlstrat_plugin.adapters.tracking import DatasetItem

    return [
        DatasetItem(
            name=f"{split.value}[{'+'.join(record.by_source[split.value])}]",
            digest=str(record.test_id if split is Split.TEST else record.split_id),
            context=split.value,
            uri=f"{params.split.folder}/{split.file_name}",
            rows=sum(error.n or 0 for error in record.by_source[split.value].values()),
        )
        for split in Split
        if split.value in record.by_source
    ]
