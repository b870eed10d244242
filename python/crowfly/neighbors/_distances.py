# SPDX-License-Identifier: BSD-3-Clause
"""Searches without an index: among distances that the user has computed, or that a function of two rows computes.

They are asked as :class:`crowfly.Index` is and follow its rule: neighbours are ordered by (distance, index).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse

from crowfly._estimators import FloatArray, IndexArray
from crowfly.neighbors._runs import Runs

#: Distances by a function are kept for so many pairs at a time (8 MiB), however many queries there are.
_PAIRS_AT_A_TIME = 2**20

FlatRuns = tuple[FloatArray, IndexArray, IndexArray]


class DistanceMatrix:
    """Each query is its row of distances to the training points; in a sparse one only stored entries are neighbours."""

    def query(
        self, queries: Any, k: int, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> tuple[FloatArray, IndexArray]:
        """The k nearest, as `Index.query`."""
        return _nearest(queries, k, exclude_self=exclude_self)

    def query_radius(
        self, queries: Any, radius: float, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> FlatRuns:
        """All within the radius, as `Index.query_radius`."""
        runs = _within(queries, radius, exclude_self=exclude_self)
        return runs.distances, runs.indices, runs.offsets


class FunctionSearch:
    """Distances by a function of two rows, which is called for every pair; of sparse points with matrices of one row."""

    def __init__(self, points: Any, function: Callable[..., float], keywords: dict[str, Any]) -> None:
        self.points = points
        self.function = function
        self.keywords = keywords

    def query(
        self, queries: Any, k: int, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> tuple[FloatArray, IndexArray]:
        """The k nearest, as `Index.query`."""
        parts = [
            _nearest(distances, k, exclude_self=exclude_self, first_query=first)
            for first, distances in self._blocks(queries)
        ]
        empty = (np.empty((0, k)), np.empty((0, k), dtype=np.int64))
        distances, indices = zip(empty, *parts, strict=True)
        return np.concatenate(distances), np.concatenate(indices)

    def query_radius(
        self,
        queries: Any,
        radius: float,
        *,
        exclude_self: bool = False,
        num_threads: int | None = None,
    ) -> FlatRuns:
        """All within the radius, as `Index.query_radius`."""
        parts = [
            _within(distances, radius, exclude_self=exclude_self, first_query=first)
            for first, distances in self._blocks(queries)
        ]
        lengths = np.concatenate([[0], *(runs.lengths for runs in parts)])
        return (
            np.concatenate([np.empty(0), *(runs.distances for runs in parts)]),
            np.concatenate([np.empty(0, dtype=np.int64), *(runs.indices for runs in parts)]),
            np.cumsum(lengths),
        )

    def _blocks(self, queries: Any) -> Iterator[tuple[int, FloatArray]]:
        """Yield the first query and the distances of some queries at a time."""
        n_rows = max(1, _PAIRS_AT_A_TIME // self.points.shape[0])
        for first in range(0, queries.shape[0], n_rows):
            yield first, self._distances(queries[first : first + n_rows], first)

    def _distances(self, queries: Any, first: int) -> FloatArray:
        points = _rows(self.points)
        distances = np.array(
            [[self.function(x, y, **self.keywords) for y in points] for x in _rows(queries)], dtype=np.float64
        )
        wrong = np.argwhere(np.isnan(distances))
        if len(wrong):
            query, point = wrong[0]
            raise ValueError(
                f"metric: distances that are numbers expected, the function returned NaN for query {query + first} and "
                f"training point {point}"
            )
        return distances


def _rows(matrix: Any) -> Any:
    """One after the other; sparse ones as matrices, as scikit-learn hands them to functions."""
    return [matrix[[i], :] for i in range(matrix.shape[0])] if issparse(matrix) else matrix


def _nearest(
    matrix: Any, k: int, *, exclude_self: bool, first_query: int = 0
) -> tuple[FloatArray, IndexArray]:
    """The k nearest in each row; a row's own point is the one of its number plus `first_query`."""
    if issparse(matrix):
        # Counted as scikit-learn does, with a row's own point, which a graph has to hold.
        stored = int(np.min(np.diff(matrix.indptr), initial=k + exclude_self))
        if stored < k + exclude_self:
            raise ValueError(
                f"{k + exclude_self} neighbors per samples are required, but some samples have only {stored} neighbors in precomputed "
                "graph matrix. Decrease number of neighbors or recompute the graph with more neighbors."
            )
        return _runs(matrix, np.inf, exclude_self=exclude_self, first_query=first_query).first(k)
    # With its own point left out, a row's k nearest are among its k + 1; all that are as near as the last of these stay.
    last = min(k + exclude_self, matrix.shape[1])
    limits = np.partition(matrix, last - 1, axis=1)[:, last - 1 : last]
    return _runs(matrix, limits, exclude_self=exclude_self, first_query=first_query).first(k)


def _within(matrix: Any, radius: float, *, exclude_self: bool, first_query: int = 0) -> Runs:
    return _runs(matrix, radius, exclude_self=exclude_self, first_query=first_query)


def _runs(matrix: Any, limits: Any, *, exclude_self: bool, first_query: int) -> Runs:
    """The entries of each row that are at most the limit (one for all, or a column of them if `matrix` is dense)."""
    if issparse(matrix):
        entries = matrix.tocoo()
        rows, columns, distances = entries.row, entries.col, entries.data
        kept = distances <= limits
        rows, columns, distances = rows[kept], columns[kept], distances[kept]
    else:
        rows, columns = np.nonzero(matrix <= limits)
        distances = matrix[rows, columns]
    if exclude_self:
        others = rows + first_query != columns
        rows, columns, distances = rows[others], columns[others], distances[others]
    return Runs.of_pairs(rows, columns, distances.astype(np.float64, copy=False), matrix.shape[0])
