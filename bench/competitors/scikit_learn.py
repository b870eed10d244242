# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn: every algorithm that it offers for these tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.competitors.base import Competitor, Method, ladder, trees_decline, two_classes_only
from bench.competitors.estimators import MAX_ITER, fitter, predictor, searcher
from bench.results import Fact
from bench.tasks import Problem
from bench.tasks.sparse import path_alphas

THREADS = "n_jobs where it has an effect, OpenMP and BLAS by environment"


def _nearest(algorithm: str) -> Callable[[Problem], Any]:
    def make(problem: Problem) -> Any:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(
            n_neighbors=problem.parameters["k"], algorithm=algorithm, n_jobs=problem.threads
        )

    return make


def _argmin(problem: Problem) -> Callable[[float | None], Any]:
    from sklearn.metrics import pairwise_distances_argmin_min

    points, queries = problem.arrays["points"], problem.arrays["queries"]

    def search(_setting: float | None) -> Any:
        indices, distances = pairwise_distances_argmin_min(queries, points)
        return indices[:, None], distances[:, None]

    return search


def _one_neighbor_only(facts: Mapping[str, Fact]) -> str:
    return "" if facts["k"] == 1 else "it finds one neighbour"


def _linear(problem: Problem, _setting: float | None) -> Any:
    from sklearn.linear_model import LinearRegression

    intercept = bool(problem.parameters.get("intercept", True))
    return LinearRegression(fit_intercept=intercept, n_jobs=problem.threads)


def _ridge_without_penalty(problem: Problem, _setting: float | None) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=0.0, solver="cholesky", fit_intercept=bool(problem.parameters.get("intercept", True)))


def _ridge(problem: Problem, _setting: float | None) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=problem.parameters["alpha"])


def _logistic(solver: str) -> Callable[[Problem, float | None], Any]:
    def make(problem: Problem, setting: float | None) -> Any:
        from sklearn.linear_model import LogisticRegression

        alpha = problem.parameters["alpha"]
        options: dict[str, Any] = {} if setting is None else {"tol": setting, "max_iter": MAX_ITER}
        if solver == "liblinear":
            options["intercept_scaling"] = 1000.0
        return LogisticRegression(
            C=1 / alpha if alpha else float("inf"),
            solver=solver,
            fit_intercept=bool(problem.parameters.get("intercept", True)),
            random_state=0,
            **options,
        )

    return make


def _logistic_l1(solver: str) -> Callable[[Problem, float | None], Any]:
    def make(problem: Problem, setting: float | None) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=1 / problem.parameters["alpha"],
            l1_ratio=1.0,
            solver=solver,
            fit_intercept=False,
            tol=1e-4 if setting is None else setting,
            max_iter=MAX_ITER,
            random_state=0,
        )

    return make


def _lasso(problem: Problem, setting: float | None) -> Any:
    from sklearn.linear_model import Lasso

    n, p = problem.arrays["X"].shape
    return Lasso(
        problem.parameters["alpha"],
        precompute=n > p,
        tol=1e-4 if setting is None else setting,
        max_iter=MAX_ITER,
    )


def _path(problem: Problem) -> Callable[[float | None], Any]:
    from sklearn.linear_model import enet_path

    X, y, ratio = problem.arrays["X"], problem.arrays["y"], problem.parameters["l1_ratio"]

    def fit(setting: float | None) -> Any:
        centred, target = X - X.mean(axis=0), y - y.mean()
        alphas = path_alphas(centred, target, ratio, problem.parameters["n_alphas"])
        tol = 1e-4 if setting is None else setting
        coefs = enet_path(
            centred, target, l1_ratio=ratio, alphas=alphas, tol=tol, max_iter=MAX_ITER, precompute=True
        )[1]
        return coefs.T

    return fit


def _competitor(name: str, methods: dict[str, Method], objective: str = "") -> Competitor:
    return Competitor(
        name=f"scikit-learn {name}".strip(),
        package="scikit-learn",
        module="sklearn",
        methods=methods,
        threads=THREADS,
        objective=objective,
    )


SAME = "C = 1 / alpha, sum of losses, intercept not penalised: the task's own"

COMPETITORS = (
    _competitor("brute", {"neighbours": Method(searcher(_nearest("brute")))}),
    _competitor("argmin", {"neighbours": Method(_argmin, declines=_one_neighbor_only, grid_only=True)}),
    _competitor("kd_tree", {"neighbours": Method(searcher(_nearest("kd_tree")), declines=trees_decline)}),
    _competitor(
        "",
        {
            "least squares": Method(fitter(_linear)),
            "least squares, exact": Method(fitter(_linear)),
            "lasso": ladder(fitter(_lasso)),
            "elastic-net path": ladder(_path),
            "one-row prediction": Method(predictor("sklearn")),
        },
        "LinearRegression, Lasso with a precomputed Gram matrix where rows outnumber columns, enet_path",
    ),
    _competitor(
        "Ridge",
        {
            "least squares": Method(fitter(_ridge_without_penalty)),
            "least squares, exact": Method(fitter(_ridge_without_penalty)),
            "ridge": Method(fitter(_ridge)),
        },
        "least squares: alpha = 0, solver cholesky; ridge: the default, which is cholesky, too, on dense data",
    ),
    _competitor(
        "lbfgs",
        {
            "logistic regression": ladder(fitter(_logistic("lbfgs"))),
            "logistic regression, exact": Method(fitter(_logistic("lbfgs"))),
        },
        SAME,
    ),
    _competitor(
        "newton-cholesky",
        {
            "logistic regression": ladder(fitter(_logistic("newton-cholesky"))),
            "logistic regression, exact": Method(fitter(_logistic("newton-cholesky"))),
        },
        SAME,
    ),
    _competitor(
        "newton-cg", {"logistic regression": ladder(fitter(_logistic("newton-cg")), grid_only=True)}, SAME
    ),
    _competitor(
        "liblinear",
        {
            "logistic regression": ladder(
                fitter(_logistic("liblinear")), declines=two_classes_only, grid_only=True
            ),
            "L1 logistic regression": ladder(fitter(_logistic_l1("liblinear"))),
        },
        "intercept_scaling = 1000 leaves a millionth of the penalty on the intercept",
    ),
    _competitor(
        "saga",
        {
            "logistic regression": ladder(fitter(_logistic("saga")), grid_only=True),
            "L1 logistic regression": ladder(fitter(_logistic_l1("saga")), grid_only=True),
        },
        SAME,
    ),
)
