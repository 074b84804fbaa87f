"""The commands by which people look at single rows."""

from __future__ import annotations

import getpass
from typing import Any

import click

from mlstrat_plugin.cli.options import loaded_project, params_option, print_record, stage_options

SPLITS = ("train", "train-dev", "dev", "test")


@click.group()
def review() -> None:
    """Look at mistakes and labels, row by row, and count what was seen.

    The sheets are CSV files in reviews/; `mlstrat diagnose` counts them, and `mlstrat split` applies label fixes.
    """


@review.command()
@params_option
@click.pass_obj
def init(obj: dict[str, Any], params_file: str) -> None:
    """Make the folder reviews/ with three empty sheets, to be committed.

    What is there already stays. DVC wants the files of a stage to exist, so this comes before the first `dvc repro`.
    """
    from mlstrat_plugin.review.sheets import prepare

    for file in prepare(loaded_project(params_file).places):
        if not obj["quiet"]:
            click.echo(f"{file} made")


@review.command()
@click.option("--audit", "audited", is_flag=True, help="Draw wrong and right rows of dev and test, to check labels.")
@click.option("--split", type=click.Choice(SPLITS), default="dev", show_default=True, help="Only dev is looked at.")
@click.option("--rows", type=click.IntRange(1, 10_000), help="Rows to fill up to.  [default: mlstrat.review.rows]")
@click.option("--right-rows", type=click.IntRange(1, 10_000), help="Right rows of an audit.  [default: as many]")
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
    """Draw a random sample of mistakes on dev into reviews/dev_errors.csv.

    A second call tops up; rows stay, with every word that was typed.
    """
    from mlstrat_plugin.cli.output import print_sampling, working
    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.review.sheets import audit as draw_audit
    from mlstrat_plugin.review.sheets import sample as draw

    if right_rows is not None and not audited:
        raise click.UsageError("--right-rows belongs to --audit: the sheet of mistakes holds no right rows")
    project = loaded_project(params_file)
    with working("drawing rows", quiet=obj["quiet"]):
        record = draw_audit(project, rows, right_rows) if audited else draw(project, Split(split), rows)
    print_record(record, lambda: print_sampling(record), as_json, obj["quiet"])


@review.command()
@click.option("--audit", "audited", is_flag=True, help="Show the label audit instead of the mistakes.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine.  [default: any free one]")
@click.option("--reviewer", default="", help="Who is looking.  [default: the name in git, or the user]")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@params_option
@click.pass_obj
def serve(obj: dict[str, Any], audited: bool, port: int, reviewer: str, opened: bool, params_file: str) -> None:
    """Open a local page to look at the rows one by one, by keyboard.

    Prints the address, which works on this machine only and ends with the command.
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
@click.option("--rows", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Labels of each split.")
@stage_options
@click.pass_obj
def suggest(obj: dict[str, Any], rows: int, params_file: str, as_json: bool) -> None:
    """Say where to look: slices of dev that are worse, and labels that may be wrong.

    Nothing is changed. Slices are found on one half of dev and measured on the other; labels of dev and test are ranked
    by the model's score columns, where the extra [labels] is installed.
    """
    from mlstrat_plugin.cli.output import print_suggestions, working
    from mlstrat_plugin.review.sheets import suggest as look

    project = loaded_project(params_file)
    with working("looking for slices and doubtful labels", quiet=obj["quiet"]):
        record = look(project, rows)
    print_record(record, lambda: print_suggestions(record), as_json, obj["quiet"])
