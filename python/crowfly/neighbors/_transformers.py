# SPDX-License-Identifier: BSD-3-Clause
"""Points turned into sparse graphs of their neighbours, for estimators that take distances."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from crowfly._estimators import MatrixLike, validate_data, validates_parameters
from crowfly.neighbors._base import NeighborsBase
from crowfly.neighbors._documentation import documented
from crowfly.neighbors._metric import MetricLike
from crowfly.neighbors._runs import GraphMode
from crowfly.neighbors._search import KNeighborsMixin, RadiusNeighborsMixin, checked_n_neighbors
from crowfly.neighbors._supervised import without

_MODES = [StrOptions({"distance", "connectivity"})]


class NeighborsTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NeighborsBase):
    """A graph with one column per training point."""

    _n_features_out: int

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Index the training points.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples) their distances, with ``metric='precomputed'``.
        y : object, default=None
            Not used.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `X` is not a finite matrix or the metric is not offered.
        TypeError
            If `X` is sparse with 'nan_euclidean'.
        """
        self._fit_points(validate_data(self, X, **self._input()))
        self._n_features_out = self.n_samples_fit_
        return self

    def fit_transform(self, X: MatrixLike, y: Any = None) -> Any:
        """Index the training points and compute their own graph, each being its own nearest neighbour.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points.
        y : object, default=None
            Not used.

        Returns
        -------
        sparse matrix in CSR format of shape (n_samples, n_samples)
        """
        return self.fit(X).transform(X)


@documented
class KNeighborsTransformer(KNeighborsMixin, NeighborsTransformer):
    """Transformer to the graph from each query to its k nearest training points.

    Parameters
    ----------
    mode : {'distance', 'connectivity'}, default='distance'
        Whether an edge holds the distance or 1. With distances there is one neighbour more, since a training point is
        its own.
    n_neighbors : int, default=5
        Neighbours per query.
    |search parameters|

    Attributes
    ----------
    |search attributes|

    Examples
    --------
    >>> from crowfly.neighbors import KNeighborsTransformer
    >>> transformer = KNeighborsTransformer(n_neighbors=1)
    >>> transformer.fit_transform([[0.0], [1.0], [3.0]]).toarray()
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 2., 0.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **without(NeighborsBase._parameter_constraints, "radius"),
        "mode": _MODES,
    }

    def __init__(
        self,
        *,
        mode: GraphMode = "distance",
        n_neighbors: int | None = 5,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: MetricLike = "minkowski",
        p: float | None = 2,
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
        self.mode = mode

    def transform(self, X: MatrixLike) -> Any:
        """Compute the graph from each query to its nearest training points.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        sparse matrix in CSR format of shape (n_queries, n_samples_fit)
            Edges of each row in ascending order of distance.

        Raises
        ------
        ValueError
            If there are fewer training points than neighbours, or a query is not a finite vector of the number of
            features seen in `fit`.
        """
        check_is_fitted(self)
        k = checked_n_neighbors(self.n_neighbors) + (self.mode == "distance")
        return self.kneighbors_graph(X, n_neighbors=k, mode=self.mode)


@documented
class RadiusNeighborsTransformer(RadiusNeighborsMixin, NeighborsTransformer):
    """Transformer to the graph from each query to all training points within a radius.

    Parameters
    ----------
    mode : {'distance', 'connectivity'}, default='distance'
        Whether an edge holds the distance or 1.
    radius : float, default=1.0
        Points at this distance or nearer are neighbours.
    |search parameters|

    Attributes
    ----------
    |search attributes|

    Examples
    --------
    >>> from crowfly.neighbors import RadiusNeighborsTransformer
    >>> transformer = RadiusNeighborsTransformer(radius=1.5, mode="connectivity")
    >>> transformer.fit_transform([[0.0], [1.0], [3.0]]).toarray()
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **without(NeighborsBase._parameter_constraints, "n_neighbors"),
        "mode": _MODES,
    }

    def __init__(
        self,
        *,
        mode: GraphMode = "distance",
        radius: float | None = 1.0,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: MetricLike = "minkowski",
        p: float | None = 2,
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
        self.mode = mode

    def transform(self, X: MatrixLike) -> Any:
        """Compute the graph from each query to all training points within the radius.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        sparse matrix in CSR format of shape (n_queries, n_samples_fit)
            Edges of each row in ascending order of distance.

        Raises
        ------
        ValueError
            If a query is not a finite vector of the number of features seen in `fit`.
        """
        return self.radius_neighbors_graph(X, mode=self.mode, sort_results=True)
