# SPDX-License-Identifier: BSD-3-Clause
"""Inference for logistic regression, and Jeffreys' prior, against optima and covariances in 50 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from sklearn.datasets import load_wine

import crowfly
from assertions import assert_same_bits, log_relative_error, worst_log_relative_error
from data import logistic_problem, logistic_problem_names
from references import AnyArray, FloatArray, LogisticProblem, logistic_objective

DIGITS = 50


def classification(n: int, p: int, seed: int = 0) -> tuple[FloatArray, AnyArray]:
    rng = np.random.default_rng([n, p, seed])
    X = rng.standard_normal((n, p))
    y = (X @ rng.standard_normal(p) + rng.logistic(size=n) > 0).astype(np.int64)
    y[:2] = 0, 1
    return X, y


def design_of(X: FloatArray, intercept: bool) -> mpmath.matrix:
    return mpmath.matrix([[*([1.0] if intercept else []), *row] for row in X.tolist()])


def parts_at(
    design: mpmath.matrix, params: list[Any], weights: FloatArray
) -> tuple[list[Any], mpmath.matrix]:
    """Probabilities and the information matrix."""
    n, k = design.rows, design.cols
    eta = [mpmath.fsum(design[i, j] * params[j] for j in range(k)) for i in range(n)]
    p = [1 / (1 + mpmath.exp(-value)) for value in eta]
    information = mpmath.zeros(k)
    for i in range(n):
        curvature = mpmath.mpf(weights[i]) * p[i] * (1 - p[i])
        for a in range(k):
            for b in range(k):
                information[a, b] += curvature * design[i, a] * design[i, b]
    return p, information


def exact_firth(X: FloatArray, y: AnyArray, weights: FloatArray, intercept: bool = True) -> list[Any]:
    """The root of Firth's score in 50 digits, by Newton steps with leverages held."""
    with mpmath.workdps(DIGITS):
        design = design_of(X, intercept)
        n, k = design.rows, design.cols
        params = [mpmath.mpf(0)] * k
        for _ in range(400):
            p, information = parts_at(design, params, weights)
            inverse = information**-1
            score, curvature = mpmath.zeros(k, 1), information.copy()
            for i in range(n):
                row = design[i, :]
                leverage = mpmath.mpf(weights[i]) * p[i] * (1 - p[i]) * (row * inverse * row.T)[0]
                slope = mpmath.mpf(weights[i]) * (int(y[i]) - p[i]) + leverage * (mpmath.mpf(1) / 2 - p[i])
                for j in range(k):
                    score[j] += slope * design[i, j]
                curvature += leverage * p[i] * (1 - p[i]) * (row.T * row)
            step = mpmath.lu_solve(curvature, score)
            params = [value + change for value, change in zip(params, step, strict=True)]
            if mpmath.norm(step, mpmath.inf) < mpmath.mpf(10) ** -30:
                return params
    raise AssertionError("the reference did not converge")


def exact_errors(X: FloatArray, params: list[Any], weights: FloatArray, intercept: bool = True) -> list[Any]:
    with mpmath.workdps(DIGITS):
        inverse = parts_at(design_of(X, intercept), params, weights)[1] ** -1
        return [mpmath.sqrt(inverse[j, j]) for j in range(inverse.rows)]


# --- Maximum likelihood ---


@pytest.mark.parametrize("name", logistic_problem_names())
def test_reference_problems(name: str) -> None:
    problem, exact = logistic_problem(name)
    with mpmath.workdps(DIGITS):
        params = [mpmath.mpf(text) for text in exact]
    errors = exact_errors(problem.X, params, problem.weights)
    fit = crowfly.logit(problem.X, problem.codes)
    assert worst_log_relative_error(fit.params, params) >= 12
    assert worst_log_relative_error(fit.std_error, errors) >= 12
    with mpmath.workdps(DIGITS):
        deviance = 2 * logistic_objective(problem, [params[1:]], [params[0]])
        z_values = [value / error for value, error in zip(params, errors, strict=True)]
        p_values = [mpmath.erfc(abs(z) / mpmath.sqrt(2)) for z in z_values]
    assert log_relative_error(fit.deviance, deviance) >= 13
    assert worst_log_relative_error(fit.z_values, z_values) >= 12
    # p of a large z is steep: z^2 digits go.
    assert np.allclose(fit.p_values, [float(p) for p in p_values], rtol=1e-9, atol=0)


def test_the_derived_statistics() -> None:
    X, y = classification(60, 3)
    fit = crowfly.logit(X, y)
    share = y.mean()
    assert fit.n == 60
    assert (fit.df_model, fit.df_resid) == (3, 56)
    assert fit.null_deviance == pytest.approx(
        -2 * 60 * (share * np.log(share) + (1 - share) * np.log(1 - share))
    )
    assert fit.deviance == pytest.approx(2 * crowfly.logistic(X, y, alpha=0).objective)
    assert fit.log_likelihood == -fit.deviance / 2
    assert fit.aic == pytest.approx(fit.deviance + 8)
    assert fit.bic == pytest.approx(fit.deviance + 4 * np.log(60))
    assert crowfly.logit(X, y, intercept=False).null_deviance == pytest.approx(120 * np.log(2))
    interval = fit.conf_int(0.95)
    assert interval[:, 1] - fit.params == pytest.approx(1.959963984540054 * fit.std_error)
    assert_same_bits(fit.std_error, np.sqrt(np.diag(fit.covariance)))
    assert_same_bits(fit.covariance, fit.covariance.T.copy())


def test_units_and_offsets() -> None:
    X, y = classification(80, 3)
    scale = np.array([1e-3, 1.0, 1e4])
    plain, moved = crowfly.logit(X, y), crowfly.logit(X * scale + 7.0 * scale, y)
    assert moved.std_error[1:] * scale == pytest.approx(plain.std_error[1:], rel=1e-11)
    assert moved.z_values[1:] == pytest.approx(plain.z_values[1:], rel=1e-11)


@pytest.mark.parametrize("penalty", [None, "firth"])
def test_weights_are_repetitions(penalty: str | None) -> None:
    X, y = classification(50, 2)
    counts = np.random.default_rng(0).integers(0, 3, 50)
    counts[:2] = 1
    weighted = crowfly.logit(X, y, sample_weight=counts.astype(float), penalty=penalty)
    repeated = crowfly.logit(np.repeat(X, counts, axis=0), np.repeat(y, counts), penalty=penalty)
    assert weighted.params == pytest.approx(repeated.params, rel=1e-10)
    assert weighted.std_error == pytest.approx(repeated.std_error, rel=1e-10)
    assert weighted.n == np.count_nonzero(counts)


def test_dependent_columns_are_left_out() -> None:
    X, y = classification(50, 2)
    fit = crowfly.logit(np.column_stack([X, X[:, 0] - X[:, 1], np.ones(50)]), y)
    plain = crowfly.logit(X, y)
    assert len(fit.dropped) == 2
    assert np.isnan(fit.params).sum() == 2
    assert np.isnan(fit.std_error).sum() == 2
    assert fit.deviance == pytest.approx(plain.deviance, rel=1e-12)
    assert fit.df_resid == plain.df_resid
    names = ", ".join(f"x{j + 1}" for j in fit.dropped)
    assert f"(2 not defined, since these columns depend on the others: {names})" in fit.summary()


@pytest.mark.parametrize("intercept", [True, False])
def test_columns_that_logit_leaves_out_are_those_that_firth_refuses(intercept: bool) -> None:
    pd = pytest.importorskip("pandas")
    X, y = classification(50, 2)
    columns = np.column_stack([X, X[:, 0] - X[:, 1], np.ones(50)])
    frame = pd.DataFrame(columns, columns=["age", "dose", "difference", "ones"])
    dropped = crowfly.logit(frame, y, intercept=intercept).dropped.tolist()
    assert len(dropped) == (2 if intercept else 1)
    named = ", ".join(f"{j} {frame.columns[j]!r}" for j in dropped)
    numbered = ", ".join(map(str, dropped))
    constant = r" \(and on the constant\)" if intercept else ""
    for data, listed in ((frame, named), (columns, numbered)):
        with pytest.raises(
            ValueError,
            match=rf"^X: columns that don't depend on each other{constant} expected with penalty='firth'; .* others: {listed}$",
        ):
            crowfly.logistic(data, y, penalty="firth", intercept=intercept)
        with pytest.warns(
            np.exceptions.RankWarning, match=rf"these columns depend on the others{constant}: {listed}\. "
        ):
            crowfly.lstsq(data, y, intercept=intercept)


def test_predictions_take_columns_left_out_as_zero() -> None:
    X, y = classification(50, 2)
    fit, plain = crowfly.logit(np.column_stack([X, X[:, 0] - X[:, 1]]), y), crowfly.logistic(X, y, alpha=0)
    rows = np.column_stack([X[:9], X[:9, 0] - X[:9, 1]])
    np.testing.assert_allclose(fit.predict_proba(rows), plain.predict_proba(X[:9]), rtol=1e-9)
    np.testing.assert_allclose(fit.decision_function(rows), plain.decision_function(X[:9]), rtol=1e-9)
    np.testing.assert_array_equal(fit.predict(rows), plain.predict(X[:9]))
    with pytest.raises(ValueError, match="X: 3 features expected as in the fit"):
        fit.predict(X)


def test_many_dependent_columns_are_not_all_listed() -> None:
    X, y = classification(80, 2)
    columns = np.column_stack([X, *[X] * 8])
    with pytest.raises(ValueError, match=r"others: (\d+, ){10}\.\.\.$"):
        crowfly.logistic(columns, y, penalty="firth")


def test_summary() -> None:
    pd = pytest.importorskip("pandas")

    X, y = classification(40, 2)
    labels = pd.Series(np.where(y == 1, "sick", "well"), name="state")
    text = str(crowfly.logit(pd.DataFrame(X, columns=["age", "dose"]), labels))
    for part in (
        "state = 'well' against 'sick'",
        "(Intercept)",
        "age",
        "dose",
        "z value",
        "Pr(>|z|)",
        "Null deviance",
        "AIC",
    ):
        assert part in text
    assert "Jeffreys" in crowfly.logit(X, y, penalty="firth").summary()


def test_refusals() -> None:
    X, y = classification(40, 2)
    with pytest.raises(ValueError, match=r"^alpha: 0 expected"):
        crowfly.logit(X, y, alpha=1.0)
    with pytest.raises(ValueError, match=r"^y: two classes expected, got 3"):
        crowfly.logit(X, np.arange(40) % 3)
    with pytest.raises(ValueError, match=r"^penalty: None or 'firth'"):
        crowfly.logit(X, y, penalty="l1")
    with pytest.raises(ValueError, match=r"^X: at least one column"):
        crowfly.logit(np.ones((40, 1)), y)
    with pytest.raises(crowfly.SeparationError, match='penalty="firth"'):
        crowfly.logit(np.arange(8.0)[:, np.newaxis], [0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.raises(ValueError, match=r"^level: "):
        crowfly.logit(X, y).conf_int(1.0)


# --- Jeffreys' prior ---


@pytest.mark.parametrize("counts", [(7, 3, 2, 9), (5, 0, 3, 4), (6, 0, 0, 6), (1, 0, 0, 1)])
def test_a_table_with_half_a_count_added(counts: tuple[int, int, int, int]) -> None:
    """In the saturated model Firth's estimate adds 1/2 to every cell (Firth 1993, section 3)."""
    a, b, c, d = counts
    X = np.repeat([[0.0], [0.0], [1.0], [1.0]], counts, axis=0)
    y = np.repeat([0, 1, 0, 1], counts)
    fit = crowfly.logit(X, y, penalty="firth")
    with mpmath.workdps(DIGITS):
        first = mpmath.log((mpmath.mpf(b) + 0.5) / (mpmath.mpf(a) + 0.5))
        second = mpmath.log((mpmath.mpf(d) + 0.5) / (mpmath.mpf(c) + 0.5)) - first
    assert log_relative_error(fit.params[0], first) >= 12
    assert log_relative_error(fit.params[1], second) >= 12


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("separated", [True, False])
def test_firth_in_50_digits(separated: bool, intercept: bool) -> None:
    X, y = classification(16, 2, seed=4)
    if separated:
        y = (X[:, 0] > 0).astype(np.int64)
    weights = np.random.default_rng(3).choice([0.5, 1.0, 2.0], 16)
    params = exact_firth(X, y, weights, intercept)
    fit = crowfly.logit(X, y, penalty="firth", sample_weight=weights, intercept=intercept)
    assert fit.fit.converged
    assert worst_log_relative_error(fit.params, params) >= 12
    errors = exact_errors(X, params, weights, intercept)
    assert worst_log_relative_error(fit.std_error, errors) >= 12


def test_firth_on_a_reference_problem() -> None:
    problem, _ = logistic_problem(
        min(logistic_problem_names(), key=lambda name: len(logistic_problem(name)[0].X))
    )
    params = exact_firth(problem.X, problem.codes, problem.weights)
    fit = crowfly.logistic(problem.X, problem.codes, penalty="firth")
    assert worst_log_relative_error(np.append(fit.intercept, fit.coef), params) >= 11


def test_firth_is_the_objectives_minimum() -> None:
    X, y = classification(30, 3)
    fit = crowfly.logistic(X, y, penalty="firth")
    design = np.column_stack([np.ones(30), X])

    def objective(params: FloatArray) -> float:
        eta = design @ params
        p = 1 / (1 + np.exp(-eta))
        information = design.T @ (design * (p * (1 - p))[:, np.newaxis])
        return float(
            np.logaddexp(0, np.where(y == 1, -eta, eta)).sum() - np.linalg.slogdet(information)[1] / 2
        )

    best = np.append(fit.intercept, fit.coef)
    assert fit.objective == pytest.approx(objective(best), rel=1e-12)
    rng = np.random.default_rng(0)
    assert all(objective(best + 1e-3 * rng.standard_normal(4)) > fit.objective for _ in range(20))
    assert np.isinf(fit.optimality_gap)


def test_firth_does_not_depend_on_threads() -> None:
    X, y = classification(30_000, 20)
    fits = [crowfly.logistic(X, y, penalty="firth", num_threads=n) for n in (1, 2)]
    assert_same_bits(fits[0].coef, fits[1].coef)
    # With so many rows the prior weighs little.
    assert fits[0].coef == pytest.approx(crowfly.logistic(X, y, alpha=0).coef, rel=2e-2)


def test_firth_refuses() -> None:
    X, y = classification(30, 2)
    for options in ({"alpha": 2.0}, {"l1_ratio": 0.5}, {"penalty_factor": [1.0, 1.0]}):
        with pytest.raises(ValueError, match=r"^penalty: 'firth' expected alone"):
            crowfly.logistic(X, y, penalty="firth", **options)
    with pytest.raises(ValueError, match=r"^X: columns that don't depend"):
        crowfly.logistic(np.column_stack([X, X]), y, penalty="firth")
    with pytest.warns(crowfly.ConvergenceWarning, match="max_iter"):
        crowfly.logistic(X, y, penalty="firth", max_iter=1)


def test_penalised_fit_of_the_problem_class_is_not_firth() -> None:
    problem = LogisticProblem(*classification(30, 2), 2, 1.0)
    plain = crowfly.logistic(problem.X, problem.codes)
    assert not np.allclose(plain.coef, crowfly.logistic(problem.X, problem.codes, penalty="firth").coef)


@pytest.mark.parametrize("seed", range(40))
def test_firth_of_separated_classes_ends_well_before_the_limit(seed: int) -> None:
    X = np.random.default_rng(seed).normal(size=(21, 3))
    result = crowfly.logistic(X, X[:, 0] > 0, penalty="firth")
    assert result.converged
    assert result.n_iter <= 20
    assert result.gradient_norm <= 1e-13


@pytest.mark.parametrize("label", range(3))
def test_firth_of_many_columns_says_it_has_converged_where_the_score_is_zero(label: int) -> None:
    """Steps that shrink by a hundredth each are not rounding."""
    X, y = load_wine(return_X_y=True)
    result = crowfly.logistic((X - X.mean(axis=0)) / X.std(axis=0), y == label, penalty="firth")
    assert result.converged
    assert result.n_iter <= 30
    assert result.gradient_norm <= 1e-11


def test_separated_classes_are_told_of_the_prior_alone() -> None:
    """`logit` refuses the other cure, a penalty."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(crowfly.SeparationError, match=r'the best; use penalty="firth"$') as caught:
        crowfly.logit(X, X[:, 0] > 0)
    assert caught.value.fit is not None
