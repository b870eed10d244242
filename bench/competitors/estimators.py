# SPDX-License-Identifier: BSD-3-Clause
"""Adapters for estimators with scikit-learn's interface, whatever package they come from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from bench.tasks import Problem
from bench.tasks.prediction import PREDICTIONS, fitted

#: Enough that the tolerance decides, not the limit.
MAX_ITER = 20_000


def searcher(make: Callable[[Problem], Any]) -> Callable[[Problem], Callable[[float | None], Any]]:
    """Build and query an estimator with `kneighbors`."""

    def start(problem: Problem) -> Callable[[float | None], Any]:
        points, queries = problem.arrays["points"], problem.arrays["queries"]
        # Made once: importing classes is not part of a search.
        make(problem)

        def search(_setting: float | None) -> Any:
            distances, indices = make(problem).fit(points).kneighbors(queries)
            return indices, distances

        return search

    return start


def predictor(package: str) -> Callable[[Problem], Callable[[float | None], Any]]:
    """Predict for one row with an estimator of "crowfly" or "sklearn" that is fitted before."""

    def start(problem: Problem) -> Callable[[float | None], Any]:
        row = problem.arrays["row"]
        model = fitted(package, problem.arrays, problem.parameters)
        call = getattr(model, PREDICTIONS[problem.parameters["estimator"]].method)

        def predict(_setting: float | None) -> Any:
            return call(row)

        return predict

    return start


def fitter(
    make: Callable[[Problem, float | None], Any],
) -> Callable[[Problem], Callable[[float | None], Any]]:
    """Fit an estimator with `coef_` and `intercept_`; warnings of early stops are silenced, the objective tells."""

    def start(problem: Problem) -> Callable[[float | None], Any]:
        X, y = problem.arrays["X"], problem.arrays["y"]
        make(problem, None)

        def fit(setting: float | None) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = make(problem, setting).fit(X, y)
            return model.coef_, getattr(model, "intercept_", 0.0)

        return fit

    return start
