# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression: the certificate against optima in 50 digits, and the properties that define the minimiser."""

from __future__ import annotations

import dataclasses
import math
from contextlib import nullcontext
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import EPS, assert_same_bits, gradient_rounding, objective_tolerance, worst_log_relative_error
from data import logistic_problem, logistic_problem_names
from references import (
    AnyArray,
    FloatArray,
    LogisticProblem,
    exact_logistic,
    logistic_gradient,
    logistic_objective,
)
from strategies import DTYPES, LAYOUTS, THREADS, logistic_problems


def classification(
    n: int, n_features: int, n_classes: int = 2, dtype: Any = np.float64
) -> tuple[AnyArray, AnyArray]:
    """Overlapping classes, every one present, whose seed is their shape."""
    rng = np.random.default_rng([n, n_features, n_classes])
    X = rng.standard_normal((n, n_features))
    scores = X @ rng.standard_normal((n_features, n_classes)) + rng.gumbel(size=(n, n_classes))
    y = np.argmax(scores, axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X.astype(dtype), y


def fit(problem: LogisticProblem, **options: Any) -> crowfly.LogisticResult:
    return crowfly.logistic(
        problem.X,
        problem.codes,
        alpha=problem.alpha,
        intercept=problem.intercept,
        sample_weight=problem.sample_weight,
        **options,
    )


def assert_certificate(problem: LogisticProblem, result: crowfly.LogisticResult) -> None:
    """objective - minimum <= optimality_gap, and the objective and the gradient norm are what they are called."""
    *_, minimum = exact_logistic(problem)
    reached = logistic_objective(problem, result.coef, result.intercept)
    rounding = objective_tolerance(problem, result.coef, result.intercept)
    assert abs(result.objective - reached) <= rounding
    assert reached - minimum <= result.optimality_gap
    assert result.optimality_gap >= 0

    gradient = logistic_gradient(problem, result.coef, result.intercept)
    norm = float(mpmath.norm([value for row in gradient for value in row], 2))
    assert abs(result.gradient_norm - norm) <= gradient_rounding(problem, result.coef, result.intercept)


def assert_converged(problem: LogisticProblem, result: crowfly.LogisticResult, tol: float) -> None:
    rounding = objective_tolerance(problem, result.coef, result.intercept)
    assert result.converged
    assert result.optimality_gap <= tol * result.objective + rounding


def assert_same_result(actual: crowfly.LogisticResult, expected: crowfly.LogisticResult) -> None:
    for field in dataclasses.fields(expected):
        assert_same_bits(np.asarray(getattr(actual, field.name)), np.asarray(getattr(expected, field.name)))


# --- The certificate ---


@pytest.mark.parametrize("name", logistic_problem_names())
def test_digits_on_the_reference_problems(name: str) -> None:
    problem, exact = logistic_problem(name)
    result = fit(problem, tol=1e-15)
    assert_certificate(problem, result)
    assert_converged(problem, result, 1e-15)
    # The objective is flat: known to n eps, it fixes a coefficient to about the root of that.
    assert worst_log_relative_error(np.append(result.intercept, result.coef), exact) >= 7.0


@given(
    problem=logistic_problems(),
    tol=st.sampled_from([1e-4, 1e-8, 1e-12]),
    num_threads=st.sampled_from(THREADS),
)
def test_certificate(problem: LogisticProblem, tol: float, num_threads: int) -> None:
    result = fit(problem, tol=tol, num_threads=num_threads)
    assert_certificate(problem, result)
    assert_converged(problem, result, tol)


@given(problem=logistic_problems(largest=1e4))
def test_certificate_on_data_of_any_scale(problem: LogisticProblem) -> None:
    result = fit(problem)
    assert_certificate(problem, result)
    assert_converged(problem, result, 1e-8)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1.0, 1e4])
def test_certificate_by_classes(alpha: float, intercept: bool, n_classes: int) -> None:
    X, y = classification(12 * n_classes, 2, n_classes)
    problem = LogisticProblem(X, y, n_classes, alpha, intercept)
    result = fit(problem)
    assert_certificate(problem, result)
    assert_converged(problem, result, 1e-8)
    assert result.coef.shape == (problem.n_rows, 2)
    assert result.intercept.shape == (problem.n_rows,)
    if not intercept:
        assert_same_bits(result.intercept, np.zeros(problem.n_rows))


def test_no_features_but_the_intercept_matter_under_a_huge_penalty() -> None:
    X, y = classification(90, 3)
    result = crowfly.logistic(X, y, alpha=1e12)
    assert np.abs(result.coef).max() < 1e-8
    assert result.intercept[0] == pytest.approx(math.log(y.mean() / (1 - y.mean())), rel=1e-6)


def test_a_strong_penalty_bounds_the_distance_to_the_optimum() -> None:
    X, y = classification(30, 2, 3)
    problem = LogisticProblem(X, y, 3, 2.0)
    result = fit(problem)
    coef, *_ = exact_logistic(problem)
    error = np.linalg.norm(result.coef - np.array([[float(value) for value in row] for row in coef]))
    slack = result.optimality_gap + objective_tolerance(problem, result.coef, result.intercept)
    assert error <= math.sqrt(2 * slack / problem.alpha)


# --- Fits that can't finish ---


@pytest.mark.parametrize("n_classes", [2, 3])
def test_stopping_early_warns_and_certifies_what_it_has(n_classes: int) -> None:
    X, y = classification(60, 2, n_classes)
    problem = LogisticProblem(50 * X, y, n_classes, 1e-6)
    with pytest.warns(crowfly.ConvergenceWarning) as caught:
        result = fit(problem, max_iter=1)
    assert len(caught) == 1
    assert issubclass(crowfly.ConvergenceWarning, UserWarning)
    message = str(caught[0].message)
    assert "max_iter" in message, "the cause"
    assert f"{result.optimality_gap / result.objective:.1e}" in message or "not bounded" in message, "the gap"
    assert not result.converged
    assert result.n_iter <= 1
    assert_certificate(problem, result)


LINE = np.arange(8.0)[:, np.newaxis]
SEPARABLE: dict[str, tuple[FloatArray, list[int]]] = {
    "by a gap": (LINE, [0, 0, 0, 0, 1, 1, 1, 1]),
    "the other way round": (-LINE, [0, 0, 0, 0, 1, 1, 1, 1]),
    "by one column of two": (np.column_stack([[3.0, 1, 2, 3, 1, 2], [0, 0, 0, 1, 1, 1]]), [0, 0, 0, 1, 1, 1]),
    "all of three": (np.array([[0.0, 0], [0.1, 0], [5, 0], [5.1, 0], [0, 5], [0, 5.1]]), [0, 0, 1, 1, 2, 2]),
    "on a large scale": (1e6 * LINE, [0, 0, 0, 0, 1, 1, 1, 1]),
    "far from the origin": (1e6 + LINE, [0, 0, 0, 0, 1, 1, 1, 1]),
    "more columns than rows": (np.random.default_rng(9).standard_normal((6, 9)), [0, 1, 0, 1, 1, 0]),
}


# A plane separates all but the points that lie on it: the infimum is positive, and still nowhere reached.
NEARLY_SEPARABLE: dict[str, tuple[FloatArray, list[int]]] = {
    "points on the boundary": (np.array([[0.0], [1], [2], [2], [3], [4]]), [0, 0, 0, 1, 1, 1]),
    "one class of three": (np.array([[0.0], [1], [0], [1], [9], [8]]), [0, 0, 1, 1, 2, 2]),
}


@pytest.mark.parametrize("case", NEARLY_SEPARABLE)
def test_a_minimum_that_does_not_exist_is_not_converged_to(case: str) -> None:
    with pytest.raises((ValueError, crowfly.ConvergenceWarning)):
        crowfly.logistic(*NEARLY_SEPARABLE[case], alpha=0.0)


@pytest.mark.parametrize("case", SEPARABLE)
def test_separated_classes_without_penalty(case: str) -> None:
    X, y = SEPARABLE[case]
    with pytest.raises(ValueError, match="separa"):
        crowfly.logistic(X, y, alpha=0.0)


@pytest.mark.parametrize("case", SEPARABLE | NEARLY_SEPARABLE)
def test_separated_classes_with_a_penalty(case: str) -> None:
    X, y = (SEPARABLE | NEARLY_SEPARABLE)[case]
    problem = LogisticProblem(X, np.array(y), max(y) + 1, 1e-3)
    result = fit(problem)
    assert_converged(problem, result, 1e-8)
    assert_certificate(problem, result)


def test_rows_without_weight_do_not_undo_separation() -> None:
    weights = np.ones(10)
    weights[8:] = 0.0
    X, y = np.vstack([LINE, [[7.0], [0.0]]]), [0, 0, 0, 0, 1, 1, 1, 1, 0, 1]
    with pytest.raises(ValueError, match="separa"):
        crowfly.logistic(X, y, alpha=0.0, sample_weight=weights)


def test_one_row_of_overlap_is_enough() -> None:
    X, y = LINE, np.array([0, 0, 0, 1, 0, 1, 1, 1])
    problem = LogisticProblem(X, y, 2, 0.0)
    result = fit(problem)
    assert_converged(problem, result, 1e-8)
    assert_certificate(problem, result)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_dependent_columns_reach_the_same_objective(alpha: float) -> None:
    X, y = classification(80, 3)
    constant = np.column_stack([X, np.ones(80), np.zeros(80)])
    duplicated = np.column_stack([X, X[:, 0]])
    problem = LogisticProblem(X, y, 2, alpha)
    *_, minimum = exact_logistic(problem)
    for design in (constant, duplicated):
        with nullcontext() if alpha else pytest.warns(np.exceptions.RankWarning):
            result = crowfly.logistic(design, y, alpha=alpha)
        rounding = objective_tolerance(LogisticProblem(design, y, 2, alpha), result.coef, result.intercept)
        assert result.converged
        gain = float(minimum - result.objective)
        assert gain >= -(result.optimality_gap + rounding)
        if alpha == 0 or design is constant:
            assert gain <= rounding


# --- Invariance ---


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1e-6, 1e6), (1e8, 1e8)])
def test_offsets_and_scales_reach_the_same_objective(offset: float, scales: tuple[float, float]) -> None:
    X, y = classification(40, 2)
    moved = (X + offset) * np.array(scales)
    problem = LogisticProblem(moved, y, 2, 0.0)
    result = fit(problem)
    assert_converged(problem, result, 1e-8)
    assert_certificate(problem, result)


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0])
def test_offsets_without_an_intercept_end_at_rounding(alpha: float) -> None:
    """Predictors are what large terms leave of each other: below the rounding of these no step is to be halved until the objective happens to fall."""
    rng = np.random.default_rng(1)
    centred = rng.standard_normal((5003, 64))
    y = rng.random(5003) < 1 / (1 + np.exp(-centred @ rng.standard_normal(64) / 8))
    weights = rng.uniform(0.01, 10, 5003)
    fit = crowfly.logistic(centred + 1e6, y, alpha=alpha, intercept=False, sample_weight=weights, tol=1e-6)
    assert fit.converged
    assert fit.n_reads < 30


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_weights_are_repetitions(alpha: float, n_classes: int) -> None:
    X, y = classification(40, 2, n_classes)
    repeats = np.random.default_rng(2).integers(1, 4, 40)
    weighted = LogisticProblem(X, y, n_classes, alpha, sample_weight=repeats.astype(np.float64))
    rows = np.repeat(np.arange(40), repeats)
    repeated = crowfly.logistic(X[rows], y[rows], alpha=alpha)
    for result in (fit(weighted), repeated):
        assert_certificate(weighted, result)


def test_a_weight_of_zero_drops_the_row() -> None:
    X, y = classification(40, 2)
    X[[3, 17]] = 1e6
    kept = np.ones(40, dtype=bool)
    kept[[3, 17]] = False
    result = crowfly.logistic(X, y, sample_weight=kept.astype(np.float64))
    assert_certificate(LogisticProblem(X[kept], y[kept], 2, 1.0), result)


def test_weights_scale_against_the_penalty() -> None:
    X, y = classification(40, 2)
    weights = np.full(40, 4.0)
    result = crowfly.logistic(X, y, alpha=4.0, sample_weight=weights)
    assert_certificate(LogisticProblem(X, y, 2, 4.0, sample_weight=weights), result)
    plain = crowfly.logistic(X, y, alpha=1.0)
    slack = plain.optimality_gap + result.optimality_gap / 4
    assert abs(result.objective / 4 - plain.objective) <= slack + 100 * 40 * EPS * plain.objective


def test_swapping_two_classes_changes_the_sign() -> None:
    X, y = classification(80, 3)
    a, b = crowfly.logistic(X, y, tol=1e-14), crowfly.logistic(X, 1 - y, tol=1e-14)
    slack = sum(2 * r.optimality_gap + 80 * 80 * EPS * r.objective for r in (a, b))
    assert np.linalg.norm(a.coef + b.coef) <= 2 * math.sqrt(slack)


def _numpy_gradient(X: AnyArray, y: AnyArray, alpha: float, result: crowfly.LogisticResult) -> FloatArray:
    wide = X.astype(np.float64)
    error = result.predict_proba(X) - np.eye(len(result.classes))[y]
    rows = error[:, -len(result.coef) :].T
    gradient: FloatArray = np.column_stack([rows @ wide + alpha * result.coef, rows.sum(axis=1)])
    return gradient


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_features", [1, 7, 8, 9, 31, 32, 33, 65])
@pytest.mark.parametrize("n", [67, 127, 128, 129, 257, 1009])
def test_sizes(n: int, n_features: int, n_classes: int, dtype: Any) -> None:
    X, y = classification(n, n_features, n_classes, dtype)
    result = crowfly.logistic(X, y)
    problem = LogisticProblem(X.astype(np.float64), y, n_classes, 1.0)
    assert_converged(problem, result, 1e-8)
    gradient = np.linalg.norm(_numpy_gradient(X, y, 1.0, result))
    rounding = 2 * gradient_rounding(problem, result.coef, result.intercept)
    assert abs(result.gradient_norm - gradient) <= rounding
    # The loss is at most (|x|^2 / 2)-smooth per row, so a gradient of this size costs at least that much.
    curvature = 0.5 * np.sum(problem.X**2) + n + 1.0
    assert gradient**2 / (2 * curvature) <= result.optimality_gap + objective_tolerance(
        problem, result.coef, result.intercept
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts_give_the_same_bits(layout: str, dtype: Any) -> None:
    X, y = classification(301, 19, 2, dtype)
    weights = np.linspace(0.5, 2, 301)
    expected = crowfly.logistic(X, y, sample_weight=weights)
    assert_same_result(crowfly.logistic(LAYOUTS[layout](X), y, sample_weight=weights), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "n_features", "n_classes"), [(300, 5, 2), (20011, 11, 2), (5003, 17, 4)])
def test_threads_give_the_same_bits(n: int, n_features: int, n_classes: int, dtype: Any) -> None:
    X, y = classification(n, n_features, n_classes, dtype)
    one, *others = (crowfly.logistic(X, y, num_threads=num_threads) for num_threads in THREADS)
    for other in others:
        assert_same_result(other, one)


def test_float32_means_these_float32_values() -> None:
    X, y = classification(301, 9, 3, np.float32)
    assert_same_result(crowfly.logistic(X, y), crowfly.logistic(X.astype(np.float64), y))


# --- Labels and predictions ---

LABELS = {
    "bool": np.array([False, True]),
    "int": np.array([-5, 3, 40]),
    "uint8": np.array([7, 200], dtype=np.uint8),
    "str": np.array(["apple", "pear", "quince"]),
    "float": np.array([-1.0, 2.0]),
    "large int": np.array([2**62, 2**62 + 1]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels(kind: str) -> None:
    labels = LABELS[kind]
    X, codes = classification(90, 2, len(labels))
    result = crowfly.logistic(X, labels[codes])
    plain = crowfly.logistic(X, codes)
    assert_same_bits(result.classes, labels)
    assert_same_bits(result.coef, plain.coef)
    assert_same_bits(result.predict(X), labels[plain.predict(X)])


def test_labels_as_a_list() -> None:
    X, codes = classification(50, 2)
    result = crowfly.logistic(X.tolist(), ["no" if code == 0 else "yes" for code in codes])
    assert result.classes.tolist() == ["no", "yes"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_predictions_belong_together(n_classes: int, dtype: Any) -> None:
    X, y = classification(120, 4, n_classes, dtype)
    result = crowfly.logistic(X, y)
    decision, probability = result.decision_function(X), result.predict_proba(X)
    linear = X.astype(np.float64) @ result.coef.T + result.intercept
    size = np.abs(X).astype(np.float64) @ np.abs(result.coef).T + np.abs(result.intercept)
    values = decision[:, np.newaxis] if n_classes == 2 else decision
    assert decision.shape == ((120,) if n_classes == 2 else (120, n_classes))
    assert np.all(np.abs(values - linear) <= 2 * 6 * EPS * size)

    scores = np.column_stack([np.zeros(120), decision]) if n_classes == 2 else decision
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    assert probability.shape == (120, n_classes)
    assert np.all(np.abs(probability - expected) <= 16 * EPS)
    assert np.all(np.abs(probability.sum(axis=1) - 1) <= n_classes * EPS)
    assert_same_bits(result.predict(X), result.classes[np.argmax(scores, axis=1)])


def test_a_decision_of_zero_is_the_first_class() -> None:
    for n_classes in (2, 3):
        X, y = classification(60, 2, n_classes)
        fitted = crowfly.logistic(X, y)
        flat = dataclasses.replace(
            fitted, coef=np.zeros_like(fitted.coef), intercept=np.zeros_like(fitted.intercept)
        )
        assert_same_bits(flat.predict(X), np.zeros(60, dtype=fitted.classes.dtype))
        assert np.all(np.abs(flat.predict_proba(X) - 1 / n_classes) <= EPS)


def test_probabilities_far_out_neither_overflow_nor_vanish_early() -> None:
    X, y = classification(60, 1)
    result = dataclasses.replace(crowfly.logistic(X, y), coef=np.array([[1.0]]), intercept=np.zeros(1))
    probability = result.predict_proba(np.array([[-700.0], [-40.0], [40.0], [1e300]]))
    assert probability[0, 1] == pytest.approx(math.exp(-700), rel=1e-12)
    assert probability[1, 1] == pytest.approx(math.exp(-40), rel=1e-13)
    assert probability[2, 0] == pytest.approx(math.exp(-40), rel=1e-13)
    assert_same_bits(probability[3], np.array([0.0, 1.0]))


def test_kinds_of_the_result() -> None:
    result = crowfly.logistic(*classification(60, 2))
    assert isinstance(result.n_iter, int)
    assert isinstance(result.n_reads, int)
    assert result.n_iter >= 1
    assert result.n_reads >= 1
    assert isinstance(result.converged, bool)
    assert type(result.objective) is type(result.gradient_norm) is type(result.optimality_gap) is float
    assert result.coef.dtype == result.intercept.dtype == np.float64
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.n_iter = 0  # type: ignore[misc]
