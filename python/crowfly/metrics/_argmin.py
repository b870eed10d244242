# SPDX-License-Identifier: BSD-3-Clause
"""The nearest row of one matrix for each row of another."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.metrics.pairwise import check_pairwise_arrays
from sklearn.utils._param_validation import Options, validate_params

from crowfly._estimators import FloatArray, IndexArray, MatrixLike
from crowfly.neighbors._base import naming_X
from crowfly.neighbors._metric import MetricLike, MetricNames, resolve_metric, search_for

_CONSTRAINTS: dict[str, list[Any]] = {
    "X": ["array-like", "sparse matrix"],
    "Y": ["array-like", "sparse matrix"],
    "axis": [Options(Integral, {0, 1})],
    "metric": [MetricNames(precomputed=False), callable],
    "metric_kwargs": [dict, None],
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
def pairwise_distances_argmin_min(
    X: MatrixLike,
    Y: MatrixLike,
    *,
    axis: int = 1,
    metric: MetricLike = "euclidean",
    metric_kwargs: dict[str, Any] | None = None,
) -> tuple[IndexArray, FloatArray]:
    """Find the nearest row of `Y` for each row of `X`, and how far it is.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples_X, n_features)
    Y : array-like or sparse matrix of shape (n_samples_Y, n_features)
    axis : {0, 1}, default=1
        With 0 the nearest row of `X` for each row of `Y`.
    metric : str or callable, default='euclidean'
        As in :class:`crowfly.neighbors.NearestNeighbors`, but for 'precomputed'.
    metric_kwargs : dict, default=None
        ``{'p': exponent}`` of the Minkowski metric, ``{'squared': True}`` of the Euclidean ones, the keyword arguments of
        a function. ``X_norm_squared`` and ``Y_norm_squared`` are taken and not used.

    Returns
    -------
    argmin : ndarray of int64
        Of equally distant rows the first.
    distances : ndarray of float64

    Raises
    ------
    ValueError
        If the matrices are not finite or have different numbers of features, or the metric is not offered.
    TypeError
        If a matrix is sparse with 'nan_euclidean'.

    Examples
    --------
    >>> from crowfly.metrics import pairwise_distances_argmin_min
    >>> pairwise_distances_argmin_min([[0, 0, 0], [1, 1, 1]], [[1, 0, 0], [1, 1, 0]])
    (array([0, 1]), array([1., 1.]))
    """
    gaps = metric == "nan_euclidean"
    queries, points = check_pairwise_arrays(
        X, Y, ensure_all_finite="allow-nan" if gaps else True, accept_sparse=False if gaps else "csr"
    )
    names = ("X", "Y")
    if axis == 0:
        queries, points, names = points, queries, ("Y", "X")
    keywords = dict(metric_kwargs or {})
    if metric in _WITH_NORMS:
        _drop_norms(keywords, {"X_norm_squared": X, "Y_norm_squared": Y})
    squared = metric in ("euclidean", "l2", "nan_euclidean") and keywords.pop("squared", False)
    if squared and not gaps:
        metric = "sqeuclidean"
    with naming_X("points", names[1]), naming_X("queries", names[0]):
        chosen = resolve_metric(metric, None, keywords, "auto")
        if issparse(points) or issparse(queries):
            chosen.require_dense()
        search = chosen.search(points)
        distances, indices = search_for(search, points, queries).query(queries, 1)
    nearest = distances[:, 0]
    return indices[:, 0], nearest**2 if squared and gaps else nearest


#: Metrics for which scikit-learn takes the squares of the rows' lengths, to save time. Exact distances need none.
_WITH_NORMS = ("euclidean", "l2", "sqeuclidean")


def _drop_norms(keywords: dict[str, Any], rows: dict[str, Any]) -> None:
    for name, matrix in rows.items():
        given, n_rows = np.shape(keywords.pop(name, None)), len(np.shape(matrix)) and np.shape(matrix)[0]
        if given not in ((), (n_rows,), (n_rows, 1), (1, n_rows)):
            raise ValueError(
                f"metric_kwargs: {name} of one number per row expected, {n_rows}, got shape {given}"
            )


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
def pairwise_distances_argmin(
    X: MatrixLike,
    Y: MatrixLike,
    *,
    axis: int = 1,
    metric: MetricLike = "euclidean",
    metric_kwargs: dict[str, Any] | None = None,
) -> IndexArray:
    """Find the nearest row of `Y` for each row of `X`.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples_X, n_features)
    Y : array-like or sparse matrix of shape (n_samples_Y, n_features)
    axis : {0, 1}, default=1
        With 0 the nearest row of `X` for each row of `Y`.
    metric, metric_kwargs
        As in :func:`pairwise_distances_argmin_min`.

    Returns
    -------
    argmin : ndarray of int64
        Of equally distant rows the first.

    Raises
    ------
    ValueError, TypeError
        As :func:`pairwise_distances_argmin_min`.

    Examples
    --------
    >>> from crowfly.metrics import pairwise_distances_argmin
    >>> pairwise_distances_argmin([[0, 0, 0], [1, 1, 1]], [[1, 0, 0], [1, 1, 0]])
    array([0, 1])
    """
    indices: IndexArray = pairwise_distances_argmin_min(
        X, Y, axis=axis, metric=metric, metric_kwargs=metric_kwargs
    )[0]
    return indices
