# SPDX-License-Identifier: BSD-3-Clause
"""The problems: data, and the check that an answer must pass before it is timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Workload:
    """One named problem.

    Attributes
    ----------
    name, task : str
        `task` is what the competitors' functions are looked up by.
    data : tuple of ndarray
        Arguments of a competitor's function.
    error : callable
        Maps an answer to how wrong it is; what that means is the workload's own affair and said in `unit`.
    """

    name: str
    task: str
    data: tuple[Array, ...]
    error: Callable[[Any], float]
    unit: str


def _neighbors(dtype: type[np.floating], scale: float) -> Workload:
    """Normal data; the error is the share of queries whose neighbour is not the float64 definition's."""
    rng = np.random.default_rng(0)
    n_queries, n_points, d = int(5_000 * scale), int(50_000 * scale), 128
    queries = rng.normal(size=(n_queries, d)).astype(dtype)
    points = rng.normal(size=(n_points, d)).astype(dtype)

    def error(indices: Array) -> float:
        chosen = np.linspace(0, n_queries - 1, 200).astype(int)
        wide = points.astype(np.float64)
        truth = [((wide - queries[i].astype(np.float64)) ** 2).sum(axis=1).argmin() for i in chosen]
        return float(np.mean(indices[chosen] != truth))

    name = f"1-NN {n_queries} x {n_points} x {d} {np.dtype(dtype).name}"
    return Workload(name, "nearest", (queries, points), error, "wrong neighbours")


def _regression(scale: float) -> Workload:
    """Well-conditioned; the error is the relative excess of the residual sum of squares."""
    rng = np.random.default_rng(1)
    n, p = int(1_000_000 * scale), 20
    X = rng.normal(size=(n, p))
    y = X @ rng.normal(size=p) + 1.0 + rng.normal(size=n)
    design = np.column_stack([X, np.ones(n)])
    best = np.linalg.lstsq(design, y, rcond=None)[1][0]

    def error(coef: Array) -> float:
        residual = y - design @ coef
        return float(residual @ residual / best - 1)

    return Workload(f"least squares {n} x {p}", "least_squares", (X, y), error, "relative excess of RSS")


def _classification(scale: float) -> Workload:
    """Overlapping classes, C = 1; the error is the relative excess of the objective over the best seen."""
    rng = np.random.default_rng(2)
    n, p = int(1_000_000 * scale), 20
    X = rng.normal(size=(n, p))
    y = (X @ rng.normal(size=p) / 2 + rng.logistic(size=n) > 0).astype(int)
    sign = 2.0 * y - 1
    best = np.inf

    def error(coef: Array) -> float:
        nonlocal best
        objective = np.logaddexp(0, -sign * (X @ coef[:-1] + coef[-1])).sum() + 0.5 * coef[:-1] @ coef[:-1]
        best = min(best, objective)
        return float(objective / best - 1)

    return Workload(f"logistic {n} x {p}", "logistic", (X, y), error, "relative excess of the objective")


def workloads(scale: float = 1.0) -> list[Workload]:
    """All problems; `scale` multiplies numbers of rows."""
    return [
        _neighbors(np.float32, scale),
        _neighbors(np.float64, scale),
        _regression(scale),
        _classification(scale),
    ]
