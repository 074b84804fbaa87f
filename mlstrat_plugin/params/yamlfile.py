"""Reading YAML that people write: nothing in it runs, and a key given twice is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from mlstrat_plugin.errors import ParamsError

if TYPE_CHECKING:
    from pathlib import Path


MERGE = "tag:yaml.org,2002:merge"  # of the key `<<`, which takes the keys of another mapping


class _Loader(yaml.SafeLoader):
    """YAML as DVC reads it where it matters: ``1e-3`` is a number, and a key given twice is an error."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value if key.tag != MERGE]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise yaml.constructor.ConstructorError(None, None, f"key {twice!r} is given twice", node.start_mark)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_yaml(path: Path) -> Any:
    """Read a YAML file without running anything in it.

    Raises
    ------
    ParamsError
        The file is missing, not UTF-8, not YAML, or gives a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ParamsError(f"cannot read {path}: {error.strerror}", hint="run in the project's folder") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ParamsError(f"{path} is not valid YAML: {error}", hint=f"fix {path} at that place") from error
