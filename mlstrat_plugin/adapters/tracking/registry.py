"""MLflow's model registry: who is champion, which version is the candidate, and the alias that moves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.tracking.connection import MISSING
from mlstrat_plugin.adapters.tracking.writing import Tracker
from mlstrat_plugin.core.gate.signing import KEY_VARIABLE
from mlstrat_plugin.errors import GateError, PromotionRefused, RunError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.adapters.tracking.connection import Run

WON = "mlstrat.won"  # tag of a run whose model was promoted by a comparison: the test set that it won on
TRIES = 5  # MLflow raises where two writers set a new alias at once; the next try finds it set


@dataclass(frozen=True, kw_only=True)
class Version:
    """One registered version; ``run_id`` is the run that made it, empty where MLflow does not know it."""

    model: str
    version: str
    run_id: str


class Registry(Tracker):
    """Reads and moves aliases, and records why."""

    def __init__(self, uri: str, patience: float) -> None:
        if uri.startswith("file:") or "://" not in uri:
            raise GateError(
                f"{uri} is a file store, which loses aliases while they are written",
                hint="keep the registry in a database or on a server: mlstrat.track.tracking_uri: sqlite:///mlflow.db",
            )
        super().__init__(uri, patience)

    def champion(self, model: str, alias: str) -> Version | None:
        """Return the version that carries the alias; None if there is no such model or no version carries it.

        Raises
        ------
        TrackingError
            The registry failed.
        """
        from mlflow.exceptions import MlflowException

        with self._asking():
            try:
                return _version(self._client.get_model_version_by_alias(model, alias))
            except MlflowException as error:
                if error.error_code not in MISSING:
                    raise
                return None

    def versions_of(self, model: str, run_id: str) -> list[Version]:
        """Return the versions of the model that the run made, oldest first.

        Raises
        ------
        TrackingError
            The registry failed.
        """
        with self._asking():
            found = self._client.search_model_versions(f"name = '{_quoted(model)}' AND run_id = '{run_id}'")
            return sorted(map(_version, found), key=lambda version: int(version.version))

    def register(self, model: str, run: Run) -> Version:
        """Register the one model that the run logged as a new version.

        Raises
        ------
        RunError
            The run logged no model, or several.
        TrackingError
            The registry failed.
        """
        from mlflow.exceptions import MlflowException

        if len(run.models) != 1:
            raise RunError(
                f"run {run.run_id} logged {len(run.models)} models, not one that could be registered",
                hint="log one model in training, or register a version by hand and set mlstrat.gate.register to false",
            )
        with self._asking():
            try:
                self._client.create_registered_model(model)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            source = f"models:/{run.models[0]}"
            return _version(self._client.create_model_version(model, source, run.run_id, model_id=run.models[0]))

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Tag a version.

        Raises
        ------
        TrackingError
            The registry failed, or does not allow it.
        """
        with self._asking():
            for key, value in tags.items():
                self._client.set_model_version_tag(version.model, version.version, key, value)

    def describe(self, version: Version, text: str) -> None:
        """Put the gate's text into the description of a version, below the diagnosis and above a person's own.

        Raises
        ------
        TrackingError
            The registry failed.
        """
        with self._asking():
            self._describe(self._client.get_model_version(version.model, version.version), text, "gate")

    def move(self, model: str, alias: str, version: Version, *, expected: str) -> None:
        """Let the alias name this version, if it still names the expected one, and read it back.

        Two promoters may still pass one another between reading and writing; only the store on the server
        (``mlstrat+...``) closes that gap.

        Raises
        ------
        GateError
            The alias names another version than expected, before or after; the message says which.
        PromotionRefused
            The server refuses.
        TrackingError
            The registry failed, or refused.
        """
        from mlflow.exceptions import MlflowException

        for attempt in range(TRIES):
            self.require(model, alias, expected)
            with self._asking():
                try:
                    self._client.set_registered_model_alias(model, alias, version.version)
                    break
                except MlflowException as error:
                    if error.error_code == "PERMISSION_DENIED":
                        raise PromotionRefused(
                            str(error.message), hint=f"is {KEY_VARIABLE} here the same as on the server?"
                        ) from error
                    if "UNIQUE" not in str(error).upper() or attempt == TRIES - 1:
                        raise
        self.require(model, alias, version.version, "was moved by another promoter at the same time")

    def require(self, model: str, alias: str, expected: str, what: str = "changed since the decision") -> None:
        """Check that the alias names the expected version, empty for none.

        Raises
        ------
        GateError
            It names another one.
        TrackingError
            The registry failed.
        """
        present = self.champion(model, alias)
        found = present.version if present else ""
        if found != expected:
            raise GateError(
                f"{alias} of {shown(model)} {what}: it is {f'version {found}' if found else 'set for no version'}, "
                f"not {f'version {expected}' if expected else 'unset'}",
                hint="run `mlstrat gate` again: it compares with the present champion",
            )

    def looked_at(self, test_id: str, *, sealed: bool) -> tuple[frozenset[str], frozenset[str]]:
        """Return the models, by their hash, that were judged on a test set, and those that won there.

        Where the test set is open, every run that shows its error there counts, gated or not. Deleted runs count: what
        was seen cannot be unseen.

        Raises
        ------
        TrackingError
            The server failed.
        """
        from mlflow.entities import ViewType

        query = f"tags.test_id = '{test_id}'" + (" AND tags.gate != ''" if sealed else "")
        judged: set[str] = set()
        won: set[str] = set()
        with self._asking():
            ids = [one.experiment_id for one in self._client.search_experiments(view_type=ViewType.ALL)]
            token: str | None = None
            while ids:
                page = self._client.search_runs(ids, query, ViewType.ALL, page_token=token)
                for run in page:
                    model = run.data.tags.get("model_hash", run.info.run_id)
                    judged.add(model)
                    if run.data.tags.get(WON) == test_id:
                        won.add(model)
                token = page.token
                if not token:
                    break
        return frozenset(judged), frozenset(won)

    def upload(self, run: Run, folder: str, *files: Path) -> None:
        """Copy files into an artifact folder of the run.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with self._asking():
            artifacts = self._artifacts(run)
            for file in files:
                artifacts.log_artifact(str(file), folder)

    def fetch(self, run_id: str, artifact: str, folder: Path) -> Path | None:
        """Copy an artifact of a run; None if the run, or the artifact, is not there.

        Raises
        ------
        TrackingError
            The server failed.
        """
        parent, _, _ = artifact.rpartition("/")
        try:
            self.get_run(run_id, "the champion")
        except RunError:
            return None
        with self._asking():
            if artifact not in {item.path for item in self._client.list_artifacts(run_id, parent)}:
                return None
            return Path(self._client.download_artifacts(run_id, artifact, str(folder)))

    def predict(self, version: Version, inputs: Any) -> Any:
        """Return what a registered model answers.

        Raises
        ------
        TrackingError
            The model cannot be loaded, or does not take these inputs.
        """
        import mlflow

        with self._asking():
            before = mlflow.get_tracking_uri()
            mlflow.set_tracking_uri(self.uri)
            try:
                return mlflow.pyfunc.load_model(f"models:/{version.model}/{version.version}").predict(inputs)
            finally:
                mlflow.set_tracking_uri(before)


def _version(found: Any) -> Version:
    return Version(model=found.name, version=str(found.version), run_id=found.run_id or "")


def _quoted(text: str) -> str:
    return text.replace("'", "''")
