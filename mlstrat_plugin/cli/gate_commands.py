"""The commands that decide on a promotion, and do it."""

from __future__ import annotations

from typing import Any

import click

from mlstrat_plugin.cli.options import loaded_project, print_record, stage_options


@click.command()
@click.option("--enforce", is_flag=True, help="Exit with 1 unless the model may be promoted; for CI.")
@click.option("--markdown", is_flag=True, help="Print Markdown for a pull request.")
@stage_options
@click.pass_obj
def gate(obj: dict[str, Any], enforce: bool, markdown: bool, params_file: str, as_json: bool) -> int:
    """Decide whether the tracked model may be promoted, and write down why.

    Writes reports/gate.json, gate.html and looks.json. Without --enforce the exit code is 0 whatever the answer is.
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
        print_record(record, lambda: print_decision(record), as_json, obj["quiet"])
    return 1 if enforce and record.decision != "promote" else 0


@click.command()
@click.option("--force", is_flag=True, help="Promote although the gate has not passed the model; needs --reason.")
@click.option("--reason", default="", help="Why; recorded with who and when.")
@click.option(
    "--params", "params_file", default="params.yaml", show_default=True, help="File with the `mlstrat:` block."
)
@click.pass_obj
def promote(obj: dict[str, Any], force: bool, reason: str, params_file: str) -> None:
    """Let the alias name the model that the gate has passed.

    Checks first that everything is as it was when the gate decided. Writes reports/promotion.json. Exit code 1 when the
    gate has not passed the model.
    """
    from mlstrat_plugin.cli.output import working
    from mlstrat_plugin.stages.gate import promote as stage

    if force != bool(reason.strip()):
        raise click.UsageError("--force and --reason belong together: a forced promotion says why")
    project = loaded_project(params_file)
    with working("promoting", quiet=obj["quiet"]):
        done = stage(project, force=reason.strip())
    if not obj["quiet"]:
        before = f" instead of version {done.champion_before}" if done.champion_before else ""
        click.echo(f"{done.model}@{done.alias} is version {done.version}{before}")
