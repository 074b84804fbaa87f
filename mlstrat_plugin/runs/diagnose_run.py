"""Diagnose a run that some training code logged: its errors and rows are read, the diagnosis is added to it."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING

from mlstrat_plugin.core.diagnosis.diagnose import Rung, diagnose_ladder
from mlstrat_plugin.core.estimates.human_level import Declared
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError, did_you_mean, listed, shown
from mlstrat_plugin.records.words import LADDER, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.adapters.tracking import Run
    from mlstrat_plugin.records.diagnosis import Diagnosis

COMPLEMENT = re.compile(r"^\s*1\s*-\s*(.+?)\s*$")  # "1 - val_acc": an accuracy as an error


def ladder_of(
    logged: Run, errors: Mapping[str, str | float] | None = None, rows: Mapping[str, str | int] | None = None
) -> dict[str, Rung]:
    """Return the ladder that a run logged.

    Parameters
    ----------
    logged : Run
        Metrics and params of the run.
    errors : mapping of str to str or float, optional
        For each rung the metric that holds its error, ``1 - name`` for an accuracy, or a number that is declared and
        taken as exact. Without it ``error/human``, ``error/train`` and so on are read where they are.
    rows : mapping of str to str or int, optional
        For each rung its rows, or the metric or param that holds them; ``rows/train`` and so on by default.

    Raises
    ------
    EstimateError
        A rung is unknown, a metric is not there, not a number in 0..1, or its rows are not known; all are named.
    """
    wanted = dict(errors) if errors is not None else {r: f"error/{r}" for r in LADDER if f"error/{r}" in logged.metrics}
    ladder: dict[str, Rung] = {}
    problems = [f"{shown(rung)} is not a rung{did_you_mean(rung, LADDER)}" for rung in wanted if rung not in LADDER]
    for rung in (rung for rung in LADDER if rung in wanted):
        try:
            ladder[rung] = _rung(rung, wanted[rung], (rows or {}).get(rung, f"rows/{rung}"), logged)
        except EstimateError as error:
            problems.append(f"{rung}: {error.message}")
    if problems:
        raise EstimateError(
            listed(problems),
            hint="name the metrics: errors={'dev': '1 - val_acc'}, rows={'dev': 2500}",
        )
    return ladder


def _rung(rung: str, source: str | float, rows: str | int, logged: Run) -> Rung:
    if isinstance(source, (int, float)):
        return Declared(float(source))
    complement = COMPLEMENT.match(source)
    name = complement.group(1) if complement else source
    if name not in logged.metrics:
        raise EstimateError(f"the run has no metric {shown(name)}{did_you_mean(name, logged.metrics)}")
    value = logged.metrics[name]
    error = 1 - value if complement else value
    if not (isfinite(value) and -1e-9 <= error <= 1 + 1e-9):
        raise EstimateError(f"{source} is {value!r}, which makes no error in 0..1")
    n = _rows(rung, rows, logged)
    return ErrorTally(wrong=min(max(round(error * n), 0), n), n=n)


def _rows(rung: str, rows: str | int, logged: Run) -> int:
    """Return a number of rows, as given or as logged under a name."""
    text = rows
    if isinstance(rows, str):
        if rows not in logged.metrics and rows not in logged.params:
            raise EstimateError(f"its rows are not known: the run has no {shown(rows)}; give rows={{{rung!r}: ...}}")
        text = logged.metrics.get(rows, logged.params.get(rows, ""))  # type: ignore[assignment]  # a number or a text
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not (isfinite(number) and number >= 1 and number.is_integer()):
        raise EstimateError(f"{shown(text)} is not a number of rows from 1 on")
    return int(number)


def diagnose_run(
    run_id: str,
    *,
    errors: Mapping[str, str | float] | None = None,
    rows: Mapping[str, str | int] | None = None,
    uri: str | None = None,
    settings: Settings | None = None,
    patience: float = 15.0,
) -> tuple[Diagnosis, str]:
    """Diagnose a run from what it logged; return the diagnosis and the tracking URI that was used.

    Raises
    ------
    RunError
        The run is not there, or is deleted.
    TrackingError
        The server failed.
    EstimateError
        The run's metrics make no ladder.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import Reader

    address = resolve_uri(uri)
    logged = Reader(address, patience).get_run(run_id, "this call")
    return diagnose_ladder(ladder_of(logged, errors, rows), settings or Settings()), address
