"""The project's own functions, named in params.yaml as ``module.function``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Callable


def imported(name: str, key: str, root: Path = Path()) -> Callable[..., Any]:
    """Return a function by its dotted name; the project's folder is searched, as ``python -m`` does in it.

    Parameters
    ----------
    name : str
        Such as ``pipelines.train.features``.
    key : str
        The key of params.yaml that holds it, for the message.
    root : Path
        The project's folder.

    Raises
    ------
    ParamsError
        It cannot be imported, or is not a function.
    """
    module, _, function = name.rpartition(".")
    here = str(root.resolve())
    sys.path.insert(0, here)
    try:
        call: Any = getattr(import_module(module), function)
    except Exception as error:  # whatever the project's own module raises
        raise ParamsError(f"{key} = {name}: {error}", hint="name a function that can be imported") from error
    finally:
        sys.path.remove(here)
    if not callable(call):
        raise ParamsError(f"{key} = {name} is not a function", hint="name a function")
    return call  # type: ignore[no-any-return]  # whatever the project wrote
