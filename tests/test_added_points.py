# SPDX-License-Identifier: BSD-3-Clause
"""Points that are added later are found as if they had been there from the start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_neighbors_equal, assert_same_bits
from references import neighbors, radius_neighbors
from strategies import BUILT, DTYPES, dataset, normal_pair

ALGORITHMS = ("auto", "direct", *BUILT)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n_features", [3, 20])
@pytest.mark.parametrize("name", ["normal", "duplicates", "clusters", "grid", "outlier", "one_ulp_apart"])
def test_step_by_step(name: str, n_features: int, algorithm: str) -> None:
    queries, points = dataset(name, 91, 40, 2000, n_features, np.float64)
    index = crowfly.Index(points[:1500], algorithm=algorithm)
    for n in (1500, 1501, 1520, 1590, 1700, 2000):
        index.add(points[index.n_points : n])
        assert len(index) == index.n_points == n
        for k in (1, 6):
            assert_neighbors_equal(index.query(queries, k), neighbors(queries, points[:n], k))
        expected = radius_neighbors(queries, points[:n], 1.0)
        assert_neighbors_equal(index.query_radius(queries, 1.0), expected)
        assert_same_bits(index.count_radius(queries, 1.0), np.diff(expected[2]))


def test_few_added_points_leave_what_is_built() -> None:
    queries, points = normal_pair(100, 4000, 3)
    index = crowfly.Index(points)
    index.query(queries, 3)
    index.add(queries[:5])
    plan = index.explain(100, 3)
    assert plan.built
    assert "5 points were added since" in plan.reason
    index.add(queries)
    index.add(points[:2000])
    plan = index.explain(100, 3)
    assert not plan.built
    assert "added" not in plan.reason


def test_rows_that_repeat_are_a_base_too() -> None:
    rng = np.random.default_rng(94)
    rows = rng.standard_normal((300, 4))
    points = rows[rng.integers(300, size=3000)]
    index = crowfly.Index(points)
    index.query(rows + 0.01, 3)
    index.add(rows[:20])
    assert index.explain(300, 3).built
    everything = np.vstack([points, rows[:20]])
    assert_neighbors_equal(index.query(rows, 15), neighbors(rows, everything, 15))
    expected = radius_neighbors(everything, everything, 0.5, exclude_self=True)
    assert_neighbors_equal(index.query_radius(everything, 0.5, exclude_self=True), expected)
    assert_same_bits(index.count_radius(everything, 0.5, exclude_self=True), np.diff(expected[2]))


def test_restrictions_and_votes_see_the_added_points() -> None:
    queries, points = normal_pair(100, 1600, 5)
    index = crowfly.Index(points[:1540])
    index.query(queries, 3)
    index.add(points[1540:])
    rng = np.random.default_rng(92)
    labels, mask = rng.integers(0, 4, 1600), rng.random(1600) < 0.5
    actual = index.query(points, 4, exclude_self=True, groups=labels, mask=mask)
    admitted = (labels[:, np.newaxis] != labels) & mask
    assert_neighbors_equal(actual, neighbors(points, points, 4, exclude_self=True, admitted=admitted))
    fresh = crowfly.Index(points)
    assert_same_bits(index.votes(queries, 5, labels)[1], fresh.votes(queries, 5, labels)[1])
    assert_same_bits(
        index.leave_one_out_accuracy(labels, 9, groups=labels % 2),
        fresh.leave_one_out_accuracy(labels, 9, groups=labels % 2),
    )


@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("second", [np.float64, np.float32, np.float16, np.int8, np.uint8, np.int64])
def test_dtypes_are_joined_without_loss(first: Any, second: Any) -> None:
    rng = np.random.default_rng(93)
    old = rng.standard_normal((800, 3)).astype(first)
    new = (8 * rng.random((200, 3))).astype(second)
    index = crowfly.Index(old)
    index.query(old[:50].astype(np.float64), 2)
    index.add(new)
    everything = np.vstack([old.astype(np.float64), new.astype(np.float64)])
    queries = everything[::37] + 0.1
    assert_neighbors_equal(index.query(queries, 5), neighbors(queries, everything, 5))


def test_many_small_additions() -> None:
    queries, points = normal_pair(30, 600, 4)
    index = crowfly.Index(points[:1])
    for row in points[1:]:
        index.add(row[np.newaxis])
    assert_neighbors_equal(index.query(queries, 7), neighbors(queries, points, 7))


def test_the_array_given_first_is_left_alone() -> None:
    _, points = normal_pair(1, 100, 3)
    own = points.copy()
    index = crowfly.Index(own)
    index.add(points[:10] + 1.0)
    own[:] = 0.0
    assert_neighbors_equal(
        index.query(points[:20], 2), neighbors(points[:20], np.vstack([points, points[:10] + 1.0]), 2)
    )
    assert_same_bits(own, np.zeros_like(own))


def test_additions_that_are_none() -> None:
    index = crowfly.Index(normal_pair(1, 100, 3)[1])
    index.add(np.empty((0, 3)))
    assert index.n_points == 100
    with pytest.raises(ValueError, match="points: 3 features expected as in the index, got shape"):
        index.add(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="points: finite numbers expected"):
        index.add([[0.0, np.nan, 0.0]])
    assert index.n_points == 100
