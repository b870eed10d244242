# SPDX-License-Identifier: BSD-3-Clause
"""Parameters, fitting and searching that the neighbour estimators share.

The base class owns the index; the two mixins add the search by number and by radius. An estimator is pickled
without its index, which is rebuilt from the training data: the same data give the same index.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from crowfly import Index
from crowfly._estimators import FloatArray, IndexArray, MatrixLike, csr_container, num_threads
from crowfly.neighbors._metric import MetricNames, resolve_metric

GraphMode = Literal["connectivity", "distance"]


class NeighborsBase(MultiOutputMixin, BaseEstimator):
    """Common parameters, and an index over the training points."""

    n_features_in_: int
    n_samples_fit_: int
    effective_metric_: str
    effective_metric_params_: dict[str, Any]
    _fit_X: NDArray[Any]
    _index: Index

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left"), None],
        "radius": [Interval(Real, 0, None, closed="both"), None],
        "algorithm": [StrOptions({"auto", "ball_tree", "kd_tree", "brute"})],
        "leaf_size": [Interval(Integral, 1, None, closed="left")],
        "p": [Interval(Real, 0, None, closed="right"), None],
        "metric": [MetricNames()],
        "metric_params": [dict, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_neighbors: int | None = None,
        radius: float | None = None,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: str = "minkowski",
        p: float | None = 2,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.metric = metric
        self.p = p
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def _fit_points(self, X: NDArray[Any]) -> Self:
        """Index validated training points."""
        metric = resolve_metric(self.metric, self.p, self.metric_params, self.algorithm)
        with naming_X("points"):
            self._index = Index(X, metric=metric.name, p=metric.p)
        self._fit_X = X
        self.effective_metric_ = metric.effective_name
        self.effective_metric_params_ = metric.effective_params
        self.n_samples_fit_ = X.shape[0]
        return self

    def _finite_or_missing(self) -> bool | Literal["allow-nan"]:
        """What X may hold, as scikit-learn's validation names it."""
        return "allow-nan" if self.metric == "nan_euclidean" else True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.metric == "nan_euclidean"
        return tags

    def _queries(self, X: MatrixLike | None) -> NDArray[Any]:
        """Validate queries; None stands for the training points."""
        if X is None:
            return self._fit_X
        queries: NDArray[Any] = validate_data(
            self, X, reset=False, ensure_all_finite=self._finite_or_missing()
        )
        return queries

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        # The index is described by its metric and data; only its name and exponent have no other home.
        index = state.pop("_index", None)
        if index is not None:
            state["_index_metric"] = (index.metric, index.p)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        index_metric = state.pop("_index_metric", None)
        super().__setstate__(state)
        if index_metric is not None:
            metric, p = index_metric
            self._index = Index(self._fit_X, metric=metric, p=p)


class KNeighborsMixin:
    """Search by number of neighbours."""

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
        X : array-like of shape (n_queries, n_features), default=None
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
            distances, indices = self._index.query(
                queries, k, exclude_self=X is None, num_threads=num_threads(self.n_jobs)
            )
        return (distances, indices) if return_distance else indices

    def _search(self: Any, X: MatrixLike | None, n_neighbors: int | None = None) -> tuple[NDArray[Any], int]:
        """The queries, and a number of neighbours that there are."""
        k = _checked_n_neighbors(self.n_neighbors if n_neighbors is None else n_neighbors)
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
        X : array-like of shape (n_queries, n_features), default=None
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
        distances, indices = self.kneighbors(X, n_neighbors)
        n_queries, k = indices.shape
        offsets = np.arange(0, n_queries * k + 1, k)
        return _neighbors_graph(distances.ravel(), indices.ravel(), offsets, self.n_samples_fit_, mode)


class RadiusNeighborsMixin:
    """Search by radius."""

    def radius_neighbors(
        self: Any,
        X: MatrixLike | None = None,
        radius: float | None = None,
        return_distance: bool = True,
        sort_results: bool = False,
    ) -> tuple[NDArray[np.object_], NDArray[np.object_]] | NDArray[np.object_]:
        """Find all training points within a radius of each query; those at exactly that distance count.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            The queries. None: the training points, none being its own neighbour.
        radius : float, default=None
            Largest distance of a neighbour; None: the estimator's own `radius`.
        return_distance : bool, default=True
            Whether to return the distances too.
        sort_results : bool, default=False
            Results are always sorted by ascending distance; True with ``return_distance=False`` is an error.

        Returns
        -------
        neigh_dist : ndarray of shape (n_queries,) of arrays
            Distances, ascending. Only if `return_distance`.
        neigh_ind : ndarray of shape (n_queries,) of arrays
            Indices of the training points; of equally distant ones the lower index comes first.

        Raises
        ------
        ValueError
            If the radius is negative or NaN, or a query is not a finite vector of the number of features seen
            in `fit`.
        """
        check_is_fitted(self)
        if sort_results and not return_distance:
            raise ValueError("return_distance must be True if sort_results is True.")
        distances, indices, offsets = self._radius_runs(X, radius)
        neigh_ind = _one_array_per_query(indices, offsets)
        return (_one_array_per_query(distances, offsets), neigh_ind) if return_distance else neigh_ind

    def radius_neighbors_graph(
        self: Any,
        X: MatrixLike | None = None,
        radius: float | None = None,
        mode: GraphMode = "connectivity",
        sort_results: bool = False,
    ) -> Any:
        """Compute the sparse graph from each query to all training points within a radius.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            The queries. None: the training points, none being its own neighbour.
        radius : float, default=None
            Largest distance of a neighbour; None: the estimator's own `radius`.
        mode : {'connectivity', 'distance'}, default='connectivity'
            Whether an edge holds 1 or the distance.
        sort_results : bool, default=False
            Has no effect: the edges of each row are always in ascending order of distance.

        Returns
        -------
        A : sparse matrix in CSR format of shape (n_queries, n_samples_fit)
        """
        check_is_fitted(self)
        _require_graph_mode(mode)
        distances, indices, offsets = self._radius_runs(X, radius)
        return _neighbors_graph(distances, indices, offsets, self.n_samples_fit_, mode)

    def _radius_runs(
        self: Any, X: MatrixLike | None, radius: float | None
    ) -> tuple[FloatArray, IndexArray, IndexArray]:
        """Search, leaving each query's neighbours as one run of flat arrays."""
        with naming_X("queries"):
            runs: tuple[FloatArray, IndexArray, IndexArray] = self._index.query_radius(
                self._queries(X),
                self.radius if radius is None else radius,
                exclude_self=X is None,
                num_threads=num_threads(self.n_jobs),
            )
        return runs


@contextmanager
def naming_X(argument: str) -> Iterator[None]:
    """Say "X" in errors where the functional API says `argument`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        name, colon, complaint = str(error).partition(": ")
        if name != argument:
            raise
        raise type(error)(f"X{colon}{complaint}") from None


def _checked_n_neighbors(n_neighbors: Any) -> int:
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


def _neighbors_graph(
    distances: FloatArray, indices: IndexArray, offsets: IndexArray, n_points: int, mode: GraphMode
) -> Any:
    edges = distances if mode == "distance" else np.ones(len(indices))
    return csr_container()((edges, indices, offsets), shape=(len(offsets) - 1, n_points))


def _one_array_per_query(flat: NDArray[Any], offsets: IndexArray) -> NDArray[np.object_]:
    runs = np.empty(len(offsets) - 1, dtype=object)
    runs[:] = np.split(flat, offsets[1:-1])
    return runs
