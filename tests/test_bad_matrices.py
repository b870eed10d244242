# SPDX-License-Identifier: BSD-3-Clause
"""Matrices that are none, or not the ones expected, are a TypeError or ValueError that names the argument."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import crowfly
from assertions import assert_same_bits
from bad_input import INDEX, LABELS, Call, X, Y, expect
from references import AnyArray

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
