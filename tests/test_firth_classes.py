# SPDX-License-Identifier: BSD-3-Clause
"""Jeffreys' prior for several classes, against its definition in 50 digits: no formula for its derivatives is shared with the library."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

import crowfly
from assertions import assert_same_bits, log_relative_error
from crowfly import _core
from references import AnyArray, FloatArray

DIGITS = 50


def classification(n: int, p: int, n_classes: int, seed: int = 0) -> tuple[FloatArray, AnyArray]:
    rng = np.random.default_rng([n, p, n_classes, seed])
    X = rng.standard_normal((n, p))
    y = (X @ rng.standard_normal((p, n_classes)) + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X, y


def separated(n: int, p: int, n_classes: int, seed: int = 0) -> tuple[FloatArray, AnyArray]:
    """Classes are intervals of the first feature."""
    X = np.random.default_rng([n, p, n_classes, seed]).standard_normal((n, p))
    return X, X[:, 0].argsort().argsort() * n_classes // n


def design_of(X: FloatArray, intercept: bool) -> FloatArray:
    return np.column_stack([np.ones(len(X)), X]) if intercept else X


def contrasts_of(fit: crowfly.LogisticResult, intercept: bool) -> FloatArray:
    """Parameters against the first class, shape (classes - 1, columns)."""
    params = np.column_stack([fit.intercept, fit.coef]) if intercept else fit.coef
    contrasts: FloatArray = params[1:] - params[0]
    return contrasts


def objective(contrasts: FloatArray, design: FloatArray, y: AnyArray, weights: FloatArray) -> float:
    """Loss less half the logarithm of the information matrix' determinant, by their definitions."""
    eta = design @ np.vstack([np.zeros(design.shape[1]), contrasts]).T
    total = logsumexp(eta, axis=1)
    p = np.exp(eta - total[:, np.newaxis])[:, 1:]
    size = contrasts.size
    information = np.zeros((size, size))
    for row, probabilities, weight in zip(design, p, weights, strict=True):
        information += weight * np.kron(
            np.diag(probabilities) - np.outer(probabilities, probabilities), np.outer(row, row)
        )
    sign, log_determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return np.inf
    return float(weights @ (total - eta[np.arange(len(y)), y]) - log_determinant / 2)


def exact_objective(
    contrasts: list[Any], design: FloatArray, y: AnyArray, weights: FloatArray, n_classes: int
) -> Any:
    """The same in mpmath's precision; contrasts class by class."""
    columns = design.shape[1]
    size = (n_classes - 1) * columns
    information, loss = mpmath.zeros(size), mpmath.mpf(0)
    for row, label, weight in zip(design.tolist(), y.tolist(), weights.tolist(), strict=True):
        parts = [contrasts[k * columns : (k + 1) * columns] for k in range(n_classes - 1)]
        eta = [mpmath.mpf(0), *(mpmath.fdot(part, row) for part in parts)]
        powers = [mpmath.exp(value) for value in eta]
        total = mpmath.fsum(powers)
        p = [value / total for value in powers[1:]]
        loss += weight * (mpmath.log(total) - eta[label])
        for a in range(size):
            for b in range(size):
                k, m = a // columns, b // columns
                curvature = p[k] * ((k == m) - p[m])
                information[a, b] += weight * curvature * row[a % columns] * row[b % columns]
    return loss - mpmath.log(mpmath.det(information)) / 2


def differences(function: Callable[[list[Any]], Any], at: list[Any], width: Any) -> list[Any]:
    """Central differences along each parameter."""
    slopes = []
    for i in range(len(at)):
        ends = [[value + (sign * width if j == i else 0) for j, value in enumerate(at)] for sign in (1, -1)]
        slopes.append((function(ends[0]) - function(ends[1])) / (2 * width))
    return slopes


def exact_minimum(contrasts: FloatArray, design: FloatArray, y: AnyArray, weights: FloatArray) -> list[Any]:
    """The stationary point that Newton's method leads to from here, with derivatives by differences of the objective alone: to some 25 digits."""
    with mpmath.workdps(DIGITS):
        point = [mpmath.mpf(value) for value in contrasts.ravel().tolist()]

        def value_at(params: list[Any]) -> Any:
            return exact_objective(params, design, y, weights, len(contrasts) + 1)

        def slopes_at(params: list[Any]) -> list[Any]:
            return differences(value_at, params, mpmath.mpf(10) ** -17)

        slopes = slopes_at(point)
        columns = [
            [(value - slopes[j]) * mpmath.mpf(10) ** 8 for j, value in enumerate(slopes_at(moved))]
            for moved in (
                [value + (mpmath.mpf(10) ** -8 if j == i else 0) for j, value in enumerate(point)]
                for i in range(len(point))
            )
        ]
        hessian = mpmath.matrix(columns).T
        for _ in range(6):
            step = mpmath.lu_solve(hessian, mpmath.matrix(slopes))
            point = [value - change for value, change in zip(point, step, strict=True)]
            if mpmath.norm(step, mpmath.inf) < mpmath.mpf(10) ** -22:
                return point
            slopes = slopes_at(point)
    raise AssertionError("the reference did not converge")


# --- The definition ---


@pytest.mark.parametrize(
    ("make", "n", "p", "n_classes", "intercept", "weighted"),
    [
        (classification, 12, 2, 3, True, False),
        (classification, 14, 1, 4, True, True),
        (classification, 12, 2, 3, False, True),
        (separated, 12, 1, 3, True, False),
        (separated, 12, 2, 3, True, True),
        (separated, 12, 2, 3, False, False),
    ],
)
def test_the_minimum_in_50_digits(
    make: Any, n: int, p: int, n_classes: int, intercept: bool, weighted: bool
) -> None:
    X, y = make(n, p, n_classes)
    weights = np.random.default_rng(3).choice([0.5, 1.0, 2.0], n) if weighted else np.ones(n)
    fit = crowfly.logistic(X, y, penalty="firth", sample_weight=weights, intercept=intercept)
    assert fit.converged
    design = design_of(X, intercept)
    contrasts = contrasts_of(fit, intercept)
    exact = exact_minimum(contrasts, design, y, weights)
    scale = max(abs(value) for value in exact)
    assert all(
        abs(value - wanted) <= 1e-12 * scale for value, wanted in zip(contrasts.ravel(), exact, strict=True)
    )
    with mpmath.workdps(DIGITS):
        assert log_relative_error(fit.objective, exact_objective(exact, design, y, weights, n_classes)) >= 12


@st.composite
def small_problems(draw: st.DrawFn) -> tuple[FloatArray, AnyArray, FloatArray, bool]:
    n_classes, p = draw(st.integers(3, 4)), draw(st.integers(1, 3))
    n = draw(st.integers(3 * n_classes, 24))
    make = draw(st.sampled_from([classification, separated]))
    X, y = make(n, p, n_classes, draw(st.integers(0, 10**6)))
    weights = np.array(draw(st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=n, max_size=n)))
    return X, y, weights, draw(st.booleans())


@settings(max_examples=30)
@given(small_problems())
def test_no_other_minimiser_finds_less(problem: tuple[FloatArray, AnyArray, FloatArray, bool]) -> None:
    X, y, weights, intercept = problem
    fit = crowfly.logistic(X, y, penalty="firth", sample_weight=weights, intercept=intercept)
    assert fit.converged
    design = design_of(X, intercept)
    contrasts = contrasts_of(fit, intercept)

    def value_at(params: FloatArray) -> float:
        return objective(params.reshape(contrasts.shape), design, y, weights)

    least = value_at(contrasts)
    assert fit.objective == pytest.approx(least, rel=1e-10, abs=1e-9)
    slopes = differences(lambda params: value_at(np.array(params)), contrasts.ravel().tolist(), 1e-5)
    assert np.abs(slopes).max() <= 1e-6 * max(1.0, abs(least))
    found = minimize(value_at, np.zeros(contrasts.size), method="BFGS", options={"maxiter": 300})
    assert least <= found.fun + 1e-8 * max(1.0, abs(found.fun))


@pytest.mark.parametrize(
    "counts",
    [[[7, 3, 2], [1, 9, 4]], [[5, 0, 3], [0, 4, 1]], [[6, 0, 0, 1], [0, 0, 5, 0], [0, 8, 0, 0]]],
    ids=["full", "zeros", "separated"],
)
def test_a_table_with_half_a_count_added(counts: list[list[int]]) -> None:
    """In the saturated model the prior is Dirichlet's with 1/2 for every class of every group."""
    table = np.array(counts)
    n_groups, n_classes = table.shape
    groups = np.repeat(np.arange(n_groups), table.sum(axis=1))
    y = np.concatenate([np.repeat(np.arange(n_classes), row) for row in table])
    X = np.eye(n_groups)[groups]
    for fit, at in (
        (crowfly.logistic(X, y, penalty="firth", intercept=False), np.eye(n_groups)),
        (crowfly.logistic(X[:, 1:], y, penalty="firth"), np.eye(n_groups)[:, 1:]),
    ):
        wanted = (table + 0.5) / (table.sum(axis=1, keepdims=True) + n_classes / 2)
        assert fit.predict_proba(at) == pytest.approx(wanted, rel=1e-12)


# --- Two classes, fitted as several are ---


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("make", [classification, separated])
@pytest.mark.parametrize("weighted", [True, False])
def test_two_vectors_are_half_of_one(make: Any, intercept: bool, weighted: bool) -> None:
    X, y = make(60, 3, 2)
    weights = np.random.default_rng(5).uniform(0.5, 2.0, 60) if weighted else None
    one, two = (
        _core.firth_logistic(X, y.astype(np.int32), 2, weights, intercept, 100, 0, two_vectors=two_vectors)
        for two_vectors in (False, True)
    )
    assert one["status"] == two["status"] == "converged"
    assert (one["coef"].shape, two["coef"].shape) == ((1, 3), (2, 3))
    assert two["coef"][1] - two["coef"][0] == pytest.approx(one["coef"][0], rel=1e-11)
    assert two["intercept"][1] - two["intercept"][0] == pytest.approx(one["intercept"][0], rel=1e-11)
    assert two["objective"] == pytest.approx(one["objective"], rel=1e-12)
    # The same way there, not only the same end.
    assert abs(one["n_iter"] - two["n_iter"]) <= 2


# --- What doesn't matter ---


def test_vectors_sum_to_zero_and_labels_are_names() -> None:
    X, y = classification(60, 3, 4)
    fit = crowfly.logistic(X, y, penalty="firth")
    assert fit.coef.shape == (4, 3)
    assert np.abs(fit.coef.sum(axis=0)).max() <= 1e-14
    assert abs(fit.intercept.sum()) <= 1e-14
    order = np.array([2, 0, 3, 1])
    renamed = crowfly.logistic(X, order[y], penalty="firth")
    assert renamed.coef[order] == pytest.approx(fit.coef, rel=1e-11)
    assert renamed.objective == pytest.approx(fit.objective, rel=1e-12)


@pytest.mark.parametrize("make", [classification, separated])
def test_weights_are_repetitions_and_zero_is_none(make: Any) -> None:
    X, y = make(50, 2, 3)
    counts = np.random.default_rng(0).integers(0, 3, 50)
    counts[[np.flatnonzero(y == k)[0] for k in range(3)]] = 1
    weighted = crowfly.logistic(X, y, sample_weight=counts.astype(float), penalty="firth")
    repeated = crowfly.logistic(np.repeat(X, counts, axis=0), np.repeat(y, counts), penalty="firth")
    assert weighted.coef == pytest.approx(repeated.coef, rel=1e-10)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-12)


def test_units_and_offsets() -> None:
    X, y = separated(40, 3, 3)
    scale = np.array([1e-3, 1.0, 1e4])
    plain = crowfly.logistic(X, y, penalty="firth")
    moved = crowfly.logistic(X * scale + 7.0 * scale, y, penalty="firth")
    assert moved.converged
    assert moved.coef * scale == pytest.approx(plain.coef, rel=1e-9)
    # The determinant is that of the caller's columns: each of three is in two contrasts.
    assert moved.objective == pytest.approx(plain.objective - 2 * np.log(scale).sum(), rel=1e-11)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_number_of_threads_does_not_matter(n_classes: int) -> None:
    X, y = classification(9_000, 6, n_classes)
    fits = [crowfly.logistic(X, y, penalty="firth", num_threads=n) for n in (1, 2, 5)]
    for fit in fits[1:]:
        assert_same_bits(fit.coef, fits[0].coef)
        assert_same_bits(fit.intercept, fits[0].intercept)
    # With so many rows the prior weighs little.
    assert fits[0].coef == pytest.approx(crowfly.logistic(X, y, alpha=0).coef, rel=2e-2, abs=2e-3)


def test_float32_and_layout() -> None:
    X, y = separated(45, 3, 3)
    single = X.astype(np.float32)
    plain = crowfly.logistic(single.astype(np.float64), y, penalty="firth")
    assert crowfly.logistic(np.asfortranarray(single), y, penalty="firth").coef == pytest.approx(
        plain.coef, rel=1e-11
    )


# --- Refusals ---


def test_what_is_refused() -> None:
    X, y = classification(40, 2, 3)
    for columns in (np.column_stack([X, X]), np.column_stack([X, np.ones(40)])):
        with pytest.raises(ValueError, match=r"^X: columns that don't depend"):
            crowfly.logistic(columns, y, penalty="firth")
    crowfly.logistic(np.column_stack([X, np.ones(40)]), y, penalty="firth", intercept=False)
    for bad in (np.nan, np.inf):
        wrong = X.copy()
        wrong[3, 1] = bad
        with pytest.raises(ValueError, match=r"X\[3, 1\]"):
            crowfly.logistic(wrong, y, penalty="firth")
    with pytest.raises(ValueError, match=r"^penalty: 'firth' expected alone"):
        crowfly.logistic(X, y, penalty="firth", alpha=0.5)
    with pytest.raises(ValueError, match=r"^y: two classes expected, got 3"):
        crowfly.logit(X, y, penalty="firth")
    with pytest.warns(crowfly.ConvergenceWarning, match="max_iter"):
        crowfly.logistic(X, y, penalty="firth", max_iter=1)


def test_the_message_for_separated_classes_names_the_cure() -> None:
    X, y = separated(30, 2, 3)
    with pytest.raises(crowfly.SeparationError, match='penalty="firth"'):
        crowfly.logistic(X, y, alpha=0)
    fit = crowfly.logistic(X, y, penalty="firth")
    assert np.isfinite(fit.coef).all()
    assert np.isinf(fit.optimality_gap)


# --- Steps ---


def problems_of(name: str) -> tuple[FloatArray, list[AnyArray]]:
    """Features, and the labels of several fits: each class against the others, then all."""
    X, y = {"wine": load_wine, "breast cancer": load_breast_cancer, "iris": load_iris}[name](return_X_y=True)
    return X, [y] if y.max() == 1 else [*(y == k for k in range(y.max() + 1)), y]


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("name", ["wine", "breast cancer", "iris"])
def test_default_settings_do(name: str, scaled: bool) -> None:
    X, labels = problems_of(name)
    if scaled:
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    for y in labels:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit = crowfly.logistic(X, y, penalty="firth")
        assert fit.converged
        assert fit.n_iter <= 35
        size = np.abs(X).max(axis=0, initial=1.0).max()
        assert fit.gradient_norm <= 1e-10 * size


@pytest.mark.parametrize("n_classes", [2, 3])
def test_separated_classes_take_few_steps(n_classes: int) -> None:
    most = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n, p = int(rng.integers(12, 60)), int(rng.integers(1, 6))
        X, y = separated(n, p, n_classes, seed)
        fit = crowfly.logistic(X * 10.0 ** rng.uniform(-2, 2, p), y, penalty="firth")
        assert fit.converged
        most = max(most, fit.n_iter)
    assert most <= 35


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_row_far_from_all_others(n_classes: int) -> None:
    """It makes columns nearly collinear, and the determinant's rounding larger than the last decreases of the objective."""
    for seed in range(60):
        X, y = classification(30, 7, n_classes, seed)
        X[seed % 30] *= 1e4
        fit = crowfly.logistic(X, y, penalty="firth")
        assert fit.converged
        assert fit.n_iter <= 40


def test_a_class_per_row() -> None:
    fit = crowfly.logistic(np.arange(8.0)[:, np.newaxis], np.arange(8), penalty="firth")
    assert fit.converged
    # Mirrored data, mirrored fit.
    assert fit.coef[::-1] == pytest.approx(-fit.coef, rel=1e-9)
