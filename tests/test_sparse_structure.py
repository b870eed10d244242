# SPDX-License-Identifier: BSD-3-Clause
"""Sparse matrices whose index arrays don't fit their shape are refused before compiled code follows them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import crowfly
from crowfly.linear_model import LogisticRegression, Ridge, RidgeClassifier
from crowfly.neighbors import KNeighborsClassifier, NearestCentroid, NearestNeighbors

RNG = np.random.default_rng(80)
DENSE = RNG.standard_normal((12, 4)) * (RNG.random((12, 4)) < 0.7)
LABELS = np.arange(12) % 3


def broken(kind: str) -> Any:
    matrix = sparse.csc_array(DENSE) if kind == "csc" else sparse.csr_array(DENSE)
    if kind == "wide numbers":
        matrix = sparse.csr_array(
            (matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64))
        )
        matrix.resize(DENSE.shape)
        matrix.indices[2] = 2**32 + 1
    elif kind in ("starts", "falling starts"):
        matrix.indptr[3] = 10**6 if kind == "starts" else -5
    elif kind == "first start":
        matrix.indptr[0] = 1
    elif kind == "data":
        matrix.data = matrix.data[:-1]
    else:
        matrix.indices[2] = {"below": -1, "just beyond": 4, "beyond": 10**9, "csc": 10**9}[kind]
    return matrix


CALLS: dict[str, Callable[[Any], object]] = {
    "lstsq": lambda S: crowfly.lstsq(S, LABELS),
    "ridge_path": lambda S: crowfly.ridge_path(S, LABELS, alphas=[1.0]),
    "lasso_path": lambda S: crowfly.lasso_path(S, LABELS),
    "nnls": lambda S: crowfly.nnls(S, LABELS),
    "logistic": lambda S: crowfly.logistic(S, LABELS),
    "points": crowfly.Index,
    "queries": lambda S: crowfly.Index(DENSE).query(S),
    "linear predictions": lambda S: crowfly.lstsq(DENSE, LABELS).predict(S),
    "estimator": lambda S: Ridge().fit(S, LABELS),
    "predictions": lambda S: LogisticRegression().fit(DENSE, LABELS).predict(S),
    "neighbours": lambda S: KNeighborsClassifier(3).fit(DENSE, LABELS).predict(S),
    "centroids": lambda S: NearestCentroid().fit(S, LABELS),
}
KINDS = (
    "below",
    "just beyond",
    "beyond",
    "csc",
    "wide numbers",
    "starts",
    "falling starts",
    "first start",
    "data",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS)
def test_index_arrays_out_of_shape_are_refused(call: str, kind: str) -> None:
    with pytest.raises(
        ValueError, match=r"(X|points|queries): a sparse matrix whose index arrays fit its shape"
    ):
        CALLS[call](broken(kind))


def test_an_index_keeps_its_points_whatever_becomes_of_the_matrix() -> None:
    matrix = sparse.csr_array(DENSE)
    index = crowfly.Index(matrix, copy=False)
    expected = crowfly.Index(DENSE).query(DENSE, 3)
    matrix.indices[:] = 10**9
    matrix.data[:] = 0
    distances, indices = index.query(DENSE, 3)
    np.testing.assert_array_equal(distances, expected[0])
    np.testing.assert_array_equal(indices, expected[1])


def test_widths_that_only_lists_of_columns_would_fill_are_refused() -> None:
    matrix = sparse.csr_array((3, 2**31 - 5))
    for call in (
        lambda: crowfly.Index(matrix),
        lambda: crowfly.lasso_path(matrix, [1.0, 2, 3]),
        lambda: crowfly.lstsq(matrix, [1.0, 2, 3], alpha=1.0),
    ):
        with pytest.raises(ValueError, match=r"2\^26"):
            call()


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("n_features", [250, 700])
def test_ridge_is_the_dense_one_however_it_is_solved(n_features: int, intercept: bool) -> None:
    rng = np.random.default_rng(81)
    matrix = sparse.random_array((400, n_features), density=0.05, rng=rng, format="csr")
    y = rng.standard_normal((400, 2))
    fit = crowfly.lstsq(matrix, y, intercept=intercept, alpha=[0.5, 3.0])
    dense = crowfly.lstsq(matrix.toarray(), y, intercept=intercept, alpha=[0.5, 3.0])
    np.testing.assert_allclose(fit.coef, dense.coef, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(fit.intercept, dense.intercept, rtol=1e-10, atol=1e-12)
    assert (fit.method == "conjugate_gradient") == (n_features > 256)


def scaled_design(n_features: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(82)
    matrix = sparse.random_array((50, n_features), density=0.03, rng=rng, format="csr")
    scaled = sparse.csr_array(matrix @ sparse.diags_array(10 ** rng.uniform(-4, 4, n_features)))
    return scaled, rng.standard_normal(50)


def test_cross_products_step_in_where_conjugate_gradients_fail() -> None:
    matrix, y = scaled_design(400)
    fit = crowfly.lstsq(matrix, y, alpha=1e-3)
    assert fit.method != "conjugate_gradient"
    dense = crowfly.lstsq(matrix.toarray(), y, alpha=1e-3).coef
    assert np.abs(fit.coef - dense).max() <= 1e-9 * np.abs(dense).max()


@pytest.mark.parametrize(
    "model", [Ridge(alpha=1.0), RidgeClassifier(alpha=1.0)], ids=["Ridge", "RidgeClassifier"]
)
def test_inexact_coefficients_are_never_silent(model: Any) -> None:
    matrix, y = scaled_design(6400)
    with pytest.warns(ConvergenceWarning, match="not more exact than that.$"):
        model.fit(matrix, y > 0)


def test_what_sparse_matrices_are_not_taken_for_is_said() -> None:
    wide = sparse.csr_array((3, 6001))
    with pytest.raises(
        ValueError, match="X: at most 6000 features expected of a sparse matrix with alpha > 0"
    ):
        crowfly.nnls(wide, [1.0, 2, 3], alpha=1.0)
    with pytest.raises(TypeError, match="X: a dense array expected, got a sparse matrix"):
        crowfly.logit(sparse.csr_array(DENSE), LABELS > 0)


def test_neighbours_are_fitted_on_others_points() -> None:
    first = NearestNeighbors(n_neighbors=2).fit(DENSE)
    second = NearestNeighbors(n_neighbors=2).fit(first)
    np.testing.assert_array_equal(second.kneighbors()[1], first.kneighbors()[1])
