# SPDX-License-Identifier: BSD-3-Clause
"""Many regressions in one call: on every window of consecutive rows, and on every group of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack
from crowfly._labels import as_label_array, check_labels_finite, number_labels
from crowfly._validation import (
    as_design,
    as_flag,
    as_integer,
    as_num_threads,
    as_targets,
    as_weights,
    check_same_length,
    column_names,
    scan,
    telling_what_overflows,
)
from crowfly.least_squares import as_penalties

__all__ = ["GroupedLstsqResult", "RollingLstsqResult", "lstsq_grouped", "lstsq_rolling"]


@dataclass(frozen=True, eq=False)
class RollingLstsqResult:
    """Result of `lstsq_rolling`. Entry i is the fit to rows i to i + window - 1.

    Attributes
    ----------
    coef : ndarray, shape (n_windows, n_features) for one-dimensional y, else (n_windows, n_targets, n_features)
    intercept : ndarray of shape (n_windows,) or (n_windows, n_targets)
        Zero without an intercept.
    rss : ndarray of shape (n_windows,) or (n_windows, n_targets)
        Weighted sums of squared residuals, penalty left out.
    rank : ndarray of int64, shape (n_windows,)
    condition : ndarray of shape (n_windows,)
        As of `LstsqResult`.
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    rss: NDArray[np.float64]
    rank: NDArray[np.int64]
    condition: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroupedLstsqResult:
    """Result of `lstsq_grouped`. Entry g is the fit to the rows whose label is groups[g].

    Attributes
    ----------
    groups : ndarray of shape (n_groups,)
        The labels, sorted.
    n_rows : ndarray of int64, shape (n_groups,)
        Rows of each group, those of weight zero not counted.
    coef : ndarray, shape (n_groups, n_features) for one-dimensional y, else (n_groups, n_targets, n_features)
    intercept : ndarray of shape (n_groups,) or (n_groups, n_targets)
        Zero without an intercept.
    rss : ndarray of shape (n_groups,) or (n_groups, n_targets)
        Weighted sums of squared residuals, penalty left out.
    rank : ndarray of int64, shape (n_groups,)
    condition : ndarray of shape (n_groups,)
        As of `LstsqResult`.
    """

    groups: NDArray[Any]
    n_rows: NDArray[np.int64]
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    rss: NDArray[np.float64]
    rank: NDArray[np.int64]
    condition: NDArray[np.float64]


def _shaped(fits: dict[str, NDArray[Any]], single: bool) -> dict[str, NDArray[Any]]:
    """Without the axis of targets for one-dimensional y; coefficients must be numbers where there was a fit."""
    lost = ~np.isfinite(fits["coef"]).all(axis=1) & ~np.isnan(fits["condition"])[:, np.newaxis]
    if lost.any():
        raise ValueError(
            f"X: a coefficient of column {np.argwhere(lost)[0, 1]} overflows float64; multiply that column by a power of two"
        )
    if single:
        fits |= {name: fits[name][:, 0] for name in ("coef", "intercept", "rss")}
    return fits


def lstsq_rolling(
    X: ArrayLike,
    y: ArrayLike,
    window: int,
    *,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    alpha: ArrayLike = 0.0,
    num_threads: int | None = None,
) -> RollingLstsqResult:
    """Fit least squares or ridge regression to every window of consecutive rows.

    Every fit is made of its own rows alone, in twice the precision: nothing drifts from window to window, and an outlier
    leaves no trace once it is out.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout, taken as they are; arithmetic is float64.
    y : array_like of shape (n,) or (n, n_targets)
    window : int
        Rows of each fit, from 1 to n.
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out. A window without any weight has rank 0 and NaN for the rest.
    alpha : float or array_like of shape (n_targets,)
        Strength of the penalty, one for all targets or one each.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    RollingLstsqResult
        Of n - window + 1 windows.

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights or penalties, a window that is no number of rows.

    Notes
    -----
    Accuracy is that of `Moments`. Numbers below 2**-500 of the largest of their column count as zero. Sums over windows are made as in van Herk (1992), *A fast algorithm
    for local minimum and maximum filters*: of rows before, in and after a block of starts.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.arange(6.0).reshape(-1, 1)
    >>> crowfly.lstsq_rolling(x, x[:, 0] ** 2, 3).coef[:, 0]
    array([2., 4., 6., 8.])
    """
    array, targets, columns, penalties, weights = _as_problem(X, y, sample_weight, alpha)
    length = as_integer("window", window, 1, len(array), f" (X has {len(array)} rows)")
    with_intercept = as_flag("intercept", intercept)
    threads = as_num_threads(num_threads)
    _lapack.install()
    fits = _core.rolling_least_squares(array, columns, length, weights, with_intercept, penalties, threads)
    return RollingLstsqResult(**_shaped(fits, targets.ndim == 1))


def lstsq_grouped(
    X: ArrayLike,
    y: ArrayLike,
    groups: ArrayLike,
    *,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    alpha: ArrayLike = 0.0,
    num_threads: int | None = None,
) -> GroupedLstsqResult:
    """Fit least squares or ridge regression to every group of rows: `lstsq` of each, to the bit.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout; arithmetic is float64.
    y : array_like of shape (n,) or (n, n_targets)
    groups : array_like of shape (n,)
        The label of each row: integers, booleans, strings or finite numbers, in any order.
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out. A group without any weight has rank 0 and NaN for the rest.
    alpha : float or array_like of shape (n_targets,)
        Strength of the penalty, one for all targets or one each.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    GroupedLstsqResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights or penalties, labels of different kinds.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.arange(6.0).reshape(-1, 1)
    >>> r = crowfly.lstsq_grouped(x, [0, 1, 2, 3, 2, 1], list("aaabbb"))
    >>> r.groups.tolist(), r.coef[:, 0]
    (['a', 'b'], array([ 1., -1.]))
    """
    array, targets, columns, penalties, weights = _as_problem(X, y, sample_weight, alpha)
    labels = as_label_array("groups", groups)
    if labels.ndim != 1:
        raise ValueError(f"groups: 1 dimension expected, got shape {labels.shape}")
    check_same_length("groups", labels, len(array), "X")
    check_labels_finite("groups", labels)
    names, numbers = number_labels("groups", labels)
    if weights is None:
        rows = np.argsort(numbers, kind="stable")
    else:
        kept = np.flatnonzero(weights)
        rows = kept[np.argsort(numbers[kept], kind="stable")]
    counts = np.bincount(numbers[rows], minlength=len(names))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    with_intercept = as_flag("intercept", intercept)
    threads = as_num_threads(num_threads)
    _lapack.install()
    with telling_what_overflows(X=array, y=columns):
        fits = _core.grouped_least_squares(
            array, columns, rows.astype(np.int64), offsets, weights, with_intercept, penalties, threads
        )
    return GroupedLstsqResult(
        groups=names, n_rows=counts.astype(np.int64), **_shaped(fits, targets.ndim == 1)
    )


def _as_problem(
    X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, alpha: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[float], NDArray[np.float64] | None]:
    array = as_design(X)
    targets = as_targets(y, len(array))
    columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
    penalties = as_penalties(alpha, columns.shape[1])
    weights = as_weights(sample_weight, len(array))
    scan("X", array, columns=column_names(X))
    return array, targets, columns, penalties, weights
