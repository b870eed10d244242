# SPDX-License-Identifier: BSD-3-Clause
"""Votes and means of the neighbours are those of the neighbours that `query` finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_same_bits
from strategies import BUILT, THREADS, dataset, neighbor_problems, normal_pair

WEIGHTS = ("uniform", "distance")


def vote_weights(distances: Any, weights: str) -> Any:
    """The definition: inverse distances, or those that are infinite alone."""
    if weights == "uniform":
        return np.ones_like(distances)
    with np.errstate(divide="ignore"):
        inverse = 1.0 / distances
    infinite = np.isinf(inverse)
    return np.where(infinite.any(axis=1, keepdims=True), infinite, inverse)


def expected_votes(found: Any, labels: Any, n_classes: int, weights: str, factors: Any = None) -> Any:
    distances, indices = found
    each = vote_weights(distances, weights) * (1.0 if factors is None else factors[indices])
    votes = np.zeros((len(distances), n_classes))
    for query, (points, mine) in enumerate(zip(indices, each, strict=True)):
        for point, weight in zip(points, mine, strict=True):
            votes[query, labels[point]] += weight
    return votes


def expected_means(found: Any, targets: Any, weights: str, factors: Any = None) -> Any:
    distances, indices = found
    each = vote_weights(distances, weights) * (1.0 if factors is None else factors[indices])
    sums = np.zeros((len(distances), targets.shape[1]))
    for j in range(indices.shape[1]):
        sums += each[:, j : j + 1] * targets[indices[:, j]]
    return sums / each.cumsum(axis=1)[:, -1:]


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize("algorithm", ["auto", "direct", *BUILT])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", ["normal", "duplicates", "grid", "clusters", "tiny"])
def test_votes_and_means(name: str, weights: str, algorithm: str, num_threads: int) -> None:
    queries, points = dataset(name, 61, 60, 1201, 5, np.float64)
    queries[:10] = points[:10]
    rng = np.random.default_rng(62)
    labels, targets = rng.integers(0, 7, 1201), rng.standard_normal((1201, 3))
    index = crowfly.Index(points, algorithm=algorithm)
    for k in (1, 8, 40):
        found = index.query(queries, k)
        classes, votes = index.votes(queries, k, labels, weights=weights, num_threads=num_threads)
        assert_same_bits(classes, np.arange(7))
        assert_same_bits(votes, expected_votes(found, labels, 7, weights))
        means = index.means(queries, k, targets, weights=weights, num_threads=num_threads)
        assert_same_bits(means, expected_means(found, targets, weights))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_sample_weights(weights: str) -> None:
    queries, points = normal_pair(50, 900, 4)
    rng = np.random.default_rng(63)
    labels, targets = rng.integers(0, 4, 900), rng.standard_normal((900, 1))
    factors = rng.choice([0.0, 0.5, 1.0, 3.0], 900)
    index = crowfly.Index(points)
    found = index.query(queries, 9, mask=factors > 0)
    votes = index.votes(queries, 9, labels, weights=weights, sample_weight=factors)[1]
    assert_same_bits(votes, expected_votes(found, labels, 4, weights, factors))
    means = index.means(queries, 9, targets, weights=weights, sample_weight=factors)
    assert_same_bits(means, expected_means(found, targets, weights, factors))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_weights_of_zero_are_rows_left_out(weights: str) -> None:
    queries, points = normal_pair(50, 900, 4)
    rng = np.random.default_rng(64)
    labels, keep = rng.integers(0, 4, 900), rng.random(900) < 0.6
    with_zeros = crowfly.Index(points).votes(
        queries, 7, labels, weights=weights, sample_weight=keep.astype(float)
    )
    left_out = crowfly.Index(points[keep]).votes(queries, 7, labels[keep], weights=weights)
    assert_same_bits(with_zeros[1], left_out[1])


def test_several_outputs_with_classes_of_any_kind() -> None:
    queries, points = normal_pair(30, 200, 3)
    rng = np.random.default_rng(65)
    names = np.array(["red", "blue", "green"])[rng.integers(0, 3, 200)]
    codes = rng.integers(-1, 1, 200)
    index = crowfly.Index(points)
    classes, votes = index.votes(queries, 5, np.column_stack([names, codes.astype(str)]))
    assert [list(c) for c in classes] == [["blue", "green", "red"], ["-1", "0"]]
    assert_same_bits(votes[0], index.votes(queries, 5, names)[1])
    assert_same_bits(votes[1], index.votes(queries, 5, codes)[1])


def test_outputs_of_different_kinds_in_one_list() -> None:
    points = np.arange(3.0)[:, np.newaxis]
    labels: Any = [["b", 10], ["a", 9], ["b", 10]]
    classes, _ = crowfly.Index(points).votes(points, 1, labels)
    assert [list(c) for c in classes] == [["a", "b"], [9, 10]]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_neighbors_with_nothing_in_common_count_nothing(weights: str) -> None:
    points = np.array([[0, np.nan], [1, np.nan], [np.nan, 5], [0.5, np.nan]])
    labels = np.array([0, 1, 1, 0])
    index = crowfly.Index(points, "nan_euclidean")
    accuracy = index.leave_one_out_accuracy(labels, 3, weights=weights)
    for k in (1, 2, 3):
        classes, votes = index.votes(points, k, labels, weights=weights, exclude_self=True)
        assert not np.isnan(votes).any()
        assert accuracy[k - 1] == np.mean(classes[votes.argmax(axis=1)] == labels)
    means = index.means(points, 3, labels, weights=weights, exclude_self=True)
    assert np.isnan(means).tolist() == [False, False, weights == "distance", False]


def test_means_of_large_numbers_do_not_overflow() -> None:
    index = crowfly.Index([[1e-10], [2e-10], [9.0]])
    assert index.means([[0.0]], 2, [1e300, 1e300, 1.0], weights="distance")[0] == pytest.approx(1e300)
    assert index.means([[0.0]], 2, [1e308, 1e308, 1.0])[0] == pytest.approx(1e308)
    assert index.means([[0.0]], 3, [1.7e308, -1.7e308, 3.0])[0] == 1.0


def test_means_have_the_shape_of_the_targets() -> None:
    queries, points = normal_pair(30, 200, 3)
    targets = np.random.default_rng(66).standard_normal((200, 2))
    index = crowfly.Index(points)
    means = index.means(queries, 5, targets)
    assert means.shape == (30, 2)
    assert_same_bits(index.means(queries, 5, targets[:, 1]), means[:, 1])


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("algorithm", ["auto", "direct", *BUILT])
@pytest.mark.parametrize("name", ["normal", "duplicates", "clusters"])
def test_leave_one_out(name: str, algorithm: str, weights: str) -> None:
    points = dataset(name, 67, 1, 700, 5, np.float64)[1]
    labels = (points[:, 0] > np.median(points[:, 0])).astype(int) + (points[:, 1] > 0)
    index = crowfly.Index(points, algorithm=algorithm)
    accuracy = index.leave_one_out_accuracy(labels, 20, weights=weights)
    for k in (1, 2, 3, 13, 20):
        votes = index.votes(points, k, labels, weights=weights, exclude_self=True)[1]
        assert accuracy[k - 1] == np.mean(votes.argmax(axis=1) == labels)


def test_leave_one_group_out() -> None:
    points = normal_pair(1, 500, 4)[1]
    rng = np.random.default_rng(68)
    labels, groups = np.where(points[:, 0] > 0, "up", "down"), rng.integers(0, 6, 500)
    accuracy = crowfly.Index(points).leave_one_out_accuracy(labels, 9, groups=groups)
    classes, votes = crowfly.Index(points).votes(points, 9, labels, groups=groups)
    assert accuracy[8] == np.mean(classes[votes.argmax(axis=1)] == labels)


@given(problem=neighbor_problems(), weights=st.sampled_from(WEIGHTS), data=st.data())
def test_any_small_problem(problem: tuple[Any, Any, int], weights: str, data: st.DataObject) -> None:
    queries, points, k = problem
    label = st.integers(0, 3)
    labels = np.array(data.draw(st.lists(label, min_size=len(points), max_size=len(points))))
    index = crowfly.Index(points)
    classes, votes = index.votes(queries, k, labels, weights=weights)
    assert_same_bits(classes, np.unique(labels))
    numbers = np.searchsorted(classes, labels)
    assert_same_bits(votes, expected_votes(index.query(queries, k), numbers, len(classes), weights))
    if len(points) > 1:
        k = min(k, len(points) - 1)
        accuracy = index.leave_one_out_accuracy(labels, k, weights=weights)
        votes = index.votes(points, k, labels, weights=weights, exclude_self=True)[1]
        assert accuracy[-1] == np.mean(classes[votes.argmax(axis=1)] == labels)


BAD_VOTES: list[tuple[dict[str, Any], str]] = [
    ({"labels": np.zeros(9)}, "labels: 10 rows expected as in points"),
    ({"labels": np.full(10, np.nan)}, r"labels: finite values expected, labels\[0\] is nan"),
    ({"labels": np.zeros((10, 1, 1))}, "labels: 1 or 2 dimensions"),
    ({"labels": np.array([1, "a"] * 5, dtype=object)}, "labels: one kind of entries"),
    ({"labels": [1, "a"] * 5}, "labels: one kind of entries, .* got int and str"),
    ({"labels": [1.5, b"a"] * 5}, "labels: one kind of entries, .* got bytes and float"),
    ({"labels": [["a", 1], ["b", "c"]] * 5}, "labels: one kind of entries, .* got int and str"),
    ({"labels": np.array([1.0, np.nan] * 5, dtype=object)}, r"labels: finite .* labels\[1\] is nan"),
    ({"labels": np.array(["2020", "NaT"] * 5, "M8[D]")}, r"labels: finite .* labels\[1\] is NaT"),
    ({"labels": np.where(np.arange(20).reshape(10, 2) == 15, np.inf, 1)}, r"labels\[7, 1\] is inf"),
    ({"k": 11}, "k: from 1 to 10"),
    ({"weights": "inverse"}, "weights: 'uniform' or 'distance' expected, got 'inverse'"),
    ({"weights": None}, "weights: 'uniform' or 'distance' expected, got None"),
    ({"sample_weight": -np.ones(10)}, "sample_weight: non-negative"),
    ({"sample_weight": np.ones(9)}, "sample_weight: 10 rows"),
    ({"sample_weight": np.eye(10)[0]}, r"k: from 1 to 1 expected .*1 in the mask"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_VOTES)
def test_votes_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    queries, points = normal_pair(4, 10, 3)
    with pytest.raises((TypeError, ValueError), match=message):
        crowfly.Index(points).votes(queries, **{"k": 3, "labels": np.zeros(10), **arguments})


@pytest.mark.parametrize(
    ("weights", "got"), [(len, "a function; the estimators in"), (None, "None"), (np.ones(10), "an array of")]
)
def test_weights_that_are_no_name(weights: Any, got: str) -> None:
    queries, points = normal_pair(4, 10, 3)
    index = crowfly.Index(points)
    for call in (
        lambda: index.votes(queries, 3, np.zeros(10), weights=weights),
        lambda: index.means(queries, 3, np.zeros(10), weights=weights),
        lambda: index.leave_one_out_accuracy(np.zeros(10), 3, weights=weights),
    ):
        with pytest.raises(TypeError, match=f"^weights: 'uniform' or 'distance' expected, got {got}"):
            call()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.zeros(9), "targets: 10 rows expected as in points"),
        (np.full(10, np.inf), "targets: finite numbers"),
        (["a"] * 10, "targets: real numbers"),
        (np.zeros((10, 0)), "targets: at least one output"),
        (np.zeros((10, 1, 1)), "targets: 1 or 2 dimensions"),
    ],
)
def test_means_that_cannot_be(targets: Any, message: str) -> None:
    queries, points = normal_pair(4, 10, 3)
    with pytest.raises((TypeError, ValueError), match=message):
        crowfly.Index(points).means(queries, 3, targets)


def test_accuracies_that_cannot_be() -> None:
    index = crowfly.Index(normal_pair(4, 10, 3)[1])
    with pytest.raises(ValueError, match="max_k: from 1 to 9"):
        index.leave_one_out_accuracy(np.zeros(10), 10)
    with pytest.raises(ValueError, match=r"labels: 1 dimension expected, got shape \(10, 2\)$"):
        index.leave_one_out_accuracy(np.zeros((10, 2)), 3)
    with pytest.raises(
        ValueError, match=r"labels: 1 dimension expected, got shape \(10, 1\); use .ravel\(\)$"
    ):
        index.leave_one_out_accuracy(np.zeros((10, 1)), 3)


def test_infinitely_far_neighbors_vote_alike() -> None:
    points = np.array([[1.0], [2.0], [3.0]]) * 1e200
    index = crowfly.Index(points, "sqeuclidean")
    _, votes = index.votes([[9e200]], 3, [0, 1, 1], weights="distance")
    assert votes.tolist() == [[1.0, 2.0]]
    assert index.means([[9e200]], 2, [1.0, 3.0, 7.0], weights="distance").tolist() == [5.0]
