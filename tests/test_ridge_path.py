# SPDX-License-Identifier: BSD-3-Clause
"""Ridge paths and their leave-one-out scores against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

import crowfly
from assertions import EPS, assert_names_argument, assert_same_bits, log_relative_error
from references import AnyArray, FloatArray, exact_lstsq
from strategies import THREADS, integer_designs

ALPHAS = [0.25, 1.0, 64.0]


def problem(n: int, n_features: int, n_targets: int = 1) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng([n, n_features])
    X = rng.standard_normal((n, n_features)) + 1
    y = X @ rng.standard_normal((n_features, n_targets)) + 3 + rng.standard_normal((n, n_targets))
    return X, y if n_targets > 1 else y[:, 0]


def exact_left_out(
    X: AnyArray, y: AnyArray, *, intercept: bool, weights: AnyArray, alpha: float
) -> list[Fraction]:
    """y_i less its prediction from a fit to all other rows, by refitting."""
    errors = []
    for i in range(len(X)):
        others = np.arange(len(X)) != i
        fit = exact_lstsq(
            X[others], y[others], intercept=intercept, sample_weight=weights[others], alpha=alpha
        )
        predicted = sum(
            (Fraction(x) * b for x, b in zip(X[i].tolist(), fit.coef, strict=True)), Fraction(fit.intercept)
        )
        errors.append(Fraction(float(y[i])) - predicted)
    return errors


# --- Coefficients ---


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("shape", [(60, 5), (21, 20), (20, 20), (12, 30), (2, 3), (1, 1)])
def test_coefficients_are_exact(shape: tuple[int, int], intercept: bool) -> None:
    X, y = problem(*shape)
    path = crowfly.ridge_path(X, y, ALPHAS, intercept=intercept)
    for alpha, coef, constant in zip(ALPHAS, path.coef, path.intercept, strict=True):
        exact = exact_lstsq(X, y, intercept=intercept, alpha=alpha)
        assert_same_bits(coef, np.array([float(value) for value in exact.coef]))
        assert log_relative_error(constant, exact.intercept) >= 15.0 - 1e-9


@pytest.mark.parametrize("scales", [(-8, -3, 0, 4, 8), (0, 0, 9, 0, 0), (140, 0, -140, 0, 0)])
def test_columns_of_any_scale(scales: tuple[int, ...]) -> None:
    X, y = problem(40, 5)
    X = X * 10.0 ** np.array(scales)
    alphas = [1e-3, 1e3]
    path = crowfly.ridge_path(X, y, alphas)
    for alpha, coef in zip(alphas, path.coef, strict=True):
        exact = exact_lstsq(X, y, alpha=alpha)
        assert min(log_relative_error(float(c), e) for c, e in zip(coef, exact.coef, strict=True)) >= 13.0


def test_equals_lstsq_to_the_bit_for_several_targets_and_weights() -> None:
    X, y = problem(300, 12, 3)
    w = np.random.default_rng(5).uniform(0.5, 2, len(X)) * (np.arange(len(X)) % 7 > 0)
    path = crowfly.ridge_path(X, y, [0.0, 0.1, 10.0], sample_weight=w)
    for k, alpha in enumerate(path.alphas):
        fit = crowfly.lstsq(X, y, sample_weight=w, alpha=float(alpha))
        assert_same_bits(path.coef[k], fit.coef)
        np.testing.assert_allclose(path.intercept[k], fit.intercept, rtol=2 * EPS)
        np.testing.assert_allclose(path.rss[k], fit.rss, rtol=1e-13)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_predictions_at_every_alpha(n_targets: int) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 4)), rng.standard_normal((30, n_targets))
    path = crowfly.ridge_path(X, y if n_targets > 1 else y[:, 0], [0.1, 10.0, 1.0])
    for rows in (X[:7], csr_array(X[:7])):
        values = path.predict(rows)
        for a, alpha in enumerate(path.alphas):
            expected = crowfly.lstsq(X, y, alpha=float(alpha)).predict(X[:7])
            np.testing.assert_allclose(
                values[:, a], expected if n_targets > 1 else expected[:, 0], rtol=1e-13
            )


@pytest.mark.parametrize("alpha", [2, 2.0, np.float32(2), np.array(2.0)])
def test_one_penalty_may_be_a_number(alpha: Any) -> None:
    """As `logistic_path` and `RidgeCV` have it."""
    X, y = problem(20, 3)
    path, listed = crowfly.ridge_path(X, y, alpha), crowfly.ridge_path(X, y, [2.0])
    assert path.alphas.tolist() == [2.0]
    assert_same_bits(path.coef, listed.coef)


def test_order_of_alphas_and_threads_do_not_matter() -> None:
    X, y = problem(3000, 9)
    forward = crowfly.ridge_path(X, y, ALPHAS, num_threads=1, loo_errors=True)
    backward = crowfly.ridge_path(X, y, ALPHAS[::-1], num_threads=2, loo_errors=True)
    for name in ("coef", "intercept", "rss", "loo_mse", "gcv", "degrees_of_freedom", "loo_errors"):
        assert_same_bits(getattr(forward, name), getattr(backward, name)[::-1])


@pytest.mark.parametrize("shape", [(40, 6), (8, 12)])
def test_penalty_factors(shape: tuple[int, int]) -> None:
    """A factor f is the same as dividing the column by sqrt(f); powers of four keep that exact."""
    X, y = problem(*shape)
    factors = np.resize([1.0, 4.0, 0.25, 16.0], shape[1])
    path = crowfly.ridge_path(X, y, ALPHAS, penalty_factor=factors)
    scaled = crowfly.ridge_path(X / np.sqrt(factors), y, ALPHAS)
    np.testing.assert_allclose(path.coef, scaled.coef / np.sqrt(factors), rtol=4 * EPS)
    np.testing.assert_allclose(path.loo_mse, scaled.loo_mse, rtol=1e-10)


@pytest.mark.parametrize("shape", [(40, 6), (12, 20)])
def test_features_without_penalty(shape: tuple[int, int]) -> None:
    """The gradient of the residuals vanishes along them, and the intercept is one of them."""
    X, y = problem(*shape)
    with_ones = np.column_stack([np.ones(len(X)), X])
    free = crowfly.ridge_path(
        with_ones, y, ALPHAS, intercept=False, penalty_factor=[0.0] + [1.0] * shape[1], loo_errors=True
    )
    plain = crowfly.ridge_path(X, y, ALPHAS, loo_errors=True)
    np.testing.assert_allclose(free.coef[:, 1:], plain.coef, rtol=1e-11)
    np.testing.assert_allclose(free.coef[:, 0], plain.intercept, rtol=1e-11)
    np.testing.assert_allclose(free.degrees_of_freedom, plain.degrees_of_freedom, rtol=1e-12)
    assert free.loo_errors is not None
    assert plain.loo_errors is not None
    np.testing.assert_allclose(free.loo_errors, plain.loo_errors, rtol=1e-9)


# --- Scores ---


@given(
    design=integer_designs(),
    intercept=st.booleans(),
    alpha=st.sampled_from([0.5, 4.0]),
    num_threads=st.sampled_from(THREADS),
)
def test_leave_one_out_errors_of_whole_numbers(
    design: tuple[FloatArray, FloatArray, FloatArray], intercept: bool, alpha: float, num_threads: int
) -> None:
    X, y, weights = design
    path = crowfly.ridge_path(
        X, y, [alpha], intercept=intercept, sample_weight=weights, loo_errors=True, num_threads=num_threads
    )
    exact = exact_left_out(X, y, intercept=intercept, weights=weights, alpha=alpha)
    assert path.loo_errors is not None
    expected = np.array([float(value) for value in exact])
    # Entries are below 5 and weights below 4, so that the penalised Gram matrix has a condition below 9 * 3 * 64 / alpha.
    np.testing.assert_allclose(path.loo_errors[0], expected, rtol=0, atol=1e4 * 16 * EPS * 64)
    mean = np.average(expected**2, weights=weights)
    np.testing.assert_allclose(path.loo_mse[0], mean, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("alpha", [1e-10, 1e-6, 1.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_leave_one_out_of_interpolating_fits(alpha: float, intercept: bool) -> None:
    """With more features than rows residuals and 1 - h are both of the size of alpha."""
    X, y = problem(7, 9)
    path = crowfly.ridge_path(X, y, [alpha], intercept=intercept, loo_errors=True)
    exact = exact_left_out(X, y, intercept=intercept, weights=np.ones(7), alpha=alpha)
    assert path.loo_errors is not None
    assert (
        min(log_relative_error(float(a), b) for a, b in zip(path.loo_errors[0], exact, strict=True)) >= 12.0
    )


@pytest.mark.parametrize("shape", [(9, 3), (40, 4)])
def test_leave_one_out_of_least_squares(shape: tuple[int, int]) -> None:
    X, y = problem(*shape)
    path = crowfly.ridge_path(X, y, [0.0], loo_errors=True)
    exact = exact_left_out(X, y, intercept=True, weights=np.ones(len(X)), alpha=0.0)
    assert path.loo_errors is not None
    assert (
        min(log_relative_error(float(a), b) for a, b in zip(path.loo_errors[0], exact, strict=True)) >= 12.0
    )
    assert path.degrees_of_freedom[0] == shape[1] + 1


def test_a_row_of_leverage_one_cannot_be_left_out() -> None:
    X, y = problem(30, 3)
    X[:, 2] = np.arange(30) == 4
    path = crowfly.ridge_path(X, y, [0.0, 1.0], loo_errors=True)
    assert path.loo_errors is not None
    assert np.isinf(path.loo_mse[0])
    assert np.isfinite(path.loo_mse[1])
    assert np.flatnonzero(~np.isfinite(path.loo_errors[0])).tolist() == [4]


def test_degrees_of_freedom_and_generalised_score() -> None:
    X, y = problem(50, 4)
    path = crowfly.ridge_path(X, y, ALPHAS)
    centred = X - X.mean(axis=0)
    for k, alpha in enumerate(ALPHAS):
        hat = centred @ np.linalg.solve(centred.T @ centred + alpha * np.eye(4), centred.T) + 1 / 50
        np.testing.assert_allclose(path.degrees_of_freedom[k], np.trace(hat), rtol=1e-12)
        np.testing.assert_allclose(path.gcv[k], path.rss[k] / 50 / (1 - np.trace(hat) / 50) ** 2, rtol=1e-12)


def test_generalised_score_without_degrees_left_is_infinite() -> None:
    X, y = problem(5, 9)
    path = crowfly.ridge_path(X, y, [0.0, 1.0])
    assert np.isinf(path.gcv[0])
    assert np.isfinite(path.gcv[1])


def test_ill_conditioned_scores_take_the_rows() -> None:
    """Columns that agree to five digits: the Gram matrix has a condition of 1e10 and is not used."""
    X, y = problem(12, 2)
    X[:, 1] = X[:, 0] + 1e-5 * X[:, 1]
    path = crowfly.ridge_path(X, y, [1e-12], loo_errors=True)
    exact = exact_left_out(X, y, intercept=True, weights=np.ones(12), alpha=1e-12)
    assert path.loo_errors is not None
    assert min(log_relative_error(float(a), b) for a, b in zip(path.loo_errors[0], exact, strict=True)) >= 8.0


@pytest.mark.parametrize("shape", [(30, 4), (6, 9)])
def test_weight_of_zero_equals_dropping(shape: tuple[int, int]) -> None:
    X, y = problem(*shape, 2)
    w = np.where(np.arange(len(X)) % 3 == 1, 0.0, 2.0)
    kept = w > 0
    full = crowfly.ridge_path(X, y, ALPHAS, sample_weight=w, loo_errors=True)
    part = crowfly.ridge_path(X[kept], y[kept], ALPHAS, sample_weight=w[kept], loo_errors=True)
    assert full.loo_errors is not None
    assert part.loo_errors is not None
    for name in ("coef", "intercept", "rss", "loo_mse", "gcv", "degrees_of_freedom"):
        assert_same_bits(getattr(full, name), getattr(part, name))
    assert_same_bits(full.loo_errors[..., kept], part.loo_errors)
    predicted = np.einsum("atp,np->atn", part.coef, X[~kept]) + part.intercept[..., np.newaxis]
    np.testing.assert_allclose(full.loo_errors[..., ~kept], y[~kept].T - predicted, rtol=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("shape", [(3, 2), (6, 6), (5, 9)])
@pytest.mark.parametrize("largest", [1e3, 1e6])
def test_weights_of_many_magnitudes_in_any_order(
    largest: float, shape: tuple[int, int], intercept: bool
) -> None:
    X, y = problem(*shape)
    weights = np.ones(len(X))
    weights[1] = largest
    for order in (np.arange(len(X)), np.arange(len(X))[::-1]):
        x, t, w = X[order], y[order], weights[order]
        path = crowfly.ridge_path(x, t, [1e-3, 1.0], intercept=intercept, sample_weight=w, loo_errors=True)
        assert path.loo_errors is not None
        for a, alpha in enumerate(path.alphas.tolist()):
            exact = exact_lstsq(x, t, intercept=intercept, sample_weight=w, alpha=alpha)
            np.testing.assert_allclose(path.coef[a], [float(value) for value in exact.coef], rtol=1e-14)
            left_out = exact_left_out(x, t, intercept=intercept, weights=w, alpha=alpha)
            np.testing.assert_allclose(path.loo_errors[a], [float(value) for value in left_out], rtol=1e-7)


def test_tiny_penalties_of_dependent_columns_are_exact_or_say_that_they_are_not() -> None:
    X = np.array([[0.1, 0.3], [0.2, 0.6], [0.3, 0.9], [0.7, 2.1]])
    y = np.array([1.0, 2.0, 4.0, 3.0])
    path = crowfly.ridge_path(X, y, [1e-16, 1e-18, 1e-20], intercept=False)
    for coef, alpha in zip(path.coef, path.alphas.tolist(), strict=True):
        exact = exact_lstsq(X, y, intercept=False, alpha=alpha)
        np.testing.assert_allclose(coef, [float(value) for value in exact.coef], rtol=1e-8)
    assert path.correction.max() < 1e-8
    with pytest.warns(crowfly.ConvergenceWarning, match="for alpha = 1e-18 .*cease to shrink"):
        crowfly.ridge_path(X, y, [1e-18], intercept=False, penalty_factor=[1.0, 2.0])


def test_weights_equal_repetition_but_for_what_is_left_out() -> None:
    X, y = problem(25, 3)
    w = 1.0 + np.arange(25) % 3
    weighted = crowfly.ridge_path(X, y, ALPHAS, sample_weight=w)
    repeated = crowfly.ridge_path(np.repeat(X, w.astype(int), axis=0), np.repeat(y, w.astype(int)), ALPHAS)
    assert_same_bits(weighted.coef, repeated.coef)
    np.testing.assert_allclose(weighted.rss, repeated.rss, rtol=1e-13)
    np.testing.assert_allclose(weighted.degrees_of_freedom, repeated.degrees_of_freedom, rtol=1e-13)


def test_float32_is_taken_as_it_is() -> None:
    X, y = problem(80, 5)
    single = crowfly.ridge_path(X.astype(np.float32), y.astype(np.float32), ALPHAS)
    double = crowfly.ridge_path(
        X.astype(np.float32).astype(np.float64), y.astype(np.float32).astype(np.float64), ALPHAS
    )
    assert_same_bits(single.coef, double.coef)
    assert_same_bits(single.loo_mse, double.loo_mse)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_constant_duplicated_and_zero_columns(alpha: float) -> None:
    X, y = problem(20, 5)
    X[:, 1], X[:, 2], X[:, 3] = 7.0, 0.0, X[:, 0]
    path = crowfly.ridge_path(X, y, [alpha])
    exact = exact_lstsq(X, y, alpha=alpha)
    np.testing.assert_allclose(path.coef[0], [float(value) for value in exact.coef], atol=1e-13)
    # What is below 2**-90 of the largest coefficient counts as zero in refinement.
    assert np.abs(path.coef[0, 1:3]).max() <= 2.0**-90 * np.abs(path.coef[0]).max()
    assert np.isfinite(path.loo_mse[0])


# --- Arguments ---


@pytest.mark.parametrize(
    ("changes", "name", "kind"),
    [
        ({"alphas": []}, "alphas", ValueError),
        ({"alphas": [[1.0]]}, "alphas", ValueError),
        ({"alphas": -1.0}, "alphas", ValueError),
        ({"alphas": "a"}, "alphas", TypeError),
        ({"alphas": [-1.0]}, "alphas", ValueError),
        ({"alphas": [np.nan]}, "alphas", ValueError),
        ({"alphas": ["a"]}, "alphas", TypeError),
        ({"penalty_factor": [1.0]}, "penalty_factor", ValueError),
        ({"penalty_factor": [1.0, -1.0]}, "penalty_factor", ValueError),
        ({"penalty_factor": [1.0, 1e30]}, "penalty_factor", ValueError),
        ({"penalty_factor": [1.0, np.nan]}, "penalty_factor", ValueError),
        ({"y": [1.0, 2.0]}, "y", ValueError),
        ({"y": [1.0, np.inf, 2.0]}, "y", ValueError),
        ({"X": [[1.0, np.nan], [1.0, 2.0], [3.0, 4.0]]}, "X", ValueError),
        ({"sample_weight": [1.0, -1.0, 1.0]}, "sample_weight", ValueError),
        ({"intercept": 1}, "intercept", TypeError),
        ({"loo_errors": 1}, "loo_errors", TypeError),
    ],
)
def test_refused_arguments(changes: dict[str, Any], name: str, kind: type[Exception]) -> None:
    arguments: dict[str, Any] = {
        "X": [[1.0, 2.0], [3.0, 1.0], [0.0, 5.0]],
        "y": [1.0, 2.0, 4.0],
        "alphas": [1.0],
    } | changes
    with pytest.raises(kind) as caught:
        crowfly.ridge_path(arguments.pop("X"), arguments.pop("y"), arguments.pop("alphas"), **arguments)
    assert_names_argument(caught.value, name)
