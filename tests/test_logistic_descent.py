# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression with an l1 part where the fit begins by descent along columns: sparse X, and dense X with no more rows than columns."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import crowfly
from assertions import assert_same_bits
from references import AnyArray, FloatArray, LogisticProblem, exact_sparse_logistic, sparse_logistic_objective


def genes(n: int, p: int, seed: int = 0, offset: float = 0.0) -> tuple[FloatArray, AnyArray]:
    """More columns than rows, of scales far apart, neighbours correlated; a few of them tell the class."""
    rng = np.random.default_rng([n, p, seed])
    X = rng.standard_normal((n, p))
    X[:, 1:] += 0.7 * X[:, :-1]
    truth = np.where(np.arange(p) % (p // 5) == 3, rng.choice([-1.5, 1.5], p), 0.0)
    y = (X @ truth + rng.logistic(size=n) > 0).astype(np.int64)
    y[:2] = 0, 1
    return (X + offset) * 2.0 ** rng.integers(-2, 3, p), y


def thinned(X: FloatArray, seed: int = 0) -> Any:
    """Rows of which nine in ten entries are left out."""
    return scipy.sparse.csr_array(np.where(np.random.default_rng(seed).random(X.shape) < 0.1, X, 0.0))


def test_the_gap_against_fifty_digits() -> None:
    checked = 0
    for seed in range(4):
        for make in (np.asarray, thinned):
            X, y = genes(30, 80, seed)
            data: Any = make(X)
            dense = data if make is np.asarray else data.toarray()
            for l1_ratio, tol in ((1.0, 1e-12), (0.6, 1e-12), (1.0, 1e-4)):
                options: dict[str, Any] = {"alpha": 1.0, "l1_ratio": l1_ratio, "intercept": seed % 2 == 0}
                best = crowfly.logistic(data, y, **options)
                result = crowfly.logistic(data, y, tol=tol, **options)
                problem = LogisticProblem(dense, y, 2, 1.0, intercept=options["intercept"])
                minimum = exact_sparse_logistic(problem, l1_ratio, best.coef, best.intercept)
                if minimum is None:
                    continue
                checked += 1
                reached = sparse_logistic_objective(problem, l1_ratio, result.coef, result.intercept)
                assert reached - minimum <= result.optimality_gap <= tol * result.objective
    assert checked >= 12


def slopes(X: Any, y: AnyArray, result: crowfly.LogisticResult, weights: FloatArray | None) -> FloatArray:
    error = result.predict_proba(X)[:, 1] - y
    return np.asarray(X.T @ (error if weights is None else weights * error))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_weights_and_factors_are_part_of_it(sparse: bool, intercept: bool, l1_ratio: float) -> None:
    """The conditions of Karush, Kuhn and Tucker; a feature that is free, one that is left out."""
    X, y = genes(120, 300, offset=0.0 if sparse else 3.0)
    data = thinned(X) if sparse else X
    rng = np.random.default_rng(5)
    weights = rng.integers(0, 4, len(y)).astype(np.float64)
    factor = np.asarray(rng.uniform(0.5, 2.0, X.shape[1]))
    factor[7], factor[8] = 0.0, np.inf
    result = crowfly.logistic(
        data,
        y,
        alpha=2.0,
        l1_ratio=l1_ratio,
        penalty_factor=factor,
        intercept=intercept,
        sample_weight=weights,
    )
    assert result.converged
    coef, slope = result.coef[0], slopes(data, y, result, weights)
    finite = np.where(np.isfinite(factor), factor, 0.0)
    l1, l2 = 2.0 * l1_ratio * finite, 2.0 * (1 - l1_ratio) * finite
    rounding = 1e-9 * np.abs(X).max() * weights.sum()
    assert coef[8] == 0
    assert abs(slope[7]) <= rounding
    on, off = np.flatnonzero(coef), np.flatnonzero((coef == 0) & np.isfinite(factor))
    assert 10 < len(on) < len(y)
    signed = l1[on] * np.sign(coef[on])
    assert (np.abs(slope[on] + signed + l2[on] * coef[on]) <= rounding).all()
    assert (np.abs(slope[off]) <= l1[off] + rounding).all()


@pytest.mark.parametrize("sparse", [False, True])
def test_descent_does_most_of_the_work(sparse: bool) -> None:
    """It ends so close that few steps of Newton's are left: an error in it shows as steps, not as a wrong fit."""
    alpha = 1.0 if sparse else 8.0
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 200)
    for options in ({}, {"sample_weight": weights}, {"intercept": False}, {"l1_ratio": 0.7}):
        given: dict[str, Any] = {"alpha": alpha, "l1_ratio": 1.0, **options}
        # Columns far from zero depend on each other where nothing is centred.
        X, y = genes(200, 600, offset=0.0 if sparse or "intercept" in options else 2.0)
        result = crowfly.logistic(thinned(X) if sparse else X, y, **given)
        assert result.converged
        # Reads beyond one per model: the copy of columns, the scales, the last gradients, one to two rounds.
        assert result.n_iter <= 13, given
        assert result.n_reads <= 16, given


@pytest.mark.parametrize("alpha", [0.1, 2.0])
def test_a_loose_tolerance_saves_steps_and_is_kept(alpha: float) -> None:
    """Where a first look at the gap isn't enough, steps follow: several problems, in some of which it is not."""
    for seed in range(3):
        X, y = genes(200, 600, seed)
        for data in (X, thinned(X)):
            tight = crowfly.logistic(data, y, alpha=alpha, l1_ratio=1.0)
            steps = []
            for tol in (1e-2, 1e-4, 1e-5, 1e-6, 1e-8):
                result = crowfly.logistic(data, y, alpha=alpha, l1_ratio=1.0, tol=tol)
                assert result.converged
                assert result.optimality_gap <= tol * result.objective
                assert result.objective - tight.objective <= result.optimality_gap
                steps.append(result.n_iter)
            assert steps[0] < tight.n_iter
            assert max(steps) <= tight.n_iter


def test_no_bit_depends_on_the_number_of_threads() -> None:
    X, y = genes(400, 3000)
    for data in (X, thinned(X)):
        one, three = (
            crowfly.logistic(data, y, alpha=2.0, l1_ratio=1.0, num_threads=threads) for threads in (1, 3)
        )
        assert_same_bits(one.coef, three.coef)
        assert_same_bits(one.intercept, three.intercept)
        assert one.optimality_gap == three.optimality_gap
        assert one.converged


def test_a_transpose_in_parts_is_the_transpose() -> None:
    """Rows of a matrix large enough for several threads, some of them empty: columns given are the same fit."""
    rng = np.random.default_rng(2)
    X = scipy.sparse.random_array((3001, 500), density=0.1, format="csr", random_state=rng)
    X.data[X.indptr[100] : X.indptr[900]] = 0.0
    X.eliminate_zeros()
    y = (X @ rng.standard_normal(500) > 0.1 * rng.standard_normal(3001)).astype(np.int64)
    # More columns than the matrix has entries per row and thread, and fewer.
    wide = scipy.sparse.hstack([X, scipy.sparse.csr_array((3001, 200_000))], format="csr")
    for matrix in (X, wide):
        one, four = (
            crowfly.logistic(matrix, y, alpha=1.0, l1_ratio=1.0, num_threads=threads) for threads in (1, 4)
        )
        assert_same_bits(one.coef, four.coef)
        assert one.converged
    assert_same_bits(crowfly.logistic(X, y, alpha=1.0, l1_ratio=1.0).coef, one.coef[:, :500])


LAYOUTS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "columns": np.asfortranarray,
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "backwards": lambda X: X[:, ::-1].copy()[:, ::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_and_single_precision(layout: str) -> None:
    X, y = genes(100, 250)
    narrow = X.astype(np.float32)
    expected = crowfly.logistic(narrow.astype(np.float64), y, alpha=2.0, l1_ratio=1.0)
    assert_same_bits(
        crowfly.logistic(LAYOUTS[layout](narrow), y, alpha=2.0, l1_ratio=1.0).coef, expected.coef
    )


@pytest.mark.parametrize("max_iter", [1, 2, 3, 5, 9])
def test_a_fit_that_is_stopped_says_how_far_it_is(max_iter: int) -> None:
    X, y = genes(150, 400)
    for data in (X, thinned(X)):
        best = crowfly.logistic(data, y, alpha=0.5, l1_ratio=1.0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", crowfly.ConvergenceWarning)
            result = crowfly.logistic(data, y, alpha=0.5, l1_ratio=1.0, max_iter=max_iter)
        assert result.n_iter <= max_iter
        assert result.objective - best.objective <= result.optimality_gap
        assert result.converged == (not caught)
        assert result.converged or max_iter < best.n_iter


def test_classes_that_nearly_separate() -> None:
    """Far from the minimum most coefficients are not zero; the fit then begins from zero, on few features at a time."""
    X, y = genes(100, 700)
    objectives = []
    for alpha in (0.1, 1e-2, 1e-3, 1e-4):
        result = crowfly.logistic(X, y, alpha=alpha, l1_ratio=1.0)
        assert result.converged
        assert result.optimality_gap <= 1e-9 * result.objective
        assert np.count_nonzero(result.coef) <= len(y)
        objectives.append(result.objective)
    assert objectives == sorted(objectives, reverse=True)


def test_a_path_is_its_fits() -> None:
    X, y = genes(120, 400)
    for data in (X, thinned(X)):
        path = crowfly.logistic_path(data, y, n_alphas=8, eps=0.05)
        assert path.converged.all()
        assert not path.coefs[0].any()
        for alpha, coef, objective in zip(path.alphas, path.coefs, path.objectives, strict=True):
            alone = crowfly.logistic(data, y, alpha=alpha, l1_ratio=1.0)
            assert abs(alone.objective - objective) <= 1e-11 * objective
            np.testing.assert_allclose(coef, alone.coef, atol=1e-7)


# --- Separation without a penalty ---


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_that_a_fit_separates_need_no_linear_program(
    n_classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bool:
        raise AssertionError("a linear program was asked")

    monkeypatch.setattr(sys.modules["crowfly.logistic"], "is_separated", refuse)
    rng = np.random.default_rng(n_classes)
    X = thinned(rng.standard_normal((200, 300)))
    y = rng.permutation(np.arange(200) % n_classes)
    for intercept in (False, True):
        with pytest.raises(crowfly.SeparationError, match="a plane separates classes"):
            crowfly.logistic(X, y, alpha=0.0, intercept=intercept)
    # A penalty on each coefficient is a minimum whatever the classes.
    assert crowfly.logistic(X, y, alpha=1e-3, l1_ratio=1.0).converged


@pytest.mark.parametrize("n_classes", [2, 3])
def test_rows_of_two_classes_are_not_separated(n_classes: int) -> None:
    """Each row occurs with two classes: margins of one are those of the other with the other sign, however large."""
    rng = np.random.default_rng(n_classes)
    half = thinned(rng.standard_normal((400, 70)))
    first = rng.integers(0, n_classes, 400)
    X = scipy.sparse.vstack([half, half], format="csr")
    y = np.concatenate([first, (first + 1) % n_classes])
    result = crowfly.logistic(X, y, alpha=0.0)
    assert result.converged
    assert np.isfinite(result.optimality_gap)
