# SPDX-License-Identifier: BSD-3-Clause
"""Samples to predict for: arrays that need no conversion take a short way to the same answers and the same errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.neighbors

import crowfly.linear_model
import crowfly.neighbors
from assertions import assert_same_bits
from references import FloatArray

NAMES = ["LinearRegression", "Lasso", "RidgeClassifier", "LogisticRegression"]
SPOILT: dict[str, Callable[[FloatArray], Any]] = {
    "nan": lambda X: np.where(X > 1, np.nan, X),
    "infinity": lambda X: np.where(X > 1, np.inf, X),
    "no rows": lambda X: X[:0],
    "one axis": lambda X: X[0],
    "too few features": lambda X: X[:, :2],
    "complex": lambda X: X.astype(complex),
    "strings": lambda X: X.astype(str).astype(object) + "x",
}
NEIGHBORS = ["KNeighborsClassifier", "RadiusNeighborsRegressor", "NearestCentroid"]


def fitted(name: str, *, frame: bool = False, theirs: bool = False) -> tuple[Any, Any]:
    X = np.random.default_rng(2).standard_normal((60, 3))
    y = X[:, 0] > 0
    packages = (
        (sklearn.linear_model, sklearn.neighbors) if theirs else (crowfly.linear_model, crowfly.neighbors)
    )
    model = getattr(packages[name in NEIGHBORS], name)()
    if "Radius" in name:
        model.set_params(radius=10.0)
    samples = pytest.importorskip("pandas").DataFrame(X, columns=list("abc")) if frame else X
    return model.fit(samples, y), X


@pytest.mark.parametrize("name", NAMES + NEIGHBORS)
def test_every_kind_of_samples_gives_the_same_bits(name: str) -> None:
    model, X = fitted(name)
    expected = model.predict(X.tolist())
    for samples in (X, np.asfortranarray(X), X[::-1][::-1], X.astype(">f8"), X.astype(object)):
        assert_same_bits(model.predict(samples), expected)
    assert_same_bits(model.predict(X[:1]), expected[:1])


@pytest.mark.parametrize("name", NAMES + NEIGHBORS)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_errors_are_those_of_scikit_learn(name: str, spoil: Any) -> None:
    theirs, X = fitted(name, theirs=True)
    with pytest.raises((ValueError, TypeError)) as expected:
        theirs.predict(spoil(X))
    with pytest.raises(expected.type) as actual:
        fitted(name)[0].predict(spoil(X))
    assert str(actual.value).splitlines()[0].replace(f"{name} ", "") == str(expected.value).splitlines()[
        0
    ].replace(f"{name} ", "")


@pytest.mark.parametrize("name", NAMES + NEIGHBORS)
def test_names_of_columns_are_missed(name: str) -> None:
    model, X = fitted(name, frame=True)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(pytest.importorskip("pandas").DataFrame(X, columns=list("bca")))


def test_none_is_a_missing_value_as_in_scikit_learn() -> None:
    knn = crowfly.neighbors.KNeighborsClassifier(1, metric="nan_euclidean").fit([[1, None], [2, 3]], [0, 1])
    assert knn.predict([[1, 2]])[0] == 0
    assert knn.predict([[None, 3]])[0] == 1
    for model in (crowfly.neighbors.KNeighborsClassifier(1), crowfly.linear_model.LinearRegression()):
        with pytest.raises(ValueError, match="contains NaN"):
            model.fit([[1, None], [2, 3]], [0, 1])
