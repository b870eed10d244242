# SPDX-License-Identifier: BSD-3-Clause
"""The metrics of the functional API: their names, and what their data must fulfil."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._validation import as_matrix, as_real, scan

#: Names of the metrics.
METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine", "minkowski")

#: Beyond, powers of differences that are within a factor of two of each other overflow float64.
MAX_MINKOWSKI_EXPONENT = 500.0

#: Minkowski exponents that have a metric of their own.
_MINKOWSKI_NAMES = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}


def resolve_metric(metric: str, p: float | None) -> tuple[str, float]:
    """The name of the metric in the core, and the exponent that only "minkowski" reads."""
    if not isinstance(metric, str):
        raise TypeError(f"metric: a name expected, got {metric!r}")
    if metric not in METRICS:
        raise ValueError(f"metric: one of {', '.join(METRICS)} expected, got {metric!r}")
    if metric != "minkowski":
        if p is not None:
            raise ValueError(f"p: only the metric 'minkowski' has an exponent, got p={p!r} with {metric!r}")
        return metric, 2.0
    exponent = as_real("p", 2 if p is None else p, 1, allow_infinite=True)
    if MAX_MINKOWSKI_EXPONENT < exponent < np.inf:
        raise ValueError(
            f"p: at most {MAX_MINKOWSKI_EXPONENT:g}, or infinity (the largest difference), expected, got {exponent:g}"
        )
    return _MINKOWSKI_NAMES.get(exponent, "minkowski"), exponent


def check_directions(name: str, array: NDArray[Any], metric: str) -> None:
    """Cosine needs rows that have a direction."""
    if metric != "cosine":
        return
    zero = np.flatnonzero(~array.any(axis=1))
    if zero.size:
        raise ValueError(
            f"{name}: rows with a direction expected by the cosine distance, row {zero[0]} is all zeros"
        )


def as_points(name: str, value: ArrayLike, metric: str) -> tuple[NDArray[Any], float]:
    array = as_matrix(name, value)
    if array.shape[1] == 0:
        raise ValueError(f"{name}: at least one feature expected, got shape {array.shape}")
    max_abs = scan(name, array)
    check_directions(name, array, metric)
    return array, max_abs
