# SPDX-License-Identifier: BSD-3-Clause
"""What linear models predict for new rows, dense or sparse, from coefficients and the names of the columns that they belong to."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._sparse import is_sparse, sparse_predictions
from crowfly._validation import (
    as_matrix,
    as_num_threads,
    check_same_columns,
    check_same_features,
    column_names,
    scan,
)

FloatArray = NDArray[np.float64]


def linear_predictions(
    X: ArrayLike,
    coef: FloatArray,
    intercept: float | FloatArray,
    columns: tuple[str, ...] | None,
    num_threads: int | None,
) -> FloatArray:
    """X coef' + intercept, its axes the rows and those of `coef` but the last, which are those of `intercept`.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite real matrix with the features of the fit, or a data frame with other columns.
    """
    names = column_names(X)
    check_same_columns("X", names, columns)
    rows = np.ascontiguousarray(coef.reshape(math.prod(coef.shape[:-1]), coef.shape[-1]))
    intercepts = np.ascontiguousarray(np.ravel(intercept))
    if is_sparse(X):
        values = sparse_predictions(X, rows, intercepts)
    else:
        array = as_matrix("X", X)
        check_same_features("X", array, rows.shape[1], "the fit")
        scan("X", array, columns=names)
        values = _core.linear_predictor(array, rows, intercepts, as_num_threads(num_threads))
    return values.reshape(len(values), *coef.shape[:-1])


class ClassPredictions(ABC):
    """Predictions of a logistic model from its `classes`, `coef`, `intercept` and `columns`.

    Every method raises TypeError or ValueError if `X` is no finite real matrix with the features of the fit.
    """

    classes: NDArray[Any]
    columns: tuple[str, ...] | None

    @abstractmethod
    def _coefficients(self) -> tuple[FloatArray, FloatArray]:
        """One row and one intercept for two classes, else one of each class."""

    def decision_function(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Compute linear predictors, of a sparse X, too: shape (n,) for two classes (positive: the second), else (n, n_classes)."""
        values = self._predictors(X, num_threads)
        return values[:, 0] if len(self.classes) == 2 else values

    def predict_proba(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Compute probabilities of the classes, shape (n, n_classes)."""
        return self._probabilities(X, num_threads, logarithm=False)

    def predict_log_proba(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Compute logarithms of the probabilities, accurate and finite in the tails, shape (n, n_classes)."""
        return self._probabilities(X, num_threads, logarithm=True)

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[Any]:
        """Predict labels, shape (n,); a linear predictor of exactly zero is the first class."""
        values = self._predictors(X, num_threads)
        chosen = (values[:, 0] > 0).astype(np.intp) if len(self.classes) == 2 else values.argmax(axis=1)
        labels: NDArray[Any] = self.classes[chosen]
        return labels

    def _predictors(self, X: ArrayLike, num_threads: int | None) -> FloatArray:
        coef, intercept = self._coefficients()
        return linear_predictions(X, coef, intercept, self.columns, num_threads)

    def _probabilities(self, X: ArrayLike, num_threads: int | None, *, logarithm: bool) -> FloatArray:
        predictors = self._predictors(X, num_threads)
        return _core.class_probabilities(
            predictors, len(self.classes), logarithm, as_num_threads(num_threads)
        )
