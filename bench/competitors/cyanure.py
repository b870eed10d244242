# SPDX-License-Identifier: BSD-3-Clause
"""cyanure: first-order and incremental solvers for penalised risks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.competitors.base import Competitor, ladder
from bench.competitors.estimators import MAX_ITER
from bench.tasks import Problem


def _classifier(penalty: str, intercept: bool) -> Callable[[Problem], Callable[[float | None], Any]]:
    def start(problem: Problem) -> Callable[[float | None], Any]:
        from cyanure.estimators import Classifier

        X, y = problem.arrays["X"], problem.arrays["y"]

        def fit(setting: float | None) -> Any:
            model = Classifier(
                loss="logistic" if y.max() < 2 else "multiclass-logistic",
                penalty=penalty,
                lambda_1=problem.parameters["alpha"] / X.shape[0],
                fit_intercept=intercept,
                tol=setting,
                max_iter=MAX_ITER,
                n_threads=problem.threads,
                verbose=False,
            ).fit(X, y)
            # One column per class.
            return model.coef_.T, model.intercept_ if intercept else 0.0

        return fit

    return start


COMPETITORS = (
    Competitor(
        name="cyanure",
        package="cyanure",
        module="cyanure",
        methods={
            "logistic regression": ladder(_classifier("l2", True), grid_only=True),
            "L1 logistic regression": ladder(_classifier("l1", False)),
        },
        threads="n_threads",
        objective="mean of losses: lambda_1 = alpha / n",
    ),
)
