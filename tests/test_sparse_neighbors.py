# SPDX-License-Identifier: BSD-3-Clause
"""Sparse points and queries: the bits of the search of their dense copies, and no dense copy."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_same_bits
from references import METRICS, FloatArray
from strategies import THREADS, Generator

LISTED = ("euclidean", "sqeuclidean", "manhattan", "cosine")
"""Metrics whose sums lists of points by feature bound."""


def sparse_rows(rng: Generator, n: int, p: int, per_row: float, values: Any = None) -> Any:
    """CSR rows of about so many entries each, none of them without any."""
    dense = np.where(rng.random((n, p)) < per_row / p, 1.0, 0.0)
    dense[np.arange(n), rng.integers(0, p, n)] = 1.0
    draw = rng.standard_normal((n, p)) if values is None else rng.choice(values, (n, p))
    return scipy.sparse.csr_array(dense * draw)


def assert_same_answers(points: Any, queries: Any, metric: str, k: int, radius: float | None = None) -> None:
    """Sparse in every combination as dense, by number and by radius."""
    written_out = crowfly.Index(points.toarray(), metric)
    distances, indices = written_out.query(queries.toarray(), k)
    reach = float(np.median(distances)) if radius is None else radius
    within = written_out.query_radius(queries.toarray(), reach)
    for index in (crowfly.Index(points, metric), written_out):
        for asked in (queries, queries.toarray()):
            for got, expected in zip(index.query(asked, k), (distances, indices), strict=True):
                assert_same_bits(got, expected)
            for got, expected in zip(index.query_radius(asked, reach), within, strict=True):
                assert_same_bits(got, expected)
            assert_same_bits(index.count_radius(asked, reach), np.diff(within[2]))


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any]:
    """Few distinct values on many scales: ties, duplicates, rows of zeros, explicit zeros, numbers whose squares vanish or overflow."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n, m = draw(st.integers(1, 300)), draw(st.integers(0, 20))
    p = draw(st.integers(1, 40))
    scales = draw(
        st.lists(
            st.sampled_from([0.0, 1.0, 3.0, 2.0**-540, 5e-324, 2.0**500, 1.5e308, 2.0**-300, 2.0**430]),
            min_size=1,
            max_size=3,
        )
    )
    values = np.array([sign * scale for scale in scales for sign in (1, -1)])
    per_row = draw(st.sampled_from([0.2, 2.0, 50.0]))
    points, queries = (
        scipy.sparse.csr_array(rng.choice(values, (rows, p)) * (rng.random((rows, p)) < per_row / p))
        for rows in (n, m)
    )
    explicit = points.copy()
    explicit.data[rng.random(explicit.nnz) < 0.1] = 0.0
    return explicit, queries


@given(
    problem=problems(),
    metric=st.sampled_from(["euclidean", "sqeuclidean", "manhattan", "chebyshev"]),
    share=st.floats(0, 1),
)
def test_bits_of_the_dense_search(problem: tuple[Any, Any], metric: str, share: float) -> None:
    points, queries = problem
    k = max(1, round(share * points.shape[0]))
    assert_same_answers(points, queries, metric, k, radius=2.0)


@pytest.mark.parametrize("p", [1, 2, 3, 16, 2.5, 17, np.inf])
def test_minkowski(p: float) -> None:
    rng = np.random.default_rng(3)
    points, queries = sparse_rows(rng, 90, 60, 6), sparse_rows(rng, 20, 60, 6)
    got = crowfly.Index(points, "minkowski", p=p).query(queries, 7)
    expected = crowfly.Index(points.toarray(), "minkowski", p=p).query(queries.toarray(), 7)
    for one, other in zip(got, expected, strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric != "minkowski"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint16, np.int64, np.bool_])
def test_every_dtype(metric: str, dtype: Any) -> None:
    rng = np.random.default_rng(1)
    whole = [1, 2, 3] if np.dtype(dtype).kind != "f" else None
    points = sparse_rows(rng, 400, 80, 5, whole).astype(dtype)
    queries = sparse_rows(rng, 30, 80, 5, whole).astype(dtype)
    assert_same_answers(points, queries, metric, 9)


@pytest.mark.parametrize("metric", LISTED)
def test_many_points_and_neighbors(metric: str) -> None:
    """Several blocks of points, more hits than are kept in stock."""
    rng = np.random.default_rng(2)
    points, queries = sparse_rows(rng, 40_000, 30, 3), sparse_rows(rng, 6, 30, 3)
    assert_same_answers(points, queries, metric, 200)


@pytest.mark.parametrize("metric", LISTED)
@pytest.mark.parametrize("k", [1, 10])
def test_rows_that_differ_in_their_last_bits(metric: str, k: int) -> None:
    """Sums over shared features cancel altogether here: only their error bound keeps the neighbours."""
    rng = np.random.default_rng(4)
    n, p = 3000, 200
    base = np.where(rng.random(p) < 0.5, rng.standard_normal(p) * 1e8, 0.0)
    rows = np.tile(base, (n + 40, 1))
    for row in rows:
        row[rng.integers(0, p, 8)] *= 1 + rng.integers(-6, 7, 8) * 2.0**-52
    points, queries = scipy.sparse.csr_array(rows[:n]), scipy.sparse.csr_array(rows[n:])
    assert_same_answers(points, queries, metric, k)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_small_distances_of_long_rows(metric: str) -> None:
    """Errors that grow with the number of entries: rows of many, sums of one sign."""
    rng = np.random.default_rng(5)
    n, p = 200, 20_000
    rows = np.tile(1 + rng.random(p), (n + 10, 1))
    rows[:, :50] += rng.standard_normal((n + 10, 50)) * 1e-7
    rows[:, -50:] += rng.standard_normal((n + 10, 50)) * 1e-7
    assert_same_answers(scipy.sparse.csr_array(rows[:n]), scipy.sparse.csr_array(rows[n:]), metric, 3)


def test_roundings_that_all_go_one_way() -> None:
    """Beside one large number, each small one is rounded: up in the second point's sum, away in the first's, so that sums put the wrong one first by far."""
    small = np.sqrt(0.501)  # its square, added where numbers are one apart, counts as one
    n, ones = 4000, np.ones(4000)
    query = np.append(2.0**26 * (1 - 1e-4), small * ones)
    large = 2.0**26 * (1 + 0.5e-4)
    further = np.append(large, small * (1 - np.sqrt(0.2)) * ones)
    nearer = np.append(large, small * ones)
    points = scipy.sparse.csr_array(np.stack([further, nearer]))
    distances, indices = crowfly.Index(points, "sqeuclidean").query(query[np.newaxis], 2)
    assert indices.tolist() == [[1, 0]]
    assert 0.1 * n < distances[0, 1] - distances[0, 0] < 0.11 * n
    assert_same_answers(points, scipy.sparse.csr_array(query[np.newaxis]), "sqeuclidean", 1)


def test_squares_of_which_nothing_or_everything_is_left() -> None:
    """Beside the smallest of all numbers four tenths of it count as nothing, six tenths as one."""
    further, nearer = np.zeros((2, 100))
    further[:100] = np.sqrt(0.4) * 2.0**-537
    nearer[:50] = np.sqrt(0.6) * 2.0**-537
    points = scipy.sparse.csr_array(np.stack([further, nearer]))
    assert crowfly.Index(points).query(np.zeros((1, 100)))[1] == 1
    assert_same_answers(points, scipy.sparse.csr_array((1, 100)), "euclidean", 1)


def test_ties_go_to_the_lowest_index() -> None:
    rng = np.random.default_rng(6)
    points = sparse_rows(rng, 2000, 10, 1.0, [1.0])
    distances, indices = crowfly.Index(points).query(points[:50], 300)
    for row, found in zip(distances, indices, strict=True):
        for distance in np.unique(row):
            same = found[row == distance]
            assert (np.diff(same) > 0).all()
    assert_same_answers(points, points[:50], "euclidean", 300)


def test_an_empty_query_meets_the_shortest_rows() -> None:
    points = scipy.sparse.csr_array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    distances, indices = crowfly.Index(points).query(scipy.sparse.csr_array((1, 3)), 3)
    assert indices.tolist() == [[1, 2, 0]]
    assert distances.tolist() == [[0.0, 1.0, 5.0]]
    assert crowfly.Index(scipy.sparse.csr_array((4, 3))).query(points, 2)[1].tolist() == [[0, 1]] * 3


@pytest.mark.parametrize("metric", LISTED)
def test_answers_do_not_depend_on_threads(metric: str) -> None:
    rng = np.random.default_rng(7)
    points, queries = sparse_rows(rng, 3000, 400, 10), sparse_rows(rng, 157, 400, 10)
    index = crowfly.Index(points, metric)
    expected = index.query(queries, 12, num_threads=1)
    for threads in THREADS:
        for got, one in zip(index.query(queries, 12, num_threads=threads), expected, strict=True):
            assert_same_bits(got, one)


@pytest.mark.parametrize("sort", [False, True])
@pytest.mark.parametrize("container", ["csr_array", "csr_matrix", "csc_array", "csc_matrix"])
@pytest.mark.parametrize("indices", [np.int32, np.int64])
def test_containers_and_index_types(container: str, indices: Any, sort: bool) -> None:
    rng = np.random.default_rng(8)
    plain = sparse_rows(rng, 100, 30, 4)
    X = getattr(scipy.sparse, container)(plain, copy=True)
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    if not sort:
        for begin, end in zip(X.indptr[:-1], X.indptr[1:], strict=True):
            X.indices[begin:end], X.data[begin:end] = (
                X.indices[begin:end][::-1].copy(),
                X.data[begin:end][::-1].copy(),
            )
        X.has_sorted_indices = False
    before = X.copy()
    got = crowfly.Index(X).query(X, 4)
    for one, other in zip(got, crowfly.Index(plain.toarray()).query(plain.toarray(), 4), strict=True):
        assert_same_bits(one, other)
    np.testing.assert_array_equal(X.data, before.data)
    np.testing.assert_array_equal(X.indices, before.indices)


def test_entries_of_one_place_are_added_up() -> None:
    X = scipy.sparse.csr_array(
        (np.array([1.0, 2.0, 5.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2)
    )
    assert crowfly.Index(X).query([[3.0, 0.0]])[0] == 0
    assert X.nnz == 3


class TestRestrictions:
    rng = np.random.default_rng(9)
    points = sparse_rows(rng, 500, 50, 4, [1.0, 2.0])
    sparse, dense = crowfly.Index(points), crowfly.Index(points.toarray())
    labels = rng.integers(0, 3, 500)
    arguments = (
        {"exclude_self": True},
        {"groups": rng.integers(0, 9, 500)},
        {"mask": rng.random(500) < 0.3},
        {"mask": rng.random(500) < 0.3, "exclude_self": True},
    )

    @pytest.mark.parametrize("arguments", arguments)
    def test_neighbors(self, arguments: dict[str, Any]) -> None:
        written_out = self.points.toarray()
        for got, expected in zip(
            self.sparse.query(self.points, 20, **arguments),
            self.dense.query(written_out, 20, **arguments),
            strict=True,
        ):
            assert_same_bits(got, expected)
        for got, expected in zip(
            self.sparse.query_radius(self.points, 2.0, **arguments),
            self.dense.query_radius(written_out, 2.0, **arguments),
            strict=True,
        ):
            assert_same_bits(got, expected)

    @pytest.mark.parametrize("weights", ["uniform", "distance"])
    def test_predictions(self, weights: str) -> None:
        target = self.rng.random(500)
        for one, other in ((self.points, self.points.toarray()), (self.points.toarray(), self.points)):
            got, expected = self.sparse, self.dense
            assert_same_bits(
                got.votes(one, 7, self.labels, weights=weights)[1],
                expected.votes(other, 7, self.labels, weights=weights)[1],
            )
            assert_same_bits(
                got.votes_radius(one, 2.0, self.labels, weights=weights)[1],
                expected.votes_radius(other, 2.0, self.labels, weights=weights)[1],
            )
            assert_same_bits(
                got.means(one, 7, target, weights=weights), expected.means(other, 7, target, weights=weights)
            )
        assert_same_bits(
            self.sparse.leave_one_out_accuracy(self.labels, 15, weights=weights),
            self.dense.leave_one_out_accuracy(self.labels, 15, weights=weights),
        )


def test_more_sparse_queries_than_dense_points() -> None:
    """The points are converted then, which are fewer."""
    rng = np.random.default_rng(10)
    points, queries = sparse_rows(rng, 20, 40, 5), sparse_rows(rng, 300, 40, 5)
    for metric in (*LISTED, "chebyshev"):
        index = crowfly.Index(points.toarray().astype(np.float16), metric)
        for got, expected in zip(index.query(queries, 3), index.query(queries.toarray(), 3), strict=True):
            assert_same_bits(got, expected)
    index = crowfly.Index(points.toarray(), box=2.0)
    for got, expected in zip(index.query(queries, 3), index.query(queries.toarray(), 3), strict=True):
        assert_same_bits(got, expected)


def test_points_can_be_added() -> None:
    rng = np.random.default_rng(11)
    parts = [sparse_rows(rng, 60, 30, 3) for _ in range(3)]
    whole = crowfly.Index(scipy.sparse.vstack(parts).toarray())
    sparse, dense = crowfly.Index(parts[0]), crowfly.Index(parts[0].toarray())
    for index in (sparse, dense):
        index.add(parts[1])
        index.add(parts[2].toarray())
        assert len(index) == 180
        for got, expected in zip(index.query(parts[0], 5), whole.query(parts[0].toarray(), 5), strict=True):
            assert_same_bits(got, expected)


def test_plan() -> None:
    X = sparse_rows(np.random.default_rng(12), 100, 30, 3)
    index = crowfly.Index(X)
    plan = index.explain(50, 3)
    assert plan.algorithm == "inverted"
    assert "share a feature" in plan.reason
    assert not plan.built
    index.query(X, 3)
    assert index.explain(50, 3).built
    assert crowfly.Index(X, "chebyshev").explain().algorithm == "direct"
    assert crowfly.Index(X * 2.0**460).explain().algorithm == "direct"
    tree = crowfly.Index(X, algorithm="tree")
    assert tree.explain().algorithm == "direct"
    assert "takes no sparse points" in tree.explain().reason
    for got, expected in zip(tree.query(X, 3), index.query(X, 3), strict=True):
        assert_same_bits(got, expected)
    assert "500" not in repr(index)
    with pytest.raises(ValueError, match="algorithm"):
        crowfly.Index(X, algorithm="inverted")


@pytest.mark.parametrize("metric", LISTED)
def test_copies_and_files(metric: str, tmp_path: Path) -> None:
    X = sparse_rows(np.random.default_rng(13), 100, 30, 3)
    index = crowfly.Index(X, metric)
    crowfly.save(index, tmp_path / "index")
    expected = index.query(X, 4)
    for again in (
        pickle.loads(pickle.dumps(index)),
        copy.deepcopy(index),
        crowfly.load(tmp_path / "index", crowfly.Index),
    ):
        assert again.explain().algorithm == "inverted"
        for got, one in zip(again.query(X, 4), expected, strict=True):
            assert_same_bits(got, one)
    mine = crowfly.Index(X, copy=True)
    X.data[:] = 0
    assert mine.query(X[:1])[0] > 0


def test_no_dense_copy_is_made() -> None:
    rng = np.random.default_rng(14)
    n, p = 20_000, 20_000
    rows = np.repeat(np.arange(n), 3)
    X = scipy.sparse.csr_array((rng.random(3 * n), (rows, rng.integers(0, p, 3 * n))), shape=(n, p))
    tracemalloc.start()
    crowfly.Index(X).query(X[:200], 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * p / 50


EYE: FloatArray = np.eye(3)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (scipy.sparse.csr_array(EYE.astype(complex)), TypeError, "real numbers .* got dtype complex128"),
        (scipy.sparse.csr_array([[1.0, 0], [0, np.nan], [1, 1]]), ValueError, r"\[1, 1\] is nan"),
        (scipy.sparse.csc_array([[1.0, 0], [0, 2], [np.inf, 1]]), ValueError, r"\[2, 0\] is inf"),
        (scipy.sparse.csr_array(np.array([[0, 2**53 + 1]])), ValueError, r"\[0, 1\] is 9007199254740993"),
        (scipy.sparse.csr_array((3, 0)), ValueError, "at least one feature"),
    ],
)
def test_refusals_name_the_argument(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"points: .*{message}"):
        crowfly.Index(value)
    for index in (crowfly.Index(EYE), crowfly.Index(scipy.sparse.csr_array(EYE))):
        with pytest.raises(error, match=f"queries: .*{message}"):
            index.query(value)


def test_other_refusals() -> None:
    X = scipy.sparse.csr_array(EYE)
    with pytest.raises(ValueError, match=r"points: at least one point expected"):
        crowfly.Index(scipy.sparse.csr_array((0, 3)))
    with pytest.raises(ValueError, match=r"metric: 'nan_euclidean' takes no sparse points"):
        crowfly.Index(X, "nan_euclidean")
    with pytest.raises(ValueError, match=r"metric: 'nan_euclidean' takes no sparse queries"):
        crowfly.Index(EYE, "nan_euclidean").query(X)
    with pytest.raises(ValueError, match=r"box: only with dense points"):
        crowfly.Index(X, box=1.0)
    with pytest.raises(ValueError, match=r"queries: 3 features expected"):
        crowfly.Index(X).query(scipy.sparse.csr_array((2, 4)))
    zero = scipy.sparse.csr_array(np.eye(2))
    zero.data[1] = 0.0  # stored, and zero all the same
    with pytest.raises(ValueError, match=r"points: rows with a direction .* row 1 is all zeros"):
        crowfly.Index(zero, "cosine")
    with pytest.raises(ValueError, match="k: from 1 to 2"):
        crowfly.Index(X).query(X, 3, exclude_self=True)
    stale = scipy.sparse.csr_array(EYE)
    stale.has_canonical_format = True
    stale.indices[0] = 7
    with pytest.raises(ValueError, match="points: "):
        crowfly.Index(stale)
