# SPDX-License-Identifier: BSD-3-Clause
"""Ridge regression of sparse matrices: conjugate gradients with a certified error, and leave-one-out and k-fold scores from blocks of rows."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

import crowfly
from assertions import assert_same_bits
from crowfly import _core, least_squares
from crowfly._sparse import core_arrays
from crowfly.linear_model import Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV
from references import FloatArray
from strategies import THREADS
from test_sparse_lasso import sparse_problems, text_like


def solve(X: Any, y: FloatArray, alpha: float, intercept: bool = True, weights: Any = None) -> Any:
    """Conjugate gradients, however few the features."""
    columns = y if y.ndim == 2 else y[:, np.newaxis]
    arrays = core_arrays(scipy.sparse.csr_array(X, dtype=np.float64))
    return _core.sparse_ridge(arrays, columns, weights, intercept, [alpha] * columns.shape[1], 0)


# --- Conjugate gradients ---


@settings(deadline=None, max_examples=100)
@given(
    problem=sparse_problems(),
    alpha=st.sampled_from([1e-6, 0.5, 1e6]),
    intercept=st.booleans(),
)
def test_bound_holds_the_distance_from_the_exact_coefficients(
    problem: tuple[FloatArray, FloatArray, FloatArray], alpha: float, intercept: bool
) -> None:
    X, y, weights = problem
    kept = weights > 0
    X, y, weights = X[kept], y[kept], weights[kept]
    # Exact to the last bit but for conditions beyond 1e15, where it says so.
    expected: Any = least_squares.solve_least_squares(X, y, intercept, weights, alpha)
    got = solve(X, y, alpha, intercept, weights)
    distance = np.linalg.norm(got["coef"][0] - expected.coef)
    rounding = 4e-16 * np.linalg.norm(expected.coef) + 2 * expected.correction * np.abs(expected.coef).max()
    assert distance <= got["error_bound"][0] + rounding


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("shape", [(300, 40), (100, 500), (1, 5)])
def test_coefficients_are_those_of_the_dense_matrix(
    shape: tuple[int, int], alpha: float, intercept: bool
) -> None:
    X, y = text_like(*shape, 0.1 if shape[0] > 1 else 0.5)
    Y = np.column_stack([y, y[::-1]])
    weights = np.random.default_rng(0).integers(1, 4, shape[0]).astype(float)
    expected: Any = crowfly.lstsq(X.toarray(), Y, alpha=alpha, intercept=intercept, sample_weight=weights)
    got = solve(X, Y, alpha, intercept, weights)
    size = np.abs(expected.coef).max()
    np.testing.assert_allclose(got["coef"], expected.coef, atol=1e-11 * size)
    np.testing.assert_allclose(got["intercept"], np.broadcast_to(expected.intercept, 2), atol=1e-10)
    np.testing.assert_allclose(got["rss"], expected.rss, rtol=1e-9, atol=1e-20)
    distance = np.linalg.norm(got["coef"] - expected.coef, axis=1)
    assert np.all(distance <= got["error_bound"] + 1e-15 * size)
    assert np.all(got["correction"] <= 1e-11)


def test_more_features_than_a_gram_matrix_has_room_for() -> None:
    X, y = text_like(3000, 8000, 0.003)
    weights = np.random.default_rng(1).integers(0, 3, 3000).astype(float)
    tracemalloc.start()
    fit: Any = crowfly.lstsq(X, np.column_stack([y, -y]), alpha=[1.0, 10.0], sample_weight=weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert (fit.method, fit.rank) == ("conjugate_gradient", 8000)
    assert np.all(fit.error_bound <= 1e-8)
    residual = np.column_stack([y, -y]) - fit.predict(X)
    np.testing.assert_allclose(weights @ residual, 0, atol=1e-8)
    np.testing.assert_allclose(X.T @ (weights[:, np.newaxis] * residual), fit.coef.T * [1.0, 10.0], atol=1e-9)
    model = Ridge(alpha=1.0).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(model.coef_, fit.coef[0])
    assert model.solver_ == "conjugate_gradient"
    theirs = sklearn.linear_model.Ridge(alpha=1.0, tol=1e-10).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-6)
    one: Any = crowfly.lstsq(X, y, alpha=1.0)
    assert 0 <= one.error_bound <= 1e-8
    assert isinstance(one.intercept, float)
    dense: Any = crowfly.lstsq(X[:300].toarray(), y[:300], alpha=1.0)
    np.testing.assert_allclose(crowfly.lstsq(X[:300], y[:300], alpha=1.0).coef, dense.coef, atol=1e-12)


def test_no_bit_depends_on_the_number_of_threads() -> None:
    X, y = text_like(4000, 7000, 0.003)
    Y = np.column_stack([y, y[::-1], -y])
    for targets in (y, Y):
        first, *others = (crowfly.lstsq(X, targets, alpha=0.5, num_threads=threads) for threads in THREADS)
        for other in others:
            assert_same_bits(other.coef, first.coef)
            assert_same_bits(np.asarray(other.intercept), np.asarray(first.intercept))


def test_without_a_penalty_there_is_a_limit() -> None:
    X, y = text_like(50, 6001, 0.01)
    for alpha in (0.0, [1.0, 0.0]):
        with pytest.raises(ValueError, match=r"at most 6000 features .* alpha > 0 has no such limit"):
            crowfly.lstsq(X, y if alpha == 0.0 else np.column_stack([y, y]), alpha=alpha)
    with pytest.raises(ValueError, match=r"at most 6000 features .* RidgeCV with cv"):
        RidgeCV().fit(X, y)
    y[0] = np.inf
    with pytest.raises(ValueError, match=r"y: finite numbers expected"):
        crowfly.lstsq(X, y, alpha=1.0)


# --- Scores of many penalties ---


@pytest.mark.parametrize("shape", [(400, 30), (20, 60), (900, 250)])
@pytest.mark.parametrize("intercept", [False, True])
def test_paths_have_the_bits_of_the_dense_matrix(shape: tuple[int, int], intercept: bool) -> None:
    X, y = text_like(*shape, 0.1)
    weights = np.random.default_rng(0).integers(0, 3, shape[0]).astype(float)
    options: dict[str, Any] = {"sample_weight": weights, "intercept": intercept, "loo_errors": True}
    got: Any = crowfly.ridge_path(X, y, [0.1, 10.0], **options)
    expected: Any = crowfly.ridge_path(X.toarray(), y, [0.1, 10.0], **options)
    for name in ("coef", "intercept", "rss", "degrees_of_freedom", "loo_mse", "gcv"):
        assert_same_bits(getattr(got, name), getattr(expected, name))
    # Those of rows without weight are products of SciPy here.
    np.testing.assert_allclose(got.loo_errors, expected.loo_errors, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("cv", [None, 4, KFold(5, shuffle=True, random_state=0)])
@pytest.mark.parametrize("options", [{}, {"scoring": "neg_mean_absolute_error"}])
def test_ridge_cv(make: Any, cv: Any, options: dict[str, Any]) -> None:
    X, y = text_like(200, 40, 0.1)
    weights = np.random.default_rng(0).integers(1, 3, 200).astype(float)
    got = RidgeCV(alphas=[0.1, 1, 10], cv=cv, **options).fit(make(X), y, sample_weight=weights)
    expected = RidgeCV(alphas=[0.1, 1, 10], cv=cv, **options).fit(X.toarray(), y, sample_weight=weights)
    assert got.alpha_ == expected.alpha_
    assert got.best_score_ == pytest.approx(expected.best_score_, rel=1e-12)
    np.testing.assert_allclose(got.coef_, expected.coef_, rtol=1e-13)
    np.testing.assert_allclose(got.predict(make(X)), expected.predict(X.toarray()), atol=1e-12)


def test_ridge_cv_of_many_features_searches() -> None:
    X, y = text_like(60, 6100, 0.01)
    model = RidgeCV(alphas=[0.1, 1.0], cv=3).fit(X, y)
    theirs = sklearn.linear_model.RidgeCV(alphas=[0.1, 1.0], cv=3).fit(X, y)
    assert model.alpha_ == theirs.alpha_
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("p", [40, 6100])
def test_classifiers(n_classes: int, p: int) -> None:
    X, y = text_like(150, p, 0.1 if p == 40 else 0.01)
    labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    got = RidgeClassifier(class_weight="balanced").fit(X, labels)
    expected = RidgeClassifier(class_weight="balanced").fit(X.toarray(), labels)
    np.testing.assert_allclose(got.coef_, expected.coef_, atol=1e-11)
    np.testing.assert_array_equal(got.predict(X), expected.predict(X.toarray()))
    if p == 40:
        searched = RidgeClassifierCV().fit(X, labels)
        dense = RidgeClassifierCV().fit(X.toarray(), labels)
        assert searched.alpha_ == dense.alpha_
        np.testing.assert_allclose(
            searched.decision_function(X), dense.decision_function(X.toarray()), atol=1e-11
        )


@pytest.mark.parametrize("model", [Ridge, RidgeCV, RidgeClassifier, RidgeClassifierCV])
@pytest.mark.parametrize("dtype", [bool, np.int64])
def test_numbers_and_formats_are_converted(model: Any, dtype: Any) -> None:
    dense = np.random.default_rng(1).integers(0, 2, (40, 5)).astype(dtype)
    labels = (dense.sum(axis=1) > 2).astype(int)
    got, expected = (model().fit(X, labels) for X in (scipy.sparse.coo_array(dense), dense))
    np.testing.assert_allclose(got.coef_, expected.coef_, atol=1e-13)
    assert model().__sklearn_tags__().input_tags.sparse
