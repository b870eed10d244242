# SPDX-License-Identifier: BSD-3-Clause
"""Trees of float32 points rule out boxes and leaves in float32: where its rounding, its range and its underflow would decide, the answers are those in float64."""

from __future__ import annotations

from itertools import islice, permutations

import numpy as np
import pytest

import crowfly
from assertions import assert_neighbors_equal
from references import AnyArray, neighbors

METRICS = ("euclidean", "manhattan", "chebyshev")


def assert_right(points: AnyArray, queries: AnyArray, k: int, metric: str = "euclidean") -> None:
    """By the tree, whatever is kept: the k nearest, and all within the last one's distance."""
    index, direct = (crowfly.Index(points, metric, algorithm=name) for name in ("tree", "direct"))
    expected = neighbors(queries, points, k, metric=metric)
    assert_neighbors_equal(index.query(queries, k), expected)
    for i in range(0, len(queries), 7):
        radius = float(expected[0][i, -1])
        assert index.count_radius(queries[i : i + 1], radius) == direct.count_radius(
            queries[i : i + 1], radius
        )


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_features", [2, 5, 8, 13])
def test_points_equally_far_but_for_the_order_of_summation(n_features: int, metric: str) -> None:
    """Coordinates of one vector in many orders: in float32 their distances from the origin differ, in either direction, by more than those in float64 do."""
    rng = np.random.default_rng(n_features)
    vector = rng.uniform(0.5, 2.0, n_features).astype(np.float32)
    orders = np.array(list(islice(permutations(range(n_features)), 4000)))
    points = vector[orders] * rng.choice([-1, 1], (len(orders), n_features)).astype(np.float32)
    points = np.repeat(points, 2 if n_features == 2 else 1, axis=0)
    beyond = rng.standard_normal((3000, n_features))
    beyond *= (
        rng.uniform(3, 6, (3000, 1)) * np.abs(vector).sum() / np.linalg.norm(beyond, axis=1)[:, np.newaxis]
    )
    points = np.vstack([points, beyond.astype(np.float32)])
    queries = np.zeros((3, n_features), np.float32)
    for k in (1, 5, 60):
        assert_right(rng.permutation(points), queries, k, metric)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_features", [1, 2, 3, 8])
def test_queries_between_float32_numbers(n_features: int, metric: str) -> None:
    """Half a unit in the last place, and far less, decides which of two points is nearer."""
    rng = np.random.default_rng(n_features)
    points = (1000 + rng.integers(0, 60, (5000, n_features)) * 2.0**-14).astype(np.float32)
    near = points[rng.integers(0, len(points), 60)].astype(np.float64)
    queries = np.vstack([near + rng.choice([-1, 1], near.shape) * 2.0**-s for s in (15, 20, 40)])
    assert_right(points, queries, 4, metric)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [2.0**-60, 2.0**-74, 2.0**-76, 2.0**-80, 2.0**-110, 2.0**-140])
def test_differences_whose_squares_vanish_in_float32(scale: float, metric: str) -> None:
    rng = np.random.default_rng(4)
    cluster = rng.integers(-40, 41, (3000, 3)) * scale
    points = np.vstack([cluster, rng.standard_normal((500, 3))]).astype(np.float32)
    queries = (rng.integers(-40, 41, (40, 3)) * scale).astype(np.float32)
    assert_right(points, queries, 3, metric)


@pytest.mark.parametrize("n_features", [2, 8])
@pytest.mark.parametrize("scale", [2.0**-70, 2.0**-72, 2.0**-73, 2.0**-74])
def test_squares_that_are_rounded_to_few_bits(scale: float, n_features: int) -> None:
    """Each by up to half of the smallest number, and the reach only once."""
    rng = np.random.default_rng(8)
    cluster = rng.uniform(-1, 1, (3000, n_features)) * scale
    points = np.vstack([cluster, rng.standard_normal((500, n_features))]).astype(np.float32)
    queries = (rng.uniform(-1, 1, (400, n_features)) * scale).astype(np.float32)
    assert_right(points, queries, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [2.0**50, 2.0**54, 2.0**56, 2.0**63, 2.0**100, 2.0**-50, 2.0**-120])
def test_magnitudes_at_the_ends_of_float32(scale: float, dtype: type) -> None:
    rng = np.random.default_rng(5)
    points = (rng.standard_normal((3000, 3)) * scale).astype(np.float32)
    queries: AnyArray = (rng.standard_normal((60, 3)) * scale * 1.1).astype(dtype)
    assert_right(points, queries, 3)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("far", [1e15, 3e19, 3e38, 1e39, 1e150])
@pytest.mark.parametrize("n_features", [1, 3])
def test_queries_far_out(far: float, n_features: int, metric: str) -> None:
    rng = np.random.default_rng(6)
    points = rng.standard_normal((3000, n_features)).astype(np.float32)
    points[100:120] *= 2.0**52
    queries = rng.uniform(-1, 1, (30, n_features)) * far
    if far < 3.4e38:
        assert_right(points, queries.astype(np.float32), 3, metric)
    assert_right(points, queries, 3, metric)


@pytest.mark.parametrize("far", [1e15, 3e19, 1e30, 1e80])
@pytest.mark.parametrize("k", [3, 18, 300])
def test_queries_far_out_of_which_some_points_are_no_neighbours(far: float, k: int) -> None:
    """Nothing prunes until enough are found: bounds of boxes seen before that must hold afterwards."""
    rng = np.random.default_rng(9)
    points = np.vstack([rng.standard_normal((3000, 3)), 2.0**50 * rng.standard_normal((1000, 3))])
    queries, mask = rng.uniform(-1, 1, (20, 3)) * far, rng.random(len(points)) < 0.3
    tree, direct = (
        crowfly.Index(points.astype(np.float32), algorithm=name).query(queries, k, mask=mask)
        for name in ("tree", "direct")
    )
    assert_neighbors_equal(tree, direct)


def test_queries_whose_squares_overflow() -> None:
    rng = np.random.default_rng(7)
    points = rng.standard_normal((3000, 3)).astype(np.float32)
    queries = rng.uniform(-1, 1, (30, 3)) * 1e308
    tree, direct = (crowfly.Index(points, algorithm=name).query(queries, 3) for name in ("tree", "direct"))
    assert np.isfinite(tree[0]).all()
    assert_neighbors_equal(tree, direct)
