# SPDX-License-Identifier: BSD-3-Clause
"""From the table as it was read to numbers: a feature matrix and a target, with a note on everything changed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.preprocessing import OneHotEncoder

from crowfly.report.errors import ReportError
from crowfly.report.sources import Source

#: Text columns with more distinct values than this are left out rather than one-hot encoded.
MAX_LEVELS = 20
MISSING_LEVEL = "(missing)"
#: Risks and variances are squares: numbers beyond this, or targets closer than its inverse, would be lost in them.
MAX_MAGNITUDE = 1e100


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
    y = _target_values(source.frame[target_name])
    features = source.frame.drop(target_name)
    notes: list[str] = []

    numeric = [s for s in features.get_columns() if s.dtype.is_numeric() or s.dtype == pl.Boolean]
    text = [
        s.cast(pl.String) for s in features.get_columns() if s.dtype in (pl.String, pl.Categorical, pl.Enum)
    ]
    used = {s.name for s in (*numeric, *text)}
    other = [f"{s.name} ({s.dtype})" for s in features.get_columns() if s.name not in used]
    if other:
        notes.append(f"Left out, neither numbers nor text: {_listing(other)}.")

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


def _target_values(series: pl.Series) -> NDArray[Any]:
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
    if series.dtype.is_integer() or series.dtype == pl.Boolean:
        return series.to_numpy()
    if series.dtype.is_numeric():
        y = series.cast(pl.Float64).to_numpy()
        _check_magnitude(y, f"the target {name!r}")
        if np.ptp(y) < 1 / MAX_MAGNITUDE:
            raise ReportError(f"the target {name!r} runs from {y.min():g} to {y.max():g}: rescale it")
        return y
    if series.dtype in (pl.String, pl.Categorical, pl.Enum):
        return np.asarray(series.cast(pl.String).to_list())
    raise ReportError(f"the target {name!r} has type {series.dtype}, expected numbers, text or booleans")


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
    levels = {s.name: s.n_unique() for s in text}
    kept = [s for s in text if levels[s.name] <= min(MAX_LEVELS, len(s) // 2)]
    left_out = [f"{s.name} ({levels[s.name]})" for s in text if s.name not in {k.name for k in kept}]
    if left_out:
        notes.append(f"Left out, text with too many distinct values: {_listing(left_out)}.")
    if not kept:
        return None
    encoder = OneHotEncoder(drop="if_binary", sparse_output=False, dtype=np.float64)
    values = np.column_stack([s.fill_null(MISSING_LEVEL).to_numpy().astype(object) for s in kept])
    encoded = encoder.fit_transform(values)
    described = [f"{s.name} ({levels[s.name]} values)" for s in kept]
    notes.append(f"Text columns one-hot encoded: {_listing(described)}.")
    return encoded, [str(name) for name in encoder.get_feature_names_out([s.name for s in kept])]


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
