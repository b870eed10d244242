# SPDX-License-Identifier: BSD-3-Clause
"""Ridge classifiers that choose their penalty: by leave-one-out decisions, or on folds."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metadata_routing import _raise_for_params

from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    validates_parameters,
)
from crowfly.linear_model._ridge_classifier import RidgeClassifier, RidgeClassifierBase, labels_of
from crowfly.linear_model._ridge_cv import (
    PARAMETERS_OF_RIDGE_CV,
    Choice,
    RidgeCVMixin,
    checked_alphas,
    choose,
    choose_by_squared_error,
    leave_one_out,
)
from crowfly.ridge import PathFit


class _Decisions(ClassifierMixin, BaseEstimator):
    """Scorers want an estimator and samples: here the decision values are the samples."""

    def __init__(self, classes: Any = None, multilabel: bool = False) -> None:
        self.classes = classes
        self.multilabel = multilabel

    @property
    def classes_(self) -> NDArray[Any]:
        found: NDArray[Any] = self.classes
        return found

    def decision_function(self, decision: FloatArray) -> FloatArray:
        return decision

    def predict(self, decision: FloatArray) -> NDArray[Any]:
        return labels_of(decision, self.classes, self.multilabel)


class RidgeClassifierCV(RidgeCVMixin, RidgeClassifierBase):
    """Classifier by ridge regression with built-in cross-validation of the penalty.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Strengths of the penalty to choose from, not negative.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    scoring : str or callable, default=None
        A scorer. None: the negative mean squared error of the targets of -1 and +1 with ``cv=None``, else the accuracy.
    cv : int, splitter or iterable, default=None
        None: leave-one-out. Otherwise the folds of ``GridSearchCV``.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, by label; 'balanced': inversely proportional to their frequencies.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`; with ``cv=None`` only.

    Attributes
    ----------
    cv_results_ : ndarray of shape (n_samples, n_targets, n_alphas)
        Squared leave-one-out errors, times the weights of the samples; leave-one-out decision values with `scoring`.
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        Coefficients; one-dimensional (of the second class) for two classes, as in scikit-learn.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    alpha_ : float
        The penalty chosen; the first of equally good ones.
    best_score_ : float
        Its score.
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Sparse input has at most 6000 features with ``cv=None``. With `scoring`, predictions of two classes are told by the sign of their decision value;
    scikit-learn takes all of them for the first class there.

    Examples
    --------
    >>> from crowfly.linear_model import RidgeClassifierCV
    >>> model = RidgeClassifierCV(alphas=[0.1, 1.0]).fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.alpha_
    1.0
    """

    cv_results_: FloatArray

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{
            name: kinds
            for name, kinds in PARAMETERS_OF_RIDGE_CV.items()
            if name not in ("gcv_mode", "alpha_per_target")
        },
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        class_weight: Any = None,
        store_cv_results: bool = False,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results

    def _default_scorer(self) -> Any:
        return get_scorer("accuracy")

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose the penalty and fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,), or indicators of shape (n_samples, n_outputs)
            Class labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent, but for ``class_weight='balanced'``, which is of numbers of samples.
        **params : dict
            Metadata for the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        self : RidgeClassifierCV

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight or penalty is negative, or parameters contradict.
        TypeError
            If a penalty is no number, or labels can't be sorted.
        """
        _raise_for_params(params, self, "fit")
        alphas = checked_alphas(self.alphas, zero=self.cv is not None)
        X, labels, targets, weights = self._prepare(X, y, sample_weight)
        if weights is not None:
            params["sample_weight"] = weights
        if self.cv is None:
            self._fit_leave_one_out(X, labels, targets, weights, alphas, params)
            return self
        best = self._search(
            RidgeClassifier(fit_intercept=self.fit_intercept), alphas, X, labels, params, self.cv
        )
        self._solution = best._solution
        self.coef_, self.intercept_ = best.coef_, best.intercept_
        return self

    def _fit_leave_one_out(
        self,
        X: Any,
        labels: NDArray[Any],
        targets: FloatArray,
        weights: FloatArray | None,
        alphas: list[float],
        params: dict[str, Any],
    ) -> None:
        score_parameters = self._score_parameters(params)
        fit = leave_one_out(
            X,
            targets,
            alphas,
            fit_intercept=self.fit_intercept,
            weights=weights,
            errors=self.store_cv_results or self.scoring is not None,
        )
        if self.scoring is None:
            choice = choose_by_squared_error(fit, alphas, X.shape[0], per_target=False, weights=weights)
        else:
            choice = self._choose_by_scorer(fit, alphas, labels, targets, score_parameters)
        self.alpha_, self.best_score_ = choice.alpha, choice.score
        if self.store_cv_results and choice.cv_results is not None:
            self.cv_results_ = choice.cv_results
        self._solve(X, targets, weights, choice.alpha)

    def _choose_by_scorer(
        self,
        fit: PathFit,
        alphas: list[float],
        labels: NDArray[Any],
        targets: FloatArray,
        score_parameters: dict[str, Any],
    ) -> Choice:
        scorer = self._scorer()
        judge = _Decisions(self.classes_, self._multilabel)
        assert fit.errors is not None
        decisions: FloatArray = targets.T - fit.errors
        single = targets.shape[1] == 1 and not self._multilabel
        scores = np.array(
            [
                float(scorer(judge, each[0] if single else each.T, labels, **score_parameters))
                for each in decisions
            ]
        )
        return choose(scores, alphas, np.ascontiguousarray(decisions.transpose(2, 1, 0)))
