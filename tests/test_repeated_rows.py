# SPDX-License-Identifier: BSD-3-Clause
"""Points that repeat are searched once, and all of them are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_neighbors_equal, assert_same_bits
from references import METRICS, neighbors, radius_neighbors
from strategies import DTYPES, LAYOUTS, normal_pair

N = 2400


def repeated(n_features: int, copies: int, dtype: Any = np.float64, seed: int = 51) -> tuple[Any, Any]:
    """Queries and points of one set of rows, in random order: half of the rows once, the others so often that it is `copies` in the mean."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((N // copies, n_features)).astype(dtype)
    times = np.tile([1, 2 * copies - 1], len(rows))[: len(rows)]
    times[0] += N - times.sum()
    queries = rows[rng.integers(len(rows), size=40)]
    queries[::3] += dtype(0.25)
    return queries, rows[rng.permutation(np.repeat(np.arange(len(rows)), times))]


def searches_distinct_rows(index: crowfly.Index, k: int, n_queries: int = 40) -> bool:
    return "rows repeat" in index.explain(n_queries, k).reason


@pytest.mark.parametrize("n_features", [2, 7, 40])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("copies", [2, 3, 50, 600, N])
def test_every_copy_is_found(copies: int, dtype: Any, n_features: int) -> None:
    queries, points = repeated(n_features, copies, dtype)
    index = crowfly.Index(points)
    for k in (1, 2, 7, 60, N):
        assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k))
        assert searches_distinct_rows(index, k)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("copies", [2, 12])
def test_no_point_is_its_own_neighbor(copies: int, metric: str) -> None:
    _, points = repeated(5, copies)
    index = crowfly.Index(points, metric)
    for k in (1, copies, 30):
        actual = index.query(points, k, exclude_self=True)
        assert_neighbors_equal(actual, neighbors(points, points, k, metric, exclude_self=True))
    assert searches_distinct_rows(index, 1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts(layout: str, dtype: Any) -> None:
    queries, points = repeated(6, 4, dtype)
    actual = crowfly.Index(LAYOUTS[layout](points)).query(LAYOUTS[layout](queries), 6)
    assert_neighbors_equal(actual, neighbors(queries, points, 6))


def test_radius() -> None:
    queries, points = repeated(4, 5)
    index = crowfly.Index(points)
    for radius in (0.0, 0.5, 1.5):
        expected = radius_neighbors(queries, points, radius)
        assert_neighbors_equal(index.query_radius(queries, radius), expected)
        assert_same_bits(index.count_radius(queries, radius), np.diff(expected[2]))
    expected = radius_neighbors(points, points, 0.5, exclude_self=True)
    assert_neighbors_equal(index.query_radius(points, 0.5, exclude_self=True), expected)


def test_labels_and_masks_go_by_point() -> None:
    queries, points = repeated(6, 4)
    rng = np.random.default_rng(52)
    labels, mask = rng.integers(0, 3, N), rng.random(N) < 0.5
    index = crowfly.Index(points)
    index.query(queries, 3)
    admitted = (labels[:40, np.newaxis] != labels) & mask
    actual = index.query(queries, 5, groups=(labels[:40], labels), mask=mask)
    assert_neighbors_equal(actual, neighbors(queries, points, 5, admitted=admitted))


def test_zeros_of_both_signs_are_one_row() -> None:
    points = np.zeros((N, 3))
    points[::2, 1] = -0.0
    points[N // 2 :] += 1.0
    index = crowfly.Index(points)
    assert_neighbors_equal(index.query(points[:40], 3), neighbors(points[:40], points, 3))
    assert searches_distinct_rows(index, 3)


@pytest.mark.parametrize("order", ["together", "apart"])
def test_pairs_are_noticed(order: str) -> None:
    rows = np.random.default_rng(53).standard_normal((50_000, 8))
    pairs = np.repeat(rows, 2, axis=0) if order == "together" else np.tile(rows, (2, 1))
    index = crowfly.Index(pairs)
    assert searches_distinct_rows(index, 1, n_queries=1000)
    assert not searches_distinct_rows(index, 1, n_queries=999)


def test_ordinary_points_are_left_alone() -> None:
    queries, points = normal_pair(40, N, 12)
    points[-1] = points[0]
    index = crowfly.Index(points)
    assert_neighbors_equal(index.query(queries, 3), neighbors(queries, points, 3))
    assert not searches_distinct_rows(index, 3)


def test_few_queries_make_nothing() -> None:
    queries, points = repeated(6, 4)
    index = crowfly.Index(points)
    assert_neighbors_equal(index.query(queries[:2], 3), neighbors(queries[:2], points, 3))
    assert index.explain(2, 3).algorithm == "direct"
    assert "rows repeat" not in index.explain(2, 3).reason
    index.query(queries, 3)
    assert_neighbors_equal(index.query(queries[:1], 3), neighbors(queries[:1], points, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 9, 40])
def test_queries_equal_to_points(k: int, dtype: Any) -> None:
    """Some have k equal points, some fewer, some none; what is stored in another type is equal too."""
    rng = np.random.default_rng(57)
    rows = rng.standard_normal((N // 20, 5)).astype(np.float32)
    points = rows[rng.integers(len(rows), size=N)].astype(dtype)
    queries = np.vstack([rows[:60].astype(np.float64), rng.standard_normal((30, 5)), -0.0 * rows[:1]])
    index = crowfly.Index(points)
    assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k))
    assert searches_distinct_rows(index, k)
    assert_neighbors_equal(index.query(queries, k, num_threads=1), neighbors(queries, points, k))
    expected = neighbors(points, points, k, exclude_self=True)
    assert_neighbors_equal(index.query(points, k, exclude_self=True), expected)


@pytest.mark.parametrize("metric", ["cosine", "nan_euclidean"])
def test_rows_at_distance_zero_need_not_be_equal(metric: str) -> None:
    rng = np.random.default_rng(58)
    rows = rng.integers(1, 4, (N // 8, 3)).astype(float)
    if metric == "nan_euclidean":
        rows[rng.random(rows.shape) < 0.3] = np.nan
    points = np.vstack([4 * rows, np.tile(rows, (7, 1))])
    actual = crowfly.Index(points, metric).query(rows[:80], 5)
    assert_neighbors_equal(actual, neighbors(rows[:80], points, 5, metric))


def numbers_of_one_hash(n: int) -> Any:
    """The hash of a row undone: as many different numbers whose rows of one feature have the same hash."""
    word, odd = 2**64, 0x9E3779B97F4A7C15
    inverse = pow(odd, -1, word)

    def turned(x: int, by: int) -> int:
        return ((x << by) | (x >> (64 - by))) % word

    numbers: list[float] = []
    for low in range(4 * n):
        x = (0x12345678 << 32) + low * 977
        for chain in (4, 3, 2):
            x = turned((x * inverse) % word ^ chain, 64 - 17)
        x = x * inverse % word
        # The first of four chains, which starts at one.
        x = x ^ (x >> 29) ^ (x >> 58)
        numbers.append(np.uint64(x * inverse % word ^ 1).view(np.float64))
    found = np.array(numbers)
    return found[(np.abs(found) < 1e100) & (np.abs(found) > 1e-100)][:n]


@pytest.mark.parametrize("n", [6, 40])
def test_rows_of_one_hash(n: int) -> None:
    *numbers, stranger = numbers_of_one_hash(n + 1)
    assert len(numbers) == n
    rng = np.random.default_rng(59)
    points = np.concatenate([rng.choice(numbers, N), rng.standard_normal(100)])[:, None]
    rng.shuffle(points)
    queries = np.concatenate([numbers, [stranger], points[:50, 0]])[:, None]
    assert_neighbors_equal(crowfly.Index(points).query(queries, 30), neighbors(queries, points, 30))
