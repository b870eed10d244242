# SPDX-License-Identifier: BSD-3-Clause
"""Searches by the metrics of scikit-learn that the functional API doesn't have, and by the cosine where rows are zeros.

They are asked as :class:`crowfly.Index` is and follow its rule: neighbours are ordered by (distance, index).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from crowfly import Index, _core
from crowfly._estimators import FloatArray, IndexArray
from crowfly._metrics import as_rows
from crowfly._validation import as_num_threads, scan
from crowfly.neighbors._distances import FlatRuns
from crowfly.neighbors._runs import Runs

#: Between rows as sets of the features that are not zero.
SET_METRICS = (
    "dice",
    "jaccard",
    "rogerstanimoto",
    "russellrao",
    "sokalmichener",
    "sokalsneath",
    "yule",
)

#: Every distance is computed, by the core.
PAIR_METRICS = (
    "braycurtis",
    "canberra",
    "correlation",
    "hamming",
    "haversine",
    "mahalanobis",
    "seuclidean",
    *SET_METRICS,
)

# Two names for one thing.
_CORE_NAMES = {"sokalmichener": "rogerstanimoto"}


class PairSearch:
    """Distances of all pairs by one of `PAIR_METRICS`, "minkowski" or "weighted_minkowski"; `numbers` as the core takes them."""

    def __init__(
        self, points: Any, metric: str, p: float = 2.0, numbers: NDArray[np.float64] | None = None
    ) -> None:
        self.metric, self.p, self.numbers = metric, p, numbers
        self._points = checked_rows("points", points)
        # The error of a haversine of other data is that of the first search, as in scikit-learn.
        self._index = None if self._lacks_angles() else self._core_index()

    def _core_index(self) -> _core.Index:
        return _core.Index(self._points, _CORE_NAMES.get(self.metric, self.metric), self.p, self.numbers)

    def _lacks_angles(self) -> bool:
        return self.metric == "haversine" and self._points.shape[1] != 2

    def query(
        self, queries: Any, k: int, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> tuple[FloatArray, IndexArray]:
        """The k nearest, as `Index.query`."""
        return self._asked().query(
            checked_rows("queries", queries), k, _restriction(exclude_self), as_num_threads(num_threads)
        )

    def query_radius(
        self, queries: Any, radius: float, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> FlatRuns:
        """All within the radius, as `Index.query_radius`."""
        return self._asked().query_radius(
            checked_rows("queries", queries), radius, _restriction(exclude_self), as_num_threads(num_threads)
        )

    def _asked(self) -> _core.Index:
        if self._index is None:
            raise ValueError(
                "Haversine distance only valid in 2 dimensions: latitude and longitude in radians expected, "
                f"X has {self._points.shape[1]} features."
            )
        return self._index


class CosineSearch:
    """By the cosine, among points or for queries some of which are zeros: these are at distance 1 from every row, as scikit-learn has it."""

    def __init__(self, points: Any) -> None:
        zero = zero_rows(points)
        self._zeros, self._others = np.flatnonzero(zero), np.flatnonzero(~zero)
        self._index = Index(points[self._others], metric="cosine") if len(self._others) else None
        self._n_points = len(zero)

    def query(
        self, queries: Any, k: int, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> tuple[FloatArray, IndexArray]:
        """The k nearest, as `Index.query`."""
        zero = zero_rows(queries)
        asked = np.flatnonzero(~zero)
        # With its own point left out, a query's k nearest are among its k + 1.
        count = k + exclude_self
        pairs = [
            _pairs_at_one(asked, self._zeros[:count]),
            _pairs_at_one(np.flatnonzero(zero), np.arange(min(count, self._n_points))),
        ]
        if self._index is not None and len(asked):
            n_found = min(count, len(self._others))
            distances, indices = self._index.query(queries[asked], n_found, num_threads=num_threads)
            pairs.append((np.repeat(asked, n_found), self._others[indices.ravel()], distances.ravel()))
        return _runs_of(pairs, len(zero), exclude_self).first(k)

    def query_radius(
        self, queries: Any, radius: float, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> FlatRuns:
        """All within the radius, as `Index.query_radius`."""
        zero = zero_rows(queries)
        asked = np.flatnonzero(~zero)
        pairs = []
        if radius >= 1:
            pairs = [
                _pairs_at_one(asked, self._zeros),
                _pairs_at_one(np.flatnonzero(zero), np.arange(self._n_points)),
            ]
        if self._index is not None and len(asked):
            distances, indices, offsets = self._index.query_radius(
                queries[asked], radius, num_threads=num_threads
            )
            pairs.append((np.repeat(asked, np.diff(offsets)), self._others[indices], distances))
        runs = _runs_of(pairs, len(zero), exclude_self)
        return runs.distances, runs.indices, runs.offsets


def zero_rows(matrix: Any) -> NDArray[np.bool_]:
    """Which rows are all zeros."""
    if not issparse(matrix):
        some: NDArray[np.bool_] = matrix.any(axis=1)
        return np.logical_not(some)
    entries = np.concatenate([[0], np.cumsum(matrix.data != 0)])[matrix.indptr]
    zero: NDArray[np.bool_] = np.diff(entries) == 0
    return zero


_Pairs = tuple[IndexArray, IndexArray, FloatArray]


def _pairs_at_one(queries: IndexArray, points: IndexArray) -> _Pairs:
    """Each query with each point, at distance 1."""
    n_pairs = len(queries) * len(points)
    return np.repeat(queries, len(points)), np.tile(points, len(queries)), np.ones(n_pairs)


def _runs_of(pairs: list[_Pairs], n_queries: int, exclude_self: bool) -> Runs:
    none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    queries, points, distances = map(np.concatenate, zip(none, *pairs, strict=True))
    if exclude_self:
        others = queries != points
        queries, points, distances = queries[others], points[others], distances[others]
    return Runs.of_pairs(queries, points, distances, n_queries)


def checked_rows(name: str, values: Any) -> NDArray[Any]:
    """Finite rows of a dtype that the core takes."""
    array = as_rows(name, values)
    scan(name, array)
    return array


def _restriction(exclude_self: bool) -> _core.Restriction:
    return _core.Restriction(exclude_self, None, None, None)
