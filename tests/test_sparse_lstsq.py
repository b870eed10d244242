# SPDX-License-Identifier: BSD-3-Clause
"""Least squares of sparse matrices: the same answers as of the dense ones, and no dense copy."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import crowfly
from crowfly import _sparse
from crowfly.linear_model import LinearRegression, Ridge

EPS = np.finfo(np.float64).eps


def problem(n: int = 300, p: int = 7, dtype: str = "float64", seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n, p)).astype(dtype)
    dense[rng.random((n, p)) < 0.7] = 0
    return dense, rng.normal(size=n) + 3, rng.integers(0, 4, n).astype(float)


def with_indices(matrix: Any, dtype: str) -> Any:
    matrix.indices, matrix.indptr = matrix.indices.astype(dtype), matrix.indptr.astype(dtype)
    return matrix


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("indices", ["int32", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("alpha", [0.0, 2.5])
def test_answers_are_those_of_the_dense_matrix(make: Any, indices: str, dtype: str, alpha: float) -> None:
    dense, y, weights = problem(dtype=dtype)
    X = with_indices(make(dense), indices)
    for options in ({}, {"sample_weight": weights}, {"intercept": False}):
        expected = crowfly.lstsq(dense, y, alpha=alpha, **options)
        got = crowfly.lstsq(X, y, alpha=alpha, **options)
        # Both are the exact solution, rounded once.
        np.testing.assert_array_max_ulp(got.coef, expected.coef, 1)
        np.testing.assert_allclose(got.intercept, expected.intercept, rtol=4 * EPS)
        np.testing.assert_allclose(got.rss, expected.rss, rtol=1e-14)
        np.testing.assert_allclose(got.predict(X), expected.predict(dense), rtol=1e-13, atol=1e-14)


def test_blocks_of_rows_give_the_same_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    dense, y, weights = problem()
    X = scipy.sparse.csr_array(dense)
    whole = crowfly.lstsq(X, y, sample_weight=weights)
    monkeypatch.setattr(_sparse, "BLOCK_ENTRIES", 17 * 7)
    cut = crowfly.lstsq(X, y, sample_weight=weights)
    np.testing.assert_array_equal(cut.coef, whole.coef)


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
def test_several_targets_entries_given_twice_and_rank() -> None:
    dense, y, _ = problem()
    dense[:, 3] = dense[:, 1]
    Y = np.column_stack([y, y**2])
    expected = crowfly.lstsq(dense, Y, alpha=0.0)
    triplets = scipy.sparse.coo_array(dense)
    rows, columns = np.tile(triplets.row, 2), np.tile(triplets.col, 2)
    order = np.argsort(rows, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(dense)))])
    twice = scipy.sparse.csr_array(
        (np.tile(triplets.data / 2, 2)[order], columns[order], indptr), shape=dense.shape
    )
    stored = twice.nnz
    got = crowfly.lstsq(twice, Y)
    assert got.rank == expected.rank == 6
    assert got.coef.shape == (2, 7)
    np.testing.assert_allclose(got.coef, expected.coef, rtol=1e-11)
    assert twice.nnz == stored


def test_no_dense_copy_is_made() -> None:
    n, p = 200_000, 200
    rng = np.random.default_rng(1)
    rows = np.repeat(np.arange(n), 2)
    X = scipy.sparse.csr_array((rng.normal(size=2 * n), (rows, rng.integers(0, p, 2 * n))), shape=(n, p))
    y = rng.normal(size=n)
    tracemalloc.start()
    crowfly.lstsq(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * p * 8 / 8


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (scipy.sparse.csr_array(np.eye(3, dtype=complex)), TypeError, "real numbers .* got dtype complex128"),
        (scipy.sparse.coo_array([[0, 2**53 + 1]]), ValueError, r"X\[0, 1\] is 9007199254740993"),
        (scipy.sparse.csr_array((0, 3)), ValueError, "at least one row"),
        (scipy.sparse.csr_array((3, 0)), ValueError, "at least one feature"),
        (scipy.sparse.csr_array((3, 6001)), ValueError, "at most 6000 features"),
        (scipy.sparse.csr_array([[1.0, 0], [0, np.nan], [1, 1]]), ValueError, r"X\[1, 1\] is nan"),
        (scipy.sparse.csc_array([[1.0, 0], [0, 2], [np.inf, 1]]), ValueError, r"X\[2, 0\] is inf"),
    ],
)
def test_refusals_name_x(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"X.*{message}"):
        crowfly.lstsq(value, np.zeros(value.shape[0]))


def test_arguments_are_checked_before_anything_is_read() -> None:
    X = scipy.sparse.csr_array(np.eye(3))
    with pytest.raises(ValueError, match="y: 3 rows"):
        crowfly.lstsq(X, np.zeros(4))
    with pytest.raises(ValueError, match="alpha: a finite number"):
        crowfly.lstsq(X, np.zeros(3), alpha=-1)
    with pytest.raises(ValueError, match="sample_weight: non-negative"):
        crowfly.lstsq(X, np.zeros(3), sample_weight=[1, -1, 1])


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(alpha=0.5)])
@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_estimators(estimator: Any, make: Any) -> None:
    dense, y, weights = problem()
    expected = estimator.fit(dense, y, sample_weight=weights)
    coef, predicted = expected.coef_.copy(), expected.predict(dense)
    fitted = estimator.fit(make(dense), y, sample_weight=weights)
    np.testing.assert_array_max_ulp(fitted.coef_, coef, 1)
    np.testing.assert_allclose(fitted.predict(make(dense)), predicted, rtol=1e-13, atol=1e-14)
