# SPDX-License-Identifier: BSD-3-Clause
"""Non-negative least squares and ridge regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._linear_predictions import linear_predictions
from crowfly._sparse import MOST_FEATURES, as_sparse_design, is_sparse
from crowfly._validation import LARGEST_WEIGHT, as_design, as_targets, as_weights, column_names
from crowfly._warnings import ConvergenceWarning
from crowfly.lasso import fit_path, shortfall
from crowfly.least_squares import as_penalties, solve_least_squares

__all__ = ["NnlsResult", "nnls"]

FloatArray = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class NnlsResult:
    """Result of `nnls`. With two-dimensional y every field but `coef` has shape (n_targets,).

    Attributes
    ----------
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
        None is negative.
    intercept : float or ndarray
        Zero without an intercept.
    rss : float or ndarray
        Weighted sum of squared residuals, penalty left out.
    optimality_gap : float or ndarray
        Upper bound on rss + alpha |coef|^2 less its minimum, rounding included; infinite where none could be certified.
    columns : tuple of str, or None
        Names of the columns of the data frame that was fitted to. Frames to predict for must have the same, in the same order.
    """

    coef: FloatArray
    intercept: float | FloatArray
    rss: float | FloatArray
    optimality_gap: float | FloatArray
    columns: tuple[str, ...] | None = None

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Predict targets.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with the features of the fit.
        """
        return linear_predictions(X, self.coef, self.intercept, self.columns, num_threads)


def nnls(
    X: ArrayLike,
    y: ArrayLike,
    *,
    intercept: bool = False,
    sample_weight: ArrayLike | None = None,
    alpha: ArrayLike = 0.0,
    num_threads: int | None = None,
) -> NnlsResult:
    r"""Fit non-negative least squares, or non-negative ridge regression.

    Minimises :math:`\sum_i w_i (y_i - x_i \cdot b - b_0)^2 + \alpha |b|^2` over :math:`b \ge 0`; the intercept :math:`b_0` may have any sign and is not penalised.

    Parameters
    ----------
    X : array_like or sparse matrix of shape (n, n_features)
        As in `enet_path`.
    y : array_like of shape (n,) or (n, n_targets)
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out.
    alpha : float or array_like of shape (n_targets,)
        Strength of the penalty, one for all targets or one each.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    NnlsResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights or penalties, no rows.

    Warns
    -----
    ConvergenceWarning
        If the gap certified is above 1e-9 of the sum of squares without features.

    Notes
    -----
    Active sets on the Gram matrix (C. Lawson and R. Hanson, *Solving Least Squares Problems*, 1974, chapter 23) find the support, on which
    `lstsq` then solves; with alpha > 0 and fewer rows than features Newton steps on the dual do. Where its columns are independent, the coefficients are the exact solution rounded once. Of a sparse matrix these are at most 6000.

    Where solutions are many because a dense matrix has no more rows than features, or the support's columns depend on each other, the shortest is given, to rounding: its support is that of a ridge regression with next to no
    penalty, on which it is `lstsq`'s minimum-norm solution. Of equal columns of more rows than features one takes all.

    Examples
    --------
    >>> import crowfly
    >>> crowfly.nnls([[1, 0], [1, 0], [0, 1]], [2, 1, -1]).coef.tolist()
    [1.5, 0.0]
    """
    array = as_sparse_design(X, most_features=None) if is_sparse(X) else as_design(X)
    n_rows = array.shape[0]
    targets = as_targets(y, n_rows)
    columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
    penalties = np.array(as_penalties(alpha, columns.shape[1]))
    if is_sparse(array) and array.shape[1] > MOST_FEATURES and penalties.any():
        raise ValueError(
            f"X: at most {MOST_FEATURES} features expected of a sparse matrix with alpha > 0 and no coefficient below zero, got {array.shape[1]}"
        )
    weights = as_weights(sample_weight, n_rows)
    total = n_rows if weights is None else float(weights.sum())
    coef = np.empty((columns.shape[1], array.shape[1]))
    intercepts, rss, gap = (np.empty(columns.shape[1]) for _ in range(3))
    columnwise = array.tocsc() if is_sparse(array) else array
    for penalty in np.unique(penalties).tolist():
        alike = np.flatnonzero(penalties == penalty)
        path, converged = fit_path(
            array,
            columns[:, alike],
            # alpha = 0 is the same problem for any ratio; with one it has no limit on the number of features.
            l1_ratio=0.0 if penalty else 1.0,
            eps=1.0,
            alphas=[penalty / total],
            positive=True,
            intercept=intercept,
            penalty_factor=None,
            sample_weight=weights,
            num_threads=num_threads,
            names=column_names(X),
        )
        if not converged:
            warnings.warn(shortfall(path), ConvergenceWarning, stacklevel=2)
        coef[alike], intercepts[alike] = path.coefs[..., 0], path.intercepts[..., 0]
        objective = 2 * total * path.objectives[:, 0]
        # alpha / total was rounded.
        gap[alike] = 2 * total * path.dual_gaps[:, 0] + (2 * EPSILON * objective if penalty else 0.0)
        rss[alike] = np.maximum(0.0, objective - penalty * (coef[alike] ** 2).sum(axis=1))
        for target in alike.tolist():
            exact = _on_support(
                columnwise, columns[:, target], coef[target], intercept, weights, penalty, num_threads
            )
            if exact is None or (penalty == 0 and array.shape[0] <= array.shape[1]):
                shortest = _shortest(
                    array, columns[:, target], coef[target], intercept, weights, penalty, num_threads
                )
                exact = exact if shortest is None else shortest
            if exact is not None:
                gap[target] += max(0.0, exact[2] - rss[target])
                coef[target], intercepts[target], rss[target] = exact
    if targets.ndim == 2:
        return NnlsResult(coef, intercepts, rss, gap, column_names(X))
    return NnlsResult(coef[0], float(intercepts[0]), float(rss[0]), float(gap[0]), column_names(X))


def _on_support(
    array: Any,
    column: NDArray[Any],
    coef: FloatArray,
    intercept: bool,
    weights: FloatArray | None,
    alpha: float,
    num_threads: int | None,
) -> tuple[FloatArray, float, float] | None:
    """Coefficients, intercept and rss of least squares on the positive coefficients, if it leaves them so."""
    support = np.flatnonzero(coef)
    if support.size == 0 or (is_sparse(array) and support.size > MOST_FEATURES):
        return None
    fit: Any = solve_least_squares(
        array[:, support],
        column,
        intercept=intercept,
        sample_weight=weights,
        alpha=alpha,
        num_threads=num_threads,
    )
    if fit.rank < support.size or not (fit.coef > 0).all():
        return None
    full = np.zeros_like(coef)
    full[support] = fit.coef
    return full, fit.intercept, fit.rss


#: A penalty beside the trace of the cross products: ten digits of the solution, and no more, are its work.
_NEXT_TO_NONE = 1e-9


def _shortest(
    array: Any,
    column: NDArray[Any],
    coef: FloatArray,
    intercept: bool,
    weights: FloatArray | None,
    alpha: float,
    num_threads: int | None,
) -> tuple[FloatArray, float, float] | None:
    """Of least squares solutions without a negative coefficient the one of minimum norm, as `_on_support` gives it, if it is found; `coef` is any of them."""
    known = np.flatnonzero(coef)
    if alpha > 0 or is_sparse(array) or known.size == 0:
        return None
    penalty = _NEXT_TO_NONE * len(coef) / known.size * _trace(array[:, known], intercept, weights)
    if not 0 < penalty <= LARGEST_WEIGHT:
        return None
    with warnings.catch_warnings():
        # What can't be certified here is no answer: that of `fit_path` stays.
        warnings.simplefilter("ignore", ConvergenceWarning)
        limit = nnls(
            array,
            column,
            intercept=intercept,
            sample_weight=weights,
            alpha=penalty,
            num_threads=num_threads,
        )
    support = np.flatnonzero(limit.coef)
    if support.size == 0:
        return None
    fit: Any = solve_least_squares(
        array[:, support],
        column,
        intercept=intercept,
        sample_weight=weights,
        alpha=0.0,
        num_threads=num_threads,
    )
    if not (fit.coef > 0).all() or not fit.rss <= limit.rss:
        return None
    full = np.zeros_like(coef)
    full[support] = fit.coef
    return full, fit.intercept, fit.rss


def _trace(columns: NDArray[Any], intercept: bool, weights: FloatArray | None) -> float:
    """Sum of weighted squares, about the means with an intercept; infinite where it overflows."""
    total = len(columns) if weights is None else float(weights.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        values = columns.astype(np.float64)
        if intercept:
            values -= np.average(values, axis=0, weights=weights)
        return float(total * np.average(np.einsum("ij,ij->i", values, values), weights=weights))
