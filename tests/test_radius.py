# SPDX-License-Identifier: BSD-3-Clause
"""All neighbours within a radius equal the reference to the bit, on the boundary too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_neighbors_equal, assert_same_bits
from references import METRICS, pairwise_distances, radius_neighbors
from strategies import (
    BUILT,
    DATASETS,
    DTYPES,
    FEATURE_SIZES,
    LAYOUTS,
    POINT_SIZES,
    THREADS,
    dataset,
    neighbor_problems,
    normal_pair,
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("num_threads", THREADS)
def test_metrics(metric: str, dtype: Any, num_threads: int) -> None:
    queries, points = normal_pair(131, 509, 5, dtype)
    radius = float(np.quantile(pairwise_distances(queries[:20], points, metric), 0.1))
    actual = crowfly.Index(points, metric).query_radius(queries, radius, num_threads=num_threads)
    assert_neighbors_equal(actual, radius_neighbors(queries, points, radius, metric))


@pytest.mark.parametrize("n_points", POINT_SIZES)
@pytest.mark.parametrize("n_queries", [0, 1, 33])
def test_sizes(n_queries: int, n_points: int) -> None:
    queries, points = normal_pair(n_queries, n_points, 3)
    actual = crowfly.Index(points).query_radius(queries, 1.0)
    assert_neighbors_equal(actual, radius_neighbors(queries, points, 1.0))


@pytest.mark.parametrize("n_features", FEATURE_SIZES)
def test_any_number_of_features(n_features: int) -> None:
    queries, points = normal_pair(33, 131, n_features)
    radius = float(np.sqrt(2 * n_features))
    actual = crowfly.Index(points).query_radius(queries, radius)
    assert_neighbors_equal(actual, radius_neighbors(queries, points, radius))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts(layout: str, dtype: Any) -> None:
    queries, points = normal_pair(33, 131, 4, dtype)
    actual = crowfly.Index(LAYOUTS[layout](points)).query_radius(LAYOUTS[layout](queries), 1.5)
    assert_neighbors_equal(actual, radius_neighbors(queries, points, 1.5))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DATASETS)
def test_hard_data(name: str, dtype: Any) -> None:
    queries, points = dataset(name, 31, 29, 401, 7, dtype)
    for quantile in (0.0, 0.01, 0.5):
        radius = float(np.quantile(pairwise_distances(queries, points), quantile, method="inverted_cdf"))
        actual = crowfly.Index(points).query_radius(queries, radius)
        assert_neighbors_equal(actual, radius_neighbors(queries, points, radius))


@pytest.mark.parametrize("metric", METRICS)
def test_the_boundary_belongs_to_the_ball(metric: str) -> None:
    queries, points = normal_pair(5, 101, 6)
    index = crowfly.Index(points, metric)
    for query, distances in zip(queries, np.sort(pairwise_distances(queries, points, metric)), strict=True):
        on_boundary = float(distances[50])
        assert index.query_radius(query[np.newaxis], on_boundary)[2][1] == 51
        assert index.query_radius(query[np.newaxis], np.nextafter(on_boundary, 0))[2][1] == 50


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("n_features", [1, 3, 9, 40])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DATASETS)
def test_hard_data_by_each_algorithm(name: str, dtype: Any, n_features: int, algorithm: str) -> None:
    queries, points = dataset(name, 32, 45, 1201, n_features, dtype)
    index = crowfly.Index(points, algorithm=algorithm)
    for quantile in (0.0, 0.01, 0.3):
        radius = float(np.quantile(pairwise_distances(queries, points), quantile, method="inverted_cdf"))
        expected = radius_neighbors(queries, points, radius)
        assert_neighbors_equal(index.query_radius(queries, radius), expected)
        assert_same_bits(index.count_radius(queries, radius), np.diff(expected[2]))


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("metric", METRICS)
def test_metrics_by_each_algorithm(metric: str, algorithm: str) -> None:
    queries, points = dataset("offset_clusters", 33, 45, 1201, 5, np.float64)
    distances = pairwise_distances(queries, points, metric)
    index = crowfly.Index(points, metric, algorithm=algorithm)
    for quantile in (0.003, 0.1):
        radius = float(np.quantile(distances, quantile, method="inverted_cdf"))
        expected = radius_neighbors(queries, points, radius, metric)
        assert_neighbors_equal(index.query_radius(queries, radius), expected)
        below = radius_neighbors(queries, points, np.nextafter(radius, 0), metric)
        assert_neighbors_equal(index.query_radius(queries, np.nextafter(radius, 0)), below)


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-140, 1.0, 1e140, 1e160, 1e300])
def test_scales_by_each_algorithm(scale: float, algorithm: str) -> None:
    queries, points = normal_pair(40, 600, 4)
    radius = 1.25 * scale
    actual = crowfly.Index(scale * points, algorithm=algorithm).query_radius(scale * queries, radius)
    expected = crowfly.Index(scale * points, algorithm="direct").query_radius(scale * queries, radius)
    assert_neighbors_equal(actual, expected)
    assert abs(len(actual[1]) - len(radius_neighbors(queries, points, 1.25)[1])) <= 1


@pytest.mark.parametrize("num_threads", THREADS)
def test_counts_are_the_lengths_of_the_lists(num_threads: int) -> None:
    queries, points = normal_pair(301, 2000, 5)
    index = crowfly.Index(points)
    counts = index.count_radius(queries, 1.5, num_threads=num_threads)
    assert_same_bits(counts, np.diff(index.query_radius(queries, 1.5)[2]))
    assert_same_bits(index.count_radius(points, 1.5, exclude_self=True), index.count_radius(points, 1.5) - 1)
    assert index.count_radius(queries[:0], 1.5).shape == (0,)


@pytest.mark.parametrize("radius", [-1.0, np.nan, "1", None])
def test_a_radius_that_is_none(radius: Any) -> None:
    index = crowfly.Index(normal_pair(1, 20, 3)[1])
    for method in (index.query_radius, index.count_radius):
        with pytest.raises((TypeError, ValueError), match="radius: "):
            method(np.zeros((1, 3)), radius)


def test_a_radius_in_an_array() -> None:
    queries, points = normal_pair(3, 20, 3)
    index = crowfly.Index(points)
    radius: Any = np.array(1.5)
    assert_neighbors_equal(index.query_radius(queries, radius), index.query_radius(queries, 1.5))
    several: list[Any] = [np.ones(3), np.ones((1, 1)), list(range(1000))]
    for many in several:
        message = "a number expected, got an (array of shape|object of type list)"
        with pytest.raises(TypeError, match=f"^radius: {message}.{{0,8}}$"):
            index.count_radius(queries, many)
    others: list[Any] = [np.array("1"), np.array(1j), np.array(True)]
    for wrong in others:
        with pytest.raises(TypeError, match=r"^radius: a number expected, got"):
            index.count_radius(queries, wrong)


def test_radius_zero_finds_duplicates_only() -> None:
    points = np.tile(normal_pair(1, 30, 4)[1], (3, 1))
    distances, indices, offsets = crowfly.Index(points).query_radius(points[:30], 0.0)
    assert_same_bits(distances, np.zeros(90))
    assert_same_bits(indices.reshape(30, 3), np.arange(30)[:, np.newaxis] + np.array([0, 30, 60]))
    assert_same_bits(offsets, np.arange(0, 91, 3))


@pytest.mark.parametrize("metric", METRICS)
def test_a_ball_around_everything_is_a_query_for_all_points(metric: str) -> None:
    queries, points = normal_pair(17, 140, 5)
    index = crowfly.Index(points, metric)
    distances, indices, offsets = index.query_radius(queries, 1e9)
    assert_neighbors_equal((distances.reshape(17, 140), indices.reshape(17, 140)), index.query(queries, 140))
    assert_same_bits(offsets, 140 * np.arange(18))


def test_an_empty_ball() -> None:
    queries, points = normal_pair(4, 30, 3)
    distances, indices, offsets = crowfly.Index(points + 100.0).query_radius(queries, 1.0)
    assert_neighbors_equal(
        (distances, indices, offsets), (np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(5, dtype=np.int64))
    )


@pytest.mark.parametrize("metric", METRICS)
def test_exclude_self_goes_by_index(metric: str) -> None:
    points = np.tile(normal_pair(1, 50, 3)[1], (2, 1))
    radius = float(np.quantile(pairwise_distances(points, metric=metric), 0.2))
    actual = crowfly.Index(points, metric).query_radius(points, radius, exclude_self=True)
    assert_neighbors_equal(actual, radius_neighbors(points, points, radius, metric, exclude_self=True))


@given(
    problem=neighbor_problems(),
    radius=st.sampled_from([0.0, 1e-30, 1.0, 2.0, 3.0, 1e10, 1e160]),
    algorithm=st.sampled_from(["auto", *BUILT]),
)
def test_any_small_problem(problem: tuple[Any, Any, int], radius: float, algorithm: str) -> None:
    queries, points, _ = problem
    for metric in ("euclidean", "manhattan", "chebyshev"):
        actual = crowfly.Index(points, metric, algorithm=algorithm).query_radius(queries, radius)
        assert_neighbors_equal(actual, radius_neighbors(queries, points, radius, metric))


@pytest.mark.parametrize("scale", [0.9, 1.0, 20.0])
def test_most_points_within_radius(scale: float) -> None:
    """The lattice lets nearly all pairs pass: the rest of the search is direct."""
    queries, points = normal_pair(20, 13_000, 10)
    index = crowfly.Index(points, algorithm="lattice")
    radius = scale * float(np.sqrt(20.0))
    expected = radius_neighbors(queries, points, radius)
    # With two threads each has so few of the points that it doesn't give the lattice up.
    for num_threads in (1, 2):
        assert_neighbors_equal(index.query_radius(queries, radius, num_threads=num_threads), expected)
        counts = index.count_radius(queries, radius, num_threads=num_threads)
        np.testing.assert_array_equal(counts, np.diff(expected[2]))
