# SPDX-License-Identifier: BSD-3-Clause
"""Graphs of neighbours: made in one call, and sorted."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.exceptions import EfficiencyWarning
from sklearn.neighbors._base import KNeighborsMixin, RadiusNeighborsMixin
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from crowfly._estimators import MatrixLike
from crowfly.neighbors._metric import METRIC_CONSTRAINTS, MetricLike
from crowfly.neighbors._runs import GraphMode
from crowfly.neighbors._unsupervised import NearestNeighbors

_CONSTRAINTS: dict[str, list[Any]] = {
    "mode": [StrOptions({"connectivity", "distance"})],
    "metric": METRIC_CONSTRAINTS,
    "p": [Interval(Real, 0, None, closed="right"), None],
    "metric_params": [dict, None],
    "include_self": ["boolean", StrOptions({"auto"})],
    "n_jobs": [Integral, None],
}


@validate_params(  # type: ignore[untyped-decorator]
    {
        "X": ["array-like", "sparse matrix", KNeighborsMixin],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        **_CONSTRAINTS,
    },
    prefer_skip_nested_validation=False,
)
def kneighbors_graph(
    X: MatrixLike | KNeighborsMixin,
    n_neighbors: int,
    *,
    mode: GraphMode = "connectivity",
    metric: MetricLike = "minkowski",
    p: float | None = 2,
    metric_params: dict[str, Any] | None = None,
    include_self: bool | str = False,
    n_jobs: int | None = None,
) -> Any:
    """Compute the sparse graph from each point to its k nearest.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features), or a fitted estimator of this package or scikit-learn
        The points, or an estimator with the same metric.
    n_neighbors : int
        Neighbours per point.
    mode : {'connectivity', 'distance'}, default='connectivity'
        Whether an edge holds 1 or the distance.
    metric, p, metric_params, n_jobs
        As in :class:`NearestNeighbors`.
    include_self : bool or 'auto', default=False
        Whether a point is its own neighbour; 'auto': with connectivity.

    Returns
    -------
    A : sparse matrix in CSR format of shape (n_samples, n_samples)
        Edges of each row in ascending order of distance.

    Raises
    ------
    ValueError, TypeError
        As :class:`NearestNeighbors`; if the estimator has other parameters.

    Examples
    --------
    >>> from crowfly.neighbors import kneighbors_graph
    >>> kneighbors_graph([[0], [3], [1]], 2, include_self=True).toarray()
    array([[1., 0., 1.],
           [0., 1., 1.],
           [1., 0., 1.]])
    """
    parameters: dict[str, Any] = {"metric": metric, "p": p, "metric_params": metric_params}
    search: Any = X
    if isinstance(X, KNeighborsMixin):
        _require_same_parameters(X, parameters)
    else:
        search = NearestNeighbors(n_neighbors=n_neighbors, n_jobs=n_jobs, **parameters).fit(X)
    return search.kneighbors_graph(_queries(search, include_self, mode), n_neighbors, mode=mode)


@validate_params(  # type: ignore[untyped-decorator]
    {
        "X": ["array-like", "sparse matrix", RadiusNeighborsMixin],
        "radius": [Interval(Real, 0, None, closed="both")],
        **_CONSTRAINTS,
    },
    prefer_skip_nested_validation=False,
)
def radius_neighbors_graph(
    X: MatrixLike | RadiusNeighborsMixin,
    radius: float,
    *,
    mode: GraphMode = "connectivity",
    metric: MetricLike = "minkowski",
    p: float | None = 2,
    metric_params: dict[str, Any] | None = None,
    include_self: bool | str = False,
    n_jobs: int | None = None,
) -> Any:
    """Compute the sparse graph from each point to all within a radius.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features), or a fitted estimator of this package or scikit-learn
        The points, or an estimator with the same metric.
    radius : float
        Points at this distance or nearer are neighbours.
    mode : {'connectivity', 'distance'}, default='connectivity'
        Whether an edge holds 1 or the distance.
    metric, p, metric_params, n_jobs
        As in :class:`NearestNeighbors`.
    include_self : bool or 'auto', default=False
        Whether a point is its own neighbour; 'auto': with connectivity.

    Returns
    -------
    A : sparse matrix in CSR format of shape (n_samples, n_samples)
        Edges of each row in ascending order of distance.

    Raises
    ------
    ValueError, TypeError
        As :class:`NearestNeighbors`; if the estimator has other parameters.

    Examples
    --------
    >>> from crowfly.neighbors import radius_neighbors_graph
    >>> radius_neighbors_graph([[0], [3], [1]], 1.5, mode="distance").toarray()
    array([[0., 0., 1.],
           [0., 0., 0.],
           [1., 0., 0.]])
    """
    parameters: dict[str, Any] = {"metric": metric, "p": p, "metric_params": metric_params}
    search: Any = X
    if isinstance(X, RadiusNeighborsMixin):
        _require_same_parameters(X, parameters)
    else:
        search = NearestNeighbors(radius=radius, n_jobs=n_jobs, **parameters).fit(X)
    return search.radius_neighbors_graph(_queries(search, include_self, mode), radius, mode=mode)


def _require_same_parameters(estimator: Any, parameters: dict[str, Any]) -> None:
    own = estimator.get_params()
    for name, value in parameters.items():
        if value != own[name]:
            raise ValueError(
                f"Got {value} for {name}, while the estimator has {own[name]} for the same parameter."
            )


def _queries(search: Any, include_self: bool | str, mode: GraphMode) -> Any:
    """The training points as queries like any others, or None where none is its own neighbour."""
    included = mode == "connectivity" if include_self == "auto" else include_self
    return search._fit_X if included else None


@validate_params(  # type: ignore[untyped-decorator]
    {"graph": ["sparse matrix"], "copy": ["boolean"], "warn_when_not_sorted": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def sort_graph_by_row_values(graph: Any, copy: bool = False, warn_when_not_sorted: bool = True) -> Any:
    """Sort the entries of each row of a sparse graph by their values.

    Parameters
    ----------
    graph : sparse matrix of shape (n_samples, n_samples)
        Distances.
    copy : bool, default=False
        Whether to leave `graph` as it is. It has to be true for other formats than CSR.
    warn_when_not_sorted : bool, default=True
        Whether to warn if there is something to sort.

    Returns
    -------
    graph : sparse matrix in CSR format of shape (n_samples, n_samples)
        Equal values keep their order.

    Raises
    ------
    ValueError
        If the format is another than CSR and `copy` is false.
    TypeError
        If the format has no zeros of its own (which are distances, too).

    Warns
    -----
    EfficiencyWarning
        If there is something to sort, unless told not to.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> from crowfly.neighbors import sort_graph_by_row_values
    >>> X = csr_array([[0.0, 3.0, 1.0], [3.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    >>> sort_graph_by_row_values(X, warn_when_not_sorted=False).data
    array([1., 3., 2., 3., 1., 2.])
    """
    if graph.format == "csr" and _is_sorted(graph):
        return graph
    if warn_when_not_sorted:
        warnings.warn(
            "Precomputed sparse input was not sorted by row values. Use the function sort_graph_by_row_values to sort the input by row values, "
            "with warn_when_not_sorted=False to remove this warning.",
            EfficiencyWarning,
            stacklevel=3,
        )
    if graph.format not in ("csr", "csc", "coo", "lil"):
        raise TypeError(
            f"Sparse matrix in {graph.format!r} format is not supported due to its handling of explicit zeros"
        )
    if graph.format != "csr" and not copy:
        raise ValueError(
            "The input graph is not in CSR format. Use copy=True to allow the conversion to CSR format."
        )
    graph = graph.copy() if graph.format == "csr" and copy else graph.asformat("csr")
    order = np.lexsort((graph.data, _rows_of(graph)))
    graph.data[:] = graph.data[order]
    graph.indices[:] = graph.indices[order]
    graph.has_sorted_indices = False
    return graph


def _rows_of(graph: Any) -> Any:
    """The row of each entry."""
    return np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))


def _is_sorted(graph: Any) -> bool:
    rows, data = _rows_of(graph), graph.data
    return not bool(((data[1:] < data[:-1]) & (rows[1:] == rows[:-1])).any())
