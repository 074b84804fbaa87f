"""Any number of models on the same rows: the sums from which every two of them are compared, or why they cannot be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.estimates.gram import OutcomeGram, UnitSums, WeightedGram
from mlstrat_plugin.core.estimates.paired import PairedChange
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.metrics import Pairing
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.scores.sums import loss_moments, loss_tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.core.estimates.losses import LossTally
    from mlstrat_plugin.records.metrics import Metric

ATTRIBUTES = ("label", "weight", "unit")  # what a row is, whoever answers it


@dataclass(frozen=True, kw_only=True)
class SharedRows:
    """What k runs have in common on one split.

    Parameters
    ----------
    n : int
        Rows that all of them answered.
    scored : tuple of int, shape (k,)
        Rows that each answered.
    values : tuple of float, shape (k,)
        Sum of each run's row errors over the shared rows: its wrong answers, or its losses.
    differing : mapping of str to int
        Shared rows whose label (or weight, or unit, where these were asked for) is not the same in all runs.
    gram, weighted : OutcomeGram, WeightedGram, optional
        Wrong answers and their products; None for losses.
    losses : tuple of LossTally
        The sums of each further run's losses less those of the first; empty where answers are right or wrong.
    """

    n: int
    scored: tuple[int, ...]
    values: tuple[float, ...]
    differing: Mapping[str, int]
    gram: OutcomeGram | None = None
    weighted: WeightedGram | None = None
    losses: tuple[LossTally, ...] = ()

    def unlike(self, names: Sequence[str]) -> str:
        """Return why the rows of the runs are not the same, or an empty text."""
        if not self.n:
            return f"{' and '.join(names)} have no row in common"
        extra = [
            f"{name} was scored on {count - self.n:,} more rows"
            for name, count in zip(names, self.scored, strict=True)
            if count > self.n
        ]
        changed = [f"{rows:,} rows have another {name}" for name, rows in self.differing.items() if rows]
        return ", ".join(extra or changed)

    def error(self, run: int) -> float:
        """Return the error of a run on the shared rows."""
        if self.weighted is not None:
            return self.weighted.wrong[run] / self.weighted.weight
        return self.values[run] / self.n

    def change(self, second: int = 1) -> PairedChange:
        """Return how much the error changed from the first run to another one.

        Raises
        ------
        EstimateError
            The changes of losses make no interval: there is one row or group, or all changed alike.
        """
        if self.losses:
            tally = self.losses[second - 1]
            if not tally.aa:
                raise EstimateError(
                    f"no row or group changed its loss ({tally.n:,} rows), so the change has no interval"
                )
            mean = tally.estimate()
            return PairedChange(amount=replace(mean, method=replace(mean.method, paired=True)), pairs=None, n=tally.n)
        if self.gram is None:
            raise ValueError("no sums were asked for")
        pairs = self.gram.pair(0, second)
        if self.weighted is not None:
            return PairedChange(amount=self.weighted.pair(0, second).estimate(), pairs=pairs, n=self.n)
        return pairs.change()


def shared_rows(
    engine: Engine,
    runs: Sequence[Table],
    metric: Metric,
    *,
    grouped: bool,
    units_of: int = 0,
    alike: Sequence[str] = ATTRIBUTES,
) -> dict[str, SharedRows]:
    """Sum up, by split, what the answers of several runs have in common; one scan.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    runs : sequence of Table
        One row per answered example: id, split, label, unit, weight and value (see ``Answered.outcomes``).
    metric : Metric
        How rows are paired.
    grouped : bool
        Rows of one unit are not independent.
    units_of : int
        The run whose units count.
    alike : sequence of str
        What has to be the same in all runs: some of ``ATTRIBUTES``.
    """
    with reading("the rows of the runs", "run the pipeline again"):
        rows = _side_by_side(runs, metric, alike, units_of)
        cells = engine.rows(_cells(rows, len(runs), metric, alike, grouped=grouped))
    return {cell["split"]: _shared(cell, len(runs), metric, alike, grouped=grouped) for cell in cells}


def _side_by_side(runs: Sequence[Table], metric: Metric, alike: Sequence[str], units_of: int) -> Table:
    """Return one row per example that any run answered.

    here_i is 1 where run i answered, x_i its error on rows that all answered; only what is asked for is read.
    """
    number = "float64" if metric.pairing is Pairing.LOSSES else "int64"
    both = _marked(runs[0], 0, number)
    both = both.mutate(id=both.id_0, split=both.split_0)
    for i, run in enumerate(runs[1:], 1):
        marked = _marked(run, i, number)
        both = both.outer_join(marked, [both.id == marked[f"id_{i}"], both.split == marked[f"split_{i}"]])
        keys = {"split": both.split.coalesce(both[f"split_{i}"])}
        if i + 1 < len(runs):
            keys["id"] = both.id.coalesce(both[f"id_{i}"])
        both = both.mutate(**keys)
    shared = reduce(lambda a, b: a & b, (both[f"here_{i}"].notnull() for i in range(len(runs))))
    differing = {
        f"differs_{name}": ibis.or_(*(both[f"{name}_0"] != both[f"{name}_{i}"] for i in range(1, len(runs))))
        for name in alike
    }
    weight = {"weight": both.weight_0.cast("float64")} if metric.pairing is Pairing.WEIGHTED else {}
    zero = ibis.literal(0, type=number)
    return both.select(
        "split",
        unit=both[f"unit_{units_of}"],
        n=shared.cast("int8"),
        **weight,
        **{name: (shared & value).fill_null(False).cast("int8") for name, value in differing.items()},  # noqa: FBT003
        **{f"here_{i}": both[f"here_{i}"].fill_null(0) for i in range(len(runs))},
        **{f"x_{i}": ibis.ifelse(shared, both[f"x_{i}"], zero) for i in range(len(runs))},
    )


def _marked(run: Table, i: int, number: str) -> Table:
    """Return a run's rows under names of their own."""
    own = {f"{name}_{i}": run[name] for name in ("id", "split", *ATTRIBUTES)}
    return run.select(**own, **{f"x_{i}": run.value.cast(number), f"here_{i}": ibis.literal(1, type="int8")})


def _cells(rows: Table, k: int, metric: Metric, alike: Sequence[str], *, grouped: bool) -> Table:
    """Return the sums by split: over rows, then over units where these are groups."""
    brought = {
        **{name: rows[name] for name in ("n", *(f"differs_{name}" for name in alike))},
        **{f"here_{i}": rows[f"here_{i}"] for i in range(k)},
        **_row_sums(rows, k, metric),
    }
    named = rows.select("split", *(["unit"] if grouped else []), **brought)
    units = named.group_by("split", "unit").agg(**{name: named[name].sum() for name in brought}) if grouped else named
    sums = {name: units[name].sum() for name in brought}
    products = _unit_sums(units, k, metric, grouped=grouped) if grouped or metric.pairing is not Pairing.ERRORS else {}
    return units.group_by("split").agg(**sums, units=(units.n > 0).sum(), **products)


def _row_sums(rows: Table, k: int, metric: Metric) -> dict[str, Value]:
    """Return what a row brings: products of wrong answers, weighted ones, or differences of losses."""
    x = [rows[f"x_{i}"] for i in range(k)]
    plain = {f"s_{i}": x[i] for i in range(k)}
    if metric.pairing is Pairing.LOSSES:
        return plain | {f"d_{i}": x[i] - x[0] for i in range(1, k)}
    plain |= {f"m_{i}_{j}": x[i] * x[j] for i in range(k) for j in range(i + 1, k)}
    if metric.pairing is not Pairing.WEIGHTED:
        return plain
    weight = rows.weight.fill_null(0.0) * rows.n
    return {**plain, "w": weight, "ww": weight * weight, **{f"v_{i}": weight * rows[f"x_{i}"] for i in range(k)}}


def _unit_sums(units: Table, k: int, metric: Metric, *, grouped: bool) -> dict[str, Value]:
    """Return products over units of what their rows brought."""
    if metric.pairing is Pairing.LOSSES:
        b = units.n.cast("float64")
        return {
            f"{name}_{i}": value
            for i in range(1, k)
            for name, value in loss_moments(units[f"d_{i}"], b, grouped=grouped).items()
        }
    names, rows = ("v", units.w) if metric.pairing is Pairing.WEIGHTED else ("s", units.n)
    part = [units[f"{names}_{i}"] for i in range(k)]
    return {
        "g_rows": (rows * rows).sum(),
        **{f"g_{i}": (part[i] * rows).sum() for i in range(k)},
        **{f"g_{i}_{j}": (part[i] * part[j]).sum() for i in range(k) for j in range(i, k)},
    }


def _shared(cell: dict[str, Any], k: int, metric: Metric, alike: Sequence[str], *, grouped: bool) -> SharedRows:
    facts: dict[str, Any] = {
        "n": int(cell["n"]),
        "scored": tuple(int(cell[f"here_{i}"]) for i in range(k)),
        "values": tuple(float(cell[f"s_{i}"]) for i in range(k)),
        "differing": {name: int(cell[f"differs_{name}"]) for name in alike},
    }
    if not facts["n"]:
        return SharedRows(**facts)
    if metric.pairing is Pairing.LOSSES:
        losses = (loss_tally(cell, facts["n"], grouped=grouped, suffix=f"_{i}") for i in range(1, k))
        return SharedRows(**facts, losses=tuple(losses))
    units = _units(cell, k) if "g_rows" in cell else None
    weighted = None
    if metric.pairing is Pairing.WEIGHTED and units is not None:
        sums = tuple(float(cell[f"v_{i}"]) for i in range(k))
        squares = float(cell["ww"])
        weighted = WeightedGram(
            n=facts["n"], weight=float(cell["w"]), wrong=sums, units=units, row_squares=squares, grouped=grouped
        )
    gram = OutcomeGram(
        n=facts["n"],
        wrong=tuple(float(cell[f"s_{i}"]) for i in range(k)),
        both=_square({**cell, **{f"m_{i}_{i}": cell[f"s_{i}"] for i in range(k)}}, "m", k),
        groups=units if grouped and weighted is None else None,
    )
    return SharedRows(**facts, gram=gram, weighted=weighted)


def _units(cell: dict[str, Any], k: int) -> UnitSums:
    return UnitSums(
        units=int(cell["units"]),
        both=_square(cell, "g", k),
        with_rows=tuple(float(cell[f"g_{i}"]) for i in range(k)),
        rows=float(cell["g_rows"]),
    )


def _square(cell: dict[str, Any], name: str, k: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(cell[f"{name}_{min(i, j)}_{max(i, j)}"]) for j in range(k)) for i in range(k))
