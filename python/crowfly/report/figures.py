# SPDX-License-Identifier: BSD-3-Clause
"""The plots, as SVG to be put inside a page.

Colours are placeholders that become CSS variables, so that the page's light or dark theme decides; text stays text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from crowfly.report.selection import ValidationCurve
from crowfly.report.study import Report

INK, MUTED, GRID = "#010101", "#020202", "#030303"
TRAINING, TEST, LAW = "#040404", "#050505", "#060606"
CSS_COLOURS = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--rule)",
    TRAINING: "var(--training)",
    TEST: "var(--test)",
    LAW: "var(--law)",
}
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
    "legend.fontsize": 10.5,
}
SIZE = (4.7, 3.5)


@dataclass(frozen=True)
class Plot:
    """One drawing: SVG markup, what it shows for those who can't see it, and its caption."""

    svg: str
    alt: str
    caption: str


def draw_all(report: Report) -> dict[str, list[Plot]]:
    """Draw every plot of the page, by section: ``risk``, ``choice``, ``features``, ``points``."""
    with mpl.rc_context(STYLE):
        return {
            "risk": [_risk_plot(report)],
            "choice": [_choice_plot(report, curve) for curve in report.curves],
            "features": [_features_distance(report), _features_risk(report)],
            "points": [_points_distance(report), _points_risk(report)],
        }


def _draw(name: str, size: tuple[float, float], paint: Callable[[Axes], None]) -> str:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    paint(axes)
    figure.legend(loc="outside upper left", ncols=2, handlelength=1.4)
    buffer = io.StringIO()
    figure.savefig(
        buffer,
        format="svg",
        transparent=True,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    return _inline(buffer.getvalue(), name)


def _inline(svg: str, name: str) -> str:
    """Make a stand-alone SVG fit for a page: no prolog, no fixed size, ids of its own, colours of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*" width="[^"]*"',
        r"\1\2",
        svg,
        count=1,
    )
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    svg = svg.replace("<svg", '<svg aria-hidden="true"', 1)
    for placeholder, variable in CSS_COLOURS.items():
        svg = svg.replace(placeholder, variable)
    return svg


def _risk_label(report: Report) -> str:
    return "risk: wrong classes, %" if report.problem.kind == "classification" else "risk: mean squared error"


def _scaled(report: Report, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 100 * values if report.problem.kind == "classification" else values


def _log_axis(axes: Axes, ticks: NDArray[np.int64]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _risk_plot(report: Report) -> Plot:
    results = report.results
    rows = np.arange(len(results))[::-1]
    training = _scaled(report, np.array([r.training for r in results]))
    test, low, high = _scaled(report, np.array([[r.test.value, r.test.low, r.test.high] for r in results]).T)

    def paint(axes: Axes) -> None:
        axes.hlines(rows, training, test, color=MUTED, linewidth=1.2)
        axes.errorbar(
            test,
            rows,
            xerr=[test - low, high - test],
            fmt="o",
            color=TEST,
            capsize=3,
            label="test, 95 % interval",
        )
        axes.plot(
            training, rows, "o", color=TRAINING, markerfacecolor="none", markeredgewidth=1.6, label="training"
        )
        trivial = float(_scaled(report, np.array(report.trivial.value)))
        if trivial < 4 * high.max():
            axes.axvline(trivial, color=LAW, linestyle="--", label="trivial predictor")
        axes.set_yticks(rows, [r.name for r in results])
        axes.set_ylim(-0.6, len(results) - 0.4)
        axes.set_xlim(left=min(0.0, float(low.min())))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(_risk_label(report))

    return Plot(
        _draw("risk", (4.7, 1.4 + 0.42 * len(results)), paint),
        "Training and test risk of each model with the interval of the test risk; the table above has the numbers.",
        "Training risk (hollow) and test risk (filled). The line between them is the generalisation gap."
        + (
            ""
            if report.trivial.value < 4 * max(r.test.high for r in results)
            else " The trivial predictor lies far to the right."
        ),
    )


def _choice_plot(report: Report, curve: ValidationCurve) -> Plot:
    def paint(axes: Axes) -> None:
        axes.plot(
            curve.values,
            _scaled(report, curve.training),
            "o--",
            color=TRAINING,
            markerfacecolor="none",
            label="fitted points",
        )
        axes.plot(
            curve.values, _scaled(report, curve.validation), "o-", color=TEST, label="validation points"
        )
        axes.axvline(curve.chosen, color=LAW, linestyle=":", label=f"chosen: {curve.chosen:g}")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(bottom=0)
        names = {"k": "number of neighbours k", "alpha": "penalty alpha"}
        axes.set_xlabel(names[curve.parameter])
        axes.set_ylabel(_risk_label(report))

    captions = {
        "k": "k-NN: a small k follows every point (left: low risk on the points fitted), a large k averages "
        "everything away (right: both risks high). Validation finds the place between.",
        "alpha": "Ridge: the penalty pulls the coefficients to 0. On the right it is so strong that the model can't "
        "follow the data any more.",
    }
    return Plot(
        _draw(f"choice-{curve.parameter}", SIZE, paint),
        f"Risk on fitted and on validation points against {curve.parameter}; smallest allowed at {curve.chosen:g}.",
        captions[curve.parameter],
    )


def _band(axes: Axes, sizes: NDArray[np.int64], values: NDArray[np.float64], label: str) -> None:
    mean = values.mean(axis=1)
    axes.fill_between(sizes, values.min(axis=1), values.max(axis=1), color=TEST, alpha=0.18, linewidth=0)
    axes.plot(sizes, mean, "o-", color=TEST, label=label)


def _features_distance(report: Report) -> Plot:
    measured = report.curse_by_features

    def paint(axes: Axes) -> None:
        _band(axes, measured.sizes, measured.distance, "these data")
        axes.plot(
            measured.sizes, measured.law, "s--", color=LAW, markerfacecolor="none", label="law $n^{-1/d}$"
        )
        _log_axis(axes, measured.sizes)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("number of features used, d")
        axes.set_ylabel("nearest / typical distance")

    return Plot(
        _draw("features-distance", SIZE, paint),
        f"Relative distance to the nearest neighbour rises from {measured.distance[0].mean():.2f} to "
        f"{measured.distance[-1].mean():.2f} as features are added; the law ends at {measured.law[-1]:.2f}.",
        "Distance to the nearest neighbour as a share of the distance between two random points. "
        "At 1 the nearest is no nearer than any other. Band: smallest to largest of the draws.",
    )


def _risk_against(
    report: Report, name: str, sizes: NDArray[np.int64], risks: NDArray[np.float64], xlabel: str
) -> str:
    def paint(axes: Axes) -> None:
        _band(axes, sizes, _scaled(report, risks), "1-NN")
        axes.axhline(
            float(_scaled(report, np.array(report.trivial.value))),
            color=LAW,
            linestyle="--",
            label="trivial predictor",
        )
        _log_axis(axes, sizes)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(_risk_label(report))

    return _draw(name, SIZE, paint)


def _features_risk(report: Report) -> Plot:
    measured = report.curse_by_features
    return Plot(
        _risk_against(report, "features-risk", measured.sizes, measured.risk, "number of features used, d"),
        "Test risk of 1-NN against the number of features used; the table has the numbers.",
        "More features bring information and distance at once: the risk falls while the first wins "
        "and rises when the second does.",
    )


def _points_distance(report: Report) -> Plot:
    measured = report.curse_by_points

    def paint(axes: Axes) -> None:
        _band(axes, measured.sizes, measured.distance, "these data")
        if measured.can_fit:
            sizes = measured.sizes.astype(np.float64)
            axes.plot(
                sizes,
                measured.scale * sizes ** (-1 / measured.dimension),
                ":",
                color=INK,
                label=f"fit, {measured.dimension:.1f} dimensions",
            )
            law = measured.distance[0].mean() * (sizes / sizes[0]) ** (-1 / measured.n_features)
            axes.plot(sizes, law, "--", color=LAW, label=f"law, {measured.n_features} independent")
        _log_axis(axes, measured.sizes)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("number of training points, n")
        axes.set_ylabel("nearest / typical distance")

    return Plot(
        _draw("points-distance", SIZE, paint),
        f"Relative distance to the nearest neighbour falls from {measured.distance[0].mean():.2f} to "
        f"{measured.distance[-1].mean():.2f} as points are added.",
        "The same distance against the number of training points, with the fitted power law and the one that as many "
        "independent features would follow.",
    )


def _points_risk(report: Report) -> Plot:
    measured = report.curse_by_points
    return Plot(
        _risk_against(report, "points-risk", measured.sizes, measured.risk, "number of training points, n"),
        "Test risk of 1-NN against the number of training points; the table has the numbers.",
        "The learning curve of 1-NN: what closer neighbours are worth. If it is still falling at the right edge, more "
        "data would help.",
    )
