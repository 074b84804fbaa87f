"""The commands that decide on a promotion, and do it."""

from __future__ import annotations

from typing import Any

import click

from mlstrat_plugin.cli.options import loaded_project, params_option, print_record, stage_options


@click.command()
@click.option("--enforce", is_flag=True, help="Exit with 1 unless the model may be promoted; for CI.")
@click.option("--markdown", is_flag=True, help="Print Markdown for a pull request.")
@stage_options
@click.pass_obj
def gate(obj: dict[str, Any], enforce: bool, markdown: bool, params_file: str, as_json: bool) -> int:
    """Decide whether the tracked model may be promoted.

    Judges every condition of mlstrat.gate by its bounds, and compares the model with the champion. Writes gate.json,
    gate.html and looks.json to the reports folder. `mlstrat -v gate` also prints methods and notes. Exits with 0
    whatever the answer, unless you pass --enforce.
    """
    from mlstrat_plugin.cli.output import print_decision, working
    from mlstrat_plugin.stages.gate import gate as stage

    project = loaded_project(params_file)
    with working("deciding", quiet=obj["quiet"]):
        record = stage(project)
    if markdown and not as_json:
        from mlstrat_plugin.report.gate_page import decision_markdown

        click.echo(decision_markdown(record), nl=False)
    else:
        print_record(record, lambda: print_decision(record, verbose=obj["verbose"] > 0), as_json, obj["quiet"])
    return 1 if enforce and record.decision != "promote" else 0


@click.command()
@click.option("--force", is_flag=True, help="Promote a model that the gate has not passed; needs --reason.")
@click.option("--reason", default="", help="Why you force it; recorded with your name and the time.")
@params_option
@click.pass_obj
def promote(obj: dict[str, Any], force: bool, reason: str, params_file: str) -> None:
    """Point the alias at the model that passed the gate.

    Checks that nothing changed since the gate decided, and decides again. Writes promotion.json to the reports folder.
    Exits with 1 if the gate has not passed the model.
    """
    from mlstrat_plugin.cli.output import working
    from mlstrat_plugin.stages.gate import promote as stage

    if force != bool(reason.strip()):
        raise click.UsageError("--force and --reason belong together: say why you force the promotion")
    project = loaded_project(params_file)
    with working("promoting", quiet=obj["quiet"]):
        done = stage(project, force=reason.strip())
    if not obj["quiet"]:
        before = f" instead of version {done.champion_before}" if done.champion_before else ""
        click.echo(f"{done.alias} of {done.model} is now version {done.version}{before}")
