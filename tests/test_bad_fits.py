# SPDX-License-Identifier: BSD-3-Clause
"""Bad arguments of linear fits are a TypeError or ValueError that names them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import crowfly
from bad_input import BAD_COUNTS, LABELS, ONES, X, Y, expect

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
