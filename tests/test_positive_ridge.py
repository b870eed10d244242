# SPDX-License-Identifier: BSD-3-Clause
"""Non-negative ridge regression against exact rational minima, its conditions of optimality, and scikit-learn."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model
from hypothesis import given, settings
from hypothesis import strategies as st

import crowfly
from crowfly.linear_model import Ridge
from references import FloatArray
from strategies import integer_designs
from test_lasso import exact_minimum, regression
from test_sparse_lasso import text_like


@settings(deadline=None, max_examples=60)
@given(problem=integer_designs(), alpha=st.sampled_from([0.125, 1.0, 30.0]), sparse=st.booleans())
def test_gap_bounds_the_distance_from_the_exact_minimum(
    problem: tuple[FloatArray, FloatArray, FloatArray], alpha: float, sparse: bool
) -> None:
    X, y, weights = problem
    X = X[:, :3]
    total = Fraction(weights.sum())
    fit: Any = crowfly.nnls(
        scipy.sparse.csr_array(X) if sparse else X,
        y,
        intercept=True,
        sample_weight=weights,
        alpha=alpha,
    )
    assert fit.coef.min() >= 0
    coef = [Fraction(c) for c in fit.coef.tolist()]
    residual = [
        Fraction(t) - sum((Fraction(v) * c for v, c in zip(row, coef, strict=True)), Fraction(0))
        for row, t in zip(X.tolist(), y.tolist(), strict=True)
    ]
    w = [Fraction(v) for v in weights.tolist()]
    mean = sum((u * r for u, r in zip(w, residual, strict=True)), Fraction(0)) / total
    rss = sum((u * (r - mean) ** 2 for u, r in zip(w, residual, strict=True)), Fraction(0))
    reached = rss + Fraction(alpha) * sum((c * c for c in coef), Fraction(0))
    minimum = 2 * total * exact_minimum(X, y, weights, Fraction(alpha) / total, 0.0, True)  # type: ignore[arg-type]
    assert 0 <= reached - minimum <= Fraction(fit.optimality_gap) + Fraction(1, 2**200)
    assert fit.optimality_gap <= 1e-11 * (1 + weights @ y**2)
    assert abs(fit.rss - float(rss)) <= 1e-12 * (1 + weights @ y**2)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("n", "p"), [(60, 8), (50, 120), (80, 400)])
def test_ridge_is_optimal_and_what_scikit_learn_approaches(
    n: int, p: int, intercept: bool, sparse: bool
) -> None:
    X: Any
    X, y = text_like(n, p, 0.2) if sparse else regression(n, p)
    dense = X.toarray() if sparse else X
    Y = np.column_stack([y, -y, y[::-1]])
    weights = np.random.default_rng(p).integers(0, 3, n).astype(float)
    alpha = np.array([0.3, 2.0, 0.3])
    model = Ridge(alpha=alpha, positive=True, fit_intercept=intercept).fit(X, Y, sample_weight=weights)
    assert model.coef_.shape == (3, p)
    assert model.coef_.min() >= 0
    assert (model.solver_, model.n_iter_) == ("active_set", None)
    residual = Y - model.predict(X)
    if intercept:
        assert np.abs(weights @ residual).max() <= 1e-10
    pull = dense.T @ (weights[:, np.newaxis] * residual) - alpha * model.coef_.T
    assert pull.max() <= 1e-9
    assert np.abs(pull[model.coef_.T > 0]).max() <= 1e-9
    for target in range(3):
        theirs = sklearn.linear_model.Ridge(
            alpha=alpha[target], positive=True, fit_intercept=intercept, tol=1e-12
        ).fit(X, Y[:, target], sample_weight=weights)
        objective = [
            weights @ (Y[:, target] - dense @ coef - constant) ** 2 + alpha[target] * coef @ coef
            for coef, constant in (
                (model.coef_[target], np.broadcast_to(model.intercept_, 3)[target]),
                (theirs.coef_, theirs.intercept_),
            )
        ]
        assert objective[0] <= objective[1] * (1 + 1e-12) <= objective[0] * (1 + 1e-3)
        one = Ridge(alpha=alpha[target], positive=True, fit_intercept=intercept).fit(
            X, Y[:, target], sample_weight=weights
        )
        np.testing.assert_allclose(one.coef_, model.coef_[target], atol=1e-12)


def test_what_no_sign_stops_is_ridge() -> None:
    rng = np.random.default_rng(5)
    X = np.abs(rng.standard_normal((200, 6)))
    y = X @ rng.uniform(1, 2, 6) + 0.1 * rng.standard_normal(200)
    np.testing.assert_array_max_ulp(
        Ridge(alpha=0.5, positive=True).fit(X, y).coef_, Ridge(alpha=0.5).fit(X, y).coef_, 1
    )


def test_one_penalty_per_target() -> None:
    X, y = regression(20, 3)
    with pytest.raises(ValueError, match="alpha: one number or one per target"):
        crowfly.nnls(X, y, alpha=[1.0, 2.0])
    with pytest.raises(ValueError, match="alpha"):
        crowfly.nnls(X, y, alpha=-1.0)
    with pytest.raises(ValueError, match="do not correspond"):
        Ridge(alpha=[1.0, 2.0], positive=True).fit(X, y)
