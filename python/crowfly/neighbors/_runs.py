# SPDX-License-Identifier: BSD-3-Clause
"""Neighbours as flat arrays, and what is made of them where the core can't: graphs, votes and means with a user's weights.

Sums run over each query's neighbours with the nearest first, in float64: the core's order, so that both give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from crowfly._estimators import FloatArray, IndexArray, csr_container

GraphMode = Literal["connectivity", "distance"]

# Divides targets whose weighted sum overflows: room for 2^40 of them.
_ROOM = 2.0**-40


@dataclass(frozen=True)
class Runs:
    """The neighbours of query i are entries ``offsets[i]:offsets[i + 1]``, by (distance, index); `k` if all have as many."""

    distances: FloatArray
    indices: IndexArray
    offsets: IndexArray
    k: int | None = None

    @classmethod
    def of_matrices(cls, distances: FloatArray, indices: IndexArray) -> Self:
        """Runs of the same number of neighbours."""
        n_queries, k = indices.shape
        return cls(distances.ravel(), indices.ravel(), k * np.arange(n_queries + 1), k)

    @classmethod
    def of_pairs(cls, queries: IndexArray, points: IndexArray, distances: FloatArray, n_queries: int) -> Self:
        """Runs of pairs in any order."""
        order = np.lexsort((points, distances, queries))
        counts = np.bincount(queries, minlength=n_queries)
        return cls(distances[order], points[order].astype(np.int64), np.concatenate([[0], np.cumsum(counts)]))

    @property
    def n_queries(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> IndexArray:
        """Number of neighbours of each query."""
        return np.diff(self.offsets)

    @property
    def queries(self) -> IndexArray:
        """The query of each entry."""
        return np.repeat(np.arange(self.n_queries), self.lengths)

    def first(self, k: int) -> tuple[FloatArray, IndexArray]:
        """The k nearest of each query, which all have as many."""
        entries = self.offsets[:-1, np.newaxis] + np.arange(k)
        return self.distances[entries], self.indices[entries]

    def split(self, flat: NDArray[Any]) -> NDArray[np.object_]:
        """One array per query."""
        arrays = np.empty(self.n_queries, dtype=object)
        if self.n_queries:
            arrays[:] = np.split(flat, self.offsets[1:-1])
        return arrays

    def within(self, limits: FloatArray) -> Runs:
        """Those within the limit of their query."""
        kept = self.distances <= np.repeat(limits, self.lengths)
        offsets = np.concatenate([[0], np.cumsum(kept)])[self.offsets]
        return Runs(self.distances[kept], self.indices[kept], offsets)

    def by_index(self, n_points: int) -> Runs:
        """The same, each query's neighbours in the order of their indices."""
        rows = csr_array(
            (self.distances.copy(), self.indices.copy(), self.offsets), (self.n_queries, n_points)
        )
        rows.sort_indices()
        return Runs(rows.data, rows.indices.astype(np.int64, copy=False), self.offsets, self.k)

    def graph(self, n_points: int, mode: GraphMode) -> Any:
        """The sparse matrix with an edge from each query to each of its neighbours, in their order."""
        edges = self.distances if mode == "distance" else np.ones(len(self.indices))
        return csr_container()((edges, self.indices, self.offsets), shape=(self.n_queries, n_points))

    def inverse_distances(self) -> FloatArray:
        """Weights by the core's rule: infinite ones share all the weight, then infinitely far neighbours if there are no others."""
        with np.errstate(divide="ignore"):
            weights = 1 / self.distances
        weights[np.isnan(weights)] = 0
        nearest = np.repeat(weights[self.offsets[:-1][self.lengths > 0]], self.lengths[self.lengths > 0])
        at_query, far = np.isinf(nearest), nearest == 0
        weights[at_query] = np.isinf(weights[at_query])
        weights[far] = np.isinf(self.distances[far])
        return weights

    def votes(self, classes: NDArray[np.integer[Any]], n_classes: int, weights: FloatArray) -> FloatArray:
        """Sums of the weights by class number, of shape (n_queries, n_classes)."""
        cells = self.queries * n_classes + classes[self.indices]
        votes = np.bincount(cells, weights=weights, minlength=self.n_queries * n_classes)
        return votes.reshape(self.n_queries, n_classes).astype(np.float64, copy=False)

    def means(self, targets: FloatArray, weights: FloatArray) -> FloatArray:
        """Weighted means of the points' targets, of shape (n_queries,) or (n_queries, n_outputs); NaN of nothing."""
        columns = targets.reshape(len(targets), -1).T
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            means = np.stack([self._mean(column, weights) for column in columns], axis=1)
            if not np.isfinite(means).all():
                relative = weights / np.max(np.abs(weights), initial=0)
                again = np.stack([self._mean(column * _ROOM, relative) for column in columns], axis=1)
                means = np.where(np.isfinite(means), means, again / _ROOM)
        return means.reshape(-1, *targets.shape[1:])

    def _mean(self, target: FloatArray, weights: FloatArray) -> FloatArray:
        sums = np.bincount(self.queries, weights=weights * target[self.indices], minlength=self.n_queries)
        mean: FloatArray = sums / np.bincount(self.queries, weights=weights, minlength=self.n_queries)
        return mean
