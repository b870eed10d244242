# SPDX-License-Identifier: BSD-3-Clause
"""SciPy: its k-d tree, and LAPACK's least squares by QR with column pivoting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from bench.competitors.base import Competitor, Method, trees_decline
from bench.competitors.designs import Solver, with_ones
from bench.tasks import Problem


def _tree(problem: Problem) -> Callable[[float | None], Any]:
    from scipy.spatial import cKDTree

    points, queries, k = problem.arrays["points"], problem.arrays["queries"], problem.parameters["k"]

    def search(_setting: float | None) -> Any:
        distances, indices = cKDTree(points).query(queries, k=k, workers=problem.threads)
        return indices.reshape(-1, k), distances.reshape(-1, k)

    return search


def _gelsy() -> Solver:
    from scipy.linalg import lstsq

    def solve(design: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        # The design was made for this call: it may be overwritten.
        solution: NDArray[Any] = lstsq(design, y, lapack_driver="gelsy", overwrite_a=True)[0]
        return solution

    return solve


COMPETITORS = (
    Competitor(
        name="scipy cKDTree",
        package="scipy",
        module="scipy",
        methods={"neighbours": Method(_tree, declines=trees_decline)},
        threads="workers=threads",
    ),
    Competitor(
        name="scipy gelsy",
        package="scipy",
        module="scipy",
        methods={
            "least squares": Method(with_ones(_gelsy)),
            "least squares, exact": Method(with_ones(_gelsy)),
        },
        objective="scipy.linalg.lstsq with the driver gelsy; a column of ones is the intercept",
    ),
)
