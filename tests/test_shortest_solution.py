# SPDX-License-Identifier: BSD-3-Clause
"""Least squares on fewer rows than features: the shortest coefficients, rounded once, against 60 digits; ranks and dependent columns as with pivoting."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.sparse

import crowfly
from crowfly.linear_model import LinearRegression
from references import AnyArray, FloatArray, exact_lstsq

CASES = (
    "normal",
    "offsets",
    "scales",
    "row scales",
    "nearly dependent",
    "constant",
    "float32",
    "one row more",
)


def problem(case: str, n: int = 20, p: int = 50) -> tuple[AnyArray, FloatArray]:
    rng = np.random.default_rng(n * p)
    X: Any = rng.standard_normal((n, p))
    y = rng.standard_normal(n)
    if case == "offsets":
        X += 1e5 * rng.standard_normal(p)
    if case == "scales":
        X *= 2.0 ** rng.integers(-8, 8, p)
    if case == "row scales":
        X *= 2.0 ** rng.integers(-5, 5, n)[:, np.newaxis]
    if case == "nearly dependent":
        X[1] = X[0] + 3e-5 * X[1]
    if case == "constant":
        X[:, 3], X[:, 8] = 7.0, 0.0
    if case == "float32":
        X = X.astype(np.float32)
    if case == "one row more":
        X = X[:, : n + 1]
    return X, y


def exact_shortest(X: AnyArray, y: FloatArray, intercept: bool) -> tuple[list[mp.mpf], mp.mpf]:
    """x = X'v with X x + constant = y and 1'v = 0, in 60 digits."""
    with mp.workdps(60):
        n, p = X.shape
        rows = [[mp.mpf(float(value)) for value in row] for row in X]
        size = n + int(intercept)
        system, right = mp.zeros(size, size), mp.zeros(size, 1)
        for i in range(n):
            right[i] = mp.mpf(float(y[i]))
            for k in range(i, n):
                system[i, k] = system[k, i] = mp.fsum(a * b for a, b in zip(rows[i], rows[k], strict=True))
            if intercept:
                system[i, n] = system[n, i] = 1
        dual = mp.lu_solve(system, right)
        coef = [mp.fsum(rows[i][j] * dual[i] for i in range(n)) for j in range(p)]
        return coef, dual[n] if intercept else mp.mpf(0)


def assert_rounded(value: float, exact: mp.mpf, scale: float) -> None:
    """Half a unit in the last place, and what a 60th bit may decide; zero where the exact number is one."""
    if abs(exact) <= 1e-40 * scale:
        assert value == 0
    else:
        assert abs(mp.mpf(value) - exact) <= 0.51 * float(np.spacing(abs(float(exact))))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_coefficients_are_the_shortest_rounded_once(case: str, intercept: bool) -> None:
    X, y = problem(case)
    if case == "offsets" and not intercept:
        # One singular value of 1e6 beside the others: rows are next to parallel, and left to pivoting.
        X = X - X.mean(axis=0) * (1 - 1e-3)
    result: Any = crowfly.lstsq(X, y, intercept=intercept)
    exact, constant = exact_shortest(X, y, intercept)
    largest = float(max(abs(value) for value in exact))
    assert result.method == "cholesky"
    assert result.rank == len(X) - intercept
    assert result.correction <= 2.0**-60
    for value, best in zip(result.coef.tolist(), exact, strict=True):
        assert_rounded(value, best, largest)
    if intercept:
        assert_rounded(result.intercept, constant, 1.0)
    model = LinearRegression(fit_intercept=intercept).fit(X.astype(np.float64), y)
    assert (model.coef_ == result.coef).all()
    assert model.rank_ == result.rank
    centred = X.astype(np.float64) - (X.mean(axis=0, dtype=np.float64) if intercept else 0)
    singular = np.linalg.svd(centred, compute_uv=False)
    rounding_of_means = 1e-14 * np.abs(X).max()
    np.testing.assert_allclose(
        model.singular_, singular, rtol=0, atol=1e-12 * singular[0] + rounding_of_means
    )


@pytest.mark.parametrize("intercept", [True, False])
def test_targets_and_rows_in_any_order_and_any_threads(intercept: bool) -> None:
    X, y = problem("normal", 70, 400)
    Y = np.column_stack([y, X[:, 0], np.zeros(70), np.full(70, 3.0)])
    result: Any = crowfly.lstsq(X, Y, intercept=intercept)
    order = np.random.default_rng(1).permutation(70)
    for threads in (1, 3):
        shuffled: Any = crowfly.lstsq(X[order], Y[order], intercept=intercept, num_threads=threads)
        assert (shuffled.coef == result.coef).all()
    for target in range(4):
        single: Any = crowfly.lstsq(X, Y[:, target], intercept=intercept)
        assert (single.coef == result.coef[target]).all()
    assert not result.coef[2].any()
    assert (result.rss <= 1e-28).all()
    if intercept:
        assert not result.coef[3].any()
        assert result.intercept[3] == 3


def test_coefficients_of_constant_columns_are_zero() -> None:
    X, y = problem("normal", 90, 300)
    X[:, ::7] = 0.1 + np.arange(43) / 3
    result: Any = crowfly.lstsq(X, y)
    assert result.method == "cholesky"
    assert not result.coef[::7].any()
    assert np.count_nonzero(result.coef) == 300 - 43


@pytest.mark.parametrize("intercept", [True, False])
def test_columns_kept_are_far_from_dependent(intercept: bool) -> None:
    X, y = problem("normal", 30, 80)
    result: Any = crowfly.lstsq(X, y, intercept=intercept)
    assert len(result.dependent_columns) == 80 - result.rank
    kept = np.setdiff1d(np.arange(80), result.dependent_columns)
    centred = X - X.mean(axis=0) if intercept else X
    values = np.linalg.svd(centred[:, kept] / np.linalg.norm(centred[:, kept], axis=0), compute_uv=False)
    # Pivoting keeps columns that are far from dependent; the first of these are singular to 1e-3.
    assert values[result.rank - 1] > 0.05


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-11, 1e-8, 1e-6])
@pytest.mark.parametrize("intercept", [True, False])
def test_rows_that_nearly_depend_on_each_other_are_left_to_pivoting(gap: float, intercept: bool) -> None:
    X, y = problem("normal")
    X[1] = X[0] + gap * X[1]
    result: Any = crowfly.lstsq(X, y, intercept=intercept)
    assert result.method == "qr"
    assert result.rank == len(X) - intercept - (gap < 1e-12)


@pytest.mark.parametrize("intercept", [True, False])
def test_a_row_that_is_tiny_counts_as_for_pivoting(intercept: bool) -> None:
    X, y = problem("normal")
    X[4] *= 2.0**-45
    y[4] = 0.0
    result: Any = crowfly.lstsq(X - X[4] if intercept else X, y, intercept=intercept)
    assert result.rank == 19
    assert result.method == ("cholesky" if intercept else "qr")


def test_columns_of_very_different_lengths_have_the_rank_of_unit_columns() -> None:
    # Independent as columns of unit length, not so as they are, and the reverse.
    X = np.array([[1, 1e-30, 2e-30], [1, 3e-30, -1e-30]])
    result: Any = crowfly.lstsq(X, [1.0, 2.0], intercept=False)
    assert (result.method, result.rank) == ("qr", 2)


def test_what_is_not_finite_is_named() -> None:
    X, y = problem("normal")
    X[3, 4] = np.nan
    with pytest.raises(ValueError, match=r"X: finite numbers expected, X\[3, 4\]"):
        crowfly.lstsq(X, y)
    y[2] = np.inf
    with pytest.raises(ValueError, match=r"y: finite numbers expected"):
        crowfly.lstsq(problem("normal")[0], y)
    huge = problem("normal")[0] * 1e200
    assert np.isfinite(crowfly.lstsq(huge, problem("normal")[1]).coef).all()


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "p", "density"), [(40, 300, 0.2), (60, 7000, 0.01), (5, 6, 0.9)])
def test_sparse_rows_are_as_exact(n: int, p: int, density: float, dtype: type, intercept: bool) -> None:
    rng = np.random.default_rng(n)
    dense: Any = np.where(rng.random((n, p)) < density, rng.standard_normal((n, p)), 0.0).astype(dtype)
    dense[np.arange(n), np.arange(n)] = 1 + np.arange(n) % 3
    Y = rng.standard_normal((n, 2))
    for form in (scipy.sparse.csr_array, scipy.sparse.csc_array):
        model = LinearRegression(fit_intercept=intercept).fit(form(dense), Y)
        exact: Any = crowfly.lstsq(dense.astype(np.float64), Y, intercept=intercept)
        assert exact.method == "cholesky"
        np.testing.assert_array_equal(model.coef_, exact.coef.astype(model.coef_.dtype))
        np.testing.assert_array_equal(
            model.intercept_, np.broadcast_to(exact.intercept, 2).astype(model.coef_.dtype)
        )
        assert model.rank_ == n - intercept
        assert not hasattr(model, "singular_")


def test_offsets_of_sparse_columns_do_not_change_the_answer() -> None:
    X, y = problem("normal", 30, 120)
    X += 1e3
    model = LinearRegression().fit(scipy.sparse.csr_array(X), y)
    exact: Any = crowfly.lstsq(X, y)
    np.testing.assert_array_equal(model.coef_, exact.coef)
    assert model.intercept_ == exact.intercept


@pytest.mark.parametrize("dependent", [True, False])
def test_sparse_rows_that_depend_on_each_other_or_have_weights_go_through_cross_products(
    dependent: bool,
) -> None:
    X, y = problem("normal", 30, 120)
    weights = None if dependent else np.linspace(1, 2, 30)
    if dependent:
        X[3], y[3] = X[5], y[5]
    matrix = scipy.sparse.csr_array(X)
    model = LinearRegression().fit(matrix, y, sample_weight=weights)
    theirs: Any = crowfly.lstsq(matrix, y, sample_weight=weights)
    assert model.rank_ == theirs.rank == 29 - dependent
    np.testing.assert_array_equal(model.coef_, theirs.coef)


def test_more_features_of_sparse_rows_than_cross_products_are_held_of() -> None:
    X = scipy.sparse.random_array((50, 6500), density=0.02, rng=np.random.default_rng(2), format="csr")
    y = np.arange(50.0)
    assert LinearRegression().fit(X, y).rank_ == 49
    twice = scipy.sparse.vstack([X, X]).tocsr()
    with pytest.raises(ValueError, match="at most 6000 features"):
        LinearRegression().fit(twice, np.tile(y, 2))


@pytest.mark.parametrize("intercept", [False, True])
def test_what_is_out_of_range_is_not_refined(intercept: bool) -> None:
    """Powers of two change no digit, but where v, of the size of y over the squares of X, loses its low parts."""
    X, y = problem("normal", 4, 9)
    plain = crowfly.lstsq(X, y, intercept=intercept)
    for exponent, method in ((400, "cholesky"), (500, "qr"), (508, "qr")):
        got = crowfly.lstsq(np.ldexp(X, exponent), y, intercept=intercept)
        assert got.method == method
        coef = np.ldexp(got.coef, exponent)
        np.testing.assert_allclose(coef, plain.coef, rtol=0 if method == "cholesky" else 1e-10)


def dependent_problem(case: str, seed: int) -> tuple[FloatArray, FloatArray]:
    """Columns of whole numbers times powers of two, some of them sums of others without rounding."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(-50, 50, (40, 4)).astype(np.float64)
    scales = {"units": [0, 0, 0, 0], "scales": [20, 0, -10, 4]}.get(case, [0, 0, 0, 0])
    X = whole * 2.0 ** np.array(scales)
    if case == "indicators":
        X = (rng.integers(4, size=40)[:, np.newaxis] == np.arange(4)).astype(np.float64)
    return np.column_stack([X, 2.0**-6 * X[:, 0] - X[:, 2], X[:, 1] + X[:, 3]]), rng.standard_normal(40)


@pytest.mark.parametrize("case", ["units", "scales", "indicators"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_dependent_columns_beside_rows_enough(case: str, intercept: bool, weighted: bool, seed: int) -> None:
    """Every coefficient to the rounding of the sum that it is, however far apart the scales of columns."""
    X, y = dependent_problem(case, seed)
    weights = 2.0 ** np.random.default_rng(seed).integers(-3, 3, 40) if weighted else None
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.lstsq(X, np.column_stack([y, 2 * y]), intercept=intercept, sample_weight=weights)
    exact = exact_lstsq(X, y, intercept=intercept, sample_weight=weights)
    coef = np.array([float(value) for value in exact.coef])
    np.testing.assert_allclose(fit.coef[0], coef, rtol=1e-13)
    np.testing.assert_allclose(fit.coef[1], 2 * coef, rtol=1e-13)
    if intercept:
        np.testing.assert_allclose(np.ravel(fit.intercept)[0], float(exact.intercept), rtol=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("exponent", [0, 10, 20, 60, 110, 500])
@pytest.mark.parametrize("case", ["multiple", "duplicates", "rounded multiple", "sum", "two targets"])
def test_columns_that_depend_across_scales(case: str, exponent: int, intercept: bool) -> None:
    """A factor that is but rounding, times such scales, would be data; and a large one would take the other column's coefficient with it."""
    rng = np.random.default_rng(0)
    W, y = rng.standard_normal((30, 2)), rng.standard_normal((30, 2))
    far = np.ldexp(W[:, 0], exponent)
    X = {
        "multiple": np.column_stack([W, far]),
        "duplicates": np.column_stack([far, W[:, 1], far]),
        "rounded multiple": np.column_stack([far, W[:, 1], 3.3 * far]),
        "sum": np.column_stack([far, W[:, 1], far + np.ldexp(np.round(W[:, 1], 1), exponent)]),
    }.get(case, np.column_stack([W, far]))
    if case != "two targets":
        y = y[:, :1]
    if case == "sum":
        X[:, 1] = np.round(X[:, 1], 1)
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.lstsq(X, y, intercept=intercept)
    plain = crowfly.lstsq(np.delete(X, 0 if case == "multiple" else 2, axis=1), y, intercept=intercept)
    np.testing.assert_allclose(fit.rss, plain.rss, rtol=1e-12)
    wide = np.longdouble
    for target in range(y.shape[1]):
        residuals = y[:, target] - (
            X.astype(wide) @ fit.coef[target].astype(wide) + np.ravel(fit.intercept)[target]
        )
        np.testing.assert_allclose(float((residuals**2).sum()), np.ravel(fit.rss)[target], rtol=1e-11)
    if case in ("multiple", "two targets"):
        alone = crowfly.lstsq(W, y, intercept=intercept).coef
        factor = 2.0**exponent
        # Far below the rounding of the longest it may be zero.
        below = 1e-16 * np.abs(fit.coef).max() if exponent > 20 else 0.0
        np.testing.assert_allclose(fit.coef[:, 0], alone[:, 0] / (1 + factor**2), rtol=1e-15, atol=below)
        np.testing.assert_allclose(fit.coef[:, 2], alone[:, 0] / (1 / factor + factor), rtol=1e-15)
        np.testing.assert_allclose(fit.coef[:, 1], alone[:, 1], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [300, 30_000])
def test_copies_are_told_by_cross_products_and_residuals(n: int, dtype: Any) -> None:
    """Without orthogonal factors of the data, which cost fifty times as much."""
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, 12)).astype(dtype)
    X = np.column_stack([X, X[:, 3], -2 * X[:, 5], np.zeros(n, dtype)])
    y = X[:, 0] + rng.standard_normal(n)
    with pytest.warns(np.exceptions.RankWarning, match="rank 12, "):
        fit = crowfly.lstsq(X, y)
    plain = crowfly.lstsq(X[:, :12], y)
    assert fit.method == "cholesky"
    assert (fit.rank, fit.condition, fit.coef[14]) == (12, np.inf, 0)
    assert fit.n_reads <= plain.n_reads + 8
    assert fit.rss == pytest.approx(plain.rss, rel=1e-12)
    np.testing.assert_allclose(fit.coef[[3, 12]], plain.coef[3] / 2, rtol=1e-14)
    np.testing.assert_allclose(fit.coef[[5, 13]], plain.coef[5] / 5 * np.array([1, -2]), rtol=1e-14)


@pytest.mark.parametrize("of_others", [False, True])
@pytest.mark.parametrize("gap", [1e-7, 1e-10, 1e-12])
def test_columns_that_nearly_depend_are_kept(gap: float, of_others: bool) -> None:
    """Cross products can't tell; the residual can, also of a target that has nothing to do with them."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((400, 5))
    X = np.column_stack([X, X[:, 0] + gap * rng.standard_normal(400), X[:, 1]])
    with pytest.warns(np.exceptions.RankWarning, match="rank 6, "):
        fit = crowfly.lstsq(X, X[:, 2] if of_others else rng.standard_normal(400))
    assert fit.method == "qr"
    assert fit.dependent_columns.tolist() in ([1], [6])
