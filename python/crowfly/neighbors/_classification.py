# SPDX-License-Identifier: BSD-3-Clause
"""Classification by the votes of the nearest neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    dense_targets,
    num_threads,
    require_class_labels,
    validates_parameters,
)
from crowfly.neighbors._search import KNeighborsMixin, naming_X
from crowfly.neighbors._supervised import SupervisedNeighbors
from crowfly.neighbors._votes import class_votes, neighbor_weights


class KNeighborsClassifier(KNeighborsMixin, ClassifierMixin, SupervisedNeighbors):
    """Classifier by the votes of the k nearest training points.

    Equal votes go to the lowest class label, equal distances to the lower index of the training point.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours that vote.
    weights : {'uniform', 'distance'}, callable or None, default='uniform'
        Weight of a vote: equal (None likewise), the inverse of the distance (points at distance zero then
        outvote all others), or a function from an array of distances to an array of weights of that shape.
    algorithm : {'auto', 'ball_tree', 'kd_tree', 'brute'}, default='auto'
        Has no effect: the search chooses for itself and every choice gives the same answer. As in scikit-learn
        a metric which the named algorithm does not take is refused.
    leaf_size : int, default=30
        Has no effect.
    p : float, default=2
        Exponent of the Minkowski metric, from 1 to 500 or infinity.
    metric : str, default='minkowski'
        As in :class:`NearestNeighbors`.
    metric_params : dict, default=None
        ``{'p': exponent}`` is understood for the Minkowski metric.
    n_jobs : int, default=None
        Number of threads; None: the current setting of :func:`crowfly.set_num_threads`, -1: all processors.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of such arrays
        The sorted class labels, one array per output.
    effective_metric_ : str
        The metric used; 'minkowski' with p = 1, 2 or infinity is named by its own name.
    effective_metric_params_ : dict
        Its parameters.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.
    n_samples_fit_ : int
        Number of training points.
    outputs_2d_ : bool
        Whether `y` had more than one output.

    Notes
    -----
    Probabilities and distances are float64 for float32 data too, as in scikit-learn.

    Examples
    --------
    >>> from crowfly.neighbors import KNeighborsClassifier
    >>> classifier = KNeighborsClassifier(n_neighbors=3).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> classifier.predict([[1.1]])
    array([0])
    """

    classes_: Any
    outputs_2d_: bool
    _y: NDArray[np.int32]

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any) -> Self:
        """Index the training points and learn the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training points.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels.

        Returns
        -------
        self : KNeighborsClassifier

        Raises
        ------
        ValueError
            If `X` is not a finite matrix, `y` holds no class labels, or the metric is not offered.
        TypeError
            If `X` is sparse, or labels can't be sorted.
        """
        X, y = validate_data(self, X, y, multi_output=True, ensure_all_finite=self._finite_or_missing())
        labels = dense_targets(y)
        self.outputs_2d_ = labels.ndim == 2 and labels.shape[1] > 1
        if labels.ndim == 2 and not self.outputs_2d_:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=3,
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

    def predict(self, X: MatrixLike | None) -> NDArray[Any]:
        """Predict the class with the most votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None
            The queries. None: the training points, none being its own neighbour.

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)

        Raises
        ------
        ValueError
            If a query is not a finite vector of the number of features seen in `fit`, or a function given as
            `weights` returns only zeros for one.
        """
        predictions = [classes.take(votes.argmax(axis=1)) for classes, votes in self._votes(X)]
        return np.column_stack(predictions) if self.outputs_2d_ else predictions[0]

    def predict_proba(self, X: MatrixLike | None) -> FloatArray | list[FloatArray]:
        """Predict each class's share of the votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None
            The queries. None: the training points, none being its own neighbour.

        Returns
        -------
        ndarray of shape (n_queries, n_classes), or a list of such arrays, one per output
            Columns in the order of `classes_`.

        Raises
        ------
        ValueError
            As :meth:`predict`.
        """
        shares = [votes / votes.sum(axis=1, keepdims=True) for _, votes in self._votes(X)]
        return shares if self.outputs_2d_ else shares[0]

    def _votes(self, X: MatrixLike | None) -> Iterator[tuple[NDArray[Any], FloatArray]]:
        """Yield the classes and the votes of shape (n_queries, n_classes) of each output."""
        check_is_fitted(self)
        outputs: list[tuple[NDArray[Any], NDArray[np.int32]]] = (
            list(zip(self.classes_, self._y.T, strict=True))
            if self.outputs_2d_
            else [(self.classes_, self._y)]
        )
        if callable(self.weights):
            distances, indices = self.kneighbors(X)
            weights = neighbor_weights(distances, self.weights)
            votes = [class_votes(codes[indices], len(classes), weights) for classes, codes in outputs]
        else:
            queries, k = self._search(X)
            with naming_X("queries"):
                poll = self._index._poll(
                    queries,
                    k,
                    self.weights or "uniform",
                    exclude_self=X is None,
                    num_threads=num_threads(self.n_jobs),
                )
            votes = poll.votes(outputs)
        yield from zip((classes for classes, _ in outputs), votes, strict=True)

    def score(self, X: MatrixLike | None, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or None
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
