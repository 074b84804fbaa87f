"""What every metric's sums have in common: moments as a plain loop makes them, and what a metric may leave out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.losses import POWERS
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.tables.scores.answers import wrong_rows
from mlstrat_plugin.tables.scores.sums import MetricSums, loss_moments, second_moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table

    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.sums import Cell, Values
    from tests.unit.tables.scores.scoring import Model

numbers = st.integers(-100, 100).map(float)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20))
def test_moments_are_plain_sums(engine: Engine, pairs: list[tuple[float, float]]) -> None:
    rows = engine.columns(a=[a for a, _ in pairs], b=[b for _, b in pairs])
    sums = {powers: sum(a ** powers.count("a") * b ** powers.count("b") for a, b in pairs) for powers in POWERS}
    (second,) = engine.rows(rows.aggregate(**second_moments(rows.a, rows.b)))
    assert second == {powers: sums[powers] for powers in ("a", "aa", "ab", "bb")}
    (of_groups,) = engine.rows(rows.aggregate(**loss_moments(rows.a, rows.b, grouped=True)))
    assert of_groups == {**sums, "largest": max(b for _, b in pairs)}
    (of_rows,) = engine.rows(rows.aggregate(**loss_moments(rows.a, rows.b, grouped=False)))
    assert of_rows == {powers: sums[powers] for powers in ("a", "aa", "aaa")}


class Wrong(MetricSums):
    """The least that a metric says."""

    def row(self, joined: Table) -> Values:
        return {"a": wrong_rows(joined)}

    def moments(self, units: Table) -> Values:
        return {"a": units.a.sum()}

    def tally(self, cells: Sequence[Cell]) -> ErrorTally:
        return ErrorTally(wrong=sum(int(c["a"]) for c in cells), n=sum(int(c["predicted"]) for c in cells))


@pytest.mark.parametrize("group", [None, "user"])
def test_a_metric_is_of_units_where_rows_come_in_groups(model: Model, group: str | None) -> None:
    sums = Wrong(answered=model.answers(Columns(group=group)))
    assert sums.grouped is sums.sums_units is (group is not None)
    assert sums.keys == ()
    assert not sums.has_heavy_rows


class ByPlace(Wrong):
    """A metric whose cells have a column of their own."""

    @property
    def keys(self) -> tuple[str, ...]:
        return ("place",)


def test_all_that_a_row_brings_is_summed_and_nothing_else(model: Model) -> None:
    sums = ByPlace(answered=model.answers(Columns(group="user")))
    rows = model.engine.columns(
        split=["dev"] * 3, source=["web"] * 3, unit=["u", "u", "v"], n=[1, 1, 1], place=["day"] * 3,
        predicted=[1, 1, 0], a=[1, 0, 0],
    )  # fmt: skip
    summed = sums.sums(rows)
    assert set(summed) == {"predicted", "a"}
    by_unit: list[dict[str, Any]] = model.engine.rows(rows.group_by("unit").agg(**summed).order_by("unit"))
    assert by_unit == [{"unit": "u", "predicted": 2, "a": 1}, {"unit": "v", "predicted": 0, "a": 0}]


def test_a_metric_says_its_row_its_moments_and_its_tally(model: Model) -> None:
    with pytest.raises(TypeError, match="abstract"):
        MetricSums(answered=model.answers())  # type: ignore[abstract]
    assert replace(Wrong(answered=model.answers())).tally([{"a": 1, "predicted": 3}, {"a": 0, "predicted": 2}]).n == 5
