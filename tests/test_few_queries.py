# SPDX-License-Identifier: BSD-3-Clause
"""The first call with few queries rounds points on the way and keeps nothing: the answers are those of the definition, and of all later calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_neighbors_equal
from references import AnyArray
from strategies import DATASETS, DTYPES, dataset


def first_and_second(queries: AnyArray, points: AnyArray, k: int, **options: Any) -> Any:
    index = crowfly.Index(points)
    assert "nothing is kept" in index.explain(len(queries), k).reason
    first = index.query(queries, k, **options)
    assert "nothing is kept" not in index.explain(len(queries), k).reason
    return first, index.query(queries, k, **options)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("k", [1, 3, 10, 60])
@pytest.mark.parametrize("dtype", DTYPES)
def test_answers_are_those_of_the_definition(name: str, k: int, dtype: Any) -> None:
    for n_features in (9, 33, 200):
        queries, points = dataset(name, 3, 40, 3000, n_features, dtype)
        index = crowfly.Index(points)
        plan = index.explain(len(queries), k)
        exact = crowfly.Index(points, algorithm="direct").query(queries, k)
        assert_neighbors_equal(index.query(queries, k), exact)
        if plan.algorithm == "lattice":
            assert "nothing is kept" in plan.reason


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 2, 9])
def test_a_neighbour_that_rounding_moves_away(dtype: Any, k: int) -> None:
    """With centre 0 and step 1 the nearest, in a later group, looks twice as far as it is: further than those found before, by all that its group's points may be moved."""
    n, n_features = 4000, 24
    rng = np.random.default_rng(5)
    half = rng.integers(60, 127, (n // 2, n_features)) * rng.choice([-1.0, 1.0], (n // 2, n_features))
    half[:, 0] = 127
    points = np.empty((n, n_features), dtype)
    points[::2], points[1::2] = half, -half
    # k pairs that are a little further out come first.
    for first, length in ((0, 0.5 + 2.0**-9), (3000, 0.5 + 2.0**-10)):
        points[first : first + 2 * k : 2], points[first + 1 : first + 2 * k : 2] = length, -length
    queries = np.zeros((20, n_features), dtype)
    expected = np.arange(3000, 3000 + k)
    index = crowfly.Index(points)
    assert "nothing is kept" in index.explain(20, k, num_threads=1).reason
    for _ in range(2):
        indices = index.query(queries, k, num_threads=1)[1]
        np.testing.assert_array_equal(indices, np.tile(expected, (20, 1)))


@pytest.mark.parametrize("k", [1, 9])
def test_points_far_out(k: int) -> None:
    """Some beyond the step's reach, among the neighbours of queries as far out; the last group holds nothing else."""
    rng = np.random.default_rng(6)
    points = rng.standard_normal((6000, 20)).astype(np.float32)
    points[::50] *= 100
    points[-40:] *= 1e4
    queries = np.concatenate([rng.standard_normal((20, 20)), 1e4 * rng.standard_normal((20, 20))]).astype(
        np.float32
    )
    exact = crowfly.Index(points, algorithm="direct").query(queries, k)
    for answer in first_and_second(queries, points, k):
        assert_neighbors_equal(answer, exact)


def test_masks_groups_and_radii() -> None:
    rng = np.random.default_rng(7)
    points = rng.standard_normal((5000, 20))
    points[::97] *= 1000
    queries = points[:64]
    mask = rng.random(5000) < 0.3
    exact = crowfly.Index(points, algorithm="direct")
    assert_neighbors_equal(
        crowfly.Index(points).query(queries, 5, mask=mask), exact.query(queries, 5, mask=mask)
    )
    for radius in (4.0, 3000.0):
        counts = crowfly.Index(points).count_radius(queries, radius)
        np.testing.assert_array_equal(counts, exact.count_radius(queries, radius))


@pytest.mark.parametrize("num_threads", [1, 2, 5])
def test_threads_change_nothing(num_threads: int) -> None:
    rng = np.random.default_rng(8)
    points, queries = rng.random((20000, 30)), rng.random((100, 30))
    exact = crowfly.Index(points, algorithm="direct").query(queries, 12)
    assert_neighbors_equal(crowfly.Index(points).query(queries, 12, num_threads=num_threads), exact)
