# SPDX-License-Identifier: BSD-3-Clause
"""Lasso and elastic net at one penalty."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import metadata_routing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from crowfly import EnetPath
from crowfly._estimators import (
    AcceptsSparse,
    FloatArray,
    MatrixLike,
    as_number,
    checked_sample_weight,
    csr_container,
    predictions_for,
    rounded_for,
    validated_regression_data,
    validated_samples,
    validates_parameters,
    with_sparse,
)
from crowfly.lasso import fit_path, shortfall
from crowfly.linear_model._gram import check_gram
from crowfly.linear_model._paths import enet_path

#: Stands in where coefficients were set by hand, without a fit.
_NO_FIT = EnetPath(
    alphas=np.zeros(1),
    coefs=np.zeros((0, 1)),
    intercepts=np.zeros(1),
    objectives=np.full(1, np.nan),
    dual_gaps=np.full(1, np.inf),
    relative_gaps=np.full(1, np.inf),
    n_iter=np.zeros(1, dtype=np.int32),
    method="",
    n_reads=0,
)


class PenalisedRegressor(AcceptsSparse, RegressorMixin, BaseEstimator):
    """Attributes and predictions of a fit at one penalty, from a path of one."""

    coef_: FloatArray
    intercept_: Any
    dual_gap_: Any
    n_iter_: Any
    n_features_in_: int
    fit_intercept: bool
    positive: bool
    max_iter: int | None
    _path: EnetPath = _NO_FIT
    path: ClassVar[Callable[..., Any]] = staticmethod(enet_path)

    def _set_solution(self, X: Any, path: EnetPath) -> None:
        """Take over the first and only penalty of a path, in the shapes of scikit-learn."""
        self._path = path
        coef, gap, rounds = path.coefs[..., 0], path.dual_gaps[..., 0], path.n_iter[..., 0]
        several = coef.ndim == 2 and len(coef) > 1
        self.coef_ = rounded_for(X, np.ascontiguousarray(coef if several else coef.reshape(-1)))
        self.intercept_ = rounded_for(X, path.intercepts[..., 0][()]) if self.fit_intercept else 0.0
        self.dual_gap_ = gap if several else np.float64(gap.reshape(-1)[0])
        self.n_iter_ = rounds.tolist() if several else int(rounds.reshape(-1)[0])

    def _fit_at(
        self,
        alpha: float,
        l1_ratio: float,
        X: Any,
        targets: Any,
        weights: FloatArray | None,
        num_threads: int | None = None,
        *,
        stacklevel: int = 4,
    ) -> None:
        """Fit to checked data, and warn by scikit-learn's class where the fit falls short, at the user's call."""
        with _told_of_overflow():
            path, converged = fit_path(
                X,
                targets,
                l1_ratio=l1_ratio,
                eps=1.0,
                alphas=[alpha],
                positive=self.positive,
                intercept=self.fit_intercept,
                penalty_factor=None,
                sample_weight=weights,
                num_threads=num_threads,
            )
        if not converged:
            warnings.warn(shortfall(path), ConvergenceWarning, stacklevel=stacklevel)
        self._set_solution(X, path)
        steps = int(path.n_iter.max())
        if self.max_iter is not None and steps > self.max_iter:
            warnings.warn(
                "Objective did not converge. You might want to increase the number of iterations. So many as max_iter="
                f"{self.max_iter} were not enough; all {steps} that it takes were made, and the solution is exact.",
                ConvergenceWarning,
                stacklevel=stacklevel,
            )

    @property
    def sparse_coef_(self) -> Any:
        """Coefficients as a sparse matrix of shape (n_targets, n_features)."""
        check_is_fitted(self)
        return csr_container()(csr_array(np.atleast_2d(self.coef_)))

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
        intercept = np.full(coef.shape[:-1] or (1,), self.intercept_, dtype=np.float64)
        fit = replace(self._path, coefs=coef[..., np.newaxis], intercepts=intercept[..., np.newaxis])
        samples = validated_samples(self, X, **with_sparse(X))
        return predictions_for(samples, self.coef_, fit.predict(samples)[..., 0])


class ElasticNet(MultiOutputMixin, PenalisedRegressor):
    """Least squares with penalties on the magnitudes and the squares of the coefficients.

    Minimises ``1 / (2 * n_samples) * ||y - X w - b||^2 + alpha * l1_ratio * ||w||_1
    + 0.5 * alpha * (1 - l1_ratio) * ||w||^2``; the intercept b is not penalised. Targets are fitted independently.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, not negative. 0 is least squares, solved as accurately as with any other value (scikit-learn's warning is given all the same).
    l1_ratio : float, default=0.5
        Share of the penalty on magnitudes, from 0 to 1.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        Has no effect: whether the Gram matrix pays is decided by the shape. One that is given is checked as scikit-learn checks it.
    max_iter : int, default=1000
        Has no effect but a warning where a fit took more steps: it ends with an exact solution on the features in use.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    tol : float, default=1e-4
        Has no effect: the solution is accurate to rounding; `dual_gap_` bounds what is missing.
    warm_start : bool, default=False
        Has no effect on the solution; `n_iter_` is 0 where the coefficients from before are the solution already.
    positive : bool, default=False
        Whether coefficients must not be negative.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    selection : {'cyclic', 'random'}, default='cyclic'
        Has no effect.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        The same as a sparse matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound on the objective less its minimum, rounding included.
    n_iter_ : int or list of int
        Newton steps and runs of coordinate descent.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Sparse input is never made dense. Coefficients for float32 samples are rounded to float32 at the very end.

    Examples
    --------
    >>> from crowfly.linear_model import ElasticNet
    >>> model = ElasticNet(alpha=0.5).fit([[0], [1], [2]], [0, 1, 2])
    >>> model.coef_.round(12)
    array([0.45454545])
    """

    # Nothing that a pipeline passes on.
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None, check_input: bool = True) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent.
        check_input : bool, default=True
            Has no effect: input is always checked.

        Returns
        -------
        self : ElasticNet

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight is negative, or `precompute` is the Gram matrix of other samples.
        TypeError
            If `y` is sparse, or holds dates or other things that are no numbers.

        Warns
        -----
        UserWarning
            If `precompute` is a Gram matrix of samples that have to be centred; if alpha is 0, as in scikit-learn.
        ConvergenceWarning
            If only a large gap could be certified, or the fit took more steps than `max_iter`.
        """
        if self.alpha == 0:
            warnings.warn(
                "With alpha=0, this algorithm does not converge well. You are advised to use the LinearRegression estimator. So it is in "
                "scikit-learn; here the solution is that of least squares, as accurate as with any other alpha.",
                UserWarning,
                stacklevel=3,
            )
        X, targets = validated_regression_data(self, X, y, **with_sparse(X))
        weights = checked_sample_weight(sample_weight, X)
        check_gram(self.precompute, X, weights, fit_intercept=self.fit_intercept)
        start = getattr(self, "coef_", None) if self.warm_start else None
        self._fit_at(as_number(self.alpha), as_number(self.l1_ratio), X, targets, weights)
        if start is not None and np.array_equal(start, self.coef_):
            # From there, no step is needed.
            self.n_iter_ = [0] * len(self.n_iter_) if isinstance(self.n_iter_, list) else 0
        return self


@contextmanager
def _told_of_overflow() -> Iterator[None]:
    """Begin as scikit-learn's users know it: by what filters of messages look for."""
    try:
        yield
    except ValueError as error:
        if "overflows float64" not in str(error):
            raise
        raise ValueError(
            f"Coordinate descent iterations resulted in non-finite parameter values. {error}"
        ) from None


class Lasso(ElasticNet):
    """Least squares with a penalty on the magnitudes of the coefficients.

    Minimises ``1 / (2 * n_samples) * ||y - X w - b||^2 + alpha * ||w||_1``; the intercept b is not penalised. Targets are
    fitted independently.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, not negative. 0 is least squares, solved as accurately as with any other value (scikit-learn's warning is given all the same).
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        Has no effect: whether the Gram matrix pays is decided by the shape. One that is given is checked as scikit-learn checks it.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    max_iter : int, default=1000
        Has no effect but a warning where a fit took more steps: it ends with an exact solution on the features in use.
    tol : float, default=1e-4
        Has no effect: the solution is accurate to rounding; `dual_gap_` bounds what is missing.
    warm_start : bool, default=False
        Has no effect on the solution; `n_iter_` is 0 where the coefficients from before are the solution already.
    positive : bool, default=False
        Whether coefficients must not be negative.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    selection : {'cyclic', 'random'}, default='cyclic'
        Has no effect.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        The same as a sparse matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound on the objective less its minimum, rounding included.
    n_iter_ : int or list of int
        Newton steps and runs of coordinate descent.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Sparse input is never made dense. Coefficients for float32 samples are rounded to float32 at the very end.

    Examples
    --------
    >>> from crowfly.linear_model import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0], [1], [2]], [0, 1, 2])
    >>> model.coef_.round(12), float(model.intercept_.round(12))
    (array([0.85]), 0.15)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: allowed for name, allowed in ElasticNet._parameter_constraints.items() if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )
