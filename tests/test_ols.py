# SPDX-License-Identifier: BSD-3-Clause
"""Inference for least squares against exact rational answers, and the rules that define it."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import EPS, assert_same_bits, worst_log_relative_error
from crowfly import _ols_result
from data import linear_problem, linear_problem_names
from references import AnyArray, FloatArray, minimum_norm_solution
from strategies import DTYPES, LAYOUTS, THREADS

ROBUST = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}


def regression(n: int, n_features: int, dtype: Any = np.float64) -> tuple[AnyArray, AnyArray]:
    """A well-conditioned problem whose noise grows with the first column; its seed is its shape."""
    rng = np.random.default_rng([n, n_features, 5])
    X = rng.standard_normal((n, n_features))
    y = X @ rng.standard_normal(n_features) + 3 + np.abs(X[:, 0]) * rng.standard_normal(n)
    return X.astype(dtype), y.astype(dtype)


@dataclass(frozen=True)
class ExactOls:
    """Everything rational about a fit of full rank; the intercept is first."""

    params: list[Fraction]
    inverse: list[list[Fraction]]
    residuals: list[Fraction]
    leverage: list[Fraction]
    rows: list[list[Fraction]]
    weights: list[Fraction]

    @property
    def rss(self) -> Fraction:
        return sum((w * r * r for w, r in zip(self.weights, self.residuals, strict=True)), Fraction(0))

    @property
    def df_resid(self) -> int:
        return len(self.residuals) - len(self.params)

    def standard_errors(self) -> list[str]:
        variance = self.rss / self.df_resid
        return [decimal_root(variance * self.inverse[j][j]) for j in range(len(self.params))]

    def robust_errors(self, filling: list[list[Fraction]], factor: Fraction) -> list[str]:
        result = []
        for column in self.inverse:
            inner = [dot(column, row) for row in filling]
            result.append(decimal_root(factor * dot(column, inner)))
        return result

    def sandwich_errors(self, cov_type: str) -> list[str]:
        k = len(self.params)
        factors = [
            (w * r) ** 2 / (1 - h) ** ROBUST[cov_type]
            for w, r, h in zip(self.weights, self.residuals, self.leverage, strict=True)
        ]
        filling = [[dot(factors, products(self.rows, i, j)) for j in range(k)] for i in range(k)]
        n = len(self.rows)
        return self.robust_errors(filling, Fraction(n, n - k) if cov_type == "HC1" else Fraction(1))

    def cluster_errors(self, groups: AnyArray) -> list[str]:
        k, n, labels = len(self.params), len(self.rows), sorted(set(groups.tolist()))
        scores = []
        for label in labels:
            members = np.flatnonzero(groups == label).tolist()
            scores.append(
                [
                    sum((self.weights[i] * self.residuals[i] * self.rows[i][j] for i in members), Fraction(0))
                    for j in range(k)
                ]
            )
        filling = [[sum((s[i] * s[j] for s in scores), Fraction(0)) for j in range(k)] for i in range(k)]
        count = len(labels)
        return self.robust_errors(filling, Fraction(count, count - 1) * Fraction(n - 1, n - k))


def dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0))


def products(rows: list[list[Fraction]], i: int, j: int) -> list[Fraction]:
    return [row[i] * row[j] for row in rows]


def decimal_root(value: Fraction) -> str:
    with mpmath.workdps(50):
        return str(mpmath.sqrt(mpmath.mpf(value.numerator) / value.denominator))


def decimal(value: Fraction) -> str:
    with mpmath.workdps(50):
        return str(mpmath.mpf(value.numerator) / value.denominator)


def exact_ols(
    X: AnyArray, y: AnyArray, *, intercept: bool = True, sample_weight: AnyArray | None = None
) -> ExactOls:
    features = [[Fraction(value) for value in row] for row in np.asarray(X, dtype=np.float64).tolist()]
    rows = [[Fraction(1), *row] for row in features] if intercept else features
    target = [Fraction(value) for value in np.asarray(y, dtype=np.float64).tolist()]
    raw = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    weights = [Fraction(value) for value in raw.tolist()]
    k = len(rows[0])
    gram = [[dot(weights, products(rows, i, j)) for j in range(k)] for i in range(k)]
    inverse = [minimum_norm_solution(gram, [Fraction(int(i == j)) for i in range(k)])[0] for j in range(k)]
    right = [
        sum((w * row[j] * t for w, row, t in zip(weights, rows, target, strict=True)), Fraction(0))
        for j in range(k)
    ]
    params = [dot(column, right) for column in inverse]
    residuals = [t - dot(row, params) for row, t in zip(rows, target, strict=True)]
    leverage = [
        w * dot(row, [dot(column, row) for column in inverse]) for w, row in zip(weights, rows, strict=True)
    ]
    return ExactOls(params, inverse, residuals, leverage, rows, weights)


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


# --- Tests, intervals, criteria ---


def test_p_values_and_intervals() -> None:
    problem = linear_problem("longley")
    result = crowfly.ols(problem.X, problem.y)
    assert result.df_resid == 9
    with mpmath.workdps(30):
        for t, p in zip(result.t_values.tolist(), result.p_values.tolist(), strict=True):
            exact = mpmath.betainc(mpmath.mpf(9) / 2, 0.5, 0, 9 / (9 + mpmath.mpf(t) ** 2), regularized=True)
            assert p == pytest.approx(float(exact), rel=1e-12)
        half = mpmath.mpf(result.f_statistic) * 6
        exact = mpmath.betainc(mpmath.mpf(9) / 2, 3, 0, 9 / (9 + half), regularized=True)
        assert result.f_p_value == pytest.approx(float(exact), rel=1e-12)
    with mpmath.workdps(30):
        inside = mpmath.findroot(
            lambda u: mpmath.betainc(0.5, mpmath.mpf(9) / 2, 0, u, regularized=True) - mpmath.mpf("0.95"),
            0.36,
        )
        quantile = float(mpmath.sqrt(9 * inside / (1 - inside)))
    assert quantile == pytest.approx(2.262157, rel=1e-6)
    interval = result.conf_int()
    assert interval.mean(axis=1) == pytest.approx(result.params, rel=1e-12)
    width = interval[:, 1] - interval[:, 0]
    assert width == pytest.approx(2 * quantile * result.std_error, rel=1e-12)
    assert np.all(result.conf_int(0.5)[:, 1] < interval[:, 1])


@pytest.mark.parametrize("level", [1e-6, 0.5, 0.99, 1 - 1e-9])
@pytest.mark.parametrize("df", [1, 2, 30, 10_000])
def test_quantiles(df: int, level: float) -> None:
    quantile = _ols_result._quantile(level, df)
    with mpmath.workdps(40):
        square = mpmath.mpf(quantile) ** 2
        inside = mpmath.betainc(0.5, mpmath.mpf(df) / 2, 0, square / (df + square), regularized=True)
        # By how much the quantile is off, through the density of |t|.
        half = mpmath.mpf(df + 1) / 2
        density = 2 * mpmath.gamma(half) / mpmath.gamma(mpmath.mpf(df) / 2) / mpmath.sqrt(df * mpmath.pi)
        density *= (1 + square / df) ** -half
        assert abs((inside - mpmath.mpf(level)) / density / quantile) <= 1e-12


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC1", "cluster"])
@pytest.mark.parametrize("intercept", [False, True])
def test_intervals_of_predictions(intercept: bool, cov_type: str) -> None:
    X, y = regression(60, 4)
    groups = np.arange(60) // 4 if cov_type == "cluster" else None
    result = crowfly.ols(X, y, intercept=intercept, cov_type=cov_type, groups=groups)
    new = np.random.default_rng(9).standard_normal((7, 4))
    rows = np.column_stack([np.ones(7), new]) if intercept else new
    variance = np.einsum("ij,jk,ik->i", rows, result.covariance, rows)
    assert result.predict(new) == pytest.approx(rows @ result.params, rel=1e-12)
    quantile = (result.conf_int()[0, 1] - result.params[0]) / result.std_error[0]
    for kind, extra in (("confidence", 0.0), ("prediction", result.sigma**2)):
        reach = quantile * np.sqrt(variance + extra)
        lower, upper = result.predict_interval(new, kind=kind).T
        assert upper - lower == pytest.approx(2 * reach, rel=1e-11)
        assert (upper + lower) / 2 == pytest.approx(rows @ result.params, rel=1e-11)


def test_wald_statistic_of_a_robust_covariance() -> None:
    X, y = regression(60, 4)
    result = crowfly.ols(X, y, cov_type="HC3")
    wald = result.coef @ np.linalg.solve(result.covariance[1:, 1:], result.coef)
    assert result.f_statistic == pytest.approx(wald / 4, rel=1e-11)
    few = crowfly.ols(X, y, cov_type="cluster", groups=np.arange(60) % 3)
    assert math.isnan(few.f_statistic)


def test_criteria_and_diagnostics() -> None:
    X, y = regression(50, 3)
    result = crowfly.ols(X, y)
    residuals = y - result.predict(X)
    rss, n, k = float(residuals @ residuals), 50, 4
    likelihood = -n / 2 * (math.log(2 * math.pi * rss / n) + 1)
    assert result.rss == pytest.approx(rss, rel=1e-13)
    assert result.tss == pytest.approx(float(np.sum((y - y.mean()) ** 2)), rel=1e-13)
    assert result.log_likelihood == pytest.approx(likelihood, rel=1e-13)
    assert result.aic == pytest.approx(2 * k - 2 * likelihood, rel=1e-13)
    assert result.bic == pytest.approx(k * math.log(n) - 2 * likelihood, rel=1e-13)
    assert result.r_squared == pytest.approx(1 - rss / result.tss, rel=1e-12)
    assert result.adjusted_r_squared == pytest.approx(1 - rss / 46 / (result.tss / 49), rel=1e-12)
    assert result.durbin_watson == pytest.approx(float(np.sum(np.diff(residuals) ** 2)) / rss, rel=1e-12)
    assert result.leverage.sum() == pytest.approx(k, rel=1e-13)
    assert result.condition == crowfly.lstsq(X, y).condition
    origin = crowfly.ols(X, y, intercept=False)
    assert origin.tss == pytest.approx(float(y @ y), rel=1e-13)


# --- Rank, degrees of freedom ---


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC3"])
def test_dependent_columns_are_left_out(cov_type: str) -> None:
    X, y = regression(40, 3)
    wide = np.column_stack([np.round(X[:, :1] * 8), np.full(40, 2.5), np.round(X * 8), np.zeros(40)])
    result = crowfly.ols(wide, y, cov_type=cov_type)
    assert result.df_model == 3
    assert len(result.dropped) == 3
    assert {1, 5} <= set(result.dropped.tolist())
    kept = np.setdiff1d(np.arange(6), result.dropped)
    expected = crowfly.ols(wide[:, kept], y, cov_type=cov_type)
    places = np.array([0, *(kept + 1)])
    for name in ("params", "std_error", "t_values", "p_values"):
        values = getattr(result, name)
        assert_same_bits(values[places], getattr(expected, name))
        assert np.all(np.isnan(np.delete(values, places)))
    assert_same_bits(result.predict(wide), expected.predict(wide[:, kept]))
    assert_same_bits(result.predict_interval(wide), expected.predict_interval(wide[:, kept]))
    assert result.r_squared == expected.r_squared
    assert "3 not defined" in result.summary()
    assert result.summary().count(" NA ") >= 3


def test_only_a_constant_is_left() -> None:
    y = np.array([1.0, 2.0, 4.0, 9.0])
    result = crowfly.ols(np.ones((4, 2)), y)
    assert result.intercept == 4.0
    assert result.std_error[0] == pytest.approx(y.std(ddof=1) / 2, rel=1e-14)
    assert math.isnan(result.f_statistic)
    assert result.predict(np.ones((1, 2))).tolist() == [4.0]
    assert result.predict_interval(np.ones((1, 2))).shape == (1, 2)
    assert isinstance(result.summary(), str)
    with pytest.raises(ValueError, match="X: at least one column that is not zero expected"):
        crowfly.ols(np.zeros((4, 2)), y, intercept=False)


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC1"])
@pytest.mark.parametrize(("n", "n_features"), [(1, 1), (1, 3), (3, 2), (4, 9)])
def test_no_degrees_of_freedom(n: int, n_features: int, cov_type: str) -> None:
    result = crowfly.ols(*regression(n, n_features), cov_type=cov_type)
    assert result.df_resid == 0
    assert len(result.dropped) == n_features - (n - 1)
    for values in (result.std_error, result.t_values, result.p_values, result.conf_int()):
        assert np.all(np.isnan(values))
    assert math.isnan(result.sigma)
    assert "No residual degrees of freedom" in result.summary()


def test_a_row_that_decides_a_coefficient() -> None:
    X, y = regression(20, 2)
    X[:, 1] = 0
    X[7, 1] = 3
    assert crowfly.ols(X, y).leverage[7] == pytest.approx(1, abs=1e-14)
    assert np.isfinite(crowfly.ols(X, y, cov_type="HC1").std_error).all()
    for cov_type in ("HC2", "HC3"):
        with pytest.raises(ValueError, match=f"cov_type: {cov_type} divides by 1 - leverage, .* row 7"):
            crowfly.ols(X, y, cov_type=cov_type)


# --- Summary and names ---


@pytest.mark.parametrize("value", [0.0, 0.1, 1e10 / 3])
@pytest.mark.parametrize("n", [7, 1000])
def test_a_constant_target_has_nothing_to_explain(n: int, value: float) -> None:
    X = np.random.default_rng(5).standard_normal((n, 2))
    result = crowfly.ols(X, np.full(n, value))
    assert result.intercept == value
    for name in ("r_squared", "adjusted_r_squared", "f_statistic", "f_p_value"):
        assert np.isnan(getattr(result, name)), name


def test_summary() -> None:
    pandas = pytest.importorskip("pandas")
    problem = linear_problem("longley")
    names = ["deflator", "gnp", "unemployed", "armed", "population", "year"]
    frame = pandas.DataFrame(problem.X, columns=names)
    result = crowfly.ols(frame, pandas.Series(problem.y, name="employed"))
    assert result.names == ("(Intercept)", *names)
    text = result.summary()
    for part in (
        "Least squares: employed",
        "(Intercept)",
        "armed",
        "-3482259",
        "890420.4",
        "-3.911",
        "0.00356",
        "Std. Error",
        "Pr(>|t|)",
        "2.5 %",
        "Residual standard error: 304.85 on 9 degrees of freedom",
        "R-squared: 0.99548, adjusted R-squared: 0.99247",
        "F-statistic: 330.3 on 6 and 9 DF, p-value: 4.98e-10",
        "AIC: 233.23",
        "Durbin-Watson: 2.559",
    ):
        assert part in text, part
    assert "5 %" in result.summary(0.9)
    assert str(result) == text
    assert max(len(line) for line in text.splitlines()) < 110
    robust = crowfly.ols(frame, problem.y, cov_type="HC3").summary()
    assert "HC3" in robust
    assert "Least squares: y" in robust


def test_names_without_a_frame() -> None:
    pandas = pytest.importorskip("pandas")
    X, y = regression(20, 3)
    assert crowfly.ols(X, y).names == ("(Intercept)", "x1", "x2", "x3")
    assert crowfly.ols(X, y, intercept=False).names == ("x1", "x2", "x3")
    assert crowfly.ols(pandas.DataFrame(X), y).names == ("(Intercept)", "x1", "x2", "x3")


# --- Refused ---

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"alpha": 1.0}, ValueError, "alpha: 0 expected, got 1.0: penalised coefficients are biased"),
    ({"cov_type": "HC4"}, ValueError, "cov_type: one of nonrobust, HC0, .* expected, got 'HC4'"),
    ({"cov_type": 3}, ValueError, "cov_type: one of"),
    ({"cov_type": "cluster"}, ValueError, "groups: to be given with cov_type='cluster'"),
    ({"groups": np.zeros(20)}, ValueError, "groups: to be given with cov_type='cluster'"),
    ({"cov_type": "cluster", "groups": np.zeros(20)}, ValueError, "groups: at least two groups"),
    ({"cov_type": "cluster", "groups": np.zeros(19)}, ValueError, "groups: 20 rows expected"),
    ({"cov_type": "cluster", "groups": np.zeros((20, 2))}, ValueError, "groups: 1 dimension expected"),
    ({"sample_weight": -np.ones(20)}, ValueError, "sample_weight: non-negative"),
    ({"sample_weight": np.full(20, np.inf)}, ValueError, "sample_weight: finite"),
    ({"intercept": 1}, TypeError, "intercept: True or False expected"),
    ({"y": np.zeros((20, 2))}, ValueError, "y: 1 dimension expected"),
    ({"y": np.zeros(3)}, ValueError, "y: 20 rows expected"),
    ({"y": np.full(20, np.nan)}, ValueError, r"y: finite numbers expected, y\[0\] is nan"),
    ({"X": np.full((20, 1), np.nan)}, ValueError, r"X: finite numbers expected, X\[0, 0\] is nan"),
    ({"X": np.empty((20, 0))}, ValueError, "X: at least one feature expected"),
]


@pytest.mark.parametrize(("change", "error", "message"), REFUSED)
def test_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    X, y = regression(20, 2)
    arguments: dict[str, Any] = {"X": X, "y": y} | change
    with pytest.raises(error, match=message):
        crowfly.ols(**arguments)


@pytest.mark.parametrize("level", [0, 1, -0.5, 1.5, "high", math.nan])
def test_levels(level: Any) -> None:
    X, y = regression(20, 2)
    result = crowfly.ols(X, y)
    for call in (result.conf_int, result.summary, lambda value: result.predict_interval(X, value)):
        with pytest.raises((TypeError, ValueError), match=r"level: "):
            call(level)
    with pytest.raises(ValueError, match="kind: one of prediction, confidence expected, got 'mean'"):
        result.predict_interval(X, kind="mean")
    with pytest.raises(ValueError, match="X: 2 features expected"):
        result.predict_interval(np.ones((2, 3)))


def test_coefficients_are_those_of_lstsq() -> None:
    X, y = regression(200, 7)
    result, fit = crowfly.ols(X, y), crowfly.lstsq(X, y)
    assert_same_bits(result.coef, fit.coef)
    assert result.intercept == fit.intercept


def test_reference_notices_a_wrong_weight() -> None:
    """The rational reference is not blind: one weight off, and it disagrees."""
    X, y = regression(12, 1)
    weights = np.ones(12)
    weights[3] = 1 + 1e-6
    exact: FloatArray = np.array([float(v) for v in exact_ols(X, y, sample_weight=weights).standard_errors()])
    assert np.all(np.abs(crowfly.ols(X, y).std_error / exact - 1) > 1e-12)
