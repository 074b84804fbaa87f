"""A model registry on the server whose protected aliases move only with a signed decision of the gate.

``mlflow server --registry-store-uri mlstrat+sqlite:///registry.db`` (or ``mlstrat+postgresql://...``) is MLflow's own
store with one difference: an alias in ``MLSTRAT_PROTECTED`` (``champion`` by default; ``model:alias`` for one model
alone) moves to a version only if that version carries a decision that is signed with the key in ``MLSTRAT_GATE_KEY``,
names this version and replaces the present champion; and it cannot be taken away. REST, Python and the pages all end
here. MLflow loads this module with itself, so everything heavy is imported when a store is made.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEME = "mlstrat+"
PROTECTED_VARIABLE, PROTECTED = "MLSTRAT_PROTECTED", "champion"
SPENT = "mlstrat.spent."  # tags of a registered model: decisions that have moved an alias, by their signatures
SIGNATURE_PART = 32


def build_store(store_uri: str, **_: Any) -> Any:
    """Return the store for an address such as ``mlstrat+sqlite:///registry.db``; MLflow calls this by entry point."""
    from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
    from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

    workspaces: Any = MLFLOW_ENABLE_WORKSPACES
    base = WorkspaceAwareSqlAlchemyStore if workspaces.get() else SqlAlchemyStore
    return _enforced(base)(store_uri.removeprefix(SCHEME))


def protected(model: str, alias: str) -> bool:
    """Return whether an alias of a model is protected on this server.

    Examples
    --------
    >>> protected("digits", "champion"), protected("digits", "latest-try")
    (True, False)
    """
    names = os.environ.get(PROTECTED_VARIABLE, PROTECTED)
    return bool({alias, f"{model}:{alias}"} & {name.strip() for name in names.split(",")})


def _refuse(model: str, alias: str, why: str) -> NoReturn:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import PERMISSION_DENIED

    raise MlflowException(f"mlstrat refuses to move {alias} of {model}: {why}", PERMISSION_DENIED)


@cache
def _enforced(base: Any) -> Any:
    """Return a class that is one of MLflow's own stores, and checks what touches a protected alias."""

    class EnforcedStore(base):  # type: ignore[misc]  # one of two classes, chosen by MLflow's own switch
        """MLflow's store, with protected aliases."""

        def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
            """Move an alias; a protected one only by a valid decision, in the transaction that checks it."""
            if not protected(name, alias):
                super().set_registered_model_alias(name, alias, version)
                return
            before = _version(super().get_registered_model(name).aliases, alias)
            try:
                with self.ManagedSessionMaker(read_only=False) as session:
                    _swap(self, session, name, alias, version)
            except Exception:  # whatever the database raises; raised again unless another promoter was faster
                now = _version(super().get_registered_model(name).aliases, alias)
                if now != before:
                    _refuse(name, alias, f"another promoter was faster, it is version {now or 'none'}; decide again")
                raise

        def delete_registered_model_alias(self, name: str, alias: str) -> None:
            """Delete an alias that is not protected."""
            if protected(name, alias):
                _refuse(name, alias, "it cannot be taken away, only moved by a decision")
            super().delete_registered_model_alias(name, alias)

        def delete_model_version(self, name: str, version: str) -> None:
            """Delete a version that carries no protected alias."""
            self._require_free(name, [str(version)], f"version {version} cannot be deleted while it carries it")
            super().delete_model_version(name, version)

        def delete_registered_model(self, name: str) -> None:
            """Delete a model none of whose versions carries a protected alias."""
            self._require_free(name, None, "the model cannot be deleted while a version carries it")
            super().delete_registered_model(name)

        def rename_registered_model(self, name: str, new_name: str) -> Any:
            """Rename a model none of whose versions carries a protected alias: a decision names its model."""
            self._require_free(name, None, "the model cannot be renamed while a version carries it")
            return super().rename_registered_model(name, new_name)

        def set_registered_model_tag(self, name: str, tag: Any) -> None:
            """Set a tag; those that say which decisions are spent are the store's own."""
            self._require_foreign(name, tag.key)
            super().set_registered_model_tag(name, tag)

        def delete_registered_model_tag(self, name: str, key: str) -> None:
            """Delete a tag; those that say which decisions are spent are the store's own."""
            self._require_foreign(name, key)
            super().delete_registered_model_tag(name, key)

        def _require_free(self, name: str, versions: Iterable[str] | None, why: str) -> None:
            for alias, version in super().get_registered_model(name).aliases.items():
                if protected(name, alias) and (versions is None or str(version) in versions):
                    _refuse(name, alias, why)

        def _require_foreign(self, name: str, key: str) -> None:
            if key.startswith(SPENT):
                _refuse(name, "an alias", f"the tag {key} says which decisions are spent, and is the store's own")

    return EnforcedStore


def _version(aliases: dict[str, Any], alias: str) -> str:
    return str(aliases[alias]) if alias in aliases else ""


def _swap(store: Any, session: Any, name: str, alias: str, version: str) -> None:
    """Check the decision and move the alias from the champion that it names, or from nothing, in one transaction."""
    from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModelAlias, SqlRegisteredModelTag

    from mlstrat_plugin.core.gate.signing import KEY_VARIABLE, SIGNATURE_TAG, Warrant, refusal

    row = store._get_sql_model_version(session, name, int(version))
    tags = {tag.key: tag.value for tag in row.model_version_tags}
    current = store._get_registered_model_alias(session, name, alias)
    before = str(current.version) if current is not None else ""
    expected = Warrant(
        model=name,
        alias=alias,
        version=str(int(version)),
        run_id=row.run_id or "",
        policy_hash="",
        champion=before,
        decision="promote",
    )
    why = refusal(expected, tags, os.environ.get(KEY_VARIABLE, "").encode("utf-8"))
    if why:
        _refuse(name, alias, why)
    spent = f"{SPENT}{tags[SIGNATURE_TAG][:SIGNATURE_PART]}"
    if any(tag.key == spent for tag in row.registered_model.registered_model_tags):
        _refuse(name, alias, "its decision has moved the alias before, and is spent")
    place = {"workspace": row.workspace, "name": name}
    if current is None:
        session.add(SqlRegisteredModelAlias(**place, alias=alias, version=int(version)))
    else:
        held = session.query(SqlRegisteredModelAlias).filter_by(**place, alias=alias, version=current.version)
        if held.update({"version": int(version)}, synchronize_session=False) != 1:
            _refuse(name, alias, "another promoter was faster; decide again")
    session.add(SqlRegisteredModelTag(**place, key=spent, value=str(int(version))))
    session.flush()
