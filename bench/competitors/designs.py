# SPDX-License-Identifier: BSD-3-Clause
"""For libraries without an intercept: a column of ones in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.tasks import Problem

#: (design, y) -> solution
Solver = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def design_of(problem: Problem) -> NDArray[Any]:
    """The features, behind a column of ones where there is an intercept: a copy."""
    X = problem.arrays["X"]
    if not problem.parameters.get("intercept", True):
        return np.array(X)
    return np.column_stack([np.ones(len(X), dtype=X.dtype), X])


def _split(problem: Problem, solution: NDArray[Any]) -> tuple[Any, Any]:
    if not problem.parameters.get("intercept", True):
        return solution.T, np.zeros(solution.shape[1:])
    return solution[1:].T, solution[0]


def with_ones(make: Callable[[], Solver]) -> Callable[[Problem], Callable[[float | None], Any]]:
    """A method from a solver; `make` imports it. The design is made anew in every timed call."""

    def start(problem: Problem) -> Callable[[float | None], Any]:
        solve, y = make(), problem.arrays["y"]

        def fit(_setting: float | None) -> Any:
            return _split(problem, solve(design_of(problem), y))

        return fit

    return start
