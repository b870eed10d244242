# SPDX-License-Identifier: BSD-3-Clause
"""What a fit of least squares says of itself: tests, intervals, criteria, columns left out, the summary, refusals."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from crowfly import _ols_result
from data import linear_problem
from exact_ols import regression


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
