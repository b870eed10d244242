# SPDX-License-Identifier: BSD-3-Clause
"""K-fold scores of many penalties from one Gram matrix per fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crowfly import _core, _lapack
from crowfly._estimators import FloatArray, IndexArray
from crowfly._sparse import MOST_FEATURES, as_sparse_design, core_arrays, is_sparse
from crowfly._validation import as_design, as_penalty, as_targets, as_weights

Splits: TypeAlias = Sequence[tuple[Any, Any]]

# The folds' Gram matrices are held at once: with more folds than these, fits are scored one by one.
_MOST_FOLDS = 64


@dataclass(frozen=True)
class Fold:
    """The samples left out of one fit."""

    truth: FloatArray
    weights: FloatArray

    def squares(self) -> FloatArray:
        """Weighted sum of squares about the weighted mean, by target."""
        centred = self.truth - np.average(self.truth, axis=0, weights=self.weights)
        sums: FloatArray = self.weights @ centred**2
        return sums


def _ratio_to_variance(errors: FloatArray, folds: list[Fold]) -> FloatArray:
    """R^2 per fold, penalty and target, of constant targets 1 if they are met and 0 otherwise."""
    total = np.array([fold.squares() for fold in folds])[:, np.newaxis, :]
    constant = np.where(errors == 0, 1.0, 0.0)
    return np.where(total > 0, 1 - errors / np.where(total > 0, total, 1.0), constant)


def _mean_squares(errors: FloatArray, folds: list[Fold]) -> FloatArray:
    means: FloatArray = errors / np.array([fold.weights.sum() for fold in folds])[:, np.newaxis, np.newaxis]
    return means


_SCORES: dict[str, Any] = {
    "r2": _ratio_to_variance,
    "neg_mean_squared_error": lambda errors, folds: -_mean_squares(errors, folds),
    "neg_root_mean_squared_error": lambda errors, folds: -np.sqrt(_mean_squares(errors, folds)),
}


def _sorted_by_fold(splits: Splits, n_samples: int) -> tuple[IndexArray, list[int]] | None:
    """Samples fold by fold and where each fold begins; None unless the folds are a partition, each trained on all others."""
    tests = [np.arange(n_samples)[test] for _, test in splits]
    order = np.concatenate(tests)
    if len(order) != n_samples or not np.array_equal(np.sort(order), np.arange(n_samples)):
        return None
    for (train, _), test in zip(splits, tests, strict=True):
        others = np.ones(n_samples, dtype=bool)
        others[test] = False
        if not np.array_equal(np.sort(np.arange(n_samples)[train]), np.flatnonzero(others)):
            return None
    return order.astype(np.int64), [0, *np.cumsum([len(test) for test in tests]).tolist()]


def fold_scores(
    X: Any,
    targets: NDArray[Any],
    weights: FloatArray | None,
    alphas: list[float],
    fit_intercept: bool,
    splits: Splits,
    scoring: str | None,
) -> FloatArray | None:
    """Mean score over folds of each penalty; errors weigh what their samples do, in fits and in scores.

    Parameters
    ----------
    splits : sequence of (train, test)
        Indices of samples.
    scoring : str or None
        None is R^2.

    Returns
    -------
    ndarray of shape (n_alphas,) or None
        None where the fits have to be done one by one: another score, folds that overlap or leave samples out, few samples, a
        penalty of zero, an ill-conditioned Gram matrix, or a sparse matrix of too many features for one.
    """
    score = _SCORES.get("r2" if scoring is None else scoring)
    if score is None or not 2 <= len(splits) <= _MOST_FOLDS or min(alphas) == 0:
        return None
    n_samples = X.shape[0]
    if is_sparse(X) and X.shape[1] > MOST_FEATURES:
        return None
    partition = _sorted_by_fold(splits, n_samples)
    if partition is None:
        return None
    order, offsets = partition
    if min(np.diff(offsets)) < 2:
        return None
    X = as_sparse_design(X) if is_sparse(X) else as_design(X)
    weights, columns = as_weights(weights, n_samples), as_targets(targets, n_samples)
    columns = columns if columns.ndim == 2 else columns[:, np.newaxis]
    if not np.array_equal(order, np.arange(n_samples)):
        X, columns = X[order], columns[order]
        weights = None if weights is None else weights[order]
    _lapack.install()
    strengths = [as_penalty(alpha) for alpha in alphas]
    w = np.ones(n_samples) if weights is None else weights
    folds = [
        Fold(*parts)
        for parts in zip(
            np.split(columns.astype(np.float64), offsets[1:-1]), np.split(w, offsets[1:-1]), strict=True
        )
    ]
    if not all(fold.weights.any() for fold in folds):
        return None
    rows = core_arrays(X) if is_sparse(X) else X
    errors = _core.ridge_fold_errors(rows, columns, weights, fit_intercept, strengths, offsets, 0)
    if errors is None:
        return None
    means: FloatArray = score(errors, folds).mean(axis=2).mean(axis=0)
    return means
