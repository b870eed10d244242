# SPDX-License-Identifier: BSD-3-Clause
"""Numbers that metrics come with: taken out of ``metric_params``, checked, and as the core takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._validation import LARGEST_WEIGHT

# Asymmetry that is more than rounding.
_SYMMETRY = 1e-8


def variances(keywords: dict[str, Any]) -> NDArray[np.float64]:
    """The 'V' of 'seuclidean', taken out of the keywords."""
    if keywords.get("V") is None:
        raise ValueError(
            "metric_params: {'V': the variance of each feature} expected by the metric 'seuclidean'."
        )
    values = _numbers("V", keywords.pop("V"), 1)
    _require_in_range("V", values[values <= 0], values)
    return values


def minkowski_weights(keywords: dict[str, Any], p: float) -> NDArray[np.float64] | None:
    """The 'w' of 'minkowski', taken out of the keywords; None without."""
    if keywords.get("w") is None:
        keywords.pop("w", None)
        return None
    values = _numbers("w", keywords.pop("w"), 1)
    if (values < 0).any():
        raise ValueError("metric_params: w cannot contain negative weights.")
    _require_in_range("w", values[:0], values[values > 0])
    if np.isinf(p):
        raise ValueError("metric_params: the weights 'w' need a finite p; the metric 'chebyshev' has none.")
    return values


def inverse_covariances(keywords: dict[str, Any]) -> NDArray[np.float64]:
    """The 'VI' of 'mahalanobis', or the inverse of its 'V', taken out of the keywords."""
    inverse, covariances = keywords.pop("VI", None), keywords.pop("V", None)
    if inverse is None and covariances is None:
        raise ValueError(
            "metric_params: Must provide either V or VI for Mahalanobis distance, covariances of the features or the "
            "inverse of their matrix."
        )
    name = "VI" if inverse is not None else "V"
    matrix = _numbers(name, inverse if inverse is not None else covariances, 2)
    if np.abs(matrix - matrix.T).max() > _SYMMETRY * np.abs(matrix).max():
        raise ValueError(f"metric_params: a symmetric matrix {name} expected.")
    matrix = (matrix + matrix.T) / 2
    if inverse is None:
        try:
            matrix = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
        except np.linalg.LinAlgError:
            raise ValueError("metric_params: an invertible matrix V expected.") from None
    _require_in_range(name, matrix[:0, 0], np.abs(matrix).max(keepdims=True).ravel())
    return np.ascontiguousarray(matrix).ravel()


def check_length(metric: str, numbers: NDArray[np.float64], n_features: int) -> None:
    """ValueError unless there are as many numbers as the metric needs for the features."""
    expected = n_features**2 if metric == "mahalanobis" else n_features
    if len(numbers) != expected:
        name, of = {
            "mahalanobis": ("V or VI", "a row and a column"),
            "seuclidean": ("V", "one number"),
        }.get(metric, ("w", "one number"))
        raise ValueError(
            f"metric_params: the size of {name} must match the number of features ({n_features}): {of} for each expected."
        )


def parts_of_metric_object(metric: Any) -> tuple[str, float | None, dict[str, Any]]:
    """Name, exponent and parameters of an object that ``sklearn.metrics.DistanceMetric.get_metric`` makes.

    Raises
    ------
    ValueError
        For a class of the user's own.
    """
    kind = type(metric).__name__.removesuffix("64").removesuffix("32").removesuffix("Distance").lower()
    if type(metric).__module__.split(".")[0] != "sklearn":
        raise ValueError(
            f"metric: an object of scikit-learn's own DistanceMetric classes expected, got {type(metric).__name__}; "
            "a function of two rows is taken."
        )
    exponent, vector, matrix, *function = metric.__getstate__()
    if kind == "minkowski":
        return kind, float(exponent), {"w": vector} if len(vector) else {}
    if kind == "seuclidean":
        return kind, None, {"V": vector}
    if kind == "mahalanobis":
        return kind, None, {"VI": matrix}
    if kind == "pyfunc":
        return kind, None, {"func": function[0], **function[1]}
    return kind, None, {}


def _numbers(name: str, value: ArrayLike, ndim: int) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"metric_params: numbers expected as {name}.") from None
    square = ndim == 1 or (array.ndim == 2 and array.shape[0] == array.shape[1])
    if array.ndim != ndim or array.size == 0 or not square:
        what = "one number per feature" if ndim == 1 else "a square matrix"
        raise ValueError(f"metric_params: {what} expected as {name}, got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"metric_params: finite numbers expected as {name}.")
    return np.ascontiguousarray(array)


def _require_in_range(name: str, wrong: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Numbers further from one leave no room for their products with squares of data."""
    outside = values[(values < 1 / LARGEST_WEIGHT) | (values > LARGEST_WEIGHT)]
    if len(wrong) or len(outside):
        raise ValueError(
            f"metric_params: numbers from {1 / LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g} expected as {name}, "
            f"got {(wrong if len(wrong) else outside).flat[0]:g}."
        )
