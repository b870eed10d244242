# SPDX-License-Identifier: BSD-3-Clause
"""Least squares against exact rational answers and the properties that define the minimiser."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.exceptions import RankWarning

import crowfly
from assertions import (
    EPS,
    assert_coefficients_close,
    assert_least_squares_optimal,
    assert_same_bits,
    centred_design,
    coefficient_tolerance,
    intercept_tolerance,
    log_relative_error,
    minimum_norm_tolerance,
    rss_tolerance,
    worst_log_relative_error,
)
from data import linear_problem, linear_problem_names
from references import AnyArray, FloatArray, exact_lstsq
from strategies import DTYPES, LAYOUTS, THREADS, integer_designs

# The certified values are those of Filip's exact powers: what they leave in float64 has another solution, which agrees to 7.6 digits.
REQUIRED_DIGITS = {"filip": 7.0}


def regression(
    n: int, n_features: int, dtype: Any = np.float64, n_targets: int = 0
) -> tuple[AnyArray, AnyArray]:
    """A well-conditioned noisy problem whose seed is its shape."""
    rng = np.random.default_rng([n, n_features, n_targets])
    X = rng.standard_normal((n, n_features))
    noise = rng.standard_normal((n, n_targets) if n_targets else n)
    y = X @ rng.standard_normal((n_features, n_targets) if n_targets else n_features) + 3 + 0.1 * noise
    return X.astype(dtype), y.astype(dtype)


def assert_same_result(actual: crowfly.LstsqResult, expected: crowfly.LstsqResult) -> None:
    for field in dataclasses.fields(expected):
        assert_same_bits(np.asarray(getattr(actual, field.name)), np.asarray(getattr(expected, field.name)))


# --- Accuracy ---


@pytest.mark.parametrize("name", linear_problem_names())
def test_digits_on_the_nist_problems(name: str) -> None:
    problem = linear_problem(name)
    result = crowfly.lstsq(problem.X, problem.y, intercept=problem.intercept)
    coef = np.array([result.intercept, *result.coef] if problem.intercept else result.coef)
    assert result.rank == problem.X.shape[1]
    assert worst_log_relative_error(coef, problem.exact) >= REQUIRED_DIGITS.get(name, 15.0)


@pytest.mark.parametrize("name", linear_problem_names())
@pytest.mark.parametrize("num_threads", [1, 2])
def test_coefficients_are_the_exact_solution_rounded_once(name: str, num_threads: int) -> None:
    problem = linear_problem(name)
    exact = exact_lstsq(problem.X, problem.y, intercept=problem.intercept)
    order = np.random.default_rng(17).permutation(len(problem.X))
    for rows in (slice(None), slice(None, None, -1), order):
        X, y = problem.X[rows], problem.y[rows]
        result = crowfly.lstsq(X, y, intercept=problem.intercept, num_threads=num_threads)
        assert_same_bits(result.coef, np.array([float(value) for value in exact.coef]))
        assert result.intercept == float(exact.intercept)


@pytest.mark.parametrize("name", ["norris", "longley", "wampler3", "noint1"])
def test_residual_sum_of_squares_of_the_nist_problems(name: str) -> None:
    problem = linear_problem(name)
    result = crowfly.lstsq(problem.X, problem.y, intercept=problem.intercept)
    exact = exact_lstsq(problem.X, problem.y, intercept=problem.intercept)
    assert log_relative_error(result.rss, exact.rss) >= 9.0


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
@given(
    problem=integer_designs(),
    intercept=st.booleans(),
    alpha=st.sampled_from([0.0, 0.5, 4.0]),
    num_threads=st.sampled_from(THREADS),
)
def test_whole_numbers_of_any_rank(
    problem: tuple[FloatArray, FloatArray, FloatArray], intercept: bool, alpha: float, num_threads: int
) -> None:
    X, y, weights = problem
    exact = exact_lstsq(X, y, intercept=intercept, sample_weight=weights, alpha=alpha)
    result: Any = crowfly.lstsq(
        X, y, intercept=intercept, sample_weight=weights, alpha=alpha, num_threads=num_threads
    )
    assert result.rank == (exact.rank if alpha == 0 else X.shape[1])
    design, target = centred_design(X, y, intercept=intercept, sample_weight=weights, alpha=alpha)
    truth = np.array([float(value) for value in exact.coef])
    if alpha > 0 or exact.rank == X.shape[1]:
        tolerance = coefficient_tolerance(design, target, truth)
    else:
        tolerance = minimum_norm_tolerance(design, target, truth, exact.rank)
    assert np.all(np.abs(result.coef - truth) <= tolerance)
    allowed = intercept_tolerance(X, y, truth, tolerance)
    assert abs(result.intercept - float(exact.intercept)) <= (allowed if intercept else 0.0)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 10.0])
def test_badly_scaled_columns(alpha: float, intercept: bool) -> None:
    X, y = regression(60, 5)
    X = X * 10.0 ** np.array([-8, -3, 0, 4, 8])
    exact = exact_lstsq(X, y, intercept=intercept, alpha=alpha)
    result = crowfly.lstsq(X, y, intercept=intercept, alpha=alpha)
    assert result.rank == 5
    assert_coefficients_close(result.coef, exact, X, y, intercept=intercept, alpha=alpha)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_large_offsets(offset: float, dtype: Any) -> None:
    X, y = regression(60, 4)
    X = (offset + X).astype(dtype)
    exact = exact_lstsq(X, y)
    result: Any = crowfly.lstsq(X, y)
    assert_coefficients_close(result.coef, exact, X, y)
    design, target = centred_design(X, y, intercept=True, sample_weight=None, alpha=0.0)
    tolerance = coefficient_tolerance(design, target, result.coef)
    assert abs(result.intercept - float(exact.intercept)) <= intercept_tolerance(X, y, result.coef, tolerance)


def test_offsets_with_weights_and_a_large_mean_of_y() -> None:
    X, y = regression(60, 3)
    X, y = 1e6 + X, 1e8 + y
    weights = np.random.default_rng(1).uniform(0.1, 10, 60)
    exact = exact_lstsq(X, y, sample_weight=weights)
    result = crowfly.lstsq(X, y, sample_weight=weights)
    assert_coefficients_close(result.coef, exact, X, y, sample_weight=weights)


# --- Sizes, layouts, threads ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_features", [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65])
@pytest.mark.parametrize("n", [67, 127, 128, 129, 255, 256, 257, 1009])
def test_sizes(n: int, n_features: int, dtype: Any) -> None:
    X, y = regression(n, n_features, dtype)
    result = crowfly.lstsq(X, y)
    assert result.rank == n_features
    assert result.coef.shape == (n_features,)
    assert_least_squares_optimal(X, y, result.coef)


@pytest.mark.parametrize("n_features", [1, 2, 7, 8, 9, 31, 32, 33])
def test_as_many_coefficients_as_rows(n_features: int) -> None:
    X, y = regression(n_features, n_features)
    result = crowfly.lstsq(X, y, intercept=False)
    assert_least_squares_optimal(X, y, result.coef, intercept=False)
    assert result.rank == n_features


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("n", "n_features"), [(1, 1), (1, 3), (2, 9), (7, 8), (8, 33), (20, 129)])
def test_fewer_rows_than_columns_gives_the_minimum_norm(n: int, n_features: int, intercept: bool) -> None:
    X, y = regression(n, n_features)
    result = crowfly.lstsq(X, y, intercept=intercept)
    rank = n - intercept
    design, target = centred_design(X, y, intercept=intercept, sample_weight=None, alpha=0.0)
    truth = np.linalg.pinv(design[:n], rtol=1e-12) @ target[:n] if rank else np.zeros(n_features)
    assert result.rank == rank
    assert len(result.dependent_columns) == n_features - rank
    tolerance = minimum_norm_tolerance(design, target, truth, rank)
    assert np.all(np.abs(result.coef - truth) <= tolerance)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts_give_the_same_bits(layout: str, dtype: Any) -> None:
    X, y = regression(301, 19, dtype)
    weights = np.linspace(0.5, 2, 301)
    expected = crowfly.lstsq(X, y, sample_weight=weights)
    laid_out = LAYOUTS[layout]
    actual = crowfly.lstsq(laid_out(X), laid_out(y[:, np.newaxis])[:, 0], sample_weight=weights)
    assert_same_result(actual, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "n_features"), [(300, 5), (20011, 23), (4001, 129)])
def test_threads_give_the_same_bits(n: int, n_features: int, dtype: Any) -> None:
    X, y = regression(n, n_features, dtype, n_targets=2)
    one, *others = (crowfly.lstsq(X, y, num_threads=num_threads) for num_threads in THREADS)
    for other in others:
        assert_same_result(other, one)


def test_float32_means_these_float32_values() -> None:
    X, y = regression(301, 19, np.float32)
    assert_same_result(crowfly.lstsq(X, y), crowfly.lstsq(X.astype(np.float64), y.astype(np.float64)))


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.int64, np.uint32])
def test_other_dtypes_are_converted(dtype: Any) -> None:
    X = np.random.default_rng(5).integers(0, 2, (50, 4)).astype(dtype)
    y = np.arange(50).astype(np.int32)
    assert_same_result(crowfly.lstsq(X, y), crowfly.lstsq(X.astype(np.float64), y.astype(np.float64)))


# --- Weights, ridge, targets ---


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_weights_are_repetitions(alpha: float, intercept: bool) -> None:
    X, y = regression(80, 6)
    repeats = np.random.default_rng(2).integers(0, 4, 80)
    weighted = crowfly.lstsq(X, y, intercept=intercept, sample_weight=repeats, alpha=alpha)
    rows = np.repeat(np.arange(80), repeats)
    repeated = crowfly.lstsq(X[rows], y[rows], intercept=intercept, alpha=alpha)
    for result in (weighted, repeated):
        assert_least_squares_optimal(
            X, y, result.coef, intercept=intercept, sample_weight=repeats, alpha=alpha
        )


@pytest.mark.parametrize("offset", [1e6, 1e9])
@pytest.mark.parametrize("seed", [83, 0, 1, 2])
def test_weights_of_several_magnitudes_beside_an_offset(offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = int(rng.integers(1, 4))
    n = p + 3 + int(rng.integers(0, 8))
    X, y = rng.normal(size=(n, p)) + offset, rng.normal(size=n)
    weights = 10.0 ** rng.uniform(-8, 8, n)
    exact = exact_lstsq(X, y, sample_weight=weights)
    result = crowfly.lstsq(X, y, sample_weight=weights)
    for value, right in zip(result.coef, exact.coef, strict=True):
        assert log_relative_error(value, right) >= 15


def test_a_weight_of_zero_drops_the_row() -> None:
    X, y = regression(40, 3)
    weights = np.ones(40)
    weights[[3, 17]] = 0.0
    y[[3, 17]] = 1e12
    kept = weights > 0
    exact = exact_lstsq(X[kept], y[kept])
    result = crowfly.lstsq(X, y, sample_weight=weights)
    assert_coefficients_close(result.coef, exact, X[kept], y[kept])
    assert log_relative_error(result.rss, exact.rss) >= 12


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
def test_rows_without_weight_do_not_count_for_the_rank() -> None:
    X, y = regression(10, 3)
    weights = np.zeros(10)
    weights[:2] = 1.0
    assert crowfly.lstsq(X, y, intercept=False, sample_weight=weights).rank == 2


@pytest.mark.parametrize("factor", [2.0**-30, 2.0**30])
def test_scaling_all_weights_changes_nothing(factor: float) -> None:
    X, y = regression(100, 7)
    weights = np.random.default_rng(3).uniform(0.5, 2, 100)
    result = crowfly.lstsq(X, y, sample_weight=factor * weights)
    assert_least_squares_optimal(X, y, result.coef, sample_weight=weights)
    exact = exact_lstsq(X, y, sample_weight=factor * weights)
    assert log_relative_error(result.rss, exact.rss) >= 12


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 1.0, 1e6])
def test_ridge_is_the_augmented_system(alpha: float, intercept: bool) -> None:
    X, y = regression(200, 12)
    result = crowfly.lstsq(X, y, intercept=intercept, alpha=alpha)
    assert_least_squares_optimal(X, y, result.coef, intercept=intercept, alpha=alpha)


@pytest.mark.parametrize(("n", "n_features"), [(5, 40), (40, 5), (1, 1)])
def test_ridge_makes_every_problem_unique(n: int, n_features: int) -> None:
    X, y = regression(n, n_features)
    X[:, -1] = X[:, 0]
    result = crowfly.lstsq(X, y, alpha=0.5)
    assert_least_squares_optimal(X, y, result.coef, alpha=0.5)


@pytest.mark.parametrize("intercept", [True, False])
def test_each_target_is_its_own_problem(intercept: bool) -> None:
    X, Y = regression(150, 9, n_targets=4)
    alphas = np.array([0.0, 0.5, 3.0, 100.0])
    together: Any = crowfly.lstsq(X, Y, intercept=intercept, alpha=alphas)
    assert together.coef.shape == (4, 9)
    assert together.intercept.shape == together.rss.shape == (4,)
    for target in range(4):
        coef, alpha = together.coef[target], float(alphas[target])
        assert_least_squares_optimal(X, Y[:, target], coef, intercept=intercept, alpha=alpha)
        residual = Y[:, target] - X @ coef - together.intercept[target]
        tolerance = rss_tolerance(X, Y[:, target], coef, np.ones(150))
        assert abs(together.rss[target] - math.fsum(residual**2)) <= tolerance


def test_shapes_and_kinds_of_the_result() -> None:
    X, y = regression(30, 3)
    vector: Any = crowfly.lstsq(X, y)
    column: Any = crowfly.lstsq(X, y[:, np.newaxis])
    assert type(vector.intercept) is type(vector.rss) is float
    assert column.coef.shape == (1, 3)
    assert column.intercept.shape == column.rss.shape == (1,)
    assert vector.predict(X).shape == (30,)
    assert column.predict(X).shape == (30, 1)
    assert vector.coef.dtype == np.float64
    assert vector.dependent_columns.dtype.kind == "i"
    assert isinstance(vector.n_reads, int)
    assert vector.n_reads >= 1
    assert crowfly.lstsq(X, y, intercept=False).intercept == 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        vector.rank = 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_predict(dtype: Any) -> None:
    X, Y = regression(64, 11, dtype, n_targets=3)
    result = crowfly.lstsq(X, Y)
    wide = X.astype(np.float64)
    size = np.abs(wide) @ np.abs(result.coef).T + np.abs(result.intercept)
    error = np.abs(result.predict(X) - (wide @ result.coef.T + result.intercept))
    assert np.all(error <= 2 * (11 + 2) * EPS * size)


# --- Rank, condition, residuals ---

DEPENDENT: dict[str, Callable[[FloatArray], FloatArray]] = {
    "duplicate": lambda X: np.column_stack([X, X[:, 1]]),
    "sum": lambda X: np.column_stack([X, X[:, 0] + X[:, 2]]),
    "constant": lambda X: np.column_stack([X, np.full(len(X), 3.7)]),
    "zero": lambda X: np.column_stack([X, np.zeros(len(X))]),
    "duplicate of another scale": lambda X: np.column_stack([X, 2.0**10 * X[:, 3]]),
    "two": lambda X: np.column_stack([X, X[:, 0], X[:, 1] - X[:, 2]]),
}


def test_dependent_columns_are_named_in_one_warning() -> None:
    X, y = regression(50, 4)
    with pytest.warns(RankWarning, match=r"rank 4, .*: [04]\.") as caught:
        crowfly.lstsq(X[:, [0, 1, 2, 3, 0]], y)
    assert len(caught) == 1
    # What follows from the shape alone needs no warning, and a penalty makes the minimiser unique.
    crowfly.lstsq(X[:3], y[:3])
    crowfly.lstsq(X[:, [0, 0]], y, alpha=1.0)


def wide_problem(rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(rows)
    return rng.normal(size=(rows, columns)) + 3, rng.normal(size=rows)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-14, 1e-10, 1e-3])
def test_small_penalties_on_fewer_rows_than_columns(alpha: float, intercept: bool) -> None:
    X, y = wide_problem(6, 11)
    result = crowfly.lstsq(X, y, intercept=intercept, alpha=alpha)
    exact = exact_lstsq(X, y, intercept=intercept, alpha=alpha)
    truth = np.array([float(value) for value in exact.coef])
    np.testing.assert_allclose(
        result.coef, truth, rtol=0, atol=(4e-15 if alpha < 1e-12 else 2e-16) * abs(truth).max()
    )


@pytest.mark.parametrize("exponent", [-8, -14, -20])
def test_small_penalties_on_a_repeated_column(exponent: int) -> None:
    X, y = regression(30, 2)
    X, alpha = X[:, [0, 1, 0]], 10.0**exponent
    truth = np.array([float(value) for value in exact_lstsq(X, y, alpha=alpha).coef])
    # Gradients carry 106 bits, and the penalty alone decides between the two columns.
    for coef in (crowfly.lstsq(X, y, alpha=alpha).coef, crowfly.ridge_path(X, y, [alpha]).coef[0]):
        np.testing.assert_allclose(coef, truth, rtol=max(1e-15, 1e-28 / alpha))


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e9])
@pytest.mark.parametrize("span", [4, 8, 12])
def test_weights_of_many_magnitudes_beside_offsets(span: int, offset: float) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        n, p = int(rng.integers(6, 12)), int(rng.integers(1, 4))
        X, y, weights = (
            rng.normal(size=(n, p)) + offset,
            rng.normal(size=n),
            10.0 ** rng.uniform(-span, span, n),
        )
        result = crowfly.lstsq(X, y, sample_weight=weights)
        exact = exact_lstsq(X, y, sample_weight=weights)
        truth = np.array([float(value) for value in exact.coef])
        np.testing.assert_allclose(result.coef, truth, rtol=0, atol=1e-12 * abs(truth).max())
        assert result.correction < 1e-12


def test_coefficients_of_tiny_columns_under_a_penalty() -> None:
    X, y = regression(20, 3)
    coef = crowfly.lstsq(X, y, alpha=1e40).coef
    np.testing.assert_allclose(
        crowfly.lstsq(X * 2.0**-900, y, alpha=1.0).coef, X.T @ (y - y.mean()) * 2.0**-900, rtol=1e-13
    )
    np.testing.assert_allclose(coef, X.T @ (y - y.mean()) * 1e-40, rtol=1e-13)


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
@pytest.mark.parametrize("case", DEPENDENT)
def test_dependent_columns(case: str) -> None:
    base, y = regression(50, 4)
    # Whole numbers: the dependence survives rounding.
    X = DEPENDENT[case](np.round(100 * base))
    result = crowfly.lstsq(X, y)
    assert result.rank == 4
    assert result.condition == math.inf
    kept = np.setdiff1d(np.arange(X.shape[1]), result.dependent_columns)
    assert len(kept) == 4
    assert crowfly.lstsq(X[:, kept], y).rank == 4
    exact = exact_lstsq(X, y)
    truth = np.array([float(value) for value in exact.coef])
    design, target = centred_design(X, y, intercept=True, sample_weight=None, alpha=0.0)
    assert np.all(np.abs(result.coef - truth) <= minimum_norm_tolerance(design, target, truth, 4))
    assert log_relative_error(result.rss, exact.rss) >= 11


@pytest.mark.parametrize("case", DEPENDENT)
def test_a_penalty_makes_the_system_one_of_full_rank(case: str) -> None:
    base, y = regression(50, 4)
    X = DEPENDENT[case](np.round(100 * base))
    result = crowfly.lstsq(X, y, alpha=0.5)
    assert result.rank == X.shape[1]
    assert math.isfinite(result.condition)
    assert len(result.dependent_columns) == 0


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-7, 1e-9])
def test_nearly_dependent_columns_are_not_given_up(gap: float) -> None:
    X, y = regression(60, 4)
    X = np.column_stack([X, X[:, 0] + gap * np.random.default_rng(4).standard_normal(60)])
    result = crowfly.lstsq(X, y)
    assert result.rank == 5
    assert len(result.dependent_columns) == 0
    assert result.method == ("qr" if gap < 1e-6 else result.method)
    exact = exact_lstsq(X, y)
    # A QR factorisation is good to about n p eps times the condition, and its square where there is a
    # residual.
    condition = 4 / gap
    size = max(abs(float(value)) for value in exact.coef)
    error = max(abs(got - float(want)) for got, want in zip(result.coef, exact.coef, strict=True))
    residual = math.sqrt(float(exact.rss))
    design, _ = centred_design(X, y, intercept=True, sample_weight=None, alpha=0.0)
    shortest = np.linalg.norm(design, axis=0).min()
    assert error <= 60 * 5 * EPS * (condition * size + condition**2 * residual / shortest)


@pytest.mark.parametrize("correlation", [0.0, 0.9, 0.999, 1 - 1e-8])
def test_condition_estimate(correlation: float) -> None:
    X, y = regression(300, 6)
    X[:, 5] = correlation * X[:, 0] + math.sqrt(1 - correlation**2) * X[:, 5]
    design, _ = centred_design(X, y, intercept=True, sample_weight=None, alpha=0.0)
    truth = np.linalg.cond(design[:300] / np.linalg.norm(design[:300], axis=0))
    # Estimates by other norms are within a factor p of the 2-norm.
    assert truth / 6 <= crowfly.lstsq(X, y).condition <= truth * 6


def test_easy_problems_use_cholesky() -> None:
    assert crowfly.lstsq(*regression(300, 6)).method == "cholesky"


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 5.0])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_residual_sum_of_squares(offset: float, alpha: float, weighted: bool) -> None:
    X, y = regression(200, 5)
    X, y = X + offset, y + offset
    weights = np.random.default_rng(6).uniform(0, 3, 200) if weighted else np.ones(200)
    result: Any = crowfly.lstsq(X, y, sample_weight=weights, alpha=alpha)
    residual = y - y.mean() - (X - X.mean(axis=0)) @ result.coef
    residual -= np.average(residual, weights=weights)
    tolerance = rss_tolerance(X, y, result.coef, weights)
    assert abs(result.rss - math.fsum(weights * residual**2)) <= tolerance


def test_a_perfect_fit_leaves_rounding_only() -> None:
    X = np.round(10 * regression(100, 4)[0])
    y = X @ np.array([1.0, -2.0, 3.0, 0.5]) + 7
    result = crowfly.lstsq(X, y)
    assert_coefficients_close(result.coef, exact_lstsq(X, y), X, y)
    assert result.rss <= rss_tolerance(X, y, result.coef, np.ones(100)) + np.sum(
        (100 * 4 * EPS * np.abs(y)) ** 2
    )


def test_a_constant_target_is_the_intercept() -> None:
    X, _ = regression(60, 3)
    result = crowfly.lstsq(X, np.full(60, 2.5))
    assert_least_squares_optimal(X, np.full(60, 2.5), result.coef)
    assert np.all(np.abs(result.coef) <= 60 * EPS)
    assert result.intercept == pytest.approx(2.5, rel=60 * 4 * EPS)


def test_any_order_of_rows_is_the_same_problem() -> None:
    X, y = regression(500, 8)
    order = np.random.default_rng(8).permutation(500)
    for rows in (np.arange(500), order):
        assert_least_squares_optimal(X, y, crowfly.lstsq(X[rows], y[rows]).coef)
