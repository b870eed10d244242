# SPDX-License-Identifier: BSD-3-Clause
"""Nearest neighbours equal the reference to the bit, whatever the shape, layout, data and number of threads."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_neighbors_equal, assert_neighbors_valid, assert_same_bits
from references import METRICS, neighbors
from strategies import (
    BUILT,
    DATASETS,
    DTYPES,
    FEATURE_SIZES,
    LAYOUTS,
    POINT_SIZES,
    QUERY_SIZES,
    THREADS,
    dataset,
    neighbor_problems,
    normal_pair,
)

POWERS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.0, 16.0, 17.0, np.inf)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_points", POINT_SIZES)
def test_any_number_of_points(n_points: int, dtype: Any) -> None:
    queries, points = normal_pair(37, n_points, 19, dtype)
    k = min(3, n_points)
    assert_neighbors_equal(crowfly.nearest(queries, points, k), neighbors(queries, points, k))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_queries", QUERY_SIZES)
def test_any_number_of_queries(n_queries: int, dtype: Any) -> None:
    queries, points = normal_pair(n_queries, 261, 11, dtype)
    assert_neighbors_equal(crowfly.nearest(queries, points, 2), neighbors(queries, points, 2))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "cosine"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_features", FEATURE_SIZES)
def test_any_number_of_features(n_features: int, dtype: Any, metric: str) -> None:
    queries, points = normal_pair(33, 131, n_features, dtype)
    expected = neighbors(queries, points, 4, metric)
    assert_neighbors_equal(crowfly.nearest(queries, points, 4, metric=metric), expected)


@pytest.mark.parametrize("k", [1, 2, 8, 31, 32, 33, 100, 256, 1008, 1009])
def test_any_number_of_neighbors(k: int) -> None:
    queries, points = normal_pair(41, 1009, 6)
    assert_neighbors_equal(crowfly.nearest(queries, points, k), neighbors(queries, points, k))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("num_threads", THREADS)
def test_metrics(metric: str, dtype: Any, num_threads: int) -> None:
    queries, points = normal_pair(301, 1009, 17, dtype)
    actual = crowfly.nearest(queries, points, 9, metric=metric, num_threads=num_threads)
    assert_neighbors_equal(actual, neighbors(queries, points, 9, metric))


@pytest.mark.parametrize("p", POWERS)
def test_powers_of_minkowski(p: float) -> None:
    queries, points = normal_pair(23, 67, 13)
    actual = crowfly.nearest(queries, points, 5, metric="minkowski", p=p)
    assert_neighbors_equal(actual, neighbors(queries, points, 5, "minkowski", p))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("points_layout", LAYOUTS)
@pytest.mark.parametrize("queries_layout", ["c", "f", "reversed", "misaligned"])
def test_memory_layouts(queries_layout: str, points_layout: str, dtype: Any, metric: str) -> None:
    queries, points = normal_pair(35, 137, 21, dtype)
    actual = crowfly.nearest(
        LAYOUTS[queries_layout](queries), LAYOUTS[points_layout](points), 3, metric=metric
    )
    assert_neighbors_equal(actual, neighbors(queries, points, 3, metric))


def test_rows_that_share_memory() -> None:
    queries, points = normal_pair(5, 40, 9)
    repeated = np.broadcast_to(points[0], (40, 9))
    distances, indices = crowfly.nearest(queries, repeated, 3)
    assert_same_bits(indices, np.tile(np.arange(3), (5, 1)))
    assert_neighbors_equal((distances, indices), neighbors(queries, repeated, 3))


@pytest.mark.parametrize("queries_dtype", DTYPES)
@pytest.mark.parametrize("points_dtype", DTYPES)
def test_mixed_precision(queries_dtype: Any, points_dtype: Any) -> None:
    queries, points = normal_pair(35, 301, 21)
    q, x = queries.astype(queries_dtype), points.astype(points_dtype)
    assert_neighbors_equal(crowfly.nearest(q, x, 3), neighbors(q, x, 3))


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint16, np.int64, np.uint64, np.float16])
def test_other_dtypes_are_converted(dtype: Any) -> None:
    values = np.random.default_rng(3).integers(0, 2 if dtype == np.bool_ else 9, (60, 5)).astype(dtype)
    queries, points = values[:20], values[20:]
    assert_neighbors_equal(crowfly.nearest(queries, points, 4), neighbors(queries, points, 4))


@pytest.mark.parametrize("algorithm", ["direct", *BUILT])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint8])
def test_narrow_dtypes_are_taken_as_they_are(dtype: Any, layout: str, algorithm: str) -> None:
    rng = np.random.default_rng(24)
    values = rng.integers(0, 100, (1300, 6))
    points = (values / 7 if dtype == np.float16 else values).astype(dtype)
    queries = points[:45] + (0 if dtype != np.float16 else dtype(0.1))
    index = crowfly.Index(LAYOUTS[layout](points), algorithm=algorithm)
    for k in (1, 8):
        assert_neighbors_equal(index.query(LAYOUTS[layout](queries), k), neighbors(queries, points, k))
    assert index._points.dtype == dtype
    if layout == "c":
        assert np.shares_memory(index._points, points) or index._points is points


def test_every_float16_is_its_own_number() -> None:
    bits = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = bits[np.isfinite(bits)][:, np.newaxis]
    distances = crowfly.pairwise_distances(finite, np.zeros((1, 1)))
    assert_same_bits(distances, np.abs(finite.astype(np.float64)))
    for bad in bits[~np.isfinite(bits)][::97]:
        with pytest.raises(ValueError, match="points: finite numbers"):
            crowfly.Index(np.full((3, 2), bad))


def test_nested_lists() -> None:
    distances, indices = crowfly.nearest([[0, 0], [3, 4]], [[0.0, 1.0], [3.0, 0.0]])
    assert_neighbors_equal((distances, indices), (np.array([[1.0], [4.0]]), np.array([[0], [1]])))


@pytest.mark.parametrize("n_features", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DATASETS)
def test_hard_data(name: str, dtype: Any, n_features: int) -> None:
    queries, points = dataset(name, 11, 53, 523, n_features, dtype)
    for k in (1, 7, 523):
        assert_neighbors_equal(crowfly.nearest(queries, points, k), neighbors(queries, points, k))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["normal", "offset", "one_ulp_apart", "duplicates", "clusters", "outlier", "shell", "grid"]
)
def test_hard_data_at_sizes_that_are_cut_into_blocks(name: str, dtype: Any) -> None:
    queries, points = dataset(name, 12, 331, 5003, 24, dtype)
    expected = neighbors(queries, points, 3)
    for num_threads in (1, 2):
        assert_neighbors_equal(crowfly.nearest(queries, points, 3, num_threads=num_threads), expected)


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("n_features", [1, 2, 3, 5, 8, 9, 31, 40])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DATASETS)
def test_hard_data_by_each_algorithm(name: str, dtype: Any, n_features: int, algorithm: str) -> None:
    queries, points = dataset(name, 17, 45, 1201, n_features, dtype)
    index = crowfly.Index(points, algorithm=algorithm)
    for k in (1, 7, 60):
        assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k))


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("metric", METRICS)
def test_metrics_by_each_algorithm(metric: str, algorithm: str) -> None:
    queries, points = dataset("offset_clusters", 18, 45, 1201, 5, np.float64)
    actual = crowfly.Index(points, metric, algorithm=algorithm).query(queries, 7)
    assert_neighbors_equal(actual, neighbors(queries, points, 7, metric))


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_layouts_by_each_algorithm(layout: str, algorithm: str) -> None:
    queries, points = normal_pair(35, 1009, 6, np.float32)
    actual = crowfly.Index(LAYOUTS[layout](points), algorithm=algorithm).query(LAYOUTS[layout](queries), 3)
    assert_neighbors_equal(actual, neighbors(queries, points, 3))


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("n_points", POINT_SIZES)
def test_numbers_of_points_by_each_algorithm(n_points: int, algorithm: str) -> None:
    queries, points = normal_pair(37, n_points, 4)
    index = crowfly.Index(points, algorithm=algorithm)
    for k in {1, min(3, n_points), n_points}:
        assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k))


@pytest.mark.parametrize("algorithm", BUILT)
def test_exclude_self_by_each_algorithm(algorithm: str) -> None:
    points = np.tile(normal_pair(1, 300, 5)[1], (2, 1))
    actual = crowfly.Index(points, algorithm=algorithm).query(points, 9, exclude_self=True)
    assert_neighbors_equal(actual, neighbors(points, points, 9, exclude_self=True))


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e6])
def test_exclude_self_of_points_alone_in_their_cell(scale: float, k: int, algorithm: str) -> None:
    rng = np.random.default_rng(22)
    for spread in ([1.0], [1.0, 1e4, 2e4, 3e4], [1.0, 1e6]):
        points = scale * rng.standard_normal((150, 8)) * rng.choice(spread, (150, 1))
        points[0] += 1e6 * scale
        actual = crowfly.Index(points, algorithm=algorithm).query(points, k, exclude_self=True)
        assert_neighbors_equal(actual, neighbors(points, points, k, exclude_self=True))


@pytest.mark.parametrize("algorithm", BUILT)
@pytest.mark.parametrize("far", [1e10, 1e160, 1e300])
def test_far_queries_and_points_by_each_algorithm(far: float, algorithm: str) -> None:
    queries, points = normal_pair(40, 600, 6)
    queries[::7] *= far
    for some in (points, np.vstack([points, far * points[:3]])):
        actual = crowfly.Index(some, algorithm=algorithm).query(queries, 4)
        assert_neighbors_equal(actual, crowfly.Index(some, algorithm="direct").query(queries, 4))


@pytest.mark.parametrize("algorithm", BUILT)
def test_dense_clusters_beside_far_points(algorithm: str) -> None:
    """One key of the curve and one point of the lattice for nearly all, again and again."""
    rng = np.random.default_rng(19)
    points = np.vstack(
        [10.0**-e * rng.standard_normal((200, 3)) for e in range(0, 40, 8)] + [np.zeros((100, 3))]
    )
    queries = np.vstack([points[::50], 1e-20 * rng.standard_normal((20, 3))])
    actual = crowfly.Index(points, algorithm=algorithm).query(queries, 5)
    assert_neighbors_equal(actual, neighbors(queries, points, 5))


@pytest.mark.parametrize(
    ("name", "n_points", "n_features", "n_queries", "k", "metric", "algorithm"),
    [
        ("normal", 20000, 3, 100, 1, "euclidean", "tree"),
        ("normal", 20000, 3, 2, 1, "euclidean", "direct"),
        ("normal", 20000, 3, 100, 10000, "euclidean", "direct"),
        ("normal", 60, 3, 100, 1, "euclidean", "direct"),
        ("normal", 20000, 12, 100, 1, "euclidean", "lattice"),
        ("normal", 20000, 12, 10000, 1, "euclidean", "lattice"),
        ("clusters", 20000, 12, 10000, 1, "euclidean", "cells"),
        ("normal", 20000, 12, 100, 1, "manhattan", "tree"),
        ("normal", 20000, 40, 100, 1, "manhattan", "direct"),
        ("normal", 20000, 12, 100, 1, "minkowski", "direct"),
    ],
)
def test_explain_names_what_will_run(
    name: str, n_points: int, n_features: int, n_queries: int, k: int, metric: str, algorithm: str
) -> None:
    points = dataset(name, 21, 1, n_points, n_features, np.float32)[1]
    index = crowfly.Index(points, metric, p=3 if metric == "minkowski" else None)
    plan = index.explain(n_queries, k, num_threads=2)
    assert plan.algorithm == algorithm
    assert plan.num_threads == 2
    assert not plan.built
    assert (plan.extra_bytes > 0) == (algorithm != "direct")
    assert str(plan).startswith(f"{algorithm} ({plan.reason}), {plan.precision}, up to 2 threads, ")
    last = "no memory beside the points" if algorithm == "direct" else "iB beside the points, to be built"
    assert str(plan).endswith(last)


@pytest.mark.parametrize("algorithm", BUILT)
def test_explain_estimates_what_is_built(algorithm: str) -> None:
    queries, points = normal_pair(20, 5000, 6, np.float32)
    index = crowfly.Index(points, algorithm=algorithm)
    before = index.explain(20, 3)
    assert before.reason == "asked for"
    index.query(queries, 3)
    after = index.explain(20, 3)
    assert (before.built, after.built) == (False, True)
    assert 0.5 < before.extra_bytes / after.extra_bytes < 2
    assert "about " in str(before)
    assert "about " not in str(after)
    assert str(after).endswith("iB beside the points, built")


def test_few_queries_keep_nothing_at_first() -> None:
    queries, points = normal_pair(100, 20000, 40, np.float32)
    index = crowfly.Index(points)
    first = index.explain(100, 3, num_threads=2)
    assert "nothing is kept" in first.reason
    assert 0 < first.extra_bytes < 2**20
    before = index.query(queries, 3)
    second = index.explain(100, 3, num_threads=2)
    assert not second.built
    assert second.extra_bytes > 20000 * 40
    after = index.query(queries, 3)
    assert index.explain(100, 3).built
    for first_answer, second_answer in zip(before, after, strict=True):
        np.testing.assert_array_equal(first_answer, second_answer, strict=True)
    assert "nothing is kept" not in crowfly.Index(points).explain(20000, 3).reason


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (12, "12 bytes"),
        (1000, "0.977 KiB"),
        (2**21, "2 MiB"),
        (1010 * 2**20, "0.986 GiB"),
        (2**41, "2048 GiB"),
    ],
)
def test_sizes_in_words(n_bytes: int, text: str) -> None:
    plan = crowfly.Plan("tree", "asked for", "float64", 1, True, n_bytes)
    assert str(plan) == f"tree (asked for), float64, one thread, {text} beside the points, built"


def test_explain_refuses_what_query_refuses() -> None:
    index = crowfly.Index(normal_pair(1, 100, 3)[1])
    with pytest.raises(ValueError, match="k: from 1 to 100"):
        index.explain(5, 101)
    with pytest.raises(TypeError, match="n_queries: an integer"):
        index.explain(1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_queries: from 0"):
        index.explain(-1)


def test_an_index_as_text() -> None:
    points = normal_pair(1, 100, 3)[1]
    assert repr(crowfly.Index(points)) == "<crowfly.Index of 100 points, 3 features, metric='euclidean'>"
    index = crowfly.Index(points, "minkowski", p=2.5, algorithm="tree")
    text = "metric='minkowski', p=2.5, algorithm='tree'"
    assert repr(index) == f"<crowfly.Index of 100 points, 3 features, {text}>"
    assert repr(crowfly.Index(points, box=1.0)).endswith("metric='euclidean', in a box>")


def test_an_unknown_algorithm_lists_the_known_ones() -> None:
    points = normal_pair(1, 100, 3)[1]
    with pytest.raises(
        ValueError, match="algorithm: one of auto, direct, lattice, cells, tree expected, got 'kd_tree'"
    ):
        crowfly.Index(points, algorithm="kd_tree")
    with pytest.raises(TypeError, match="algorithm: a name expected, got 3"):
        crowfly.Index(points, algorithm=3)  # type: ignore[arg-type]


def test_points_on_very_many_scales_build_a_tree_in_time() -> None:
    rng = np.random.default_rng(23)
    points = np.vstack([
        np.ldexp(rng.standard_normal((500, 16)), (1000 - 4 * np.arange(500))[:, np.newaxis]),
        np.ldexp(rng.standard_normal((4000, 16)), -1020),
    ])  # fmt: skip
    tree = crowfly.Index(points, "chebyshev", algorithm="tree").query(points[::100], 3)
    assert_neighbors_equal(
        tree, crowfly.Index(points, "chebyshev", algorithm="direct").query(points[::100], 3)
    )


def test_the_algorithm_is_chosen_per_call() -> None:
    queries, points = dataset("clusters", 20, 2000, 20000, 12, np.float32)
    index = crowfly.Index(points)
    expected = crowfly.Index(points, algorithm="direct").query(queries, 3)
    for part in (slice(0, 3), slice(0, 20), slice(0, 2000), slice(5, 6)):
        actual = index.query(queries[part], 3)
        assert_neighbors_equal(actual, (expected[0][part], expected[1][part]))


@pytest.mark.parametrize(
    "name", ["offset", "mixed_magnitudes", "duplicates", "grid", "one_ulp_apart", "tiny"]
)
@pytest.mark.parametrize("metric", ["sqeuclidean", "manhattan", "chebyshev", "minkowski"])
def test_hard_data_with_other_metrics(metric: str, name: str) -> None:
    queries, points = dataset(name, 13, 53, 257, 11, np.float64)
    p = 3.0 if metric == "minkowski" else None
    actual = crowfly.nearest(queries, points, 6, metric=metric, p=p)
    assert_neighbors_equal(actual, neighbors(queries, points, 6, metric, p))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "cosine"])
@pytest.mark.parametrize("exponent", [-660, -40, 40, 660])
def test_scaling_by_a_power_of_two_scales_the_distances(exponent: int, metric: str) -> None:
    queries, points = normal_pair(64, 500, 12)
    distances, indices = crowfly.nearest(queries, points, 5, metric=metric)
    scale = 2.0**exponent
    actual = crowfly.nearest(scale * queries, scale * points, 5, metric=metric)
    assert_neighbors_equal(actual, (distances if metric == "cosine" else scale * distances, indices))


def test_the_smallest_floats_are_whole_numbers_on_a_small_scale() -> None:
    queries, points = dataset("grid", 14, 20, 200, 9, np.float64)
    distances, indices = crowfly.nearest(queries, points, 5)
    actual = crowfly.nearest(np.ldexp(queries, -1074), np.ldexp(points, -1074), 5)
    assert_neighbors_equal(actual, (np.ldexp(distances, -1074), indices))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("far", [1e160, 1e300, -1e300])
def test_a_point_far_out_spoils_no_other_answer(far: float, metric: str) -> None:
    queries, points = normal_pair(40, 300, 6)
    with_outlier = np.vstack([points, np.full((1, 6), far)])
    expected = crowfly.nearest(queries, points, 3, metric=metric)
    assert_neighbors_equal(crowfly.nearest(queries, with_outlier, 3, metric=metric), expected)


@pytest.mark.parametrize("scale", [1.0, 1e-170, 1e170])
@pytest.mark.parametrize("far", [1.0, 1e300])
def test_a_query_far_out_changes_no_answer_of_its_batch(far: float, scale: float) -> None:
    queries, points = normal_pair(40, 300, 6)
    index = crowfly.Index(scale * points)
    alone = index.query(scale * queries, 3)
    batch = index.query(np.vstack([scale * queries, np.full((1, 6), far)]), 3)
    assert_neighbors_equal((batch[0][:40], batch[1][:40]), alone)


@pytest.mark.parametrize("metric", METRICS)
def test_exclude_self_goes_by_index(metric: str) -> None:
    points = np.tile(normal_pair(1, 50, 7)[1], (2, 1))
    index = crowfly.Index(points, metric)
    actual = index.query(points, 3, exclude_self=True)
    assert_neighbors_equal(actual, neighbors(points, points, 3, metric, exclude_self=True))
    assert_same_bits(actual[1][:, 0], np.roll(np.arange(100), 50))


@pytest.mark.parametrize("n_points", [2, 8, 33, 257])
def test_exclude_self_with_all_the_others(n_points: int) -> None:
    points = normal_pair(1, n_points, 5)[1]
    actual = crowfly.Index(points).query(points, n_points - 1, exclude_self=True)
    assert_neighbors_equal(actual, neighbors(points, points, n_points - 1, exclude_self=True))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_one_at_a_time_equals_a_batch(metric: str) -> None:
    queries, points = dataset("clusters", 5, 301, 1009, 10, np.float32)
    index = crowfly.Index(points, metric)
    batch = index.query(queries, 4)
    single = [index.query(queries[i : i + 1], 4) for i in range(len(queries))]
    assert_neighbors_equal(tuple(np.concatenate(part) for part in zip(*single, strict=True)), batch)


@pytest.mark.parametrize("name", ["normal", "clusters", "grid"])
def test_points_in_any_order_are_the_same_neighbors(name: str) -> None:
    queries, points = dataset(name, 6, 64, 500, 6, np.float64)
    order = np.random.default_rng(7).permutation(500)
    distances, indices = crowfly.nearest(queries, points, 5)
    shuffled_distances, shuffled_indices = crowfly.nearest(queries, points[order], 5)
    assert_same_bits(shuffled_distances, distances)
    if name == "normal":
        assert_same_bits(order[shuffled_indices], indices)


def test_index_describes_itself() -> None:
    points = normal_pair(1, 12, 5)[1]
    index = crowfly.Index(points, metric="minkowski", p=3)
    assert (index.n_points, index.n_features, index.metric, index.p) == (12, 5, "minkowski", 3)


def test_one_neighbor_is_the_default() -> None:
    queries, points = normal_pair(10, 20, 3)
    assert_neighbors_equal(crowfly.Index(points).query(queries), neighbors(queries, points, 1))
    assert_neighbors_equal(crowfly.nearest(queries, points), neighbors(queries, points, 1))


@pytest.mark.parametrize("layout", ["c", "f", "strided_rows"])
def test_copied_points_may_change(layout: str) -> None:
    queries, points = normal_pair(10, 200, 3)
    own = LAYOUTS[layout](points.copy())
    index = crowfly.Index(own, copy=True)
    own[...] = 0.0
    assert_neighbors_equal(index.query(queries, 2), neighbors(queries, points, 2))


def test_index_keeps_its_points_alive() -> None:
    queries, points = normal_pair(10, 2000, 3)
    index = crowfly.Index(points.copy())
    assert_neighbors_equal(index.query(queries, 2), neighbors(queries, points, 2))


def test_input_is_left_alone() -> None:
    queries, points = normal_pair(30, 200, 3)
    before = queries.copy(), points.copy()
    crowfly.nearest(queries, points, 2, metric="cosine")
    assert_same_bits(queries, before[0])
    assert_same_bits(points, before[1])


@given(problem=neighbor_problems(), num_threads=st.sampled_from(THREADS))
def test_any_small_problem(problem: tuple[Any, Any, int], num_threads: int) -> None:
    queries, points, k = problem
    for metric, p in (("euclidean", None), ("manhattan", None), ("chebyshev", None), ("minkowski", 3.0)):
        actual = crowfly.nearest(queries, points, k, metric=metric, p=p, num_threads=num_threads)
        assert_neighbors_equal(actual, neighbors(queries, points, k, metric, p))


@given(problem=neighbor_problems(), algorithm=st.sampled_from(BUILT))
def test_any_small_problem_by_each_algorithm(problem: tuple[Any, Any, int], algorithm: str) -> None:
    queries, points, k = problem
    for metric in ("euclidean", "chebyshev"):
        actual = crowfly.Index(points, metric, algorithm=algorithm).query(queries, k)
        assert_neighbors_equal(actual, neighbors(queries, points, k, metric))


@given(problem=neighbor_problems())
def test_any_small_problem_by_the_tie_aware_assertion(problem: tuple[Any, Any, int]) -> None:
    queries, points, k = problem
    distances, indices = crowfly.nearest(queries, points, k)
    assert_neighbors_valid(distances, indices, queries, points)


@pytest.mark.parametrize("metric", METRICS)
def test_pickle_and_copy(metric: str) -> None:
    queries, points = normal_pair(20, 100, 5)
    index = crowfly.Index(points, metric)
    for twin in (pickle.loads(pickle.dumps(index)), copy.deepcopy(index)):
        assert repr(twin) == repr(index)
        assert_neighbors_equal(twin.query(queries, 3), index.query(queries, 3))
