"""The entry point: one place that turns errors into messages and exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from mlstrat_plugin.errors import MlstratError

INTERRUPTED, BROKEN, USAGE = 130, 3, 2
COMMANDS = {
    "validate": "Check every source with the built-in checks and your expectations.",
    "split": "Split the sources into train, train-dev, dev and test.",
    "diagnose": "Score the predictions and report what is holding the model back.",
    "report": "Build the report page from the saved diagnosis.",
    "review": "Review mistakes and labels row by row, and count what you find.",
    "track": "Log the diagnosis to the MLflow run of the model.",
    "link": "Tag the tracked run with the commit that holds its results.",
    "gate": "Decide whether the tracked model may be promoted.",
    "promote": "Point the alias at the model that passed the gate.",
    "compare": "Report what changed between two runs, and which gap moved.",
    "history": "List the diagnosed runs of the experiment, newest first.",
    "show": "Print the saved diagnosis and where to see it in MLflow.",
    "size": "Estimate how many rows you need before collecting data.",
    "quick": "Diagnose error counts that you type in; no files needed.",
}
# The module of each command that is not in `commands`.
ELSEWHERE = {"gate": "gate_commands", "promote": "gate_commands", "review": "review_commands"}


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports them when one is called, so that help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in pipeline order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"mlstrat_plugin.cli.{ELSEWHERE.get(cmd_name, 'commands')}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest one for a misspelt name."""
        from mlstrat_plugin.errors import did_you_mean, shown

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {shown(args[0])}{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", count=True, help="Print methods too; twice shows tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.version_option(package_name="mlstrat-plugin", prog_name="mlstrat")
@click.pass_context
def cli(ctx: click.Context, verbose: int, quiet: bool) -> None:
    """Find out what is holding your model back, with a confidence interval on every number.

    Exit codes: 0 yes; 1 the answer is no; 2 fix the input; 3 environment, server or bug; 130 interrupted.
    """
    ctx.obj = {"verbose": verbose, "quiet": quiet}


def run() -> None:
    """Run the command line as a process of its own, which ends with it.

    Collecting garbage while Great Expectations or MLflow load thousands of modules, and unloading them one by one at
    the end, costs more than a second. A process that is about to end needs neither.
    """
    gc.set_threshold(100_000, 50, 50)
    code = _run(None)
    # What the interpreter itself does at the end, in its order: pools let their idle workers go, threads that still
    # work are waited for, then exit functions run.
    threading._shutdown()  # type: ignore[attr-defined]  # typeshed leaves it out
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the reader left
            stream.flush()
    os._exit(code)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    tracebacks = sum(a.count("v") for a in given if a.startswith("-v")) + given.count("--verbose") >= 2
    try:
        result: Any = cli.main(args=given, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted; every file is complete, old or new\n")
        return INTERRUPTED
    except MlstratError as error:
        from mlstrat_plugin.cli.output import print_error

        if tracebacks:
            raise
        print_error(error)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; nobody is there to be told
        return 0
    except Exception as error:
        if tracebacks:
            raise
        sys.stderr.write(
            f"bug: {type(error).__name__}: {error!r:.300}\nhint: run `mlstrat -vv ...` to see where, and report it\n"
        )
        return BROKEN
