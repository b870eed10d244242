# SPDX-License-Identifier: BSD-3-Clause
"""Beside an intercept the coefficient of a constant column is zero, exactly, and the others are what they are without it: rounded means must not make data of it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import crowfly
from assertions import assert_same_bits
from crowfly.linear_model import LinearRegression, Ridge, RidgeClassifier, RidgeCV
from references import FloatArray

CONSTANTS = (1.0, 0.1, 1 / 3, -2.7, 1e8 + 0.1, 7e-9, 1e300, 5e-324)


def problem(n: int, p: int, n_targets: int = 1) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(n + p)
    X = rng.standard_normal((n, p))
    y = X @ rng.standard_normal((p, n_targets)) + rng.standard_normal((n, n_targets)) + 3
    return X, y if n_targets > 1 else y[:, 0]


def with_constant(X: FloatArray, value: float, place: int = 1) -> FloatArray:
    return np.insert(X, place, value, axis=1)


def assert_zero_and_the_rest(got: Any, plain: Any, place: int = 1, rtol: float = 0.0) -> None:
    coef = np.moveaxis(np.asarray(got.coef), -1, 0)
    assert not coef[place].any()
    np.testing.assert_allclose(np.delete(coef, place, 0), np.moveaxis(plain.coef, -1, 0), rtol=rtol)
    np.testing.assert_allclose(got.intercept, plain.intercept, rtol=rtol)


#: Every way through the core: few rows; one read of cross products on grids; frames from a sample of the rows; a Gram matrix in
#: float32; as many and fewer rows than features.
SHAPES = [(12, 3), (442, 10), (20_000, 4), (3000, 120), (20_000, 110), (8, 8), (5, 20)]


@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
def test_lstsq(shape: tuple[int, int], value: float, weighted: bool) -> None:
    X, y = problem(*shape)
    options: dict[str, Any] = {}
    if weighted:
        options["sample_weight"] = np.random.default_rng(0).random(len(X)) + 0.01
    for alpha in (1e-3, 1.0):
        got = crowfly.lstsq(with_constant(X, value), y, alpha=alpha, **options)
        assert_zero_and_the_rest(got, crowfly.lstsq(X, y, alpha=alpha, **options))
    got, plain = (
        crowfly.least_squares.solve_least_squares(design, y, **options)
        for design in (with_constant(X, value), X)
    )
    assert got.rank == plain.rank
    # The shortest of many solutions in float64 for fewer rows.
    assert_zero_and_the_rest(got, plain, rtol=0 if len(X) > X.shape[1] + 1 else 1e-10)
    assert got.method == plain.method


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(1000, 4), (1000, 30), (20_000, 4), (20_000, 30)])
def test_reads(shape: tuple[int, int], alpha: float) -> None:
    """A constant column has no coefficient that could be off: it asks for no other residuals. One that is not zero has cross products about zero left out, and so residuals read."""
    X, y = problem(*shape)
    plain = crowfly.lstsq(X, y, alpha=alpha).n_reads
    for value in (0.0, 0.1, 1.0, 1e6):
        got = crowfly.least_squares.solve_least_squares(with_constant(X, value), y, alpha=alpha)
        assert got.n_reads == plain + (shape[1] == 4 and value != 0)


@pytest.mark.parametrize(("intercept", "alpha"), [(True, 0.0), (True, 1.0), (False, 1.0)])
def test_a_column_of_zeros_refutes_no_sample(intercept: bool, alpha: float) -> None:
    X, y = problem(20_000, 4)
    got = crowfly.least_squares.solve_least_squares(
        with_constant(X, 0.0), y, intercept=intercept, alpha=alpha
    )
    plain = crowfly.lstsq(X, y, intercept=intercept, alpha=alpha)
    assert_same_bits(np.delete(got.coef, 1), plain.coef)
    assert got.n_reads == plain.n_reads == 1


@pytest.mark.parametrize("value", CONSTANTS)
def test_the_constant_column_is_the_dependent_one(value: float) -> None:
    X, y = problem(100, 4)
    with pytest.warns(np.exceptions.RankWarning, match=r"rank 4, .*: 2\. Of all"):
        assert crowfly.lstsq(with_constant(X, value, 2), y).dependent_columns.tolist() == [2]
    assert crowfly.ols(with_constant(X, value, 2), y).dropped.tolist() == [2]


@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("shape", [(442, 10), (8, 8), (5, 20)])
def test_ridge_path(shape: tuple[int, int], value: float) -> None:
    X, y = problem(*shape, n_targets=2)
    alphas = [0.0, 1e-6, 1e-3, 1.0, 1e3]
    got, plain = (crowfly.ridge_path(design, y, alphas) for design in (with_constant(X, value), X))
    assert_zero_and_the_rest(got, plain, rtol=1e-14 if len(X) > X.shape[1] + 1 else 1e-8)
    np.testing.assert_allclose(got.degrees_of_freedom, plain.degrees_of_freedom, rtol=1e-10)


@pytest.mark.parametrize("value", CONSTANTS[:-2])
@pytest.mark.parametrize("n", [5, 50, 442, 5000, 200_000])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments(n: int, value: float, weighted: bool) -> None:
    X, y = problem(n, 3)
    weights = np.random.default_rng(0).random(n) + 0.01 if weighted else None
    got = crowfly.Moments().update(with_constant(X, value), y, sample_weight=weights)
    plain = crowfly.Moments().update(X, y, sample_weight=weights)
    for alpha in (0.0, 1e-3, 1.0):
        assert got.solve(alpha).rank == plain.solve(alpha).rank + (alpha > 0)
        assert_zero_and_the_rest(got.solve(alpha), plain.solve(alpha))


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7])
def test_moments_of_many_rows(value: float) -> None:
    """Sums of equal numbers round to one side, so that errors grow with the rows."""
    X, y = problem(2_000_000, 1)
    fit = crowfly.Moments().update(with_constant(X, value), y).solve()
    assert (fit.rank, fit.coef[1]) == (1, 0)
    assert_same_bits(fit.coef[:1], crowfly.lstsq(X, y).coef)


@pytest.mark.parametrize("value", [0.1, 1 / 3])
def test_moments_of_many_chunks(value: float) -> None:
    X, y = problem(20_000, 2)
    moments = crowfly.Moments()
    for row, target in zip(with_constant(X, value), y, strict=True):
        moments.update(row[np.newaxis], [target])
    assert moments.solve().rank == 2
    assert moments.solve().coef[1] == moments.solve(1.0).coef[1] == 0


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e8 + 0.1])
def test_windows_and_groups(value: float) -> None:
    X, y = problem(600, 3)
    groups = np.arange(600) % 3
    for alpha in (0.0, 1.0):
        for call in (
            lambda design: crowfly.lstsq_rolling(design, y, 100, alpha=alpha),  # noqa: B023
            lambda design: crowfly.lstsq_grouped(design, y, groups, alpha=alpha),  # noqa: B023
        ):
            got, plain = call(with_constant(X, value)), call(X)
            assert_zero_and_the_rest(got, plain, rtol=1e-12)
    # Constant within each group, not overall.
    dummies = groups[:, np.newaxis] * value
    got = crowfly.lstsq_grouped(np.column_stack([X, dummies]), y, groups)
    assert not got.coef[:, 3].any()


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e8 + 0.1])
@pytest.mark.parametrize("alpha", [1e-3, 1.0])
def test_sparse(value: float, alpha: float) -> None:
    X, y = problem(300, 5)
    X *= np.random.default_rng(0).random(X.shape) < 0.3
    design = with_constant(X, value)
    for make in (sparse.csr_array, sparse.csc_array):
        assert_zero_and_the_rest(
            crowfly.lstsq(make(design), y, alpha=alpha), crowfly.lstsq(make(X), y, alpha=alpha)
        )
        assert_zero_and_the_rest(
            crowfly.ridge_path(make(design), y, [alpha]), crowfly.ridge_path(make(X), y, [alpha]), rtol=1e-14
        )


@pytest.mark.parametrize("value", CONSTANTS[:-2])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_logistic(value: float, n_classes: int, weighted: bool) -> None:
    """Without a penalty it had coefficients of 1e15."""
    X, y = problem(500, 4)
    labels = np.digitize(y + np.random.default_rng(1).standard_normal(500) * 3, [2, 4][: n_classes - 1])
    weights = np.random.default_rng(0).random(500) + 0.01 if weighted else None
    for alpha in (0.0, 1e-6, 1.0):
        plain = crowfly.logistic(X, labels, alpha=alpha, sample_weight=weights)
        told = (
            nullcontext()
            if alpha
            else pytest.warns(np.exceptions.RankWarning, match=r"\(and on the constant\): 1\.")
        )
        with told:
            got = crowfly.logistic(with_constant(X, value), labels, alpha=alpha, sample_weight=weights)
        assert np.abs(got.coef[:, 1] * value).max() < 1e-18
        np.testing.assert_allclose(np.delete(got.coef, 1, 1), plain.coef, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got.intercept, plain.intercept, rtol=1e-9, atol=1e-12)
        assert got.converged
        assert got.optimality_gap <= 1e-9 * got.objective


@pytest.mark.parametrize("value", [0.1, 1e8 + 0.1])
def test_lasso(value: float) -> None:
    X, y = problem(300, 6)
    for l1_ratio in (1.0, 0.5):
        got, plain = (
            crowfly.enet_path(design, y, l1_ratio=l1_ratio, alphas=[1.0, 0.1, 1e-3])
            for design in (with_constant(X, value), X)
        )
        assert not got.coefs[1].any()
        np.testing.assert_allclose(np.delete(got.coefs, 1, 0), plain.coefs, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "model", [LinearRegression(), Ridge(), Ridge(1e-3), RidgeCV(), RidgeClassifier()], ids=repr
)
def test_estimators_predict_as_without_it(model: Any, dtype: Any) -> None:
    X, y = problem(442, 10)
    if isinstance(model, RidgeClassifier):
        y = (y > 3).astype(int)
    design = with_constant(X, 0.1).astype(dtype)
    coef = model.fit(design, y).coef_
    score = model.score(design, y)
    assert np.ravel(coef)[1] == 0
    plain = model.fit(np.delete(design, 1, axis=1), y)
    np.testing.assert_allclose(np.delete(np.ravel(coef), 1), np.ravel(plain.coef_), rtol=1e-6)
    assert score == pytest.approx(plain.score(np.delete(design, 1, axis=1), y), rel=1e-12)


@pytest.mark.parametrize("layout", ["F", "strided", "reversed", "misaligned"])
def test_layouts(layout: str) -> None:
    X, y = problem(500, 4)
    design = with_constant(X, 0.1)
    expected = crowfly.lstsq(design, y, alpha=1.0).coef
    if layout == "misaligned":
        raw = np.zeros(design.nbytes + 1, np.uint8)
        shaped = raw[1:].view(np.float64).reshape(design.shape)
        shaped[:] = design
    else:
        shaped = {
            "F": np.asfortranarray(design),
            "strided": np.repeat(np.repeat(design, 2, 0), 3, 1)[::2, ::3],
            "reversed": design[::-1].copy()[::-1],
        }[layout]
    assert_same_bits(crowfly.lstsq(shaped, y, alpha=1.0).coef, expected)


@pytest.mark.parametrize("at", [0, 1, 250, 499])
def test_one_other_number_is_data(at: int) -> None:
    """A column that differs in one row, by one unit in the last place, has a coefficient, and the right one."""
    X, y = problem(500, 2)
    design = with_constant(X, 0.1)
    design[at, 1] = np.nextafter(0.1, 1)
    dummy = with_constant(X, 0.0)
    dummy[at, 1] = 1.0
    got, plain = (crowfly.least_squares.solve_least_squares(values, y) for values in (design, dummy))
    assert got.rank == 3
    assert got.dependent_columns.size == 0
    ulp = np.nextafter(0.1, 1) - 0.1
    assert got.coef[1] * ulp == pytest.approx(plain.coef[1], rel=1e-12)


def test_without_an_intercept_it_is_the_intercept() -> None:
    X, y = problem(100, 3)
    got = crowfly.lstsq(with_constant(X, 0.1), y, intercept=False)
    assert got.coef[1] * 0.1 == pytest.approx(crowfly.lstsq(X, y).intercept, rel=1e-14)
    assert got.rank == 4


@pytest.mark.parametrize("shape", [(442, 10), (3000, 120), (20_000, 4), (8, 8), (5, 20)])
def test_singular_values_are_those_without_it(shape: tuple[int, int]) -> None:
    X, y = problem(*shape)
    got, plain = (LinearRegression().fit(design, y) for design in (with_constant(X, 0.1), X))
    assert got.rank_ == plain.rank_
    singular = np.zeros(min(len(X), X.shape[1] + 1))
    singular[: len(plain.singular_)] = plain.singular_[: len(singular)]
    np.testing.assert_allclose(got.singular_, singular, rtol=1e-7, atol=1e-7 * singular[0])


def test_several_constant_columns_and_a_dependent_one() -> None:
    X, y = problem(300, 4)
    design = np.column_stack([np.ones(300), X, X[:, 0] - X[:, 1], np.full(300, 0.1)])
    got = crowfly.least_squares.solve_least_squares(design, y)
    assert got.rank == 4
    assert {0, 6} < set(got.dependent_columns.tolist())
    assert got.coef[0] == got.coef[6] == 0
    assert got.rss == pytest.approx(crowfly.lstsq(X, y).rss, rel=1e-12)
    nothing = crowfly.least_squares.solve_least_squares(design[:, [0, 6]], y)
    assert (nothing.rank, nothing.coef.tolist()) == (0, [0, 0])
    assert nothing.intercept == pytest.approx(y.mean())


def test_ill_conditioned_columns_beside_a_constant_one() -> None:
    """Reduced by reflections: the exact solution there, too."""
    t = np.linspace(0, 1, 100)
    X = np.vander(t, 9)[:, :-1]
    y = np.cos(3 * t)
    got, plain = (
        crowfly.least_squares.solve_least_squares(design, y) for design in (with_constant(X, 0.1), X)
    )
    assert got.method == plain.method == "qr"
    assert_zero_and_the_rest(got, plain)


@pytest.mark.parametrize("value", [1.0, 0.1, 1e6, 1e8])
@pytest.mark.parametrize("layout", ["wide", "csr", "csc", "classes"])
def test_logistic_without_centring(value: float, layout: str) -> None:
    """Sparse columns, and those of wide data, are not centred: constant ones are left out."""
    n, p = {"wide": (30, 2000), "classes": (40, 300)}.get(layout, (60, 5))
    rng = np.random.default_rng(n)
    X: Any = rng.standard_normal((n, p))
    y = rng.integers(0, 3 if layout == "classes" else 2, n)
    X[:, 1] = 0
    plain = crowfly.logistic(X if layout not in ("csr", "csc") else sparse.csr_array(X), y)
    X[:, 1] = value
    given = {"csr": sparse.csr_array, "csc": sparse.csc_array}.get(layout, np.asarray)(X)
    before = given.copy()
    fit = crowfly.logistic(given, y)
    assert not fit.coef[..., 1].any()
    np.testing.assert_allclose(fit.intercept, plain.intercept, rtol=1e-9)
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=0, atol=1e-9)
    assert abs(given - before).max() == 0
