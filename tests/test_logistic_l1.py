# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression with L1 and elastic net: the duality gap against exact minima, optimality conditions, scikit-learn."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression as Peer

import crowfly
from assertions import assert_same_bits, objective_tolerance
from crowfly.linear_model import LogisticRegression
from references import (
    AnyArray,
    FloatArray,
    LogisticProblem,
    exact_sparse_logistic,
    sparse_logistic_objective,
)
from strategies import THREADS, logistic_problems


def classification(n: int, p: int, n_classes: int = 2, seed: int = 0) -> tuple[FloatArray, AnyArray]:
    """A few informative columns of different scales, correlated with the others."""
    rng = np.random.default_rng([n, p, n_classes, seed])
    X = rng.standard_normal((n, p)) + 0.7 * rng.standard_normal((n, 1))
    truth = np.zeros((p, n_classes))
    truth[: min(p, 6)] = rng.standard_normal((min(p, 6), n_classes))
    y = np.argmax(X @ truth + rng.gumbel(size=(n, n_classes)), axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X * 10.0 ** rng.integers(-1, 2, p) + 5.0, y


def gradient_of_loss(
    X: FloatArray, y: AnyArray, result: crowfly.LogisticResult, weights: Any = None
) -> FloatArray:
    error = result.predict_proba(X) - np.eye(len(result.classes))[y]
    if weights is not None:
        error *= weights[:, np.newaxis]
    rows = error[:, -len(result.coef) :].T
    return np.column_stack([rows @ X, rows.sum(axis=1)])


def assert_optimal(
    X: FloatArray,
    y: AnyArray,
    result: crowfly.LogisticResult,
    alpha: float,
    l1_ratio: float,
    factor: FloatArray | None = None,
    weights: FloatArray | None = None,
) -> None:
    """The conditions of Karush, Kuhn and Tucker, within the rounding of a gradient summed in NumPy."""
    factor = np.ones(X.shape[1]) if factor is None else factor
    gradient = gradient_of_loss(X, y, result, weights)
    total = len(X) if weights is None else weights.sum()
    rounding = 1e-11 * total * np.abs(np.column_stack([X, np.ones(len(X))])).max(axis=0)
    coef, used = result.coef, np.isfinite(factor)
    finite = np.where(used, factor, 0.0)
    l1, l2 = alpha * l1_ratio * finite, alpha * (1 - l1_ratio) * finite
    for row, slope in zip(coef, gradient[:, :-1], strict=True):
        assert not row[~used].any()
        moved = used & (row != 0)
        on = np.abs(slope[moved] + l1[moved] * np.sign(row[moved]) + l2[moved] * row[moved])
        assert (on <= rounding[:-1][moved]).all()
        still = used & (row == 0)
        assert (np.abs(slope[still]) <= l1[still] + rounding[:-1][still]).all()
    assert (np.abs(gradient[:, -1]) <= rounding[-1]).all()


# --- The certificate ---


@given(
    problem=logistic_problems(),
    l1_ratio=st.sampled_from([0.3, 0.9, 1.0]),
    num_threads=st.sampled_from(THREADS),
    max_iter=st.sampled_from([1, 2, 100]),
)
def test_the_gap_bounds_the_distance_to_the_minimum(
    problem: LogisticProblem, l1_ratio: float, num_threads: int, max_iter: int
) -> None:
    options: dict[str, Any] = {
        "alpha": problem.alpha,
        "l1_ratio": l1_ratio,
        "intercept": problem.intercept,
        "sample_weight": problem.sample_weight,
        "num_threads": num_threads,
    }
    best = crowfly.logistic(problem.X, problem.codes, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crowfly.ConvergenceWarning)
        result = crowfly.logistic(problem.X, problem.codes, max_iter=max_iter, **options)
    minimum = exact_sparse_logistic(problem, l1_ratio, best.coef, best.intercept)
    reached = sparse_logistic_objective(problem, l1_ratio, result.coef, result.intercept)
    if minimum is not None:
        assert reached - minimum <= result.optimality_gap
    rounding = objective_tolerance(problem, result.coef, result.intercept)
    assert abs(result.objective - reached) <= rounding
    assert best.optimality_gap <= 1e-8 * best.objective


def test_most_minima_are_checked() -> None:
    """The reference gives up where supports are not settled: it must not do so always."""
    X, y = classification(30, 3)
    for l1_ratio in (0.5, 1.0):
        problem = LogisticProblem(X, y, 2, 2.0)
        result = crowfly.logistic(X, y, alpha=2.0, l1_ratio=l1_ratio)
        minimum = exact_sparse_logistic(problem, l1_ratio, result.coef, result.intercept)
        assert minimum is not None
        assert abs(result.objective - minimum) <= result.optimality_gap <= 1e-11 * result.objective


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
@pytest.mark.parametrize(("n", "p"), [(200, 5), (300, 64), (300, 65), (400, 150), (60, 300)])
def test_optimality_conditions(n: int, p: int, l1_ratio: float, n_classes: int) -> None:
    X, y = classification(n, p, n_classes)
    for alpha in (3.0, 30.0):
        result = crowfly.logistic(X, y, alpha=alpha, l1_ratio=l1_ratio)
        assert_optimal(X, y, result, alpha, l1_ratio)
        assert result.converged
        assert result.optimality_gap <= 1e-9 * result.objective


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_penalty_factors_and_weights(l1_ratio: float) -> None:
    X, y = classification(200, 6)
    factor = np.array([0.0, 1.0, 2.0, np.inf, 0.5, 0.0])
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 200)
    result = crowfly.logistic(
        X, y, alpha=4.0, l1_ratio=l1_ratio, penalty_factor=factor, sample_weight=weights
    )
    assert_optimal(X, y, result, 4.0, l1_ratio, factor, weights)
    assert result.optimality_gap <= 1e-9 * result.objective


def test_results_do_not_depend_on_threads() -> None:
    X, y = classification(20_000, 100)
    results = [crowfly.logistic(X, y, alpha=50.0, l1_ratio=1.0, num_threads=n) for n in (1, 2, 3)]
    for result in results[1:]:
        for field in dataclasses.fields(result):
            assert_same_bits(
                np.asarray(getattr(result, field.name)), np.asarray(getattr(results[0], field.name))
            )


def test_a_penalty_above_the_largest_leaves_the_shares() -> None:
    X, y = classification(100, 4)
    largest = crowfly.logistic_path(X, y, n_alphas=2).alphas[0]
    result = crowfly.logistic(X, y, alpha=largest * (1 + 1e-9), l1_ratio=1.0)
    assert not result.coef.any()
    assert result.intercept[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), rel=1e-12)
    assert crowfly.logistic(X, y, alpha=largest * 0.99, l1_ratio=1.0).coef.any()


def test_float32_and_strided_columns() -> None:
    X, y = classification(200, 90)
    narrow = X.astype(np.float32)
    wide = crowfly.logistic(narrow.astype(np.float64), y, alpha=5.0, l1_ratio=1.0)
    for layout in (narrow, np.asfortranarray(narrow), np.repeat(narrow, 2, axis=1)[:, ::2]):
        assert_same_bits(crowfly.logistic(layout, y, alpha=5.0, l1_ratio=1.0).coef, wide.coef)


# --- Peers ---


def objective(X: FloatArray, y: AnyArray, model: Any, C: float, l1_ratio: float) -> float:
    scores = X @ model.coef_.T + model.intercept_
    if scores.shape[1] == 1:
        scores = np.column_stack([np.zeros(len(X)), scores])
    loss = (np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(X)), y]).sum()
    size, square = np.abs(model.coef_).sum(), (model.coef_**2).sum()
    return float(loss + (l1_ratio * size + (1 - l1_ratio) / 2 * square) / C)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
def test_never_above_saga_and_close_to_it(l1_ratio: float, n_classes: int) -> None:
    X, y = classification(150, 8, n_classes)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    options: dict[str, Any] = {
        "C": 0.2,
        "l1_ratio": l1_ratio,
        "solver": "saga",
        "tol": 1e-10,
        "max_iter": 100_000,
    }
    peer = Peer(random_state=0, **options).fit(X, y)
    model = LogisticRegression(**options).fit(X, y)
    mine, theirs = (objective(X, y, fit, 0.2, l1_ratio) for fit in (model, peer))
    assert mine <= theirs + model.optimality_gap_ + 1e-12 * theirs
    assert model.coef_ == pytest.approx(peer.coef_, abs=1e-6)
    assert model.predict(X[:5]).tolist() == peer.predict(X[:5]).tolist()


def test_close_to_liblinear_without_intercept() -> None:
    X, y = classification(150, 8)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    options: dict[str, Any] = {"C": 0.3, "l1_ratio": 1.0, "solver": "liblinear", "fit_intercept": False}
    peer = Peer(tol=1e-12, max_iter=100_000, **options).fit(X, y)
    model = LogisticRegression(**options).fit(X, y)
    assert objective(X, y, model, 0.3, 1.0) <= objective(X, y, peer, 0.3, 1.0) * (1 + 1e-13)
    assert model.coef_ == pytest.approx(peer.coef_, abs=1e-6)
    assert_same_bits(model.coef_ != 0, np.abs(peer.coef_) > 1e-9)


def test_class_weight() -> None:
    X, y = classification(150, 5)
    model = LogisticRegression(C=0.1, l1_ratio=1.0, solver="saga", class_weight={0: 3.0, 1: 0.5}).fit(X, y)
    result = crowfly.logistic(X, y, alpha=10.0, l1_ratio=1.0, sample_weight=np.where(y == 0, 3.0, 0.5))
    assert_same_bits(model.coef_, result.coef)


# --- Paths ---


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("p", [10, 120])
def test_a_path_is_its_fits(p: int, n_classes: int) -> None:
    X, y = classification(200, p, n_classes)
    path = crowfly.logistic_path(X, y, l1_ratio=0.8, n_alphas=12, eps=0.01)
    assert path.coefs.shape == (12, 1 if n_classes == 2 else 3, p)
    assert path.alphas[-1] == pytest.approx(0.01 * path.alphas[0])
    assert not path.coefs[0].any()
    assert path.coefs[1].any()
    for i in (3, 11):
        alpha = float(path.alphas[i])
        assert_optimal(X, y, path.fits[i], alpha, 0.8)
        single = crowfly.logistic(X, y, alpha=alpha, l1_ratio=0.8)
        assert abs(single.objective - path.objectives[i]) <= single.optimality_gap + path.optimality_gaps[i]
        assert_same_bits(path.coefs[i], path.fits[i].coef)


def test_a_path_of_ridge_fits_is_newtons() -> None:
    X, y = classification(200, 80)
    path = crowfly.logistic_path(X, y, l1_ratio=0.0, alphas=[1.0, 100.0])
    assert path.alphas.tolist() == [100.0, 1.0]
    for fit, alpha in zip(path.fits, path.alphas, strict=True):
        newton = crowfly.logistic(X, y, alpha=float(alpha))
        assert abs(fit.objective - newton.objective) <= fit.optimality_gap + newton.optimality_gap
        assert fit.coef == pytest.approx(newton.coef, rel=1e-8)


# --- What has no minimum, and what is refused ---


def test_free_features_that_separate() -> None:
    X = np.column_stack([np.arange(8.0), np.random.default_rng(0).standard_normal(8)])
    y = [0, 0, 0, 0, 1, 1, 1, 1]
    for l1_ratio in (0.0, 0.5, 1.0):
        with pytest.raises(crowfly.SeparationError, match="penalty_factor=0"):
            crowfly.logistic(X, y, l1_ratio=l1_ratio, penalty_factor=[0.0, 1.0])
        assert crowfly.logistic(X, y, l1_ratio=l1_ratio, penalty_factor=[1.0, 0.0]).converged


OFFSETS = np.array([[1e7, 1e5]]) + np.array(
    [[-1.8, 1.7], [0.0, -0.8], [-0.8, -1.1], [-0.2, 0.8], [0.6, 0.4], [-1.7, -1.6]]
)


@pytest.mark.parametrize("classes", [[1, 1, 1, 0, 1, 1], [0, 1, 2, 2, 1, 2]])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.filterwarnings("ignore::crowfly.ConvergenceWarning")
def test_gap_counts_the_rounding_of_predictors(l1_ratio: float, classes: list[int]) -> None:
    result = crowfly.logistic(OFFSETS, classes, alpha=0.01, l1_ratio=l1_ratio, intercept=False)
    alpha, ratio = mpmath.mpf(0.01), mpmath.mpf(l1_ratio)
    coef = result.coef.tolist()
    loss = mpmath.mpf(0)
    for row, label in zip(OFFSETS.tolist(), classes, strict=True):
        eta = [mpmath.fsum(mpmath.mpf(v) * c for v, c in zip(row, own, strict=True)) for own in coef]
        eta = [mpmath.mpf(0), *eta] if len(eta) == 1 else eta
        loss += mpmath.log(mpmath.fsum(map(mpmath.exp, eta))) - eta[label]
    for own in coef:
        loss += alpha * mpmath.fsum(ratio * abs(c) + (1 - ratio) * mpmath.mpf(c) ** 2 / 2 for c in own)
    assert abs(loss - result.objective) <= result.optimality_gap


def test_a_gap_that_is_not_rounding_is_told() -> None:
    X = np.array([[1e8, 1e6]]) + np.array(
        [[1.2, 0.7], [0.4, 1.7], [1.6, -1.5], [-1.5, -0.4], [2.6, -0.5], [0.7, 0.4]]
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = crowfly.logistic(X, [0, 1, 2, 2, 1, 2], alpha=1e-4, l1_ratio=1.0, intercept=False)
    assert result.converged == (not caught)
    assert not result.converged or result.optimality_gap < 1e-3 * result.objective


def test_dependent_columns() -> None:
    X, y = classification(100, 3)
    plain = crowfly.logistic(X, y, alpha=2.0, l1_ratio=1.0)
    doubled = crowfly.logistic(np.column_stack([X, X, np.ones(100)]), y, alpha=2.0, l1_ratio=1.0)
    assert abs(doubled.objective - plain.objective) <= plain.optimality_gap + doubled.optimality_gap
    assert doubled.converged


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"l1_ratio": 1.5}, "l1_ratio"),
        ({"l1_ratio": "1"}, "l1_ratio"),
        ({"penalty_factor": [1.0]}, "penalty_factor"),
        ({"penalty_factor": [1.0, -1.0]}, "penalty_factor"),
        ({"penalty_factor": [1.0, 1e90], "alpha": 1e20}, "penalty_factor"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], name: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{name}: "):
        crowfly.logistic([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [0, 1, 1], **options)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"l1_ratio": 0.0}, "alphas"),
        ({"alphas": [1.0, 0.0]}, "alphas"),
        ({"n_alphas": 0}, "n_alphas"),
        ({"eps": 0.0}, "eps"),
    ],
)
def test_wrong_arguments_of_paths(options: dict[str, Any], name: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{name}: "):
        crowfly.logistic_path([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [0, 1, 1], **options)


def test_a_limit_is_told() -> None:
    X, y = classification(200, 10)
    with pytest.warns(crowfly.ConvergenceWarning, match="max_iter"):
        result = crowfly.logistic(X, y, alpha=1e-3, l1_ratio=1.0, max_iter=1)
    assert not result.converged
    best = crowfly.logistic(X, y, alpha=1e-3, l1_ratio=1.0)
    assert result.objective - best.objective <= result.optimality_gap


def test_a_fit_that_is_stopped_starts_from_larger_penalties(monkeypatch: pytest.MonkeyPatch) -> None:
    # Classes that nearly separate: 63 rows, 73 columns of many scales, 4 classes ended with a gap of 98 % after 100 steps, of 4e-8 so.
    rng = np.random.default_rng(101)
    X = rng.standard_normal((40, 50)) * 10.0 ** rng.uniform(0, 2, 50)
    y = rng.integers(0, 4, 40)
    module = sys.modules["crowfly.logistic"]

    def fit() -> crowfly.LogisticResult:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return crowfly.logistic(X, y, alpha=1e-3, l1_ratio=1.0, intercept=False, max_iter=6)

    alone = fit()
    monkeypatch.setattr(module, "MANY_STEPS", 6)
    continued = fit()
    assert not alone.converged
    assert continued.optimality_gap < 1e-3 * alone.optimality_gap
    assert continued.objective < alone.objective
    assert continued.n_iter > alone.n_iter
