# SPDX-License-Identifier: BSD-3-Clause
"""Regression by the mean of the nearest neighbours."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    num_threads,
    validated_regression_data,
    validates_parameters,
)
from crowfly.neighbors._search import KNeighborsMixin, naming_X
from crowfly.neighbors._supervised import SupervisedNeighbors
from crowfly.neighbors._votes import neighbor_means, neighbor_weights


class KNeighborsRegressor(KNeighborsMixin, RegressorMixin, SupervisedNeighbors):
    """Regressor by the mean target of the k nearest training points.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours in the mean.
    weights : {'uniform', 'distance'}, callable or None, default='uniform'
        Weight of a neighbour: equal (None likewise), the inverse of its distance (of points at distance zero
        the mean is taken alone), or a function from an array of distances to an array of weights of that shape.
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

    Notes
    -----
    Predictions and distances are float64 for float32 data too, since all arithmetic is; scikit-learn's predictions
    have the dtype of a float `y`.

    Examples
    --------
    >>> from crowfly.neighbors import KNeighborsRegressor
    >>> regressor = KNeighborsRegressor(n_neighbors=2).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> regressor.predict([[1.5]])
    array([0.5])
    """

    _y: FloatArray

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any) -> Self:
        """Index the training points and keep their targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training points.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        Returns
        -------
        self : KNeighborsRegressor

        Raises
        ------
        ValueError
            If `X` or `y` is not finite, or the metric is not offered.
        TypeError
            If `X` is sparse, or `y` holds strings, dates or other things that are no real numbers.
        """
        X, targets = validated_regression_data(self, X, y, self._finite_or_missing())
        self._y = targets.astype(np.float64, copy=False)
        return self._fit_points(X)

    def predict(self, X: MatrixLike | None) -> FloatArray:
        """Predict the mean target of the neighbours.

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
        check_is_fitted(self)
        if callable(self.weights):
            distances, indices = self.kneighbors(X)
            return neighbor_means(self._y, indices, neighbor_weights(distances, self.weights))
        queries, k = self._search(X)
        with naming_X("queries"):
            poll = self._index._poll(
                queries,
                k,
                self.weights or "uniform",
                exclude_self=X is None,
                num_threads=num_threads(self.n_jobs),
            )
        return poll.means(self._y)
