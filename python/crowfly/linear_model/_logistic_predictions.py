# SPDX-License-Identifier: BSD-3-Clause
"""What logistic regressions predict, by the coefficients that they have now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from crowfly import LogisticResult
from crowfly._estimators import (
    AcceptsSparse,
    FloatArray,
    MatrixLike,
    csr_container,
    predictions_for,
    validated_samples,
    with_sparse,
)

#: Stands in where classes and coefficients were set by hand, without a fit.
_NO_FIT = LogisticResult(
    classes=np.zeros(0),
    coef=np.zeros((0, 0)),
    intercept=np.zeros(0),
    n_iter=0,
    n_reads=0,
    objective=np.nan,
    gradient_norm=np.nan,
    optimality_gap=np.inf,
    converged=False,
)


class LogisticPredictions(AcceptsSparse, ClassifierMixin, BaseEstimator):
    """A classifier by coefficients of each class."""

    classes_: NDArray[Any]
    coef_: Any
    intercept_: Any
    _result: LogisticResult = _NO_FIT

    def _current_result(self) -> LogisticResult:
        """Result of the fit, with the attributes as they are now: users may have changed them since."""
        check_is_fitted(self)
        coef = self.coef_.toarray() if issparse(self.coef_) else self.coef_
        coef = np.atleast_2d(np.asarray(coef, dtype=np.float64))
        intercept = np.full(len(coef), self.intercept_, dtype=np.float64)
        return replace(self._result, classes=np.asarray(self.classes_), coef=coef, intercept=intercept)

    def decision_function(self, X: MatrixLike) -> FloatArray:
        """Evaluate the linear function of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of the second.

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        result, samples = self._current_result(), validated_samples(self, X, **with_sparse(X))
        return predictions_for(samples, self.coef_, result.decision_function(samples))

    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Predict the most probable class; of equally probable ones the first.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        return self._current_result().predict(validated_samples(self, X, **with_sparse(X)))

    def predict_proba(self, X: MatrixLike) -> FloatArray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; small probabilities are accurate to rounding.

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        result, samples = self._current_result(), validated_samples(self, X, **with_sparse(X))
        return predictions_for(samples, self.coef_, result.predict_proba(samples))

    def predict_log_proba(self, X: MatrixLike) -> FloatArray:
        """Predict the logarithm of the probability of each class, finite where the probability underflows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`.
        """
        result, samples = self._current_result(), validated_samples(self, X, **with_sparse(X))
        return predictions_for(samples, self.coef_, result.predict_log_proba(samples))

    def _predict_proba_lr(self, X: MatrixLike) -> FloatArray:
        """Each class against the rest, scaled to a sum of 1: no public method, but others' code calls scikit-learn's."""
        values = self.decision_function(X)
        if values.ndim == 1:
            return np.column_stack([expit(-values), expit(values)])
        shares = expit(values)
        sums = shares.sum(axis=1, keepdims=True)
        probabilities: FloatArray = np.where(
            sums > 0, shares / np.where(sums > 0, sums, 1), 1 / values.shape[1]
        )
        return probabilities

    def sparsify(self) -> Self:
        """Convert `coef_` to a sparse matrix in CSR format; predictions stay the same.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        self.coef_ = csr_container()(self.coef_)
        return self

    def densify(self) -> Self:
        """Convert `coef_` back to an array.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        if issparse(self.coef_):
            self.coef_ = self.coef_.toarray()
        return self
