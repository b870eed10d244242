# SPDX-License-Identifier: BSD-3-Clause
"""Random problems of every kind and size, from seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

Arrays = dict[str, Any]
FloatArray = NDArray[np.floating[Any]]

#: Dimension of the surface that the points of "manifold" lie on.
MANIFOLD_DIMENSION = 8
N_BLOBS = 100
#: Different rows among the points of "duplicates".
N_DISTINCT = 10_000


def points(distribution: str, n: int, d: int, dtype: str, rng: np.random.Generator, model: int) -> FloatArray:
    """Draw n points; `model` seeds what points and queries share (centres of blobs, the surface, the rows that repeat)."""
    shared = np.random.default_rng(model)
    drawn: FloatArray = _DRAW[distribution](n, d, np.dtype(dtype).type, rng, shared)
    return drawn


def _uniform(n: int, d: int, kind: Any, rng: np.random.Generator, _shared: np.random.Generator) -> Any:
    return rng.random((n, d), dtype=kind)


def _normal(n: int, d: int, kind: Any, rng: np.random.Generator, _shared: np.random.Generator) -> Any:
    return rng.standard_normal((n, d), dtype=kind)


def _clustered(n: int, d: int, kind: Any, rng: np.random.Generator, shared: np.random.Generator) -> Any:
    centres = 10 * shared.standard_normal((N_BLOBS, d), dtype=kind)
    return centres[rng.integers(N_BLOBS, size=n)] + rng.standard_normal((n, d), dtype=kind)


def _duplicates(n: int, d: int, kind: Any, rng: np.random.Generator, shared: np.random.Generator) -> Any:
    # Points and queries take from the same rows, or a query would have no duplicate among the points.
    distinct = shared.standard_normal((N_DISTINCT, d), dtype=kind)
    return distinct[rng.integers(N_DISTINCT, size=n)]


def _manifold(n: int, d: int, kind: Any, rng: np.random.Generator, shared: np.random.Generator) -> Any:
    """A curved 8-dimensional surface: sines of random linear forms, with a little noise off it."""
    forms = shared.standard_normal((MANIFOLD_DIMENSION, d)) / np.sqrt(MANIFOLD_DIMENSION)
    phases = shared.uniform(0, 2 * np.pi, d)
    latent = rng.standard_normal((n, MANIFOLD_DIMENSION))
    surface = np.sin(latent @ forms + phases).astype(kind)
    return surface + kind(0.01) * rng.standard_normal((n, d), dtype=kind)


_DRAW: dict[str, Callable[..., Any]] = {
    "uniform": _uniform,
    "normal": _normal,
    "clustered": _clustered,
    "manifold": _manifold,
    "duplicates": _duplicates,
}
#: Names of the distributions of points.
DISTRIBUTIONS = tuple(_DRAW)


def neighbors(distribution: str, n_queries: int, n_points: int, d: int, dtype: str, seed: int = 0) -> Arrays:
    """Points and queries of one distribution, drawn independently."""
    rng = np.random.default_rng([seed, n_points, d])
    return {
        "points": points(distribution, n_points, d, dtype, rng, seed),
        "queries": points(distribution, n_queries, d, dtype, rng, seed),
    }


def design(n: int, p: int, dtype: str, rng: np.random.Generator, correlation: float = 0.0) -> FloatArray:
    """Normal columns; with `correlation` neighbouring columns are correlated so (a stationary AR(1) process along each row)."""
    kind: Any = np.dtype(dtype).type
    X: FloatArray = rng.standard_normal((n, p), dtype=kind)
    if correlation:
        fresh = kind(np.sqrt(1 - correlation**2))
        for j in range(1, p):
            X[:, j] = kind(correlation) * X[:, j - 1] + fresh * X[:, j]
    return X


def regression(
    n: int,
    p: int,
    dtype: str = "float64",
    n_targets: int = 1,
    correlation: float = 0.0,
    n_informative: int | None = None,
    seed: int = 1,
) -> Arrays:
    """A linear model with an intercept and unit noise; one target is a vector."""
    rng = np.random.default_rng([seed, n, p])
    X = design(n, p, dtype, rng, correlation)
    coef = rng.standard_normal((p, n_targets))
    coef[p if n_informative is None else n_informative :] = 0
    y = X @ coef + 1 + rng.standard_normal((n, n_targets))
    return {"X": X, "y": np.ascontiguousarray((y[:, 0] if n_targets == 1 else y).astype(dtype))}


def classification(
    n: int,
    p: int,
    dtype: str = "float64",
    n_classes: int = 2,
    correlation: float = 0.0,
    scales: tuple[float, float] = (1.0, 1.0),
    n_informative: int | None = None,
    seed: int = 2,
) -> Arrays:
    """Classes drawn from a logistic model, so they overlap. `scales`: columns are multiplied by factors from the first to the second."""
    rng = np.random.default_rng([seed, n, p])
    X = design(n, p, dtype, rng, correlation)
    informative = p if n_informative is None else n_informative
    coef = np.zeros((p, n_classes))
    coef[:informative] = 2 * rng.standard_normal((informative, n_classes)) / np.sqrt(informative)
    # The class of largest utility with Gumbel noise is a draw from the softmax model.
    y = np.argmax(X @ coef + rng.gumbel(size=(n, n_classes)), axis=1)
    X *= np.geomspace(*scales, p).astype(dtype)
    return {"X": X, "y": y.astype(np.int64)}


def latency(n: int, p: int, seed: int = 4) -> Arrays:
    """Rows with a number and a class each, and one more row, near the middle: it has neighbours within the same radius for every n and p."""
    rng = np.random.default_rng([seed, n, p])
    X = design(n, p, "float64", rng)
    signal = X @ rng.standard_normal(p)
    y = 10 + signal + rng.standard_normal(n)
    labels = (signal + 2 * rng.standard_normal(n) > 0).astype(np.int64)
    return {"X": X, "y": y, "labels": labels, "row": 0.1 * rng.standard_normal((1, p))}


def sparse_classification(n: int, p: int, density: float, seed: int = 3) -> Arrays:
    """Rows like bags of words: column frequencies fall as a power law; a few columns decide about the class."""
    rng = np.random.default_rng([seed, n, p])
    per_row = max(1, round(density * p))
    columns = np.minimum((p * rng.random((n, per_row)) ** 3).astype(np.int64), p - 1)
    rows = np.repeat(np.arange(n), per_row)
    values = rng.lognormal(sigma=0.5, size=n * per_row)
    X = scipy.sparse.csr_matrix((values, (rows, columns.ravel())), shape=(n, p))
    X.sum_duplicates()
    coef = np.where(rng.random(p) < 0.05, rng.standard_normal(p), 0.0)
    y = np.asarray(X @ coef) + rng.logistic(size=n) > 0
    return {"X": X, "y": y.astype(np.int64)}
