# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression without a penalty on columns that depend on each other: the shortest coefficients, certified, and a warning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

import crowfly
from crowfly.linear_model import LogisticRegression

FloatArray = NDArray[np.float64]

#: As an array, and as sparse matrices.
layouts = pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csc_matrix])


def problem(n_classes: int, seed: int, n: int = 90) -> tuple[FloatArray, NDArray[np.int64], FloatArray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) * [1, 1e3, 1e-3] + [0, 40, 0]
    y = rng.integers(n_classes, size=n)
    return X, y, np.column_stack([X, X[:, 0] - 2 * X[:, 2], 3 * X[:, 1]])


@layouts
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_minimum_is_that_of_the_independent_columns(
    n_classes: int, intercept: bool, seed: int, layout: Any
) -> None:
    X, y, dependent = problem(n_classes, seed)
    plain = crowfly.logistic(X, y, alpha=0, intercept=intercept)
    with pytest.warns(np.exceptions.RankWarning, match="rank 3, since these columns depend"):
        fit = crowfly.logistic(layout(dependent), y, alpha=0, intercept=intercept)
    assert fit.converged
    assert len(fit.dependent_columns) == 2
    assert fit.optimality_gap < 1e-11 * fit.objective
    np.testing.assert_allclose(fit.objective, plain.objective, rtol=1e-13)
    np.testing.assert_allclose(fit.predict_proba(dependent), plain.predict_proba(X), atol=1e-9)


@layouts
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_the_gap_covers_the_coefficients_returned(n_classes: int, seed: int, layout: Any) -> None:
    """Their objective, in 40 digits, is no further above a minimum found in as many."""
    mpmath = pytest.importorskip("mpmath")
    X, y, dependent = problem(n_classes, seed, n=30)
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.logistic(layout(dependent), y, alpha=0)
    plain = crowfly.logistic(X, y, alpha=0)

    def loss(rows: FloatArray, of: crowfly.LogisticResult) -> Any:
        total = mpmath.mpf(0)
        for row, label in zip(rows.tolist(), y.tolist(), strict=True):
            z = [
                mpmath.fdot(row, coef) + mpmath.mpf(start)
                for coef, start in zip(of.coef.tolist(), of.intercept.tolist(), strict=True)
            ]
            z = [mpmath.mpf(0), *z] if len(z) == 1 else z
            total += mpmath.log(sum(mpmath.exp(value - z[label]) for value in z))
        return total

    with mpmath.workdps(40):
        assert loss(dependent, fit) - (loss(X, plain) - plain.optimality_gap) <= 1.0001 * fit.optimality_gap


@layouts
@pytest.mark.parametrize("intercept", [True, False])
def test_the_coefficients_are_the_shortest(intercept: bool, layout: Any) -> None:
    """No part of them lies in the null space of the columns (centred, beside an intercept)."""
    _, y, dependent = problem(2, 7)
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.logistic(layout(dependent), y, alpha=0, intercept=intercept)
    null = np.array([[1.0, 0, -2, -1, 0], [0, 3, 0, 0, -1]])
    assert np.abs(null @ fit.coef[0]).max() < 1e-9 * np.abs(fit.coef).max()


def test_a_frame_names_the_columns() -> None:
    pd = pytest.importorskip("pandas")
    X, y, _ = problem(2, 1)
    frame = pd.DataFrame(X, columns=["age", "dose", "height"]).assign(double=2 * X[:, 1] + 1)
    with pytest.warns(
        np.exceptions.RankWarning, match=r"depend on the others \(and on the constant\): 3 'double'\."
    ):
        crowfly.logistic(frame, y, alpha=0)


@layouts
def test_weights_of_zero_leave_rows_out(layout: Any) -> None:
    _, y, dependent = problem(2, 2)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    weights[:20] = 0
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.logistic(layout(dependent), y, alpha=0, sample_weight=weights)
    with pytest.warns(np.exceptions.RankWarning):
        rest = crowfly.logistic(layout(dependent[20:]), y[20:], alpha=0, sample_weight=weights[20:])
    np.testing.assert_array_equal(fit.coef, rest.coef)
    assert np.isfinite(fit.optimality_gap)


@layouts
@pytest.mark.filterwarnings("error")
def test_the_estimator_is_silent_as_scikit_learns(layout: Any) -> None:
    _, y, dependent = problem(2, 3)
    dependent = layout(dependent)
    model = LogisticRegression(C=np.inf).fit(dependent, y)
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.logistic(dependent, y, alpha=0)
    np.testing.assert_array_equal(model.coef_, fit.coef)


@pytest.mark.filterwarnings("error")
def test_no_warning_of_independent_columns_or_with_a_penalty() -> None:
    X, y, dependent = problem(2, 4)
    assert not crowfly.logistic(X, y, alpha=0).dependent_columns.size
    assert not crowfly.logistic(dependent, y, alpha=1e-3).dependent_columns.size


def test_C_is_the_inverse_of_alpha() -> None:
    X, y, _ = problem(2, 6)
    for C, alpha in ((0.25, 4.0), (np.inf, 0.0), (1, 1.0), (8, 0.125)):
        given = crowfly.logistic(X, y, C=C)
        np.testing.assert_array_equal(given.coef, crowfly.logistic(X, y, alpha=alpha).coef)
    with pytest.raises(ValueError, match=r"C: to be given instead of alpha"):
        crowfly.logistic(X, y, C=2.0, alpha=1.0)
    refused: list[tuple[Any, type[Exception]]] = [
        (0, ValueError),
        (-1.0, ValueError),
        (np.nan, ValueError),
        ("1", TypeError),
        (True, TypeError),
    ]
    for C, kind in refused:
        with pytest.raises(kind, match=r"C: a number"):
            crowfly.logistic(X, y, C=C)


@layouts
@pytest.mark.parametrize("exponent", [30, 60, 200])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_columns_that_depend_across_scales(exponent: int, n_classes: int, layout: Any) -> None:
    """What a column is rounded by must not become data of another: what is said of the fit holds of the coefficients returned."""
    rng = np.random.default_rng(0)
    W, y = rng.standard_normal((60, 2)), rng.integers(n_classes, size=60)
    far = np.ldexp(W[:, 0], exponent)
    X = np.column_stack([far, W[:, 1], 3.3 * far])
    with pytest.warns(np.exceptions.RankWarning):
        fit = crowfly.logistic(layout(X), y, alpha=0)
    loss = -fit.predict_log_proba(X)[np.arange(60), y].sum()
    np.testing.assert_allclose(loss, fit.objective, rtol=1e-12)
    np.testing.assert_allclose(fit.objective, crowfly.logistic(X[:, :2], y, alpha=0).objective, rtol=1e-12)
    assert fit.optimality_gap < 1e-11 * fit.objective
    np.testing.assert_allclose(fit.coef[:, 2], 3.3 * fit.coef[:, 0], rtol=1e-12)


def test_separated_classes_are_told_first() -> None:
    _, _, dependent = problem(2, 5)
    with pytest.raises(crowfly.SeparationError, match="plane separates"):
        crowfly.logistic(dependent, dependent[:, 0] > 0, alpha=0)


def test_codes_of_categories_need_not_be_dense() -> None:
    """All of them beside an intercept, as OneHotEncoder makes them: one depends on the others."""
    rng = np.random.default_rng(9)
    codes, y = np.eye(5)[rng.integers(5, size=2000)], rng.integers(2, size=2000)
    with pytest.warns(np.exceptions.RankWarning, match="rank 4"):
        fit = crowfly.logistic(sparse.csr_array(codes), y, alpha=0)
    assert np.isfinite(fit.optimality_gap)
    # The shortest of the vectors that differ by one constant.
    np.testing.assert_allclose(fit.coef.sum(), 0, atol=1e-12)
    rates = codes.T @ y / codes.sum(axis=0)
    np.testing.assert_allclose(fit.coef[0] + fit.intercept, np.log(rates / (1 - rates)), rtol=1e-9)
