# SPDX-License-Identifier: BSD-3-Clause
"""Non-negative ridge regression on fewer rows than features: Newton steps on the dual, held against conditions of optimality in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

import crowfly
from references import FloatArray


def problem(
    kind: str, n: int = 60, p: int = 500, targets: int = 1
) -> tuple[FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(n + p)
    X = rng.standard_normal((n, p))
    if kind == "correlated":
        X += 2 * rng.standard_normal((n, 1))
    if kind == "positive":
        X = np.abs(X)
    if kind == "twice":
        X[:, p // 2 :] = X[:, : p // 2]
        X[1::2] = X[::2]
    if kind == "offsets":
        X = X * np.exp(3 * rng.standard_normal(p)) + 100 * rng.standard_normal(p)
        X[:, 7], X[:, 11] = 3.0, 0.0
    Y = X[:, : 3 + targets] @ rng.uniform(-1, 2, (3 + targets, targets)) + rng.standard_normal((n, targets))
    return X, Y, rng.integers(0, 4, n).astype(float)


def extended(
    X: FloatArray, y: FloatArray, weights: FloatArray, coef: FloatArray, l2: FloatArray, intercept: bool
) -> tuple[Any, Any]:
    """The objective and its negative gradient, the intercept at its best."""
    w = weights.astype(np.longdouble) / weights.sum()
    residual = y - X.astype(np.longdouble) @ coef
    if intercept:
        residual = residual - w @ residual
    pull = X.astype(np.longdouble).T @ (w * residual) - l2 * coef
    return 0.5 * (w @ residual**2) + 0.5 * (l2 @ coef.astype(np.longdouble) ** 2), pull


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("alpha", [1e-4, 0.03, 20.0])
@pytest.mark.parametrize("kind", ["normal", "correlated", "positive", "twice", "offsets"])
def test_the_gap_bounds_what_the_objective_lacks(kind: str, alpha: float, intercept: bool) -> None:
    X, Y, weights = problem(kind, targets=2)
    path: Any = crowfly.enet_path(
        X,
        Y,
        l1_ratio=0.0,
        alphas=[alpha],
        positive=True,
        intercept=intercept,
        sample_weight=weights,
    )
    # Scales over eight orders of magnitude may be too much for the dual.
    assert path.method == "rows" or kind == "offsets"
    assert path.method == "columns" or path.n_iter.max() <= (10 if kind == "normal" else 60)
    exact = crowfly.nnls(X, Y, intercept=intercept, sample_weight=weights, alpha=alpha * weights.sum())
    l2 = np.full(X.shape[1], alpha)
    for target in range(2):
        y = Y[:, target]
        reached, _ = extended(X, y, weights, path.coefs[target, :, 0], l2, intercept)
        lowest, pull = extended(X, y, weights, exact.coef[target], l2, intercept)
        assert path.coefs[target].min() >= 0
        length = np.sqrt(weights @ X**2 / weights.sum())
        # The refined coefficients are the minimum: no gradient but that of their own rounding.
        assert (pull / np.maximum(length, 1)).max() <= 1e-13 * np.sqrt(weights @ y**2)
        support = exact.coef[target] > 0
        assert (np.abs(pull) / np.maximum(length, 1))[support].max() <= 1e-13 * np.sqrt(weights @ y**2)
        assert (
            -1e-16 * lowest
            <= reached - lowest
            <= path.dual_gaps[target, 0]
            <= 1e-9 * (weights @ y**2 / weights.sum())
        )
        best = weights @ (y - X @ path.coefs[target, :, 0]) / weights.sum() if intercept else 0.0
        size = np.abs(y).max() + np.abs(X.mean(axis=0)) @ path.coefs[target, :, 0]
        assert abs(path.intercepts[target, 0] - best) <= 1e-14 * size
        np.testing.assert_allclose(
            path.objectives[target, 0], float(reached), rtol=0, atol=path.dual_gaps[target, 0]
        )
        if kind != "offsets":
            np.testing.assert_allclose(
                path.coefs[target, :, 0], exact.coef[target], rtol=0, atol=1e-8 * exact.coef[target].max()
            )


def test_each_feature_has_its_penalty() -> None:
    X, Y, weights = problem("normal")
    y = Y[:, 0]
    factors: Any = np.random.default_rng(3).uniform(0.1, 5, X.shape[1])
    factors[5] = np.inf
    path = crowfly.enet_path(
        X, y, l1_ratio=0.0, alphas=[1.0, 0.1], positive=True, penalty_factor=factors, sample_weight=weights
    )
    assert path.method == "rows"
    finite = np.isfinite(factors)
    for k, alpha in enumerate([1.0, 0.1]):
        coef = path.coefs[:, k]
        _, pull = extended(X[:, finite], y, weights, coef[finite], alpha * factors[finite], True)
        assert coef[5] == 0
        assert pull.max() <= 1e-13
        assert np.abs(pull[coef[finite] > 0]).max() <= 1e-13


@pytest.mark.filterwarnings("ignore::crowfly.ConvergenceWarning")
@pytest.mark.parametrize("alpha", [1e-9, 1e-15])
def test_a_penalty_too_small_for_the_dual_is_left_to_active_sets(alpha: float) -> None:
    X, Y, _ = problem("normal", 40, 300)
    y, ones = Y[:, 0], np.ones(40)
    dense = crowfly.enet_path(X, y, l1_ratio=0.0, alphas=[alpha], positive=True)
    sparse = crowfly.enet_path(scipy.sparse.csr_array(X), y, l1_ratio=0.0, alphas=[alpha], positive=True)
    assert dense.method == ("rows" if alpha > 1e-12 else "columns")
    one, other = (
        extended(X, y, ones, path.coefs[:, 0], np.full(300, alpha), True)[0] for path in (dense, sparse)
    )
    assert one - other <= dense.dual_gaps[0]
    assert other - one <= sparse.dual_gaps[0]


@pytest.mark.parametrize("y", [np.zeros(40), np.full(40, 3.0), -np.arange(40.0)])
def test_targets_that_leave_nothing_to_fit(y: FloatArray) -> None:
    X = np.abs(problem("normal", 40, 300)[0]) + np.arange(40.0)[:, np.newaxis]
    fit: Any = crowfly.nnls(X, y, alpha=1.0, intercept=True)
    assert not fit.coef.any()
    assert fit.intercept == pytest.approx(y.mean(), abs=1e-14)


def test_bits_do_not_depend_on_threads() -> None:
    X, Y, _ = problem("correlated", 300, 1000, 3)
    fits = [
        crowfly.enet_path(X, Y, l1_ratio=0.0, alphas=[0.1], positive=True, num_threads=threads).coefs
        for threads in (1, 2, 5)
    ]
    assert (fits[0] == fits[1]).all()
    assert (fits[0] == fits[2]).all()
