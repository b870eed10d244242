# SPDX-License-Identifier: BSD-3-Clause
"""What makes least squares quick and may not show in a digit: products cut on grids, Gram matrices in float32, shifts and scales from a sample of the rows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from crowfly import _core
from references import AnyArray, FloatArray

kernels = _core._kernels

#: Rows from which shifts and scales come from a sample.
SAMPLED = 16 * 1024


def problem(
    n: int, p: int, dtype: Any = np.float64, n_targets: int = 0, seed: int = 0
) -> tuple[AnyArray, AnyArray]:
    rng = np.random.default_rng([seed, n, p])
    X = rng.standard_normal((n, p))
    shape = (n, n_targets) if n_targets else (n,)
    y = X @ rng.standard_normal((p, *shape[1:])) + rng.standard_normal(shape) + 3
    return X.astype(dtype), y.astype(dtype)


# --- Products on grids ---


def below_two(rng: np.random.Generator, n: int, p: int, kind: str) -> FloatArray:
    """Entries of magnitude below two, with digits down to their last place."""
    X = rng.uniform(-2, 2, (n, p))
    if kind == "one sign":
        X = np.abs(X)
    if kind == "many sizes":
        X *= 2.0 ** -rng.integers(0, 60, (n, p))
    if kind == "repeated":
        X[:] = X[0]
    if kind == "largest":
        X = np.copysign(2 - 2.0**-52, X)
    return np.asarray(X)


def exact_gradient(
    X: FloatArray, y: FloatArray, high: FloatArray, low: FloatArray, weights: FloatArray | None
) -> tuple[list[Fraction], list[Fraction]]:
    """Gradient, constant last, and residuals."""
    rows = [[*map(Fraction, row.tolist()), Fraction(1)] for row in X]
    coef = [Fraction(a) + Fraction(b) for a, b in zip(high.tolist(), low.tolist(), strict=True)]
    residuals = [
        Fraction(t) - sum(x * b for x, b in zip(row, coef, strict=True))
        for row, t in zip(rows, y.tolist(), strict=True)
    ]
    w = [Fraction(1)] * len(rows) if weights is None else list(map(Fraction, weights.tolist()))
    gradient = [
        sum((row[j] * r * v for row, r, v in zip(rows, residuals, w, strict=True)), Fraction(0))
        for j in range(len(coef))
    ]
    return gradient, residuals


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["plain", "one sign", "many sizes", "repeated", "largest"])
@pytest.mark.parametrize(("n", "p"), [(1, 1), (7, 2), (130, 5), (70, 23), (64, 24), (140, 50)])
def test_errors_of_products_on_grids_are_within_their_bounds(
    n: int, p: int, kind: str, weighted: bool
) -> None:
    rng = np.random.default_rng([n, p, len(kind)])
    X = below_two(rng, n, p, kind)
    high = rng.standard_normal(p + 1) * 2.0 ** rng.integers(-30, 30, p + 1)
    low = high * rng.uniform(-(2.0**-54), 2.0**-54, p + 1)
    y = rng.uniform(-2, 2, n)
    weights = rng.uniform(0, 3, n) if weighted else None
    gradient, squares, gradient_error, residual_error = kernels.residual_gradient(
        X, y[:, np.newaxis], high, low, weights, True
    )
    expected, residuals = exact_gradient(X, y, high, low, weights)
    w = np.ones(n) if weights is None else weights
    assert np.isfinite(gradient_error)
    assert np.isfinite(residual_error)
    for j, exact in enumerate(expected):
        found = Fraction(float(gradient[j, 0])) + Fraction(float(gradient[j, 1]))
        column = np.append(np.abs(X), np.ones((n, 1)), axis=1)[:, j]
        bound = Fraction(gradient_error) + Fraction(residual_error) * sum(
            (Fraction(float(a)) * Fraction(float(b)) for a, b in zip(column, w, strict=True)), Fraction(0)
        )
        assert abs(found - exact) <= bound
        # As narrow as what the method promises, some 2^-80 of the sums of the largest magnitudes.
        largest = max(map(abs, residuals)) + 2 * (p + 1) * Fraction(float(np.abs(high).max()))
        assert bound <= Fraction(2.0**-78) * n * Fraction(float(max(w))) * 2 * largest
    exact_squares = float(
        sum((Fraction(float(v)) * r * r for v, r in zip(w, residuals, strict=True)), Fraction(0))
    )
    assert squares == pytest.approx(exact_squares, rel=1e-13)


def test_products_on_grids_are_close_to_split_ones() -> None:
    X, y = problem(3000, 30)
    X, y = X / np.abs(X).max(), y / np.abs(y).max()
    high = np.random.default_rng(1).standard_normal(31) / 30
    on_grid, *_ = kernels.residual_gradient(X, y[:, np.newaxis], high, np.zeros(31), None, True)
    split, *_ = kernels.residual_gradient(X, y[:, np.newaxis], high, np.zeros(31), None, False)
    off = (on_grid[:, 0] - split[:, 0]) + (on_grid[:, 1] - split[:, 1])
    assert np.abs(off).max() <= 2.0**-75 * 3000


@pytest.mark.parametrize("kind", ["plain", "one sign", "many sizes", "repeated", "largest"])
@pytest.mark.parametrize(("n", "p"), [(1, 1), (7, 2), (130, 5), (70, 25), (64, 24), (140, 50), (3000, 2)])
def test_errors_of_gram_matrices_on_grids_are_within_their_bounds(n: int, p: int, kind: str) -> None:
    rng = np.random.default_rng([n, p, len(kind)])
    X = below_two(rng, n, p, kind) * 2.0 ** rng.integers(-20, 20, p)
    X[: n // 2, : 1 if n < 1000 else p] *= 2.0**-50
    high, low, reach, in_range = kernels.grid_gram_matrix(X)
    assert in_range
    columns = [list(map(Fraction, column)) for column in X.T.tolist()]
    for i, left in enumerate(columns):
        for j, right in enumerate(columns):
            exact = sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))
            found = Fraction(float(high[i, j])) + Fraction(float(low[i, j]))
            bound = Fraction(float(reach[i])) * Fraction(float(reach[j]))
            assert abs(found - exact) <= bound
            # As narrow as what the method promises, some 2^-80 of the largest magnitudes.
            largest = Fraction(float(np.abs(X[:, i]).max())) * Fraction(float(np.abs(X[:, j]).max()))
            assert bound <= Fraction(2.0**-78) * n * largest


@pytest.mark.parametrize("kind", ["plain", "one sign", "many sizes", "repeated", "largest"])
@pytest.mark.parametrize(("n", "p"), [(7, 2), (130, 5), (140, 30), (3000, 2)])
def test_errors_of_residuals_from_cross_products_are_within_their_bounds(n: int, p: int, kind: str) -> None:
    rng = np.random.default_rng([n, p, len(kind)])
    X = below_two(rng, n, p, kind)
    y = np.full(n, rng.uniform(1, 2)) if kind == "repeated" else rng.uniform(-2, 2, n)
    high = rng.standard_normal(p + 1)
    low = high * rng.uniform(-(2.0**-54), 2.0**-54, p + 1)
    gradient, squares, gradient_error, squares_error = kernels.gram_residual_gradient(
        X, y[:, np.newaxis], high, low
    )
    expected, residuals = exact_gradient(X, y, high, low, None)
    size = 4 * n * (p + 2) * (1 + np.abs(high).max())
    assert gradient_error <= 2.0**-74 * size
    assert squares_error <= 2.0**-74 * size * (p + 2) * (1 + np.abs(high).max())
    for j, exact in enumerate(expected):
        found = Fraction(float(gradient[j, 0])) + Fraction(float(gradient[j, 1]))
        assert abs(found - exact) <= Fraction(gradient_error)
    exact_squares = sum((r * r for r in residuals), Fraction(0))
    rounded = Fraction(float(np.spacing(squares)))
    assert abs(Fraction(squares) - exact_squares) <= Fraction(squares_error) + rounded


def test_gram_matrices_on_grids_know_their_range() -> None:
    X, _ = problem(200, 3)
    for size, fits in ((1e80, True), (1e-80, True), (1e-120, False), (1e150, False)):
        assert kernels.grid_gram_matrix(X * [1, size, 1])[3] == fits
    X[:, 1] = 0
    assert kernels.grid_gram_matrix(X)[3]
    X[5, 1] = np.nan
    assert not kernels.grid_gram_matrix(X)[3]


def test_numbers_out_of_range_have_no_bound() -> None:
    X, y = problem(20, 3)
    X, y = X / 4, y / 16
    for size in (1e-300, 1e300):
        *_, gradient_error, residual_error = kernels.residual_gradient(
            X, y[:, np.newaxis], np.full(4, size), np.zeros(4), None, True
        )
        assert np.isinf(max(gradient_error, residual_error))


def test_nearly_perfect_fits_are_refined_by_split_products() -> None:
    """Residuals of 2^-90 are beneath what products on grids leave of numbers of order one."""
    X = np.random.default_rng(3).integers(-4, 5, (500, 4)).astype(float)
    whole = X @ np.array([1.0, -2.0, 3.0, 5.0])
    fit = crowfly.lstsq(X, whole, intercept=False)
    assert_same_bits(fit.coef, np.array([1.0, -2.0, 3.0, 5.0]))
    assert fit.rss == 0
    # One column of zeros but for one row, whose target the others can't see.
    X = np.column_stack([X, np.zeros(500)])
    X[7] = [0, 0, 0, 0, 1]
    y = whole.copy()
    y[7] = 2.0**-90
    fit = crowfly.lstsq(X, y, intercept=False)
    assert_same_bits(fit.coef, np.array([1.0, -2.0, 3.0, 5.0, 2.0**-90]))


@pytest.mark.parametrize("exponent", [-20, -50, -60, -150])
def test_tiny_residuals_beside_large_ones(exponent: int) -> None:
    """Two problems that share no row: grids are those of the larger one, whose rounding is not small beside the other's coefficients."""
    X, y = problem(3000, 2)
    X[::2, 1] = X[1::2, 0] = 0
    y[1::2] *= 2.0**exponent
    fit = crowfly.lstsq(X, y, intercept=False)
    alone = [crowfly.lstsq(X[i::2, [i]], y[i::2], intercept=False) for i in range(2)]
    assert_same_bits(fit.coef, np.concatenate([part.coef for part in alone]))
    # The bounds on that rounding ask for more: a read where cross products don't do, another where products on grids don't.
    y[1::2] *= 2.0**-exponent
    more = {-20: 0, -50: 2, -60: 2, -150: 0}[exponent]
    assert fit.n_reads == crowfly.lstsq(X, y, intercept=False).n_reads + more


def test_residuals_of_good_fits_come_from_reads() -> None:
    """Cross products leave half the digits of 2^-50 of themselves. Fits with weights have none."""
    X, y = problem(3000, 4)
    for noise, n_reads in ((2.0**-6, 2), (2.0**-25, 3)):
        good = X @ np.ones(4) + noise * y
        fit = crowfly.lstsq(X, good)
        assert fit.n_reads == n_reads
        weighted = crowfly.lstsq(X, good, sample_weight=np.ones(3000))
        assert fit.rss == pytest.approx(weighted.rss, rel=4e-15)


@pytest.mark.parametrize("offset", [1e6, 1e11, 1e13])
def test_offsets_of_many_standard_deviations(offset: float) -> None:
    """Centred, these are whole numbers that are not far from zero."""
    X = np.random.default_rng(7).integers(-200, 201, (2000, 3)).astype(float)
    y = np.rint(X @ [1.0, 2.0, -1.0] + 100 * np.random.default_rng(8).standard_normal(2000))
    assert_same_bits(crowfly.lstsq(X + offset, y).coef, crowfly.lstsq(X, y).coef)


# --- Gram matrices in float32 ---


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p", [1, 15, 47, 48, 49, 101, 130])
def test_gram_matrix_in_float32(p: int, weighted: bool) -> None:
    n = 1500
    rng = np.random.default_rng(p)
    X = rng.standard_normal((n, p))
    w = rng.uniform(0, 2, n) if weighted else None
    found = kernels.single_gram_matrix(X, w)
    exact = X.T @ (X if w is None else w[:, None] * X)
    length = np.sqrt(np.diag(exact))
    assert np.abs(found - exact).max(initial=0) <= 2.0**-20 * (length[:, None] * length).max()
    assert_same_bits(found, found.T)
    assert np.abs(found - exact).max() > 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_targets", [0, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_many_columns_end_at_the_exact_solution(dtype: Any, n_targets: int, weighted: bool) -> None:
    X, y = problem(900, 130, dtype, n_targets)
    w = np.random.default_rng(5).uniform(0.5, 2, 900) if weighted else None
    fit = crowfly.lstsq(X, y, sample_weight=w)
    moments = crowfly.Moments()
    moments.update(X, y, sample_weight=w)
    assert_same_bits(fit.coef, moments.solve().coef)
    assert fit.n_reads <= 6


@pytest.mark.parametrize("case", ["ill-conditioned", "tiny weights", "huge columns", "dependent"])
def test_many_columns_that_float32_does_not_serve(case: str) -> None:
    X, y = problem(900, 130)
    w = None
    if case == "ill-conditioned":
        X[:, 1] = X[:, 0] + 1e-4 * X[:, 1]
    if case == "tiny weights":
        w = np.full(900, 2.0**-100)
    if case == "huge columns":
        X *= 2.0 ** np.random.default_rng(1).integers(-300, 300, 130)
    if case == "dependent":
        X[:, 1] = X[:, 0]
        with pytest.warns(np.exceptions.RankWarning):
            assert crowfly.lstsq(X, y).rank == 129
        return
    fit = crowfly.lstsq(X, y, sample_weight=w)
    moments = crowfly.Moments()
    moments.update(X, y)
    assert_same_bits(fit.coef, moments.solve().coef)


# --- Shifts and scales from a sample ---


def far_outlier(X: AnyArray) -> None:
    X[5, 0] = 3e9


def rare_entries(X: AnyArray) -> None:
    """Zero wherever a sample looks, nearly."""
    kept = X[3:400:7, 1].copy()
    X[:, 1] = 0
    X[3:400:7, 1] = kept


def tiny_and_rare(X: AnyArray) -> None:
    rare_entries(X)
    X[:, 1] *= 1e-250


def huge_and_rare(X: AnyArray) -> None:
    rare_entries(X)
    X[:, 1] *= 1e250


def two_levels(X: AnyArray) -> None:
    X[: len(X) // 2] += 1e6


def periodic(X: AnyArray) -> None:
    """The rows of a sample are all alike."""
    step = len(X) // 1024 | 1
    X[:] += 1e5
    X[::step] -= 1e5


CASES = [far_outlier, rare_entries, tiny_and_rare, huge_and_rare, two_levels, periodic]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(
    ("change", "p"),
    # Two levels of 110 columns are left to QR, which knows no sample.
    [(change, p) for change in CASES for p in (3, 110) if change is not two_levels or p == 3],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_rows_that_a_sample_misses(change: Any, p: int, intercept: bool) -> None:
    """The exact solution has one rounding, whichever rows are looked at first: in any order they give the same bits."""
    X, y = problem(SAMPLED + 77, p)
    change(X)
    fit = crowfly.lstsq(X, y, intercept=intercept)
    order = np.random.default_rng(2).permutation(len(X))
    again = crowfly.lstsq(X[order], y[order], intercept=intercept)
    if change is periodic and p == 110:
        # A condition of 4e4 leaves to QR what the Gram matrix can't hold; its last digits are known to 2^-7 of themselves only.
        np.testing.assert_array_max_ulp(fit.coef, again.coef, 1)
    else:
        assert_same_bits(fit.coef, again.coef)
    if change is two_levels or p == 110:
        return
    whole = np.rint(X) if change in (far_outlier, rare_entries, periodic) else X
    exact = np.arange(1.0, p + 1)
    perfect = crowfly.lstsq(whole, whole @ exact, intercept=intercept)
    if whole is not X:
        assert_same_bits(perfect.coef, exact)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("refuted_by", ["one number", "one kind of rows"])
@pytest.mark.parametrize(
    ("scales", "offsets"),
    [
        ((1, 1), (1e9, 0)),
        ((10, 1e4), (2000, 5e4)),
        ((1, 1e-10), (0, 0)),
        ((1, 1e-200), (0, 0)),
        ((1e100, 1), (0, 1e6)),
    ],
)
def test_other_columns_where_a_sample_is_refuted(
    scales: tuple[float, float], offsets: tuple[float, float], refuted_by: str, intercept: bool
) -> None:
    """What the sample said of them must not be left over."""
    step = 25
    n = 1024 * step
    X = np.random.default_rng(4).standard_normal((n, 3)) * [*scales, 1] + [*offsets, 0]
    if refuted_by == "one number":
        X[5, 2] = 1e160
    else:
        X[:, 2] = np.arange(n) % step == 0
    y = X[:, :2] @ [2 / scales[0], -1 / scales[1]] + np.random.default_rng(5).standard_normal(n)
    fit = crowfly.lstsq(X, y, intercept=intercept)
    order = np.random.default_rng(6).permutation(n)
    again = crowfly.lstsq(X[order], y[order], intercept=intercept)
    assert_same_bits(fit.coef, again.coef)
    assert fit.intercept == again.intercept
    assert fit.rss == pytest.approx(again.rss, rel=1e-12)
    residuals = y - X @ fit.coef - fit.intercept
    if refuted_by != "one number":
        assert fit.rss == pytest.approx(residuals @ residuals, rel=1e-6)


@pytest.mark.parametrize("n", [2000, SAMPLED + 77])
def test_the_intercept_is_that_of_the_exact_solution_too(n: int) -> None:
    """Terms that leave 1e-10 of themselves: coefficients to 2^-60 are not enough for it."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, 3))
    X[:, 1] = X[:, 0] + 1e-2 * X[:, 1]
    X += 10
    y = X @ [1.0, 2.0, 3.0] + rng.standard_normal(n)
    y -= float(np.float32(crowfly.lstsq(X, y).intercept))
    fit = crowfly.lstsq(X, y)
    assert 0 < abs(float(fit.intercept)) < 1e-8
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(n)
        again = crowfly.lstsq(X[order], y[order])
        assert_same_bits(fit.coef, again.coef)
        assert fit.intercept == again.intercept


@pytest.mark.parametrize("scale", [1e-300, 1e-310])
@pytest.mark.parametrize("intercept", [True, False])
def test_tiny_targets_of_many_rows(scale: float, intercept: bool) -> None:
    X, y = problem(SAMPLED, 3)
    fit = crowfly.lstsq(X, y * scale, intercept=intercept)
    part = crowfly.lstsq(X, y * scale * 2.0**1000, intercept=intercept)
    np.testing.assert_allclose(fit.coef, part.coef * 2.0**-1000, rtol=1e-12, atol=1e-322)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["X", "y"])
@pytest.mark.parametrize("p", [3, 110])
@pytest.mark.parametrize("intercept", [True, False])
def test_what_is_not_finite_is_found_beyond_the_sample(
    value: float, where: str, p: int, intercept: bool
) -> None:
    X, y = problem(SAMPLED + 77, p)
    (X[:, 1] if where == "X" else y)[5] = value
    with pytest.raises(ValueError, match=r"finite|NaN"):
        crowfly.lstsq(X, y, intercept=intercept)


def test_weights_that_a_sample_misses() -> None:
    X, y = problem(SAMPLED, 3)
    w = np.zeros(SAMPLED)
    w[3:200:7] = 1
    kept = w > 0
    assert_same_bits(crowfly.lstsq(X, y, sample_weight=w).coef, crowfly.lstsq(X[kept], y[kept]).coef)
    with pytest.raises(ValueError, match="sample_weight"):
        crowfly.lstsq(X, y, sample_weight=np.zeros(SAMPLED))


def test_reads() -> None:
    assert crowfly.lstsq(*problem(SAMPLED, 5)).n_reads == 1
    assert crowfly.lstsq(*problem(1000, 5)).n_reads == 2
    assert crowfly.lstsq(*problem(SAMPLED, 20)).n_reads == 2
    assert crowfly.lstsq(*problem(SAMPLED, 20, n_targets=10)).n_reads == 1
    assert crowfly.lstsq(*problem(SAMPLED, 200)).n_reads <= 4
