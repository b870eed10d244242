# SPDX-License-Identifier: BSD-3-Clause
"""Ridge regression on fewer rows than features, by products of the rows, against the dual system to fifty digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

import crowfly
from crowfly.linear_model import Ridge, RidgeCV

FloatArray = NDArray[np.float64]


def draw(n: int, p: int, seed: int = 0, offset: float = 0.0) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + offset
    return X, X[:, :3].sum(axis=1) + rng.normal(size=n)


def dual_solution(X: FloatArray, y: FloatArray, alpha: float, intercept: bool) -> tuple[FloatArray, float]:
    """b = Z' (Z Z' + alpha)^-1 z, Z and z centred, rounded once."""
    with mpmath.workdps(50):
        n, p = X.shape
        rows = [[mpmath.mpf(v) for v in row] for row in X.tolist()]
        target = [mpmath.mpf(v) for v in y.tolist()]
        means = [mpmath.fsum(row[j] for row in rows) / n if intercept else mpmath.mpf(0) for j in range(p)]
        mean = mpmath.fsum(target) / n if intercept else mpmath.mpf(0)
        Z = [[v - m for v, m in zip(row, means, strict=True)] for row in rows]
        K = mpmath.matrix(n, n)
        for i in range(n):
            for k in range(i + 1):
                K[i, k] = K[k, i] = mpmath.fdot(Z[i], Z[k])
            K[i, i] += alpha
        c = mpmath.lu_solve(K, mpmath.matrix([t - mean for t in target]))
        coef = [mpmath.fsum(Z[i][j] * c[i] for i in range(n)) for j in range(p)]
        return np.array([float(b) for b in coef]), float(mean - mpmath.fdot(coef, means))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(
    ("n", "p", "alpha", "offset"),
    [
        (20, 300, 1.0, 0.0),
        (31, 520, 1e-3, 3.0),
        (9, 25, 1e6, 0.0),
        (20, 300, 1e-7, 0.0),
        (12, 70, 1e-13, 0.0),
        (1, 30, 1.0, 0.0),
    ],
)
def test_coefficients_are_rounded_once(n: int, p: int, alpha: float, offset: float, intercept: bool) -> None:
    X, y = draw(n, p, offset=offset)
    coef, constant = dual_solution(X, y, alpha, intercept)
    for fit in (
        crowfly.lstsq(X, y, alpha=alpha, intercept=intercept),
        Ridge(alpha=alpha, fit_intercept=intercept).fit(X, y),
    ):
        found = fit.coef if isinstance(fit, crowfly.LstsqResult) else fit.coef_
        np.testing.assert_array_equal(found, coef)
    assert crowfly.lstsq(X, y, alpha=alpha, intercept=intercept).intercept == pytest.approx(
        constant, rel=1e-15
    )


@pytest.mark.parametrize(("n", "offset", "alpha"), [(8, 1e6, 1e-6), (8, 1e8, 1e-4), (20, 1e8, 1e-2)])
def test_paths_far_from_zero(n: int, offset: float, alpha: float) -> None:
    """Means are rounded: the first step misses by that, squared, beside a small penalty, and the next one has to be taken."""
    X, y = draw(n, 2 * n + 4, offset=offset)
    coef, constant = dual_solution(X, y, alpha, True)
    path = crowfly.ridge_path(X, y, [alpha])
    np.testing.assert_array_equal(path.coef[0], coef)
    assert path.intercept[0] == pytest.approx(constant, rel=1e-15)


def test_rows_given_twice() -> None:
    X, y = draw(14, 200)
    X, y = np.repeat(X, 2, axis=0), np.repeat(y, 2) + np.tile([0.25, -0.5], 14)
    np.testing.assert_array_equal(crowfly.lstsq(X, y, alpha=0.5).coef, dual_solution(X, y, 0.5, True)[0])


def test_every_target_has_its_penalty() -> None:
    X, y = draw(24, 150)
    targets = np.column_stack([y, y[::-1], y**2])
    alphas = [1e-2, 30.0, 1e-2]
    fit = crowfly.lstsq(X, targets, alpha=alphas)
    for t, alpha in enumerate(alphas):
        np.testing.assert_array_equal(fit.coef[t], dual_solution(X, targets[:, t], alpha, True)[0])


def test_columns_of_many_scales() -> None:
    X, y = draw(18, 90)
    X *= np.ldexp(1.0, np.tile([-40, 0, 7, 10, -3], 18))
    coef, _ = dual_solution(X, y, 2.0, True)
    np.testing.assert_allclose(crowfly.lstsq(X, y, alpha=2.0).coef, coef, rtol=3e-16)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("n", "p"), [(40, 600), (90, 91), (300, 310)])
def test_leave_one_out_errors(n: int, p: int, intercept: bool, threads: int) -> None:
    X, y = draw(n, p, seed=1)
    alphas = [1e-2, 1.0, 100.0]
    path = crowfly.ridge_path(X, y, alphas, intercept=intercept, loo_errors=True, num_threads=threads)
    assert path.loo_errors is not None
    for alpha, errors in zip(alphas, path.loo_errors, strict=True):
        inverse = np.linalg.inv(centred(X, intercept) + alpha * np.eye(n))
        # The residual is alpha c and 1 - h is alpha times the inverse's diagonal, less the constant's share.
        centred_target = y - y.mean() if intercept else y
        share = 1 / n if intercept else 0
        expected = alpha * (inverse @ centred_target) / (alpha * np.diag(inverse) - share)
        np.testing.assert_allclose(errors, expected, rtol=1e-8)


def centred(X: FloatArray, intercept: bool) -> FloatArray:
    Z = X - X.mean(axis=0) if intercept else X
    product: FloatArray = Z @ Z.T
    return product


def test_the_same_bits_for_any_number_of_threads() -> None:
    X, y = draw(280, 400)
    paths = [crowfly.ridge_path(X, y, [0.1, 10.0], num_threads=threads) for threads in (1, 2, 3)]
    for path in paths[1:]:
        np.testing.assert_array_equal(path.coef, paths[0].coef)
        np.testing.assert_array_equal(path.loo_mse, paths[0].loo_mse)


@pytest.mark.parametrize("alpha", [1e-14, 1e-9, 1e-4])
def test_nearly_equal_rows_with_a_small_penalty(alpha: float) -> None:
    """What the eigenvectors of the products can't tell apart any more."""
    X, y = draw(16, 40)
    X[8:] = X[:8] + 1e-7 * X[8:]
    path = crowfly.ridge_path(X, y, [alpha], loo_errors=True)
    coef, _ = dual_solution(X, y, alpha, True)
    np.testing.assert_array_equal(path.coef[0], coef)
    assert path.loo_errors is not None
    expected = np.array([left_out_error(X, y, i, alpha) for i in range(len(y))])
    np.testing.assert_allclose(path.loo_errors[0], expected, rtol=1e-5)


def left_out_error(X: FloatArray, y: FloatArray, i: int, alpha: float) -> float:
    coef, constant = dual_solution(np.delete(X, i, axis=0), np.delete(y, i), alpha, True)
    return float(y[i] - X[i] @ coef - constant)


def test_cross_validated_choice() -> None:
    X, y = draw(60, 500, seed=3)
    alphas = np.logspace(-1, 4, 12)
    model = RidgeCV(alphas=alphas, store_cv_results=True).fit(X, y)
    scores = crowfly.ridge_path(X, y, alphas).loo_mse
    np.testing.assert_allclose(model.cv_results_.mean(axis=0), scores, rtol=1e-9)
    assert model.alpha_ == alphas[np.argmin(scores)]
    any_model: Any = model
    np.testing.assert_array_equal(any_model.coef_, dual_solution(X, y, any_model.alpha_, True)[0])
