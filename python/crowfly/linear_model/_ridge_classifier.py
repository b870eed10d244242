# SPDX-License-Identifier: BSD-3-Clause
"""Classification by ridge regression on targets of -1 and +1, one for each class."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from crowfly import LstsqResult, NnlsResult, nnls
from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    as_number,
    checked_sample_weight,
    csr_container,
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
)
from crowfly.linear_model._ridge import require_solver_takes, steps_and_solver


def labels_of(decision: FloatArray, classes: NDArray[Any], multilabel: bool) -> NDArray[Any]:
    """The class whose decision value is largest; with two classes the second where its value is positive."""
    labels: NDArray[Any]
    if multilabel:
        labels = (decision > 0).astype(np.int64)
    else:
        labels = classes[(decision > 0).astype(np.intp) if decision.ndim == 1 else decision.argmax(axis=1)]
    return labels


class RidgeClassifierBase(ClassifierMixin, BaseEstimator):
    """What both classifiers share."""

    coef_: FloatArray
    intercept_: Any
    fit_intercept: bool
    class_weight: Any
    classes_: NDArray[Any]
    n_features_in_: int
    _label_binarizer: LabelBinarizer
    _solution: LstsqResult | NnlsResult = NO_FIT

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
        # What it has seen is a dense copy.
        binarizer.sparse_input_ = issparse(y)
        self._label_binarizer, self.classes_ = binarizer, binarizer.classes_
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

    def predict(self, X: MatrixLike) -> Any:
        """Predict the class with the largest value.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_outputs) for multilabel targets
            Sparse in CSR format where the targets of `fit` were sparse.

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        decision = self.decision_function(X)
        if self._multilabel and decision.ndim == 1:
            decision = decision[:, np.newaxis]
        labels = labels_of(decision, self.classes_, self._multilabel)
        return csr_container()(labels) if self._label_binarizer.sparse_input_ else labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags


class RidgeClassifier(RidgeClassifierBase):
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
            Weights of the samples, not negative; a sample of weight zero counts as absent, but for ``class_weight='balanced'``, which is of numbers of samples.

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
        self._solve(X, targets, weights, as_number(self.alpha), positive=self.positive)
        self.n_iter_, self.solver_ = steps_and_solver(self._solution, self.solver, targets.shape[1])
        return self
