"""One command for each stage and each question: parse, call, print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from mlstrat_plugin.cli.options import loaded_project, params_option, print_record, stage_options

COUNT = re.compile(r"^(\d[\d_,]*)/(\d[\d_,]*)$")
RUNGS = ("human", "train", "train-dev", "dev", "test")


class Fraction(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """A fraction such as 0.05, or a percentage such as 5%."""

    name = "fraction"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; the core checks its range."""
        found = _value(str(value))
        if not isinstance(found, float):
            self.fail(f"{value!r} is not a fraction such as 0.05 or a percentage such as 5%", param, ctx)
        return found


FRACTION = Fraction()


@click.command()
@stage_options
@click.pass_obj
def validate(obj: dict[str, Any], params_file: str, as_json: bool) -> int:
    """Check every source with the built-in checks and your expectations.

    Writes reports/validation.json. Exits with 1 if a critical rule failed or could not be checked.
    """
    from mlstrat_plugin.cli.output import print_validation, working
    from mlstrat_plugin.stages.validate import validate as stage

    project = loaded_project(params_file)
    with working("checking the sources", quiet=obj["quiet"]):
        record = stage(project)
    print_record(record, lambda: print_validation(record), as_json, obj["quiet"])
    return 0 if record.passed else 1


@click.command()
@stage_options
@click.pass_obj
def split(obj: dict[str, Any], params_file: str, as_json: bool) -> None:
    """Split the sources into train, train-dev, dev and test.

    Writes four Parquet files and reports/splits.json.
    """
    from mlstrat_plugin.cli.output import print_splits, working
    from mlstrat_plugin.stages.split import split as stage

    project = loaded_project(params_file)
    with working("splitting", quiet=obj["quiet"]):
        record = stage(project)
    print_record(record, lambda: print_splits(record), as_json, obj["quiet"])


@click.command()
@stage_options
@click.pass_obj
def diagnose(obj: dict[str, Any], params_file: str, as_json: bool) -> None:
    """Score the predictions and report what is holding the model back.

    Writes diagnosis.json, ladder.png, ladder.csv, metrics.json and error_analysis.csv into reports/. `mlstrat -v
    diagnose` also prints methods.
    """
    from mlstrat_plugin.cli.output import print_diagnosis, working
    from mlstrat_plugin.stages.diagnose import diagnose as stage

    project = loaded_project(params_file)
    with working("diagnosing", quiet=obj["quiet"]):
        record = stage(project)
    print_record(record, lambda: print_diagnosis(record, verbose=obj["verbose"] > 0), as_json, obj["quiet"])


@click.command()
@stage_options
@click.pass_obj
def report(obj: dict[str, Any], params_file: str, as_json: bool) -> None:
    """Build the report page from the saved diagnosis.

    Writes reports/report.html.
    """
    from mlstrat_plugin.cli.output import working
    from mlstrat_plugin.stages.report import report as stage

    project = loaded_project(params_file)
    with working("writing the report", quiet=obj["quiet"]):
        record = stage(project)
    print_record(record, lambda: click.echo(project.places.page), as_json, obj["quiet"])


@click.command()
@click.option("--run-id", help="Run to log to, instead of the one that mlstrat.track.run names.")
@stage_options
@click.pass_obj
def track(obj: dict[str, Any], run_id: str | None, params_file: str, as_json: bool) -> None:
    """Log the diagnosis to the MLflow run of the model.

    Writes reports/tracked_run.json. A second call changes nothing. Exits with 3 if the server fails.
    """
    from mlstrat_plugin.cli.output import working
    from mlstrat_plugin.runs.tracked import where
    from mlstrat_plugin.stages.track import track as stage

    project = loaded_project(params_file)
    with working("logging to MLflow", quiet=obj["quiet"]):
        record = stage(project, run_id)
    print_record(record, lambda: click.echo(where(project)), as_json, obj["quiet"])


@click.command()
@params_option
@click.pass_obj
def link(obj: dict[str, Any], params_file: str) -> None:
    """Tag the tracked run with the commit that holds its results.

    Run it after `git commit`: while the pipeline runs, that commit does not exist yet.
    """
    from mlstrat_plugin.runs.tracked import link as link_commit

    commit = link_commit(loaded_project(params_file))
    if not obj["quiet"]:
        click.echo(commit)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--markdown", is_flag=True, help="Print Markdown for a pull request.")
@stage_options
@click.pass_obj
def compare(obj: dict[str, Any], first: str, second: str, markdown: bool, params_file: str, as_json: bool) -> None:
    """Report what changed between two runs, and which gap moved.

    FIRST and SECOND are each a folder, a path to a diagnosis.json, a git revision, the name of a DVC experiment, or an
    MLflow run id. Rows that both models scored are paired, which detects far smaller changes.

    Example: mlstrat compare HEAD pooled
    """
    from mlstrat_plugin.cli.output import print_comparison, working
    from mlstrat_plugin.runs.compare import compare as compare_runs

    with working("comparing", quiet=obj["quiet"]):
        record = compare_runs(first, second, Path(params_file))
    if markdown and not as_json:
        from mlstrat_plugin.report.render import comparison_markdown

        click.echo(comparison_markdown(record), nl=False)
        return
    print_record(record, lambda: print_comparison(record, verbose=obj["verbose"] > 0), as_json, obj["quiet"])


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most runs to list.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with the gaps over time."
)
@stage_options
@click.pass_obj
def history(obj: dict[str, Any], limit: int, html: Path | None, params_file: str, as_json: bool) -> None:
    """List the diagnosed runs of the experiment, newest first.

    For each run: when it started, its verdict, its largest gap with the interval, its dev and test error, and whether
    it is the champion.
    """
    from mlstrat_plugin.adapters.files import write_text
    from mlstrat_plugin.cli.output import print_history, working
    from mlstrat_plugin.runs.history import history as list_runs
    from mlstrat_plugin.runs.history import history_page

    project = loaded_project(params_file)
    with working("reading MLflow", quiet=obj["quiet"]):
        record = list_runs(project, limit=limit)
        if html is not None:
            write_text(html, history_page(record))
    print_record(record, lambda: print_history(record), as_json, obj["quiet"])


@click.command()
@stage_options
@click.pass_obj
def show(obj: dict[str, Any], params_file: str, as_json: bool) -> None:
    """Print the saved diagnosis and where to see it in MLflow.

    `mlstrat -v show` also prints methods.
    """
    from mlstrat_plugin.cli.output import print_diagnosis
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.saving import read_record
    from mlstrat_plugin.runs.tracked import where

    project = loaded_project(params_file)
    record = read_record(Diagnosis, project.places.diagnosis, stage="diagnose")
    pages = where(project)

    def pretty() -> None:
        print_diagnosis(record, verbose=obj["verbose"] > 0)
        if project.places.page.is_file():
            click.echo(f"\nReport: {project.places.page}")
        click.echo(f"\nIn MLflow:\n{pages}")

    print_record(record, pretty, as_json, quiet=False)


@click.command()
@click.option("--error", type=FRACTION, required=True, help="Error that you expect of the model: 5% or 0.05.")
@click.option("--material-gap", type=FRACTION, default="1%", show_default=True, help="Smallest gap worth working on.")
@click.option("--gap", type=FRACTION, help="True gap to confirm.  [default: twice the material gap]")
@click.option(
    "--discordant", type=FRACTION, help="Share of rows on which exactly one of two models is wrong.  [default: error]"
)
@click.option("--rows", type=int, help="Target rows you have; adds advice on the shares of dev and test.")
@click.option("--confidence", type=FRACTION, default="95%", show_default=True, help="Confidence of the statements.")
@click.option("--power", type=FRACTION, default="80%", show_default=True, help="Chance that the rows decide.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.pass_obj
def size(obj: dict[str, Any], /, as_json: bool, **numbers: Any) -> None:
    """Estimate how many rows you need before collecting data.

    To measure an error, to confirm a gap, to tell two models apart. Also shows what dev and test sets of the usual
    sizes can detect.

    Example: mlstrat size --error 5% --material-gap 1% --rows 20000
    """
    from mlstrat_plugin.core.diagnosis.planning import needed_rows

    plan = needed_rows(**numbers)

    def pretty() -> None:
        from mlstrat_plugin.cli.output import print_plan

        print_plan(plan, verbose=obj["verbose"] > 0)

    print_record(plan, pretty, as_json, obj["quiet"])


@click.command()
@click.argument("rungs", nargs=-1, required=True, metavar="RUNG=WRONG/ROWS...")
@click.option(
    "--material-gap",
    type=float,
    help="Smallest gap worth working on, as a fraction (0.01 = one point).  [default: 0.01]",
)
@click.option(
    "--relative", type=float, help="The same as a share of the dev error; the larger of the two counts.  [default: 0]"
)
@click.option("--same-distribution", is_flag=True, help="Train and dev come from one distribution.")
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
@click.pass_obj
def quick(
    obj: dict[str, Any],
    rungs: tuple[str, ...],
    material_gap: float | None,
    relative: float | None,
    same_distribution: bool,
    as_json: bool,
) -> None:
    """Diagnose error counts that you type in; no files needed.

    RUNG is human, train, train-dev, dev or test; at least two are needed. WRONG/ROWS is a count such as 5/500. A
    percentage such as 7% or a fraction such as 0.07 is a declared error, taken as exact.

    Example: mlstrat quick human=5/500 train=10000/500000 train-dev=125/2500 dev=175/2500 test=188/2500
    """
    from mlstrat_plugin.core.diagnosis.diagnose import diagnose as diagnose_counts
    from mlstrat_plugin.records.words import Settings

    default = Settings()
    settings = Settings(
        same_distribution=same_distribution,
        material_gap=default.material_gap if material_gap is None else material_gap,
        material_gap_relative=default.material_gap_relative if relative is None else relative,
    )
    record = diagnose_counts(**_ladder(rungs), settings=settings)

    def pretty() -> None:
        from mlstrat_plugin.cli.output import print_diagnosis

        print_diagnosis(record, verbose=obj["verbose"] > 0)

    print_record(record, pretty, as_json, obj["quiet"])


def _ladder(rungs: tuple[str, ...]) -> dict[str, Any]:
    """Parse ``rung=value`` arguments; the error names all problems."""
    from mlstrat_plugin.errors import EstimateError, did_you_mean, listed, shown

    ladder: dict[str, Any] = {}
    problems = []
    for argument in rungs:
        name, equals, text = argument.partition("=")
        name = name.strip().replace("_", "-")
        value = _value(text.strip())
        if not equals or name not in RUNGS:
            problems.append(f"{shown(argument)}: the rungs are {', '.join(RUNGS)}{did_you_mean(name, RUNGS)}")
        elif value is None:
            problems.append(f"{shown(argument)}: give wrong/rows such as 5/500, or a declared error such as 7% or 0.07")
        elif name.replace("-", "_") in ladder:
            problems.append(f"{shown(argument)}: {name} is given twice")
        else:
            ladder[name.replace("-", "_")] = value
    if problems:
        raise EstimateError(listed(problems), hint="see `mlstrat quick --help` for an example")
    return ladder


def _value(text: str) -> float | tuple[int, int] | None:
    """Return counts or a declared fraction; None if the text is neither."""
    counts = COUNT.match(text)
    if counts:
        wrong, rows = (int(part.replace("_", "").replace(",", "")) for part in counts.groups())
        return wrong, rows
    try:
        return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
