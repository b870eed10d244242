# SPDX-License-Identifier: BSD-3-Clause
"""Graphs of neighbours in one call."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from crowfly._estimators import MatrixLike
from crowfly.neighbors._metric import METRIC_CONSTRAINTS, MetricLike
from crowfly.neighbors._runs import GraphMode
from crowfly.neighbors._search import KNeighborsMixin, RadiusNeighborsMixin
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
    X : array-like or sparse matrix of shape (n_samples, n_features), or a fitted estimator of this package
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
    X : array-like or sparse matrix of shape (n_samples, n_features), or a fitted estimator of this package
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
