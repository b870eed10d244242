# SPDX-License-Identifier: BSD-3-Clause
"""Columns that depend on others, and the shortest of many solutions from one of the independent columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crowfly import _core, _lapack

FloatArray = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
#: What is called zero beside rounding: a factor's part of a dependent column, and what predictors may move by (times features), both in units of the last place.
NEGLIGIBLE, LARGEST_MOVE = 16, 16
#: Of the magnitudes behind predictors: shortest coefficients that use what is rounded as data have 1e8 and more.
LARGEST_GROWTH = 2.0**26
#: Of a dependent column, in units of a kept one; a larger one makes them change places.
LARGEST_FACTOR = 2.0**8
#: Solutions on columns that have changed places; the last is taken as it is.
MOST_EXCHANGES = 3


def dependent_columns(
    X: NDArray[Any],
    y: NDArray[Any],
    weights: FloatArray | None,
    *,
    intercept: bool,
    num_threads: int,
) -> NDArray[np.int64]:
    """The columns that least squares leaves out, until none depends on those that are left."""
    _lapack.install()
    left_out: NDArray[np.int64] = np.empty(0, np.int64)
    kept = np.arange(X.shape[1], dtype=np.int64)
    target = np.ascontiguousarray(y, dtype=np.float64).reshape(-1, 1)
    while len(kept):
        columns = X[:, kept] if len(left_out) else X
        found = _core.least_squares(columns, target, weights, intercept, [0.0], num_threads)
        if not found["dependent_columns"].size:
            break
        left_out = np.sort(np.concatenate([left_out, kept[found["dependent_columns"]]]))
        kept = np.delete(kept, found["dependent_columns"])
    return left_out


@dataclass(frozen=True)
class Split:
    """Which columns are kept, depend on these, or say nothing: constant ones beside an intercept, zeros without. The shortest minimiser has zero for the latter."""

    n_features: int
    kept: NDArray[np.int64]
    dependent: NDArray[np.int64]

    @classmethod
    def of(cls, X: NDArray[Any], left_out: NDArray[np.int64], *, intercept: bool) -> Self:
        """Split them by the columns that least squares leaves out."""
        part = X[:, left_out]
        low, high = part.min(axis=0), part.max(axis=0)
        silent = low == high if intercept else (low == 0) & (high == 0)
        kept = np.setdiff1d(np.arange(X.shape[1]), left_out)
        return cls(X.shape[1], kept, np.sort(left_out[~silent]))


def without_rounding(X: NDArray[Any], split: Split, factors: FloatArray, *, intercept: bool) -> FloatArray:
    """Zeros for factors that are but what a dependent column is rounded by: columns of scales far apart would turn them into data."""
    kept, dependent = X[:, split.kept], X[:, split.dependent]
    spread = np.ptp(kept, axis=0) if intercept else np.abs(kept).max(axis=0)
    size = np.abs(dependent).max(axis=0)
    is_rounding = np.abs(factors) * spread <= NEGLIGIBLE * EPSILON * size[:, np.newaxis]
    return np.where(is_rounding, 0.0, factors)


def exchanged(split: Split, factors: FloatArray) -> Split:
    """The split after columns have changed places until no factor is far above one: then nothing cancels in the shortest coefficients.

    Each exchange multiplies the volume that the kept columns span by the factor, so it ends (M. Gu and S. Eisenstat, SIAM Journal on Scientific Computing 17, 1996).
    """
    kept, dependent, table = split.kept.copy(), split.dependent.copy(), factors.copy()
    for _ in range(len(kept) + len(dependent)):
        k, j = np.unravel_index(np.abs(table).argmax(), table.shape)
        pivot = table[k, j]
        if not abs(pivot) > LARGEST_FACTOR:
            break
        row = -table[k] / pivot
        row[j] = 0.0
        column = table[:, j].copy()
        table += np.outer(column, row)
        table[:, j] = column / pivot
        table[k] = row
        table[k, j] = 1 / pivot
        kept[j], dependent[k] = dependent[k], kept[j]
    return replace(split, kept=np.sort(kept), dependent=np.sort(dependent))


@dataclass(frozen=True)
class Shortest:
    """Coefficients of all columns, of shape (n_targets, n_features), with intercepts; and how far any target's predictor is from that of the kept columns, for each row."""

    coef: FloatArray
    intercept: FloatArray
    moved: FloatArray

    @classmethod
    def of(
        cls,
        X: NDArray[Any],
        split: Split,
        solution: tuple[FloatArray, FloatArray],
        ties: tuple[FloatArray, FloatArray],
        *,
        num_threads: int,
    ) -> Self:
        """Make them of a solution on the kept columns: coefficients of shape (n_targets, n_kept), and intercepts.

        `ties` is the least squares solution of the dependent columns on the kept ones: dependent = kept factors' + offsets. The shortest coefficients are the solution, with zeros, less its part in the
        null space, which is spanned by the columns of (-factors', 1): a least squares problem as small as there are features, in which every digit of the factors counts.
        """
        coef, constants = solution
        factors, offsets = ties
        basic = np.zeros((len(coef), split.n_features))
        basic[:, split.kept] = coef
        null = np.zeros((split.n_features, len(split.dependent)))
        null[split.kept], null[split.dependent] = -factors.T, np.eye(len(split.dependent))
        used = np.concatenate([split.kept, split.dependent])
        share = _core.least_squares(
            null[used], np.ascontiguousarray(basic[:, used].T), None, False, [0.0] * len(coef), num_threads
        )["coef"]
        whole, shifted = basic - share @ null.T, constants + share @ offsets
        before = _core.linear_predictor(X[:, split.kept], np.ascontiguousarray(coef), constants, num_threads)
        after = _core.linear_predictor(X, whole, shifted, num_threads)
        return cls(whole, shifted, np.abs(after - before).max(axis=1))

    def is_as_exact(self, own_reach: float, reach: float) -> bool:
        """Whether predictors moved by no more than rounding, `reach` being the largest sum of magnitudes behind one of the kept columns', and do not cancel far beyond these."""
        largest = LARGEST_MOVE * EPSILON * (self.coef.shape[1] + 4) * (own_reach + reach)
        return bool(self.moved.max() <= largest and own_reach <= LARGEST_GROWTH * reach)


def reach_of(X: NDArray[Any], coef: FloatArray, intercept: FloatArray) -> float:
    """An upper bound on the sum of the magnitudes of a predictor's terms."""
    extent = np.maximum(X.max(axis=0), -X.min(axis=0)).astype(np.float64)
    return float((np.abs(coef) @ extent + np.abs(intercept)).max())
