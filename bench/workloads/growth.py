# SPDX-License-Identifier: BSD-3-Clause
"""How cost grows: the same problem along one axis."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from bench.workloads import least_squares, logistic, neighbors
from bench.workloads.base import Workload, suites

#: Enough to see whether a curve is ours or everybody's, few enough for every point to be measured.
PEERS = {
    "neighbours": ("FAISS", "scikit-learn brute", "pykdtree"),
    "least squares": ("scikit-learn", "sklearnex", "numpy"),
    "logistic regression": ("scikit-learn lbfgs", "sklearnex"),
}
FAMILY = "how cost grows"


def _curve(
    sweep: str, axis: str, values: Iterable[int], make: Callable[[int], Workload], name: str | None = None
) -> list[Workload]:
    """Workloads along an axis; `name` where the made name doesn't hold the value."""
    curve = []
    for value in values:
        workload = make(value)
        curve.append(
            dataclasses.replace(
                workload,
                name=f"growth/{axis}/{workload.name}" + (f"/{name}{value}" if name else ""),
                family=FAMILY,
                sweep=sweep,
                axis=axis,
                value=float(value),
                peers=PEERS[workload.task],
            )
        )
    return curve


def _search(n_queries: int, n_points: int, d: int, k: int, distribution: str = "normal") -> Workload:
    shape = (n_queries, n_points, d)
    return neighbors.synthetic_search(distribution, shape, "float32", k, suites("full"))


def _fit(n: int, p: int) -> Workload:
    return least_squares.ordinary(n, p, "float64", 1, suites("full"), "growth")


def _classify(n: int, p: int) -> Workload:
    return logistic.ridge("plain", n, p, "growth", suites("full"))


def _with_threads(workload: Workload, threads: int) -> Workload:
    return dataclasses.replace(workload, threads=threads)


def workloads() -> list[Workload]:
    """All curves."""
    decades = (1_000, 4_000, 16_000, 64_000, 256_000)
    return [
        *_curve("1-NN, 1000 queries, 32 features", "points", decades, lambda n: _search(1_000, n, 32, 1)),
        *_curve(
            "1-NN, 1000 queries, 3 features",
            "points",
            decades,
            lambda n: _search(1_000, n, 3, 1, "uniform"),
        ),
        *_curve(
            "1-NN, 1000 queries, 20k points",
            "features",
            (2, 8, 32, 128, 512),
            lambda d: _search(1_000, 20_000, d, 1),
        ),
        *_curve(
            "k-NN, 1000 queries, 50k points, 32 features",
            "k",
            (1, 4, 16, 64, 256),
            lambda k: _search(1_000, 50_000, 32, k),
        ),
        *_curve(
            "1-NN, 100k points, 32 features",
            "queries",
            (1, 10, 100, 1_000, 10_000),
            lambda m: _search(m, 100_000, 32, 1),
        ),
        *_curve(
            "least squares, 20 columns",
            "rows",
            (1_000, 10_000, 100_000, 1_000_000),
            lambda n: _fit(n, 20),
        ),
        *_curve("least squares, 20k rows", "columns", (8, 32, 128, 512), lambda p: _fit(20_000, p)),
        *_curve(
            "logistic regression, 20 columns",
            "rows",
            (1_000, 10_000, 100_000, 1_000_000),
            lambda n: _classify(n, 20),
        ),
        *_curve(
            "logistic regression, 20k rows",
            "columns",
            (8, 32, 128, 512),
            lambda p: _classify(20_000, p),
        ),
        *_curve(
            "1-NN, 2000 queries, 50k points, 64 features",
            "threads",
            (1, 2),
            lambda t: _with_threads(_search(2_000, 50_000, 64, 1), t),
            name="threads",
        ),
        *_curve(
            "least squares, 500k x 50",
            "threads",
            (1, 2),
            lambda t: _with_threads(_fit(500_000, 50), t),
            name="threads",
        ),
    ]
