# SPDX-License-Identifier: BSD-3-Clause
"""Ridge regression for many penalties from one factorisation, with exact leave-one-out scores."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack
from crowfly._linear_predictions import linear_predictions
from crowfly._sparse import as_sparse_design, core_arrays, is_sparse, sparse_predictions
from crowfly._validation import (
    as_design,
    as_flag,
    as_num_threads,
    as_penalty,
    as_real_array,
    as_targets,
    as_weights,
    column_names,
    scan,
    telling_what_overflows,
)
from crowfly._warnings import ConvergenceWarning
from crowfly.least_squares import LARGEST_CORRECTION

__all__ = ["RidgePathResult", "ridge_path"]

FloatArray = NDArray[np.float64]

#: Penalty factors further from one leave no room for their products with penalties and squares of scales.
LARGEST_FACTOR = 1e20


@dataclass(frozen=True, eq=False)
class RidgePathResult:
    """Result of `ridge_path`; "targets" stands for () with one-dimensional y, else for (n_targets,).

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Strengths of the penalty, in the order given.
    coef : ndarray of shape (n_alphas, *targets, n_features)
    intercept : ndarray of shape (n_alphas, *targets)
        Zero without an intercept.
    rss : ndarray of shape (n_alphas, *targets)
        Weighted sum of squared residuals, penalty left out.
    degrees_of_freedom : ndarray of shape (n_alphas,)
        Effective degrees of freedom: the trace of the hat matrix, intercept included.
    loo_mse : ndarray of shape (n_alphas, *targets)
        Weighted mean of the squared errors of leaving each row out in turn; infinite where a row's leverage is 1, so that
        nothing is left to predict it from.
    gcv : ndarray of shape (n_alphas, *targets)
        Generalised cross-validation: the weighted mean of the squared residuals over (1 - degrees_of_freedom / n)^2;
        infinite where no degree is left.
    loo_errors : ndarray of shape (n_alphas, *targets, n), or None
        y less its prediction from the other rows, where asked for.
    n_reads : int
        Passes over X.
    correction : ndarray of shape (n_alphas,)
        Estimate of how far the coefficients are from the exact ones, rounding them once left aside: see `LstsqResult`.
    columns : tuple of str, or None
        Names of the columns of the data frame that was fitted to. Frames to predict for must have the same, in the same order.
    """

    alphas: FloatArray
    coef: FloatArray
    intercept: FloatArray
    rss: FloatArray
    degrees_of_freedom: FloatArray
    loo_mse: FloatArray
    gcv: FloatArray
    loo_errors: FloatArray | None
    n_reads: int
    correction: FloatArray
    columns: tuple[str, ...] | None = None

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Predict targets at every alpha.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_alphas) or (n, n_alphas, n_targets)

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with the features of the fit.
        """
        return linear_predictions(X, self.coef, self.intercept, self.columns, num_threads)


@dataclass(frozen=True, eq=False)
class PathFit:
    """What the core returns, targets always an axis, with errors for rows of weight zero, too."""

    coef: FloatArray
    intercept: FloatArray
    rss: FloatArray
    left_out: FloatArray
    degrees: FloatArray
    lost_degrees: FloatArray
    total_weight: float
    n_rows: int
    errors: FloatArray | None
    n_reads: int
    correction: FloatArray


#: What there is for sparse matrices of more features than leave-one-out scores are offered for.
INSTEAD = "; without leave-one-out scores, lstsq with alpha > 0 (Ridge, or RidgeCV with cv) has no such limit"


def fit_path(
    array: Any,
    columns: NDArray[Any],
    alphas: list[float],
    *,
    intercept: bool,
    weights: FloatArray | None,
    factors: FloatArray,
    refine: bool,
    errors: bool,
    num_threads: int,
    names: tuple[str, ...] | None = None,
) -> PathFit:
    """Fit validated data, which may be a CSR matrix. Rows of weight zero count as absent; their errors are those of the fit to all others."""
    kept = None if weights is None or weights.all() else weights > 0
    x, y, w = array, columns, weights
    if kept is not None and weights is not None:
        x, y, w = array[kept], columns[kept], weights[kept]
    _lapack.install()
    # What is sparse has been looked at already.
    with telling_what_overflows(names, weights, **({} if is_sparse(x) else {"X": x}), y=y):
        fit = _core.ridge_path(
            core_arrays(x) if is_sparse(x) else x,
            y,
            w,
            intercept,
            alphas,
            factors.tolist(),
            refine,
            errors,
            num_threads,
        )
    lost = ~np.isfinite(fit["coef"]).all(axis=(0, 1))
    if lost.any():
        raise ValueError(
            f"X: the coefficient of column {lost.argmax()} overflows float64; multiply that column by a power of two"
        )
    left_out: FloatArray | None = fit["errors"] if errors else None
    if left_out is not None and kept is not None:
        absent = ~kept
        coef, intercepts = fit["coef"].reshape(-1, array.shape[1]), fit["intercept"].reshape(-1)
        if is_sparse(array):
            values = sparse_predictions(array[absent], coef, intercepts)
        else:
            values = _core.linear_predictor(array[absent], coef, intercepts, num_threads)
        every = np.empty((*left_out.shape[:2], len(absent)))
        every[..., kept] = left_out
        every[..., absent] = columns[absent].T - values.T.reshape(*left_out.shape[:2], -1)
        left_out = every
    return PathFit(
        coef=fit["coef"],
        intercept=fit["intercept"],
        rss=fit["rss"],
        left_out=fit["left_out"],
        degrees=fit["degrees"],
        lost_degrees=fit["lost_degrees"],
        total_weight=fit["total_weight"],
        n_rows=x.shape[0],
        errors=left_out,
        n_reads=fit["n_reads"],
        correction=fit["correction"],
    )


def as_alphas(value: ArrayLike) -> list[float]:
    """At least one strength of the penalty, each not negative; a number is a list of one."""
    array = np.atleast_1d(as_real_array("alphas", value, (0, 1)))
    if not array.size:
        raise ValueError("alphas: at least one number expected, got none")
    try:
        return [as_penalty(alpha) for alpha in array.tolist()]
    except ValueError as error:
        raise ValueError(str(error).replace("alpha:", "alphas:", 1)) from None


def _as_factors(value: ArrayLike | None, n_features: int) -> FloatArray:
    if value is None:
        return np.ones(n_features)
    array = as_real_array("penalty_factor", value, (1,)).astype(np.float64)
    if array.shape != (n_features,):
        raise ValueError(
            f"penalty_factor: one number per feature ({n_features}) expected, got shape {array.shape}"
        )
    scan("penalty_factor", array)
    wrong = np.flatnonzero((array != 0) & ~((array >= 1 / LARGEST_FACTOR) & (array <= LARGEST_FACTOR)))
    if wrong.size:
        raise ValueError(
            f"penalty_factor: zero or numbers from {1 / LARGEST_FACTOR:g} to {LARGEST_FACTOR:g} expected, "
            f"penalty_factor[{wrong[0]}] is {array[wrong[0]]}"
        )
    return array


def _generalised_score(fit: PathFit) -> FloatArray:
    share = (fit.lost_degrees / fit.n_rows)[:, np.newaxis] ** 2
    # Without a degree of freedom left the residuals are zero, too, and say nothing.
    return np.divide(fit.rss / fit.total_weight, share, out=np.full_like(fit.rss, np.inf), where=share > 0)


def ridge_path(
    X: ArrayLike,
    y: ArrayLike,
    alphas: ArrayLike,
    *,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    loo_errors: bool = False,
    num_threads: int | None = None,
) -> RidgePathResult:
    r"""Fit ridge regression for several strengths of the penalty and score each without refitting.

    Minimises :math:`\sum_i w_i (y_i - x_i \cdot b - b_0)^2 + \alpha \sum_j f_j b_j^2` for each :math:`\alpha`; the intercept :math:`b_0` is not penalised. For
    alpha = 0 this is `lstsq`, its choice of the shortest coefficients included.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout, taken as they are; arithmetic is float64. Or a sparse matrix of SciPy, of any format and real dtype, with at most 6000 features,
        which is read in blocks and never made dense as a whole where it has more rows than features.
    y : array_like of shape (n,) or (n, n_targets)
    alphas : array_like of shape (n_alphas,), or float
        Strengths of the penalty, not negative, in any order; a number is a list of one.
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out. Leaving one row out leaves all of its weight out.
    penalty_factor : array_like of shape (n_features,), optional
        Multiplies the penalty of each feature; 0: not penalised. Ones by default.
    loo_errors : bool
        Whether to return every leave-one-out error, n numbers per alpha and target.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    RidgePathResult

    Warns
    -----
    ConvergenceWarning
        If corrections cease to shrink before the coefficients have eight digits.

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights, penalties or factors, no rows.

    Notes
    -----
    One eigendecomposition of the Gram matrix (singular value decomposition of the rows or their triangle for fewer rows than features, or where
    the condition asks for it) serves all alphas, and preconditions the refinement that ends at the exact coefficients. Leave-one-out errors are
    :math:`(y_i - \hat y_i) / (1 - h_i)` with the leverages :math:`h_i`. See Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2nd ed.), sections
    3.4.1 and 7.10, and Golub, Heath and Wahba, *Generalized cross-validation as a method for choosing a good ridge parameter* (Technometrics 21, 1979).

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.arange(6.0).reshape(-1, 1)
    >>> r = crowfly.ridge_path(x, [1.0, 4.0, 7.0, 9.0, 13.0, 16.0], [0.1, 1.0, 10.0])
    >>> float(r.alphas[r.loo_mse.argmin()])
    0.1
    """
    array = as_sparse_design(X, instead=INSTEAD) if is_sparse(X) else as_design(X)
    targets = as_targets(y, array.shape[0])
    strengths = as_alphas(alphas)
    fit = fit_path(
        array,
        targets if targets.ndim == 2 else targets[:, np.newaxis],
        strengths,
        intercept=as_flag("intercept", intercept),
        weights=as_weights(sample_weight, array.shape[0]),
        factors=_as_factors(penalty_factor, array.shape[1]),
        refine=True,
        errors=as_flag("loo_errors", loo_errors),
        num_threads=as_num_threads(num_threads),
        names=column_names(X),
    )

    unfinished = fit.correction > LARGEST_CORRECTION
    if unfinished.any():
        warnings.warn(
            f"X: for alpha = {strengths[unfinished.argmax()]:g}{' and others' if unfinished.sum() > 1 else ''} corrections of the coefficients cease to shrink at "
            f"{fit.correction[unfinished].max():.1e} of the largest, and they are not more exact than that.",
            ConvergenceWarning,
            stacklevel=2,
        )

    def shaped(values: FloatArray) -> FloatArray:
        return values[:, 0] if targets.ndim == 1 else values

    return RidgePathResult(
        alphas=np.array(strengths),
        coef=shaped(fit.coef),
        intercept=shaped(fit.intercept),
        rss=shaped(fit.rss),
        degrees_of_freedom=fit.degrees,
        loo_mse=shaped(fit.left_out / fit.total_weight),
        gcv=shaped(_generalised_score(fit)),
        loo_errors=None if fit.errors is None else shaped(fit.errors),
        n_reads=fit.n_reads,
        correction=fit.correction,
        columns=column_names(X),
    )
