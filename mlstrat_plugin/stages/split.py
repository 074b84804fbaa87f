"""The stage ``split``: sources to four Parquet files and their report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.files import replacing, write_text
from mlstrat_plugin.adapters.reviews import FIXES, fixes
from mlstrat_plugin.core.diagnosis.planning import course_start
from mlstrat_plugin.core.diagnosis.sizing import assumed_means, assumed_rungs, proofs, uneven_mix
from mlstrat_plugin.core.wording import unit_of
from mlstrat_plugin.errors import ChecksFailed, MlstratError, listed
from mlstrat_plugin.records.saving import read_record, to_json
from mlstrat_plugin.records.sizing import Proof, Sizing
from mlstrat_plugin.records.splits import Splits, Validation
from mlstrat_plugin.records.stages import IN_GIT, StageSpec
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from pathlib import Path

    from mlstrat_plugin.core.estimates.estimate import Estimate
    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.tables.engines.duckdb import Engine, Table
    from mlstrat_plugin.tables.splits.cutting import Cut
    from mlstrat_plugin.tables.splits.identity import Contents
    from mlstrat_plugin.tables.splits.relabelling import Relabelled
    from mlstrat_plugin.tables.splits.sources import OpenSource


def spec(project: Project) -> StageSpec:
    """Return what the stage reads and writes; without ``mlstrat.review`` nobody fixes labels."""
    params, places = project.params, project.places
    reviewed = params.review is not None
    return StageSpec(
        name="split",
        deps=(
            *(project.path(source.path) for source in params.sources.values()),
            places.validation,
            *([places.fixes] if reviewed else []),
        ),
        params=(
            "engine",
            "sources",
            "folders",
            "columns",
            "split",
            *(["review.fix_train"] if reviewed else []),
            "evaluate.metric",
            "evaluate.unit",
            "diagnose.material_gap",
            "diagnose.confidence",
        ),
        outs={**{project.split_file(part): {} for part in Split}, places.splits: IN_GIT},
    )


def split(project: Project) -> Splits:
    """Cut the sources and write ``{train,train_dev,dev,test}.parquet`` and ``reports/splits.json``.

    Files are moved into place together at the end; identical input gives identical bytes.

    Raises
    ------
    SourceError
        A source cannot be read.
    ChecksFailed
        Ids are not unique, labels are missing, or the result leaks.
    ReviewError
        A label fix does not fit the rows.
    SplitError
        The sizes do not fit the rows.
    """
    from mlstrat_plugin.tables.engines.duckdb import Engine, reading
    from mlstrat_plugin.tables.splits.cutting import cut, require_rows
    from mlstrat_plugin.tables.splits.identity import contents
    from mlstrat_plugin.tables.splits.sources import open_sources, together

    params = project.params
    files = {part: project.split_file(part) for part in Split}
    with Engine(params.engine) as engine:
        opened = open_sources(engine, project)
        with reading("the sources", "run `mlstrat validate` to see which source is broken"):
            _require_valid(engine, opened, project)
            whole = together(opened)
            pieces = cut(engine, whole, params.columns, params.split)
            labelled = _relabelled(engine, whole, pieces, project)
            with replacing(*files.values()) as parts:
                for piece, part in zip(Split, parts, strict=True):
                    engine.write_parquet(labelled.parts[piece], part)
                written = {piece.value: engine.read_parquet([part]) for piece, part in zip(Split, parts, strict=True)}
                found = contents(engine, written, params.columns)
                rows = {piece: found.rows[piece.value] for piece in Split}
                groups = {source.name: source for source in opened}
                require_rows(
                    rows, f"{sum(rows.values()):,} rows of {', '.join(groups)} are too few or in too few groups"
                )
                _require_no_leak(engine, written, params)
                record = replace(
                    _record(params, pieces.held_out, found),
                    label_changes=labelled.changes,
                    labels_left=labelled.left,
                )
                record = replace(record, advice=(*_mix_warnings(engine, written, record, params), *record.advice))
                write_text(project.places.splits, to_json(record))
    return record


def _relabelled(engine: Engine, rows: Table, pieces: Cut, project: Project) -> Relabelled:
    """Apply what people wrote into reviews/label_fixes.csv."""
    from mlstrat_plugin.tables.splits.relabelling import Relabelled, relabel

    params = project.params
    if params.review is None:
        return Relabelled(pieces.parts)
    sheet, train = FIXES.at(project.places.fixes).read(), params.review.fix_train
    return relabel(engine, rows, pieces.parts, fixes(sheet), params.columns, name=sheet.name, train=train)


def _require_valid(engine: Engine, opened: list[OpenSource], project: Project) -> None:
    """Check ids and labels, unless `mlstrat validate` passed files of the same size."""
    from mlstrat_plugin.tables.splits.checks import check_sources

    if _validated(opened, project.places.validation):
        return
    _, results = check_sources(engine, opened, project.params.columns)
    broken = [r for r in results if r.outcome != "passed" and r.severity == "critical"]
    if broken:
        raise ChecksFailed(
            listed([f"{r.source}: {r.rule}: {r.detail} ({', '.join(r.examples)})" for r in broken]),
            hint="fix the source; `mlstrat validate` lists every rule",
        )


def _validated(opened: list[OpenSource], file: Path) -> bool:
    try:
        report = read_record(Validation, file, stage="validate")
    except MlstratError:
        return False  # no usable report: the caller checks for itself
    sizes = {name: facts.bytes for name, facts in report.sources.items()}
    return report.passed and sizes == {source.name: source.bytes for source in opened}


def _require_no_leak(engine: Engine, written: dict[str, Any], params: Params) -> None:
    from mlstrat_plugin.tables.splits.checks import check_splits

    targets = [name for name, source in params.sources.items() if source.role == "target"]
    problems = check_splits(engine, written, params.columns, targets)
    if problems:
        raise ChecksFailed(listed(problems), hint="this is a bug of mlstrat: please report it with the params")


def _mix_warnings(engine: Engine, written: dict[str, Any], record: Splits, params: Params) -> list[str]:
    """Say when train-dev holds another mix of sources than train: variance and mismatch are then confounded."""
    from mlstrat_plugin.tables.splits.checks import rows_per_group

    mix = {
        name: {source: sum(labels.values()) for source, labels in record.counts[name].items()}
        for name in (Split.TRAIN.value, Split.TRAIN_DEV.value)
    }
    together = rows_per_group(engine, written[Split.TRAIN_DEV.value], params.columns)
    return [
        f"warning: the share of {source} in train-dev ({mix['train-dev'].get(source, 0):,} rows) differs from that in "
        f"train ({mix['train'].get(source, 0):,} rows) by more than chance: are its groups very uneven?"
        for source in uneven_mix(mix["train"], mix["train-dev"], together)
    ]


def _record(params: Params, held_out: tuple[Any, ...], found: Contents) -> Splits:
    rungs = _assumed(params, found.rows)
    proved = proofs(rungs, found.rows, tau=params.diagnose.material_gap, confidence=params.diagnose.confidence)
    return Splits(
        split_id=found.split_id,
        test_id=found.test_id,
        rows=found.rows,
        contents=found.distinct,
        counts=found.counts,
        labels=found.labels,
        held_out=held_out,
        sizing=Sizing(splits=proved),
        advice=(*_beyond(params, found), *_advice(proved, params, sum(found.rows.values()))),
        settings={**params.split.model_dump(), "columns": params.columns.model_dump()},
    )


def _beyond(params: Params, found: Contents) -> tuple[str, ...]:
    """Say where a split holds more rows than were asked for, and how many of its rows are copies."""
    asked = {"dev": params.split.dev, "test": params.split.test, "train-dev": params.split.train_dev}
    more = [
        f"{name}: asked for {size:,} rows, got {found.rows[name]:,}: groups and copies stay together."
        for name, size in asked.items()
        if isinstance(size, int) and found.rows[name] > size
    ]
    copied = [
        f"{name}: {found.rows[name] - distinct:,} of {found.rows[name]:,} rows are copies of {distinct:,} contents; "
        "intervals count contents."
        for name, distinct in found.distinct.items()
        if distinct < found.rows[name]
    ]
    return (*more, *copied)


def _assumed(params: Params, rows: dict[str, int]) -> dict[str, Estimate]:
    """Return the errors to expect: at an assumed rate, or around nothing at an assumed deviation."""
    if params.evaluate.spec.is_rate:
        return assumed_rungs(rows, params.split.assumed_error)
    deviation = params.split.assumed_deviation
    return {} if deviation is None else assumed_means(rows, deviation)


def _advice(proved: dict[str, Proof], params: Params, total: int) -> tuple[str, ...]:
    """Return what these sizes can detect, and where the course would start."""
    unit, split = unit_of(params.evaluate.metric, params.evaluate.unit or ""), params.split
    error = f"a {unit.error(split.assumed_error)} error" if params.evaluate.spec.is_rate else "the mean error"
    lines = [_detects(name, proof, error, unit) for name, proof in proved.items()]
    if not proved:
        lines.append(
            f"What these sizes can detect is not known: {params.evaluate.metric} is not a rate. Set "
            "mlstrat.split.assumed_deviation to the standard deviation that you expect of a row's error."
        )
    move = " Move away from that if the sizes above call for it." if proved else ""
    return (*lines, f"At {total:,} rows the course starts from {course_start(total)}.{move}")


def _detects(name: str, proof: Proof, error: str, unit: Unit) -> str:
    measured = f"{name}: {proof.n:,} rows measure {error} to ±{unit.amount(proof.half_width)}."
    if proof.smallest_material_gap is None:
        return measured
    return f"{measured} Smallest gap this size can confirm: {unit.amount(proof.smallest_material_gap)}."
