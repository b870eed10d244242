# SPDX-License-Identifier: BSD-3-Clause
"""Least squares, and what ridge regression shares with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svdvals
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from crowfly import LstsqResult, nnls
from crowfly._estimators import (
    AcceptsSparse,
    FloatArray,
    MatrixLike,
    checked_sample_weight,
    num_threads,
    predictions_for,
    rounded_for,
    validated_regression_data,
    validated_samples,
    validates_parameters,
    with_sparse,
)
from crowfly.least_squares import (
    NO_LIMIT_WITH_PENALTY,
    inexactness,
    solve_and_reduce,
    solve_least_squares,
)

#: Stands in where coefficients were set by hand, without a fit: for predictions it is no more than a place to put them.
NO_FIT = LstsqResult(
    coef=np.zeros(0),
    intercept=0.0,
    rank=0,
    condition=np.nan,
    rss=np.nan,
    method="",
    dependent_columns=np.zeros(0, dtype=np.int64),
    n_reads=0,
)


#: Singular values of so many rows take about as long as a file of the rows.
_MOST_ROWS_REDUCED = 500


class _LeastSquaresRegressor(AcceptsSparse, MultiOutputMixin, RegressorMixin, BaseEstimator):
    """What least squares with and without a penalty share."""

    coef_: FloatArray
    intercept_: Any
    n_features_in_: int
    fit_intercept: bool
    positive: bool
    _solution: Any = NO_FIT

    def _fit_least_squares(
        self, X: MatrixLike, y: Any, sample_weight: Any, alpha: Any = 0.0, n_jobs: int | None = None
    ) -> None:
        """Validate, solve and set the attributes of the solution."""
        X, targets = validated_regression_data(self, X, y, **with_sparse(X))
        weights = checked_sample_weight(sample_weight, X)
        with self._in_own_words():
            self._solution = self._solve(
                X,
                targets,
                intercept=self.fit_intercept,
                sample_weight=weights,
                alpha=penalty_for(targets, alpha),
                num_threads=num_threads(n_jobs),
            )
        if self._solution.method == "conjugate_gradient" and (text := inexactness(self._solution)):
            warnings.warn(text, ConvergenceWarning, stacklevel=3)
        self._take_over(X)

    def _solve(self, X: Any, targets: NDArray[Any], **options: Any) -> LstsqResult:
        return solve_least_squares(X, targets, **options)

    def _take_over(self, X: Any) -> None:
        """The solution as attributes."""
        self.coef_ = rounded_for(X, self._solution.coef)
        # scikit-learn's convention: one float without an intercept, however many targets there are.
        intercept = _numpy_scalar_or_array(self._solution.intercept)
        self.intercept_ = rounded_for(X, intercept) if self.fit_intercept else 0.0

    @contextmanager
    def _in_own_words(self) -> Iterator[None]:
        """Where the functional API's advice is a penalty, and there is no parameter for one: advise the model that has it."""
        try:
            yield
        except ValueError as error:
            if NO_LIMIT_WITH_PENALTY not in str(error) or hasattr(self, "alpha"):
                raise
            raise ValueError(str(error).replace(NO_LIMIT_WITH_PENALTY, "Ridge has no such limit")) from None

    def _fit_non_negative(
        self,
        X: MatrixLike,
        y: Any,
        sample_weight: Any,
        alpha: Any = 0.0,
        n_jobs: int | None = None,
        *,
        sparse: bool = True,
    ) -> None:
        """The same with no coefficient below zero."""
        X, targets = validated_regression_data(self, X, y, **(with_sparse(X) if sparse else {}))
        self._solution = nnls(
            X,
            targets,
            intercept=self.fit_intercept,
            sample_weight=checked_sample_weight(sample_weight, X),
            alpha=penalty_for(targets, alpha),
            num_threads=num_threads(n_jobs),
        )
        self._take_over(X)

    def predict(self, X: MatrixLike) -> FloatArray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        check_is_fitted(self)
        # The attributes decide: users may have changed them since the fit.
        coef = np.asarray(self.coef_, dtype=np.float64)
        intercept = np.full(np.atleast_2d(coef).shape[0], self.intercept_, dtype=np.float64)
        samples = validated_samples(self, X, **with_sparse(X))
        values = replace(self._solution, coef=coef, intercept=intercept).predict(samples)
        return predictions_for(samples, self.coef_, values)


def penalty_for(targets: NDArray[Any], alpha: Any) -> Any:
    """One penalty for all targets, or one for each."""
    penalties = np.ravel(np.asarray(alpha, dtype=np.float64))
    n_targets = 1 if targets.ndim == 1 else targets.shape[1]
    if penalties.size not in (1, n_targets):
        raise ValueError(
            f"Number of targets and number of penalties do not correspond: {penalties.size} != {n_targets}"
        )
    return float(penalties[0]) if penalties.size == 1 else penalties


def _numpy_scalar_or_array(value: Any) -> Any:
    """Indexing by () turns a float into NumPy's scalar, as users of scikit-learn expect, and leaves arrays be."""
    return np.asarray(value, dtype=np.float64)[()]


class LinearRegression(_LeastSquaresRegressor):
    """Ordinary least squares.

    Without a unique minimiser (fewer samples than features, dependent columns) the coefficients are those of
    minimum norm, for the centred problem when there is an intercept; with ``positive=True`` too, but that one of equal
    columns may take all where there are more samples than features.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    tol : float, default=1e-6
        Has no effect: the solution is accurate to rounding, and the rank is not cut by a tolerance.
    n_jobs : int, default=None
        Number of threads; None: the current setting of :func:`crowfly.set_num_threads`, -1: all processors.
    positive : bool, default=False
        Whether coefficients must not be negative. As in scikit-learn, for dense samples only: :func:`crowfly.nnls` takes sparse ones.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients; two-dimensional when `y` is.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    rank_ : int
        Numerical rank of `X`, centred when there is an intercept. Not with ``positive=True``.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of `X`, with rows times the roots of their weights and centred when there is an intercept; computed when first asked for (by a
        notebook that shows the fitted estimator, too). Not with
        ``positive=True`` nor for sparse samples.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Sparse input has at most 6000 features, or at most 6000 samples that are fewer, independent and without weights. Coefficients for float32 samples are rounded to float32 at the very end, as predictions by them for such samples.

    ``singular_`` comes from a factor that the fit needs anyway, which costs nothing until it is read and is as large as a square matrix of as many rows as `X` has rank. It is less exact than the coefficients,
    which are refined: off by about 1e-16 of the largest value times the condition of `X` with columns of unit length, or by 1e-8 of it instead with more than 100 features and more samples than these, whose cross
    products are in float32. Values beyond the rank are zero.

    Examples
    --------
    >>> from crowfly.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[1, 1], [1, 2], [2, 2], [2, 3]], [6, 8, 9, 11])
    >>> model.coef_.round(12), float(model.intercept_.round(12))
    (array([1., 2.]), 3.0)
    """

    rank_: int
    _reduced: FloatArray | None = None
    _n_singular: int = 0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "n_jobs": [None, Integral],
        "positive": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent.

        Returns
        -------
        self : LinearRegression

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, or a weight is negative.
        TypeError
            If `y` is sparse, or holds dates or other things that are no numbers, or `X` is sparse with ``positive=True``.
        """
        for name in ("singular_", "rank_"):
            self.__dict__.pop(name, None)
        self._reduced = None
        if self.positive:
            self._fit_non_negative(X, y, sample_weight, n_jobs=self.n_jobs, sparse=False)
            return self
        self._fit_least_squares(X, y, sample_weight, n_jobs=self.n_jobs)
        self.rank_ = self._solution.rank
        return self

    def __sklearn_tags__(self) -> Any:
        """Say that samples may be sparse, but not where coefficients must not be negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags

    def _solve(self, X: Any, targets: NDArray[Any], **options: Any) -> LstsqResult:
        if issparse(X):
            return solve_least_squares(X, targets, name_columns=False, **options)
        # Without a penalty, whose strength is the same zero for all targets.
        del options["alpha"]
        solution, self._reduced = solve_and_reduce(X, targets, **options)
        self._n_singular = min(X.shape)
        return solution

    @cached_property
    def singular_(self) -> FloatArray:
        """Singular values of the samples, weighted and centred."""
        reduced = self._reduced
        if reduced is None:
            # Another thread may have been faster.
            known: FloatArray | None = self.__dict__.get("singular_")
            if known is not None:
                return known
            raise AttributeError(
                f"{type(self).__name__} has singular values after a fit to dense samples with positive=False only"
            )
        values = np.zeros(self._n_singular)
        values[: len(reduced)] = svdvals(reduced, check_finite=False) if len(reduced) else 0.0
        values = values.astype(self.coef_.dtype, copy=False)
        self.__dict__["singular_"] = values
        self._reduced = None
        return values

    def __getstate__(self) -> Any:
        """Singular values instead of the matrix that they are of, where that takes no longer than writing it."""
        if self._reduced is not None and len(self._reduced) <= _MOST_ROWS_REDUCED:
            _ = self.singular_
        return super().__getstate__()
