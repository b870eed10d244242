# SPDX-License-Identifier: BSD-3-Clause
"""Unsupervised nearest-neighbour search."""

from __future__ import annotations

from typing import Any, Self

from crowfly._estimators import MatrixLike, validate_data, validates_parameters
from crowfly.neighbors._base import NeighborsBase
from crowfly.neighbors._documentation import documented
from crowfly.neighbors._metric import MetricLike
from crowfly.neighbors._search import KNeighborsMixin, RadiusNeighborsMixin


@documented
class NearestNeighbors(KNeighborsMixin, RadiusNeighborsMixin, NeighborsBase):
    """Exact nearest-neighbour search, by number of neighbours and by radius.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours per query of :meth:`kneighbors`.
    radius : float, default=1.0
        Radius of :meth:`radius_neighbors`.
    |search parameters|

    Attributes
    ----------
    |search attributes|

    Notes
    -----
    The training points are referenced, not copied, where scikit-learn searches all of them (sparse ones, 'precomputed', with
    ``algorithm='auto'`` more than 15 features): they must not change while the estimator is in use. Sparse points are never made dense. Distances are float64 for float32 data too, as in scikit-learn.

    Examples
    --------
    >>> from crowfly.neighbors import NearestNeighbors
    >>> search = NearestNeighbors(n_neighbors=2).fit([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
    >>> distances, indices = search.kneighbors([[0.0, 0.0]])
    >>> distances
    array([[0., 1.]])
    >>> indices
    array([[0, 2]])
    """

    def __init__(
        self,
        *,
        n_neighbors: int | None = 5,
        radius: float | None = 1.0,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: MetricLike = "minkowski",
        p: float | None = 2,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_neighbors=n_neighbors,
            radius=radius,
            algorithm=algorithm,
            leaf_size=leaf_size,
            metric=metric,
            p=p,
            metric_params=metric_params,
            n_jobs=n_jobs,
        )

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
        self : NearestNeighbors

        Raises
        ------
        ValueError
            If `X` is not a finite matrix or the metric is not offered.
        TypeError
            If `X` is sparse with 'nan_euclidean'.
        """
        return self._fit_points(validate_data(self, self._points_of(X), **self._input()))
