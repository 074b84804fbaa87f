"""Tallies of every kind, drawn at random: all that a diagnosis can save."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.composites import SliceTally, TaskTally
from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.finite import FiniteTally
from mlstrat_plugin.core.estimates.human_level import Declared, RaterGroups
from mlstrat_plugin.core.estimates.losses import POWERS, LossTally
from mlstrat_plugin.core.estimates.rated import RatedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.scorers import BalancedError, Function, MacroF1, Scorer
from mlstrat_plugin.errors import EstimateError


def accuracy_error(counts: np.ndarray, _labels: tuple[Any, ...]) -> float:
    return float(1 - counts.trace() / counts.sum())


FUNCTION = Function(call=accuracy_error, name="project.metrics.accuracy_error", draws=300)


def ratio_of(rows: list[tuple[float, float]], *, kind: str, grouped: bool = False) -> RatioTally:
    """Return the tally of units, each given as its part of an error and its weight."""
    a, b = np.array(rows, dtype=float).T
    sums = {"a": a.sum(), "b": b.sum(), "aa": (a * a).sum(), "ab": (a * b).sum(), "bb": (b * b).sum()}
    plain = {name: float(value) for name, value in sums.items()}
    most = float(b.max())
    return RatioTally(
        n=len(rows),
        units=len(rows),
        **plain,
        row_bb=plain["bb"],
        grouped=grouped,
        kind=kind,
        top_weight=most,
        top_rows=int((b == most).sum()),
    )


def losses_of(units: list[list[float]]) -> LossTally:
    """Return the tally of groups of rows, each given as its losses."""
    a, b = np.array([sum(unit) for unit in units]), np.array([float(len(unit)) for unit in units])
    sums = {name: float((a ** name.count("a") * b ** name.count("b")).sum()) for name in POWERS}
    return LossTally(n=int(b.sum()), units=len(units), grouped=True, largest=float(b.max()), **sums)


def tasks_of(units: list[list[tuple[int, int]]], *, grouped: bool) -> TaskTally:
    """Return the tally of two tasks from units of rows; a row is 0 or 1 for each task, or -1 without a label."""
    rows = [np.array(unit) for unit in units]
    wrong = np.array([(unit == 1).sum(axis=0) for unit in rows], dtype=float)
    labelled = np.array([(unit >= 0).sum(axis=0) for unit in rows], dtype=float)
    sizes = np.array([(unit >= 0).any(axis=1).sum() for unit in rows], dtype=float)
    square = {"aa": wrong.T @ wrong, "ab": wrong.T @ labelled, "bb": labelled.T @ labelled}
    return TaskTally(
        tasks=("pedestrian", "car"),
        n=int(sizes.sum()),
        units=len(units),
        a=tuple(wrong.sum(axis=0).tolist()),
        b=tuple(labelled.sum(axis=0).tolist()),
        **{name: tuple(tuple(row) for row in value.tolist()) for name, value in square.items()},
        nn=float((sizes**2).sum()),
        grouped=grouped,
    )


def has_estimate(tally: Any) -> bool:
    try:
        tally.estimate()
    except EstimateError:
        return False
    return True


def _matrix(rows: list[tuple[Any, Any]], scorer: Scorer) -> ConfusionTally:
    return ConfusionTally(parts={"": dict(Counter(rows))}, scorer=scorer)


counts = st.integers(1, 5000).flatmap(lambda n: st.builds(lambda k: ErrorTally(wrong=k, n=n), st.integers(0, n)))
groups = st.lists(
    st.integers(1, 40).flatmap(lambda n: st.builds(lambda k: RatioTally.group(wrong=k, n=n), st.integers(0, n))),
    min_size=2,
    max_size=20,
).map(lambda parts: reduce(add, parts))
_weights = st.lists(st.tuples(st.booleans(), st.floats(1e-3, 1e3)), min_size=2, max_size=30).map(
    lambda rows: [(weight if wrong else 0.0, weight) for wrong, weight in rows]
)
_loss = st.floats(0, 50)
_labels = st.sampled_from([0, 1, 7, "cat", "dog", True, 0.5])
_pairs = st.lists(st.tuples(_labels, _labels), min_size=2, max_size=60)
_cells = st.dictionaries(st.tuples(_labels, _labels), st.integers(1, 50), min_size=1, max_size=8)
_task_rows = st.lists(st.tuples(*[st.integers(-1, 1)] * 2), min_size=1, max_size=6)
_names = st.sampled_from(["day", "night", "rain", "ø"])

TALLIES: dict[str, st.SearchStrategy[Any]] = {
    "errors": counts,
    "groups": groups,
    "weights": _weights.map(lambda rows: ratio_of(rows, kind="weights")),
    "weights of groups": _weights.map(lambda rows: ratio_of(rows, kind="weights", grouped=True)),
    "f1": st.lists(st.booleans(), min_size=1).map(
        lambda wrong: ratio_of([(float(w), 1.0) for w in wrong], kind="f-star")
    ),
    "losses": st.lists(_loss, min_size=3, max_size=40).map(LossTally.of),
    "losses of groups": st.lists(st.lists(_loss, min_size=1, max_size=5), min_size=3, max_size=20).map(losses_of),
    "tasks": st.lists(_task_rows.map(lambda rows: rows[:1]), min_size=3).map(
        lambda rows: tasks_of(rows, grouped=False)
    ),
    "tasks of groups": st.lists(_task_rows, min_size=3).map(lambda rows: tasks_of(rows, grouped=True)),
    "mean over slices": st.dictionaries(_names, counts, min_size=1).map(lambda p: SliceTally(parts=p, rule="mean")),
    "worst of grouped slices": st.dictionaries(_names, groups, min_size=1).map(
        lambda p: SliceTally(parts=p, rule="worst", shared_groups=True)
    ),
    "macro-f1": _pairs.map(lambda rows: _matrix(rows, MacroF1())),
    "balanced": _pairs.map(lambda rows: _matrix(rows, BalancedError())),
    "balanced of groups": st.dictionaries(st.sampled_from(["00", "7f", "a3", "ff"]), _cells, min_size=2).map(
        lambda parts: ConfusionTally(parts=parts, scorer=BalancedError())
    ),
    "function": _pairs.map(lambda rows: _matrix(rows, FUNCTION)),
    "declared error": st.floats(0, 1).map(Declared),
    "declared loss": st.floats(0, 1e6).map(lambda loss: Declared(loss, is_rate=False)),
    "rated": st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from([0.0, 0.5, 1.0])), min_size=1
    ).map(RatedTally.of),
    "all rows": counts.map(lambda tally: FiniteTally(part=tally, population=tally.n)),
    "a sample of rows": groups.map(lambda tally: FiniteTally(part=tally, population=3 * tally.n)),
    "a sample of losses": st.lists(_loss, min_size=3, max_size=40).map(
        lambda losses: FiniteTally(part=LossTally.of(losses), population=2 * len(losses))
    ),
    "a sample for a function": _pairs.map(
        lambda rows: FiniteTally(part=_matrix(rows, FUNCTION), population=5 * len(rows))
    ),
    "best raters": st.dictionaries(_names, counts, min_size=1).map(lambda g: RaterGroups(groups=g, proxy="best")),
    "named raters": groups.map(lambda tally: RaterGroups(groups={"team": tally, "nurse": tally}, proxy="team")),
}
