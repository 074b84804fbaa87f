"""The stage ``validate``: built-in checks and the user's rules, to ``reports/validation.json``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import write_text
from mlstrat_plugin.errors import ExpectationsError, MlstratError, listed
from mlstrat_plugin.records.saving import to_json
from mlstrat_plugin.records.splits import RuleResult, Validation
from mlstrat_plugin.records.stages import IN_GIT, StageSpec

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.expectations import Suite
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.splits.sources import OpenSource


def spec(project: Project) -> StageSpec:
    """Return what the stage reads and writes."""
    params = project.params
    sources = [project.path(source.path) for source in params.sources.values()]
    return StageSpec(
        name="validate",
        deps=(*sources, *(_suite(project, name) for name in params.sources)),
        params=("engine", "sources", "folders", "columns", "validate"),
        outs={project.places.validation: IN_GIT},
    )


def validate(project: Project) -> Validation:
    """Check every source and write the report; whether the data passed is in the record.

    A rule of severity ``critical`` that failed or could not be checked makes the data invalid.

    Raises
    ------
    SourceError
        A source cannot be read.
    ExpectationsError
        A suite cannot be run as it is written.
    """
    from mlstrat_plugin.adapters.expectations import evaluate
    from mlstrat_plugin.tables.engines.duckdb import Engine, reading
    from mlstrat_plugin.tables.splits.checks import check_sources
    from mlstrat_plugin.tables.splits.sources import open_sources

    params = project.params
    suites = _suites(project)
    with Engine(params.engine) as engine, TemporaryDirectory() as folder:
        opened = open_sources(engine, project)
        with reading("the sources", "write the broken source again"):
            facts, rules = check_sources(engine, opened, params.columns)
            for source in opened:
                rules += evaluate(suites[source.name], _as_parquet(engine, source, Path(folder)))
    record = Validation(passed=not stopping(rules), sources=facts, rules=tuple(rules))
    write_text(project.places.validation, to_json(record))
    return record


def stopping(rules: list[RuleResult] | tuple[RuleResult, ...]) -> list[RuleResult]:
    """Return the results that stop the pipeline: critical, and anything but passed."""
    return [rule for rule in rules if rule.severity == "critical" and rule.outcome != "passed"]


def _suites(project: Project) -> dict[str, Suite]:
    """Read all suites before any data is touched, and report the problems of all of them."""
    from mlstrat_plugin.adapters.expectations import read_suite

    suites, problems = {}, []
    for name in project.params.sources:
        try:
            suites[name] = read_suite(name, _suite(project, name))
        except MlstratError as error:
            problems.append(error.message)
    if problems:
        raise ExpectationsError(listed(problems), hint="see docs/validate.md for the form of a suite")
    return suites


def _suite(project: Project, source: str) -> Path:
    return project.path(project.params.validate_.expectations) / f"{source}.yaml"


def _as_parquet(engine: Engine, source: OpenSource, folder: Path) -> Path:
    """Return the source as one Parquet file: itself, or a copy of a CSV or of a folder."""
    if len(source.files) == 1 and source.files[0].suffix == ".parquet":
        return source.files[0].resolve()
    copy = folder / f"{source.name}.parquet"
    engine.write_parquet(source.table, copy)
    return copy
