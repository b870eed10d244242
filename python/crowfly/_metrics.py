# SPDX-License-Identifier: BSD-3-Clause
"""The metrics of the functional API: their names, and what their data must fulfil."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._validation import (
    as_matrix,
    as_numbers,
    as_real,
    as_real_array,
    check_same_features,
    scan,
)

#: Names of the metrics.
METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine", "minkowski", "nan_euclidean")

#: Other names of theirs, those of scikit-learn.
ALIASES = {
    "l2": "euclidean",
    "l1": "manhattan",
    "cityblock": "manhattan",
    "infinity": "chebyshev",
    "p": "minkowski",
}

#: Those whose sums over features are monotone in every difference.
BOX_METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev")

#: Dtypes that searches read without a copy.
_TAKEN = (np.float32, np.float64, np.float16, np.int8, np.uint8)

#: Beyond, powers of differences that are within a factor of two of each other overflow float64.
MAX_MINKOWSKI_EXPONENT = 500.0

#: Minkowski exponents that have a metric of their own.
_MINKOWSKI_NAMES = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}


def public_name(metric: str) -> str:
    """The metric's first name; TypeError or ValueError for what is none."""
    if not isinstance(metric, str):
        raise TypeError(f"metric: a name expected, got {metric!r}")
    name = ALIASES.get(metric, metric)
    if name not in METRICS:
        raise ValueError(
            f"metric: one of {', '.join(METRICS)} (or {', '.join(ALIASES)}) expected, got {metric!r}"
        )
    return name


def resolve_metric(metric: str, p: float | None) -> tuple[str, float]:
    """The name of the metric in the core, and the exponent that only "minkowski" reads."""
    metric = public_name(metric)
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


def as_rows(name: str, value: ArrayLike) -> NDArray[Any]:
    """A matrix of a dtype that searches take as it is, or of one that holds all its values."""
    array = as_numbers(name, value)
    native = array.dtype.newbyteorder("=")
    if array.ndim == 2 and native in _TAKEN:
        return array.astype(native, copy=False)
    if array.dtype == bool:
        array = array.astype(np.uint8)
    elif array.dtype in (np.int16, np.uint16):
        array = array.astype(np.float32)
    return array if array.ndim == 2 and array.dtype in _TAKEN else as_matrix(name, array)


def common_dtype(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The smallest dtype taken that holds all values of both."""
    common = np.promote_types(a, b)
    return common if common in _TAKEN else np.dtype(np.float32 if common.itemsize <= 2 else np.float64)


def check_values(name: str, array: NDArray[Any], metric: str) -> float:
    """The largest magnitude; ValueError at the first value that the metric does not take."""
    if metric != "nan_euclidean" or array.dtype.kind != "f":
        return scan(name, array, '; metric="nan_euclidean" leaves out what is NaN')
    infinite = np.argwhere(np.isinf(array))
    if len(infinite):
        row, column = infinite[0]
        raise ValueError(
            f"{name}: finite numbers or NaN expected, {name}[{row}, {column}] is {array[row, column]}"
        )
    return float(np.nanmax(np.abs(array), initial=0.0))


def as_box(box: ArrayLike | None, n_features: int, metric: str) -> NDArray[np.float64] | None:
    """Positive periods, one per feature; ValueError for a metric without boxes."""
    if box is None:
        return None
    if metric not in BOX_METRICS:
        raise ValueError(f"box: only with the metrics {', '.join(BOX_METRICS)}, got {metric!r}")
    array = as_real_array("box", box, (0, 1))
    if array.dtype == np.bool_:
        raise TypeError("box: lengths expected, got booleans")
    array = array.astype(np.float64)
    if array.ndim == 1 and array.shape != (n_features,):
        raise ValueError(
            f"box: one length, or one per feature, shape ({n_features},), expected, got shape {array.shape}"
        )
    lengths = np.broadcast_to(array, (n_features,))
    if not (lengths > 0).all():
        raise ValueError(f"box: positive lengths expected, got {lengths[~(lengths > 0)][0]}")
    lengths = np.array(lengths, order="C")
    # An index shows this array to the user and has it in its answers.
    lengths.flags.writeable = False
    return lengths


def as_points(name: str, value: ArrayLike, metric: str) -> tuple[NDArray[Any], float]:
    """Rows, and their largest magnitude."""
    array = as_rows(name, value)
    if array.shape[1] == 0:
        raise ValueError(f"{name}: at least one feature expected, got shape {array.shape}")
    max_abs = check_values(name, array, metric)
    check_directions(name, array, metric)
    return array, max_abs


def as_queries(name: str, value: ArrayLike, metric: str, n_features: int) -> NDArray[Any]:
    """Rows with the features of the points."""
    array = as_rows(name, value)
    check_same_features(name, array, n_features, "points")
    check_values(name, array, metric)
    check_directions(name, array, metric)
    return array
