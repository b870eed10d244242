# SPDX-License-Identifier: BSD-3-Clause
"""crowfly itself, through its functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.competitors.base import Competitor, Method
from bench.tasks import Problem


def _neighbors(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    points, queries, k = problem.arrays["points"], problem.arrays["queries"], problem.parameters["k"]

    def search(_setting: float | None) -> Any:
        distances, indices = crowfly.nearest(queries, points, k)
        return indices, distances

    return search


def _least_squares(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y = problem.arrays["X"], problem.arrays["y"]
    intercept = bool(problem.parameters.get("intercept", True))

    def fit(_setting: float | None) -> Any:
        result = crowfly.lstsq(X, y, intercept=intercept)
        return result.coef, result.intercept, {"reads of X": result.n_reads, "method": result.method}

    return fit


def _logistic(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y, alpha = problem.arrays["X"], problem.arrays["y"], problem.parameters["alpha"]
    intercept = bool(problem.parameters.get("intercept", True))

    def fit(setting: float | None) -> Any:
        options: dict[str, Any] = {} if setting is None else {"tol": setting}
        result = crowfly.logistic(X, y, alpha=alpha, intercept=intercept, **options)
        notes = {"reads of X": result.n_reads, "bound on the gap": result.optimality_gap / result.objective}
        return result.coef, result.intercept, notes

    return fit


COMPETITORS = (
    Competitor(
        name="crowfly",
        package="crowfly",
        module="crowfly",
        methods={
            "neighbours": Method(_neighbors),
            "least squares": Method(_least_squares),
            "least squares, exact": Method(_least_squares),
            "logistic regression": Method(_logistic, settings=(1e-4, 1e-6, 1e-8, 1e-10, 1e-12)),
            "logistic regression, exact": Method(_logistic),
        },
        threads="its own pool: OMP_NUM_THREADS and CPU affinity",
        objective="as stated by the task",
    ),
)
