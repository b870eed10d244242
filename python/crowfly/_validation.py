# SPDX-License-Identifier: BSD-3-Clause
"""Arguments of the functional API: turned into what the core takes, or refused in one sentence that names them."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core

#: float64 holds every integer up to this one.
LARGEST_EXACT_INTEGER = 2**53


#: Weights and penalties further from one leave no room for their products with squares of data.
LARGEST_WEIGHT = 1e100


def as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """`value` as an array of whatever dtype, with nothing lost on the way."""
    if value is None:
        raise TypeError(f"{name}: an array expected, got None")
    if hasattr(value, "toarray") and not hasattr(value, "__array__"):
        # SciPy's sparse matrices and arrays: NumPy makes an array of one object of them.
        raise TypeError(f"{name}: a dense array expected, got a sparse matrix; use .toarray()")
    refuse_lazy(name, value)
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: masked entries have no meaning here; fill them or leave their rows out")
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name}: a rectangular array expected, got rows of different lengths") from None


def refuse_lazy(name: str, value: object) -> None:
    """TypeError for a query that has no numbers yet, such as a LazyFrame of polars."""
    if hasattr(value, "collect_schema") and hasattr(value, "collect") and not hasattr(value, "__array__"):
        raise TypeError(f"{name}: data expected, got a {type(value).__name__}; use .collect()")


def as_numbers(name: str, value: ArrayLike) -> NDArray[Any]:
    """`value` as an array of a real dtype; TypeError naming the argument."""
    _refuse_times(name, value)
    array = as_array(name, value)
    if array.dtype == object and _is_numeric_frame(value):
        array = _filled(name, value, array)
    if array.dtype.kind not in "buif":
        raise _wrong_dtype(name, array, getattr(value, "columns", None))
    return array


def _refuse_times(name: str, value: Any) -> None:
    """TypeError for a frame of polars with dates or durations, which become numbers beside other columns."""
    if not hasattr(value, "iter_columns"):
        return
    for column, dtype in value.schema.items():
        if hasattr(dtype, "is_temporal") and dtype.is_temporal():
            raise TypeError(
                f"{name}: columns of real numbers expected, column {column!r} is of dtype {dtype}; make numbers of it, such as the days since a date"
            )


def _is_numeric_frame(value: Any) -> bool:
    """A data frame or series of pandas whose columns are numbers, some of them of a dtype that has a missing value of its own."""
    dtypes = np.atleast_1d(np.asarray(getattr(value, "dtypes", None), dtype=object))
    return hasattr(value, "notna") and all(getattr(dtype, "kind", "O") in "buif" for dtype in dtypes)


def _filled(name: str, frame: Any, objects: NDArray[Any]) -> NDArray[np.float64]:
    """The numbers of a frame that NumPy makes objects of, NaN where one is missing."""
    known = frame.notna().to_numpy()
    array = np.full(objects.shape, np.nan)
    array[known] = objects[known]
    for position in np.argwhere(np.abs(array) >= LARGEST_EXACT_INTEGER):
        entry = objects[tuple(position)]
        if _is_large_integer(entry):
            raise ValueError(_large_integer(name, position, entry))
    return array


def _is_large_integer(entry: object) -> bool:
    return isinstance(entry, numbers.Integral) and abs(int(entry)) > LARGEST_EXACT_INTEGER


def _large_integer(name: str, position: Sequence[int] | NDArray[np.intp], entry: object) -> str:
    """The error's text. Some integers beyond the limit are float64 numbers, too; but what is taken should not hang on their last digits."""
    return (
        f"{name}: integers from -2**53 to 2**53, all of which float64 holds, expected, {entry_name(name, position)} is {entry}; "
        "convert to float64 first if rounding does no harm"
    )


def entry_name(name: str, position: Sequence[int] | NDArray[np.intp]) -> str:
    """What the user would write to see the entry at `position`."""
    return f"{name}[{', '.join(str(int(i)) for i in position)}]" if len(position) else name


def _wrong_dtype(name: str, array: NDArray[Any], columns: Any = None) -> TypeError:
    """Say which entry made an array of objects one, since its dtype tells the user nothing; its column, too, in a data frame."""
    if array.dtype != object:
        return TypeError(f"{name}: real numbers expected, got dtype {array.dtype}")
    for position, entry in np.ndenumerate(array):
        if not isinstance(entry, numbers.Real):
            place = f"{entry_name(name, position)} is" if position else "got"
            column = (
                f" (column {columns[position[1]]!r})" if columns is not None and len(position) == 2 else ""
            )
            return TypeError(f"{name}: real numbers expected, {place} {entry!r}{column}")
        if _is_large_integer(entry):
            return TypeError(_large_integer(name, position, entry))
    return TypeError(f"{name}: real numbers expected, got dtype object; convert it to float64 first")


def as_real_array(name: str, value: ArrayLike, ndim: tuple[int, ...]) -> NDArray[Any]:
    """`value` as a float32 or float64 array of native byte order, copied only where its dtype must change."""
    array = as_numbers(name, value)
    check_dimensions(name, array, ndim)
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 8:
            raise TypeError(
                f"{name}: at most 64 bits expected, got dtype {array.dtype} (np.longdouble); use .astype(np.float64)"
            )
        return array.astype(np.float64 if array.dtype.itemsize == 8 else np.float32, copy=False)
    if array.dtype.itemsize == 8:
        large = np.argwhere((array > LARGEST_EXACT_INTEGER) | (array < -LARGEST_EXACT_INTEGER))
        if len(large):
            raise ValueError(_large_integer(name, large[0], array[tuple(large[0])]))
    return array.astype(np.float64)


def check_dimensions(name: str, array: NDArray[Any], ndim: tuple[int, ...]) -> None:
    """ValueError for an array of another number of axes, with what to do about the usual mistakes."""
    if array.ndim in ndim:
        return
    wanted = " or ".join(str(n) for n in ndim)
    hint = ""
    if array.ndim == 1 and array.size and ndim == (2,):
        hint = "; use .reshape(-1, 1) if it is one feature, .reshape(1, -1) if it is one row"
    elif array.ndim == 2 and array.shape[1] == 1 and ndim == (1,):
        hint = "; use .ravel()"
    raise ValueError(
        f"{name}: {wanted} dimension{'s' if ndim != (1,) else ''} expected, got shape {array.shape}{hint}"
    )


def as_matrix(name: str, value: ArrayLike) -> NDArray[Any]:
    """A two-dimensional data matrix in any layout."""
    return as_real_array(name, value, (2,))


def as_design(value: ArrayLike) -> NDArray[Any]:
    """The matrix X of a fit: at least one row and one feature."""
    array = as_matrix("X", value)
    for axis, what in enumerate(("row", "feature")):
        if array.shape[axis] == 0:
            raise ValueError(f"X: at least one {what} expected, got shape {array.shape}")
    return array


def scan(
    name: str,
    array: NDArray[Any],
    hint: str = "",
    columns: tuple[str, ...] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """The largest magnitude in a matrix (or vector); ValueError at the first entry that is not finite, with a hint if it is NaN.

    For the message, `columns` are the names of a data frame's columns, and `weights` those of all rows where `array` has those of positive weight.
    """
    matrix = array if array.ndim == 2 else array[:, np.newaxis]
    max_abs, row, col = _core.scan(matrix)
    if row >= 0:
        entry = matrix[row, col]
        if weights is not None:
            row = int(np.flatnonzero(weights)[row])
        place = f"[{row}, {col}]" if array.ndim == 2 else f"[{row}]"
        column = "" if columns is None else f" (column {columns[col]!r})"
        raise ValueError(
            f"{name}: finite numbers expected, {name}{place} is {entry}{column}{hint if np.isnan(entry) else ''}"
        )
    return max_abs


@contextmanager
def telling_what_overflows(
    columns: tuple[str, ...] | None = None,
    weights: NDArray[np.float64] | None = None,
    **arrays: NDArray[Any],
) -> Iterator[None]:
    """Say in the core's stead which of these arrays it could not add up, and where: they have a number that is not finite, or too large ones.

    `columns` (X's) and `weights` are as in `scan`.
    """
    try:
        yield
    except _core.NotFiniteError:
        raise _not_finite(arrays, columns, weights) from None


def _not_finite(
    arrays: dict[str, NDArray[Any]], columns: tuple[str, ...] | None, weights: NDArray[np.float64] | None
) -> ValueError:
    for name, array in arrays.items():
        try:
            scan(name, array, columns=columns if name == "X" else None, weights=weights)
        except ValueError as error:
            return error
    names = " or ".join(arrays)
    return ValueError(
        f"{names}: magnitudes so large that their sum overflows float64; divide by a power of two first"
    )


def column_names(value: Any) -> tuple[str, ...] | None:
    """The names of a data frame's columns; None of what has none."""
    # What has no shape, a lazy frame, may work hard for its columns.
    columns = getattr(value, "columns", None) if hasattr(value, "shape") else None
    return None if columns is None else tuple(map(str, columns))


def listed_columns(columns: NDArray[np.int64], names: tuple[str, ...] | None) -> str:
    """The first columns of some for a message, by position and a data frame's names."""
    shown = [f"{j}" if names is None else f"{j} {names[j]!r}" for j in columns[:10].tolist()]
    return ", ".join([*shown, "..."] if len(columns) > 10 else shown)


def check_same_columns(name: str, got: tuple[str, ...] | None, expected: tuple[str, ...] | None) -> None:
    """ValueError where two data frames have the same columns in another order, or others: numbers are taken by position."""
    if got is None or expected is None or got == expected:
        return
    place = next((i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), len(expected))
    if place < min(len(got), len(expected)):
        raise ValueError(
            f"{name}: the columns of before, in their order, expected, column {place} is {got[place]!r} instead of {expected[place]!r}"
        )


def check_same_features(name: str, array: NDArray[Any], n_features: int, other: str) -> None:
    if array.shape[1] != n_features:
        raise ValueError(f"{name}: {n_features} features expected as in {other}, got shape {array.shape}")


def check_same_length(name: str, array: NDArray[Any], n: int, other: str) -> None:
    if array.shape[0] != n:
        raise ValueError(f"{name}: {n} rows expected as in {other}, got shape {array.shape}")


def _without_axes(value: object) -> object:
    """The number that an array without axes is."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def shown(value: object) -> str:
    """`value` for an error message: what is large by its kind and size."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if callable(value):
        return f"a {'class' if isinstance(value, type) else 'function'}"
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"an object of type {type(value).__name__}"


def as_integer(name: str, value: object, low: int, high: int | None = None, why: str = "") -> int:
    """A Python or NumPy integer within [low, high]."""
    scalar = _without_axes(value)
    if isinstance(scalar, (bool, np.bool_)) or not isinstance(scalar, numbers.Integral):
        raise TypeError(f"{name}: an integer expected, got {shown(value)}")
    number = int(scalar)
    if number < low or (high is not None and number > high):
        bounds = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}: {bounds} expected{why}, got {number}")
    return number


def as_real(name: str, value: object, low: float, *, allow_infinite: bool = False) -> float:
    """A real number >= low, not NaN."""
    scalar = _without_axes(value)
    if isinstance(scalar, (bool, np.bool_)) or not isinstance(scalar, numbers.Real):
        raise TypeError(f"{name}: a number expected, got {shown(value)}")
    try:
        number = float(scalar)
    except OverflowError:
        number = -np.inf if str(scalar).startswith("-") else np.inf
    if not number >= low or (np.isinf(number) and not allow_infinite):
        raise ValueError(
            f"{name}: a {'' if allow_infinite else 'finite '}number >= {low:g} expected, got {number}"
        )
    return number


def as_radius(value: object) -> float:
    """A number >= 0; infinity takes all points."""
    return as_real("radius", value, 0, allow_infinite=True)


def as_penalty(value: object) -> float:
    """The strength of a penalty, alpha."""
    number = as_real("alpha", value, 0)
    if number > LARGEST_WEIGHT:
        raise ValueError(f"alpha: at most {LARGEST_WEIGHT:g} expected, got {number:g}")
    return number


def as_level(level: object) -> float:
    """A probability that is neither 0 nor 1."""
    number = as_real("level", level, 0)
    if not 0 < number < 1:
        raise ValueError(f"level: a number between 0 and 1 expected, got {level}")
    return number


def as_flag(name: str, value: object) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: True or False expected, got {value!r}")
    return bool(value)


def as_num_threads(value: object) -> int:
    """None becomes 0, the core's word for the current setting."""
    return 0 if value is None else as_integer("num_threads", value, 1, 4096)


def as_weights(value: ArrayLike | None, n_rows: int, of: str = "X") -> NDArray[np.float64] | None:
    """Finite, non-negative, contiguous, one per row, not all zero."""
    if value is None:
        return None
    array = as_real_array("sample_weight", value, (1,))
    check_same_length("sample_weight", array, n_rows, of)
    scan("sample_weight", array)
    weights = np.ascontiguousarray(array, dtype=np.float64)
    negative = np.flatnonzero(weights < 0)
    if negative.size:
        raise ValueError(
            f"sample_weight: non-negative numbers expected, sample_weight[{negative[0]}] is {weights[negative[0]]}"
        )
    if not weights.any():
        raise ValueError("sample_weight: at least one weight must be positive, all are zero")
    largest = weights.max()
    if not 1 / LARGEST_WEIGHT <= largest <= LARGEST_WEIGHT:
        raise ValueError(
            f"sample_weight: a largest weight from {1 / LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g} expected, got {largest:g}; "
            "multiply all by a power of two"
        )
    return weights


def as_targets(y: ArrayLike, n_rows: int) -> NDArray[Any]:
    """One or several columns of finite targets, as many rows as X."""
    targets = as_real_array("y", y, (1, 2))
    check_same_length("y", targets, n_rows, "X")
    if targets.size == 0:
        raise ValueError(f"y: at least one target expected, got shape {targets.shape}")
    scan("y", targets)
    return targets
