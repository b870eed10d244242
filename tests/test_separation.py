# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression without a penalty: refused exactly where a plane separates the classes, at most touching them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

import crowfly
from references import AnyArray, FloatArray


def separated(X: FloatArray, y: AnyArray, intercept: bool) -> bool:
    """Whether the sum of margins can rise while none falls, for small whole numbers: exact up to the solver's tolerance."""
    design = np.column_stack([X, np.ones(len(X))]) if intercept else X
    margins = design * np.where(y == 1, 1.0, -1.0)[:, np.newaxis]
    best = linprog(-margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(X)), bounds=(-1, 1))
    return bool(-best.fun > 1e-6)


@st.composite
def small_problems(draw: st.DrawFn) -> tuple[FloatArray, AnyArray]:
    n, p = draw(st.integers(3, 9)), draw(st.integers(1, 3))
    entries = draw(st.lists(st.integers(-2, 2), min_size=n * p, max_size=n * p))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    y[:2] = [0, 1]
    return np.array(entries, dtype=float).reshape(n, p), y


@given(problem=small_problems(), intercept=st.booleans())
def test_refused_where_the_linear_program_says_so(
    problem: tuple[FloatArray, AnyArray], intercept: bool
) -> None:
    X, y = problem
    if separated(X, y, intercept):
        with pytest.raises(crowfly.SeparationError):
            crowfly.logistic(X, y, alpha=0.0, intercept=intercept)
    else:
        assert crowfly.logistic(X, y, alpha=0.0, intercept=intercept).converged


def test_touching_classes_whose_hessian_turns_singular() -> None:
    with pytest.raises(crowfly.SeparationError):
        crowfly.logistic(np.array([[0.0], [1], [2], [2], [1], [1]]), [1, 1, 1, 0, 1, 1], alpha=0.0)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("leverage", [1e3, 1e7, 1e9])
def test_a_row_of_great_leverage_separates_nothing(leverage: float, intercept: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x = rng.standard_normal(60)
        y = np.append(x + 2 * rng.standard_normal(60) > 0, True)
        fit = crowfly.logistic(np.append(x, leverage)[:, np.newaxis], y, alpha=0.0, intercept=intercept)
        assert fit.converged


@pytest.mark.parametrize("n_classes", [3, 4])
def test_several_classes_that_touch(n_classes: int) -> None:
    """On a line, neighbouring classes share their boundary point."""
    x = np.repeat(np.arange(n_classes + 1.0), 2)
    y = np.concatenate([[0], np.repeat(np.arange(n_classes), 2), [n_classes - 1]])
    with pytest.raises(crowfly.SeparationError):
        crowfly.logistic(x[:, np.newaxis], y, alpha=0.0)
    shuffled = np.random.default_rng(1).permutation(np.tile(y, 4))
    assert crowfly.logistic(np.tile(x, 4)[:, np.newaxis], shuffled, alpha=0.0).converged


def test_dependent_columns_are_no_separation() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200, 2))
    y = x[:, 0] + rng.standard_normal(200) > 0
    plain = crowfly.logistic(x, y, alpha=0.0)
    with pytest.warns(np.exceptions.RankWarning, match="rank 2, "):
        fit = crowfly.logistic(np.column_stack([x, x.sum(axis=1), np.ones(200)]), y, alpha=0.0)
    assert fit.converged
    assert fit.objective == pytest.approx(plain.objective, rel=1e-12)


def test_more_rows_than_the_program_takes_are_judged_by_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crowfly._separation.LARGEST_PROGRAM", 200)
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2000, 1))
    twice = np.column_stack([x, x])
    with pytest.warns(np.exceptions.RankWarning, match="rank 1, "):
        assert crowfly.logistic(twice, x[:, 0] + rng.standard_normal(2000) > 0, alpha=0.0).converged
    touching = np.round(4 * x[:, 0])
    y = np.where(touching == 0, rng.integers(0, 2, 2000), touching > 0)
    with pytest.warns(crowfly.ConvergenceWarning, match="too many to decide"):
        crowfly.logistic(np.column_stack([touching, touching]), y, alpha=0.0)
