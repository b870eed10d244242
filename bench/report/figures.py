# SPDX-License-Identifier: BSD-3-Clause
"""The plots, as SVG to be put inside a page.

Colours are placeholders that become CSS variables, so that the page's light or dark theme decides; text stays text. The placeholders
and the style are those of the report on a table, `crowfly.report.figures`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.report import formatting, wording
from bench.report.growth import Curve, Point, Sweep
from bench.report.rows import OURS

INK, MUTED, GRID = "#010101", "#020202", "#030303"
OURS_COLOUR = "#040404"
PEERS = ("#050505", "#060606", "#070707", "#080808", "#090909", "#0a0a0a")
CSS_COLOURS = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--rule)",
    OURS_COLOUR: "var(--ours)",
    **{colour: f"var(--peer-{index})" for index, colour in enumerate(PEERS, 1)},
}
# Cycles of different lengths: together they tell more libraries apart than there are.
DASHES = ("-", "--", ":", "-.")
MARKERS = ("s", "^", "D", "v", "P", "X", "<")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "crowfly",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 10,
}
SIZE = (4.9, 3.9)


@dataclass(frozen=True)
class Plot:
    """One drawing: SVG markup, what it shows for those who can't see it, and its caption."""

    svg: str
    alt: str
    caption: str


def draw_sweep(sweep: Sweep, libraries: list[str], prefix: str) -> list[Plot]:
    """Draw time against the axis, and memory if there is any.

    Parameters
    ----------
    sweep : Sweep
    libraries : list of str
        All competitors of the run, so that each keeps its colour from plot to plot.
    prefix : str
        Makes the names inside the SVG unique on the page.
    """
    time = [(curve, curve.time) for curve in sweep.curves]
    memory = [(curve, curve.memory) for curve in sweep.curves if curve.memory]
    plots = [_plot(sweep, time, libraries, ("time of a call", "Time", f"{prefix}-time"))]
    if memory:
        plots.append(_plot(sweep, memory, libraries, ("peak memory, MiB", "Peak memory", f"{prefix}-memory")))
    return plots


def _plot(
    sweep: Sweep,
    series: list[tuple[Curve, tuple[Point, ...]]],
    libraries: list[str],
    names: tuple[str, str, str],
) -> Plot:
    label, caption, identity = names
    show = formatting.seconds if identity.endswith("time") else formatting.count
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        lines = []
        # crowfly last, so that it lies on top.
        for curve, points in reversed(series):
            x, y = zip(*points, strict=True)
            lines.append(axes.plot(x, y, **_look(curve.library, libraries))[0])
        axes.set_xscale("log")
        axes.set_yscale("log")
        heights = [y for _, points in series for _, y in points]
        axes.set_ylim(*_limits(heights))
        _logarithmic(axes.xaxis, [x for _, points in series for x, _ in points], _tick)
        _logarithmic(axes.yaxis, heights, lambda y: _short(show(y)))
        axes.set_xlabel(_escape(wording.axis(sweep.axis)))
        axes.set_ylabel(label)
        figure.legend(
            lines[::-1],
            [_escape(curve.library) for curve, _ in series],
            loc="outside upper left",
            ncols=3,
            handlelength=1.8,
            columnspacing=1.2,
        )
        buffer = io.StringIO()
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    shown = wording.sweep_name(sweep, several=True)
    return Plot(
        _inline(buffer.getvalue(), identity),
        f"{caption} against {wording.axis(sweep.axis)}, {shown}: {len(series)} libraries; the table has the exponents.",
        f"{caption} against {wording.axis(sweep.axis)}, both on logarithmic axes: the slope is the exponent.",
    )


def _limits(values: list[float]) -> tuple[float, float]:
    """At least a decade, so that what hardly changes looks as flat as it is."""
    low, high = min(values), max(values)
    factor = max(1.2, (10 * low / high) ** 0.5)
    return low / factor, high * factor


def _logarithmic(axis: Axis, values: list[float], show: Callable[[float], str]) -> None:
    """Ticks at powers of ten, and at 2 and 5 between them where there would be too few."""
    narrow = max(values) < 50 * min(values)
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    axis.set_minor_formatter(NullFormatter())


def _look(library: str, libraries: list[str]) -> dict[str, Any]:
    if library == OURS:
        return {"color": OURS_COLOUR, "marker": "o", "linewidth": 2.6, "markersize": 6}
    index = libraries.index(library)
    return {
        "color": PEERS[index % len(PEERS)],
        "marker": MARKERS[index % len(MARKERS)],
        "linewidth": 1.3,
        "markersize": 5,
        "markerfacecolor": "none",
        "linestyle": DASHES[index // len(PEERS) % len(DASHES)],
    }


def _tick(value: float) -> str:
    for factor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{suffix}"
    return f"{value:g}"


def _short(text: str) -> str:
    """No zeros after the point: ticks are round."""
    return re.sub(r"\.0+(?=\D|$)", "", text)


def _escape(text: str) -> str:
    return text.replace("$", r"\$")


def _inline(svg: str, name: str) -> str:
    """Make a stand-alone SVG fit for a page: no prolog, no fixed size, ids of its own, colours of the page."""
    svg = svg[svg.index("<svg") :]
    opening, rest = svg.split(">", 1)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    svg = f"{opening}>{rest}"
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    svg = svg.replace("<svg", '<svg aria-hidden="true"', 1)
    for placeholder, variable in CSS_COLOURS.items():
        svg = svg.replace(placeholder, variable)
    return svg
