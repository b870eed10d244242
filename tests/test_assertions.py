# SPDX-License-Identifier: BSD-3-Clause
"""The assertions accept what is right and refuse what is wrong; the references agree with independent answers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from assertions import (
    assert_coefficients_close,
    assert_least_squares_optimal,
    assert_names_argument,
    assert_neighbors_equal,
    assert_neighbors_valid,
    assert_same_bits,
    coefficient_tolerance,
    distance_tolerance,
    log_relative_error,
)
from data import linear_problem, linear_problem_names, logistic_problem, logistic_problem_names
from references import (
    AnyArray,
    LogisticProblem,
    exact_logistic,
    exact_lstsq,
    lane_sum,
    logistic_gradient,
    minimum_norm_solution,
    neighbors,
    pairwise_distances,
    powers,
    radius_neighbors,
)
from strategies import DATASETS, LAYOUTS, dataset, normal_pair

GRID = np.array([[0.0], [1.0], [1.0], [2.0], [5.0]])
ORIGIN = np.zeros((1, 1))


def grid_answer() -> tuple[Any, Any]:
    return np.array([[0.0, 1.0, 1.0]]), np.array([[0, 1, 2]])


# --- Positive cases ---


@pytest.mark.parametrize(
    "metric", ["euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine", "minkowski"]
)
@pytest.mark.parametrize("name", ["normal", "offset", "duplicates", "clusters", "mixed_magnitudes"])
def test_valid_accepts_the_reference(name: str, metric: str) -> None:
    queries, points = dataset(name, 1, 20, 60, 9, np.float64)
    p = 2.5 if metric == "minkowski" else None
    assert_neighbors_valid(*neighbors(queries, points, 7, metric, p), queries, points, metric=metric, p=p)


def test_valid_accepts_another_order_of_summation() -> None:
    queries, points = dataset("offset", 2, 20, 60, 40, np.float64)
    distances = np.sqrt(np.sum((queries[:, np.newaxis] - points) ** 2, axis=-1))
    order = np.argsort(distances, axis=1)[:, :5]
    assert_neighbors_valid(np.take_along_axis(distances, order, axis=1), order, queries, points)


def test_valid_accepts_swapped_ties_and_equal_refuses_them() -> None:
    distances, indices = grid_answer()
    swapped = np.array([[0, 2, 1]])
    assert_neighbors_valid(distances, swapped, ORIGIN, GRID)
    assert_neighbors_equal((distances, indices), neighbors(ORIGIN, GRID, 3))
    with pytest.raises(AssertionError, match="indices: 2 of 3 values differ"):
        assert_neighbors_equal((distances, swapped), neighbors(ORIGIN, GRID, 3))


# --- Negative cases ---

WRONG: dict[str, tuple[list[float], list[int], str]] = {
    "a farther point": ([0.0, 1.0, 2.0], [0, 1, 3], "not the nearest possible"),
    "a duplicate": ([0.0, 1.0, 1.0], [0, 1, 1], "returned twice"),
    "unsorted": ([1.0, 0.0, 1.0], [1, 0, 2], "not sorted"),
    "another point's distance": ([0.0, 1.0, 1.0], [0, 1, 3], "not that point's distance"),
    "index too large": ([0.0, 1.0, 1.0], [0, 1, 5], "out of range"),
    "index negative": ([0.0, 1.0, 1.0], [0, 1, -3], "out of range"),
    "not a number": ([0.0, 1.0, np.nan], [0, 1, 2], "not sorted"),
}


@pytest.mark.parametrize("case", WRONG)
def test_valid_refuses(case: str) -> None:
    distances, indices, message = WRONG[case]
    with pytest.raises(AssertionError, match=message):
        assert_neighbors_valid(np.array([distances]), np.array([indices]), ORIGIN, GRID)


def test_valid_refuses_the_query_itself() -> None:
    with pytest.raises(AssertionError, match="its own neighbour"):
        assert_neighbors_valid(np.zeros((5, 1)), np.arange(5)[:, np.newaxis], GRID, GRID, exclude_self=True)


@pytest.mark.parametrize(("ulps", "accepted"), [(1, True), (-1, True), (40, False), (-40, False)])
def test_valid_allows_rounding_only(ulps: int, accepted: bool) -> None:
    queries, points = normal_pair(4, 30, 6)
    distances, indices = neighbors(queries, points, 1)
    moved = distances + ulps * np.spacing(distances)
    assert accepted == (abs(ulps) * np.spacing(1.0) < distance_tolerance(6, "euclidean"))
    if accepted:
        assert_neighbors_valid(moved, indices, queries, points)
    else:
        with pytest.raises(AssertionError, match="not that point's distance"):
            assert_neighbors_valid(moved, indices, queries, points)


@pytest.mark.parametrize("ulps", [1, -1])
def test_equal_refuses_one_ulp(ulps: int) -> None:
    queries, points = normal_pair(4, 30, 6)
    distances, indices = neighbors(queries, points, 2)
    moved = distances.copy()
    moved[3, 1] += ulps * np.spacing(moved[3, 1])
    with pytest.raises(AssertionError, match=r"distances: 1 of 8 values differ, first at \(3, 1\)"):
        assert_neighbors_equal((moved, indices), (distances, indices))


DIFFERENT: dict[str, tuple[AnyArray, AnyArray]] = {
    "dtype": (np.zeros(2), np.zeros(2, dtype=np.float32)),
    "shape": (np.zeros((2, 1)), np.zeros(2)),
    "sign of zero": (np.array([0.0, 1.0]), np.array([-0.0, 1.0])),
    "not a number": (np.array([np.nan]), np.array([0.0])),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_same_bits_refuses(case: str) -> None:
    with pytest.raises(AssertionError):
        assert_same_bits(*DIFFERENT[case])


def test_same_bits_accepts_any_layout() -> None:
    values = normal_pair(1, 12, 5)[1]
    for name in ("f", "strided_rows", "reversed", "misaligned"):
        assert_same_bits(LAYOUTS[name](values), values)


def test_names_argument_wants_a_word() -> None:
    assert_names_argument(ValueError("k must be at most 3"), "k")
    with pytest.raises(AssertionError, match="isn't named"):
        assert_names_argument(ValueError("bark must be at most 3"), "k")


def _small_fit() -> tuple[Any, Any, Any]:
    X, y = normal_pair(1, 40, 3)[1], normal_pair(1, 40, 1)[1][:, 0]
    return X, y, exact_lstsq(X, y)


def test_least_squares_assertions_accept_the_exact_solution() -> None:
    X, y, exact = _small_fit()
    coef = np.array([float(value) for value in exact.coef])
    assert_least_squares_optimal(X, y, coef)
    assert_coefficients_close(coef, exact, X, y)


@pytest.mark.parametrize("fault", [1e-10, -1e-10])
def test_least_squares_assertions_refuse_a_coefficient_slightly_off(fault: float) -> None:
    X, y, exact = _small_fit()
    coef = np.array([float(value) for value in exact.coef])
    coef[1] += fault
    with pytest.raises(AssertionError, match="exceeds rounding"):
        assert_least_squares_optimal(X, y, coef)
    with pytest.raises(AssertionError, match="exceed"):
        assert_coefficients_close(coef, exact, X, y)


def test_coefficient_tolerance_covers_the_normal_equations() -> None:
    X, y, exact = _small_fit()
    X = X.copy()
    X[:, 2] = X[:, 0] + 1e-5 * X[:, 2]
    exact = exact_lstsq(X, y, intercept=False)
    coef = np.linalg.solve(X.T @ X, X.T @ y)
    assert_coefficients_close(coef, exact, X, y, intercept=False)
    assert coefficient_tolerance(X, y, coef).max() < 0.1 * np.abs(coef).max(), (
        "and is no excuse for a wrong answer"
    )


def test_log_relative_error() -> None:
    assert log_relative_error(0.5, Fraction(1, 2)) == 15
    assert log_relative_error(1.001, Fraction(1)) == pytest.approx(3, abs=1e-9)
    assert log_relative_error(0.01, "0") == pytest.approx(2)


# --- The references themselves ---


def test_lane_sum_is_the_documented_order() -> None:
    terms = normal_pair(1, 1, 19)[1][0]
    a = [0.0] * 8
    for j, term in enumerate(terms):
        a[j % 8] += float(term)
    assert lane_sum(terms) == ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))


@pytest.mark.parametrize("exponent", [1, 2, 3, 5, 16, 17, 2.5])
def test_powers(exponent: float) -> None:
    base = np.abs(normal_pair(1, 50, 1)[1])
    np.testing.assert_allclose(powers(base, exponent), base**exponent, rtol=40 * np.finfo(float).eps)


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "euclidean": lambda q, x: np.linalg.norm(q - x),
    "sqeuclidean": lambda q, x: (q - x) @ (q - x),
    "manhattan": lambda q, x: np.abs(q - x).sum(),
    "chebyshev": lambda q, x: np.abs(q - x).max(),
    "cosine": lambda q, x: 1 - q @ x / np.linalg.norm(q) / np.linalg.norm(x),
    "minkowski": lambda q, x: (np.abs(q - x) ** 3).sum() ** (1 / 3),
}


@pytest.mark.parametrize("metric", FORMULAS)
def test_distances_are_the_textbook_formulas(metric: str) -> None:
    queries, points = normal_pair(4, 9, 11)
    expected = [[FORMULAS[metric](q, x) for x in points] for q in queries]
    actual = pairwise_distances(queries, points, metric, 3.0 if metric == "minkowski" else None)
    np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-14)


def test_neighbors_by_hand() -> None:
    assert_neighbors_equal(neighbors(ORIGIN, GRID, 3), grid_answer())
    distances, indices = neighbors(GRID, GRID, 1, exclude_self=True)
    assert_neighbors_equal(
        (distances, indices), (np.array([[1.0], [0], [0], [1], [3]]), np.array([[1], [2], [1], [1], [3]]))
    )
    actual = radius_neighbors(ORIGIN, GRID, 1.0)
    assert_neighbors_equal(actual, (np.array([0.0, 1.0, 1.0]), np.array([0, 1, 2]), np.array([0, 3])))


@pytest.mark.parametrize("name", linear_problem_names())
def test_exact_least_squares_equals_the_certified_answers(name: str) -> None:
    problem = linear_problem(name)
    exact = exact_lstsq(problem.X, problem.y, intercept=problem.intercept)
    coef = ([exact.intercept] if problem.intercept else []) + exact.coef
    with mpmath.workdps(60):
        for value, certified in zip(coef, problem.exact, strict=True):
            error = abs(mpmath.mpf(value.numerator) / value.denominator - mpmath.mpf(certified))
            assert error <= abs(mpmath.mpf(certified)) * mpmath.mpf(10) ** -45


@pytest.mark.parametrize("name", logistic_problem_names())
def test_exact_logistic_equals_the_certified_answers(name: str) -> None:
    problem, certified = logistic_problem(name)
    coef, intercept, _ = exact_logistic(problem)
    with mpmath.workdps(60):
        for value, truth in zip([*intercept, *coef[0]], certified, strict=True):
            assert abs(value - mpmath.mpf(truth)) <= abs(mpmath.mpf(truth)) * mpmath.mpf(10) ** -20


def test_exact_logistic_has_no_gradient_left() -> None:
    X = normal_pair(1, 12, 2)[1]
    problem = LogisticProblem(X, np.arange(12) % 3, 3, 0.5)
    coef, intercept, _ = exact_logistic(problem)
    assert max(abs(value) for row in logistic_gradient(problem, coef, intercept) for value in row) < 1e-18


def test_minimum_norm_solution_is_the_pseudoinverse() -> None:
    A = np.array([[1.0, 2.0, 3.0, 2.0], [2.0, 4.0, 6.0, 4.0], [1.0, 0.0, 1.0, 0.0]])
    gram, right = A.T @ A, A.T @ np.array([1.0, 3.0, 2.0])
    solution, rank = minimum_norm_solution(
        [[Fraction(v) for v in row] for row in gram.tolist()], [Fraction(v) for v in right.tolist()]
    )
    assert rank == 2
    np.testing.assert_allclose([float(v) for v in solution], np.linalg.pinv(A) @ [1.0, 3.0, 2.0], rtol=1e-12)


@pytest.mark.parametrize("name", DATASETS)
def test_datasets_are_finite_and_named_rightly(name: str) -> None:
    for dtype in (np.float32, np.float64):
        queries, points = dataset(name, 1, 3, 8, 4, dtype)
        assert queries.shape == (3, 4)
        assert points.shape == (8, 4)
        assert np.isfinite(queries).all()
        assert np.isfinite(points).all()


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_change_no_value(name: str) -> None:
    for dtype in (np.float32, np.float64):
        values = normal_pair(1, 9, 5, dtype)[1]
        laid_out = LAYOUTS[name](values)
        assert laid_out.shape == values.shape
        assert np.array_equal(laid_out, values)
