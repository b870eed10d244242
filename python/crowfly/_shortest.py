# SPDX-License-Identifier: BSD-3-Clause
"""Columns that depend on others, and the shortest of many solutions from one of the independent columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crowfly import _core
from crowfly._sparse import column_extremes, is_sparse, sparse_predictions, take_columns

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


@dataclass(frozen=True)
class Split:
    """Which columns are kept, depend on these, or say nothing: constant ones beside an intercept, zeros without. The shortest minimiser has zero for the latter.

    `low` and `high` are the extremes of all columns.
    """

    kept: NDArray[np.int64]
    dependent: NDArray[np.int64]
    low: FloatArray
    high: FloatArray
    intercept: bool

    @classmethod
    def of(cls, X: Any, left_out: NDArray[np.int64], *, intercept: bool) -> Self:
        """Split them, those of an array or of a CSR matrix, by the columns that least squares leaves out."""
        low, high = column_extremes(X)
        silent = low == high if intercept else (low == 0) & (high == 0)
        kept = np.setdiff1d(np.arange(X.shape[1]), left_out)
        return cls(kept, np.setdiff1d(left_out, np.flatnonzero(silent)), low, high, intercept)

    @property
    def size(self) -> FloatArray:
        """Largest magnitudes in all columns."""
        return np.maximum(self.high, -self.low)

    def parts(self, X: Any) -> tuple[Any, NDArray[Any]]:
        """The kept columns, as X is, and the dependent ones as an array."""
        dependent = take_columns(X, self.dependent)
        return take_columns(X, self.kept), dependent.toarray() if is_sparse(X) else dependent

    def without_rounding(self, factors: FloatArray) -> FloatArray:
        """Zeros for factors that are but what a dependent column is rounded by: columns of scales far apart would turn them into data."""
        spread = (self.high - self.low if self.intercept else self.size)[self.kept]
        rounding = NEGLIGIBLE * EPSILON * self.size[self.dependent]
        return np.where(np.abs(factors) * spread <= rounding[:, np.newaxis], 0.0, factors)

    def reach(self, columns: NDArray[np.int64], coef: FloatArray, intercept: FloatArray) -> float:
        """An upper bound on the sum of the magnitudes of a predictor's terms."""
        return float((np.abs(coef) @ self.size[columns] + np.abs(intercept)).max())


def exchanged(split: Split, factors: FloatArray) -> Split:
    """The split after columns have changed places until no factor is far above one: then nothing cancels in the shortest coefficients.

    Each exchange multiplies the volume that the kept columns span by the factor, so it ends (M. Gu and S. Eisenstat, SIAM Journal on Scientific Computing 17, 1996).
    """
    kept, dependent, table = split.kept.copy(), split.dependent.copy(), factors.copy()
    if not table.size:
        return split
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
class Ties:
    """What dependent columns are combinations of: dependent = kept factors' + offsets. From `fit`, the core's to the kept columns."""

    kept: Any
    factors: FloatArray
    offsets: FloatArray
    fit: dict[str, Any]


def _predictors(X: Any, coef: FloatArray, constants: FloatArray, num_threads: int) -> FloatArray:
    if is_sparse(X):
        return sparse_predictions(X, coef, constants)
    return _core.linear_predictor(X, coef, constants, num_threads)


def settled(split: Split, solve: Callable[[Split], Ties | None]) -> tuple[Split, Ties, int] | None:
    """The ties of a split none of whose factors is far above one, after at most MOST_EXCHANGES solutions on columns that have changed places; and all their reads of X. None where a solution is none."""
    ties, n_reads = solve(split), 0
    for _ in range(MOST_EXCHANGES - 1):
        if ties is None:
            return None
        better = exchanged(split, ties.factors)
        if np.array_equal(better.kept, split.kept):
            break
        n_reads += ties.fit["n_reads"]
        # Their copy of columns is given back before the next one is made.
        split, ties = better, None
        ties = solve(split)
    return None if ties is None else (split, ties, n_reads + ties.fit["n_reads"])


@dataclass(frozen=True)
class Shortest:
    """Coefficients of all columns, of shape (n_targets, n_features), with intercepts; and how far any target's predictor is from that of the kept columns, for each row."""

    coef: FloatArray
    intercept: FloatArray
    moved: FloatArray

    @classmethod
    def of(
        cls,
        X: Any,
        split: Split,
        solution: tuple[FloatArray, FloatArray],
        ties: Ties,
        *,
        num_threads: int,
    ) -> Self:
        """Make them of a solution on the kept columns: coefficients of shape (n_targets, n_kept), and intercepts.

        The shortest coefficients are the solution, with zeros, less its part in the
        null space, which is spanned by the columns of (-factors', 1): a least squares problem as small as there are features, in which every digit of the factors counts.
        """
        coef, constants = solution
        n_features = X.shape[1]
        basic = np.zeros((len(coef), n_features))
        basic[:, split.kept] = coef
        if not len(split.dependent):
            return cls(basic, constants, np.zeros(X.shape[0]))
        null = np.zeros((n_features, len(split.dependent)))
        null[split.kept], null[split.dependent] = -ties.factors.T, np.eye(len(split.dependent))
        used = np.concatenate([split.kept, split.dependent])
        share = _core.least_squares(
            null[used], np.ascontiguousarray(basic[:, used].T), None, False, [0.0] * len(coef), num_threads
        )["coef"]
        whole, shifted = basic - share @ null.T, constants + share @ ties.offsets
        before = _predictors(ties.kept, np.ascontiguousarray(coef), constants, num_threads)
        after = _predictors(X, whole, shifted, num_threads)
        return cls(whole, shifted, np.abs(after - before).max(axis=1))

    def is_as_exact(self, own_reach: float, reach: float) -> bool:
        """Whether predictors moved by no more than rounding, `reach` being the largest sum of magnitudes behind one of the kept columns', and do not cancel far beyond these."""
        largest = LARGEST_MOVE * EPSILON * (self.coef.shape[1] + 4) * (own_reach + reach)
        return bool(self.moved.max() <= largest and own_reach <= LARGEST_GROWTH * reach)
