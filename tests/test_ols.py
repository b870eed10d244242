# SPDX-License-Identifier: BSD-3-Clause
"""Inference for least squares against exact rational answers, and the rules that define it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import EPS, assert_same_bits, worst_log_relative_error
from data import linear_problem, linear_problem_names
from exact_ols import ROBUST, decimal, exact_ols, regression
from references import FloatArray
from strategies import DTYPES, LAYOUTS, THREADS


def assert_same_result(actual: crowfly.OlsResult, expected: crowfly.OlsResult) -> None:
    for item in dataclasses.fields(expected):
        if not item.name.startswith("_"):
            got, want = getattr(actual, item.name), getattr(expected, item.name)
            if isinstance(want, (str, tuple)):
                assert got == want
            else:
                assert_same_bits(np.asarray(got), np.asarray(want))


# --- Accuracy ---


@pytest.mark.parametrize("name", [name for name in linear_problem_names() if name != "wampler1"])
def test_standard_errors_of_the_nist_problems(name: str) -> None:
    problem = linear_problem(name)
    exact = exact_ols(problem.X, problem.y, intercept=problem.intercept)
    result = crowfly.ols(problem.X, problem.y, intercept=problem.intercept)
    assert worst_log_relative_error(result.std_error, exact.standard_errors()) >= 14.5
    assert worst_log_relative_error(np.array([result.rss]), [decimal(exact.rss)]) >= 14.5
    assert_same_bits(result.params, np.array([float(value) for value in exact.params]))


def test_an_exact_fit_has_no_error() -> None:
    problem = linear_problem("wampler1")
    result = crowfly.ols(problem.X, problem.y)
    assert result.rss == 0.0
    assert np.all(result.std_error == 0.0)
    assert np.all(np.isinf(result.t_values))
    assert np.all(result.p_values == 0.0)
    assert result.r_squared == 1.0


# What NIST publishes for the data as printed; float64 holds those of Norris and Longley well enough for 13 digits.
PUBLISHED = {
    "norris": (
        ["0.232818234301152", "0.429796848199937E-03"],
        "0.884796396144373",
        "0.999993745883712",
        "5436385.54079785",
    ),
    "longley": (
        [
            "890420.383607373",
            "84.9149257747669",
            "0.334910077722432E-01",
            "0.488399681651699",
            "0.214274163161675",
            "0.226073200069370",
            "455.478499142212",
        ],
        "304.854073561965",
        "0.995479004577296",
        "330.285339234588",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_statistics(name: str) -> None:
    problem = linear_problem(name)
    errors, sigma, r_squared, f_statistic = PUBLISHED[name]
    result = crowfly.ols(problem.X, problem.y)
    assert worst_log_relative_error(result.std_error, errors) >= 13
    statistics = np.array([result.sigma, result.r_squared, result.f_statistic])
    assert worst_log_relative_error(statistics, [sigma, r_squared, f_statistic]) >= 13


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e5])
@pytest.mark.parametrize(("n", "n_features"), [(12, 1), (23, 4), (30, 9)])
def test_everything_against_rational_arithmetic(
    n: int, n_features: int, offset: float, intercept: bool, weighted: bool
) -> None:
    # Few bits, or the rational reference takes minutes.
    X, y = (np.round(64 * part) / 64 for part in regression(n, n_features))
    X = X + offset
    weights = np.random.default_rng(n).integers(1, 40, n) / 8 if weighted else None
    exact = exact_ols(X, y, intercept=intercept, sample_weight=weights)
    result = crowfly.ols(X, y, intercept=intercept, sample_weight=weights)
    assert worst_log_relative_error(result.std_error, exact.standard_errors()) >= 14.5
    residuals = np.array([float(value) for value in exact.residuals])
    assert np.all(np.abs(result.residuals - residuals) <= 2 * EPS * np.abs(residuals))
    leverage = np.array([float(value) for value in exact.leverage])
    tolerance = 8 * (n_features + 1) * EPS * max(result.condition, 1 + offset * (not intercept))
    assert np.all(np.abs(result.leverage - leverage) <= tolerance)
    for cov_type in ROBUST:
        robust = crowfly.ols(X, y, intercept=intercept, sample_weight=weights, cov_type=cov_type)
        assert worst_log_relative_error(robust.std_error, exact.sandwich_errors(cov_type)) >= (
            12 if intercept or offset == 0 else 8
        )
    groups = np.random.default_rng(1).integers(0, 7, n)
    clustered = crowfly.ols(
        X, y, intercept=intercept, sample_weight=weights, cov_type="cluster", groups=groups
    )
    assert worst_log_relative_error(clustered.std_error, exact.cluster_errors(groups)) >= (
        11 if intercept or offset == 0 else 7
    )
    assert clustered.n_groups == len(set(groups.tolist()))


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_nearly_dependent_columns(gap: float) -> None:
    X, y = regression(30, 3)
    X = np.column_stack([X, X[:, 0] + gap * np.random.default_rng(4).standard_normal(30)])
    exact = exact_ols(X, y)
    result = crowfly.ols(X, y)
    assert worst_log_relative_error(result.std_error, exact.standard_errors()) >= 14.5
    robust = crowfly.ols(X, y, cov_type="HC1")
    digits = -math.log10(64 * 5 * EPS * result.condition)
    assert worst_log_relative_error(robust.std_error, exact.sandwich_errors("HC1")) >= digits


def test_many_rows_that_are_not_refined() -> None:
    X, y = regression(300_000, 61)
    X[:, 1] += 30 * X[:, 0]
    weights = np.random.default_rng(2).uniform(0.5, 2, len(X))
    result = crowfly.ols(X, y, sample_weight=weights)
    rows = np.sqrt(weights)[:, np.newaxis] * np.column_stack([np.ones(len(X)), X])
    triangle = np.linalg.qr(rows, mode="r")
    inverse = np.linalg.inv(triangle)
    expected = np.sqrt((inverse**2).sum(axis=1)) * result.sigma
    assert np.all(np.abs(result.std_error - expected) <= 1e-12 * expected)
    hat = ((rows @ inverse) ** 2).sum(axis=1)
    assert np.all(np.abs(result.leverage - hat) <= 1e-12 * hat)
    assert np.diag(result.covariance) == pytest.approx(result.std_error**2, rel=1e-14)


# --- Invariances ---


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC3", "cluster"])
@pytest.mark.parametrize(("n", "n_features"), [(300, 5), (20011, 23), (700, 200)])
def test_threads_give_the_same_bits(n: int, n_features: int, cov_type: str) -> None:
    X, y = regression(n, n_features)
    groups = np.arange(n) % 301 if cov_type == "cluster" else None
    one, *others = (
        crowfly.ols(X, y, cov_type=cov_type, groups=groups, num_threads=threads) for threads in THREADS
    )
    for other in others:
        assert_same_result(other, one)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts_give_the_same_bits(layout: str, dtype: Any) -> None:
    X, y = regression(301, 19, dtype)
    assert_same_result(
        crowfly.ols(LAYOUTS[layout](X), LAYOUTS[layout](y[:, np.newaxis])[:, 0]), crowfly.ols(X, y)
    )


@pytest.mark.parametrize("name", linear_problem_names())
def test_any_order_of_rows_gives_the_same_standard_errors(name: str) -> None:
    problem = linear_problem(name)
    order = np.random.default_rng(3).permutation(len(problem.X))
    expected = crowfly.ols(problem.X, problem.y, intercept=problem.intercept)
    actual = crowfly.ols(problem.X[order], problem.y[order], intercept=problem.intercept)
    assert_same_bits(actual.std_error, expected.std_error)
    assert actual.sigma == expected.sigma


@given(exponents=st.lists(st.integers(-60, 60), min_size=4, max_size=4), of_y=st.integers(-60, 60))
def test_powers_of_two_scale_the_result(exponents: list[int], of_y: int) -> None:
    X, y = regression(30, 4)
    scale = 2.0 ** np.array(exponents)
    expected = crowfly.ols(X, y)
    actual = crowfly.ols(X * scale, y * 2.0**of_y)
    units = 2.0**of_y / np.array([1, *scale])
    assert_same_bits(actual.std_error, expected.std_error * units)
    assert_same_bits(actual.t_values, expected.t_values)
    assert actual.f_statistic == expected.f_statistic
    assert actual.r_squared == expected.r_squared


def test_columns_of_scales_at_both_ends() -> None:
    X, y = regression(30, 2)
    scale = np.array([2.0**-990, 2.0**990])
    expected = crowfly.ols(X, y)
    for cov_type in ("nonrobust", "HC3"):
        expected = crowfly.ols(X, y, cov_type=cov_type)
        actual = crowfly.ols(X * scale, y, cov_type=cov_type)
        assert actual.std_error[1:] == pytest.approx(expected.std_error[1:] / scale, rel=1e-13)
        assert actual.p_values == pytest.approx(expected.p_values, rel=1e-12)
        interval = expected.predict_interval(X)
        assert actual.predict_interval(X * scale) == pytest.approx(interval, rel=1e-12)


# --- Weights ---


def test_weights_are_precisions() -> None:
    X, y = regression(40, 3)
    weights = np.random.default_rng(6).uniform(0.1, 9, 40)
    root = np.sqrt(weights)
    rows = root[:, np.newaxis] * np.column_stack([np.ones(40), X])
    plain = crowfly.ols(rows, root * y, intercept=False)
    for factor in (1.0, 0.25, 1024.0):
        weighted = crowfly.ols(X, y, sample_weight=factor * weights)
        assert weighted.std_error == pytest.approx(plain.std_error, rel=1e-12)
        assert weighted.durbin_watson == pytest.approx(plain.durbin_watson, rel=1e-12)
        assert weighted.leverage == pytest.approx(plain.leverage, rel=1e-12)
        assert weighted.sigma == pytest.approx(plain.sigma * math.sqrt(factor), rel=1e-12)
        assert weighted.n == 40
        # The likelihood of y, not of the scaled rows; sigma takes up a common factor.
        expected = plain.log_likelihood + np.log(root).sum()
        assert weighted.log_likelihood == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC2", "cluster"])
def test_a_weight_of_zero_drops_the_row(cov_type: str) -> None:
    X, y = regression(40, 3)
    weights = np.ones(40)
    weights[[0, 11, 39]] = 0
    kept = weights > 0
    groups = np.arange(40) // 3
    given_groups = cov_type == "cluster"
    actual = crowfly.ols(
        X, y, sample_weight=weights, cov_type=cov_type, groups=groups if given_groups else None
    )
    expected = crowfly.ols(
        X[kept],
        y[kept],
        sample_weight=weights[kept],
        cov_type=cov_type,
        groups=groups[kept] if given_groups else None,
    )
    assert_same_result(actual, expected)


def test_repeating_rows_is_another_problem_than_weighting_them() -> None:
    X, y = regression(40, 3)
    weighted = crowfly.ols(X, y, sample_weight=np.full(40, 2.0))
    repeated = crowfly.ols(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    assert weighted.params == pytest.approx(repeated.params, rel=1e-13)
    ratio = math.sqrt(weighted.df_resid / repeated.df_resid)
    assert repeated.std_error == pytest.approx(weighted.std_error * ratio, rel=1e-13)


def test_reference_notices_a_wrong_weight() -> None:
    """The rational reference is not blind: one weight off, and it disagrees."""
    X, y = regression(12, 1)
    weights = np.ones(12)
    weights[3] = 1 + 1e-6
    exact: FloatArray = np.array([float(v) for v in exact_ols(X, y, sample_weight=weights).standard_errors()])
    assert np.all(np.abs(crowfly.ols(X, y).std_error / exact - 1) > 1e-12)
