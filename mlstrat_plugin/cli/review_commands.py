"""The commands for reviewing single rows."""

from __future__ import annotations

import getpass
from typing import Any

import click

from mlstrat_plugin.cli.options import loaded_project, params_option, print_record, stage_options

SPLITS = ("train", "train-dev", "dev", "test")


@click.group()
def review() -> None:
    """Review mistakes and labels row by row, and count what you find.

    The sheets are CSV files in reviews/. `mlstrat diagnose` counts them, and `mlstrat split` applies label fixes.
    """


@review.command()
@params_option
@click.pass_obj
def init(obj: dict[str, Any], params_file: str) -> None:
    """Create the folder reviews/ with three empty sheets; commit them.

    Existing sheets stay as they are. Run this before the first `dvc repro`: DVC needs the files of a stage to exist.
    """
    from mlstrat_plugin.review.sheets import prepare

    for file in prepare(loaded_project(params_file).places):
        if not obj["quiet"]:
            click.echo(f"{file} made")


@review.command()
@click.option(
    "--audit", "audited", is_flag=True, help="Draw wrong and right rows of dev and test, to check their labels."
)
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    default="dev",
    show_default=True,
    help="Split to draw from; only dev is allowed.",
)
@click.option(
    "--rows",
    type=click.IntRange(1, 10_000),
    help="Number of rows to fill the sheet up to.  [default: mlstrat.review.rows]",
)
@click.option(
    "--right-rows",
    type=click.IntRange(1, 10_000),
    help="Number of right rows in an audit.  [default: as many as wrong ones]",
)
@stage_options
@click.pass_obj
def sample(
    obj: dict[str, Any],
    audited: bool,
    split: str,
    rows: int | None,
    right_rows: int | None,
    params_file: str,
    as_json: bool,
) -> None:
    """Draw mistakes on dev at random, or labels to check.

    Writes reviews/dev_errors.csv, or label_audit.csv with --audit. A second call tops up the sheet. Rows stay, with
    every word that was typed.
    """
    from mlstrat_plugin.cli.output import print_sampling, working
    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.review.sheets import audit as draw_audit
    from mlstrat_plugin.review.sheets import sample as draw

    if right_rows is not None and not audited:
        raise click.UsageError("--right-rows needs --audit: the sheet of mistakes has no right rows")
    project = loaded_project(params_file)
    with working("drawing rows", quiet=obj["quiet"]):
        record = draw_audit(project, rows, right_rows) if audited else draw(project, Split(split), rows)
    print_record(record, lambda: print_sampling(record), as_json, obj["quiet"])


@review.command()
@click.option("--audit", "audited", is_flag=True, help="Show the label audit instead of the mistakes.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine.  [default: any free one]")
@click.option("--reviewer", default="", help="Name of the reviewer.  [default: the name in git, or the user]")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@params_option
@click.pass_obj
def serve(obj: dict[str, Any], audited: bool, port: int, reviewer: str, opened: bool, params_file: str) -> None:
    """Serve a local page that shows the rows one by one.

    You tag them by keyboard. Prints the address. It works on this machine only, until you stop the command.
    """
    from mlstrat_plugin.adapters.git import user_name
    from mlstrat_plugin.cli.output import working
    from mlstrat_plugin.review.server import Page
    from mlstrat_plugin.review.sheets import open_sheet

    project = loaded_project(params_file)
    with working("opening the sheet", quiet=obj["quiet"]):
        page = Page(
            open_sheet(project, audited=audited), reviewer or user_name(project.root) or getpass.getuser(), port
        )
    click.echo(page.url)
    if opened:
        click.launch(page.url)
    page.serve()


@review.command()
@click.option(
    "--rows",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Number of labels to name on each of dev and test.",
)
@stage_options
@click.pass_obj
def suggest(obj: dict[str, Any], rows: int, params_file: str, as_json: bool) -> None:
    """Suggest where to look: worse slices, doubtful labels.

    Changes nothing. Slices are found on one half of dev and measured on the other. Labels of dev and test are ranked by
    the model's score columns, if the extra [labels] is installed.
    """
    from mlstrat_plugin.cli.output import print_suggestions, working
    from mlstrat_plugin.review.sheets import suggest as look

    project = loaded_project(params_file)
    with working("looking for slices and doubtful labels", quiet=obj["quiet"]):
        record = look(project, rows)
    print_record(record, lambda: print_suggestions(record), as_json, obj["quiet"])
