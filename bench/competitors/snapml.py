# SPDX-License-Identifier: BSD-3-Clause
"""Snap ML: coordinate descent in the dual (L2) or the primal (L1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.competitors.base import Competitor, ladder, two_classes_only
from bench.competitors.estimators import MAX_ITER
from bench.tasks import Problem

#: Value of the column that stands for the intercept: its share of the penalty falls with the square, and so does the speed of convergence with the value.
INTERCEPT_SCALING = 10.0


def _logistic(penalty: str, intercept: bool) -> Callable[[Problem], Callable[[float | None], Any]]:
    def start(problem: Problem) -> Callable[[float | None], Any]:
        from snapml import LogisticRegression

        X, y = problem.arrays["X"], problem.arrays["y"]

        def fit(setting: float | None) -> Any:
            model = LogisticRegression(
                regularizer=problem.parameters["alpha"],
                penalty=penalty,
                dual=penalty == "l2",
                fit_intercept=intercept,
                intercept_scaling=INTERCEPT_SCALING,
                tol=setting,
                max_iter=MAX_ITER,
                n_jobs=problem.threads,
                random_state=0,
            ).fit(X, y)
            # What it calls intercept_ is the coefficient of that column.
            return model.coef_, INTERCEPT_SCALING * model.intercept_ if intercept else 0.0

        return fit

    return start


COMPETITORS = (
    Competitor(
        name="snapml",
        package="snapml",
        module="snapml",
        methods={
            "logistic regression": ladder(_logistic("l2", True), declines=two_classes_only, grid_only=True),
            "L1 logistic regression": ladder(_logistic("l1", False)),
        },
        threads="n_jobs",
        objective="regularizer = alpha; intercept_scaling = 10 leaves a hundredth of the penalty on the intercept",
    ),
)
