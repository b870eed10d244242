# SPDX-License-Identifier: BSD-3-Clause
"""Search by the haversine distance: a tree of unit vectors finds candidates, the definition decides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import Index
from crowfly._estimators import FloatArray, IndexArray
from crowfly._validation import as_num_threads
from crowfly.neighbors._distances import FlatRuns
from crowfly.neighbors._pairs import PairSearch, checked_rows
from crowfly.neighbors._runs import Runs

#: Coordinates of two unit vectors are off by a few roundings of numbers up to one, and so is the sine of half a difference of angles up to `_LARGEST_LONGITUDE`
#: (differences next to a whole turn): the distance of the vectors differs from the definition's chord by less than this.
_CHORD_ERROR = 4e-14
#: Squared half chords by the definition are sums of two terms, none below zero up to the poles: a few roundings, relative to themselves.
_RELATIVE_ERROR = 1e-14
#: Angles beyond these are searched directly.
_LARGEST_LATITUDE, _LARGEST_LONGITUDE = np.pi / 2, 7.0
#: Candidates beyond the neighbours asked for, and how many times as many where these don't prove the answer.
_SPARE, _GROWTH = 8, 4
#: With more of the points as candidates every distance is as soon computed.
_LARGEST_SHARE = 1 / 8


class HaversineSearch(PairSearch):
    """The answers of the direct search, bit by bit, from the distances of a few candidates."""

    def __init__(self, points: Any) -> None:
        super().__init__(points, "haversine")
        usual = not self._lacks_angles() and _are_usual(self._points)
        self._vectors = Index(_unit_vectors(self._points)) if usual else None

    def query(
        self, queries: Any, k: int, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> tuple[FloatArray, IndexArray]:
        """The k nearest, as `Index.query`."""
        index, rows, n_points = self._asked(), checked_rows("queries", queries), len(self._points)
        distances, indices = np.empty((len(rows), k)), np.empty((len(rows), k), dtype=np.int64)
        left, count = np.arange(len(rows)), k + exclude_self + _SPARE
        bounded = self._vectors is not None and _are_usual(rows)
        while len(left) and bounded and count <= n_points * _LARGEST_SHARE:
            assert self._vectors is not None
            chords, found = self._vectors.query(_unit_vectors(rows[left]), count, num_threads=num_threads)
            offsets = count * np.arange(len(left) + 1)
            found = found.ravel()
            raw, exact = index.candidate_distances(rows[left], found, offsets, as_num_threads(num_threads))
            kept = _others(found, offsets, left) if exclude_self else np.ones(len(found), dtype=bool)
            runs, ordered = _sorted(raw, exact, found, offsets, kept)
            last = ordered[runs.offsets[:-1] + k - 1]
            # What is no candidate is at least as far as the last one, but for rounding.
            outside = (np.maximum(chords[:, -1] - _CHORD_ERROR, 0) / 2) ** 2
            proven = last * (1 + _RELATIVE_ERROR) < outside
            for into, nearest in zip((distances, indices), runs.first(k), strict=True):
                into[left[proven]] = nearest[proven]
            left, count = left[~proven], count * _GROWTH
        if len(left):
            # Of these all distances are computed; in order.
            exact, found = super().query(rows[left], k + exclude_self, num_threads=num_threads)
            if exclude_self:
                others = found != left[:, np.newaxis]
                others[others.all(axis=1), -1] = False
                exact, found = exact[others].reshape(-1, k), found[others].reshape(-1, k)
            distances[left], indices[left] = exact, found
        return distances, indices

    def query_radius(
        self, queries: Any, radius: float, *, exclude_self: bool = False, num_threads: int | None = None
    ) -> FlatRuns:
        """All within the radius, as `Index.query_radius`."""
        index, rows = self._asked(), checked_rows("queries", queries)
        if self._vectors is None or not _are_usual(rows):
            return super().query_radius(rows, radius, exclude_self=exclude_self, num_threads=num_threads)
        limit = 2 * np.sin(min(float(radius), np.pi) / 2) * (1 + _RELATIVE_ERROR) + _CHORD_ERROR
        _, found, offsets = self._vectors.query_radius(_unit_vectors(rows), limit, num_threads=num_threads)
        raw, exact = index.candidate_distances(rows, found, offsets, as_num_threads(num_threads))
        kept = exact <= radius
        if exclude_self:
            kept &= _others(found, offsets, np.arange(len(rows)))
        runs, _ = _sorted(raw, exact, found, offsets, kept)
        return runs.distances, runs.indices, runs.offsets


def _others(points: IndexArray, offsets: IndexArray, own: IndexArray) -> NDArray[np.bool_]:
    """Which candidates are not the point that their query is."""
    others: NDArray[np.bool_] = np.repeat(own, np.diff(offsets)) != points
    return others


def _sorted(
    raw: FloatArray, distances: FloatArray, points: IndexArray, offsets: IndexArray, kept: NDArray[np.bool_]
) -> tuple[Runs, FloatArray]:
    """Those kept of the candidates in the order of the core's search, by (raw distance, index); and their raw distances."""
    n_queries = len(offsets) - 1
    queries = np.repeat(np.arange(n_queries), np.diff(offsets))
    order = np.flatnonzero(kept)
    order = order[np.lexsort((points[order], raw[order], queries[order]))]
    counts = np.bincount(queries[order], minlength=n_queries)
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Runs(distances[order], points[order], starts), raw[order]


def _are_usual(places: NDArray[Any]) -> bool:
    latitude, longitude = np.abs(places).T
    return bool((latitude <= _LARGEST_LATITUDE).all() and (longitude <= _LARGEST_LONGITUDE).all())


def _unit_vectors(places: NDArray[Any]) -> FloatArray:
    latitude, longitude = places.astype(np.float64).T
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=1)
