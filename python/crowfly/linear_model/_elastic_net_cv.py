# SPDX-License-Identifier: BSD-3-Clause
"""Lasso and elastic net with the penalty chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import column_or_1d

from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    as_number,
    checked_sample_weight,
    num_threads,
    router_of,
    splits_of,
    validated_regression_data,
    validates_parameters,
    with_sparse,
)
from crowfly._path_errors import PathErrors
from crowfly._penalty_arguments import as_l1_ratios
from crowfly._sparse import as_sparse_design, is_sparse
from crowfly._validation import as_matrix, as_real_array
from crowfly.linear_model._elastic_net import PenalisedRegressor
from crowfly.linear_model._gram import require_precompute
from crowfly.linear_model._paths import lasso_path


class _PathCV(PenalisedRegressor):
    """What both estimators share: errors on a grid, the best penalty, the fit on all data."""

    alpha_: float
    alphas_: FloatArray
    mse_path_: FloatArray

    eps: float
    alphas: Any
    cv: Any
    n_jobs: int | None
    positive: bool

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "copy_X": ["boolean"],
        "cv": ["cv_object"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    def _fit_best(
        self, X: MatrixLike, y: Any, sample_weight: Any, l1_ratios: NDArray[Any], params: dict[str, Any]
    ) -> np.float64:
        """Choose and fit; returns the l1_ratio chosen."""
        _raise_for_params(params, self, "fit")
        X, targets = validated_regression_data(self, X, y, **with_sparse(X))
        if targets.ndim == 2 and targets.shape[1] > 1:
            name = type(self).__name__
            raise ValueError(
                f"For multi-task outputs, use MultiTask{name}, or fit {name} to one target at a time."
            )
        targets = column_or_1d(targets, warn=True)
        weights = checked_sample_weight(sample_weight, X)
        require_precompute(self.precompute)
        self._check_grid(l1_ratios)
        split = process_routing(self, "fit", **params).splitter.split if _routing_enabled() else {}
        splits = splits_of(self.cv, X, targets, **split)
        given = X
        X = as_sparse_design(X, most_features=None) if is_sparse(X) else as_matrix("X", X)
        targets = as_real_array("y", targets, (1,))
        errors = PathErrors(X, targets, weights, splits, num_threads(self.n_jobs))
        grids, found = errors.at(
            l1_ratios.tolist(),
            as_number(self.eps),
            self.alphas,
            positive=self.positive,
            intercept=self.fit_intercept,
        )
        mean = found.mean(axis=2)
        ratio, alpha = np.unravel_index(mean.argmin(), mean.shape)
        self.alpha_ = np.float64(grids[ratio, alpha])
        shared = len(grids) == 1 or not isinstance(self.alphas, Integral)
        self.alphas_ = grids[0] if shared else grids
        self.mse_path_ = np.squeeze(found)
        best = np.float64(l1_ratios[ratio])
        self._fit_at(self.alpha_, best, given, targets, weights, num_threads(self.n_jobs), stacklevel=5)
        return best

    def _check_grid(self, l1_ratios: NDArray[Any]) -> None:
        if isinstance(self.alphas, Integral):
            if (l1_ratios == 0).any():
                raise ValueError(
                    "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing your "
                    "estimator with the appropriate `alphas=` argument."
                )
            return
        for index, alpha in enumerate(self.alphas):
            if not isinstance(alpha, Real):
                raise TypeError(f"alphas[{index}] must be an instance of float, not {type(alpha).__name__}.")
            if not float(alpha) >= 0:
                raise ValueError(f"alphas[{index}] == {alpha}, must be >= 0.0.")

    def get_metadata_routing(self) -> Any:
        """Get the routing of metadata: parameters of `fit` go to the splitter.

        Returns
        -------
        routing : MetadataRouter
        """
        mapping = MethodMapping().add(caller="fit", callee="split")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=router_of(self.cv), method_mapping=mapping)
        )


class ElasticNetCV(_PathCV):
    """Elastic net with penalty and mixture chosen by cross-validation.

    Minimises the objective of :class:`ElasticNet`. Where test sets partition the samples, each fold is read once and training
    sets share the sums.

    Parameters
    ----------
    l1_ratio : float or list of float, default=0.5
        Share of the penalty on magnitudes, from 0 to 1; of a list the best is taken.
    eps : float, default=1e-3
        Smallest alpha of a grid over its largest.
    alphas : int or array-like, default=100
        Penalties, or their number in a grid (for which l1_ratio must not be 0).
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    precompute : 'auto', bool or array-like of shape (n_features, n_features), default='auto'
        Has no effect: whether the Gram matrix pays is decided by the shape.
    max_iter : int, default=1000
        Has no effect but a warning where the last fit took more steps: it ends with an exact solution on the features in use.
    tol : float, default=1e-4
        Has no effect: solutions are accurate to rounding.
    cv : int, cross-validation generator or iterable, default=None
        How to split; None: five folds.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    verbose : bool or int, default=0
        Has no effect.
    n_jobs : int, default=None
        Number of threads; None: the current setting of :func:`crowfly.set_num_threads`, -1: all processors.
    positive : bool, default=False
        Whether coefficients must not be negative.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    selection : {'cyclic', 'random'}, default='cyclic'
        Has no effect.

    Attributes
    ----------
    alpha_ : float
        Penalty chosen.
    l1_ratio_ : float
        Mixture chosen.
    coef_ : ndarray of shape (n_features,)
        Coefficients of the fit to all samples.
    intercept_ : float
        Intercept; 0.0 without one.
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds) or (n_alphas, n_folds)
        Mean squared error on each fold.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        Penalties tried.
    dual_gap_ : float
        Upper bound on the objective less its minimum, rounding included.
    n_iter_ : int
        Newton steps and runs of coordinate descent of the last fit.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Examples
    --------
    >>> import numpy as np
    >>> from crowfly.linear_model import ElasticNetCV
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> ElasticNetCV(cv=4).fit(X, 3 * X[:, 0]).predict([[2.0]]).round(1)
    array([6.1])
    """

    l1_ratio_: float

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_PathCV._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
    }

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: int = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose penalty and mixture, and fit to all samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples in fits and errors, not negative; errors of folds are averaged without weights.
        **params : dict
            Parameters of the splitter, with metadata routing enabled.

        Returns
        -------
        self : ElasticNetCV

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight is negative, or a fold has no weight.
        TypeError
            If `y` is sparse, or holds dates or other things that are no numbers.
        """
        ratios = np.array(as_l1_ratios(as_number(self.l1_ratio)))
        self.l1_ratio_ = self._fit_best(X, y, sample_weight, ratios, params)
        return self


class LassoCV(_PathCV):
    """Lasso with the penalty chosen by cross-validation.

    Minimises the objective of :class:`Lasso`. Where test sets partition the samples, each fold is read once and training
    sets share the sums.

    Parameters
    ----------
    eps : float, default=1e-3
        Smallest alpha of a grid over its largest.
    alphas : int or array-like, default=100
        Penalties, or their number in a grid.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    precompute : 'auto', bool or array-like of shape (n_features, n_features), default='auto'
        Has no effect: whether the Gram matrix pays is decided by the shape.
    max_iter : int, default=1000
        Has no effect but a warning where the last fit took more steps: it ends with an exact solution on the features in use.
    tol : float, default=1e-4
        Has no effect: solutions are accurate to rounding.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    cv : int, cross-validation generator or iterable, default=None
        How to split; None: five folds.
    verbose : bool or int, default=False
        Has no effect.
    n_jobs : int, default=None
        Number of threads; None: the current setting of :func:`crowfly.set_num_threads`, -1: all processors.
    positive : bool, default=False
        Whether coefficients must not be negative.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    selection : {'cyclic', 'random'}, default='cyclic'
        Has no effect.

    Attributes
    ----------
    alpha_ : float
        Penalty chosen.
    coef_ : ndarray of shape (n_features,)
        Coefficients of the fit to all samples.
    intercept_ : float
        Intercept; 0.0 without one.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on each fold.
    alphas_ : ndarray of shape (n_alphas,)
        Penalties tried.
    dual_gap_ : float
        Upper bound on the objective less its minimum, rounding included.
    n_iter_ : int
        Newton steps and runs of coordinate descent of the last fit.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Examples
    --------
    >>> import numpy as np
    >>> from crowfly.linear_model import LassoCV
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> LassoCV(cv=4).fit(X, 3 * X[:, 0]).predict([[2.0]]).round(1)
    array([6.])
    """

    path: ClassVar[Callable[..., Any]] = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose the penalty, and fit to all samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples in fits and errors, not negative; errors of folds are averaged without weights.
        **params : dict
            Parameters of the splitter, with metadata routing enabled.

        Returns
        -------
        self : LassoCV

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight is negative, or a fold has no weight.
        TypeError
            If `y` is sparse, or holds dates or other things that are no numbers.
        """
        self._fit_best(X, y, sample_weight, np.ones(1), params)
        return self
