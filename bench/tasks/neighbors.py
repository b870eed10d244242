# SPDX-License-Identifier: BSD-3-Clause
"""The k nearest points of every query, Euclidean. An answer is (indices, distances), both of shape (n_queries, k).

The definition is crowfly's (docs/design/neighbors.md): float64 direct differences, ordered by (distance, index). Which index stands for equal distances is a
convention that others don't share, so answers are judged by the distances of the points they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.tasks.base import Arrays, Problem, Task, Verdict

#: Pairs of query and point for which the truth is computed; beyond, a random sample of queries is checked.
CHECKED_PAIRS = 2e8
#: Pairs whose values are held at a time.
BLOCK_PAIRS = 1e7
MOST_NEIGHBORS = 256
#: Beyond this relative excess of a distance an answer is wrong. Single precision stays below it on all data that it can resolve.
WRONG = 1e-3
#: Of the distance itself and of the points' spread.
WRONG_DISTANCE = 1e-2
SPREAD_ROWS = 10_000


def _squared_distances(query: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    differences = points.astype(np.float64) - query.astype(np.float64)
    result: NDArray[np.float64] = np.einsum("ij,ij->i", differences, differences)
    return result


def _candidates(queries: NDArray[np.float64], points: NDArray[np.float64], k: int) -> list[NDArray[np.int64]]:
    """Per query, points that certainly include the k nearest: float64 matrix product, and twice its error bound as a margin."""
    norms = np.einsum("ij,ij->i", points, points)
    own = np.einsum("ij,ij->i", queries, queries)
    values = norms - 2 * (queries @ points.T)
    # Each of the three sums of d products, and the two additions, is off by less than (d + 2) ulp of the largest magnitudes.
    bound = 4 * (points.shape[1] + 8) * np.finfo(np.float64).eps * (norms.max() + own)
    limits = np.partition(values, k - 1, axis=1)[:, k - 1] + 2 * bound
    return [np.flatnonzero(row <= limit) for row, limit in zip(values, limits, strict=True)]


def _truth(arrays: Arrays, _parameters: Mapping[str, Any]) -> Arrays:
    points, queries = arrays["points"], arrays["queries"]
    n_checked = min(len(queries), max(1, int(CHECKED_PAIRS / len(points))))
    checked = np.sort(np.random.default_rng(0).choice(len(queries), n_checked, replace=False))
    k = min(MOST_NEIGHBORS, len(points))
    wide = np.asarray(points, dtype=np.float64)
    indices = np.empty((n_checked, k), dtype=np.int64)
    squares = np.empty((n_checked, k))
    block = max(1, int(BLOCK_PAIRS / len(points)))
    for start in range(0, n_checked, block):
        rows = np.asarray(queries[checked[start : start + block]], dtype=np.float64)
        for row, candidates in enumerate(_candidates(rows, wide, k), start):
            distances = _squared_distances(rows[row - start], wide[candidates])
            order = np.lexsort((candidates, distances))[:k]
            indices[row], squares[row] = candidates[order], distances[order]
    return {"checked": checked, "indices": indices, "distances": np.sqrt(squares)}


def _invalid(indices: NDArray[Any], distances: NDArray[Any], n_queries: int, n_points: int, k: int) -> str:
    if indices.shape != (n_queries, k) or distances.shape != (n_queries, k):
        return f"indices of shape {indices.shape}, distances of {distances.shape} instead of {(n_queries, k)}"
    if indices.dtype.kind not in "iu":
        return f"indices of dtype {indices.dtype}"
    if not np.isfinite(distances).all():
        return "a distance that is not finite"
    if indices.size and (indices.min() < 0 or indices.max() >= n_points):
        return "an index that is no point"
    ordered = np.sort(indices, axis=1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        return "the same point twice"
    return ""


def _judge(problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    points, queries = problem.arrays["points"], problem.arrays["queries"]
    k = problem.parameters["k"]
    indices, distances = (np.asarray(part) for part in answer)
    reason = _invalid(indices, distances, len(queries), len(points), k)
    if reason:
        return Verdict(np.inf, False, reason)
    checked = truth["checked"]
    expected = truth["distances"][:, :k]
    found = np.empty_like(expected)
    for row, query in enumerate(checked):
        found[row] = np.sqrt(_squared_distances(queries[query], points[indices[query]]))
    # The rank by the answer's own order counts: a right set in a wrong order has an excess at the first misplaced rank.
    floor = 1e-3 * np.median(expected[:, -1])
    excess = np.divide(
        np.abs(found - expected),
        np.maximum(expected, floor),
        out=np.where(found == expected, 0.0, np.inf),
        where=np.maximum(expected, floor) > 0,
    )
    error = float(excess.max(initial=0.0))
    differ = float((indices[checked] != truth["indices"][:, :k]).any(axis=1).mean())
    notes = {
        "queries checked": len(checked),
        "queries with another neighbour": differ,
        "largest error of a distance": float(np.abs(distances[checked] - found).max(initial=0.0)),
    }
    if error > WRONG:
        share = float((excess > WRONG).any(axis=1).mean())
        return Verdict(error, False, f"wrong neighbours for {share:.1%} of the queries", notes)
    # Distances by matrix products lose digits where points are close compared with their spread: that is allowed, nonsense is not.
    spread = float(np.sqrt(np.var(points[:SPREAD_ROWS], axis=0, dtype=np.float64).sum()))
    off = np.abs(distances[checked] - found) > WRONG_DISTANCE * (found + spread)
    if off.any():
        return Verdict(
            np.inf, False, f"wrong distances for {float(off.any(axis=1).mean()):.1%} of the queries", notes
        )
    return Verdict(error, True, "", notes)


NEIGHBORS = Task("neighbours", "relative excess of a distance", _truth, _judge)
