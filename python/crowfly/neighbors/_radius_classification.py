# SPDX-License-Identifier: BSD-3-Clause
"""Classification by the votes of all neighbours within a radius."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._estimators import FloatArray, MatrixLike
from crowfly._warnings import level_of_caller
from crowfly.neighbors._documentation import documented
from crowfly.neighbors._metric import MetricLike
from crowfly.neighbors._search import RadiusNeighborsMixin
from crowfly.neighbors._supervised import NeighborsClassifier, SupervisedNeighbors, without
from crowfly.neighbors._votes import Weighting


@documented
class RadiusNeighborsClassifier(RadiusNeighborsMixin, NeighborsClassifier):
    """Classifier by the votes of all training points within a radius.

    Equal votes go to the lowest class label.

    Parameters
    ----------
    radius : float, default=1.0
        Points at this distance or nearer vote.
    |weights|
    outlier_label : int, str, array-like or None, default=None
        The label of queries without neighbours, one for all outputs or one each; 'most_frequent': that of most
        training points. With None such a query is an error. A label that isn't among `y`'s is predicted, with a
        warning and probabilities of zero.
    |search parameters|

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of such arrays
        The sorted class labels, one array per output.
    |search attributes|
    outlier_label_ : list or None
        The label of queries without neighbours, for each output.
    outputs_2d_ : bool
        Whether `y` had more than one output.

    Examples
    --------
    >>> from crowfly.neighbors import RadiusNeighborsClassifier
    >>> classifier = RadiusNeighborsClassifier(radius=1.0).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> classifier.predict([[2.2]])
    array([1])
    >>> classifier.predict_proba([[1.0]]).round(3)
    array([[0.667, 0.333]])
    """

    outlier_label_: Sequence[Any] | None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **without(SupervisedNeighbors._parameter_constraints, "n_neighbors"),
        "outlier_label": [Integral, str, "array-like", None],
    }

    def __init__(
        self,
        radius: float | None = 1.0,
        *,
        weights: Weighting = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: MetricLike = "minkowski",
        outlier_label: ArrayLike | None = None,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            radius=radius,
            algorithm=algorithm,
            leaf_size=leaf_size,
            metric=metric,
            p=p,
            metric_params=metric_params,
            n_jobs=n_jobs,
        )
        self.weights = weights
        self.outlier_label = outlier_label

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
        self : RadiusNeighborsClassifier

        Raises
        ------
        ValueError
            If `X` is not a finite matrix, `y` holds no class labels, the metric is not offered, or there are not as
            many outlier labels as outputs.
        TypeError
            If `X` is sparse with 'nan_euclidean', labels can't be sorted, or an outlier label is not of their kind.
        """
        super().fit(X, y)
        self.outlier_label_ = self._checked_outlier_labels()
        return self

    def predict(self, X: MatrixLike | None) -> NDArray[Any]:
        """Predict the class with the most votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or None
            The queries. None: the training points, none being its own neighbour.

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)

        Raises
        ------
        ValueError
            If a query is not a finite vector of the number of features seen in `fit`, has no neighbours while there
            is no outlier label, or a function given as `weights` returns only zeros for one.
        """
        votes, outliers = self._votes_or_outlier_label(X)
        predictions = []
        for output, ((classes, _), of) in enumerate(zip(self._outputs(), votes, strict=True)):
            predicted = classes.take(of.argmax(axis=1))
            if self.outlier_label_ is not None:
                predicted[outliers] = self.outlier_label_[output]
            predictions.append(predicted)
        return np.column_stack(predictions) if self.outputs_2d_ else predictions[0]

    def predict_proba(self, X: MatrixLike | None) -> FloatArray | list[FloatArray]:
        """Predict each class's share of the votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or None
            The queries. None: the training points, none being its own neighbour.

        Returns
        -------
        ndarray of shape (n_queries, n_classes), or a list of such arrays, one per output
            Columns in the order of `classes_`. Of a query without neighbours: one for the outlier label, zeros if it
            is no class.

        Raises
        ------
        ValueError
            As :meth:`predict`.
        """
        votes, _ = self._votes_or_outlier_label(X)
        totals = [of.sum(axis=1, keepdims=True) for of in votes]
        shares: FloatArray | list[FloatArray] = self._by_output(
            [of / np.where(total == 0, 1.0, total) for of, total in zip(votes, totals, strict=True)]
        )
        return shares

    def _votes_or_outlier_label(self, X: MatrixLike | None) -> tuple[list[FloatArray], NDArray[np.bool_]]:
        """Votes, queries without neighbours voting for their label; and which queries these are."""
        votes, outliers = self._votes(X)
        if not outliers.any():
            return votes, outliers
        if self.outlier_label_ is None:
            raise ValueError(
                f"No neighbors found for test samples {np.flatnonzero(outliers)!r}, you can try using larger radius, "
                "giving a label for outliers, or considering removing them from your dataset."
            )
        for (classes, _), label, of in zip(self._outputs(), self.outlier_label_, votes, strict=True):
            number = np.flatnonzero(classes == label)
            if len(number) == 1:
                of[outliers, number[0]] = 1.0
            else:
                warnings.warn(
                    f"Outlier label {label} is not in training classes. All class probabilities of outliers will be "
                    "assigned with 0.",
                    UserWarning,
                    stacklevel=level_of_caller(),
                )
        return votes, outliers

    def _checked_outlier_labels(self) -> Sequence[Any] | None:
        """One label per output, of the kind of its classes."""
        given: Any = self.outlier_label
        outputs = self._outputs()
        if given is None:
            return None
        if isinstance(given, str) and given == "most_frequent":
            return [classes[np.bincount(codes).argmax()] for classes, codes in outputs]
        if np.ndim(given) == 0:
            labels: Sequence[Any] = [given] * len(outputs)
        else:
            labels = given
            if len(labels) != len(outputs):
                raise ValueError(
                    f"The length of outlier_label: {given} is inconsistent with the output length: {len(outputs)}"
                )
        for (classes, _), label in zip(outputs, labels, strict=True):
            if np.ndim(label) != 0:
                raise TypeError(
                    f"The outlier_label of classes {classes} is supposed to be a scalar, got {label}."
                )
            if np.append(classes, label).dtype != classes.dtype:
                raise TypeError(
                    f"The dtype of outlier_label {label} is inconsistent with classes {classes} in y."
                )
        return labels
