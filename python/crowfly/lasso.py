# SPDX-License-Identifier: BSD-3-Clause
"""Lasso and elastic net along paths of penalties."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._linear_predictions import linear_predictions
from crowfly._penalty_arguments import as_alphas, as_grid_ratio, as_l1_ratio, as_penalty_factors
from crowfly._sparse import as_sparse_design, core_arrays, is_sparse
from crowfly._validation import (
    as_design,
    as_flag,
    as_num_threads,
    as_targets,
    as_weights,
    column_names,
    telling_what_overflows,
)
from crowfly._warnings import ConvergenceWarning

__all__ = ["EnetPath", "enet_path", "lasso_path"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnetPath:
    """Result of `enet_path` and `lasso_path`. With two-dimensional y every array but `alphas` has a first axis of n_targets.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        Zero without an intercept.
    objectives : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        Value of the objective.
    dual_gaps : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        Upper bounds on objective - minimum, rounding included; infinite where none could be certified.
    relative_gaps : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        The same divided by the objective.
    n_iter : ndarray of int of shape (n_alphas,) or (n_targets, n_alphas)
        Newton steps and runs of coordinate descent.
    method : {"gram", "columns", "rows"}
        What was solved on: the whole Gram matrix, columns with a working set, or the space of the rows (ridge without negative coefficients on fewer rows than features).
    n_reads : int
        Passes over X.
    columns : tuple of str, or None
        Names of the columns of the data frame that was fitted to. Frames to predict for must have the same, in the same order.
    """

    alphas: FloatArray
    coefs: FloatArray
    intercepts: FloatArray
    objectives: FloatArray
    dual_gaps: FloatArray
    relative_gaps: FloatArray
    n_iter: NDArray[np.int32]
    method: str
    n_reads: int
    columns: tuple[str, ...] | None = None

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Predict targets at every alpha.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_alphas) or (n, n_targets, n_alphas)

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with the features of the fit.
        """
        coefs = np.moveaxis(self.coefs, -2, -1)
        return linear_predictions(X, coefs, self.intercepts, self.columns, num_threads)


def _without_weightless_rows(
    array: Any, columns: NDArray[Any], weights: FloatArray | None
) -> tuple[Any, NDArray[Any], FloatArray | None]:
    if weights is None or weights.all():
        return array, columns, weights
    kept = weights > 0
    return array[kept], columns[kept], weights[kept]


def enet_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    alphas: int | ArrayLike = 100,
    positive: bool = False,
    intercept: bool = True,
    penalty_factor: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    num_threads: int | None = None,
) -> EnetPath:
    r"""Fit elastic nets along a path of penalties.

    Minimises, with weights :math:`w` that sum to :math:`W` and penalty factors :math:`f`,

    .. math::
        \frac{1}{2W} \sum_i w_i (y_i - x_i \cdot b - b_0)^2
        + \alpha \sum_j f_j \left(\rho |b_j| + \frac{1 - \rho}{2} b_j^2\right)

    at every :math:`\alpha`. Targets are fitted independently.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout; arithmetic is float64. Or a sparse matrix of SciPy, of any format and real dtype, which is never made dense.
    y : array_like of shape (n,) or (n, n_targets)
    l1_ratio : float
        :math:`\rho`, from 0 (ridge) to 1 (lasso).
    eps : float
        Smallest alpha of a grid over its largest.
    alphas : int or array_like of shape (n_alphas,)
        Penalties, in any order, or their number in a geometric grid that starts at the smallest alpha without a penalised
        coefficient (for all targets). A grid needs l1_ratio > 0.
    positive : bool
        Whether coefficients must not be negative.
    intercept : bool
        Whether to fit :math:`b_0`, which is not penalised.
    penalty_factor : array_like of shape (n_features,), optional
        Factors of the features' penalties: 0 is no penalty, inf leaves a feature out. Taken as they are (glmnet rescales them).
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    EnetPath

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights or penalties, no rows.

    Warns
    -----
    ConvergenceWarning
        If the gap certified is above 1e-9 of the objective without features.

    Notes
    -----
    Each fit ends with an exact solution on its support (J. Friedman, T. Hastie and R. Tibshirani, Journal of Statistical Software 33, 2010,
    for coordinate descent; M. Osborne, B. Presnell and B. Turlach, IMA J. Numerical Analysis 20, 2000, for active sets). The
    gap is that of the dual point proportional to the residual (O. Fercoq, A. Gramfort and J. Salmon, ICML 2015).

    Examples
    --------
    >>> import crowfly
    >>> path = crowfly.enet_path([[0, 0], [1, 1], [2, 2]], [0, 1, 2], l1_ratio=1.0, alphas=[0.1])
    >>> float(path.coefs.sum().round(12)), float(path.intercepts[0].round(12))
    (0.85, 0.15)
    """
    result, converged = fit_path(
        X,
        y,
        l1_ratio=l1_ratio,
        eps=eps,
        alphas=alphas,
        positive=positive,
        intercept=intercept,
        penalty_factor=penalty_factor,
        sample_weight=sample_weight,
        num_threads=num_threads,
    )
    if not converged:
        warnings.warn(shortfall(result), ConvergenceWarning, stacklevel=2)
    return replace(result, columns=column_names(X))


def lasso_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    eps: float = 1e-3,
    alphas: int | ArrayLike = 100,
    positive: bool = False,
    intercept: bool = True,
    penalty_factor: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    num_threads: int | None = None,
) -> EnetPath:
    """Fit lassos along a path of penalties: `enet_path` with ``l1_ratio=1``, which see.

    Parameters
    ----------
    X : array_like or sparse matrix of shape (n, n_features)
    y : array_like of shape (n,) or (n, n_targets)
    eps, alphas, positive, intercept, penalty_factor, sample_weight, num_threads
        As in `enet_path`.

    Returns
    -------
    EnetPath

    Raises
    ------
    TypeError, ValueError
        As `enet_path`.
    """
    result, converged = fit_path(
        X,
        y,
        l1_ratio=1.0,
        eps=eps,
        alphas=alphas,
        positive=positive,
        intercept=intercept,
        penalty_factor=penalty_factor,
        sample_weight=sample_weight,
        num_threads=num_threads,
    )
    if not converged:
        warnings.warn(shortfall(result), ConvergenceWarning, stacklevel=2)
    return replace(result, columns=column_names(X))


def shortfall(path: EnetPath) -> str:
    """What a warning says of a path whose gaps are larger than they should be."""
    return (
        f"a gap of {path.dual_gaps.max():.2g} could be certified at worst, where rounding alone leaves less; "
        "columns may depend on each other without an l1 penalty, or differ by large offsets"
    )


def fit_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float,
    eps: float,
    alphas: int | ArrayLike,
    positive: bool,
    intercept: bool,
    penalty_factor: ArrayLike | None,
    sample_weight: ArrayLike | None,
    num_threads: int | None,
    names: tuple[str, ...] | None = None,
) -> tuple[EnetPath, bool]:
    """`enet_path`, and whether gaps are at rounding level; `names` are those of a data frame's columns, if X is no longer one."""
    sparse = is_sparse(X)
    array = as_sparse_design(X, most_features=None) if sparse else as_design(X)
    n_rows = array.shape[0]
    targets = as_targets(y, n_rows)
    columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
    ratio = as_l1_ratio(l1_ratio)
    values, n_alphas = as_alphas(alphas)
    if not values and ratio == 0:
        raise ValueError(
            "alphas: a list of numbers expected with l1_ratio=0, for which there is no largest one"
        )
    factors = as_penalty_factors(penalty_factor, array.shape[1])
    of_all = as_weights(sample_weight, n_rows)
    array, columns, weights = _without_weightless_rows(array, columns, of_all)
    # What is sparse has been looked at already.
    with telling_what_overflows(
        names or column_names(X), of_all, **({} if sparse else {"X": array}), y=columns
    ):
        solve: Any = _core.sparse_elastic_net_path if sparse else _core.elastic_net_path
        fit = solve(
            core_arrays(array) if sparse else array,
            columns,
            weights,
            as_flag("intercept", intercept),
            as_flag("positive", positive),
            ratio,
            factors,
            values,
            n_alphas,
            as_grid_ratio(eps),
            as_num_threads(num_threads),
        )
    lost = ~np.isfinite(fit["coefs"]).all(axis=(0, 1))
    if lost.any():
        raise ValueError(
            f"X: the coefficient of column {lost.argmax()} overflows float64; multiply that column by a power of two"
        )
    converged = fit.pop("converged")
    fit["coefs"] = np.moveaxis(fit["coefs"], 1, 2)
    if targets.ndim == 1:
        fit.update({name: value[0] for name, value in fit.items() if name in _PER_TARGET})
    return EnetPath(**fit), converged


_PER_TARGET = ("coefs", "intercepts", "objectives", "dual_gaps", "relative_gaps", "n_iter")
