# SPDX-License-Identifier: BSD-3-Clause
"""Rows with missing numbers: the metric nan_euclidean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics
import sklearn.neighbors

import crowfly
from assertions import assert_neighbors_equal, assert_same_bits
from crowfly.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors
from references import neighbors, pairwise_distances, radius_neighbors
from strategies import DTYPES, FEATURE_SIZES, LAYOUTS, THREADS, normal_pair


def with_gaps(
    n_queries: int, n_points: int, n_features: int, dtype: Any = np.float64, share: float = 0.3
) -> tuple[Any, Any]:
    queries, points = normal_pair(n_queries, n_points, n_features, dtype)
    rng = np.random.default_rng(81)
    for rows in (queries, points):
        rows[rng.random(rows.shape) < share] = np.nan
    return queries, points


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_features", FEATURE_SIZES)
def test_any_number_of_features(n_features: int, dtype: Any) -> None:
    queries, points = with_gaps(33, 301, n_features, dtype)
    actual = crowfly.nearest(queries, points, 5, metric="nan_euclidean")
    assert_neighbors_equal(actual, neighbors(queries, points, 5, "nan_euclidean"))


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_layouts(share: float, layout: str, num_threads: int) -> None:
    queries, points = with_gaps(33, 301, 6, np.float32, share)
    index = crowfly.Index(LAYOUTS[layout](points), "nan_euclidean")
    actual = index.query(LAYOUTS[layout](queries), 301, num_threads=num_threads)
    assert_neighbors_equal(actual, neighbors(queries, points, 301, "nan_euclidean"))


@pytest.mark.parametrize("algorithm", ["auto", "direct", "lattice", "cells", "tree"])
def test_every_algorithm_knows_that_it_has_no_bound(algorithm: str) -> None:
    queries, points = with_gaps(33, 2000, 4)
    index = crowfly.Index(points, "nan_euclidean", algorithm=algorithm)
    assert_neighbors_equal(index.query(queries, 5), neighbors(queries, points, 5, "nan_euclidean"))
    assert index.explain(33, 5).algorithm == "direct"


def test_without_gaps_it_is_euclidean_up_to_rounding() -> None:
    queries, points = normal_pair(30, 400, 7)
    distances, indices = crowfly.nearest(queries, points, 5, metric="nan_euclidean")
    expected = neighbors(queries, points, 5)
    assert_same_bits(indices, expected[1])
    assert np.allclose(distances, expected[0], rtol=1e-15)


def test_agrees_with_scikit_learn() -> None:
    queries, points = with_gaps(30, 50, 5)
    theirs = sklearn.metrics.pairwise.nan_euclidean_distances(queries, points)
    ours = crowfly.pairwise_distances(queries, points, metric="nan_euclidean")
    assert_same_bits(ours, pairwise_distances(queries, points, "nan_euclidean"))
    # Theirs are differences of squares, which cancel.
    assert np.allclose(ours, theirs, rtol=1e-7, atol=1e-7, equal_nan=True)


def test_nothing_in_common_comes_last() -> None:
    points = np.array([[np.nan, 1.0], [5.0, np.nan], [np.nan, np.nan], [2.0, 2.0]])
    distances, indices = crowfly.nearest([[1.0, np.nan]], points, 4, metric="nan_euclidean")
    assert indices.tolist() == [[3, 1, 0, 2]]
    assert_same_bits(distances, np.array([[np.sqrt(2.0), np.sqrt(32.0), np.nan, np.nan]]))
    assert crowfly.Index(points, "nan_euclidean").count_radius([[1.0, np.nan]], np.inf).tolist() == [2]


def test_radius() -> None:
    queries, points = with_gaps(30, 600, 4)
    expected = radius_neighbors(queries, points, 1.0, "nan_euclidean")
    assert len(expected[1]) > 100
    index = crowfly.Index(points, "nan_euclidean")
    assert_neighbors_equal(index.query_radius(queries, 1.0), expected)
    assert_same_bits(index.count_radius(queries, 1.0), np.diff(expected[2]))


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e300])
def test_scales(scale: float) -> None:
    queries, points = with_gaps(30, 300, 4)
    expected = crowfly.nearest(queries, points, 6, metric="nan_euclidean")[1]
    actual = crowfly.nearest(scale * queries, scale * points, 6, metric="nan_euclidean")
    assert_same_bits(actual[1], expected)


def test_infinity_is_refused() -> None:
    points = np.array([[np.nan, 1.0], [np.inf, 2.0]])
    with pytest.raises(ValueError, match=r"points: finite numbers or NaN expected, points\[1, 0\] is inf"):
        crowfly.Index(points, "nan_euclidean")
    index = crowfly.Index(points[:1], "nan_euclidean")
    with pytest.raises(ValueError, match=r"queries: finite numbers or NaN expected, queries\[0, 1\] is -inf"):
        index.query([[np.nan, -np.inf]])


@pytest.mark.parametrize("algorithm", ["auto", "brute"])
def test_estimators(algorithm: str) -> None:
    queries, points = with_gaps(30, 300, 5)
    points[:, 0] = np.arange(300) / 100
    queries[:, 0] = 1.503
    labels = (np.arange(300) > 150).astype(int)
    ours = KNeighborsClassifier(7, metric="nan_euclidean", algorithm=algorithm).fit(points, labels)
    theirs = sklearn.neighbors.KNeighborsClassifier(7, metric="nan_euclidean").fit(points, labels)
    assert_same_bits(ours.predict(queries), theirs.predict(queries))
    regressor = KNeighborsRegressor(7, metric="nan_euclidean").fit(points, points[:, 0])
    peer = sklearn.neighbors.KNeighborsRegressor(7, metric="nan_euclidean").fit(points, points[:, 0])
    assert np.allclose(regressor.predict(queries), peer.predict(queries))
    found = NearestNeighbors(n_neighbors=4, metric="nan_euclidean").fit(points).kneighbors(queries)
    assert_neighbors_equal(found, neighbors(queries, points, 4, "nan_euclidean"))
    with pytest.raises(ValueError, match="NaN"):
        KNeighborsClassifier().fit(points, labels)
