# SPDX-License-Identifier: BSD-3-Clause
"""Multinomial fits that are too large for a factored Hessian per step: conjugate gradients, same answers."""

from __future__ import annotations

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from references import AnyArray, FloatArray


def problem(n: int, p: int, n_classes: int, seed: int = 0) -> tuple[FloatArray, AnyArray]:
    """Overlapping classes on columns of very different scales."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    scores = X @ rng.standard_normal((p, n_classes)) + rng.gumbel(size=(n, n_classes)) * np.sqrt(p)
    y = scores.argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X * 10.0 ** rng.uniform(-2, 2, p) + 3.0, y


def relative_gradient(
    X: FloatArray, y: AnyArray, r: crowfly.LogisticResult, alpha: float, intercept: bool
) -> float:
    """Largest entry of the objective's gradient, over the sum of magnitudes that cancel in it."""
    centred = X - X.mean(axis=0) if intercept else X
    design = np.column_stack([centred / np.abs(X).max(axis=0), np.ones(len(X))]) if intercept else X
    probabilities = r.predict_proba(X)
    residual = probabilities - (y[:, np.newaxis] == r.classes)
    gradient = design.T @ residual
    magnitude = np.abs(design).T @ np.abs(residual)
    penalty = alpha * r.coef.T * (np.abs(X).max(axis=0)[:, np.newaxis] ** -1 if intercept else 1.0)
    gradient[: X.shape[1]] += penalty
    magnitude[: X.shape[1]] += np.abs(penalty)
    return float((np.abs(gradient) / magnitude).max())


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 10.0])
def test_reaches_the_optimum_and_certifies_it(alpha: float, intercept: bool) -> None:
    X, y = problem(2000, 30, 9)
    r = crowfly.logistic(X, y, alpha=alpha, intercept=intercept)
    assert r.converged
    assert r.optimality_gap <= 1e-12 * r.objective
    assert relative_gradient(X, y, r, alpha, intercept) < 1e-11
    np.testing.assert_allclose(r.coef.sum(axis=0) / np.abs(r.coef).max(axis=0), 0, atol=1e-11)


def test_equals_the_factored_step() -> None:
    """Below and above the size at which the step changes: a column of no influence must not matter."""
    X, y = problem(1500, 21, 9)
    small = crowfly.logistic(X, y)
    wide = np.column_stack([X, np.zeros((len(X), 8))])
    large = crowfly.logistic(wide, y)
    assert small.coef.size + small.intercept.size <= 200 < large.coef.size + large.intercept.size
    assert large.n_reads > small.n_reads
    np.testing.assert_allclose(
        large.coef[:, :21], small.coef, rtol=1e-9, atol=1e-11 * np.abs(small.coef).max()
    )
    assert_same_bits(large.coef[:, 21:], np.zeros((9, 8)))


def test_duplicated_columns_without_a_penalty() -> None:
    X, y = problem(1500, 25, 9)
    with pytest.warns(np.exceptions.RankWarning, match="rank 25, "):
        r = crowfly.logistic(np.column_stack([X, X[:, :3]]), y, alpha=0.0)
    assert r.converged
    assert relative_gradient(np.column_stack([X, X[:, :3]]), y, r, 0.0, True) < 1e-9
    np.testing.assert_allclose(
        r.predict_proba(np.column_stack([X, X[:, :3]])),
        crowfly.logistic(X, y, alpha=0.0).predict_proba(X),
        rtol=1e-7,
    )


def test_bits_do_not_depend_on_threads() -> None:
    X, y = problem(3000, 40, 6)
    first = crowfly.logistic(X, y, num_threads=1)
    for num_threads in (2, 5):
        other = crowfly.logistic(X, y, num_threads=num_threads)
        assert_same_bits(other.coef, first.coef)
        assert_same_bits(other.intercept, first.intercept)


def test_separated_classes_without_a_penalty_are_refused() -> None:
    rng = np.random.default_rng(3)
    y = np.repeat(np.arange(10), 30)
    X = 20.0 * np.eye(10)[y] @ rng.standard_normal((10, 40)) + rng.standard_normal((300, 40))
    with pytest.raises(ValueError, match="separates"):
        crowfly.logistic(X, y, alpha=0.0)


def test_more_parameters_than_a_hessian_is_formed_for() -> None:
    X, y = problem(800, 90, 50)
    r = crowfly.logistic(X, y)
    assert r.converged
    assert np.isinf(r.optimality_gap)
    assert relative_gradient(X, y, r, 1.0, True) < 1e-10
