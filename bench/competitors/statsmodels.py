# SPDX-License-Identifier: BSD-3-Clause
"""statsmodels: OLS as it comes."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from bench.competitors.base import Competitor, Method
from bench.competitors.designs import Solver, with_ones


def _ols() -> Solver:
    import statsmodels.api

    def solve(design: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        solution: NDArray[Any] = statsmodels.api.OLS(y, design).fit().params
        return solution

    return solve


COMPETITORS = (
    Competitor(
        name="statsmodels",
        package="statsmodels",
        module="statsmodels",
        methods={
            "least squares": Method(with_ones(_ols)),
            "least squares, exact": Method(with_ones(_ols)),
        },
        objective="OLS with its default pseudo-inverse; a column of ones is the intercept",
    ),
)
