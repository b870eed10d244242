# SPDX-License-Identifier: BSD-3-Clause
"""What estimators take as class labels and as targets of a regression, and what they say of the rest."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from crowfly.linear_model import LinearRegression, LogisticRegression, Ridge
from crowfly.neighbors import KNeighborsClassifier, KNeighborsRegressor

Array = npt.NDArray[Any]

NO_CLASS_LABELS: dict[str, tuple[Any, type[Exception], str]] = {
    "None among numbers": (np.array([1, None, 1], dtype=object), ValueError, "Unknown label type"),
    "None among strings": (np.array(["a", None, "a"], dtype=object), TypeError, "^y: .*got NoneType and str"),
    "strings and numbers": (np.array(["a", 1, "a"], dtype=object), TypeError, "^y: .*got int and str"),
    "NaT": (np.array(["2020-01-01", "NaT", "NaT"], dtype="datetime64[D]"), ValueError, "y contains NaT"),
    "NaN": ([0.0, np.nan, 1.0], ValueError, "y contains NaN"),
    "bytes": ([b"a", b"b", b"b"], TypeError, "represented as bytes"),
    "fractions": ([0.5, 1.0, 1.5], ValueError, "Unknown label type: continuous"),
}


@pytest.mark.parametrize("estimator", [KNeighborsClassifier, LogisticRegression])
@pytest.mark.parametrize("labels", NO_CLASS_LABELS)
def test_refused_class_labels(labels: str, estimator: Any) -> None:
    y, error, match = NO_CLASS_LABELS[labels]
    with pytest.raises(error, match=match):
        estimator().fit([[0.0], [1.0], [2.0]], y)


def test_dates_as_class_labels() -> None:
    days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]")
    assert KNeighborsClassifier(n_neighbors=1).fit([[0.0], [1.0]], days).predict([[0.9]]) == days[1:]


def objects(*values: Any) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


NO_TARGETS: dict[str, tuple[Any, type[Exception], str]] = {
    "None": (objects(1, None, 1), ValueError, r"^y: real numbers expected, y\[1\] is None"),
    "None in two columns": (
        np.array([[1, 2], [3, None], [5, 6]], dtype=object),
        ValueError,
        r"^y: real numbers expected, y\[1, 1\] is None",
    ),
    "numbers as strings": (
        ["1", "2", "3"],
        ValueError,
        "^y: real numbers expected, got strings of dtype <U1",
    ),
    "strings": (["a", "b", "c"], ValueError, "^y: real numbers expected, got strings of dtype <U1"),
    "bytes": ([b"1", b"2", b"3"], ValueError, r"^y: real numbers expected, got strings of dtype \|S1"),
    "sparse": (csr_array([[1.0], [2.5], [3.0]]), TypeError, "Sparse data was passed for y"),
    "string objects": (objects(1, 2, "3"), ValueError, r"^y: real numbers expected, y\[2\] is '3'"),
    "dates": (
        np.zeros(3, dtype="datetime64[D]"),
        TypeError,
        "^y: real numbers expected, got dtype datetime64",
    ),
    "durations": (np.zeros(3, dtype="timedelta64[D]"), TypeError, "^y: .*got dtype timedelta64"),
    "date objects": (objects(*[dt.date(2020, 1, 1)] * 3), ValueError, r"^y: .*y\[0\] is datetime.date"),
    "complex objects": (objects(1, 2j, 3), ValueError, r"^y: .*y\[1\] is 2j"),
    "huge objects": (objects(1, 10**400, 3), ValueError, "^y: numbers within the range of float64"),
    "NaN": ([0.0, np.nan, 1.0], ValueError, "Input y contains NaN"),
    "NaN objects": (objects(0, np.nan, 1), ValueError, "Input y contains NaN"),
    "infinity": ([0.0, np.inf, 1.0], ValueError, "Input y contains infinity"),
    "infinite objects": (objects(0, np.inf, 1), ValueError, "Input y contains infinity"),
    "another number": ([0.0, 1.0], ValueError, "inconsistent numbers of samples"),
    "nothing": (None, ValueError, "requires y to be passed"),
}


@pytest.mark.parametrize("estimator", [KNeighborsRegressor, LinearRegression, Ridge])
@pytest.mark.parametrize("targets", NO_TARGETS)
def test_refused_targets(targets: str, estimator: Any) -> None:
    y, error, match = NO_TARGETS[targets]
    with pytest.raises(error, match=match):
        estimator().fit([[0.0], [1.0], [2.0]], y)


@pytest.mark.parametrize(
    "y",
    [
        objects(1, np.float32(2.5), np.int8(3)),
        objects(Decimal(1), Fraction(5, 2), 3.0),
        objects(True, 2.5, np.True_ * 3),
        np.array([1, 2.5, 3], dtype=np.float16),
    ],
    ids=["numbers", "rationals", "with bool", "float16"],
)
@pytest.mark.parametrize("estimator", [KNeighborsRegressor(n_neighbors=1), LinearRegression(), Ridge(1e-9)])
def test_kinds_of_targets(y: Any, estimator: Any) -> None:
    X = [[0.0], [1.0], [2.0]]
    expected = clone(estimator).fit(X, [1.0, 2.5, 3.0]).predict(X)
    np.testing.assert_array_equal(np.ravel(clone(estimator).fit(X, y).predict(X)), expected)
