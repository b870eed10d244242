# SPDX-License-Identifier: BSD-3-Clause
"""celer: working sets and dual extrapolation."""

from __future__ import annotations

from typing import Any

from bench.competitors.base import Competitor, ladder
from bench.competitors.estimators import fitter
from bench.tasks import Problem


def _logistic(problem: Problem, setting: float | None) -> Any:
    from celer import LogisticRegression

    return LogisticRegression(1 / problem.parameters["alpha"], tol=setting, fit_intercept=False)


def _lasso(problem: Problem, setting: float | None) -> Any:
    from celer import Lasso

    return Lasso(problem.parameters["alpha"], tol=setting)


COMPETITORS = (
    Competitor(
        name="celer",
        package="celer",
        module="celer",
        methods={"lasso": ladder(fitter(_lasso)), "L1 logistic regression": ladder(fitter(_logistic))},
        objective="C = 1 / alpha, sum of losses",
    ),
)
