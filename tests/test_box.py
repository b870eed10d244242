# SPDX-License-Identifier: BSD-3-Clause
"""Space that repeats: distances are taken the shorter way round, by brute force and by the tree alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.spatial
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_neighbors_equal, assert_same_bits
from references import neighbors, pairwise_distances, radius_neighbors
from strategies import DATASETS, DTYPES, LAYOUTS, THREADS, dataset, neighbor_problems, normal_pair

METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev")
BOXES = (1.0, 0.37, 3.0, 1000.0)


@pytest.mark.parametrize("algorithm", ["auto", "direct", "tree"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_features", [1, 2, 3, 8, 9, 17])
def test_metrics(n_features: int, metric: str, algorithm: str) -> None:
    queries, points = normal_pair(45, 1201, n_features)
    box = np.resize([1.0, 2.5, np.inf, 0.7], n_features)
    index = crowfly.Index(points, metric, box=box, algorithm=algorithm)
    for k in (1, 9):
        assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k, metric, box=box))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("name", DATASETS)
def test_hard_data(name: str, box: float, dtype: Any) -> None:
    queries, points = dataset(name, 71, 45, 1201, 3, dtype)
    lengths = np.full(3, box)
    index = crowfly.Index(points, box=box, algorithm="tree")
    for k in (1, 7):
        assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k, box=lengths))
    radius = 0.1 * box
    expected = radius_neighbors(queries, points, radius, box=lengths)
    assert_neighbors_equal(index.query_radius(queries, radius), expected)
    assert_same_bits(index.count_radius(queries, radius), np.diff(expected[2]))


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_and_threads(layout: str, num_threads: int) -> None:
    queries, points = normal_pair(300, 2000, 2, np.float32)
    index = crowfly.Index(LAYOUTS[layout](points), box=[1.0, 1.5])
    actual = index.query(LAYOUTS[layout](queries), 4, num_threads=num_threads)
    assert_neighbors_equal(actual, neighbors(queries, points, 4, box=np.array([1.0, 1.5])))


def test_far_apart_straight_is_near_round_the_edge() -> None:
    index = crowfly.Index(np.array([[0.1], [5.0], [9.5]]), box=10.0)
    distances, indices = index.query([[9.9], [-0.1], [1000.1]], 2)
    assert indices.tolist() == [[0, 2], [0, 2], [0, 2]]
    assert np.allclose(distances, [[0.2, 0.4], [0.2, 0.4], [0.0, 0.6]])


@pytest.mark.parametrize("length", [1e3, 1e12, 1e17, 1e300])
def test_a_long_box_moves_nothing(length: float) -> None:
    rng = np.random.default_rng(3)
    points, queries = rng.standard_normal((200, 2)), rng.standard_normal((20, 2))
    boxed, free = crowfly.Index(points, box=length), crowfly.Index(points)
    assert_neighbors_equal(boxed.query(queries, 5), free.query(queries, 5))


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(72)
    points, queries = rng.random((5000, 3)), rng.random((300, 3))
    theirs = scipy.spatial.cKDTree(points, boxsize=1.0).query(queries, 5)
    distances, indices = crowfly.Index(points, box=1.0).query(queries, 5)
    assert np.allclose(distances, theirs[0], rtol=1e-12)
    assert (indices == theirs[1]).mean() > 0.999


def test_an_infinite_box_is_open_space() -> None:
    queries, points = normal_pair(50, 1500, 3)
    for algorithm in ("direct", "tree"):
        actual = crowfly.Index(points, box=np.inf, algorithm=algorithm).query(queries, 5)
        assert_neighbors_equal(actual, neighbors(queries, points, 5))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_scales(scale: float) -> None:
    queries, points = normal_pair(40, 600, 3)
    box = np.array([1.0, np.inf, 2.0])
    for algorithm in ("direct", "tree"):
        index = crowfly.Index(scale * points, box=scale * box, algorithm=algorithm)
        assert_same_bits(
            index.query(scale * queries, 4)[1], crowfly.Index(points, box=box).query(queries, 4)[1]
        )


def test_pairwise_and_nearest() -> None:
    queries, points = normal_pair(20, 90, 4)
    box = np.full(4, 1.25)
    assert_same_bits(
        crowfly.pairwise_distances(queries, points, box=1.25), pairwise_distances(queries, points, box=box)
    )
    assert_neighbors_equal(
        crowfly.nearest(queries, points, 3, box=box), neighbors(queries, points, 3, box=box)
    )


@given(problem=neighbor_problems(), box=st.sampled_from(BOXES), algorithm=st.sampled_from(["direct", "tree"]))
def test_any_small_problem(problem: tuple[Any, Any, int], box: float, algorithm: str) -> None:
    queries, points, k = problem
    lengths = np.full(points.shape[1], box)
    for metric in ("euclidean", "chebyshev"):
        actual = crowfly.Index(points, metric, box=box, algorithm=algorithm).query(queries, k)
        assert_neighbors_equal(actual, neighbors(queries, points, k, metric, box=lengths))


@pytest.mark.parametrize(
    ("box", "metric", "message"),
    [
        (0.0, "euclidean", "box: positive lengths expected, got 0"),
        ([1.0, -1.0, 1.0], "euclidean", "box: positive lengths expected, got -1"),
        ([1.0, np.nan, 1.0], "euclidean", "box: positive lengths expected, got nan"),
        ([1.0, 1.0], "euclidean", "box: one length, or one per feature"),
        ("1", "euclidean", "box: real numbers expected"),
        (1.0, "cosine", "box: only with the metrics euclidean"),
        (1.0, "minkowski", "box: only with the metrics euclidean"),
        (1.0, "nan_euclidean", "box: only with the metrics euclidean"),
    ],
)
def test_boxes_that_are_none(box: Any, metric: str, message: str) -> None:
    p = 3.0 if metric == "minkowski" else None
    with pytest.raises((TypeError, ValueError), match=message):
        crowfly.Index(normal_pair(1, 20, 3)[1], metric, p=p, box=box)
