# SPDX-License-Identifier: BSD-3-Clause
"""Polynomials against the exact solution for the exact powers of x."""

from __future__ import annotations

import csv
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import EPS, assert_same_bits, worst_log_relative_error
from references import AnyArray, FloatArray, minimum_norm_solution
from strategies import THREADS

DATA = Path(__file__).parent / "data"
DEGREES = {"norris": 1, "filip": 10, "wampler1": 5, "wampler2": 5, "wampler3": 5}


def reference_points(name: str) -> tuple[FloatArray, FloatArray]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row["x"]) for row in rows]), np.array([float(row["y"]) for row in rows])


def exact_polyfit(
    x: AnyArray, y: AnyArray, degree: int, sample_weight: AnyArray | None = None
) -> tuple[list[Fraction], list[str]]:
    """Coefficients, and standard errors as decimals, in rational arithmetic."""
    points = [Fraction(float(value)) for value in x]
    targets = [Fraction(float(value)) for value in y]
    raw = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    weights = [Fraction(value) for value in raw.tolist()]
    size = degree + 1
    moments = [
        sum((w * p**k for w, p in zip(weights, points, strict=True)), Fraction(0)) for k in range(2 * size)
    ]
    right = [
        sum((w * p**k * t for w, p, t in zip(weights, points, targets, strict=True)), Fraction(0))
        for k in range(size)
    ]
    gram = [[moments[i + j] for j in range(size)] for i in range(size)]
    inverse = [
        minimum_norm_solution(gram, [Fraction(int(i == j)) for i in range(size)])[0] for j in range(size)
    ]
    coef = [sum((u * v for u, v in zip(column, right, strict=True)), Fraction(0)) for column in inverse]
    rss = sum(
        (
            w * (t - sum((c * p**k for k, c in enumerate(coef)), Fraction(0))) ** 2
            for w, p, t in zip(weights, points, targets, strict=True)
        ),
        Fraction(0),
    )
    df = len(x) - size
    errors = []
    with mpmath.workdps(50):
        for k in range(size):
            variance = rss / df * inverse[k][k] if df > 0 else Fraction(0)
            errors.append(str(mpmath.sqrt(mpmath.mpf(variance.numerator) / variance.denominator)))
    return coef, errors


def rounded(values: list[Fraction]) -> FloatArray:
    return np.array([float(value) for value in values])


# --- Accuracy ---


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize("name", DEGREES)
def test_nist_problems_are_rounded_exactly(name: str, num_threads: int) -> None:
    x, y = reference_points(name)
    coef, errors = exact_polyfit(x, y, DEGREES[name])
    order = np.random.default_rng(17).permutation(len(x))
    for rows in (slice(None), slice(None, None, -1), order):
        result = crowfly.polyfit(x[rows], y[rows], DEGREES[name], num_threads=num_threads)
        assert_same_bits(result.coef, rounded(coef))
    if name == "wampler1":
        assert np.all(result.std_error == 0)
    else:
        assert worst_log_relative_error(result.std_error, errors) >= 13.5


# NIST's certified values for the decimals as printed.
FILIP = [
    "-1467.48961422980",
    "-2772.17959193342",
    "-2316.37108160893",
    "-1127.97394098372",
    "-354.478233703349",
    "-75.1242017393757",
    "-10.8753180355343",
    "-1.06221498588947",
    "-0.670191154593408E-01",
    "-0.246781078275479E-02",
    "-0.402962525080404E-04",
]


def test_filip_has_fourteen_digits_of_the_published_answer() -> None:
    assert worst_log_relative_error(crowfly.polyfit(*reference_points("filip"), 10).coef, FILIP) >= 14


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("spread", ["even", "normal", "logarithmic", "far", "tiny"])
@pytest.mark.parametrize("degree", [0, 1, 2, 5, 9])
def test_random_points_are_rounded_exactly(degree: int, spread: str, weighted: bool) -> None:
    rng = np.random.default_rng([degree, len(spread)])
    x = {
        "even": np.linspace(0, 1, 30),
        "normal": rng.standard_normal(30),
        "logarithmic": np.logspace(-3, 3, 30),
        "far": 1000 + rng.uniform(-1, 1, 30),
        "tiny": 2.0**-30 * rng.standard_normal(30),
    }[spread]
    y = np.cos(3 * np.arange(30)) + x
    weights = rng.uniform(0.1, 3, 30) if weighted else None
    coef, errors = exact_polyfit(x, y, degree, weights)
    result = crowfly.polyfit(x, y, degree, weights)
    assert_same_bits(result.coef, rounded(coef))
    digits = -math.log10(64 * (degree + 1) * EPS * result.condition)
    assert worst_log_relative_error(result.std_error, errors) >= digits


@pytest.mark.parametrize("degree", [15, 20])
def test_high_degrees(degree: int) -> None:
    # Few bits, or the rational reference takes minutes.
    x = np.arange(60) / 64
    y = np.round(2.0**20 * np.exp(x) * np.cos(20 * x))
    coef, _ = exact_polyfit(x, y, degree)
    assert_same_bits(crowfly.polyfit(x, y, degree).coef, rounded(coef))


@given(
    coef=st.lists(st.integers(-50, 50), min_size=1, max_size=6),
    start=st.integers(-20, 20),
    extra=st.integers(0, 9),
)
def test_polynomials_of_whole_numbers_are_found(coef: list[int], start: int, extra: int) -> None:
    x = np.arange(start, start + len(coef) + extra)
    y = np.array([sum(c * int(point) ** k for k, c in enumerate(coef)) for point in x], dtype=np.float64)
    result = crowfly.polyfit(x, y, len(coef) - 1)
    assert_same_bits(result.coef, np.array(coef, dtype=np.float64))
    assert result.rss == 0


def test_many_points_in_parts() -> None:
    rng = np.random.default_rng(8)
    x = rng.integers(-100, 101, 8_021) / 64
    y = rng.integers(-8, 9, len(x)) + np.round(x**3)
    one, *others = (crowfly.polyfit(x, y, 4, num_threads=threads) for threads in THREADS)
    coef, errors = exact_polyfit(x, y, 4)
    assert_same_bits(one.coef, rounded(coef))
    assert worst_log_relative_error(one.std_error, errors) >= 13
    for other in others:
        assert_same_bits(other.coef, one.coef)
        assert_same_bits(other.std_error, one.std_error)


@pytest.mark.parametrize("exponent", [-200, 60, 200])
def test_powers_of_two_scale_the_coefficients(exponent: int) -> None:
    x, y = reference_points("wampler3")
    x = x + 0.3
    expected = crowfly.polyfit(x, y, 3)
    actual = crowfly.polyfit(x * 2.0**exponent, y, 3)
    scale = 2.0 ** (-exponent * np.arange(4))
    assert_same_bits(actual.coef, expected.coef * scale)
    assert_same_bits(crowfly.polyfit(x, y * 2.0**exponent, 3).coef, expected.coef * 2.0**exponent)


# --- Evaluation ---


def test_values_are_those_of_the_exact_polynomial() -> None:
    x, y = reference_points("filip")
    result = crowfly.polyfit(x, y, 10)
    coef, _ = exact_polyfit(x, y, 10)
    grid = np.linspace(x.min(), x.max(), 57)
    exact = rounded(
        [sum((c * Fraction(p) ** k for k, c in enumerate(coef)), Fraction(0)) for p in grid.tolist()]
    )
    np.testing.assert_allclose(result(grid), exact, rtol=EPS, atol=0)
    assert result(grid.reshape(3, 19)).shape == (3, 19)
    assert result(-5.0).shape == ()
    assert_same_bits(result(grid.reshape(3, 19)).ravel(), result(grid))
    residuals = y - result(x)
    assert result.rss == pytest.approx(residuals @ residuals, rel=1e-11)
    assert result.sigma == pytest.approx(math.sqrt(result.rss / 71), rel=1e-14)
    assert result.r_squared == pytest.approx(0.996727416185620, rel=1e-13)
    assert (result.n, result.degree, result.df_resid) == (82, 10, 71)
    assert result.domain == (x.min(), x.max())


def test_values_where_x_spans_many_magnitudes() -> None:
    x = np.logspace(-6, 6, 25)
    y = 1 + x + x**2
    result = crowfly.polyfit(x, y, 4)
    coef, _ = exact_polyfit(x, y, 4)
    exact = rounded(
        [sum((c * Fraction(p) ** k for k, c in enumerate(coef)), Fraction(0)) for p in x.tolist()]
    )
    np.testing.assert_allclose(result(x), exact, rtol=4 * EPS, atol=0)


def test_values_far_outside() -> None:
    result = crowfly.polyfit([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 5.0, 22.0], 3)
    np.testing.assert_allclose(result(1e100), result.coef[3] * 1e300, rtol=1e-12)
    assert result(1e150) == math.copysign(math.inf, result.coef[3])


def test_domain_of_one_point() -> None:
    assert crowfly.polyfit([3.0, 3.0], [1.0, 2.0], 0).domain == (3.0, 3.0)


# --- Weights, sizes, kinds ---


def test_a_weight_of_zero_drops_the_point() -> None:
    x, y = reference_points("norris")
    weights = np.ones(36)
    weights[[2, 35]] = 0
    kept = weights > 0
    expected = crowfly.polyfit(x[kept], y[kept], 3)
    actual = crowfly.polyfit(x, y, 3, sample_weight=weights)
    assert_same_bits(actual.coef, expected.coef)
    assert_same_bits(actual.std_error, expected.std_error)


def test_as_many_points_as_coefficients() -> None:
    result = crowfly.polyfit([1, 2, 4], [1.0, 3.0, 2.0], 2)
    assert result([1, 2, 4]) == pytest.approx([1, 3, 2], rel=1e-14)
    assert np.all(np.isnan(result.std_error))
    assert math.isnan(result.sigma)
    assert crowfly.polyfit([7], [3.0], 0).coef.tolist() == [3.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, np.bool_])
def test_other_dtypes(dtype: Any) -> None:
    x = np.array([0, 1, 1, 0, 1]).astype(dtype)
    y = np.array([1, 3, 2, 4, 4]).astype(np.float32)
    expected = crowfly.polyfit(x.astype(np.float64), y.astype(np.float64), 1)
    assert_same_bits(crowfly.polyfit(x, y, 1).coef, expected.coef)


def test_strided_points() -> None:
    x, y = reference_points("filip")
    wide = np.repeat(x, 2)
    assert_same_bits(crowfly.polyfit(wide[::2], y, 10).coef, crowfly.polyfit(x, y, 10).coef)


# --- Refused ---

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"degree": 1.0}, TypeError, "degree: an integer expected"),
    ({"degree": -1}, ValueError, "degree: at least 0 expected"),
    ({"degree": 5}, ValueError, r"degree: at most 4 expected for 5 points"),
    ({"x": np.ones(5)}, ValueError, r"x: at least degree \+ 1 distinct values expected"),
    ({"x": np.array([1.0, 1, 2, 2, 2])}, ValueError, r"x: at least degree \+ 1 distinct values expected"),
    ({"x": np.ones((5, 1))}, ValueError, "x: 1 dimension expected"),
    ({"x": np.arange(4)}, ValueError, "y: 4 rows expected as in x"),
    ({"x": np.array([0, 1, 2, np.nan, 4])}, ValueError, r"x: finite numbers expected, x\[3\] is nan"),
    ({"y": np.array([0, 1, 2, np.inf, 4])}, ValueError, r"y: finite numbers expected, y\[3\] is inf"),
    ({"x": [], "y": []}, ValueError, "x: at least one point expected"),
    ({"sample_weight": [1, 1, 1, 1, -1]}, ValueError, "sample_weight: non-negative"),
    ({"sample_weight": [1, 1, 0, 0, 0]}, ValueError, "degree: at most 1 expected for 2 points"),
    ({"x": 1e-200 * np.arange(5)}, ValueError, "x: coefficients of its powers overflow"),
    ({"x": ["a"] * 5}, TypeError, "x: real numbers expected"),
]


@pytest.mark.parametrize(("change", "error", "message"), REFUSED)
def test_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"x": np.arange(5.0), "y": np.arange(5.0) ** 2, "degree": 2} | change
    with pytest.raises(error, match=message):
        crowfly.polyfit(**arguments)
    with pytest.raises(ValueError, match="x: finite numbers expected"):
        crowfly.polyfit([0, 1, 2], [0, 1, 2], 1)([np.nan])
