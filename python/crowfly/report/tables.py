# SPDX-License-Identifier: BSD-3-Clause
"""From the table as it was read to numbers: a feature matrix and a target, with a note on everything changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.preprocessing import OneHotEncoder

from crowfly.report.errors import ReportError
from crowfly.report.plurals import count
from crowfly.report.sources import Source

#: Text columns with more distinct values than this are left out rather than one-hot encoded.
MAX_LEVELS = 20
MISSING_LEVEL = "(missing)"
#: Risks and variances are squares: numbers beyond this, or targets closer than its inverse, would be lost in them.
MAX_MAGNITUDE = 1e100
#: float64 tells all whole numbers up to here apart.
MAX_EXACT_INTEGER = 2**53
#: Names under which data frames write their row labels.
INDEX_NAMES = re.compile(
    r"unnamed: \d+|level_\d+|__index_level_\d+__|column \d+|index|id|no|nr|#|row([ _]?(names?|numbers?|id|nr|no))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Table:
    """A table ready for learning.

    Parameters
    ----------
    name : str
        Where it came from.
    X : ndarray of shape (n_rows, n_features), float64
        Features; NaN marks a missing value.
    y : ndarray of shape (n_rows,)
        Target without missing values: float64, int64, bool or str.
    feature_names : tuple of str
        One per column of X.
    target_name : str
        Name of the target column.
    notes : tuple of str
        What was changed on the way, one sentence each.
    """

    name: str
    X: NDArray[np.float64]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    target_name: str
    notes: tuple[str, ...] = ()


def clean(source: Source, target: str | None) -> Table:
    """Split a table into features and target and make the features numeric.

    Parameters
    ----------
    source : Source
        The table as it was read.
    target : str or None
        Name of the column to predict; None takes the source's default.

    Returns
    -------
    Table
        Numeric features and a complete target.

    Raises
    ------
    ReportError
        If the target is unknown, incomplete or constant, if a feature is infinite, or if no feature is left.
    """
    target_name = _find_target(source, target)
    notes = list(source.notes)
    y = _target_values(source.frame[target_name], notes)
    features = _drop_row_labels(source.frame.drop(target_name), notes)

    numeric = [s for s in features.get_columns() if s.dtype.is_numeric() or s.dtype == pl.Boolean]
    text = [
        s.cast(pl.String) for s in features.get_columns() if s.dtype in (pl.String, pl.Categorical, pl.Enum)
    ]
    used = {s.name for s in (*numeric, *text)}
    other = [f"{s.name} ({s.dtype})" for s in features.get_columns() if s.name not in used]
    if other:
        notes.append(f"Left out, neither numbers nor text: {_listing(other)}.")

    numeric = _drop_inseparable(numeric, notes)
    blocks = [(np.column_stack([_numbers(s) for s in numeric]), [s.name for s in numeric])] if numeric else []
    encoded = _encode_text(text, notes)
    if encoded is not None:
        blocks.append(encoded)
    if not blocks:
        raise ReportError(f"{source.name}: no feature left to learn from beside the target {target_name!r}")
    X = np.hstack([values for values, _ in blocks])
    names = [name for _, block_names in blocks for name in block_names]
    X, names = _drop_uninformative(X, names, notes)
    if not names:
        raise ReportError(f"{source.name}: every feature beside the target {target_name!r} is constant")
    _note_missing(X, names, notes)
    return Table(source.name, X, y, tuple(names), target_name, tuple(notes))


def _find_target(source: Source, target: str | None) -> str:
    columns = source.frame.columns
    if target is None:
        if source.default_target is None:
            raise ReportError(
                f"name the column to predict with --target; {source.name} has {_listing(columns)}"
            )
        return source.default_target
    if target in columns:
        return target
    near = difflib.get_close_matches(target, columns, n=3)
    folded = [name for name in columns if name.casefold().strip() == target.casefold().strip()]
    near = list(dict.fromkeys(folded + near))
    hint = (
        f"did you mean {' or '.join(repr(name) for name in near)}?" if near else f"it has {_listing(columns)}"
    )
    raise ReportError(f"{source.name} has no column {target!r}; {hint}")


def _drop_row_labels(features: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Leave out the row labels that data frames write beside the data; name other columns that count the rows."""
    counting = [s.name for s in features.get_columns() if _counts_the_rows(s)]
    labels = [name for name in counting if INDEX_NAMES.fullmatch(name)]
    others = [name for name in counting if name not in labels]
    if labels:
        notes.append(f"Left out, it only numbers the rows: {_listing(labels)}.")
    if others:
        # A time step looks the same, so the name has to decide.
        notes.append(
            f"Used as a feature although it only numbers the rows: {_listing(others)}. "
            "If that isn't a measurement, take it out of the table."
        )
    return features.drop(labels)


def _counts_the_rows(series: pl.Series) -> bool:
    """Whether the column is 0, 1, 2, ... or 1, 2, 3, ..."""
    if not series.dtype.is_integer() or series.null_count() or series[0] not in (0, 1):
        return False
    return bool((series == pl.int_range(series[0], series[0] + len(series), eager=True)).all())


def _drop_inseparable(numeric: Sequence[pl.Series], notes: list[str]) -> list[pl.Series]:
    """Leave out whole numbers that all become the same float64, and say which others are rounded."""
    dropped, rounded = [], []
    for s in numeric:
        if not _is_beyond_float(s):
            continue
        n_values = s.drop_nulls().n_unique()
        n_floats = s.drop_nulls().cast(pl.Float64).n_unique()
        if n_floats == 1 < n_values:
            dropped.append(s.name)
        elif n_floats < n_values:
            rounded.append(s.name)
    if dropped:
        notes.append(
            f"Left out, whole numbers beyond 2^53 that float64 can't tell apart: {_listing(dropped)}."
        )
    if rounded:
        notes.append(f"Whole numbers beyond 2^53, rounded to the nearest float64: {_listing(rounded)}.")
    return [s for s in numeric if s.name not in dropped]


def _is_beyond_float(series: pl.Series) -> bool:
    if not series.dtype.is_integer() or series.null_count() == len(series):
        return False
    low, high = series.min(), series.max()
    return any(isinstance(end, int) and abs(end) > MAX_EXACT_INTEGER for end in (low, high))


def _target_values(series: pl.Series, notes: list[str]) -> NDArray[Any]:
    name = series.name
    if series.dtype.is_float():
        series = series.fill_nan(None)
    if series.null_count() == len(series):
        raise ReportError(f"the target {name!r} is missing in every row")
    if series.null_count():
        first = int(series.is_null().arg_true()[0])
        raise ReportError(
            f"the target {name!r} is missing in {series.null_count()} of {len(series)} rows "
            f"(first: row {first + 1}); remove these rows or fill them in"
        )
    if series.n_unique() == 1:
        raise ReportError(f"the target {name!r} is constant ({series[0]}): there is nothing to learn")
    # NumPy has no integers of 128 bits, and not every polars has both of their types.
    is_wide = str(series.dtype) in {"Int128", "UInt128"}
    if series.dtype == pl.Boolean or (series.dtype.is_integer() and not is_wide):
        return series.to_numpy()
    if series.dtype.is_numeric():
        y = series.cast(pl.Float64).to_numpy()
        _check_magnitude(y, f"the target {name!r}")
        if is_wide and np.ptp(y) == 0:
            raise ReportError(
                f"the target {name!r} has whole numbers that float64 can't tell apart ({y[0]:g})"
            )
        if np.ptp(y) < 1 / MAX_MAGNITUDE:
            raise ReportError(f"the target {name!r} runs from {y.min():g} to {y.max():g}: rescale it")
        return y
    if series.dtype in (pl.String, pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
        _check_text_target(series, notes)
        return np.asarray(series.to_list())
    raise ReportError(f"the target {name!r} has type {series.dtype}, expected numbers, text or booleans")


def _check_text_target(series: pl.Series, notes: list[str]) -> None:
    odd = _first_non_number(series)
    if odd is None:
        return
    if series.n_unique() > MAX_LEVELS:
        raise ReportError(
            f"the target {series.name!r} is text because of {odd}; most other values are numbers"
        )
    notes.append(f"The target is text because of {odd}; most other values are numbers.")


def _first_non_number(series: pl.Series) -> str | None:
    """The first value that isn't a number, and its row, in a text column where most are; None elsewhere."""
    other = series.is_not_null() & series.cast(pl.Float64, strict=False).is_null()
    if not 0 < 2 * int(other.sum()) < len(series) - series.null_count():
        return None
    row = int(other.arg_true()[0])
    return f"{series[row]!r} in row {row + 1}"


def _numbers(series: pl.Series) -> NDArray[np.float64]:
    values = np.array(series.cast(pl.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)
    _check_magnitude(values, f"column {series.name!r}")
    return values


def _check_magnitude(values: NDArray[np.float64], what: str) -> None:
    too_large = np.abs(values) > MAX_MAGNITUDE
    if too_large.any():
        row = int(np.argmax(too_large))
        raise ReportError(
            f"{what} is {values[row]:g} in row {row + 1}, expected finite numbers up to {MAX_MAGNITUDE:g}"
        )


def _encode_text(text: Sequence[pl.Series], notes: list[str]) -> tuple[NDArray[np.float64], list[str]] | None:
    """One-hot encode the text columns with few distinct values; the others are left out."""
    _note_almost_numbers(text, notes)
    constant = [s.name for s in text if s.n_unique() == 1]
    if constant:
        notes.append(f"Left out, the same text in every row or none at all: {_listing(constant)}.")
    text = [s for s in text if s.name not in constant]
    levels = {s.name: s.drop_nulls().n_unique() for s in text}
    kept = [s for s in text if s.n_unique() <= min(MAX_LEVELS, len(s) // 2)]
    left_out = [f"{s.name} ({levels[s.name]})" for s in text if s.name not in {k.name for k in kept}]
    if left_out:
        notes.append(f"Left out, text with too many distinct values: {_listing(left_out)}.")
    if not kept:
        return None
    encoder = OneHotEncoder(drop="if_binary", sparse_output=False, dtype=np.float64)
    values = np.column_stack([s.fill_null(MISSING_LEVEL).to_numpy().astype(object) for s in kept])
    encoded = encoder.fit_transform(values)
    described = [
        f"{s.name} ({count(levels[s.name], 'value')}{' and missing' if s.null_count() else ''})" for s in kept
    ]
    notes.append(f"Text columns one-hot encoded: {_listing(described)}.")
    return encoded, [str(name) for name in encoder.get_feature_names_out([s.name for s in kept])]


def _note_almost_numbers(text: Sequence[pl.Series], notes: list[str]) -> None:
    almost = [f"{s.name} (first {odd})" for s in text if (odd := _first_non_number(s)) is not None]
    if almost:
        notes.append(f"Text because of values that are not numbers, though most are: {_listing(almost)}.")


def _drop_uninformative(
    X: NDArray[np.float64], names: list[str], notes: list[str]
) -> tuple[NDArray[np.float64], list[str]]:
    present = ~np.isnan(X)
    low = np.min(X, axis=0, where=present, initial=np.inf)
    high = np.max(X, axis=0, where=present, initial=-np.inf)
    useful = low < high
    dropped = [name for name, keep in zip(names, useful, strict=True) if not keep]
    if dropped:
        notes.append(f"Left out, the same value in every row or none at all: {_listing(dropped)}.")
    return X[:, useful], [name for name, keep in zip(names, useful, strict=True) if keep]


def _note_missing(X: NDArray[np.float64], names: list[str], notes: list[str]) -> None:
    counts = np.isnan(X).sum(axis=0)
    if counts.any():
        columns = [f"{names[j]} ({counts[j]})" for j in np.flatnonzero(counts)]
        notes.append(
            f"Missing values replaced by the column's median in the training part: {_listing(columns)}."
        )


def _listing(names: Sequence[str], limit: int = 8) -> str:
    """Names joined by commas; the rest beyond the limit is counted."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
