# SPDX-License-Identifier: BSD-3-Clause
"""crowfly itself, through its functions; predictions of one row through its estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.competitors.base import Competitor, Method
from bench.competitors.estimators import predictor
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


def _ridge(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y, alpha = problem.arrays["X"], problem.arrays["y"], problem.parameters["alpha"]

    def fit(_setting: float | None) -> Any:
        result = crowfly.lstsq(X, y, alpha=alpha)
        return result.coef, result.intercept, {"reads of X": result.n_reads, "method": result.method}

    return fit


def _standard_errors(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y = problem.arrays["X"], problem.arrays["y"]
    intercept = bool(problem.parameters.get("intercept", True))

    def fit(_setting: float | None) -> Any:
        result = crowfly.ols(X, y, intercept=intercept)
        return result.params, result.std_error

    return fit


def _lasso(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y, alphas = problem.arrays["X"], problem.arrays["y"], [problem.parameters["alpha"]]

    def fit(_setting: float | None) -> Any:
        result = crowfly.lasso_path(X, y, alphas=alphas)
        notes = {"bound on the gap": float(result.dual_gaps[0])}
        return result.coefs[:, 0], result.intercepts[0], notes

    return fit


def _path(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y, ratio = problem.arrays["X"], problem.arrays["y"], problem.parameters["l1_ratio"]
    n_alphas = problem.parameters["n_alphas"]

    def fit(_setting: float | None) -> Any:
        return crowfly.enet_path(X, y, l1_ratio=ratio, eps=1e-3, alphas=n_alphas).coefs.T

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


def _logistic_l1(problem: Problem) -> Callable[[float | None], Any]:
    import crowfly

    X, y, alpha = problem.arrays["X"], problem.arrays["y"], problem.parameters["alpha"]

    def fit(setting: float | None) -> Any:
        options: dict[str, Any] = {} if setting is None else {"tol": setting}
        result = crowfly.logistic(X, y, alpha=alpha, l1_ratio=1.0, intercept=False, **options)
        notes = {"reads of X": result.n_reads, "bound on the gap": result.optimality_gap / result.objective}
        return result.coef, None, notes

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
            "ridge": Method(_ridge),
            "standard errors": Method(_standard_errors),
            "standard errors, exact": Method(_standard_errors),
            "lasso": Method(_lasso),
            "elastic-net path": Method(_path),
            "logistic regression": Method(_logistic, settings=(1e-4, 1e-6, 1e-8, 1e-10, 1e-12)),
            "logistic regression, exact": Method(_logistic),
            "one-row prediction": Method(predictor("crowfly")),
            "L1 logistic regression": Method(_logistic_l1, settings=(1e-4, 1e-6, 1e-8, 1e-10, 1e-12)),
        },
        threads="its own pool: OMP_NUM_THREADS and CPU affinity",
        objective="as stated by the task",
    ),
)
