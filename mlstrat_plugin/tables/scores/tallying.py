"""Sum up answered rows by split and source, as the metric needs it, in one scan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.estimates.finite import FiniteTally
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.scores.answers import AGAIN, Answered, scored
from mlstrat_plugin.tables.scores.metrics import sums_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ibis.expr.types import Table

    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.tables.scores.sums import MetricSums


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """Tallies by split and source and of the ladder's rungs, and what the model was trained on.

    ``ladder`` holds one tally per measured split; its train and train-dev count the sources that the model was trained
    on; ``train_by_source`` counts all rows of train, scored or not. ``by_role`` sums the sources of one role where a
    unit may have rows in several of them, which their tallies cannot.
    """

    by_source: dict[str, dict[str, Tally]]
    ladder: dict[str, Tally]
    trained_on: tuple[str, ...]
    not_trained_on: tuple[str, ...]
    groups: dict[str, int] | None
    train_rows: int | None
    train_by_source: dict[str, int] = field(default_factory=dict)
    by_role: dict[str, dict[str, Tally]] = field(default_factory=dict)

    def of_these_rows(self) -> Tallies:
        """Return the tallies with those of train known to be about the training rows and no others."""
        train, rows = Split.TRAIN.value, self.train_by_source
        if train not in self.ladder:
            return self
        population = sum(rows[source] for source in self.trained_on)
        found = self.by_source[train]
        sources: dict[str, Tally] = {name: FiniteTally(part=one, population=rows[name]) for name, one in found.items()}
        return replace(
            self,
            by_source={**self.by_source, train: sources},
            ladder={**self.ladder, train: FiniteTally(part=self.ladder[train], population=population)},
        )

    def without(self, split: Split) -> Tallies:
        """Return the tallies without those of one split."""
        return replace(
            self,
            by_source={name: tallies for name, tallies in self.by_source.items() if name != split.value},
            ladder={name: tally for name, tally in self.ladder.items() if name != split.value},
            by_role={name: tallies for name, tallies in self.by_role.items() if name != split.value},
            groups=None if self.groups is None else {n: c for n, c in self.groups.items() if n != split.value},
        )


def tally(engine: Engine, answered: Answered, roles: Mapping[str, str] | None = None) -> Tallies:
    """Sum up the answers.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    answered : Answered
        Rows of all four splits beside their answers.
    roles : mapping of str to str, optional
        ``target`` or ``auxiliary`` by source.

    Raises
    ------
    PredictionsError
        The answers do not answer for the rows; see ``Answered.check``.
    ParamsError
        The metric is a function that cannot be imported.
    """
    metric = sums_of(answered)
    with reading(f"the predictions ({answered.name})", AGAIN):
        joined = answered.joined
        units = _units(engine, joined, metric)
        cells = engine.rows(_cells(units, metric, ("split", "source")))
        trained_on = answered.check(engine, cells)
        known = [cell for cell in cells if cell["split"] is not None]
        if metric.has_heavy_rows:
            _add_heaviest(engine, joined, known)
        found = _tallies(engine, units, known, trained_on, metric)
        return replace(found, by_role=_by_role(engine, units, metric, roles or {}))


def tally_slices(engine: Engine, answered: Answered, split: Split) -> dict[str, Tally]:
    """Sum up the answers of one split by slice, for the run's own metric; empty where no slices are configured.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    answered : Answered
        Rows beside their answers, which were checked before.
    split : Split
        The split.
    """
    if answered.columns.slice is None:
        return {}
    metric = sums_of(answered)
    with reading(f"the predictions ({answered.name})", AGAIN):
        matched = answered.matched
        joined = matched.filter(matched.split == split.value).mutate(source=ibis._.slice)
        cells = engine.rows(_cells(_units(engine, joined, metric), metric, ("split", "source")))
    names = sorted({str(cell["source"]) for cell in cells})
    return {name: metric.tally([cell for cell in cells if str(cell["source"]) == name]) for name in names}


def _units(engine: Engine, joined: Table, metric: MetricSums) -> Table:
    """Return one row per answer, or per group of answers, with what the metric sums."""
    answered = joined.answered.notnull()
    brought = {
        name: ibis.ifelse(answered, value, 0).fill_null(0).cast(value.type())
        for name, value in metric.row(joined).items()
    }
    part = {"part": joined.unit.hexdigest("md5").substr(0, 2)} if "part" in metric.keys else {}
    rows = joined.select(
        "split",
        "source",
        *(key for key in metric.keys if key != "part"),
        *(["unit"] if metric.sums_units else []),
        n=ibis.literal(1, type="int64"),
        predicted=answered.cast("int64"),
        null=(answered & metric.answered.flawed(joined)).cast("int64"),
        **part,
        **brought,
    )
    if not metric.sums_units:
        return rows
    # The join is computed first, as narrow rows: with the groups beside it two large tables would share the memory.
    summed = [name for name in rows.columns if name not in ("n", *metric.keys)]
    counts = {name: rows[name].cast("int8") for name in summed if rows[name].type().is_integer()}
    narrow = engine.keep(rows.select(**{name: counts.get(name, rows[name]) for name in rows.columns if name != "n"}))
    groups = narrow.group_by("split", "source", *metric.keys, "unit")
    return engine.keep(groups.agg(n=narrow.count(), **metric.sums(narrow)))


def _cells(units: Table, metric: MetricSums, by: tuple[str, ...]) -> Table:
    counts = {name: units[name].sum() for name in ("n", "predicted", "null")}
    return units.group_by(*by, *metric.keys).agg(**counts, units=(units.predicted > 0).sum(), **metric.moments(units))


def _add_heaviest(engine: Engine, joined: Table, cells: list[dict[str, Any]]) -> None:
    """Add to each cell its largest weight and how many answers carry it: they decide the metric."""
    answered = joined.filter(joined.split.notnull() & joined.answered.notnull())
    by_weight = answered.group_by("split", "source", weight=answered.weight.cast("float64")).agg(rows=ibis._.count())
    heaviest = by_weight.group_by("split", "source").agg(
        top_weight=by_weight.weight.max(), top_rows=by_weight["rows"].argmax(by_weight.weight)
    )
    found = {(row["split"], row["source"]): row for row in engine.rows(heaviest)}
    for cell in cells:
        cell.update(found.get((cell["split"], cell["source"]), {}))


def _heaviest(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the largest weight of several cells and how many answers carry it."""
    top = max((cell.get("top_weight") or 0.0 for cell in cells), default=0.0)
    return {"top_weight": top, "top_rows": sum(cell["top_rows"] for cell in cells if cell.get("top_weight") == top)}


def _tallies(
    engine: Engine, units: Table, cells: list[dict[str, Any]], trained_on: tuple[str, ...], metric: MetricSums
) -> Tallies:
    by_source: dict[str, dict[str, Tally]] = {}
    for split in Split:
        mine = [cell for cell in cells if cell["split"] == split.value]
        for source in sorted({str(cell["source"]) for cell in mine if cell["predicted"]}):
            found = metric.tally([cell for cell in mine if cell["source"] == source])
            by_source.setdefault(split.value, {})[source] = found
    counted = [c for c in cells if c["split"] in ("dev", "test") or c["source"] in trained_on]
    if metric.sums_units:  # a group may have rows of several sources
        mine = units.filter(units.split.notnull() & scored(units, trained_on))
        again = engine.rows(_cells(_joined_units(mine, metric, ("split",)), metric, ("split",)))
        counted = [{**_heaviest([c for c in counted if c["split"] == cell["split"]]), **cell} for cell in again]
    by_split = {split.value: [c for c in counted if c["split"] == split.value and c["predicted"]] for split in Split}
    return Tallies(
        by_source=by_source,
        ladder={split: metric.tally(mine) for split, mine in by_split.items() if mine},
        trained_on=trained_on,
        not_trained_on=tuple(sorted({str(c["source"]) for c in cells if c["split"] == "train"} - set(trained_on))),
        groups={s: sum(int(c["units"]) for c in mine) for s, mine in by_split.items() if mine}
        if metric.sums_units
        else None,
        train_by_source=_rows_by_source(cells, Split.TRAIN),
        train_rows=sum(c["n"] for c in cells if c["split"] == "train" and c["source"] in trained_on)
        if metric.answered.evaluate.train == "sample"
        else None,
    )


def _joined_units(units: Table, metric: MetricSums, by: tuple[str, ...]) -> Table:
    """Return units whose rows of several sources are one unit again."""
    names = [c for c in units.columns if c not in ("split", "source", "role", "unit", *metric.keys)]
    return units.group_by(*by, *metric.keys, "unit").agg(**{name: ibis._[name].sum() for name in names})


def _by_role(engine: Engine, units: Table, metric: MetricSums, roles: Mapping[str, str]) -> dict[str, dict[str, Tally]]:
    """Return the tallies by split and role of sources whose units may span them; empty where none does."""
    shared = {role for role in roles.values() if list(roles.values()).count(role) > 1}
    if not (metric.sums_units and shared):
        return {}
    role = ibis.cases(*((units.source == source, role) for source, role in roles.items()), else_=ibis.null("string"))
    mine = units.filter(units.split.notnull()).mutate(role=role)
    cells = engine.rows(_cells(_joined_units(mine, metric, ("split", "role")), metric, ("split", "role")))
    found: dict[str, dict[str, Tally]] = {}
    for split, name in sorted({(str(cell["split"]), str(cell["role"])) for cell in cells if cell["predicted"]}):
        of_role = [cell for cell in cells if (cell["split"], cell["role"]) == (split, name) and cell["predicted"]]
        whole = metric.tally(of_role)
        is_train = split == Split.TRAIN.value
        rows = sum(int(cell["n"]) for cell in cells if (cell["split"], cell["role"]) == (split, name))
        found.setdefault(split, {})[name] = FiniteTally(part=whole, population=rows) if is_train else whole
    return found


def _rows_by_source(cells: list[dict[str, Any]], split: Split) -> dict[str, int]:
    """Return all rows of a split, scored or not; a cell may be finer than a source."""
    found: dict[str, int] = {}
    for cell in cells:
        if cell["split"] == split.value:
            found[str(cell["source"])] = found.get(str(cell["source"]), 0) + int(cell["n"])
    return found
