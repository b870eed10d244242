# SPDX-License-Identifier: BSD-3-Clause
"""Least squares and ridge regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack
from crowfly._dense_least_squares import DenseProblem
from crowfly._linear_predictions import linear_predictions
from crowfly._sparse import (
    MOST_FEATURES,
    as_sparse_design,
    blocks,
    core_arrays,
    is_sparse,
    take_columns,
)
from crowfly._validation import (
    as_design,
    as_flag,
    as_num_threads,
    as_penalty,
    as_targets,
    as_weights,
    column_names,
    telling_what_overflows,
)
from crowfly._warnings import ConvergenceWarning, warn_of_dependence

__all__ = ["LstsqResult", "lstsq"]

LARGEST_CORRECTION = 1e-8
#: Where conjugate gradients bound the error of a penalised fit by this share of the coefficients, and end with corrections below the other, no cross products are formed.
#: The bound counts every rounding of a residual at its worst: it was 1e-11 to 3e-7 where the error was 1e-16 to 1e-15.
LARGEST_ERROR, LARGEST_LAST_CORRECTION = 1e-6, 1e-12
#: Up to so many features of a sparse matrix cross products in twice the precision cost little (3000 rows: 0.2 s for 300 features, 1.1 s for 1000).
FEATURES_OF_MOMENTS = 256
#: What to do about more features of a sparse matrix than cross products can be held of.
NO_LIMIT_WITH_PENALTY = "alpha > 0 has no such limit"


@dataclass(frozen=True, eq=False)
class LstsqResult:
    """Result of `lstsq`.

    Attributes
    ----------
    coef : ndarray, shape (n_features,) for one-dimensional y, else (n_targets, n_features)
    intercept : float, or ndarray of shape (n_targets,)
        Zero without an intercept.
    rank : int
        Numerical rank of the system solved: the weighted design, centred when there is an intercept, extended by the penalty
        (of the smallest alpha).
    condition : float
        Estimated condition number of that system with columns scaled to unit length; infinity below full rank, NaN for conjugate gradients.
    rss : float, or ndarray of shape (n_targets,)
        Weighted sum of squared residuals, penalty left out.
    method : {"cholesky", "qr", "conjugate_gradient"}
        What was used: the Gram matrix, or the products of the rows where these are fewer, refined with residuals of the data, orthogonal transformations, or (sparse matrices of more than 6000 features) products
        with the matrix.
    dependent_columns : ndarray of int64
        Columns that are linear combinations of the others kept; empty at full rank.
    n_reads : int
        Passes over X.
    correction : float
        Estimate of how far the coefficients are from the exact solution, rounding them once left aside: what the next correction would be, relative
        to the largest coefficient in columns of unit length. Zero where nothing is corrected (rows that depend on each other, or from moments).
    error_bound : float, ndarray of shape (n_targets,), or None
        From conjugate gradients: an upper bound on the Euclidean distance of the coefficients from the exact ones, the length of the gradient (rounding included)
        over alpha.
    columns : tuple of str, or None
        Names of the columns of the data frame that was fitted to. Frames to predict for must have the same, in the same order.
    """

    coef: NDArray[np.float64]
    intercept: float | NDArray[np.float64]
    rank: int
    condition: float
    rss: float | NDArray[np.float64]
    method: str
    dependent_columns: NDArray[np.int64]
    n_reads: int
    correction: float = 0.0
    error_bound: float | NDArray[np.float64] | None = None
    columns: tuple[str, ...] | None = None

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float64]:
        """Predict targets.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            Or a sparse matrix, as for the fit.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with the features of the fit.
        """
        return linear_predictions(X, self.coef, self.intercept, self.columns, num_threads)


def as_penalties(alpha: ArrayLike, n_targets: int) -> list[float]:
    """One strength of the penalty per target, of one for all or one each."""
    values = np.asarray(alpha)
    if values.ndim == 0:
        return [as_penalty(values.item())] * n_targets
    if values.shape != (n_targets,):
        raise ValueError(
            f"alpha: one number or one per target ({n_targets}) expected, got shape {values.shape}"
        )
    return [as_penalty(value) for value in values.tolist()]


def lstsq(
    X: ArrayLike,
    y: ArrayLike,
    *,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    alpha: ArrayLike = 0.0,
    num_threads: int | None = None,
) -> LstsqResult:
    r"""Fit least squares or ridge regression.

    Minimises :math:`\sum_i w_i (y_i - x_i \cdot b - b_0)^2 + \alpha |b|^2`; the intercept :math:`b_0` is not penalised. Where the minimiser
    is not unique, the one with the shortest b is returned (for the centred problem when there is an intercept).

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout, taken as they are; arithmetic is float64. Or a sparse matrix of SciPy, of any format and real dtype, which is never made dense as a whole;
        with alpha = 0 of at most 6000 features.
    y : array_like of shape (n,) or (n, n_targets)
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out.
    alpha : float or array_like of shape (n_targets,)
        Strength of the penalty, one for all targets or one each. `ridge_path` has a factor for each feature.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    LstsqResult

    Warns
    -----
    numpy.exceptions.RankWarning
        If there are at least as many rows as unknowns, no penalty, and columns depend on each other (up to rounding).
    ConvergenceWarning
        If corrections cease to shrink before the coefficients have eight digits.

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights or penalties, no rows.

    Notes
    -----
    The columns' Gram matrix is factored by Cholesky while its condition allows, and the solution is refined with residuals computed from the data;
    otherwise the rows are reduced by Householder transformations and solved with column pivoting. Fewer independent rows than columns, without weights and penalty, are solved by the products of the rows,
    refined likewise. A sparse matrix is read once, block by block, into `Moments`, whose
    digits these are: exact up to a condition of 1e7 of [1, X] with columns of unit length, fewer beyond; with more than 6000 features its penalised normal equations are solved by conjugate gradients,
    restarted from residuals of the data until these no longer shrink. See Golub and Van Loan, *Matrix
    Computations* (4th ed.), sections 5.3 and 5.5.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.arange(6.0).reshape(-1, 1)
    >>> r = crowfly.lstsq(x, 3 * x[:, 0] + 1)
    >>> float(r.coef[0]), r.intercept
    (3.0, 1.0)
    """
    result = solve_least_squares(X, y, intercept, sample_weight, alpha, num_threads)
    n_rows = np.shape(X)[0] if sample_weight is None else np.count_nonzero(np.asarray(sample_weight))
    result = replace(result, columns=column_names(X))
    _warn(result, enough_rows=n_rows >= np.shape(X)[1] + bool(intercept), intercept=bool(intercept))
    return result


def _warn(result: LstsqResult, enough_rows: bool, intercept: bool) -> None:
    if enough_rows and result.dependent_columns.size:
        warn_of_dependence(
            result.dependent_columns, result.coef.shape[-1], result.columns, intercept=intercept, stacklevel=3
        )
    text = inexactness(result)
    if text is not None:
        warnings.warn(text, ConvergenceWarning, stacklevel=3)


def inexactness(result: LstsqResult) -> str | None:
    """What a warning says of coefficients that are not as exact as the data; None where they are."""
    if not result.correction > LARGEST_CORRECTION:
        return None
    condition = "" if np.isnan(result.condition) else f" (condition {result.condition:.1e})"
    return (
        f"X: corrections of the coefficients cease to shrink at {result.correction:.1e} of the largest, "
        f"and they are not more exact than that{condition}."
    )


def solve_least_squares(
    X: ArrayLike,
    y: ArrayLike,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    alpha: ArrayLike = 0.0,
    num_threads: int | None = None,
    *,
    name_columns: bool = True,
) -> LstsqResult:
    """`lstsq` without its warnings; of a sparse matrix with fewer rows than columns it is much faster if the dependent ones needn't be named."""
    if is_sparse(X):
        if not name_columns:
            shortest = _sparse_shortest(X, y, intercept, sample_weight, alpha, num_threads)
            if shortest is not None:
                return shortest
        return _sparse_lstsq(X, y, intercept, sample_weight, alpha, num_threads)
    return _dense_lstsq(X, y, intercept, sample_weight, alpha, num_threads)[0]


def columns_left_out(
    X: Any,
    y: NDArray[Any],
    weights: NDArray[np.float64] | None,
    *,
    intercept: bool,
    num_threads: int,
) -> NDArray[np.int64]:
    """The columns of checked data, dense or CSR, that depend on others, found until none depends on those that are left; `num_threads` 0 is the current setting."""
    kept = np.arange(X.shape[1], dtype=np.int64)
    while len(kept):
        columns = take_columns(X, kept) if len(kept) < X.shape[1] else X
        target = y.astype(np.float64)
        fit = solve_least_squares(columns, target, intercept, weights, num_threads=num_threads or None)
        if not fit.dependent_columns.size:
            break
        kept = np.delete(kept, fit.dependent_columns)
    return np.setdiff1d(np.arange(X.shape[1]), kept)


def solve_and_reduce(
    X: ArrayLike,
    y: ArrayLike,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    num_threads: int | None = None,
) -> tuple[LstsqResult, NDArray[np.float64]]:
    """`lstsq` of a dense X without a penalty and without its warnings, and a square matrix with the singular values of X, as weighted and centred.

    It has as many rows as X has rank; the singular values beyond are zero. It is what the fit is made of anyway: nothing more is computed.
    """
    return _dense_lstsq(X, y, intercept, sample_weight, 0.0, num_threads, keep_reduced=True)


def _dense_lstsq(
    X: ArrayLike,
    y: ArrayLike,
    intercept: bool,
    sample_weight: ArrayLike | None,
    alpha: ArrayLike,
    num_threads: int | None,
    *,
    keep_reduced: bool = False,
) -> tuple[LstsqResult, NDArray[np.float64]]:
    """The result, and the matrix of `solve_and_reduce` if it is to be kept."""
    array = as_design(X)
    n_rows = array.shape[0]
    targets = as_targets(y, n_rows)
    columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
    penalties = as_penalties(alpha, columns.shape[1])
    of_all = weights = as_weights(sample_weight, n_rows)
    if weights is not None and not weights.all():
        kept = weights > 0
        array, columns, weights = array[kept], columns[kept], weights[kept]
    with_intercept = as_flag("intercept", intercept)
    threads = as_num_threads(num_threads)
    _lapack.install()
    problem = DenseProblem(array, columns, weights, with_intercept, threads, keep_reduced)
    with telling_what_overflows(column_names(X), of_all, X=array, y=columns):
        fit = problem.fit(penalties)
    return _result(fit, targets.ndim == 1), fit.get("reduced", np.zeros((0, 0)))


def _sparse_lstsq(
    X: Any,
    y: ArrayLike,
    intercept: bool,
    sample_weight: ArrayLike | None,
    alpha: ArrayLike,
    num_threads: int | None,
) -> LstsqResult:
    """Through moments: centring stays implicit, and sums in twice the precision make the normal equations as good as the data."""
    # They need the result of this module.
    from crowfly.moments import Moments

    penalised = bool(np.all(np.asarray(alpha) != 0))
    rows = as_sparse_design(X, None if penalised else MOST_FEATURES, f"; {NO_LIMIT_WITH_PENALTY}")
    n_rows = rows.shape[0]
    targets = as_targets(y, n_rows)
    weights = as_weights(sample_weight, n_rows)
    penalties = as_penalties(alpha, 1 if targets.ndim == 1 else targets.shape[1])
    as_flag("intercept", intercept)
    if penalised and rows.shape[1] > FEATURES_OF_MOMENTS:
        fit = _by_conjugate_gradients(rows, targets, penalties, intercept, weights, num_threads)
        if rows.shape[1] > MOST_FEATURES or _is_certified(fit):
            return fit
    moments = Moments()
    for part, block in blocks(rows):
        own = None if weights is None else weights[part]
        moments.update(block, targets[part], own, num_threads=num_threads)
    return moments.solve(alpha, intercept, num_threads=num_threads)


def _sparse_shortest(
    X: Any,
    y: ArrayLike,
    intercept: bool,
    sample_weight: ArrayLike | None,
    alpha: ArrayLike,
    num_threads: int | None,
) -> LstsqResult | None:
    """From the products of the rows, where these are fewer than columns and independent, without weights and penalties; dependent columns are not named."""
    if sample_weight is not None or np.any(np.asarray(alpha) != 0) or not 0 < X.shape[0] <= MOST_FEATURES:
        return None
    if X.shape[0] - bool(intercept) >= X.shape[1]:
        return None
    rows = as_sparse_design(X, None)
    targets = as_targets(y, rows.shape[0])
    columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
    with_intercept = as_flag("intercept", intercept)
    fit = _core.sparse_shortest(core_arrays(rows), columns, with_intercept, as_num_threads(num_threads))
    return None if fit is None else _result(fit, targets.ndim == 1)


def _is_certified(fit: LstsqResult) -> bool:
    """Whether conjugate gradients have solved the system, by the bound on the error and by the last correction."""
    sizes = np.linalg.norm(np.atleast_2d(fit.coef), axis=1)
    bounded = (np.atleast_1d(np.asarray(fit.error_bound)) <= LARGEST_ERROR * sizes).all()
    return bool(bounded) and fit.correction <= LARGEST_LAST_CORRECTION


def _by_conjugate_gradients(
    rows: Any,
    targets: NDArray[Any],
    penalties: list[float],
    intercept: bool,
    weights: NDArray[np.float64] | None,
    num_threads: int | None,
) -> LstsqResult:
    """For more features than a Gram matrix is affordable for; penalties are positive."""
    columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
    if weights is not None and not weights.all():
        kept = weights > 0
        rows, columns, weights = rows[kept], columns[kept], weights[kept]
    with telling_what_overflows(y=columns):
        fit = _core.sparse_ridge(
            core_arrays(rows), columns, weights, intercept, penalties, as_num_threads(num_threads)
        )
    bound = fit.pop("error_bound")
    result = _result(
        {
            **fit,
            "rank": rows.shape[1],
            "condition": np.nan,
            "method": "conjugate_gradient",
            "dependent_columns": np.empty(0, np.int64),
            "n_reads": 2 * int(fit["n_products"].max()),
            "correction": float(fit["correction"].max()),
        },
        targets.ndim == 1,
    )
    return replace(result, error_bound=float(bound[0]) if targets.ndim == 1 else bound)


def _result(fit: dict[str, Any], single: bool) -> LstsqResult:
    """What the core found, in the shape of y: `single` for one dimension."""
    lost = ~np.isfinite(fit["coef"]).all(axis=0)
    if lost.any():
        raise ValueError(
            f"X: the coefficient of column {lost.argmax()} overflows float64; multiply that column by a power of two"
        )
    return LstsqResult(
        coef=fit["coef"][0] if single else fit["coef"],
        intercept=float(fit["intercept"][0]) if single else fit["intercept"],
        rank=fit["rank"],
        condition=fit["condition"],
        rss=float(fit["rss"][0]) if single else fit["rss"],
        method=fit["method"],
        dependent_columns=fit["dependent_columns"],
        n_reads=fit["n_reads"],
        correction=fit["correction"],
    )
