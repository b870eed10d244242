# SPDX-License-Identifier: BSD-3-Clause
"""The matrix of distances equals the reference to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_same_bits
from references import METRICS, pairwise_distances
from strategies import DATASETS, DTYPES, FEATURE_SIZES, LAYOUTS, THREADS, dataset, matrices, normal_pair


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("num_threads", THREADS)
def test_metrics(metric: str, dtype: Any, num_threads: int) -> None:
    X, Y = normal_pair(131, 257, 19, dtype)
    actual = crowfly.pairwise_distances(X, Y, metric=metric, num_threads=num_threads)
    assert_same_bits(actual, pairwise_distances(X, Y, metric))


@pytest.mark.parametrize("n_rows", [0, 1, 2, 7, 8, 9, 31, 32, 33, 127, 128, 129, 257, 503])
@pytest.mark.parametrize("n_columns", [1, 8, 17, 256])
def test_sizes(n_rows: int, n_columns: int) -> None:
    X, Y = normal_pair(n_rows, n_columns, 5)
    assert_same_bits(crowfly.pairwise_distances(X, Y), pairwise_distances(X, Y))


@pytest.mark.parametrize("n_features", FEATURE_SIZES)
@pytest.mark.parametrize("metric", ["sqeuclidean", "minkowski"])
def test_any_number_of_features(n_features: int, metric: str) -> None:
    X, Y = normal_pair(9, 17, n_features)
    p = 2.5 if metric == "minkowski" else None
    assert_same_bits(
        crowfly.pairwise_distances(X, Y, metric=metric, p=p), pairwise_distances(X, Y, metric, p)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", METRICS)
def test_one_matrix_with_itself(metric: str, dtype: Any) -> None:
    X = normal_pair(1, 67, 13, dtype)[1]
    actual = crowfly.pairwise_distances(X, metric=metric)
    assert_same_bits(actual, crowfly.pairwise_distances(X, X, metric=metric))
    assert_same_bits(actual, pairwise_distances(X, metric=metric))
    assert_same_bits(actual, np.ascontiguousarray(actual.T))
    assert not actual.diagonal().any()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts(layout: str, dtype: Any) -> None:
    X, Y = normal_pair(33, 41, 11, dtype)
    expected = pairwise_distances(X, Y)
    assert_same_bits(crowfly.pairwise_distances(LAYOUTS[layout](X), Y), expected)
    assert_same_bits(crowfly.pairwise_distances(X, LAYOUTS[layout](Y)), expected)


@pytest.mark.parametrize("name", DATASETS)
def test_hard_data(name: str) -> None:
    X, Y = dataset(name, 21, 29, 61, 9, np.float64)
    assert_same_bits(crowfly.pairwise_distances(X, Y), pairwise_distances(X, Y))


@given(data=st.data(), n_features=st.integers(1, 20))
def test_any_small_matrices(data: st.DataObject, n_features: int) -> None:
    X = data.draw(matrices(st.integers(0, 12), st.just(n_features)))
    Y = data.draw(matrices(st.integers(1, 12), st.just(n_features)))
    for metric in ("euclidean", "sqeuclidean", "manhattan", "chebyshev"):
        assert_same_bits(crowfly.pairwise_distances(X, Y, metric=metric), pairwise_distances(X, Y, metric))
