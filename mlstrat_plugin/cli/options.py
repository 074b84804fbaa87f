"""What the commands share: their options, the params, how a record is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.saving import Saved

F = TypeVar("F", bound=Callable[..., Any])


params_option = click.option(
    "--params", "params_file", default="params.yaml", show_default=True, help="File that holds the `mlstrat:` block."
)


def stage_options(command: F) -> F:
    """Add the options that every stage has."""
    command = click.option("--json", "as_json", is_flag=True, help="Print the saved record as JSON.")(command)
    return params_option(command)


def loaded_project(file: str) -> Project:
    """Return the project in the working folder, with the checked params of a file."""
    from mlstrat_plugin.params.project import load_project

    return load_project(file)


def print_record(record: Saved, pretty: Callable[[], None], as_json: bool, quiet: bool) -> None:
    """Print a record as JSON, or for people."""
    if as_json:
        from mlstrat_plugin.records.saving import to_json

        click.echo(to_json(record), nl=False)
    elif not quiet:
        pretty()
