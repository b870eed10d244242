# SPDX-License-Identifier: BSD-3-Clause
"""Regression by the mean of neighbours."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from crowfly._estimators import MatrixLike
from crowfly.neighbors._documentation import documented
from crowfly.neighbors._metric import MetricLike
from crowfly.neighbors._search import KNeighborsMixin, RadiusNeighborsMixin
from crowfly.neighbors._supervised import NeighborsRegressor, SupervisedNeighbors, without
from crowfly.neighbors._votes import Weighting


@documented
class KNeighborsRegressor(KNeighborsMixin, NeighborsRegressor):
    """Regressor by the mean target of the k nearest training points.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours in the mean.
    |weights|
    |search parameters|

    Attributes
    ----------
    |search attributes|

    Notes
    -----
    Distances are float64 for float32 data too, since all arithmetic is. As in scikit-learn predictions for a float32 `y` are
    float32 with uniform weights, rounded at the very end, and float64 otherwise.

    Examples
    --------
    >>> from crowfly.neighbors import KNeighborsRegressor
    >>> regressor = KNeighborsRegressor(n_neighbors=2).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> regressor.predict([[1.5]])
    array([0.5])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = without(
        SupervisedNeighbors._parameter_constraints, "radius"
    )

    # Not inherited: Python's error for a parameter that is none names the class that has the constructor.
    def __init__(
        self,
        n_neighbors: int | None = 5,
        *,
        weights: Weighting = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: MetricLike = "minkowski",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_neighbors=n_neighbors,
            algorithm=algorithm,
            leaf_size=leaf_size,
            metric=metric,
            p=p,
            metric_params=metric_params,
            n_jobs=n_jobs,
        )
        self.weights = weights

    def predict(self, X: MatrixLike | None) -> NDArray[Any]:
        """Predict the mean target of the neighbours.

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
            If a query is not a finite vector of the number of features seen in `fit`, or a function given as
            `weights` returns only zeros for one.
        """
        means = self._means(X)
        # Weighted ones are float64 in scikit-learn, too.
        return self._rounded(means) if self.weights in ("uniform", None) else means


@documented
class RadiusNeighborsRegressor(RadiusNeighborsMixin, NeighborsRegressor):
    """Regressor by the mean target of all training points within a radius.

    Parameters
    ----------
    radius : float, default=1.0
        Points at this distance or nearer are neighbours.
    |weights|
    |search parameters|

    Attributes
    ----------
    |search attributes|

    Notes
    -----
    As in scikit-learn predictions for a float32 `y` are float32, rounded at the very end, and float64 otherwise.

    Examples
    --------
    >>> from crowfly.neighbors import RadiusNeighborsRegressor
    >>> regressor = RadiusNeighborsRegressor(radius=1.0).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> regressor.predict([[1.5]])
    array([0.5])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = without(
        SupervisedNeighbors._parameter_constraints, "n_neighbors"
    )

    def __init__(
        self,
        radius: float | None = 1.0,
        *,
        weights: Weighting = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: MetricLike = "minkowski",
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

    def predict(self, X: MatrixLike | None) -> NDArray[Any]:
        """Predict the mean target of the neighbours: NaN, with a warning, where there are none.

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
            If a query is not a finite vector of the number of features seen in `fit`, or a function given as
            `weights` returns only zeros for one.
        """
        means = self._means(X)
        if np.isnan(means).any():
            warnings.warn(
                "One or more samples have no neighbors within specified radius; predicting NaN.",
                UserWarning,
                stacklevel=2,
            )
        return self._rounded(means)
