# SPDX-License-Identifier: BSD-3-Clause
"""Nearest neighbours: exact, in float64, ties by the lowest index."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._index_predictions import NeighborPredictions
from crowfly._index_radius import RadiusSearch
from crowfly._metrics import METRICS, as_box, as_points, as_rows, common_dtype, public_name, resolve_metric
from crowfly._pairwise import pairwise_distances
from crowfly._plan import Plan, precision
from crowfly._restriction import Groups, Restriction
from crowfly._sparse import is_sparse
from crowfly._sparse_points import as_sparse_points, sparse_index, stacked
from crowfly._validation import (
    as_flag,
    as_integer,
    as_num_threads,
    check_same_columns,
    check_same_features,
    column_names,
)

__all__ = ["ALGORITHMS", "METRICS", "Index", "Plan", "nearest", "pairwise_distances"]

#: Ways to search, all with the same answers; "auto" chooses one per call.
ALGORITHMS = ("auto", "direct", "lattice", "cells", "tree")


class Index(RadiusSearch, NeighborPredictions):
    """Points, ready to be searched for nearest neighbours.

    The distance of a query and a point is computed from direct differences in float64, in one documented order of summation;
    neighbours are ordered by (distance, index). Answers are the same bits for any number of threads, batch size and instruction set.

    Parameters
    ----------
    points : array_like or sparse matrix of shape (n_points, n_features)
        float32, float64, float16, int8 or uint8 in any layout, taken as they are; other real dtypes are converted. What is missing in a data frame is NaN.
        Or a sparse matrix or array of SciPy of any format and real dtype (CSR is taken as it is): it is never made dense, and answers have the bits of its dense copy.
        Not with "nan_euclidean" and `box`. Queries may be dense or sparse, whatever the points are.
    metric : {"euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine", "minkowski", "nan_euclidean"}
        Also by their other names: "l2", "l1" or "cityblock", "infinity", "p" (Minkowski's).
        "cosine" is half the squared Euclidean distance of the rows divided by their lengths, which is one minus the cosine of their angle without its
        cancellation. "nan_euclidean" leaves out features that are NaN in one of two rows and scales the sum of squares up to all features; rows without a
        feature in common are each other's last neighbours, at distance NaN.
    p : float, optional
        Exponent of "minkowski", from 1 to 500, or infinity; default 2.
    box : float or array_like of shape (n_features,), optional
        Space repeats after this length (one for all features, or one each; infinity for those that don't): coordinates are moved by whole lengths to within
        half a length of zero, exactly, and differences are taken the shorter way round. Not with "cosine", "minkowski" and "nan_euclidean".
    algorithm : {"auto", "direct", "lattice", "cells", "tree"}
        How to search. It decides speed and memory, never answers. "direct" computes every distance; "lattice" rounds rows to small integers first, computes
        only what the rounding can't rule out; "cells" groups the points before that, for clustered data; "tree" is for few features. Where
        one can't be used (other metrics, too many features, sparse points), the search is direct. "auto" (default) decides from shapes and a sample; of
        sparse points it makes lists by feature ("inverted"), from which a query meets the points that share a feature with it.
    copy : bool
        With False (default) the array or sparse matrix is referenced and must not change while the index lives.

    Attributes
    ----------
    n_points, n_features : int
        ``len(index)`` is `n_points`.
    metric : str
        By its first name: "euclidean" for "l2". None of the attributes can be assigned to.
    p : float or None
    box : ndarray of float64, shape (n_features,), or None
    algorithm : str

    Raises
    ------
    TypeError
        If `points` has no real dtype.
    ValueError
        If `points` is not two-dimensional, is empty, or holds NaN (except with "nan_euclidean") or infinity; for an unknown metric or algorithm; for a row
        of zeros with "cosine"; for a length of `box` that is not positive.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> index = crowfly.Index(np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]]))
    >>> distances, indices = index.query([[0.0, 0.0]], k=2)
    >>> distances, indices
    (array([[0., 1.]]), array([[0, 2]]))
    """

    def __init__(
        self,
        points: ArrayLike,
        metric: str = "euclidean",
        *,
        p: float | None = None,
        box: ArrayLike | None = None,
        algorithm: str = "auto",
        copy: bool = False,
    ) -> None:
        self._core_metric, exponent = resolve_metric(metric, p)
        if not isinstance(algorithm, str):
            raise TypeError(f"algorithm: a name expected, got {algorithm!r}")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm: one of {', '.join(ALGORITHMS)} expected, got {algorithm!r}")
        array, max_abs = self._checked_points(points)
        if array.shape[0] == 0:
            raise ValueError(f"points: at least one point expected, got shape {array.shape}")
        if as_flag("copy", copy) and (is_sparse(array) or np.may_share_memory(array, np.asarray(points))):
            array = array.copy()
        self._metric = public_name(metric)
        self._algorithm = algorithm
        self._p = exponent if self._metric == "minkowski" else None
        self._exponent = exponent
        self._box = as_box(box, array.shape[1], self._core_metric)
        if self._box is not None and is_sparse(array):
            raise ValueError("box: only with dense points, got sparse ones; use .toarray()")
        self._columns = column_names(points)
        self._hold(array, max_abs)

    def _checked_points(self, points: Any) -> tuple[Any, float]:
        """An array or a CSR matrix, and its largest magnitude."""
        check = as_sparse_points if is_sparse(points) else as_points
        return check("points", points, self._core_metric)

    def _hold(self, points: Any, max_abs: float) -> None:
        """Index checked points."""
        self._room: NDArray[Any] | None = None
        self._points, self._max_abs = points, max_abs
        metric, exponent, algorithm = self._core_metric, self._exponent, self.algorithm
        self._index = (
            sparse_index(points, metric, exponent, max_abs, algorithm)
            if is_sparse(points)
            else _core.Index(points, metric, exponent, self.box, max_abs, algorithm)
        )

    @property
    def metric(self) -> str:
        """The metric, by the first of its names."""
        return self._metric

    @property
    def p(self) -> float | None:
        """The exponent of "minkowski"."""
        return self._p

    @property
    def box(self) -> NDArray[np.float64] | None:
        """The lengths after which space repeats."""
        return self._box

    @property
    def algorithm(self) -> str:
        """How the index was told to search."""
        return self._algorithm

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy carry the points; packed ones are made anew."""
        return _rebuilt, (self._points, self.metric, self.p, self.box, self.algorithm)

    def __len__(self) -> int:
        """The number of points."""
        return self.n_points

    def __repr__(self) -> str:
        p = "" if self.p is None else f", p={self.p:g}"
        box = "" if self.box is None else ", in a box"
        algorithm = "" if self.algorithm == "auto" else f", algorithm={self.algorithm!r}"
        return f"<crowfly.Index of {self.n_points} points, {self.n_features} features, metric={self.metric!r}{p}{box}{algorithm}>"

    def query(
        self,
        queries: ArrayLike,
        k: int = 1,
        *,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Find the k nearest points of each query.

        Parameters
        ----------
        queries : array_like or sparse matrix of shape (n_queries, n_features)
        k : int
            From 1 to the number of points that may be neighbours.
        exclude_self : bool
            The queries are the points, row by row, and none is its own neighbour. Duplicates of a point do count.
        groups : array_like of shape (n_points,), or a tuple of arrays of shapes (n_queries,) and (n_points,), optional
            Labels, none of them NaN; points with the label of a query are not its neighbours. One array if the queries are the points, row by row: leave
            one group out.
        mask : array_like of bool, shape (n_points,), optional
            False for points that are nobody's neighbours.
        num_threads : int, optional
            Limit for this call.

        Returns
        -------
        distances : ndarray of float64, shape (n_queries, k)
        indices : ndarray of int64, shape (n_queries, k)
            Each row ordered by (distance, index).

        Raises
        ------
        TypeError, ValueError
            As the class, for `queries`; if `k` is no integer or out of range; for labels or a mask of another length.

        Examples
        --------
        >>> import numpy as np, crowfly
        >>> points = np.array([[0.0], [1.0], [3.0], [7.0]])
        >>> index = crowfly.Index(points)
        >>> index.query(points, groups=["a", "a", "b", "b"])[1].ravel()
        array([2, 2, 1, 1])
        >>> index.query([[2.5]], mask=[True, True, False, True])[1]
        array([[1]])
        """
        request = self._request(
            queries, exclude_self=exclude_self, groups=groups, mask=mask, num_threads=num_threads
        )
        count = request.restriction.as_k("k", k)
        return request.index.query(request.queries, count, request.restriction.core(), request.num_threads)

    def add(self, points: ArrayLike) -> None:
        """Append points; their indices continue those that are there.

        What has been built for the points before is kept while those added are few, and made anew at the next call otherwise. From the first time on the index
        holds its points itself, and room for some more. Not while other threads use the index.

        Parameters
        ----------
        points : array_like or sparse matrix of shape (n_added, n_features)
            Of any dtype that the class takes; the index changes to one that holds both. Sparse ones are kept as the index keeps its own; an index of sparse points
            is made anew.

        Raises
        ------
        TypeError, ValueError
            As the class.

        Examples
        --------
        >>> import numpy as np, crowfly
        >>> index = crowfly.Index(np.array([[0.0], [1.0]]))
        >>> index.add([[0.4], [5.0]])
        >>> index.query([[0.5]], k=2)[1]
        array([[2, 0]])
        """
        check_same_columns("points", column_names(points), self._columns)
        array, max_abs = self._checked_points(points)
        check_same_features("points", array, self.n_features, "the index")
        if array.shape[0] == 0:
            return
        if is_sparse(self._points):
            self._hold(stacked(self._points, array), max(self._max_abs, max_abs))
            return
        if is_sparse(array):
            array = as_rows("points", array.toarray())
        before, after = self.n_points, self.n_points + len(array)
        dtype = common_dtype(self._points.dtype, array.dtype)
        room = self._room
        if room is None or len(room) < after or room.dtype != dtype:
            # A fifth more than needed: many small additions copy every point a few times, not each time.
            room = np.empty((after + after // 5, self.n_features), dtype)
            room[:before] = self._points
        room[before:after] = array
        held, top = room[:after], max(self._max_abs, max_abs)
        index = cast("_core.Index", self._index).extended(held, top)
        self._room, self._points, self._max_abs, self._index = room, held, top, index

    def explain(self, n_queries: int = 1, k: int = 1, *, num_threads: int | None = None) -> Plan:
        """Tell how a call would be answered, without answering it.

        Parameters
        ----------
        n_queries : int
            Number of queries of the call. They are taken to be distributed as the points are.
        k : int
            From 1 to the number of points.
        num_threads : int, optional
            Limit for the call.

        Returns
        -------
        plan : Plan

        Raises
        ------
        TypeError, ValueError
            If an argument is no integer or out of range.

        Examples
        --------
        >>> import numpy as np, crowfly
        >>> index = crowfly.Index(np.random.default_rng(0).random((1000, 3)))
        >>> index.explain(n_queries=500, k=5).algorithm
        'tree'
        """
        count = as_integer("n_queries", n_queries, 0, 2**62)
        neighbors = Restriction(self.n_points).as_k("k", k)
        algorithm, reason, filter_bits, built, n_bytes, threads = self._index.explain(
            count, neighbors, as_num_threads(num_threads)
        )
        return Plan(algorithm, reason, precision(filter_bits), threads, built, n_bytes)


def _rebuilt(
    points: Any, metric: str, p: float | None, box: NDArray[np.float64] | None, algorithm: str
) -> Index:
    return Index(points, metric, p=p, box=box, algorithm=algorithm)


def nearest(
    queries: ArrayLike,
    points: ArrayLike,
    k: int = 1,
    *,
    metric: str = "euclidean",
    p: float | None = None,
    box: ArrayLike | None = None,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the k nearest points of each query, in one call.

    ``Index(points, metric, p=p, box=box).query(queries, k)``; see there for parameters, results and errors.

    Returns
    -------
    distances : ndarray of float64, shape (n_queries, k)
    indices : ndarray of int64, shape (n_queries, k)
    """
    return Index(points, metric, p=p, box=box).query(queries, k, num_threads=num_threads)
