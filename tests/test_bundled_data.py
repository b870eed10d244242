# SPDX-License-Identifier: BSD-3-Clause
"""Predictions on scikit-learn's bundled data sets: equal to scikit-learn's for a matrix of parameters, and to exact arithmetic where points are equally far."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from crowfly.neighbors import KNeighborsClassifier, NearestNeighbors
from estimators import PAIRS

Array = npt.NDArray[Any]

CLASSES = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer, "digits": load_digits}
NUMBERS = {"diabetes": load_diabetes, "linnerud": load_linnerud}

_ALPHAS = [0.1, 1.0, 10.0]
_SEARCH = {
    "Cs": [0.01, 0.1],
    "cv": 3,
    "l1_ratios": (0.0,),
    "use_legacy_attributes": False,
    "scoring": "neg_log_loss",
    "solver": "newton-cholesky",
    "tol": 1e-10,
}
CLASSIFIERS: list[tuple[str, dict[str, Any]]] = [
    ("NearestCentroid", {}),
    ("NearestCentroid", {"metric": "manhattan"}),
    ("NearestCentroid", {"shrink_threshold": 0.5}),
    ("NearestCentroid", {"priors": "empirical"}),
    ("RidgeClassifier", {}),
    ("RidgeClassifier", {"alpha": 10.0, "class_weight": "balanced"}),
    ("RidgeClassifier", {"fit_intercept": False, "solver": "svd"}),
    ("RidgeClassifierCV", {"alphas": _ALPHAS}),
    ("RidgeClassifierCV", {"alphas": _ALPHAS, "cv": 4, "class_weight": "balanced"}),
    ("LogisticRegression", {"C": 0.1, "solver": "newton-cholesky", "tol": 1e-10}),
    ("LogisticRegression", {"C": 1.0, "solver": "newton-cholesky", "tol": 1e-10, "class_weight": "balanced"}),
    ("LogisticRegression", {"C": 0.1, "solver": "newton-cholesky", "tol": 1e-10, "fit_intercept": False}),
    ("LogisticRegressionCV", _SEARCH),
]
REGRESSORS: list[tuple[str, dict[str, Any]]] = [
    ("LinearRegression", {}),
    ("LinearRegression", {"fit_intercept": False}),
    ("LinearRegression", {"positive": True}),
    ("Ridge", {"alpha": 10.0}),
    ("Ridge", {"alpha": 0.1, "positive": True, "tol": 1e-12}),
    ("RidgeCV", {"alphas": _ALPHAS}),
    ("RidgeCV", {"alphas": _ALPHAS, "alpha_per_target": True}),
    ("RidgeCV", {"alphas": _ALPHAS, "cv": 4, "scoring": "neg_mean_absolute_error"}),
    ("Lasso", {"alpha": 0.5, "tol": 1e-12, "max_iter": 100_000}),
    ("Lasso", {"alpha": 0.1, "positive": True, "tol": 1e-12, "max_iter": 100_000}),
    ("ElasticNet", {"alpha": 0.5, "l1_ratio": 0.3, "tol": 1e-12, "max_iter": 100_000}),
    ("LassoCV", {"cv": 4, "alphas": 20, "tol": 1e-10, "max_iter": 100_000}),
    ("ElasticNetCV", {"cv": 4, "alphas": 10, "l1_ratio": [0.2, 0.9], "tol": 1e-10, "max_iter": 100_000}),
]


def split(name: str) -> tuple[Array, Array, Array]:
    """Two thirds of the rows and their targets, and the others; columns that vary have mean 0 and variance 1."""
    X, y = {**CLASSES, **NUMBERS}[name](return_X_y=True)
    X = StandardScaler().fit_transform(X)[:, X.std(axis=0) > 0]
    test = np.arange(len(X)) % 3 == 0
    return X[~test], y[~test], X[test]


def both(name: str, parameters: dict[str, Any], X: Array, y: Array) -> list[Any]:
    with warnings.catch_warnings():
        # scikit-learn's, of steps at the limit of what float64 resolves.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [kind(**parameters).fit(X, y) for kind in PAIRS[name]]


@pytest.mark.parametrize(
    ("data", "name", "parameters"),
    [
        (data, *case)
        for data in CLASSES
        for case in CLASSIFIERS
        # scikit-learn's takes a minute for the digits.
        if (data, case[0]) != ("digits", "LogisticRegressionCV")
    ],
)
def test_classes(data: str, name: str, parameters: dict[str, Any]) -> None:
    X, y, new = split(data)
    ours, theirs = both(name, parameters, X, y)
    assert hasattr(ours, "decision_function") == hasattr(theirs, "decision_function")
    if hasattr(theirs, "decision_function"):
        expected = theirs.decision_function(new)
        np.testing.assert_allclose(
            ours.decision_function(new), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max()
        )
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), atol=1e-6)
    for chosen in ("alpha_", "C_"):
        if hasattr(theirs, chosen):
            assert getattr(ours, chosen) == getattr(theirs, chosen)


@pytest.mark.parametrize(("name", "parameters"), REGRESSORS)
@pytest.mark.parametrize("data", NUMBERS)
def test_numbers(data: str, name: str, parameters: dict[str, Any]) -> None:
    X, y, new = split(data)
    if y.ndim == 2 and name in ("LassoCV", "ElasticNetCV"):
        y = y[:, 0]
    ours, theirs = both(name, parameters, X, y)
    expected = theirs.predict(new)
    np.testing.assert_allclose(ours.predict(new), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    if hasattr(theirs, "alpha_"):
        np.testing.assert_allclose(ours.alpha_, theirs.alpha_, rtol=1e-12)


# --- Neighbours of data as they are: on a grid, with points that are equally far ---


def exact_neighbors(points: Array, queries: Array, k: int) -> Array:
    """By exact squared distances, then by index."""
    rows = [[Fraction(value) for value in row] for row in points.tolist()]
    nearest = []
    for query in queries.tolist():
        at = [Fraction(value) for value in query]
        distances = [sum((a - b) ** 2 for a, b in zip(at, row, strict=True)) for row in rows]
        nearest.append(sorted(range(len(rows)), key=distances.__getitem__)[:k])
    return np.array(nearest)


@pytest.mark.parametrize(("data", "n_queries"), [("digits", 12), ("linnerud", 7)])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_equally_far_points_come_by_index(data: str, n_queries: int, algorithm: str) -> None:
    """Whole numbers, whose distances float64 holds exactly: of equally far ones scikit-learn takes whichever it saw first."""
    X = {**CLASSES, **NUMBERS}[data](return_X_y=True)[0]
    points, queries = X[::2], X[1::2][:n_queries]
    expected = exact_neighbors(points, queries, 5)
    found = NearestNeighbors(n_neighbors=5, algorithm=algorithm).fit(points).kneighbors(queries)[1]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("k", [1, 4, 9])
def test_votes_of_digits_are_those_of_the_exact_neighbors(k: int) -> None:
    X, y = load_digits(return_X_y=True)
    points, labels, queries = X[::2], y[::2], X[1::2]
    # Squares of whole numbers: int64 is exact, and a stable sort leaves equals in the order of their indices.
    whole = points.astype(np.int64)
    distances = np.array([((whole - query) ** 2).sum(axis=1) for query in queries.astype(np.int64)])
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    votes = np.array([np.bincount(labels[row], minlength=10) for row in nearest])
    ours, theirs = both("KNeighborsClassifier", {"n_neighbors": k}, points, labels)
    assert isinstance(ours, KNeighborsClassifier)
    np.testing.assert_array_equal(ours.predict_proba(queries), votes / k)
    np.testing.assert_array_equal(ours.predict(queries), votes.argmax(axis=1))
    # Where the k nearest are not decided by a tie, scikit-learn's say the same.
    ordered = np.sort(distances, axis=1)
    clear = ordered[:, k - 1] < ordered[:, k]
    assert 0.9 < clear.mean() < 1
    np.testing.assert_array_equal(theirs.predict(queries[clear]), ours.predict(queries[clear]))
