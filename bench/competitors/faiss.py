# SPDX-License-Identifier: BSD-3-Clause
"""FAISS: the flat index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.competitors.base import Competitor, Method
from bench.cpu import cpu_features
from bench.tasks import Problem


def _flat(problem: Problem) -> Callable[[float | None], Any]:
    import faiss

    faiss.omp_set_num_threads(problem.threads)
    points, queries, k = problem.arrays["points"], problem.arrays["queries"], problem.parameters["k"]

    def search(_setting: float | None) -> Any:
        index = faiss.IndexFlatL2(points.shape[1])
        index.add(np.ascontiguousarray(points, dtype=np.float32))
        squares, indices = index.search(np.ascontiguousarray(queries, dtype=np.float32), k)
        return indices, np.sqrt(squares)

    return search


def _environment() -> dict[str, str]:
    """The OpenBLAS in its wheel (0.3.15) doesn't know CPUs newer than itself and falls back to SSE2: it is told which kernels to use.

    Measured on a Zen 5, 5k x 50k x 128, k = 1: 0.65 s as it comes, 0.22 s so.
    """
    features = cpu_features()
    for feature, core in (("avx512bw", "SkylakeX"), ("avx2", "Haswell")):
        if feature in features:
            return {"OPENBLAS_CORETYPE": core}
    return {}


COMPETITORS = (
    Competitor(
        name="FAISS",
        package="faiss-cpu",
        module="faiss",
        methods={"neighbours": Method(_flat)},
        threads="faiss.omp_set_num_threads(threads)",
        environment=_environment(),
        objective="IndexFlatL2; float64 data are converted to float32, which is all it knows; OPENBLAS_CORETYPE set to the best kernels that it has for this CPU",
    ),
)
