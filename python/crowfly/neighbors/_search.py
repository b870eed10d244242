# SPDX-License-Identifier: BSD-3-Clause
"""Searching by number and by radius: what the estimators mix in."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import _base
from sklearn.utils.validation import check_is_fitted

from crowfly import Index
from crowfly._estimators import FloatArray, IndexArray, MatrixLike, as_number, num_threads
from crowfly._predictions import Poll
from crowfly._validation import as_radius
from crowfly.neighbors._base import naming_X
from crowfly.neighbors._runs import GraphMode, Runs


class KNeighborsMixin(_base.KNeighborsMixin):
    """Search by number of neighbours. Of scikit-learn's class nothing is used: its functions ask for an instance."""

    @overload
    def kneighbors(
        self, X: MatrixLike | None = ..., n_neighbors: int | None = ..., return_distance: Literal[True] = ...
    ) -> tuple[FloatArray, IndexArray]: ...
    @overload
    def kneighbors(
        self, X: MatrixLike | None = ..., n_neighbors: int | None = ..., *, return_distance: Literal[False]
    ) -> IndexArray: ...
    @overload
    def kneighbors(
        self, X: MatrixLike | None, n_neighbors: int | None, return_distance: Literal[False]
    ) -> IndexArray: ...

    def kneighbors(
        self: Any, X: MatrixLike | None = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> tuple[FloatArray, IndexArray] | IndexArray:
        """Find the nearest training points of each query.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            The queries. None: each training point is a query and not a neighbour of itself (by index, so that
            its duplicates do count).
        n_neighbors : int, default=None
            Neighbours per query; None: the estimator's own `n_neighbors`.
        return_distance : bool, default=True
            Whether to return the distances too.

        Returns
        -------
        neigh_dist : ndarray of shape (n_queries, n_neighbors)
            Distances, ascending. Only if `return_distance`.
        neigh_ind : ndarray of shape (n_queries, n_neighbors)
            Indices of the training points; of equally distant ones the lower index comes first.

        Raises
        ------
        ValueError
            If there are fewer training points than neighbours asked for, or a query is not a finite vector of
            the number of features seen in `fit`.
        TypeError
            If `n_neighbors` is not an integer.
        """
        check_is_fitted(self)
        queries, k = self._search(X, n_neighbors)
        with naming_X("queries"):
            distances, indices = self._search_of(queries).query(
                queries, k, exclude_self=X is None, num_threads=num_threads(self.n_jobs)
            )
        return (distances, indices) if return_distance else indices

    def _search(self: Any, X: MatrixLike | None, n_neighbors: int | None = None) -> tuple[Any, int]:
        """The queries, and a number of neighbours that there are."""
        k = checked_n_neighbors(self.n_neighbors if n_neighbors is None else n_neighbors)
        queries = self._queries(X)
        available = self.n_samples_fit_ - (X is None)
        if k > available:
            relation = "<" if X is None else "<="
            raise ValueError(
                f"Expected n_neighbors {relation} n_samples_fit, but n_neighbors = {k}, "
                f"n_samples_fit = {self.n_samples_fit_}, n_samples = {queries.shape[0]}"
            )
        return queries, k

    def kneighbors_graph(
        self: Any,
        X: MatrixLike | None = None,
        n_neighbors: int | None = None,
        mode: GraphMode = "connectivity",
    ) -> Any:
        """Compute the sparse graph from each query to its nearest training points.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            The queries. None: the training points, none being its own neighbour.
        n_neighbors : int, default=None
            Neighbours per query; None: the estimator's own `n_neighbors`.
        mode : {'connectivity', 'distance'}, default='connectivity'
            Whether an edge holds 1 or the distance.

        Returns
        -------
        A : sparse matrix in CSR format of shape (n_queries, n_samples_fit)
            Edges of each row in ascending order of distance.
        """
        check_is_fitted(self)
        _require_graph_mode(mode)
        return Runs.of_matrices(*self.kneighbors(X, n_neighbors)).graph(self.n_samples_fit_, mode)

    def _runs(self, X: MatrixLike | None) -> Runs:
        """The neighbours of each query."""
        return Runs.of_matrices(*self.kneighbors(X))

    def _poll(self: Any, X: MatrixLike | None, weights: str) -> Poll | None:
        """Who is asked for a prediction; None where the core has no index that can be asked."""
        queries, k = self._search(X)
        index = self._search_of(queries)
        if not isinstance(index, Index):
            return None
        with naming_X("queries"):
            return index._poll(
                queries, k, weights, exclude_self=X is None, num_threads=num_threads(self.n_jobs)
            )


class RadiusNeighborsMixin(_base.RadiusNeighborsMixin):
    """Search by radius. Of scikit-learn's class nothing is used."""

    def radius_neighbors(
        self: Any,
        X: MatrixLike | None = None,
        radius: float | FloatArray | None = None,
        return_distance: bool = True,
        sort_results: bool = False,
    ) -> tuple[NDArray[np.object_], NDArray[np.object_]] | NDArray[np.object_]:
        """Find all training points within a radius of each query; those at exactly that distance count.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            The queries. None: the training points, none being its own neighbour.
        radius : float or array-like of shape (n_queries,), default=None
            Largest distance of a neighbour, for all queries or for each; None: the estimator's own `radius`.
        return_distance : bool, default=True
            Whether to return the distances too.
        sort_results : bool, default=False
            Whether to sort each query's neighbours by (distance, index), or by index; True with
            ``return_distance=False`` is an error.

        Returns
        -------
        neigh_dist : ndarray of shape (n_queries,) of arrays
            Distances. Only if `return_distance`.
        neigh_ind : ndarray of shape (n_queries,) of arrays
            Indices of the training points.

        Raises
        ------
        ValueError
            If the radius is negative or NaN, or a query is not a finite vector of the number of features seen
            in `fit`.
        """
        check_is_fitted(self)
        if sort_results and not return_distance:
            raise ValueError("return_distance must be True if sort_results is True.")
        runs = self._radius_runs(X, radius)
        if not sort_results:
            runs = runs.by_index(self.n_samples_fit_)
        neigh_ind = runs.split(runs.indices)
        return (runs.split(runs.distances), neigh_ind) if return_distance else neigh_ind

    def radius_neighbors_graph(
        self: Any,
        X: MatrixLike | None = None,
        radius: float | FloatArray | None = None,
        mode: GraphMode = "connectivity",
        sort_results: bool = False,
    ) -> Any:
        """Compute the sparse graph from each query to all training points within a radius.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            The queries. None: the training points, none being its own neighbour.
        radius : float or array-like of shape (n_queries,), default=None
            Largest distance of a neighbour, for all queries or for each; None: the estimator's own `radius`.
        mode : {'connectivity', 'distance'}, default='connectivity'
            Whether an edge holds 1 or the distance.
        sort_results : bool, default=False
            Whether to sort the edges of each row by (distance, index), or by index.

        Returns
        -------
        A : sparse matrix in CSR format of shape (n_queries, n_samples_fit)
        """
        check_is_fitted(self)
        _require_graph_mode(mode)
        runs = self._radius_runs(X, radius)
        if not sort_results:
            runs = runs.by_index(self.n_samples_fit_)
        return runs.graph(self.n_samples_fit_, mode)

    def _radius_runs(self: Any, X: MatrixLike | None, radius: float | FloatArray | None = None) -> Runs:
        """Search, leaving each query's neighbours as one run of flat arrays."""
        queries = self._queries(X)
        limits = checked_radius(self.radius if radius is None else radius, queries.shape[0])
        largest = float(np.max(limits, initial=0.0))
        with naming_X("queries"):
            runs = Runs(
                *self._search_of(queries).query_radius(
                    queries, largest, exclude_self=X is None, num_threads=num_threads(self.n_jobs)
                )
            )
        return runs.within(limits) if isinstance(limits, np.ndarray) else runs

    def _runs(self, X: MatrixLike | None) -> Runs:
        """The neighbours of each query."""
        return self._radius_runs(X)

    def _poll(self: Any, X: MatrixLike | None, weights: str) -> Poll | None:
        """Who is asked for a prediction; None where the core has no index that can be asked."""
        queries = self._queries(X)
        index = self._search_of(queries)
        if not isinstance(index, Index):
            return None
        with naming_X("queries"):
            return index._poll_within(
                queries,
                as_number(self.radius),
                weights,
                exclude_self=X is None,
                num_threads=num_threads(self.n_jobs),
            )


def checked_radius(radius: Any, n_queries: int) -> float | FloatArray:
    """A radius for all queries, or an array of one for each, as scikit-learn's trees take it."""
    if np.ndim(radius) != 1:
        return as_radius(as_number(radius))
    limits = np.asarray(radius, dtype=np.float64)
    if len(limits) != n_queries:
        raise ValueError(f"radius: one for each of {n_queries} queries expected, got {len(limits)}")
    if not (limits >= 0).all():
        raise ValueError(f"radius: numbers >= 0 expected, got {limits[~(limits >= 0)][0]}")
    return limits


def checked_n_neighbors(n_neighbors: Any) -> int:
    """A number of neighbours, with scikit-learn's errors for what is none."""
    # To Python True is an integer; parameter validation lets it pass.
    if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, Integral):
        raise TypeError(f"n_neighbors does not take {type(n_neighbors)} value, enter integer value")
    if n_neighbors <= 0:
        raise ValueError(f"Expected n_neighbors > 0. Got {n_neighbors}")
    return int(n_neighbors)


def _require_graph_mode(mode: str) -> None:
    if mode not in ("connectivity", "distance"):
        raise ValueError(
            f'Unsupported mode, must be one of "connectivity", or "distance" but got "{mode}" instead'
        )
