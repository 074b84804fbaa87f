"""The ladder as a picture: the errors with their intervals, the gaps between them, the verdict above."""

from __future__ import annotations

import re
import warnings
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.wording import STATUS_WORDS, gap_name, percent, problem_name, sentence_start, unit_of
from mlstrat_plugin.records.words import LADDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mlstrat_plugin.records.diagnosis import Diagnosis, GapRecord

# Okabe and Ito's palette, which colour-blind people can tell apart; status is written out as well.
STATUS_COLOURS = {"material": "#D55E00", "unclear": "#E69F00", "ruled-out": "#0072B2", "negative": "#009E73"}
THEMES = {
    "light": {"ink": "#1f2328", "soft": "#8b949e", "paper": "#ffffff"},
    "dark": {"ink": "#e6edf3", "soft": "#6e7681", "paper": "#161b22"},
}


def ladder_png(record: Diagnosis) -> bytes:
    """Return the picture for MLflow: light, as wide as its column, the same bytes for the same record."""
    return _draw(partial(ladder_figure, record), "png", {"Software": None})


def ladder_svgs(record: Diagnosis) -> dict[str, bytes]:
    """Return the picture for the report by theme."""
    return themed_svgs(partial(ladder_figure, record))


def themed_svgs(figure: Callable[[], Figure]) -> dict[str, bytes]:
    """Return a picture by theme: drawn once, the dark one is the light one in other colours."""
    picture = _draw(figure, "svg", {"Date": None, "Creator": None}).decode("utf-8")
    into = {light: THEMES["dark"][part] for part, light in THEMES["light"].items()}
    dark = re.sub("|".join(into), lambda found: into[found.group()], picture)
    return {"light": picture.encode("utf-8"), "dark": dark.encode("utf-8")}


def ladder_figure(record: Diagnosis) -> Figure:
    """Return the picture as a figure of its own, with no state of pyplot behind it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colours = THEMES["light"]
    figure = Figure(figsize=(7.2, 4.2), dpi=96, facecolor=colours["paper"], layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_facecolor(colours["paper"])
    rungs = [rung for rung in LADDER if rung in record.errors]
    _errors(axes, record, rungs, colours)
    for gap in record.gaps.values():
        _gap(axes, record, rungs, gap, _short(record, gap), colours)
    axes.set_title(_title(record), loc="left", color=colours["ink"], fontweight="bold", fontsize=11)
    _frame(axes, rungs, record, colours)
    return figure


def _draw(figure: Callable[[], Figure], kind: str, metadata: dict[str, Any]) -> bytes:
    import matplotlib as mpl

    style: dict[Any, Any] = {"svg.hashsalt": "mlstrat", "font.size": 10, "svg.fonttype": "path"}
    with mpl.rc_context(style), warnings.catch_warnings():
        buffer = BytesIO()
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a box is drawn; the table says the name
        figure().savefig(buffer, format=kind, metadata=metadata, facecolor=THEMES["light"]["paper"])
    return buffer.getvalue()


def _errors(axes: Axes, record: Diagnosis, rungs: list[str], colours: dict[str, str]) -> None:
    unit = unit_of(record.settings.metric, record.settings.unit)
    for x, rung in enumerate(rungs):
        error = record.errors[rung]
        declared = error.n is None
        axes.bar(
            x,
            unit.factor * error.value,
            width=0.42,
            color=colours["paper"] if declared else colours["soft"],
            edgecolor=colours["soft"],
            linestyle="--" if declared else "-",
        )
        low, high = unit.factor * (error.value - error.low), unit.factor * (error.high - error.value)
        height = unit.factor * error.value
        axes.errorbar(x, height, yerr=[[low], [high]], color=colours["ink"], capsize=5, linewidth=1.4)
        axes.annotate(
            unit.error_cell(error.value),
            (x, unit.factor * error.high),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            color=colours["ink"],
        )


def _gap(axes: Axes, record: Diagnosis, rungs: list[str], gap: GapRecord, name: str, colours: dict[str, str]) -> None:
    """Draw the gap as a step between its two bars, coloured and named by status."""
    unit = unit_of(record.settings.metric, record.settings.unit)
    left, right = (rungs.index(rung) for rung in gap.between)
    low, high = (unit.factor * record.errors[rung].value for rung in gap.between)
    middle = (left + right) / 2
    colour = STATUS_COLOURS[gap.status]
    axes.plot([left + 0.21, middle, middle, right - 0.21], [low, low, high, high], color=colour, linewidth=2)
    top = unit.factor * max(record.errors[rung].high for rung in gap.between)
    axes.annotate(
        f"{name}\n{unit.gap(gap.value)} {unit.interval(gap.low, gap.high)}\n{STATUS_WORDS[gap.status]}",
        (middle, top),
        xytext=(0, 22),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=colours["ink"],
        bbox={"boxstyle": "round,pad=0.25", "facecolor": colours["paper"], "edgecolor": colour, "linewidth": 1.6},
    )


def _frame(axes: Axes, rungs: list[str], record: Diagnosis, colours: dict[str, str]) -> None:
    labels = [f"{rung}\n{_rows(record.errors[rung].n)}" for rung in rungs]
    axes.set_xticks(range(len(rungs)), labels, color=colours["ink"])
    unit = unit_of(record.settings.metric, record.settings.unit)
    what = "error" if unit.is_rate else record.settings.metric.replace("_", " ")
    name = f"{what} ({unit.sign.strip()})" if unit.sign else what
    axes.set_ylabel(f"{name}, {percent(record.settings.confidence)} intervals", color=colours["ink"], parse_math=False)
    highest = max(error.high for error in record.errors.values())
    lowest = min(0.0, *(error.low for error in record.errors.values()))
    axes.set_ylim(unit.factor * lowest, max(0.01, 1.3 * highest) * unit.factor * 1.18)
    axes.tick_params(colors=colours["ink"], length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours["soft"])


def _rows(n: int | None) -> str:
    return "declared" if n is None else f"n = {n:,}"


def _short(record: Diagnosis, gap: GapRecord) -> str:
    return next(name for name, known in record.gaps.items() if known is gap)


def _title(record: Diagnosis) -> str:
    """Return the verdict; the most likely largest gap with it, if the verdict names none."""
    if record.diagnosis in record.gaps:
        return f"{sentence_start(problem_name(record.diagnosis))} dominates"
    lean = record.lean
    likeliest = f" (likeliest largest gap: {gap_name(lean.problem)}, {100 * lean.probability:.0f}%)" if lean else ""
    return f"{sentence_start(record.diagnosis)}{likeliest}"
