# SPDX-License-Identifier: BSD-3-Clause
"""What classification and regression share, by number of neighbours and by radius."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    dense_targets,
    require_class_labels,
    validate_data,
    validated_regression_data,
    validates_parameters,
)
from crowfly._predictions import Poll
from crowfly._warnings import level_of_caller
from crowfly.neighbors._base import NeighborsBase
from crowfly.neighbors._runs import Runs
from crowfly.neighbors._votes import Weighting, neighbor_weights

Output: TypeAlias = tuple[NDArray[Any], NDArray[np.int32]]
"""The classes of one output, and the class number of each training point."""


def without(constraints: dict[str, list[Any]], name: str) -> dict[str, list[Any]]:
    """Constraints of all parameters but one."""
    return {parameter: allowed for parameter, allowed in constraints.items() if parameter != name}


class SupervisedNeighbors(NeighborsBase):
    """Neighbours that vote or average, with weights: in the core where it has the index and the weights."""

    weights: Weighting

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeighborsBase._parameter_constraints,
        "weights": [StrOptions({"uniform", "distance"}), callable, None],
    }

    def _asked(self: Any, X: MatrixLike | None) -> Poll | Runs:
        """The core's poll of the neighbours, or the neighbours themselves where the core can't weigh them."""
        check_is_fitted(self)
        poll: Poll | None = None if callable(self.weights) else self._poll(X, self.weights or "uniform")
        if poll is not None:
            return poll
        runs: Runs = self._runs(X)
        return runs


class NeighborsRegressor(RegressorMixin, SupervisedNeighbors):
    """Means of the neighbours' targets."""

    _y: FloatArray
    _is_float32: bool

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any) -> Self:
        """Index the training points and keep their targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples) their distances, with ``metric='precomputed'``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `X` or `y` is not finite, or the metric is not offered.
        TypeError
            If `X` is sparse with 'nan_euclidean', or `y` is sparse, or holds dates or other things that are no numbers.
        """
        X, targets = validated_regression_data(self, self._points_of(X), y, **self._input())
        self._y = targets.astype(np.float64, copy=False)
        self._is_float32 = targets.dtype == np.float32
        return self._fit_points(X)

    def _means(self, X: MatrixLike | None) -> FloatArray:
        """Means of the neighbours' targets; NaN where there are none."""
        asked = self._asked(X)
        if isinstance(asked, Poll):
            return asked.means(self._y)
        return asked.means(self._y, neighbor_weights(asked, self.weights))

    def _rounded(self, means: FloatArray) -> NDArray[Any]:
        """In the dtype of the targets where that is float32, rounded at the very end."""
        return means.astype(np.float32) if self._is_float32 else means


class NeighborsClassifier(ClassifierMixin, SupervisedNeighbors):
    """Votes of the neighbours."""

    classes_: Any
    outputs_2d_: bool
    _y: NDArray[np.int32]

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any) -> Self:
        """Index the training points and learn the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples) their distances, with ``metric='precomputed'``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `X` is not a finite matrix, `y` holds no class labels, or the metric is not offered.
        TypeError
            If labels can't be sorted, or `X` is sparse with 'nan_euclidean'.
        """
        X, y = validate_data(self, self._points_of(X), y, multi_output=True, **self._input())
        labels = dense_targets(y)
        self.outputs_2d_ = labels.ndim == 2 and labels.shape[1] > 1
        if labels.ndim == 2 and not self.outputs_2d_:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=level_of_caller(),
            )
            labels = labels.ravel()
        require_class_labels(labels)
        if self.outputs_2d_:
            encoded = [np.unique(column, return_inverse=True) for column in labels.T]
            self.classes_ = [classes for classes, _ in encoded]
            # Each output's codes are contiguous, as the search takes them.
            self._y = np.stack([codes for _, codes in encoded]).astype(np.int32).T
        else:
            self.classes_, codes = np.unique(labels, return_inverse=True)
            self._y = codes.astype(np.int32)
        return self._fit_points(X)

    def score(self, X: MatrixLike | None, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or None
            The queries. None: the training points, none being its own neighbour, which makes this the
            leave-one-out accuracy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
        """
        return float(super().score(X, y, sample_weight))

    def _outputs(self) -> list[Output]:
        if self.outputs_2d_:
            return list(zip(self.classes_, self._y.T, strict=True))
        return [(self.classes_, self._y)]

    def _votes(self, X: MatrixLike | None) -> tuple[list[FloatArray], NDArray[np.bool_]]:
        """Votes of shape (n_queries, n_classes) for each output; and which queries have no neighbours."""
        asked, outputs = self._asked(X), self._outputs()
        if isinstance(asked, Poll):
            votes = asked.votes(outputs)
            return votes, np.logical_not(votes[0].any(axis=1))
        weights = neighbor_weights(asked, self.weights)
        votes = [asked.votes(codes, len(classes), weights) for classes, codes in outputs]
        return votes, asked.lengths == 0

    def _by_output(self, arrays: Sequence[NDArray[Any]]) -> Any:
        """One array per output, or the only one."""
        return list(arrays) if self.outputs_2d_ else arrays[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
