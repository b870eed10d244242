# SPDX-License-Identifier: BSD-3-Clause
"""skglm: working sets and Anderson acceleration, compiled by numba."""

from __future__ import annotations

from typing import Any

from bench.competitors.base import Competitor, ladder
from bench.competitors.estimators import MAX_ITER, fitter
from bench.tasks import Problem


def _logistic(problem: Problem, setting: float | None) -> Any:
    from skglm import SparseLogisticRegression

    alpha = problem.parameters["alpha"] / problem.arrays["X"].shape[0]
    return SparseLogisticRegression(
        alpha, tol=setting, max_iter=200, max_epochs=MAX_ITER, fit_intercept=False
    )


def _lasso(problem: Problem, setting: float | None) -> Any:
    from skglm import Lasso

    return Lasso(problem.parameters["alpha"], tol=setting)


COMPETITORS = (
    Competitor(
        name="skglm",
        package="skglm",
        module="skglm",
        methods={"lasso": ladder(fitter(_lasso)), "L1 logistic regression": ladder(fitter(_logistic))},
        objective="mean of losses: alpha / n",
    ),
)
