# SPDX-License-Identifier: BSD-3-Clause
"""statsmodels: OLS as it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from bench.competitors.base import Competitor, Method
from bench.competitors.designs import Solver, design_of, with_ones
from bench.tasks import Problem


def _ols() -> Solver:
    import statsmodels.api

    def solve(design: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        solution: NDArray[Any] = statsmodels.api.OLS(y, design).fit().params
        return solution

    return solve


def _standard_errors(problem: Problem) -> Callable[[float | None], Any]:
    import statsmodels.api

    y = problem.arrays["y"]

    def fit(_setting: float | None) -> Any:
        result = statsmodels.api.OLS(y, design_of(problem)).fit()
        return result.params, result.bse

    return fit


COMPETITORS = (
    Competitor(
        name="statsmodels",
        package="statsmodels",
        module="statsmodels",
        methods={
            "least squares": Method(with_ones(_ols)),
            "least squares, exact": Method(with_ones(_ols)),
            "standard errors": Method(_standard_errors),
            "standard errors, exact": Method(_standard_errors),
        },
        objective="OLS with its default pseudo-inverse; a column of ones is the intercept",
    ),
)
