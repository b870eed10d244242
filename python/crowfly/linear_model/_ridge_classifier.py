# SPDX-License-Identifier: BSD-3-Clause
"""Classification by ridge regression on targets of -1 and +1, one for each class."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metadata_routing import _raise_for_params
from sklearn.utils.validation import check_is_fitted

from crowfly import LstsqResult, NnlsResult, nnls
from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    checked_sample_weight,
    dense_targets,
    predictions_for,
    require_class_labels,
    rounded_for,
    validate_data,
    validated_samples,
    validates_parameters,
    with_sparse,
)
from crowfly.least_squares import inexactness, solve_least_squares
from crowfly.linear_model._least_squares import (
    NO_FIT,
    _numpy_scalar_or_array,
    penalty_for,
    require_solver_takes,
    steps_and_solver,
)
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


def _labels_of(decision: FloatArray, classes: NDArray[Any], multilabel: bool) -> NDArray[Any]:
    """The class whose decision value is largest; with two classes the second where its value is positive."""
    labels: NDArray[Any]
    if multilabel:
        labels = (decision > 0).astype(np.int64)
    else:
        labels = classes[(decision > 0).astype(np.intp) if decision.ndim == 1 else decision.argmax(axis=1)]
    return labels


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
        return _labels_of(decision, self.classes, self.multilabel)


class _RidgeClassifier(ClassifierMixin, BaseEstimator):
    """What both classifiers share."""

    coef_: FloatArray
    intercept_: Any
    fit_intercept: bool
    class_weight: Any
    n_features_in_: int
    _label_binarizer: LabelBinarizer
    _solution: LstsqResult | NnlsResult = NO_FIT

    @property
    def classes_(self) -> NDArray[Any]:
        """The sorted class labels."""
        classes: NDArray[Any] = self._label_binarizer.classes_
        return classes

    @property
    def _multilabel(self) -> bool:
        return str(self._label_binarizer.y_type_).startswith("multilabel")

    def _prepare(
        self, X: MatrixLike, y: Any, sample_weight: Any
    ) -> tuple[Any, NDArray[Any], FloatArray, FloatArray | None]:
        """Validated samples and labels, their targets, and weights of samples times those of classes."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=False, **with_sparse(X))
        labels = dense_targets(y)
        require_class_labels(labels)
        binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
        targets: FloatArray = binarizer.fit_transform(labels).astype(np.float64)
        self._label_binarizer = binarizer
        if not self._multilabel:
            labels = column_or_1d(labels, warn=True)
        weights = checked_sample_weight(sample_weight, X)
        if self.class_weight:
            of_classes = np.asarray(compute_sample_weight(self.class_weight, labels), dtype=np.float64)
            if (of_classes < 0).any():
                raise ValueError(f"class_weight: non-negative numbers expected, got {self.class_weight!r}")
            weights = of_classes if weights is None else weights * of_classes
        return X, labels, targets, weights

    def _solve(
        self, X: Any, targets: FloatArray, weights: FloatArray | None, alpha: Any, *, positive: bool = False
    ) -> None:
        if positive:
            self._solution = nnls(
                X,
                targets,
                intercept=self.fit_intercept,
                sample_weight=weights,
                alpha=penalty_for(targets, alpha),
            )
        else:
            self._solution = solution = solve_least_squares(X, targets, self.fit_intercept, weights, alpha)
            if solution.method == "conjugate_gradient" and (text := inexactness(solution)):
                warnings.warn(text, ConvergenceWarning, stacklevel=3)
        coef = self._solution.coef
        self.coef_ = rounded_for(X, coef.ravel() if len(coef) == 1 else coef)
        intercept = _numpy_scalar_or_array(self._solution.intercept)
        self.intercept_ = rounded_for(X, intercept) if self.fit_intercept else 0.0

    def decision_function(self, X: MatrixLike) -> FloatArray:
        """Evaluate the regression of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the value of the second.

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        check_is_fitted(self)
        coef = np.atleast_2d(np.asarray(self.coef_, dtype=np.float64))
        intercept = np.full(len(coef), self.intercept_, dtype=np.float64)
        solution = replace(self._solution, coef=coef, intercept=intercept)
        samples = validated_samples(self, X, **with_sparse(X))
        values = predictions_for(samples, self.coef_, solution.predict(samples))
        return values[:, 0] if values.shape[1] == 1 else values

    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Predict the class with the largest value.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_outputs) for multilabel targets

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        decision = self.decision_function(X)
        if self._multilabel and decision.ndim == 1:
            decision = decision[:, np.newaxis]
        return _labels_of(decision, self.classes_, self._multilabel)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags


class RidgeClassifier(_RidgeClassifier):
    """Classifier by ridge regression: targets are +1 for a sample's class and -1 for the others.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, not negative.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    max_iter : int, default=None
        Has no effect.
    tol : float, default=1e-4
        Has no effect: the solution is accurate to rounding.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, by label; 'balanced': inversely proportional to their frequencies.
    solver : {'auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'sag', 'saga', 'lbfgs'}, default='auto'
        Has no effect, but as in scikit-learn 'lbfgs' is refused without ``positive=True``, and all others but 'auto' with it.
    positive : bool, default=False
        Whether coefficients must not be negative.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        Coefficients; one-dimensional (of the second class) for two classes, as in scikit-learn.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    n_iter_ : ndarray of shape (n_targets,), or None
        Passes over `X`; None with ``positive=True`` and, as in scikit-learn, for the solvers 'svd', 'cholesky' and 'sparse_cg'.
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    solver_ : str
        The solver asked for. With 'auto' the one used here: 'cholesky', 'qr' or 'conjugate_gradient', with
        ``positive=True`` 'active_set'.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Examples
    --------
    >>> from crowfly.linear_model import RidgeClassifier
    >>> model = RidgeClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]])
    array(['no', 'yes'], dtype='<U3')
    """

    n_iter_: NDArray[np.int32] | None
    solver_: str

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "solver": [StrOptions({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"})],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: Any = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None) -> Self:
        """Fit the regressions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,), or indicators of shape (n_samples, n_outputs)
            Class labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent.

        Returns
        -------
        self : RidgeClassifier

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight or penalty is negative, or
            `solver` and `positive` contradict each other.
        TypeError
            If labels can't be sorted.
        """
        require_solver_takes(self.positive, self.solver)
        X, _, targets, weights = self._prepare(X, y, sample_weight)
        self._solve(X, targets, weights, self.alpha, positive=self.positive)
        self.n_iter_, self.solver_ = steps_and_solver(self._solution, self.solver, targets.shape[1])
        return self


class RidgeClassifierCV(RidgeCVMixin, _RidgeClassifier):
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
            Weights of the samples, not negative; a sample of weight zero counts as absent.
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
