# SPDX-License-Identifier: BSD-3-Clause
"""Elastic-net paths of many rows are centred at means of a sample: what a sample can't know must not show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from references import FloatArray
from test_lasso import assert_optimal, regression

N, P = 40_000, 6
# Odd, as the sample's step, so that rows between are never in it.
UNSEEN = np.flatnonzero(np.arange(N) % (N // 1024 | 1))

Problem = tuple[FloatArray, FloatArray, FloatArray]


def plain(problem: Problem) -> Problem:
    return problem


def sorted_rows(problem: Problem) -> Problem:
    X, y, w = problem
    order = np.argsort(X[:, 0])
    return X[order], y[order], w[order]


def offset_where_nobody_looks(problem: Problem) -> Problem:
    X, y, w = problem
    X[UNSEEN, 1] += 50
    y[UNSEEN] -= 20
    return X, y, w


def large_where_nobody_looks(problem: Problem) -> Problem:
    X, y, w = problem
    X[UNSEEN[5], 2] = 1e9
    X[UNSEEN[6], 3] = 1e60
    return X, y, w


def zero_but_for_rows_unseen(problem: Problem) -> Problem:
    X, y, w = problem
    X[:, 4] = 0
    X[UNSEEN[::2], 4] = 1e-200 * np.where(np.arange(len(UNSEEN[::2])) % 2, 1, -1)
    return X, y, w


def constant_but_for_one_row(problem: Problem) -> Problem:
    X, y, w = problem
    X[:, 5] = 0.1
    X[UNSEEN[100], 5] = 0.2
    return X, y, w


def weight_where_nobody_looks(problem: Problem) -> Problem:
    X, y, w = problem
    w[:] = 1e-6
    w[UNSEEN[:3000]] = 1
    X[UNSEEN[:3000]] += 30
    return X, y, w


def large_offsets(problem: Problem) -> Problem:
    X, y, w = problem
    return X + 1e7, y - 1e7, w


CASES: list[Callable[[Problem], Problem]] = [
    plain,
    sorted_rows,
    offset_where_nobody_looks,
    large_where_nobody_looks,
    zero_but_for_rows_unseen,
    constant_but_for_one_row,
    weight_where_nobody_looks,
    large_offsets,
]


def make(case: Callable[[Problem], Problem]) -> Problem:
    X, y = regression(N, P)
    return case((X, y, np.random.default_rng(1).uniform(0.5, 1.5, N)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_paths_are_optimal_whatever_the_sample_shows(case: Callable[[Problem], Problem]) -> None:
    X, y, w = make(case)
    path = crowfly.enet_path(X, y, l1_ratio=0.7, alphas=12, sample_weight=w)
    assert_optimal(X, y, path, 0.7, weights=w)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_another_sample_makes_no_difference_beyond_the_gap(case: Callable[[Problem], Problem]) -> None:
    X, y, w = make(case)
    order = np.random.default_rng(2).permutation(N)
    path = crowfly.enet_path(X, y, l1_ratio=0.7, alphas=12, sample_weight=w)
    other = crowfly.enet_path(X[order], y[order], l1_ratio=0.7, alphas=path.alphas, sample_weight=w[order])
    scale = np.maximum(np.abs(path.coefs).max(axis=1, keepdims=True), 1e-300)
    assert np.abs(path.coefs - other.coefs).max(initial=0, where=scale > 0) <= 1e-7 * scale.max()
    assert np.all(
        np.abs(path.objectives - other.objectives)
        <= path.dual_gaps + other.dual_gaps + 1e-12 * path.objectives
    )


@pytest.mark.filterwarnings("ignore::crowfly.ConvergenceWarning")  # the gap's own terms underflow
def test_a_column_that_a_sample_takes_for_zeros_is_used() -> None:
    X, y, _ = make(plain)
    X[:, 4] = 0
    X[UNSEEN, 4] = 1e-200 * np.random.default_rng(3).standard_normal(len(UNSEEN))
    y = y + 1e200 * X[:, 4]
    path = crowfly.enet_path(X, y, l1_ratio=1.0, alphas=[1e-205])
    np.testing.assert_allclose(path.coefs[4, 0], 1e200, rtol=0.05)


@pytest.mark.parametrize("where", ["X", "y"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_found_beyond_the_sample(where: str, value: float) -> None:
    X, y, _ = make(plain)
    (X[:, 1] if where == "X" else y)[UNSEEN[7]] = value
    with pytest.raises(ValueError, match=where):
        crowfly.enet_path(X, y)


def test_threads_give_the_same_bits() -> None:
    X, y, w = make(plain)
    paths = [crowfly.enet_path(X, y, alphas=5, sample_weight=w, num_threads=n) for n in (1, 2, 3)]
    for path in paths[1:]:
        assert_same_bits(path.coefs, paths[0].coefs)


@pytest.mark.parametrize(
    ("case", "reads"), [(plain, 1), (large_offsets, 1), (sorted_rows, 1), (offset_where_nobody_looks, 3)]
)
def test_reads(case: Callable[[Problem], Problem], reads: int) -> None:
    X, y, w = make(case)
    assert crowfly.enet_path(X, y, alphas=3, sample_weight=w).n_reads == reads
