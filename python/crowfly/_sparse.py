# SPDX-License-Identifier: BSD-3-Clause
"""Sparse matrices of SciPy: checked, as the core takes them, and cut into dense blocks of rows that are never all there at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from crowfly._validation import LARGEST_EXACT_INTEGER, check_same_features

#: Cross products of so many columns in twice the precision take 600 MB.
MOST_FEATURES = 6000
#: Rows and columns are numbered by 32 bits, and lists by column take 16 bytes for each, empty or not: 1 GiB.
LARGEST_LENGTH, LARGEST_WIDTH = 2**31 - 1, 2**26
#: Numbers of a block: 4 MiB of float64.
BLOCK_ENTRIES = 1 << 19


def is_sparse(value: object) -> TypeGuard[Any]:
    """Whether `value` is a matrix or array of scipy.sparse; SciPy isn't imported for it."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(value))


def take_columns(X: Any, columns: NDArray[np.int64]) -> Any:
    """These columns of an array, or of a CSR matrix as one."""
    return X[:, columns] if is_sparse(X) else np.take(X, columns, axis=1)


def column_extremes(X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The smallest and the largest number of each column."""
    found = (X.min(axis=0), X.max(axis=0))
    low, high = (
        np.asarray(extreme.toarray().ravel() if is_sparse(X) else extreme, np.float64) for extreme in found
    )
    return low, high


def as_sparse_design(value: Any, most_features: int | None = MOST_FEATURES, instead: str = "") -> Any:
    """A finite CSR matrix with at least one row and column, float32 or float64, entries of one place added up; `value` is left as it is.

    Other formats and real dtypes are converted. `instead` says what there is for more features.

    Raises
    ------
    TypeError, ValueError
        Naming X: numbers that are not real, no rows or features, too many features, NaN or infinity.
    """
    _require_real_matrix("X", value)
    for axis, what in enumerate(("row", "feature")):
        if value.shape[axis] == 0:
            raise ValueError(f"X: at least one {what} expected, got shape {value.shape}")
    if value.shape[1] >= LARGEST_WIDTH:
        raise ValueError(f"X: fewer than 2^26 features expected of a sparse matrix, got {value.shape[1]}")
    if most_features is not None and value.shape[1] > most_features:
        raise ValueError(
            f"X: at most {most_features} features expected of a sparse matrix, whose cross products are held in memory, got {value.shape[1]}{instead}"
        )
    rows = _canonical("X", value)
    check_finite_entries("X", rows)
    _require_exact_integers("X", rows)
    return rows if rows.dtype in (np.float32, np.float64) else rows.astype(np.float64)


def check_structure(name: str, value: Any) -> None:
    """ValueError unless the index arrays of a CSR, CSC or COO matrix stay within its shape: SciPy's compiled code reads and writes where they point."""
    sound = _sound_places(value) if value.format == "coo" else _sound_lines(value)
    if not sound:
        how = "" if value.format == "coo" else "; .check_format() says what is wrong"
        raise ValueError(
            f"{name}: a sparse matrix whose index arrays fit its shape {value.shape} expected{how}"
        )


def _sound_lines(value: Any) -> bool:
    """Of a CSR or CSC matrix."""
    lines, width = value.shape if value.format == "csr" else value.shape[::-1]
    starts, numbers, data = map(np.asarray, (value.indptr, value.indices, value.data))
    if not (starts.ndim == numbers.ndim == data.ndim == 1 and len(starts) == lines + 1 and starts[0] == 0):
        return False
    if (starts[1:] < starts[:-1]).any() or starts[-1] > min(len(numbers), len(data)):
        return False
    return _within(numbers[: starts[-1]], width)


def _sound_places(value: Any) -> bool:
    """Of a COO matrix."""
    row, col, data = map(np.asarray, (value.row, value.col, value.data))
    return row.shape == col.shape == data.shape == (data.size,) and all(
        _within(numbers, length) for numbers, length in zip((row, col), value.shape, strict=True)
    )


def _within(numbers: NDArray[Any], length: int) -> bool:
    return numbers.size == 0 or bool(numbers.min() >= 0 and numbers.max() < length)


def _require_real_matrix(name: str, value: Any) -> None:
    if value.ndim != 2:
        raise ValueError(f"{name}: 2 dimensions expected, got shape {value.shape}")
    if value.dtype.kind not in "buif" or value.dtype.itemsize > 8:
        raise TypeError(
            f"{name}: a sparse matrix of real numbers of at most 64 bits expected, got dtype {value.dtype}"
        )


def _require_exact_integers(name: str, rows: Any) -> None:
    """ValueError at the first integer of a CSR matrix that float64 may not hold."""
    if rows.dtype.kind not in "iu" or rows.dtype.itemsize < 8:
        return
    large = np.flatnonzero((rows.data > LARGEST_EXACT_INTEGER) | (rows.data < -LARGEST_EXACT_INTEGER))
    if large.size:
        entry = int(large[0])
        raise ValueError(
            f"{name}: integers from -2**53 to 2**53, all of which float64 holds, expected, "
            f"{place_of_entry(name, rows, entry)} is {rows.data[entry]}"
        )


def _canonical(name: str, value: Any) -> Any:
    """In CSR format, columns in order, entries of one place added up; `value` is left as it is."""
    if value.format not in ("csr", "csc"):
        value = value.tocoo()
    check_structure(name, value)
    rows = value.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def check_finite_entries(name: str, rows: Any) -> None:
    """ValueError at the first entry that is not finite."""
    wrong = np.flatnonzero(~np.isfinite(rows.data))
    if wrong.size:
        place = place_of_entry(name, rows, int(wrong[0]))
        raise ValueError(f"{name}: finite numbers expected, {place} is {rows.data[wrong[0]]}")


def place_of_entry(name: str, rows: Any, entry: int) -> str:
    """What the user would write to see a stored entry of a CSR matrix."""
    row = int(np.searchsorted(rows.indptr, entry, side="right")) - 1
    return f"{name}[{row}, {rows.indices[entry]}]"


def as_sparse_rows(name: str, value: Any) -> Any:
    """Finite rows of a neighbour search in CSR format, of whatever real dtype; other formats are converted, `value` is left as it is.

    Raises
    ------
    TypeError, ValueError
        Naming the argument: numbers that are not real, too many rows or features, NaN or infinity.
    """
    _require_real_matrix(name, value)
    if value.shape[0] >= LARGEST_LENGTH or value.shape[1] >= LARGEST_WIDTH:
        raise ValueError(
            f"{name}: fewer than 2^31 - 1 rows and 2^26 features expected of a sparse matrix, got shape {value.shape}"
        )
    rows = _canonical(name, value)
    check_finite_entries(name, rows)
    _require_exact_integers(name, rows)
    return rows


def core_arrays(rows: Any) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], int]:
    """Row starts, columns, values and width of a CSR matrix of `as_sparse_design` or `as_sparse_rows`, as the core takes them."""
    return (
        np.ascontiguousarray(rows.indptr, np.int64),
        np.ascontiguousarray(rows.indices, np.int32),
        np.ascontiguousarray(rows.data, np.float64),
        rows.shape[1],
    )


def sparse_predictions(
    X: Any, coef: NDArray[np.float64], intercept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """X coef' + intercept, shape (n, n_targets).

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite matrix as of `as_sparse_design` with the features of the coefficients.
    """
    rows = as_sparse_design(X, most_features=None)
    check_same_features("X", rows, coef.shape[1], "the fit")
    products: NDArray[np.float64] = np.asarray(rows @ coef.T) + intercept
    return products


def blocks(rows: Any) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Dense blocks of rows of a CSR matrix, a few megabytes each."""
    n, p = rows.shape
    count = max(1, BLOCK_ENTRIES // p)
    for begin in range(0, n, count):
        part = slice(begin, min(begin + count, n))
        yield part, rows[part].toarray()
