# SPDX-License-Identifier: BSD-3-Clause
"""Lasso, elastic net and non-negative least squares against exact rational answers and the conditions that define the minimiser."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls as scipy_nnls
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

import crowfly
from assertions import EPS, assert_same_bits
from crowfly.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, LinearRegression
from references import AnyArray, FloatArray, minimum_norm_solution
from strategies import DTYPES, LAYOUTS, THREADS, integer_designs

RATIOS = [1.0, 0.5, 0.1]


def regression(n: int, p: int, seed: int = 0, correlation: float = 0.5) -> tuple[FloatArray, FloatArray]:
    """Columns correlated with their neighbours, offsets, a sparse truth and noise."""
    rng = np.random.default_rng([n, p, seed])
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + math.sqrt(1 - correlation**2) * X[:, j]
    coef = np.where(np.arange(p) % 5 == 0, rng.standard_normal(p), 0.0)
    return X + rng.uniform(-3, 3, p), X @ coef + rng.standard_normal(n) + 2


def exact_objective(
    X: AnyArray, y: AnyArray, coef: Any, alpha: float, l1_ratio: float, weights: AnyArray | None = None
) -> Fraction:
    """The objective at `coef` with the best intercept, in rational arithmetic."""
    w = [Fraction(1)] * len(y) if weights is None else [Fraction(v) for v in weights.tolist()]
    b = [Fraction(v) for v in coef]
    residual = [
        Fraction(t) - sum((Fraction(v) * c for v, c in zip(row, b, strict=True)), Fraction(0))
        for row, t in zip(X.tolist(), y.tolist(), strict=True)
    ]
    total = sum(w, Fraction(0))
    mean = sum((u * r for u, r in zip(w, residual, strict=True)), Fraction(0)) / total
    square = sum((u * (r - mean) * (r - mean) for u, r in zip(w, residual, strict=True)), Fraction(0))
    penalty = sum(
        (Fraction(l1_ratio) * abs(c) + (1 - Fraction(l1_ratio)) / 2 * c * c for c in b), Fraction(0)
    )
    return square / (2 * total) + Fraction(alpha) * penalty


def exact_minimum(
    X: FloatArray, y: FloatArray, w: FloatArray, alpha: float, l1_ratio: float, positive: bool
) -> Fraction:
    """The least objective over all supports and signs, in rational arithmetic."""
    best: Fraction | None = None
    rows = [[Fraction(v) for v in row] for row in X.tolist()]
    target, weight = [Fraction(v) for v in y.tolist()], [Fraction(v) for v in w.tolist()]
    total = sum(weight, Fraction(0))

    def centred(values: list[Fraction]) -> list[Fraction]:
        mean = sum((u * v for u, v in zip(weight, values, strict=True)), Fraction(0)) / total
        return [v - mean for v in values]

    columns, t = [centred(list(column)) for column in zip(*rows, strict=True)], centred(target)

    def product(a: list[Fraction], b: list[Fraction]) -> Fraction:
        return sum((u * p * q for u, p, q in zip(weight, a, b, strict=True)), Fraction(0)) / total

    l1, l2 = Fraction(alpha) * Fraction(l1_ratio), Fraction(alpha) * (1 - Fraction(l1_ratio))
    for signs in itertools.product((0, 1) if positive else (-1, 0, 1), repeat=X.shape[1]):
        kept = [j for j, sign in enumerate(signs) if sign]
        gram = [[product(columns[i], columns[j]) + (l2 if i == j else 0) for j in kept] for i in kept]
        right = [product(columns[j], t) - l1 * signs[j] for j in kept]
        solution, rank = minimum_norm_solution(gram, right) if kept else ([], 0)
        if rank < len(kept) or any(value * signs[j] < 0 for value, j in zip(solution, kept, strict=True)):
            continue
        coef = [Fraction(0)] * X.shape[1]
        for value, j in zip(solution, kept, strict=True):
            coef[j] = value
        value = exact_objective(X, y, coef, alpha, l1_ratio, w)
        best = value if best is None else min(best, value)
    assert best is not None
    return best


def assert_optimal(
    X: FloatArray,
    y: FloatArray,
    path: Any,
    l1_ratio: float,
    *,
    factors: FloatArray | None = None,
    weights: FloatArray | None = None,
    positive: bool = False,
) -> None:
    """The subgradient holds zero at every alpha, up to rounding of the data's products."""
    w = np.ones(len(y)) if weights is None else weights
    w = w / w.sum()
    f = np.ones(X.shape[1]) if factors is None else factors
    centred = X - w @ X
    for coef, intercept, alpha in zip(path.coefs.T, path.intercepts, path.alphas, strict=True):
        residual = y - X @ coef - intercept
        scale = np.abs(y).max() + np.abs(X) @ np.abs(coef) + abs(intercept)
        size = np.sqrt(w @ centred**2) * np.sqrt(w @ scale**2)
        tolerance = 50 * (len(y) ** 0.5 + X.shape[1]) * EPS * size
        assert abs(w @ residual) <= 50 * len(y) * EPS * scale.max()
        pull = centred.T @ (w * residual)
        kept = np.isfinite(f)
        assert not coef[~kept].any()
        l1, l2 = alpha * l1_ratio * f[kept], alpha * (1 - l1_ratio) * f[kept]
        c, r, tolerance = coef[kept], pull[kept], tolerance[kept]
        active = c != 0
        assert np.all(np.abs(r - l2 * c - l1 * np.sign(c))[active] <= tolerance[active])
        assert np.all((r if positive else np.abs(r))[~active] <= (l1 + tolerance)[~active])
        if positive:
            assert c.min() >= 0


# --- Exact minima ---


@pytest.mark.parametrize("alpha", [1e-14, 1e-3])
@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
@pytest.mark.filterwarnings("ignore::crowfly.ConvergenceWarning")
def test_gap_counts_the_rounding_of_the_objective(offset: float, alpha: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 2)) + offset
    y = X[:, 0] + rng.normal(size=50)
    path = crowfly.lasso_path(X, y, alphas=[alpha], intercept=False)
    coef = [Fraction(c) for c in path.coefs[:, 0].tolist()]
    residual = [
        Fraction(t) - sum((Fraction(v) * c for v, c in zip(row, coef, strict=True)), Fraction(0))
        for row, t in zip(X.tolist(), y.tolist(), strict=True)
    ]
    exact = sum((r * r for r in residual), Fraction(0)) / 100 + Fraction(alpha) * sum(
        map(abs, coef), Fraction(0)
    )
    assert abs(Fraction(path.objectives[0]) - exact) <= Fraction(path.dual_gaps[0])


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e10, 1e13])
@pytest.mark.parametrize("p", [3, 40])
def test_gap_counts_the_rounding_of_the_intercept(offset: float, p: int) -> None:
    X, y = regression(30, p)
    X, y = X + offset, y + offset
    path = crowfly.lasso_path(X, y, alphas=[0.1])
    residual = [
        Fraction(t)
        - Fraction(path.intercepts[0])
        - sum(
            (Fraction(v) * Fraction(c) for v, c in zip(row, path.coefs[:, 0].tolist(), strict=True)),
            Fraction(0),
        )
        for row, t in zip(X.tolist(), y.tolist(), strict=True)
    ]
    with_best_intercept = exact_objective(X, y, path.coefs[:, 0], 0.1, 1.0)
    penalty = Fraction(0.1) * sum((abs(Fraction(c)) for c in path.coefs[:, 0].tolist()), Fraction(0))
    reached = sum((r * r for r in residual), Fraction(0)) / 60 + penalty
    assert reached - with_best_intercept <= Fraction(path.dual_gaps[0])
    assert path.objectives[0] == pytest.approx(float(reached), rel=1e-11)


@settings(deadline=None, max_examples=60)
@given(
    problem=integer_designs(),
    alpha=st.sampled_from([0.0, 0.125, 0.5, 2.0]),
    l1_ratio=st.sampled_from([1.0, 0.5]),
    positive=st.booleans(),
)
def test_gap_bounds_the_distance_from_the_exact_minimum(
    problem: tuple[FloatArray, FloatArray, FloatArray], alpha: float, l1_ratio: float, positive: bool
) -> None:
    X, y, weights = problem
    X = X[:, :3]
    path = crowfly.enet_path(
        X, y, l1_ratio=l1_ratio, alphas=[alpha], positive=positive, sample_weight=weights
    )
    minimum = exact_minimum(X, y, weights, alpha, l1_ratio, positive)
    reached = exact_objective(X, y, path.coefs[:, 0], alpha, l1_ratio, weights)
    assert 0 <= reached - minimum <= Fraction(float(path.dual_gaps[0])) + Fraction(1, 2**200)
    without = exact_objective(X, y, [0.0] * X.shape[1], alpha, l1_ratio, weights)
    assert path.dual_gaps[0] <= 1e-12 * float(without)
    assert abs(path.objectives[0] - float(reached)) <= 1e-13 * float(without)


@given(problem=integer_designs(), intercept=st.booleans())
def test_nnls_of_whole_numbers(problem: tuple[FloatArray, FloatArray, FloatArray], intercept: bool) -> None:
    X, y, weights = problem
    result: Any = crowfly.nnls(X, y, sample_weight=weights, intercept=intercept)
    residual = y - X @ result.coef - result.intercept
    assert result.coef.min() >= 0
    pull = X.T @ (weights * residual)
    assert pull.max() <= 1e-12
    assert np.abs(pull[result.coef > 0]).max(initial=0) <= 1e-12
    assert abs(result.rss - weights @ residual**2) <= 1e-12 * (1 + weights @ y**2)
    assert 0 <= result.optimality_gap <= 1e-11 * (1 + weights @ y**2)


@pytest.mark.parametrize(("n", "p"), [(30, 5), (100, 40), (50, 80)])
def test_nnls_equals_scipy(n: int, p: int) -> None:
    rng = np.random.default_rng([n, p])
    X = np.abs(rng.standard_normal((n, p)))
    y = X @ np.maximum(0, rng.standard_normal(p)) + rng.standard_normal(n)
    expected, norm = scipy_nnls(X, y)
    result: Any = crowfly.nnls(X, y)
    assert result.rss <= norm**2 * (1 + 1e-12) + 1e-20
    np.testing.assert_allclose(result.coef, expected, atol=1e-10)


def test_nnls_of_more_columns_than_needed() -> None:
    rng = np.random.default_rng(40)
    X = np.abs(rng.standard_normal((40, 300)))
    y = X @ np.maximum(0, rng.standard_normal(300))
    result: Any = crowfly.nnls(X, y)
    assert result.coef.min() >= 0
    assert result.rss <= 1e-24 * (y @ y)
    assert result.optimality_gap <= 1e-9 * (y @ y)


# --- Conditions of optimality ---


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize(("n", "p"), [(50, 5), (200, 30), (300, 257), (60, 400), (1000, 300), (20, 700)])
def test_paths_are_optimal(n: int, p: int, l1_ratio: float, positive: bool) -> None:
    X, y = regression(n, p)
    path = crowfly.enet_path(X, y, l1_ratio=l1_ratio, alphas=12, positive=positive)
    assert_optimal(X, y, path, l1_ratio, positive=positive)
    assert not path.coefs[:, 0].any() or np.abs(path.coefs[:, 0]).max() < 1e-10
    assert path.coefs[:, 1].any()
    assert np.all(path.dual_gaps <= 1e-9 * path.objectives[0])


@pytest.mark.parametrize("correlation", [0.9, 0.99, 0.9999])
def test_correlated_columns(correlation: float) -> None:
    X, y = regression(500, 60, correlation=correlation)
    path = crowfly.lasso_path(X, y, alphas=20, eps=1e-4)
    assert_optimal(X, y, path, 1.0)


@pytest.mark.parametrize("p", [20, 300])
def test_weights_and_penalty_factors(p: int) -> None:
    X, y = regression(120, p)
    rng = np.random.default_rng(p)
    weights = rng.integers(0, 3, 120).astype(np.float64)
    factors = rng.uniform(0.5, 2, p)
    factors[:3] = [0, np.inf, 0]
    path = crowfly.enet_path(X, y, l1_ratio=0.7, alphas=9, sample_weight=weights, penalty_factor=factors)
    assert_optimal(X, y, path, 0.7, weights=weights, factors=factors)
    assert path.coefs[[0, 2]].all()
    repeated = np.repeat(np.arange(120), weights.astype(int))
    other = crowfly.enet_path(
        X[repeated], y[repeated], l1_ratio=0.7, alphas=path.alphas, penalty_factor=factors
    )
    np.testing.assert_allclose(other.coefs, path.coefs, atol=1e-9)
    np.testing.assert_allclose(other.objectives, path.objectives, rtol=1e-12)


@pytest.mark.parametrize("p", [4, 300])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_without_a_penalty_on_magnitudes(p: int, l1_ratio: float) -> None:
    X, y = regression(400, p)
    alpha = 0.0 if l1_ratio else 2.0
    path = crowfly.enet_path(X, y, l1_ratio=l1_ratio, alphas=[alpha])
    expected = crowfly.lstsq(X, y, alpha=alpha * 400)
    np.testing.assert_allclose(path.coefs[:, 0], expected.coef, rtol=1e-9, atol=1e-11)
    assert path.dual_gaps[0] <= 0.5e-9 * np.var(y)


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("p", [12, 300])
def test_duplicated_constant_and_zero_columns(p: int, l1_ratio: float) -> None:
    X, y = regression(80, p)
    X[:, 1] = X[:, 0]
    X[:, 2] = 0
    X[:, 3] = 3.7
    X[:, 6] = -2 * X[:, 5]
    path = crowfly.enet_path(X, y, l1_ratio=l1_ratio, alphas=15)
    assert_optimal(X, y, path, l1_ratio)
    assert not path.coefs[2:4].any()


def test_duplicates_without_a_penalty() -> None:
    X, y = regression(50, 4)
    X[:, 1] = X[:, 0]
    path = crowfly.lasso_path(X, y, alphas=[0.0])
    assert_optimal(X, y, path, 1.0)


def test_several_targets_are_several_problems() -> None:
    X, y = regression(90, 12)
    Y = np.column_stack([y, y[::-1], X[:, 3]])
    path = crowfly.enet_path(X, Y, l1_ratio=0.9, alphas=7)
    assert path.coefs.shape == (3, 12, 7)
    assert path.predict(X).shape == (90, 3, 7)
    for k in range(3):
        one = crowfly.enet_path(X, Y[:, k], l1_ratio=0.9, alphas=path.alphas)
        np.testing.assert_allclose(one.coefs, path.coefs[k], atol=1e-12)
        np.testing.assert_allclose(one.predict(X), path.predict(X)[:, k], atol=1e-11)


# --- Scales, layouts, threads, single numbers ---


@pytest.mark.parametrize("exponent", [-300, -40, 40, 300])
def test_powers_of_two_change_no_bit(exponent: int) -> None:
    X, y = regression(70, 9)
    plain = crowfly.lasso_path(X, y, alphas=[0.3, 0.1])
    scaled = crowfly.lasso_path(X, np.ldexp(y, exponent), alphas=np.ldexp([0.3, 0.1], exponent))
    assert_same_bits(scaled.coefs, np.ldexp(plain.coefs, exponent))
    assert_same_bits(scaled.relative_gaps, plain.relative_gaps)


def test_columns_of_very_different_scales() -> None:
    X, y = regression(60, 3)
    scales = np.array([1e-300, 1.0, 1e300])
    factors = 1 / scales
    path = crowfly.lasso_path(
        X * scales, y, alphas=[0.05], penalty_factor=np.where(scales < 1, 0, [1, 1, np.inf])
    )
    assert path.coefs[0, 0] * 1e-300 != 0
    assert path.coefs[2, 0] == 0
    assert np.isfinite(path.objectives).all()
    assert factors.size == 3


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [7, 290])
def test_layouts_give_the_same_bits(layout: str, dtype: Any, p: int) -> None:
    X, y = (array.astype(dtype) for array in regression(64, p))
    expected = crowfly.enet_path(X, y, alphas=5)
    actual = crowfly.enet_path(LAYOUTS[layout](X), LAYOUTS[layout](y[:, np.newaxis])[:, 0], alphas=5)
    assert_same_bits(actual.coefs, expected.coefs)
    assert_same_bits(actual.dual_gaps, expected.dual_gaps)


@pytest.mark.parametrize(("n", "p"), [(3000, 40), (200, 600), (3000, 300)])
def test_threads_give_the_same_bits(n: int, p: int) -> None:
    X, y = regression(n, p)
    Y = np.column_stack([y, -(y**2)])
    one, *others = (crowfly.lasso_path(X, Y, alphas=6, num_threads=k) for k in THREADS)
    for other in others:
        assert_same_bits(other.coefs, one.coefs)
        assert_same_bits(other.intercepts, one.intercepts)


def test_one_row_and_a_constant_target() -> None:
    path = crowfly.lasso_path([[1.0, 2.0]], [3.0], alphas=3)
    assert not path.coefs.any()
    assert path.intercepts.tolist() == [3.0] * 3
    X, _ = regression(30, 4)
    path = crowfly.enet_path(X, np.full(30, 0.1), alphas=4)
    assert not path.coefs.any()
    assert np.all(path.alphas > 0)
    np.testing.assert_allclose(path.intercepts, 0.1, rtol=2 * EPS)


def test_no_intercept() -> None:
    X, y = regression(50, 6)
    path = crowfly.lasso_path(X, y, alphas=5, intercept=False)
    assert not path.intercepts.any()
    theirs = sklearn.linear_model.Lasso(alpha=path.alphas[3], fit_intercept=False, tol=1e-14, max_iter=10**5)
    np.testing.assert_allclose(path.coefs[:, 3], theirs.fit(X, y).coef_, atol=1e-10)


def test_a_weight_of_zero_drops_the_row() -> None:
    X, y = regression(40, 5)
    weights = np.ones(40)
    weights[[3, 9]] = 0
    y[3] = 1e200
    path = crowfly.lasso_path(X, y, alphas=[0.2], sample_weight=weights)
    kept = weights > 0
    assert_same_bits(path.coefs, crowfly.lasso_path(X[kept], y[kept], alphas=[0.2]).coefs)


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"l1_ratio": 1.5}, ValueError, "l1_ratio: a number from 0 to 1"),
    ({"l1_ratio": 0.0}, ValueError, "alphas: a list of numbers expected with l1_ratio=0"),
    ({"eps": 0.0}, ValueError, "eps: a number above 0"),
    ({"alphas": 0}, ValueError, "alphas: at least 1"),
    ({"alphas": True}, TypeError, "alphas: an integer"),
    ({"alphas": []}, ValueError, "alphas: at least one"),
    ({"alphas": [0.1, -1.0]}, ValueError, "alphas: numbers from 0"),
    ({"alphas": [np.nan]}, ValueError, "alphas: finite"),
    (
        {"alphas": 0.5},
        ValueError,
        r"alphas: a sequence of penalties, or an integer .* for one penalty use \[0.5\]",
    ),
    ({"alphas": np.array(0.5)}, ValueError, r"alphas: a sequence .* use \[0.5\]"),
    ({"penalty_factor": [1.0]}, ValueError, r"penalty_factor: one number per feature \(2\)"),
    ({"penalty_factor": [1.0, -1.0]}, ValueError, r"penalty_factor\[1\] is -1"),
    ({"penalty_factor": [np.nan, 1.0]}, ValueError, r"penalty_factor\[0\] is nan"),
    ({"sample_weight": [1.0, 1.0, -1.0]}, ValueError, r"sample_weight\[2\] is -1"),
    ({"sample_weight": [0.0, 0.0, 0.0]}, ValueError, "sample_weight: at least one"),
    ({"positive": 1}, TypeError, "positive: True or False"),
    ({"intercept": 1}, TypeError, "intercept: True or False"),
    ({"X": [[0.0, np.nan]] * 3}, ValueError, r"X\[0, 1\] is nan"),
    ({"X": np.empty((3, 0))}, ValueError, "X: at least one feature"),
    ({"y": [1.0, 2.0]}, ValueError, "y: 3 rows"),
    ({"y": [1.0, 2.0, np.inf]}, ValueError, r"y\[2\] is inf"),
]


@pytest.mark.parametrize(("arguments", "error", "match"), BAD)
def test_bad_input(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    good: dict[str, Any] = {"X": [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], "y": [0.0, 1.0, 2.0]}
    call = {**good, **arguments}
    with pytest.raises(error, match=match):
        crowfly.enet_path(call.pop("X"), call.pop("y"), **call)


# --- Estimators ---


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("targets", ["vector", "column", "several"])
def test_estimators_equal_scikit_learn(
    targets: str, weighted: bool, fit_intercept: bool, positive: bool
) -> None:
    X, y = regression(80, 10)
    y = {"vector": y, "column": y[:, np.newaxis], "several": np.column_stack([y, y**2])}[targets]
    w = np.random.default_rng(1).uniform(0.5, 2, 80) if weighted else None
    exact = {"tol": 1e-14, "max_iter": 10**6}
    for name, params in (("Lasso", {"alpha": 0.1}), ("ElasticNet", {"alpha": 0.3, "l1_ratio": 0.4})):
        shared: dict[str, Any] = {**params, "positive": positive, "fit_intercept": fit_intercept}
        ours: Any = {"Lasso": Lasso, "ElasticNet": ElasticNet}[name](**shared).fit(X, y, w)
        theirs = getattr(sklearn.linear_model, name)(**shared, **exact).fit(X, y, w)
        assert ours.coef_.shape == theirs.coef_.shape
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-9 * np.abs(theirs.coef_).max())
        assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-8)
        assert ours.predict(X).shape == theirs.predict(X).shape
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8)
        assert np.shape(ours.dual_gap_) == np.shape(theirs.dual_gap_)
        assert type(ours.n_iter_) is type(theirs.n_iter_)
        assert (
            ours.sparse_coef_ != theirs.sparse_coef_
        ).nnz == 0 or ours.sparse_coef_.shape == theirs.sparse_coef_.shape


def test_linear_regression_with_positive_coefficients() -> None:
    X, y = regression(60, 8)
    Y = np.column_stack([y, -y])
    for target in (y, Y):
        ours = LinearRegression(positive=True).fit(X, target)
        theirs = sklearn.linear_model.LinearRegression(positive=True).fit(X, target)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-10)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-9)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-9)


SPLITS: dict[str, Any] = {
    "default": None,
    "three": 3,
    "shuffled": KFold(4, shuffle=True, random_state=3),
    "not a partition": ShuffleSplit(3, random_state=5),
}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p", [6, 270])
def test_cross_validation_equals_scikit_learn(split: str, weighted: bool, p: int) -> None:
    X, y = regression(90, p)
    w = np.random.default_rng(2).uniform(0.5, 2, 90) if weighted else None
    shared: dict[str, Any] = {"cv": SPLITS[split], "alphas": 7, "eps": 0.02}
    exact = {"tol": 1e-12, "max_iter": 10**6}
    ours: Any = LassoCV(**shared).fit(X, y, w)
    theirs = sklearn.linear_model.LassoCV(**shared, **exact).fit(X, y, w)
    assert_same_choice(ours, theirs)
    ours = ElasticNetCV(l1_ratio=[0.3, 0.9], **shared).fit(X, y, w)
    theirs = sklearn.linear_model.ElasticNetCV(l1_ratio=[0.3, 0.9], **shared, **exact).fit(X, y, w)
    assert_same_choice(ours, theirs)
    assert ours.l1_ratio_ == theirs.l1_ratio_


def assert_same_choice(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-11)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-6)
    assert ours.alpha_ == pytest.approx(theirs.alpha_, rel=1e-11)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)


def test_errors_of_an_exact_fit_come_from_the_rows() -> None:
    X, _ = regression(60, 3)
    y = X @ [1.0, -2.0, 0.5] + 4
    model = LassoCV(alphas=[1e-9], cv=3).fit(X, y)
    train = np.arange(60) >= 20
    fold = Lasso(alpha=1e-9).fit(X[train], y[train])
    expected = np.mean((fold.predict(X[~train]) - y[~train]) ** 2)
    assert np.ravel(model.mse_path_)[0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("l1_ratio", "match"),
    [
        ([0.5, np.nan], "l1_ratio"),
        ([0.5, -1.0], "l1_ratio: .* 0"),
        ([1.5], "l1_ratio: a number from 0 to 1"),
        ([], "l1_ratio: at least one number expected"),
        ([[0.5, 0.6]], "l1_ratio"),
    ],
)
def test_shares_to_choose_from_are_checked(l1_ratio: Any, match: str) -> None:
    X, y = regression(30, 3)
    with pytest.raises((TypeError, ValueError), match=match):
        ElasticNetCV(l1_ratio=l1_ratio, alphas=[0.1], cv=3).fit(X, y)


def test_splits_may_be_masks_or_have_groups() -> None:
    X, y = regression(40, 4)
    groups = np.arange(40) % 4
    indices = list(GroupKFold(4).split(X, y, groups))
    masks = [(~np.isin(np.arange(40), test), np.isin(np.arange(40), test)) for _, test in indices]
    one, other = LassoCV(cv=indices, alphas=4).fit(X, y), LassoCV(cv=masks, alphas=4).fit(X, y)
    np.testing.assert_allclose(one.mse_path_, other.mse_path_, rtol=1e-12)
    theirs = sklearn.linear_model.LassoCV(cv=indices, alphas=4, tol=1e-12).fit(X, y)
    assert_same_choice(one, theirs)


@pytest.mark.parametrize(
    "splits",
    [
        [(np.arange(20), [500])],
        [([0, 1, -31], [2, 3])],
        [([0.0, 1.0, 2.0], [3.0])],
        [(["a"], ["b"])],
        [(np.ones(7, bool), [3])],
    ],
)
def test_splits_that_are_no_rows(splits: Any) -> None:
    X, y = regression(30, 3)
    with pytest.raises(IndexError, match="cv: "):
        LassoCV(alphas=[0.1], cv=splits).fit(X, y)


def test_no_split_at_all() -> None:
    X, y = regression(30, 3)
    for model, targets in ((LassoCV(cv=[]), y), (ElasticNetCV(cv=[]), y)):
        with pytest.raises(ValueError, match="cv: at least one pair"):
            model.fit(X, targets)


def test_grids_of_any_size_are_not_allocated() -> None:
    X, y = regression(30, 3)
    with pytest.raises(
        ValueError, match="alphas: a grid of at most 1000000 penalties expected, got 1000000000"
    ):
        crowfly.lasso_path(X, y, alphas=10**9)


def test_a_fold_without_weight_is_refused() -> None:
    X, y = regression(20, 2)
    with pytest.raises(ValueError, match="a positive weight in every fold"):
        LassoCV(cv=4).fit(X, y, np.arange(20) >= 5)
