# SPDX-License-Identifier: BSD-3-Clause
"""Intel's extension for scikit-learn (oneDAL)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.competitors.base import Competitor, Method, ladder, trees_decline
from bench.competitors.estimators import MAX_ITER, fitter, searcher
from bench.tasks import Problem


def _limit_threads(threads: int) -> None:
    import daal4py

    daal4py.daalinit(threads)


def _nearest(algorithm: str) -> Callable[[Problem], Any]:
    def make(problem: Problem) -> Any:
        from sklearnex.neighbors import NearestNeighbors

        return NearestNeighbors(n_neighbors=problem.parameters["k"], algorithm=algorithm)

    return make


def _limited(start: Callable[[Problem], Callable[[float | None], Any]]) -> Callable[[Problem], Any]:
    def limited(problem: Problem) -> Callable[[float | None], Any]:
        _limit_threads(problem.threads)
        return start(problem)

    return limited


def _linear(problem: Problem, _setting: float | None) -> Any:
    from sklearnex.linear_model import LinearRegression

    return LinearRegression(fit_intercept=bool(problem.parameters.get("intercept", True)))


def _ridge(problem: Problem, _setting: float | None) -> Any:
    from sklearnex.linear_model import Ridge

    return Ridge(alpha=problem.parameters["alpha"])


def _logistic(problem: Problem, setting: float | None) -> Any:
    from sklearnex.linear_model import LogisticRegression

    options: dict[str, Any] = {} if setting is None else {"tol": setting, "max_iter": MAX_ITER}
    return LogisticRegression(C=1 / problem.parameters["alpha"], solver="lbfgs", **options)


def _lasso(problem: Problem, setting: float | None) -> Any:
    # The extension patches scikit-learn with this class and does not export it.
    from daal4py.sklearn.linear_model import Lasso

    return Lasso(problem.parameters["alpha"], tol=1e-4 if setting is None else setting, max_iter=MAX_ITER)


def _competitor(name: str, methods: dict[str, Method], objective: str = "") -> Competitor:
    return Competitor(
        name=f"sklearnex {name}".strip(),
        package="scikit-learn-intelex",
        module="sklearnex",
        methods=methods,
        threads="daal4py.daalinit(threads)",
        objective=objective,
    )


COMPETITORS = (
    _competitor("brute", {"neighbours": Method(_limited(searcher(_nearest("brute"))))}),
    _competitor(
        "kd_tree",
        {"neighbours": Method(_limited(searcher(_nearest("kd_tree"))), declines=trees_decline)},
    ),
    _competitor(
        "",
        {
            "least squares": Method(_limited(fitter(_linear))),
            "least squares, exact": Method(_limited(fitter(_linear))),
            "ridge": Method(_limited(fitter(_ridge))),
            "logistic regression": ladder(_limited(fitter(_logistic))),
            "lasso": ladder(_limited(fitter(_lasso))),
        },
        "as scikit-learn's; lbfgs",
    ),
)
