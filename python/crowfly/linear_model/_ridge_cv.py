# SPDX-License-Identifier: BSD-3-Clause
"""Ridge regression that chooses the strength of its penalty by cross-validation."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)

from crowfly import LstsqResult, lstsq
from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    checked_sample_weight,
    router_of,
    splits_of,
    validated_regression_data,
    validates_parameters,
    with_sparse,
)
from crowfly._sparse import as_sparse_design, is_sparse
from crowfly._validation import as_design, as_penalty, as_targets, as_weights
from crowfly.linear_model._least_squares import _LeastSquaresRegressor
from crowfly.linear_model._ridge import Ridge
from crowfly.linear_model._ridge_folds import fold_scores
from crowfly.ridge import INSTEAD, PathFit, fit_path

PARAMETERS_OF_RIDGE_CV: dict[str, list[Any]] = {
    "alphas": ["array-like", Interval(Real, 0, None, closed="neither")],
    "fit_intercept": ["boolean"],
    "scoring": [StrOptions(set(get_scorer_names())), callable, None],
    "cv": ["cv_object"],
    "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
    "store_cv_results": ["boolean"],
    "alpha_per_target": ["boolean"],
}


class _Predictions(RegressorMixin, BaseEstimator):
    """Scorers want an estimator and samples: here the predictions are the samples."""

    def predict(self, predictions: FloatArray) -> FloatArray:
        return predictions


@dataclass(frozen=True)
class Choice:
    """The penalty that leave-one-out scores choose, one or one per target, and what led to it."""

    alpha: Any
    score: Any
    cv_results: FloatArray | None


def checked_alphas(alphas: Any, *, zero: bool) -> list[float]:
    """Strengths of the penalty as floats; whether one may be zero.

    Raises
    ------
    TypeError
        If one is no real number.
    ValueError
        If one is negative, not finite or a zero that may not be, or there is none.
    """
    values = [alphas] if np.ndim(alphas) == 0 else list(alphas)
    if not values:
        raise ValueError("alphas: at least one number expected, got none")
    for index, alpha in enumerate(values):
        name = "alphas" if len(values) == 1 else f"alphas[{index}]"
        if not isinstance(alpha, Real):
            raise TypeError(f"{name} must be an instance of float, not {type(alpha).__name__}.")
        if not 0 <= float(alpha) < np.inf:
            raise ValueError(f"{name} == {alpha}, must be {'>=' if zero else '>'} 0.0 and finite.")
        if alpha == 0 and not zero:
            raise ValueError(
                f"{name} == {alpha}, must be > 0.0. crowfly.ridge_path(alphas=[0.0, ...]) has leave-one-out errors without a penalty."
            )
    return [float(alpha) for alpha in values]


def leave_one_out(
    X: Any,
    targets: NDArray[Any],
    alphas: list[float],
    *,
    fit_intercept: bool,
    weights: FloatArray | None,
    errors: bool,
) -> PathFit:
    """Score every penalty; coefficients are good enough for scores only."""
    array = as_sparse_design(X, instead=INSTEAD) if is_sparse(X) else as_design(X)
    columns = as_targets(targets, array.shape[0])
    return fit_path(
        array,
        columns if columns.ndim == 2 else columns[:, np.newaxis],
        [as_penalty(alpha) for alpha in alphas],
        intercept=fit_intercept,
        weights=as_weights(weights, array.shape[0]),
        factors=np.ones(X.shape[1]),
        refine=False,
        errors=errors,
        num_threads=0,
    )


def choose_by_squared_error(
    fit: PathFit,
    alphas: list[float],
    n_samples: int,
    *,
    per_target: bool,
    weights: FloatArray | None,
) -> Choice:
    """scikit-learn's score: the mean over samples of weight times squared error, negative."""
    scores = -fit.left_out / n_samples
    results: FloatArray | None = None
    if fit.errors is not None:
        squares = fit.errors**2 if weights is None else weights * fit.errors**2
        results = np.ascontiguousarray(squares.transpose(2, 1, 0))
    return choose(scores if per_target else scores.mean(axis=1), alphas, results)


def choose(scores: FloatArray, alphas: list[float], results: FloatArray | None) -> Choice:
    """The first of the best scores, by target where there is a second axis."""
    best = np.argmax(scores, axis=0)
    if scores.ndim == 1:
        return Choice(alphas[int(best)], scores[best], results)
    if scores.shape[1] == 1:
        return Choice(alphas[int(best[0])], scores[best[0], 0], results)
    return Choice(np.array(alphas)[best], scores[best, np.arange(scores.shape[1])], results)


class RidgeCVMixin:
    """What the regressor and the classifier share: parameters, routing, and cross-validation in other folds."""

    alphas: Any
    fit_intercept: bool
    scoring: Any
    cv: Any
    store_cv_results: bool
    alpha_: Any
    best_score_: Any

    def _default_scorer(self) -> Any:
        raise NotImplementedError

    def _scorer(self) -> Any:
        if _routing_enabled() and self.scoring is None:
            return self._default_scorer().set_score_request(sample_weight=True)
        return check_scoring(estimator=self, scoring=self.scoring, allow_none=True)

    def _score_parameters(self, params: dict[str, Any]) -> dict[str, Any]:
        """What of fit's metadata the scorer gets in leave-one-out scoring."""
        if _routing_enabled():
            routed: dict[str, Any] = process_routing(self, "fit", **params).scorer.score
            return routed
        return params

    def _refuse_contradictions(self) -> None:
        if self.store_cv_results:
            raise ValueError("cv!=None and store_cv_results=True are incompatible")
        if getattr(self, "alpha_per_target", False):
            raise ValueError("cv!=None and alpha_per_target=True are incompatible")

    def _search(
        self, estimator: Any, alphas: list[float], X: MatrixLike, y: Any, params: dict[str, Any], cv: Any
    ) -> Any:
        """The best of the grid, refitted."""
        self._refuse_contradictions()
        if _routing_enabled():
            estimator.set_fit_request(sample_weight=True)
        search = GridSearchCV(estimator, {"alpha": alphas}, cv=cv, scoring=self._scorer())
        search.fit(X, y, **params)
        self.alpha_ = np.float64(search.best_estimator_.alpha)
        self.best_score_ = search.best_score_
        return search.best_estimator_

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            From `fit` to the scorer's `score` and the splitter's `split`.
        """
        # The scorer of no scoring is this estimator's own score, whose routing would be this one again.
        routed = _routing_enabled() or self.scoring is not None
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                scorer=self._scorer() if routed else self._default_scorer(),
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
            .add(
                splitter=router_of(self.cv), method_mapping=MethodMapping().add(caller="fit", callee="split")
            )
        )


class RidgeCV(RidgeCVMixin, _LeastSquaresRegressor):
    """Ridge regression with built-in cross-validation of the penalty.

    By default exact leave-one-out errors for all penalties from one factorisation. The final coefficients are those of
    :class:`Ridge` at the penalty chosen.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Strengths of the penalty to choose from, not negative; with ``cv=None`` above zero.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    scoring : str or callable, default=None
        A scorer. None: the negative mean squared error with ``cv=None``, else R^2.
    cv : int, splitter or iterable, default=None
        None: leave-one-out. Otherwise the folds of ``GridSearchCV``.
    gcv_mode : {'auto', 'svd', 'eigen'}, default=None
        Has no effect: the factorisation is chosen by shape and condition.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`; with ``cv=None`` only.
    alpha_per_target : bool, default=False
        Whether to choose a penalty for each target; with ``cv=None`` only.

    Attributes
    ----------
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        Squared leave-one-out errors, times the weights of the samples; leave-one-out predictions with `scoring`.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients; one-dimensional for a single target.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    alpha_ : float or ndarray of shape (n_targets,)
        The penalty chosen; the first of equally good ones.
    best_score_ : float or ndarray of shape (n_targets,)
        Its score.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Sparse input has at most 6000 features with ``cv=None``, and as :class:`Ridge` otherwise. Leaving a sample out leaves all of its weight out. With ``cv=None`` no alpha may be 0, as in
    scikit-learn: :func:`crowfly.ridge_path` has leave-one-out errors without a penalty, too.

    Examples
    --------
    >>> from crowfly.linear_model import RidgeCV
    >>> model = RidgeCV(alphas=[0.01, 1.0]).fit([[0], [1], [2], [3]], [0.0, 1.1, 1.9, 3.0])
    >>> model.alpha_
    0.01
    """

    cv_results_: FloatArray
    gcv_mode: str | None
    alpha_per_target: bool

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = PARAMETERS_OF_RIDGE_CV

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    def _default_scorer(self) -> Any:
        return get_scorer("r2")

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose the penalty and fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent.
        **params : dict
            Metadata for the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        self : RidgeCV

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight or penalty is negative, or parameters contradict.
        TypeError
            If a penalty is no number, or `y` holds things that are no real numbers.
        """
        _raise_for_params(params, self, "fit")
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        alphas = checked_alphas(self.alphas, zero=self.cv is not None)
        if self.cv is None:
            if self.gcv_mode == "svd" and is_sparse(X):
                warnings.warn(
                    "The 'svd' mode is not supported for sparse X by scikit-learn, and will be an error there from 1.11 on: use "
                    "the default, or pass `gcv_mode='eigen'`.",
                    FutureWarning,
                    stacklevel=3,
                )
            self._fit_leave_one_out(X, y, sample_weight, alphas, params)
            return self
        X, targets = validated_regression_data(self, X, y, **with_sparse(X))
        if not _routing_enabled() and (self.scoring is None or isinstance(self.scoring, str)):
            self._fit_folds(X, targets, sample_weight, alphas, params)
            return self
        self._fit_search(X, targets, alphas, params, self.cv)
        return self

    def _fit_folds(
        self,
        X: Any,
        targets: NDArray[Any],
        sample_weight: Any,
        alphas: list[float],
        params: dict[str, Any],
    ) -> None:
        """Score from sums that the folds share where they allow it."""
        self._refuse_contradictions()
        weights = checked_sample_weight(sample_weight, X)
        splits = splits_of(self.cv, X, targets)
        scores = fold_scores(X, targets, weights, alphas, self.fit_intercept, splits, self.scoring)
        if scores is None:
            self._fit_search(X, targets, alphas, params, splits)
            return
        choice = choose(scores, alphas, None)
        self.alpha_, self.best_score_ = np.float64(choice.alpha), choice.score
        self._set_solution(
            X, lstsq(X, targets, intercept=self.fit_intercept, sample_weight=weights, alpha=choice.alpha)
        )

    def _fit_search(
        self, X: Any, targets: NDArray[Any], alphas: list[float], params: dict[str, Any], cv: Any
    ) -> None:
        best = self._search(Ridge(fit_intercept=self.fit_intercept), alphas, X, targets, params, cv)
        self._solution = best._solution
        self.coef_, self.intercept_ = best.coef_, best.intercept_

    def _fit_leave_one_out(
        self, X: MatrixLike, y: Any, sample_weight: Any, alphas: list[float], params: dict[str, Any]
    ) -> None:
        score_parameters = self._score_parameters(params)
        X, targets = validated_regression_data(self, X, y, **with_sparse(X))
        weights = checked_sample_weight(sample_weight, X)
        fit = leave_one_out(
            X,
            targets,
            alphas,
            fit_intercept=self.fit_intercept,
            weights=weights,
            errors=self.store_cv_results or self.scoring is not None,
        )
        if self.scoring is None:
            choice = choose_by_squared_error(
                fit, alphas, X.shape[0], per_target=self.alpha_per_target, weights=weights
            )
        else:
            choice = self._choose_by_scorer(fit, alphas, targets, score_parameters)
        self.alpha_, self.best_score_ = choice.alpha, choice.score
        if self.alpha_per_target and targets.ndim == 2:
            self.best_score_ = np.atleast_1d(choice.score)
        if self.store_cv_results and choice.cv_results is not None:
            self.cv_results_ = choice.cv_results[:, 0] if targets.ndim == 1 else choice.cv_results
        self._set_solution(
            X, lstsq(X, targets, intercept=self.fit_intercept, sample_weight=weights, alpha=choice.alpha)
        )

    def _choose_by_scorer(
        self, fit: PathFit, alphas: list[float], targets: NDArray[Any], score_parameters: dict[str, Any]
    ) -> Choice:
        scorer = self._scorer()
        columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
        assert fit.errors is not None
        predictions: FloatArray = columns.T - fit.errors

        def score(of_alpha: FloatArray, truth: NDArray[Any]) -> float:
            return float(scorer(_Predictions(), of_alpha, truth, **score_parameters))

        if self.alpha_per_target:
            scores = np.array(
                [[score(p, c) for p, c in zip(each, columns.T, strict=True)] for each in predictions]
            )
        else:
            scores = np.array(
                [score(each[0] if targets.ndim == 1 else each.T, targets) for each in predictions]
            )
        return choose(scores, alphas, np.ascontiguousarray(predictions.transpose(2, 1, 0)))

    def _set_solution(self, X: Any, solution: LstsqResult) -> None:
        self._solution = solution
        self._take_over(X)
        if np.atleast_2d(self.coef_).shape[0] == 1:
            self.coef_ = self.coef_.ravel()
