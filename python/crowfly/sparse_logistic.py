# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression along a path of penalties."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._logistic_data import LogisticData, logistic_data
from crowfly._logistic_runs import as_controls, as_max_iter, run_path
from crowfly._penalty_arguments import as_alphas, as_grid_ratio, as_l1_ratio
from crowfly._validation import as_integer, column_names
from crowfly._warnings import ConvergenceWarning
from crowfly.logistic import (
    DEFAULT_TOLERANCE,
    LogisticResult,
    as_factors,
    finished,
)

__all__ = ["LogisticPath", "logistic_path"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogisticPath:
    """Result of `logistic_path`. `n_rows` is 1 for two classes, else n_classes.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_alphas, n_rows, n_features)
    intercepts : ndarray of shape (n_alphas, n_rows)
    objectives : ndarray of shape (n_alphas,)
        Sums of weighted losses plus penalty.
    optimality_gaps : ndarray of shape (n_alphas,)
        Upper bounds on objective minus its minimum, rounding included; infinite where none could be certified.
    n_iter : ndarray of int64 of shape (n_alphas,)
        Newton steps.
    n_reads : ndarray of int64 of shape (n_alphas,)
        Passes over X.
    converged : ndarray of bool of shape (n_alphas,)
    fits : tuple of LogisticResult
        The same, one by one: for predictions.
    """

    classes: NDArray[Any]
    alphas: FloatArray
    coefs: FloatArray
    intercepts: FloatArray
    objectives: FloatArray
    optimality_gaps: FloatArray
    n_iter: NDArray[np.int64]
    n_reads: NDArray[np.int64]
    converged: NDArray[np.bool_]
    fits: tuple[LogisticResult, ...]


def fit_path(
    data: LogisticData,
    *,
    l1_ratio: float,
    alphas: ArrayLike | None,
    n_alphas: int,
    eps: float,
    penalty_factor: ArrayLike | None,
    intercept: bool,
    tol: float,
    max_iter: int,
    num_threads: int | None,
) -> tuple[LogisticPath, str | None]:
    """`logistic_path` of checked data, and what a warning would say of the fit that is furthest from its tolerance."""
    ratio = as_l1_ratio(l1_ratio)
    values = [] if alphas is None else as_alphas(np.atleast_1d(np.asarray(alphas)))[0]
    if values and min(values) == 0:
        raise ValueError(
            "alphas: numbers above 0 expected, got 0; for a fit without penalty use logistic(alpha=0)"
        )
    if not values and ratio == 0:
        raise ValueError(
            "alphas: a list of numbers expected with l1_ratio=0, for which there is no largest one"
        )
    factors = as_factors(penalty_factor, data.X.shape[1], max(values, default=1.0))
    controls = as_controls(intercept, tol, max_iter, num_threads)
    count = as_integer("n_alphas", n_alphas, 1, 10**6)
    path, fits = run_path(data, controls, ratio, factors, values, count, as_grid_ratio(eps))
    found = [finished(fit, data, controls, alpha, factors) for alpha, fit in zip(path, fits, strict=True)]
    results = tuple(result for result, _ in found)
    shortfalls = [
        (result.optimality_gap / result.objective, text) for result, text in found if text is not None
    ]
    whole = LogisticPath(
        classes=data.classes,
        alphas=path,
        coefs=np.array([result.coef for result in results]),
        intercepts=np.array([result.intercept for result in results]),
        objectives=np.array([result.objective for result in results]),
        optimality_gaps=np.array([result.optimality_gap for result in results]),
        n_iter=np.array([result.n_iter for result in results]),
        n_reads=np.array([result.n_reads for result in results]),
        converged=np.array([result.converged for result in results]),
        fits=results,
    )
    return whole, max(shortfalls)[1] if shortfalls else None


def logistic_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 1.0,
    alphas: ArrayLike | None = None,
    n_alphas: int = 100,
    eps: float = 1e-3,
    penalty_factor: ArrayLike | None = None,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    tol: float = DEFAULT_TOLERANCE,
    max_iter: int = 100,
    num_threads: int | None = None,
) -> LogisticPath:
    """Fit logistic regression along a path of penalties, each from the last: the objective of `logistic`, which see.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        Or a sparse matrix, as in `logistic`.
    y : array_like of shape (n,)
    l1_ratio : float
        From 0 (L2) to 1 (L1).
    alphas : array_like of shape (n_alphas,), optional
        Penalties above 0, in any order. By default a geometric grid from the smallest alpha without a penalised coefficient down, for which l1_ratio must be
        above 0.
    n_alphas : int
        Size of the grid.
    eps : float
        Smallest alpha of the grid over its largest.
    penalty_factor, intercept, sample_weight, tol, num_threads
        As in `logistic`.
    max_iter : int
        Most Newton steps for each alpha.

    Returns
    -------
    LogisticPath

    Raises
    ------
    TypeError, ValueError
        As `logistic`.

    Warns
    -----
    ConvergenceWarning
        If a fit did not reach the tolerance, with the bound of the worst one.

    Examples
    --------
    >>> import crowfly
    >>> path = crowfly.logistic_path([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], n_alphas=3, eps=0.1)
    >>> path.alphas.round(3).tolist(), (path.coefs != 0).ravel().tolist()
    ([1.0, 0.316, 0.1], [False, True, True])
    """
    path, shortfall = fit_path(
        logistic_data(X, y, sample_weight),
        l1_ratio=l1_ratio,
        alphas=alphas,
        n_alphas=n_alphas,
        eps=eps,
        penalty_factor=penalty_factor,
        intercept=intercept,
        tol=tol,
        max_iter=as_max_iter(max_iter),
        num_threads=num_threads,
    )
    if shortfall is not None:
        warnings.warn(shortfall, ConvergenceWarning, stacklevel=2)
    names = column_names(X)
    return replace(path, fits=tuple(replace(fit, columns=names) for fit in path.fits))
