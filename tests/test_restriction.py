# SPDX-License-Identifier: BSD-3-Clause
"""Points that may not be neighbours: of their own group, outside a mask, of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_neighbors_equal, assert_same_bits
from references import METRICS, neighbors, radius_neighbors
from strategies import BUILT, THREADS, dataset, neighbor_problems, normal_pair

ALGORITHMS = ("auto", "direct", *BUILT)
NAMES = ("normal", "clusters", "duplicates", "grid", "one_ulp_apart", "outlier")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n_features", [3, 24])
@pytest.mark.parametrize("name", NAMES)
def test_leave_one_group_out(name: str, n_features: int, algorithm: str) -> None:
    points = dataset(name, 41, 1, 1201, n_features, np.float32)[1]
    labels = np.random.default_rng(42).integers(0, 9, 1201)
    index = crowfly.Index(points, algorithm=algorithm)
    admitted = labels[:, np.newaxis] != labels
    for k in (1, 6, 40):
        actual = index.query(points, k, groups=labels)
        assert_neighbors_equal(actual, neighbors(points, points, k, admitted=admitted))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n_features", [3, 24])
@pytest.mark.parametrize("name", NAMES)
def test_mask(name: str, n_features: int, algorithm: str) -> None:
    queries, points = dataset(name, 43, 45, 1201, n_features, np.float64)
    index = crowfly.Index(points, algorithm=algorithm)
    for share in (0.02, 0.5, 0.99):
        mask = np.random.default_rng(44).random(1201) < share
        admitted = np.broadcast_to(mask, (45, 1201))
        for k in (1, 6):
            actual = index.query(queries, k, mask=mask)
            assert_neighbors_equal(actual, neighbors(queries, points, k, admitted=admitted))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_groups_that_are_clusters(algorithm: str) -> None:
    """The nearest points of all are those that are not admitted."""
    rng = np.random.default_rng(45)
    labels = np.repeat(np.arange(30), 60)
    points = 50 * rng.standard_normal((30, 12))[labels] + rng.standard_normal((1800, 12))
    index = crowfly.Index(points, algorithm=algorithm)
    expected = neighbors(points, points, 3, admitted=labels[:, np.newaxis] != labels)
    assert_neighbors_equal(index.query(points, 3, groups=labels), expected)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("num_threads", THREADS)
def test_all_at_once(num_threads: int, metric: str, algorithm: str) -> None:
    points = normal_pair(1, 700, 5)[1]
    rng = np.random.default_rng(46)
    labels, mask = rng.integers(0, 300, 700), rng.random(700) < 0.7
    index = crowfly.Index(points, metric, algorithm=algorithm)
    admitted = (labels[:, np.newaxis] != labels) & mask
    actual = index.query(points, 5, exclude_self=True, groups=labels, mask=mask, num_threads=num_threads)
    assert_neighbors_equal(actual, neighbors(points, points, 5, metric, exclude_self=True, admitted=admitted))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_radius(algorithm: str) -> None:
    queries, points = normal_pair(60, 1201, 6)
    rng = np.random.default_rng(47)
    of_queries, of_points = rng.integers(0, 5, 60), rng.integers(2, 9, 1201)
    mask = rng.random(1201) < 0.5
    index = crowfly.Index(points, algorithm=algorithm)
    admitted = (of_queries[:, np.newaxis] != of_points) & mask
    expected = radius_neighbors(queries, points, 2.0, admitted=admitted)
    assert len(expected[1]) > 100
    groups = (of_queries, of_points)
    assert_neighbors_equal(index.query_radius(queries, 2.0, groups=groups, mask=mask), expected)
    counts = index.count_radius(queries, 2.0, groups=groups, mask=mask)
    assert_same_bits(counts, np.diff(expected[2]))


@given(
    problem=neighbor_problems(),
    algorithm=st.sampled_from(ALGORITHMS),
    data=st.data(),
)
def test_any_small_problem(problem: tuple[Any, Any, int], algorithm: str, data: st.DataObject) -> None:
    queries, points, k = problem
    label = st.integers(0, 3)
    of_queries = np.array(data.draw(st.lists(label, min_size=len(queries), max_size=len(queries))), dtype=int)
    of_points = np.array(data.draw(st.lists(label, min_size=len(points), max_size=len(points))), dtype=int)
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(points), max_size=len(points))), dtype=bool
    )
    admitted = (of_queries[:, np.newaxis] != of_points) & mask
    k = min(k, int(admitted.sum(axis=1).min(initial=len(points))))
    index = crowfly.Index(points, algorithm=algorithm)
    groups = (of_queries, of_points)
    if k > 0 and len(queries):
        actual = index.query(queries, k, groups=groups, mask=mask)
        assert_neighbors_equal(actual, neighbors(queries, points, k, admitted=admitted))
    counts = index.count_radius(queries, 2.0, groups=groups, mask=mask)
    expected = radius_neighbors(queries, points, 2.0, admitted=admitted)
    assert_same_bits(counts, np.diff(expected[2]))


def test_labels_of_any_kind_that_sorts() -> None:
    points = normal_pair(1, 40, 3)[1]
    numbers = np.arange(40) % 7
    expected = crowfly.Index(points).query(points, 3, groups=numbers)
    for labels in (numbers.astype(str), [f"site {i}" for i in numbers], numbers - 3.5, numbers == 20):
        if len(set(labels)) == 7:
            assert_neighbors_equal(crowfly.Index(points).query(points, 3, groups=labels), expected)


def test_k_is_limited_by_what_is_left() -> None:
    points = normal_pair(1, 10, 3)[1]
    index = crowfly.Index(points)
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    mask = np.arange(10) != 4
    assert index.query(points, 6, groups=groups)[0].shape == (10, 6)
    with pytest.raises(
        ValueError, match=r"k: from 1 to 6 expected .10 points, 4 in the group of a query., got 7"
    ):
        index.query(points, 7, groups=groups)
    with pytest.raises(ValueError, match=r"k: from 1 to 5 .*9 in the mask, 4 in the group"):
        index.query(points, 6, groups=groups, mask=mask)
    with pytest.raises(ValueError, match=r"k: from 1 to 8 .*9 in the mask, self excluded"):
        index.query(points, 9, exclude_self=True, mask=mask)
    # A label that no point has leaves everything.
    assert index.query(points[:1], 10, groups=([7], groups))[0].shape == (1, 10)
    with pytest.raises(ValueError, match="k: no point is left"):
        index.query(points, 1, mask=np.zeros(10, dtype=bool))
    with pytest.raises(ValueError, match="k: no point is left"):
        index.query(points, 1, groups=np.zeros(10))


@given(data=st.data())
def test_the_largest_k_is_the_smallest_number_of_points_admitted(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 7))
    labels = st.lists(st.integers(0, 2), min_size=n, max_size=n)
    exclude_self = data.draw(st.booleans())
    groups = data.draw(st.none() | labels | st.tuples(labels, labels))
    mask = data.draw(st.none() | st.lists(st.booleans(), min_size=n, max_size=n))
    admitted = np.ones((n, n), dtype=bool)
    if exclude_self:
        np.fill_diagonal(admitted, False)
    if groups is not None:
        of_queries, of_points = groups if isinstance(groups, tuple) else (groups, groups)
        admitted &= np.not_equal.outer(of_queries, of_points)
    if mask is not None:
        admitted &= np.array(mask)
    largest = int(admitted.sum(axis=1).min())
    points = np.arange(n, dtype=float)[:, np.newaxis]
    index = crowfly.Index(points)
    options: dict[str, Any] = {"exclude_self": exclude_self, "groups": groups, "mask": mask}
    message = rf"k: from 1 to {largest} expected \({n} point" if largest else "k: no point is left"
    with pytest.raises(ValueError, match=message):
        index.query(points, largest + 1, **options)
    if largest:
        actual = index.query(points, largest, **options)
        assert_neighbors_equal(actual, neighbors(points, points, largest, admitted=admitted))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"mask": np.ones(9, dtype=bool)}, ValueError, "mask: one entry per point, shape .10,., expected"),
        ({"mask": np.arange(10)}, TypeError, "mask: booleans expected, got dtype int64"),
        ({"groups": np.arange(9)}, ValueError, "groups: one label per query, shape .10,., expected"),
        ({"groups": (np.arange(10), np.arange(3))}, ValueError, r"groups\[1\]: one label per point"),
        ({"groups": 3}, ValueError, "groups: one label per query"),
        ({"groups": np.array([1, "a"] * 5, dtype=object)}, TypeError, "groups: one kind of entries"),
        ({"groups": [1, "a"] * 5}, TypeError, "groups: one kind of entries, .* got int and str"),
        (
            {"groups": ([1, "a"] * 5, ["a"] * 10)},
            TypeError,
            "groups: one kind of entries, .* got int and str",
        ),
        ({"groups": (1, *"abcdefghi")}, TypeError, "groups: one kind of entries, .* got int and str"),
        ({"groups": [None, "a"] * 5}, TypeError, "groups: one kind of entries, .* got NoneType and str"),
        ({"groups": [1.0, np.nan] * 5}, ValueError, r"groups: finite values expected, groups\[1\] is nan"),
        (
            {"groups": (np.zeros(10), [np.nan] * 10)},
            ValueError,
            r"groups\[1\]: finite .* groups\[1\]\[0\] is nan",
        ),
        (
            {"groups": ([np.inf] * 10, [2**60] * 10)},
            ValueError,
            r"groups\[0\]: finite .* groups\[0\]\[0\] is inf",
        ),
        ({"groups": np.array(["2020", "NaT"] * 5, "M8[D]")}, ValueError, r"groups: .* groups\[1\] is NaT"),
        (
            {"groups": (np.arange(10),) * 3},
            TypeError,
            r"groups: one array .* a tuple of two .* got a tuple of 3 \(ndarray",
        ),
        (
            {"groups": [np.arange(10)] * 2},
            TypeError,
            r"groups: one array .* a tuple of two .* got a list of 2 \(ndarray",
        ),
        (
            {"groups": (np.arange(10), 3)},
            TypeError,
            r"groups: one array .* got a tuple of 2 \(ndarray, int\)",
        ),
        ({"groups": [[1]] * 10}, ValueError, r"groups: one label per query, .* got shape \(10, 1\)"),
        ({"exclude_self": 1}, TypeError, "exclude_self: True or False"),
    ],
)
def test_arguments_that_are_none(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    points = normal_pair(1, 10, 3)[1]
    index = crowfly.Index(points)
    for call in (
        lambda: index.query(points, 1, **arguments),
        lambda: index.query_radius(points, 1.0, **arguments),
        lambda: index.count_radius(points, 1.0, **arguments),
    ):
        with pytest.raises(error, match=message):
            call()


@pytest.mark.parametrize(
    ("of_queries", "of_points"),
    [
        (np.array([2**60 + 1], np.uint64), np.array([2**60, 5, 6])),
        (np.array([2**53 + 1]), np.array([2.0**53, 5, 6])),
        (np.array([2**62]), np.array([2**62 + 1, 3, 4], np.uint64)),
    ],
)
def test_labels_of_different_dtypes_keep_their_values(of_queries: Any, of_points: Any) -> None:
    points = np.array([[0.0], [1.0], [3.0]])
    assert crowfly.Index(points).query(points[:1], groups=(of_queries, of_points))[1].item() == 0


@pytest.mark.parametrize("missing", ["NA", "None"])
def test_a_mask_with_missing_entries(missing: str) -> None:
    pandas = pytest.importorskip("pandas")
    index = crowfly.Index(normal_pair(1, 4, 3)[1])
    entries = pandas.array([True, False, True, True], "boolean")
    expected = index.query(np.zeros((1, 3)), 2, mask=[True, False, True, True])
    for mask in (entries, pandas.Series(entries), entries.astype(object)):
        assert_neighbors_equal(index.query(np.zeros((1, 3)), 2, mask=mask), expected)
    entries[2] = None
    mask = pandas.Series(entries) if missing == "NA" else [True, False, None, True]
    with pytest.raises(TypeError, match=rf"^mask: True or False expected, mask\[2\] is .?{missing}.?$"):
        index.query(np.zeros((1, 3)), mask=mask)


def test_numbers_of_any_width_are_compared_as_numbers() -> None:
    points = np.array([[0.0], [1.0], [3.0]])
    index = crowfly.Index(points)
    signed: Any = (np.int8, np.int16, np.int32, np.int64)
    for a in (*signed, np.uint8, np.uint16, np.uint32, np.uint64, np.float32, np.bool_):
        for b in (*signed, np.uint64, np.float64):
            groups = (np.array([1], a), np.array([1, 0, 2], b))
            assert index.query(points[:1], groups=groups)[1].item() == 1


def test_labels_of_different_kinds_are_refused() -> None:
    points = np.array([[0.0], [1.0], [3.0]])
    with pytest.raises(
        TypeError, match="groups: labels of one kind expected, those of the queries are int64"
    ):
        crowfly.Index(points).query(points[:1], groups=([1], ["1", "b", "c"]))


def test_two_labels_in_a_tuple_are_labels() -> None:
    points = np.array([[0.0], [1.0]])
    assert crowfly.Index(points).query(points, groups=("a", "b"))[1].ravel().tolist() == [1, 0]


def test_self_counts_once_where_its_label_is_another_as_a_query() -> None:
    points = np.array([[0.0], [1.0], [3.0]])
    index = crowfly.Index(points)
    groups = ([1, 1, 1], [0, 0, 1])
    with pytest.raises(
        ValueError, match=r"k: from 1 to 1 expected .3 points, 1 in the group of a query, self"
    ):
        index.query(points, 2, exclude_self=True, groups=groups)
    actual = index.query(points, 1, exclude_self=True, groups=groups)
    assert actual[1].ravel().tolist() == [1, 0, 1]


def test_one_array_of_labels_needs_one_query_per_point() -> None:
    points = normal_pair(1, 10, 3)[1]
    with pytest.raises(ValueError, match="groups: a tuple of the queries' and the points' labels"):
        crowfly.Index(points).query(points[:3], 1, groups=np.arange(3))
