"""The gaps of the runs over time: one row of points with intervals for each gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.records.words import GAPS
from mlstrat_plugin.report.charts import THEMES, themed_svgs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mlstrat_plugin.records.runs import History, PastRun

# Okabe and Ito's palette; each gap has its own row and name as well.
COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7")
ROW_INCHES, WIDTH_INCHES = 1.5, 8


def history_svgs(record: History) -> dict[str, bytes]:
    """Return the picture by theme; runs from the oldest to the newest."""
    return themed_svgs(lambda: history_figure(record))


def history_figure(record: History) -> Figure:
    """Return the picture as a figure: a row for each gap that any run has, all with one scale."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    runs = record.runs[::-1]
    merged = sorted({name for run in runs for name in run.gaps if name not in GAPS})
    names = [name for name in (*GAPS, *merged) if any(name in run.gaps for run in runs)]
    colours = THEMES["light"]
    height = ROW_INCHES * max(1, len(names)) + 0.8
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=96, facecolor=colours["paper"], layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(max(1, len(names)), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for place, (axes, name) in enumerate(zip(rows, names, strict=False)):
        _gap(axes, runs, name, COLOURS[place % len(COLOURS)])
    for axes in rows:
        _frame(axes, colours)
    figure.supylabel("gap, with joint interval", color=colours["ink"], fontsize=10)
    labels = [f"{run.started}\n{run.name[:16]}{' *' if run.champion else ''}" for run in runs]
    rows[-1].set_xticks(range(len(runs)), labels, color=colours["ink"], fontsize=8, rotation=30, ha="right")
    return figure


def _gap(axes: Axes, runs: tuple[PastRun, ...], name: str, colour: str) -> None:
    places = [place for place, run in enumerate(runs) if name in run.gaps]
    values, lows, highs = zip(*(runs[place].gaps[name] for place in places), strict=True)
    below = [value - low for value, low in zip(values, lows, strict=True)]
    above = [high - value for value, high in zip(values, highs, strict=True)]
    axes.plot(places, values, color=colour, linewidth=1, alpha=0.5)
    axes.errorbar(places, values, yerr=[below, above], fmt="o", color=colour, capsize=4, linewidth=1.4)
    axes.set_title(name, loc="left", fontsize=10, color=THEMES["light"]["ink"])


def _frame(axes: Axes, colours: dict[str, str]) -> None:
    axes.set_facecolor(colours["paper"])
    axes.axhline(0, color=colours["soft"], linewidth=0.8)
    axes.tick_params(colors=colours["ink"], length=0)
    axes.margins(x=0.05)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours["soft"])
