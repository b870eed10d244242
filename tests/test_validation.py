# SPDX-License-Identifier: BSD-3-Clause
"""Bad input is a TypeError or ValueError that names the argument; whatever comes in, nothing else comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import crowfly
from assertions import assert_names_argument, assert_same_bits
from references import METRICS, AnyArray

X = np.random.default_rng(0).standard_normal((12, 3))
Y = X[:, 0] + 1
LABELS = np.arange(12) % 2
ONES = np.ones(12)
INDEX = crowfly.Index(X)

Call = Callable[[Any], Any]

# Every matrix argument of the functional API.
MATRICES: dict[str, tuple[str, Call]] = {
    "Index": ("points", crowfly.Index),
    "Index.query": ("queries", INDEX.query),
    "Index.query_radius": ("queries", lambda a: INDEX.query_radius(a, 1.0)),
    "nearest queries": ("queries", lambda a: crowfly.nearest(a, X)),
    "nearest points": ("points", lambda a: crowfly.nearest(X, a)),
    "pairwise_distances X": ("X", crowfly.pairwise_distances),
    "pairwise_distances Y": ("Y", lambda a: crowfly.pairwise_distances(X, a)),
    "lstsq": ("X", lambda a: crowfly.lstsq(a, Y)),
    "lstsq predict": ("X", lambda a: crowfly.lstsq(X, Y).predict(a)),
    "logistic": ("X", lambda a: crowfly.logistic(a, LABELS)),
    "logistic decision_function": ("X", lambda a: crowfly.logistic(X, LABELS).decision_function(a)),
    "logistic predict_proba": ("X", lambda a: crowfly.logistic(X, LABELS).predict_proba(a)),
    "logistic predict": ("X", lambda a: crowfly.logistic(X, LABELS).predict(a)),
}
MATCHING = [name for name in MATRICES if name not in ("Index", "pairwise_distances X", "lstsq", "logistic")]
NEEDS_ROWS = ["Index", "nearest points", "lstsq", "logistic"]


def expect(error: type[Exception], name: str, call: Callable[[], Any]) -> str:
    """The message of the error, which must be of exactly this kind and name the argument."""
    with pytest.raises(error) as caught:
        call()
    assert_names_argument(caught.value, name)
    return str(caught.value)


# --- Matrices ---

WRONG_KINDS = {
    "complex": X.astype(complex),
    "object": X.astype(object),
    "str": X.astype(str),
    "bytes": X.astype("S"),
    "datetime64": np.zeros((12, 3), dtype="datetime64[s]"),
    "timedelta64": np.zeros((12, 3), dtype="timedelta64[s]"),
    "structured": np.zeros((12, 3), dtype=[("a", "f8")]),
    "None": None,
    "dict": {"a": 1},
    "list of str": [["a", "b", "c"]],
}
WRONG_RANKS = {"scalar": np.float64(1), "vector": X[0], "three axes": X[np.newaxis], "empty list": []}
NOT_FINITE = [np.nan, np.inf, -np.inf]


# Y=None is not wrong: it means X.
@pytest.mark.parametrize(
    ("where", "kind"),
    [(a, b) for a in MATRICES for b in WRONG_KINDS if (a, b) != ("pairwise_distances Y", "None")],
)
def test_wrong_kind(where: str, kind: str) -> None:
    name, call = MATRICES[where]
    expect(TypeError, name, lambda: call(WRONG_KINDS[kind]))


@pytest.mark.parametrize("where", [name for name in MATRICES if name != "pairwise_distances Y"])
def test_none_is_no_array(where: str) -> None:
    name, call = MATRICES[where]
    assert expect(TypeError, name, lambda: call(None)) == f"{name}: an array expected, got None"


TAKE_SPARSE = ("lstsq", "Index", "nearest", "logistic")


@pytest.mark.parametrize("container", ["csr_array", "csc_matrix", "coo_array", "dok_array", "lil_matrix"])
@pytest.mark.parametrize("where", [name for name in MATRICES if not name.startswith(TAKE_SPARSE)])
def test_sparse_matrices_are_refused_in_one_line(where: str, container: str) -> None:
    name, call = MATRICES[where]
    sparse = getattr(scipy.sparse, container)(X)
    message = expect(TypeError, name, lambda: call(sparse))
    assert message == f"{name}: a dense array expected, got a sparse matrix; use .toarray()"


@pytest.mark.parametrize("container", ["coo_array", "dok_array", "lil_matrix"])
@pytest.mark.parametrize("where", [name for name in MATRICES if name.startswith(TAKE_SPARSE)])
def test_other_sparse_numbers_than_real_ones_are_refused_in_one_line(where: str, container: str) -> None:
    name, call = MATRICES[where]
    matrix = getattr(scipy.sparse, container)(X.astype(complex))
    message = expect(TypeError, name, lambda: call(matrix))
    assert "a sparse matrix of real numbers of at most 64 bits expected, got dtype complex128" in message


@pytest.mark.skipif(np.longdouble(1).itemsize == 8, reason="here np.longdouble is float64")
@pytest.mark.parametrize("where", MATRICES)
def test_more_bits_than_float64_are_refused(where: str) -> None:
    name, call = MATRICES[where]
    message = expect(TypeError, name, lambda: call(X.astype(np.longdouble)))
    assert "longdouble" in message
    assert "use .astype(np.float64)" in message


def nullable_frame(**columns: tuple[str, list[Any]]) -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({name: pandas.array(values, dtype) for name, (dtype, values) in columns.items()})


def arrays_of(result: Any) -> tuple[AnyArray, ...]:
    if isinstance(result, crowfly.Index):
        result = result.query(X)
    return result if isinstance(result, tuple) else (getattr(result, "coef", result),)


@pytest.mark.parametrize("where", MATRICES)
def test_nullable_frames_are_their_numbers(where: str) -> None:
    _, call = MATRICES[where]
    small = np.arange(36).reshape(12, 3) % 7
    a, b, c = small.T.tolist()
    frame = nullable_frame(a=("Int64", a), b=("Float64", b), c=("boolean", [x > 3 for x in c]))
    plain = np.column_stack([a, b, np.array(c) > 3]).astype(float)
    for actual, expected in zip(arrays_of(call(frame)), arrays_of(call(plain)), strict=True):
        assert_same_bits(actual, expected)


@pytest.mark.parametrize("where", MATRICES)
def test_missing_entries_of_nullable_frames_are_named_by_position(where: str) -> None:
    name, call = MATRICES[where]
    frame = nullable_frame(a=("Float64", [0.5] * 12), b=("Int64", [1] * 9 + [None] * 3), c=("Int8", [1] * 12))
    assert f"{name}[9, 1] is nan" in expect(ValueError, name, lambda: call(frame))


def test_missing_entries_of_nullable_frames_are_nan() -> None:
    frame = nullable_frame(a=("Float64", [0.5, None, 2.0]), b=("Int64", [1, 2, None]))
    plain = np.array([[0.5, 1], [np.nan, 2], [2, np.nan]])
    expected = crowfly.Index(plain, "nan_euclidean").query(plain, 3)
    actual = crowfly.Index(frame, "nan_euclidean").query(frame, 3)
    assert_same_bits(actual[0], expected[0])
    assert_same_bits(actual[1], expected[1])


@pytest.mark.parametrize("value", [2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**62 + 1])
def test_integers_of_nullable_frames_that_float64_can_not_hold(value: int) -> None:
    frame = nullable_frame(a=("Int64", [value, 1, None]), b=("Float64", [1e300, 1.0, 2.0]))
    message = expect(ValueError, "points", lambda: crowfly.Index(frame, "nan_euclidean"))
    assert (
        f"integers from -2**53 to 2**53, all of which float64 holds, expected, points[0, 0] is {value};"
        in message
    )
    exact = nullable_frame(a=("Int64", [2**53, 1, None]), b=("Float64", [1e300, 1.0, 2.0]))
    assert crowfly.Index(exact, "nan_euclidean").n_points == 3


def test_frames_with_strings_are_no_numbers() -> None:
    frame = nullable_frame(a=("Int64", [1, 2]), b=("string", ["1", "2"]))
    assert "points[0, 1] is '1'" in expect(TypeError, "points", lambda: crowfly.Index(frame))


@pytest.mark.parametrize("rank", WRONG_RANKS)
@pytest.mark.parametrize("where", MATRICES)
def test_wrong_rank(where: str, rank: str) -> None:
    name, call = MATRICES[where]
    expect(ValueError, name, lambda: call(WRONG_RANKS[rank]))


@pytest.mark.parametrize("where", MATRICES)
def test_one_axis_is_told_how_to_become_two(where: str) -> None:
    name, call = MATRICES[where]
    message = expect(ValueError, name, lambda: call(X[0]))
    assert message == (
        f"{name}: 2 dimensions expected, got shape (3,); "
        "use .reshape(-1, 1) if it is one feature, .reshape(1, -1) if it is one row"
    )


@pytest.mark.parametrize("where", MATRICES)
def test_ragged_rows(where: str) -> None:
    _, call = MATRICES[where]
    with pytest.raises((TypeError, ValueError)):
        call([[1.0, 2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", NOT_FINITE)
@pytest.mark.parametrize("where", MATRICES)
def test_not_finite_is_named_by_position(where: str, value: float, dtype: Any) -> None:
    name, call = MATRICES[where]
    bad = X.astype(dtype)
    bad[7, 2] = value
    bad[9, 0] = np.nan
    for laid_out in (bad, np.asfortranarray(bad), np.repeat(bad, 2, axis=1)[:, ::2]):
        message = expect(ValueError, name, partial(call, laid_out))
        assert re.search(r"\b7\b.*\b2\b", message), message
        assert str(value) in message


@pytest.mark.parametrize("position", [(0, 0), (999, 0), (1000, 16), (2002, 32)])
def test_not_finite_is_found_anywhere_in_large_data(position: tuple[int, int]) -> None:
    bad = np.ones((2003, 33), dtype=np.float32)
    bad[position] = np.inf
    message = expect(ValueError, "points", lambda: crowfly.Index(bad))
    assert re.search(rf"\b{position[0]}\b.*\b{position[1]}\b", message), message


# Sums of a fit may overflow; elsewhere that isn't what makes a value infinite.
@pytest.mark.parametrize("where", [name for name in MATRICES if name not in ("lstsq", "logistic")])
def test_largest_finite_values_are_finite(where: str) -> None:
    _, call = MATRICES[where]
    call(np.full((12, 3), np.finfo(np.float64).max / 8))


@pytest.mark.parametrize("where", MATCHING)
@pytest.mark.parametrize("n_features", [1, 2, 4])
def test_mismatched_features(where: str, n_features: int) -> None:
    name, call = MATRICES[where]
    message = expect(ValueError, name, lambda: call(np.ones((12, n_features))))
    assert re.search(rf"\b{n_features}\b", message), message
    assert re.search(r"\b3\b", message), message


@pytest.mark.parametrize("where", NEEDS_ROWS)
def test_no_rows_where_some_are_needed(where: str) -> None:
    name, call = MATRICES[where]
    expect(ValueError, name, lambda: call(np.zeros((0, 3))))


@pytest.mark.parametrize("where", [name for name in MATRICES if name not in NEEDS_ROWS])
def test_no_rows_where_none_are_needed(where: str) -> None:
    _, call = MATRICES[where]
    result = call(np.zeros((0, 3)))
    first = result[0] if isinstance(result, tuple) else result
    if where != "pairwise_distances Y":
        assert len(first) == 0


@pytest.mark.parametrize("where", MATRICES)
def test_no_columns(where: str) -> None:
    name, call = MATRICES[where]
    expect(ValueError, name, lambda: call(np.zeros((12, 0))))


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**62])
@pytest.mark.parametrize("where", MATRICES)
def test_integers_that_float64_can_not_hold(where: str, value: int) -> None:
    name, call = MATRICES[where]
    bad = np.ones((12, 3), dtype=np.int64)
    bad[4, 1] = value
    message = expect(ValueError, name, lambda: call(bad))
    assert message == (
        f"{name}: integers from -2**53 to 2**53, all of which float64 holds, expected, {name}[4, 1] is {value}; "
        "convert to float64 first if rounding does no harm"
    )


def test_large_unsigned_integers() -> None:
    points = np.array([[1], [2**64 - 1]], dtype=np.uint64)
    assert f"points[1, 0] is {2**64 - 1};" in expect(ValueError, "points", lambda: crowfly.Index(points))
    assert crowfly.Index(np.array([[1], [2**53]], dtype=np.uint64)).n_points == 2


def test_the_largest_integers_that_float64_holds() -> None:
    points = np.array([[2**53], [-(2**53)]], dtype=np.int64)
    distances, _ = crowfly.nearest(points, points, 2)
    assert_same_bits(distances, np.array([[0.0, 2.0**54], [0.0, 2.0**54]]))


# --- Neighbours ---

WITH_METRIC: dict[str, Call] = {
    "Index": lambda options: crowfly.Index(X, **options),
    "nearest": lambda options: crowfly.nearest(X, X, **options),
    "pairwise_distances": lambda options: crowfly.pairwise_distances(X, **options),
}
BAD_METRICS: list[tuple[str, type[Exception], dict[str, Any]]] = [
    ("metric", ValueError, {"metric": "hamming"}),
    ("metric", ValueError, {"metric": ""}),
    ("metric", TypeError, {"metric": 2}),
    ("metric", TypeError, {"metric": None}),
    ("metric", TypeError, {"metric": max}),
    ("p", ValueError, {"metric": "minkowski", "p": 0.5}),
    ("p", ValueError, {"metric": "minkowski", "p": 0}),
    ("p", ValueError, {"metric": "minkowski", "p": -1}),
    ("p", ValueError, {"metric": "minkowski", "p": np.nan}),
    ("p", TypeError, {"metric": "minkowski", "p": "2"}),
    ("p", TypeError, {"metric": "minkowski", "p": 2j}),
    ("p", TypeError, {"metric": "minkowski", "p": [2]}),
    ("p", ValueError, {"metric": "euclidean", "p": 2}),
    ("p", ValueError, {"metric": "cosine", "p": 3.0}),
]


@pytest.mark.parametrize("function", WITH_METRIC)
@pytest.mark.parametrize("case", BAD_METRICS, ids=lambda case: str(case[2]))
def test_bad_metric(case: tuple[str, type[Exception], dict[str, Any]], function: str) -> None:
    name, error, options = case
    expect(error, name, lambda: WITH_METRIC[function](options))


def test_an_unknown_metric_is_told_the_known_ones() -> None:
    message = expect(ValueError, "metric", lambda: crowfly.Index(X, metric="hamming"))
    assert all(metric in message for metric in METRICS)


WITH_ZERO_VECTOR: dict[str, tuple[str, Call]] = {
    "Index": ("points", lambda a: crowfly.Index(a, "cosine")),
    "query": ("queries", lambda a: crowfly.Index(X, "cosine").query(a)),
    "query_radius": ("queries", lambda a: crowfly.Index(X, "cosine").query_radius(a, 1.0)),
    "pairwise_distances X": ("X", lambda a: crowfly.pairwise_distances(a, X, metric="cosine")),
    "pairwise_distances Y": ("Y", lambda a: crowfly.pairwise_distances(X, a, metric="cosine")),
}


@pytest.mark.parametrize("where", WITH_ZERO_VECTOR)
def test_a_zero_vector_has_no_direction(where: str) -> None:
    name, call = WITH_ZERO_VECTOR[where]
    zero = X.copy()
    zero[5] = [0.0, -0.0, 0.0]
    message = expect(ValueError, name, lambda: call(zero))
    assert re.search(r"\b5\b", message), message


BAD_COUNTS: list[tuple[type[Exception], Any]] = [
    (ValueError, 0),
    (ValueError, -1),
    (ValueError, -(2**63)),
    (ValueError, 2**64),
    (TypeError, 1.0),
    (TypeError, "1"),
    (TypeError, [1]),
    (TypeError, np.nan),
]


@pytest.mark.parametrize(("error", "k"), [*BAD_COUNTS, (ValueError, 13), (TypeError, None)])
def test_bad_k(error: type[Exception], k: Any) -> None:
    expect(error, "k", lambda: INDEX.query(X, k))
    expect(error, "k", lambda: crowfly.nearest(X, X, k))


def test_k_beyond_the_others() -> None:
    expect(ValueError, "k", lambda: INDEX.query(X, 12, exclude_self=True))
    expect(ValueError, "k", lambda: crowfly.Index(X[:1]).query(X[:1], 1, exclude_self=True))


def test_k_may_be_any_integer_type() -> None:
    for three in (np.int32(3), np.array(3)):
        k: Any = three
        assert INDEX.query(X, k)[0].shape == (12, 3)


@pytest.mark.parametrize("n", [0, 1, 11])
def test_exclude_self_needs_the_points_themselves(n: int) -> None:
    message = expect(ValueError, "queries", lambda: INDEX.query(X[:n], exclude_self=True))
    assert re.search(r"\b12\b", message), message
    expect(ValueError, "queries", lambda: INDEX.query_radius(X[:n], 1.0, exclude_self=True))


@pytest.mark.parametrize(
    ("error", "radius"),
    [
        (ValueError, -1.0),
        (ValueError, np.nan),
        (ValueError, -np.inf),
        (TypeError, "1"),
        (TypeError, None),
        (TypeError, 1j),
    ],
)
def test_bad_radius(error: type[Exception], radius: Any) -> None:
    expect(error, "radius", lambda: INDEX.query_radius(X, radius))


def test_an_infinite_radius_is_everything() -> None:
    assert INDEX.query_radius(X, np.inf)[2][-1] == 144


THREADED: dict[str, Call] = {
    "query": lambda n: INDEX.query(X, num_threads=n),
    "query_radius": lambda n: INDEX.query_radius(X, 1.0, num_threads=n),
    "nearest": lambda n: crowfly.nearest(X, X, num_threads=n),
    "pairwise_distances": lambda n: crowfly.pairwise_distances(X, num_threads=n),
    "lstsq": lambda n: crowfly.lstsq(X, Y, num_threads=n),
    "logistic": lambda n: crowfly.logistic(X, LABELS, num_threads=n),
}


@pytest.mark.parametrize(("error", "n"), BAD_COUNTS)
@pytest.mark.parametrize("function", THREADED)
def test_bad_num_threads(function: str, error: type[Exception], n: Any) -> None:
    expect(error, "num_threads", lambda: THREADED[function](n))


@pytest.mark.parametrize(("error", "n"), BAD_COUNTS)
def test_bad_set_num_threads(error: type[Exception], n: Any) -> None:
    expect(error, "n", lambda: crowfly.set_num_threads(n))


# --- Linear models ---

FITS: dict[str, Callable[..., Any]] = {
    "lstsq": lambda **options: crowfly.lstsq(**{"X": X, "y": Y, **options}),
    "logistic": lambda **options: crowfly.logistic(**{"X": X, "y": LABELS, **options}),
}


def _with(values: Any, position: int, value: Any) -> Any:
    changed = np.array(values, dtype=np.float64)
    changed[position] = value
    return changed


BAD_FITS: list[tuple[str, type[Exception], Any]] = [
    ("y", ValueError, ONES[:11]),
    ("y", ValueError, np.ones(13)),
    ("y", ValueError, np.float64(1)),
    ("y", ValueError, np.ones((12, 1, 1))),
    ("y", ValueError, []),
    ("y", ValueError, _with(Y, 5, np.nan)),
    ("y", ValueError, _with(Y, 5, np.inf)),
    ("y", TypeError, Y.astype(complex)),
    ("sample_weight", ValueError, ONES[:11]),
    ("sample_weight", ValueError, np.ones((12, 1))),
    ("sample_weight", ValueError, np.float64(1)),
    ("sample_weight", ValueError, _with(ONES, 5, -1e-300)),
    ("sample_weight", ValueError, _with(ONES, 5, np.nan)),
    ("sample_weight", ValueError, _with(ONES, 5, np.inf)),
    ("sample_weight", ValueError, np.zeros(12)),
    ("sample_weight", TypeError, ONES.astype(complex)),
    ("sample_weight", TypeError, ["1"] * 12),
    ("alpha", ValueError, -1e-300),
    ("alpha", ValueError, np.nan),
    ("alpha", ValueError, np.inf),
    ("alpha", TypeError, "1"),
    ("alpha", TypeError, None),
    ("alpha", TypeError, 1j),
]


@pytest.mark.parametrize("function", FITS)
@pytest.mark.parametrize(("name", "error", "value"), BAD_FITS)
def test_bad_arguments_of_a_fit(name: str, error: type[Exception], value: Any, function: str) -> None:
    expect(error, name, lambda: FITS[function](**{name: value}))


@pytest.mark.parametrize("function", FITS)
@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_not_finite_entries_of_vectors_are_named_by_position(name: str, function: str) -> None:
    message = expect(ValueError, name, lambda: FITS[function](**{name: _with(ONES, 5, np.nan)}))
    assert re.search(r"\b5\b", message), message
    assert "nan" in message


@pytest.mark.parametrize("alpha", [[1.0], [1.0, 2.0, 3.0], np.ones((2, 1)), [1.0, -1.0], [1.0, np.nan]])
def test_bad_alpha_per_target(alpha: Any) -> None:
    expect(ValueError, "alpha", lambda: crowfly.lstsq(X, X[:, :2], alpha=alpha))


@pytest.mark.parametrize("y", [["a", "b"] * 6, None, Y.astype(object)], ids=["str", "None", "object"])
def test_targets_of_least_squares_are_numbers(y: Any) -> None:
    expect(TypeError, "y", lambda: crowfly.lstsq(X, y))


def test_targets_without_columns() -> None:
    expect(ValueError, "y", lambda: crowfly.lstsq(X, np.zeros((12, 0))))


@pytest.mark.parametrize("y", [np.zeros(12), np.ones(12, dtype=bool), ["a"] * 12])
def test_one_class_only(y: Any) -> None:
    message = expect(ValueError, "y", lambda: crowfly.logistic(X, y))
    assert "class" in message


def test_one_class_only_among_the_rows_that_weigh() -> None:
    with pytest.raises(ValueError, match="class"):
        crowfly.logistic(X, LABELS, sample_weight=(LABELS == 0).astype(float))


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        (np.array([0.5, 1.5] * 5, object), ValueError, "y[0] is 0.5"),
        (np.array([1.0, np.nan] * 5, object), ValueError, "y[1] is nan"),
        (np.array([1, None] * 5, object), TypeError, "y[1] is None"),
        (np.array([1, "1"] * 5, object), TypeError, "y[1] is '1'"),
        ([1, "1"] * 5, TypeError, "y[1] is '1'"),
        (np.array(["2020-01-01", "NaT"] * 5, "M8[D]"), ValueError, "NaT"),
        (np.ma.masked_array([0, 1] * 5, [False, True] * 5), ValueError, "masked"),
        (np.zeros(10, dtype=[("a", float)]), TypeError, "dtype"),
    ],
)
def test_labels_of_no_kind(labels: Any, error: type[Exception], says: str) -> None:
    assert says in expect(error, "y", lambda: crowfly.logistic(np.eye(10), labels))


@pytest.mark.parametrize("kind", [int, bool, str, float])
def test_labels_as_objects(kind: type) -> None:
    X = np.random.default_rng(0).standard_normal((10, 2))
    plain = np.array([kind(i % 2) for i in range(10)])
    boxed = crowfly.logistic(X, plain.astype(object))
    assert boxed.classes.tolist() == sorted({kind(0), kind(1)})
    np.testing.assert_array_equal(boxed.coef, crowfly.logistic(X, plain).coef)


def test_masked_entries_are_not_looked_through() -> None:
    X, y = np.random.default_rng(0).standard_normal((10, 2)), np.arange(10.0)
    expect(ValueError, "y", lambda: crowfly.lstsq(X, np.ma.masked_array(y, y > 5)))
    expect(ValueError, "X", lambda: crowfly.lstsq(np.ma.masked_array(X, X > 1), y))
    expect(ValueError, "points", lambda: crowfly.Index(np.ma.masked_array(X, X > 1)))
    assert crowfly.lstsq(np.ma.masked_array(X, False), y).rank == 2


def test_an_array_of_objects_is_explained_by_its_first_wrong_entry() -> None:
    mixed = np.array([[1.0, 2], [3, "x"]], object)
    assert "X[1, 1] is 'x'" in expect(TypeError, "X", lambda: crowfly.lstsq(mixed, [1.0, 2]))
    assert str(2**70) in expect(TypeError, "points", lambda: crowfly.Index([[2**70, 1]]))


def test_numbers_beyond_float64_as_parameters() -> None:
    X, y = np.random.default_rng(0).standard_normal((10, 2)), np.arange(10)
    expect(ValueError, "alpha", lambda: crowfly.lstsq(X, y, alpha=10**400))
    expect(ValueError, "tol", lambda: crowfly.logistic(X, y > 4, tol=10**400))
    assert len(crowfly.Index(X).query_radius(X, 10**400)[1]) == 100


def test_coefficients_that_overflow_are_an_error() -> None:
    X = 1e-310 * np.random.default_rng(0).standard_normal((10, 2))
    assert "column" in expect(ValueError, "X", lambda: crowfly.lstsq(X, np.arange(10.0)))


def test_labels_must_be_whole() -> None:
    expect(ValueError, "y", lambda: crowfly.logistic(X, Y))
    expect(ValueError, "y", lambda: crowfly.logistic(X, LABELS.reshape(6, 2)))


@pytest.mark.parametrize(
    ("error", "tol"),
    [(ValueError, -1e-3), (ValueError, np.nan), (ValueError, np.inf), (TypeError, "1"), (TypeError, None)],
)
def test_bad_tol(error: type[Exception], tol: Any) -> None:
    expect(error, "tol", lambda: crowfly.logistic(X, LABELS, tol=tol))


# A fit of no iterations is possible: it certifies the start.
@pytest.mark.parametrize(("error", "max_iter"), [*BAD_COUNTS[1:], (TypeError, None)])
def test_bad_max_iter(error: type[Exception], max_iter: Any) -> None:
    expect(error, "max_iter", lambda: crowfly.logistic(X, LABELS, max_iter=max_iter))


# --- Fuzz ---

weird_arrays = st.one_of(
    hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)),
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.longdouble, np.float16, np.int64, np.uint64, np.bool_]),
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5),
    ),
    st.lists(st.one_of(st.floats(), st.text(max_size=2), st.none(), st.lists(st.integers())), max_size=4),
)
weird_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-1, 4),
    st.floats(),
    st.text(max_size=2),
    st.complex_numbers(),
)


def survives(call: Callable[[], Any]) -> None:
    """A result, or an error that blames the input; a fit may also stop early and say so."""
    try:
        with np.errstate(all="ignore"):
            call()
    except (TypeError, ValueError, crowfly.ConvergenceWarning):
        pass


@given(
    a=weird_arrays,
    b=weird_arrays,
    k=weird_scalars,
    p=weird_scalars,
    metric=st.sampled_from([*METRICS, "", None]),
)
def test_neighbors_survive_anything(a: Any, b: Any, k: Any, p: Any, metric: Any) -> None:
    survives(lambda: crowfly.nearest(a, b, k, metric=metric, p=p))
    survives(lambda: crowfly.nearest(a, b, metric="minkowski", p=p))
    survives(lambda: crowfly.nearest(a, a))
    survives(lambda: crowfly.Index(a).query_radius(b, k))
    survives(lambda: crowfly.Index(a, "cosine").query(a, 2, exclude_self=True))
    survives(lambda: crowfly.pairwise_distances(a, b, metric=metric))


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
@given(a=weird_arrays, b=weird_arrays, weights=st.one_of(st.none(), weird_arrays), alpha=weird_scalars)
def test_fits_survive_anything(a: Any, b: Any, weights: Any, alpha: Any) -> None:
    survives(lambda: crowfly.lstsq(a, b, sample_weight=weights, alpha=alpha))
    survives(lambda: crowfly.lstsq(a, b))
    survives(lambda: crowfly.logistic(a, b, sample_weight=weights, alpha=alpha))
    survives(lambda: crowfly.logistic(a, b, tol=alpha, max_iter=5))


def test_minkowski_exponents_end_where_float64_does() -> None:
    points = np.array([[0.0], [1.9], [5.0], [0.95]])
    expect(ValueError, "p", lambda: crowfly.Index(points, "minkowski", p=501.0))
    distances, indices = crowfly.nearest([[0.0]], points, 4, metric="minkowski", p=500.0)
    assert indices.tolist() == [[0, 3, 1, 2]]
    np.testing.assert_allclose(distances, [[0.0, 0.95, 1.9, 5.0]], rtol=1e-12)


@pytest.mark.parametrize("X", [[[1.7e308], [-1e308], [0.0]], [[1.7e308], [1.7e308], [1.6e308]]])
def test_magnitudes_at_the_end_of_float64(X: list[list[float]]) -> None:
    expect(ValueError, "X", lambda: crowfly.lstsq(X, [1.0, 2, 4]))
    expect(ValueError, "X", lambda: crowfly.logistic(X, [0, 1, 1]))


@pytest.mark.parametrize("weight", [1e-320, 1e-150, 1e200, 1e308])
def test_weights_all_far_from_one(weight: float) -> None:
    X, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    weights = np.full(20, weight)
    expect(ValueError, "sample_weight", lambda: crowfly.lstsq(X, y, sample_weight=weights))
    expect(ValueError, "sample_weight", lambda: crowfly.logistic(X, y, sample_weight=weights))


def test_penalties_far_from_one() -> None:
    X, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    expect(ValueError, "alpha", lambda: crowfly.lstsq(X, y, alpha=1e101))
    expect(ValueError, "alpha", lambda: crowfly.logistic(X, y, alpha=1e101))


def test_columns_of_scales_that_no_norm_can_join() -> None:
    X = np.array(
        [[1e-24, 1e-22, 1e24, 0], [-1e-24, 0, 1e24, 0], [2e-24, 0, 2e24, 0.1], [-1e-24, 1e-22, -1e24, 0.1]]
    )
    fit: Any = crowfly.lstsq(X, [1.0, 2, 3, 4])
    assert fit.rank < 4
    assert np.isfinite(fit.coef).all()


@pytest.mark.parametrize("weight_row", [1e200, 1e300])
def test_a_row_without_weight_may_be_as_large_as_it_likes(weight_row: float) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 2)), np.arange(30) % 2
    weights = np.append(np.ones(30), 0.0)
    with_row = np.vstack([X, [[weight_row, 1.0]]])
    for fit in (crowfly.lstsq, crowfly.logistic):
        got: Any = fit(with_row, np.append(y, 1), sample_weight=weights)
        want: Any = fit(X, y, sample_weight=np.ones(30))
        assert_same_bits(got.coef, want.coef)


def test_probabilities_of_predictors_that_overflow() -> None:
    X = np.random.default_rng(0).standard_normal((30, 2))
    fit = crowfly.logistic(X, X[:, 0] + X[:, 1] > 0.1)
    far = np.array([[1e308, 1e308]])
    assert np.isinf(fit.decision_function(far)).all() or fit.decision_function(far)[0] > 1e300
    np.testing.assert_array_equal(fit.predict_proba(far), [[0.0, 1.0]])
