# SPDX-License-Identifier: BSD-3-Clause
"""pykdtree: a k-d tree with OpenMP queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.competitors.base import Competitor, Method, trees_decline
from bench.results import Fact
from bench.tasks import Problem


def _tree(problem: Problem) -> Callable[[float | None], Any]:
    from pykdtree.kdtree import KDTree

    points, queries, k = problem.arrays["points"], problem.arrays["queries"], problem.parameters["k"]

    def search(_setting: float | None) -> Any:
        distances, indices = KDTree(points).query(queries, k=k)
        return indices.reshape(-1, k).astype(np.int64), distances.reshape(-1, k)

    return search


def _declines(facts: Mapping[str, Fact]) -> str:
    return "it takes at most 127 features" if int(facts["features"]) > 127 else trees_decline(facts)


COMPETITORS = (
    Competitor(
        name="pykdtree",
        package="pykdtree",
        module="pykdtree",
        methods={"neighbours": Method(_tree, declines=_declines)},
        threads="OMP_NUM_THREADS",
    ),
)
