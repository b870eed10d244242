# SPDX-License-Identifier: BSD-3-Clause
"""One small adapter per library and task. Each does the whole work, building or fitting included, and returns comparable answers.

Objectives are equal: sum of logistic losses plus |coef|^2 / 2 (C = 1), intercept not penalised; least squares with an intercept.
Libraries use all CPUs, their default; absent ones are left out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Adapters = dict[str, Callable[..., Array]]


def _with_intercept(coef: Array, intercept: Any) -> Array:
    return np.append(np.ravel(coef), intercept)


def _crowfly() -> Adapters:
    import crowfly

    def least_squares(X: Array, y: Array) -> Array:
        fit = crowfly.lstsq(X, y)
        return _with_intercept(fit.coef, fit.intercept)

    def logistic(X: Array, y: Array) -> Array:
        fit = crowfly.logistic(X, y)
        return _with_intercept(fit.coef, fit.intercept)

    return {
        "nearest": lambda queries, points: crowfly.nearest(queries, points)[1][:, 0],
        "least_squares": least_squares,
        "logistic": logistic,
    }


def _estimators(neighbors: Any, linear_model: Any) -> Adapters:
    """Adapters for modules with scikit-learn's classes."""

    def nearest(queries: Array, points: Array) -> Array:
        search = neighbors.NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points)
        found: Array = search.kneighbors(queries, return_distance=False)
        return found[:, 0]

    def linear(model: Any, X: Array, y: Array) -> Array:
        fitted = model.fit(X, y)
        return _with_intercept(fitted.coef_, fitted.intercept_)

    return {
        "nearest": nearest,
        "least_squares": lambda X, y: linear(linear_model.LinearRegression(), X, y),
        "logistic": lambda X, y: linear(linear_model.LogisticRegression(), X, y),
    }


def _scikit_learn() -> Adapters:
    from sklearn import linear_model, neighbors

    return _estimators(neighbors, linear_model)


def _sklearnex() -> Adapters:
    from sklearnex import linear_model, neighbors

    return _estimators(neighbors, linear_model)


def _faiss() -> Adapters:
    import faiss

    def nearest(queries: Array, points: Array) -> Array:
        index = faiss.IndexFlatL2(points.shape[1])
        index.add(np.ascontiguousarray(points, dtype=np.float32))
        found: Array = index.search(np.ascontiguousarray(queries, dtype=np.float32), 1)[1]
        return found[:, 0]

    return {"nearest": nearest}


_LIBRARIES = {
    "crowfly": ("crowfly", _crowfly),
    "scikit-learn": ("sklearn", _scikit_learn),
    "FAISS": ("faiss", _faiss),
    "sklearnex": ("sklearnex", _sklearnex),
}


def competitors() -> dict[str, Adapters]:
    """Adapters of the libraries that are installed, ours first."""
    return {name: load() for name, (module, load) in _LIBRARIES.items() if importlib.util.find_spec(module)}
