# SPDX-License-Identifier: BSD-3-Clause
"""Of many non-negative least squares solutions the shortest is given: it depends on nothing but the problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls

import crowfly
from crowfly.linear_model import LinearRegression
from references import FloatArray


def wide_problem(seed: int) -> tuple[FloatArray, FloatArray]:
    """Fewer rows than features, which reach the targets in many ways."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(5, 30)), int(rng.integers(40, 80))
    X = rng.random((n, p)) if seed % 2 else rng.standard_normal((n, p))
    return X, X @ np.where(rng.random(p) < 0.3, rng.random(p), 0.0)


def shortest_by_projection(X: FloatArray, fitted: FloatArray) -> FloatArray:
    """min |b| with X b = fitted, b >= 0, as a least distance problem with one non-negative solution (Lawson and Hanson 1974, chapter 23.4, equalities by weight)."""
    weight = 1e7
    stacked = np.vstack([weight * X, np.eye(X.shape[1])])
    solution: FloatArray = scipy_nnls(stacked, np.concatenate([weight * fitted, np.zeros(X.shape[1])]))[0]
    return solution


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("intercept", [True, False])
def test_nothing_else_decides(seed: int, intercept: bool) -> None:
    X, y = wide_problem(seed)
    fit: Any = crowfly.nnls(X, y, intercept=intercept)
    scale = np.abs(fit.coef).max()
    order = np.random.default_rng(seed).permutation(len(y))
    others = {
        "weights": crowfly.nnls(X, y, intercept=intercept, sample_weight=np.full(len(y), 3.0)),
        "rows": crowfly.nnls(X[order], y[order], intercept=intercept),
        "repeated rows": crowfly.nnls(np.repeat(X, 2, axis=0), np.repeat(y, 2), intercept=intercept),
    }
    for name, other in others.items():
        np.testing.assert_allclose(other.coef, fit.coef, rtol=0, atol=1e-12 * scale, err_msg=name)
    mirrored: Any = crowfly.nnls(X[:, ::-1], y, intercept=intercept)
    np.testing.assert_allclose(mirrored.coef[::-1], fit.coef, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_shortest(seed: int) -> None:
    X, y = wide_problem(seed)
    fit: Any = crowfly.nnls(X, y)
    assert (fit.coef >= 0).all()
    assert fit.rss <= 1e-24 * (y @ y)
    # Weights in place of equalities are what limits the other side.
    np.testing.assert_allclose(fit.coef, shortest_by_projection(X, y), atol=1e-6 * np.abs(fit.coef).max())


def test_residuals_that_stay_keep_their_solution() -> None:
    """Targets that no non-negative coefficients reach: the support is independent, and nothing is to choose."""
    rng = np.random.default_rng(4)
    X, y = rng.random((30, 40)), rng.standard_normal(30)
    fit: Any = crowfly.nnls(X, y)
    assert fit.rss > 1
    np.testing.assert_allclose(fit.coef, scipy_nnls(X, y)[0], atol=1e-12)
    assert fit.rss - scipy_nnls(X, y)[1] ** 2 <= fit.optimality_gap + 1e-12


@pytest.mark.parametrize("factor", [1e-150, 1e150, 1e200])
def test_scale_is_of_no_account(factor: float) -> None:
    """Squares beyond float64 leave any one of the solutions."""
    X, y = wide_problem(3)
    fit = LinearRegression(positive=True).fit(X * factor, y)
    np.testing.assert_allclose(fit.predict(X * factor), y, rtol=1e-8, atol=1e-8)


def test_of_no_positive_coefficient() -> None:
    X = np.random.default_rng(0).random((5, 9))
    fit: Any = crowfly.nnls(X, np.full(5, -1.0))
    assert not fit.coef.any()
