# SPDX-License-Identifier: BSD-3-Clause
"""Steps with Hessians in low precision and samples of the rows: the minimum and its certificate are those of the exact method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from crowfly import _core
from references import AnyArray
from strategies import THREADS


def data(n: int, p: int, n_classes: int = 2, seed: int = 0) -> tuple[AnyArray, AnyArray]:
    """Classes drawn from a model, so that they overlap."""
    rng = np.random.default_rng([n, p, n_classes, seed])
    X = rng.standard_normal((n, p))
    utility = X @ rng.standard_normal((p, n_classes)) * (2 / np.sqrt(p)) + rng.gumbel(size=(n, n_classes))
    return X, utility.argmax(axis=1)


def newton(
    X: AnyArray, y: AnyArray, fit: Any, alpha: float, weights: AnyArray | None = None
) -> tuple[float, AnyArray]:
    """Objective of a fit, and the Newton step from it in NumPy (features, then the intercept, classes one after the other): what is left."""
    w = np.ones(len(y)) if weights is None else weights
    design = np.column_stack([X.astype(float), np.ones(len(X))])
    if len(fit.classes) == 2:
        eta = fit.decision_function(X)
        sign = np.where(y == fit.classes[1], 1.0, -1.0)
        value = (w * np.logaddexp(0, -sign * eta)).sum()
        wrong = 1 / (1 + np.exp(sign * eta))
        gradient, curvature = design.T @ (-w * sign * wrong), w * wrong * (1 - wrong)
        hessian = design.T @ (design * curvature[:, np.newaxis])
    else:
        log_p = fit.predict_log_proba(X)
        own = y[:, np.newaxis] == fit.classes
        value = -(w[:, np.newaxis] * log_p)[own].sum()
        P = np.exp(log_p)
        gradient = (design.T @ (w[:, np.newaxis] * (P - own))).T.ravel()
        K = len(fit.classes)
        hessian = np.block(
            [
                [design.T @ (design * (w * P[:, a] * ((a == b) - P[:, b]))[:, np.newaxis]) for b in range(K)]
                for a in range(K)
            ]
        )
    rows = len(fit.coef)
    penalty = np.tile(np.r_[np.full(X.shape[1], alpha), 0.0], rows)
    at = np.column_stack([fit.coef, fit.intercept]).ravel()
    gradient = gradient + penalty * at
    hessian = hessian + np.diag(penalty)
    step = np.linalg.lstsq(hessian, -gradient, rcond=1e-13)[0]
    return value + 0.5 * float(penalty @ at**2), step


PROBLEMS = {
    "plain": data(8000, 60),
    "several classes": data(8000, 30, 4),
    "many columns": data(6000, 230),
    "wide": data(4200, 1010),
}


@pytest.mark.parametrize("name", list(PROBLEMS))
@pytest.mark.parametrize("alpha", [1.0, 1e-4])
def test_default_fits_end_at_the_minimum(name: str, alpha: float) -> None:
    X, y = PROBLEMS[name]
    if name == "wide" and alpha < 1:
        pytest.skip("nearly separable: the exact method's tests have it")
    fit = crowfly.logistic(X, y, alpha=alpha)
    value, step = newton(X, y, fit, alpha)
    assert fit.converged
    assert 0 <= fit.optimality_gap <= 1e-11 * fit.objective
    assert abs(fit.objective - value) <= 1e-12 * value
    size = np.abs(np.column_stack([fit.coef, fit.intercept])).max()
    # What a step would still change is rounding.
    assert np.abs(step).max() <= 1e-9 * size


@pytest.mark.parametrize("name", list(PROBLEMS))
@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-9])
def test_the_bound_holds_at_every_tolerance(name: str, tol: float) -> None:
    X, y = PROBLEMS[name]
    best = crowfly.logistic(X, y)
    fit = crowfly.logistic(X, y, tol=tol)
    assert fit.converged
    assert fit.objective - best.objective <= fit.optimality_gap <= (tol + 1e-12) * fit.objective


def with_outlier(X: AnyArray) -> AnyArray:
    X = X.copy()
    X[17, 3] = 1e12
    return X


def with_rare_column(X: AnyArray) -> AnyArray:
    """Constant in nearly all rows, as a sample of them sees it."""
    X = X.copy()
    X[:, 5] = 7.0
    X[70:75, 5] = [1e9, -1e9, 3.0, 1e3, 0.0]
    return X


HARD: dict[str, Callable[[AnyArray], AnyArray]] = {
    "outlier": with_outlier,
    "rare": with_rare_column,
    "far from zero": lambda X: X + 1e6 * np.arange(1, X.shape[1] + 1),
    "unscaled": lambda X: X * np.geomspace(1e-150, 1e150, X.shape[1]),
    "twice the same": lambda X: np.column_stack([X, X[:, :10]]),
    "nearly the same": lambda X: np.column_stack([X, X[:, :10] + 1e-7 * X[:, 10:20]]),
    "sorted": lambda X: X[np.argsort(X[:, 0])],
    "constant": lambda X: np.column_stack([X, np.full(len(X), 3.0), np.zeros(len(X))]),
    "column-major": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
}


@pytest.mark.parametrize("name", list(HARD))
def test_hard_columns(name: str) -> None:
    X, y = PROBLEMS["plain"]
    X = HARD[name](X)
    fit = crowfly.logistic(X, y, alpha=1e-3, tol=1e-8)
    assert fit.converged
    best = crowfly.logistic(X, y, alpha=1e-3)
    assert best.converged
    assert fit.objective - best.objective <= fit.optimality_gap * (1 + 1e-9)
    assert fit.objective - best.objective <= 1e-8 * best.objective
    # An outlier of 1e12 leaves little to be certified in float64; a wide bound says so, or an infinite one.
    assert (fit.optimality_gap <= 1e-7 * fit.objective) != (name == "outlier")


def test_weights_count_as_rows_do() -> None:
    X, y = PROBLEMS["plain"]
    weights = np.random.default_rng(1).integers(1, 4, len(y))
    fit = crowfly.logistic(X, y, sample_weight=weights.astype(float))
    whole = crowfly.logistic(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(fit.coef, whole.coef, rtol=0, atol=1e-10)
    huge = crowfly.logistic(X, y, sample_weight=weights * 1e60, alpha=1e60)
    np.testing.assert_allclose(huge.coef, fit.coef, rtol=0, atol=1e-10)


def test_rows_in_the_order_of_their_classes() -> None:
    """A sample must have all of them; of a class in one block only it has none."""
    X, y = PROBLEMS["several classes"]
    order = np.argsort(y, kind="stable")
    expected = crowfly.logistic(X, y)
    np.testing.assert_allclose(crowfly.logistic(X[order], y[order]).coef, expected.coef, rtol=0, atol=1e-10)
    rare = np.where(np.arange(len(y)) < 20, 4, y)
    assert crowfly.logistic(X, rare).converged


@pytest.mark.parametrize("name", ["plain", "several classes", "many columns"])
def test_no_bit_depends_on_the_number_of_threads(name: str) -> None:
    X, y = PROBLEMS[name]
    fits = [crowfly.logistic(X, y, num_threads=threads) for threads in THREADS]
    for fit in fits[1:]:
        assert_same_bits(fit.coef, fits[0].coef)
        assert_same_bits(fit.intercept, fits[0].intercept)


def correlated(n: int, p: int, correlation: float) -> tuple[AnyArray, AnyArray]:
    """Neighbouring columns have this correlation; classes from a model."""
    rng = np.random.default_rng([n, p])
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    utility = X @ rng.standard_normal(p) * (2 / np.sqrt(p))
    return X, (rng.random(n) < 1 / (1 + np.exp(-utility))).astype(int)


#: Of sizes where a Hessian costs several reads: without tiles, that is, on which the bounds hold, too.
DEAR: dict[str, tuple[AnyArray, AnyArray]] = {
    "independent": correlated(14000, 200, 0.0),
    "correlated": correlated(14000, 200, 0.9),
    "no sample": correlated(4200, 400, 0.5),
    "several classes": data(20000, 30, 8),
}
MOST_READS = {"independent": 10, "correlated": 10, "no sample": 13, "several classes": 10}


@pytest.mark.parametrize("name", list(DEAR))
@pytest.mark.parametrize("alpha", [10.0, 0.1])
def test_descents_by_secants_end_where_the_exact_method_does(name: str, alpha: float) -> None:
    """Few reads, whatever the correlations: with the wrong curvatures, or none, there would be many more."""
    X, y = DEAR[name]
    fit = crowfly.logistic(X, y, alpha=alpha)
    assert fit.converged
    value, step = newton(X, y, fit, alpha)
    assert abs(fit.objective - value) <= 1e-12 * value
    assert np.abs(step).max() <= 1e-9 * np.abs(np.column_stack([fit.coef, fit.intercept])).max()
    rough = crowfly.logistic(X, y, alpha=alpha, tol=1e-6)
    assert rough.converged
    assert rough.objective - fit.objective <= rough.optimality_gap <= 1.001e-6 * rough.objective
    assert rough.n_reads <= MOST_READS[name]
    assert fit.n_reads <= MOST_READS[name] + 4


@pytest.mark.parametrize("name", ["independent", "no sample", "several classes"])
def test_no_bit_of_a_descent_by_secants_depends_on_the_number_of_threads(name: str) -> None:
    X, y = DEAR[name]
    fits = [crowfly.logistic(X, y, num_threads=threads) for threads in THREADS]
    for fit in fits[1:]:
        assert_same_bits(fit.coef, fits[0].coef)
        assert_same_bits(fit.intercept, fits[0].intercept)


@pytest.mark.parametrize("name", list(HARD))
def test_hard_columns_in_descents_by_secants(name: str) -> None:
    X, y = DEAR["independent"]
    X = HARD[name](X)
    fit = crowfly.logistic(X, y, alpha=1e-2, tol=1e-8)
    best = crowfly.logistic(X, y, alpha=1e-2)
    assert fit.converged
    assert best.converged
    assert fit.objective - best.objective <= fit.optimality_gap * (1 + 1e-9)
    assert fit.objective - best.objective <= 1e-8 * best.objective


@pytest.mark.parametrize(
    ("n", "p"), [(1, 1), (7, 3), (33, 25), (100, 60), (257, 130), (128, 24), (1000, 101)]
)
def test_coarse_products_of_whole_numbers_are_exact(n: int, p: int) -> None:
    rng = np.random.default_rng([n, p])
    X = rng.integers(-9, 10, (n, p)).astype(float)
    left, right = (rng.integers(0, 5, n).astype(float) for _ in range(2))
    scaled = X * left[:, np.newaxis]
    np.testing.assert_array_equal(_core._kernels.coarse_gram_matrix(X, left, left, True), scaled.T @ scaled)
    np.testing.assert_array_equal(
        _core._kernels.coarse_gram_matrix(X, left, right, False), scaled.T @ (X * right[:, np.newaxis])
    )


def test_coarse_products_are_rounded_to_eight_bits_at_least() -> None:
    X = np.random.default_rng(0).standard_normal((1000, 40))
    ones = np.ones(len(X))
    found = _core._kernels.coarse_gram_matrix(X, ones, ones, True)
    size = np.abs(X).T @ np.abs(X)
    # Two factors, each within half a unit of eight bits; sums in float32.
    assert (np.abs(found - X.T @ X) <= (2 * 2.0**-8 + 1e-4) * size).all()
