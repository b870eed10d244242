# SPDX-License-Identifier: BSD-3-Clause
"""What a logistic fit takes: rows of positive weight with the number of their class."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._labels import as_label_array
from crowfly._sparse import as_sparse_design, is_sparse
from crowfly._validation import (
    as_design,
    as_weights,
    check_dimensions,
    check_same_length,
    column_names,
    scan,
)


@dataclass(frozen=True)
class LogisticData:
    """Checked arguments; rows without weight are left out."""

    X: Any
    """An array, or a CSR matrix of `as_sparse_design`."""
    classes: NDArray[Any]
    codes: NDArray[np.int32]
    weights: NDArray[np.float64] | None
    columns: tuple[str, ...] | None = None
    """Names of a data frame's columns, for messages."""
    of_all: NDArray[np.float64] | None = None
    """Weights of all rows, for messages."""


def logistic_data(X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> LogisticData:
    """Raise TypeError or ValueError naming the argument that is not as it should be."""
    array = as_sparse_design(X, most_features=None) if is_sparse(X) else as_design(X)
    of_all = weights = as_weights(sample_weight, array.shape[0])
    labels = _as_labels(y)
    check_same_length("y", labels, array.shape[0], "X")
    classes, codes = _as_classes(labels, weights)
    if weights is not None and not weights.all():
        kept = weights > 0
        array, codes, weights = array[kept], codes[kept], weights[kept]
    return LogisticData(array, classes, codes, weights, column_names(X), of_all)


def _as_labels(y: ArrayLike) -> NDArray[Any]:
    """One-dimensional labels of one kind, none missing."""
    labels = as_label_array("y", y)
    check_dimensions("y", labels, (1,))
    if labels.dtype == object:
        labels = _unboxed(labels)
    if labels.dtype.kind not in "buifUSOM":
        raise TypeError(f"y: class labels expected, got dtype {labels.dtype}")
    if labels.dtype.kind == "M" and np.isnat(labels).any():
        raise ValueError(f"y: class labels expected, y[{np.isnat(labels).argmax()}] is missing (NaT)")
    if labels.dtype.kind == "f":
        continuous = ~np.isfinite(labels) | (labels != np.floor(labels))
        if continuous.any():
            first = continuous.argmax()
            advice = "; for continuous targets use lstsq" if np.isfinite(labels[first]) else ""
            raise ValueError(f"y: class labels expected, y[{first}] is {labels[first]}{advice}")
    return labels


def _unboxed(labels: NDArray[Any]) -> NDArray[Any]:
    """Python objects as an array of their own kind: all strings, or all numbers."""
    entries = labels.tolist()
    for kind in (str, numbers.Real):
        if all(isinstance(entry, kind) for entry in entries):
            return labels if kind is str else np.array(entries)
    first = next(i for i, entry in enumerate(entries) if type(entry) is not type(entries[0]))
    raise TypeError(
        f"y: labels of one kind expected (all strings or all numbers), y[0] is {entries[0]!r}, y[{first}] is {entries[first]!r}"
    )


def _as_classes(
    labels: NDArray[Any], weights: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    classes, codes = _counted(labels) or np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y: at least two classes expected, got {len(classes)}")
    if weights is not None:
        share = np.bincount(codes, weights=weights, minlength=len(classes))
        if not share.all():
            missing = classes[np.flatnonzero(share == 0)[0]].tolist()
            raise ValueError(
                f"sample_weight: all rows of class {missing!r} have weight zero; leave that class out"
            )
    return classes, codes.astype(np.int32, copy=False)


#: Whole numbers that span no more than that are counted, not sorted: twenty times faster for a million labels.
_MOST_COUNTED = 1024


def _counted(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]] | None:
    """The distinct labels, sorted, and each label's number among them; None where they had better be sorted."""
    if labels.dtype.kind not in "iu" or not labels.size:
        return None
    low, high = labels.min(), labels.max()
    if int(high) - int(low) >= _MOST_COUNTED:
        return None
    # Wraps around where the labels' own type is too narrow for the difference, and comes out right.
    shifted = np.subtract(labels, low, dtype=np.int32, casting="unsafe")
    present = np.bincount(shifted, minlength=1) > 0
    classes = (np.flatnonzero(present) + int(low)).astype(labels.dtype)
    if present.all():
        return classes, shifted
    numbers = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return classes, numbers[shifted]


#: From so many coefficients and features per row on, and up to so many entries, iterations cost less than a Hessian.
MANY_COEFFICIENTS, FEATURES_PER_ROW, MOST_ENTRIES = 500, 2, 2**26


def is_wide(data: LogisticData, factors: list[float]) -> bool:
    """Whether a dense X has so many more features than rows, all of them penalised, that no matrix of features x features should be formed."""
    if is_sparse(data.X):
        return False
    n_rows, n_features = data.X.shape
    n_vectors = 1 if len(data.classes) == 2 else len(data.classes)
    return (
        n_features * n_vectors >= MANY_COEFFICIENTS
        and n_features >= FEATURES_PER_ROW * n_rows
        and data.X.size <= MOST_ENTRIES
        and all(0 < factor < np.inf for factor in factors)
    )


def without_constants(X: Any) -> Any:
    """A sparse matrix with zeros in place of columns with one number in every row, which say nothing beside an intercept.

    Nothing centres sparse columns: a large constant would hide the intercept in a coefficient that is not worth its rounding.
    """
    n_rows, n_features = X.shape
    entries = np.diff(X.indptr) if X.format == "csc" else np.bincount(X.indices, minlength=n_features)
    full = np.flatnonzero(entries == n_rows)
    if not full.size:
        return X
    columns = X.tocsc()[:, full]
    low, high = (extreme(axis=0).toarray().ravel() for extreme in (columns.min, columns.max))
    constant = np.zeros(n_features, bool)
    constant[full[low == high]] = True
    if not constant.any():
        return X
    rest = X.copy()
    places = np.repeat(constant, np.diff(X.indptr)) if X.format == "csc" else constant[X.indices]
    rest.data[places] = 0
    return rest


def in_compressed_rows(data: LogisticData) -> LogisticData:
    """The same data with a dense X as a CSR matrix; ValueError for numbers that are not finite, which the core looks for in dense data alone."""
    from scipy.sparse import csr_array

    scan("X", data.X, columns=data.columns, weights=data.of_all)
    return replace(data, X=csr_array(data.X))
