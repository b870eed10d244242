# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression of sparse matrices: the dense answers within the certificates, and no dense copy."""

from __future__ import annotations

import tracemalloc
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import assert_same_bits, objective_tolerance
from crowfly import _core
from crowfly._sparse import as_sparse_design, core_arrays
from crowfly.linear_model import LogisticRegression, LogisticRegressionCV
from references import AnyArray, LogisticProblem, exact_sparse_logistic, sparse_logistic_objective
from strategies import THREADS, logistic_problems


def words(n: int, p: int, n_classes: int = 2, per_row: int = 8, seed: int = 0) -> tuple[Any, AnyArray]:
    """Rows of words, frequent ones first, some of which tell the class."""
    rng = np.random.default_rng([n, p, n_classes, seed])
    share = 1 / (np.arange(p) + 3.0)
    columns = rng.choice(p, n * per_row, p=share / share.sum())
    values = rng.uniform(0.5, 2.0, n * per_row)
    X = scipy.sparse.csr_array((values, (np.repeat(np.arange(n), per_row), columns)), shape=(n, p))
    X.sum_duplicates()
    truth = rng.standard_normal((p, n_classes)) * (rng.random((p, 1)) < 0.3)
    y = np.argmax(X @ truth + rng.gumbel(size=(n, n_classes)), axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X, y


def objective_of(X: Any, y: AnyArray, fit: Any, alpha: float, l1_ratio: float) -> float:
    """Of its own, by the rows' log-probabilities."""
    loss = -fit.predict_log_proba(X)[np.arange(len(y)), y].sum()
    size = l1_ratio * np.abs(fit.coef).sum() + 0.5 * (1 - l1_ratio) * (fit.coef**2).sum()
    return float(loss + alpha * size)


@given(
    problem=logistic_problems(),
    l1_ratio=st.sampled_from([0.0, 0.3, 1.0]),
    num_threads=st.sampled_from(THREADS),
    max_iter=st.sampled_from([1, 2, 100]),
    left_out=st.integers(0, 2**32 - 1),
)
def test_the_gap_bounds_the_distance_to_the_dense_minimum(
    problem: LogisticProblem, l1_ratio: float, num_threads: int, max_iter: int, left_out: int
) -> None:
    X = np.array(problem.X)
    X[np.random.default_rng(left_out).random(X.shape) < 0.4] = 0
    problem = LogisticProblem(
        X, problem.codes, problem.n_classes, problem.alpha, problem.intercept, problem.sample_weight
    )
    options: dict[str, Any] = {
        "alpha": problem.alpha,
        "l1_ratio": l1_ratio,
        "intercept": problem.intercept,
        "sample_weight": problem.sample_weight,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crowfly.ConvergenceWarning)
        dense = crowfly.logistic(X, problem.codes, **options)
        best = crowfly.logistic(scipy.sparse.csr_array(X), problem.codes, **options)
        early = crowfly.logistic(
            scipy.sparse.csc_array(X),
            problem.codes,
            max_iter=max_iter,
            num_threads=num_threads,
            **options,
        )
    assert abs(best.objective - dense.objective) <= best.optimality_gap + dense.optimality_gap
    assert early.objective - best.objective <= early.optimality_gap + best.optimality_gap
    reached = sparse_logistic_objective(problem, l1_ratio, early.coef, early.intercept)
    assert abs(early.objective - reached) <= objective_tolerance(problem, early.coef, early.intercept)
    minimum = exact_sparse_logistic(problem, l1_ratio, best.coef, best.intercept) if l1_ratio else None
    if minimum is not None:
        assert reached - minimum <= early.optimality_gap


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("p", [20, 900])
def test_answers_are_those_of_the_dense_matrix(p: int, l1_ratio: float, n_classes: int, make: Any) -> None:
    X, y = words(500, p, n_classes)
    weights = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    weights[:n_classes] = 1
    factor = np.random.default_rng(2).choice([0.5, 1.0, 2.0, np.inf], p)
    labels = np.array(["ant", "bee", "cat"])[y]
    for options in (
        {},
        {"sample_weight": weights},
        {"intercept": False},
        {"penalty_factor": factor},
    ):
        expected = crowfly.logistic(X.toarray(), labels, alpha=2.0, l1_ratio=l1_ratio, **options)
        got = crowfly.logistic(make(X), labels, alpha=2.0, l1_ratio=l1_ratio, **options)
        assert got.classes.tolist() == expected.classes.tolist()
        assert got.converged
        assert got.optimality_gap <= 2e-12 * got.objective
        assert abs(got.objective - expected.objective) <= got.optimality_gap + expected.optimality_gap
        np.testing.assert_allclose(got.coef, expected.coef, atol=1e-6)
        np.testing.assert_allclose(got.intercept, expected.intercept, atol=1e-6)
        assert got.gradient_norm <= 1e-5
        np.testing.assert_allclose(got.predict_proba(X), got.predict_proba(X.toarray()), rtol=1e-12)
        np.testing.assert_allclose(got.decision_function(X), got.decision_function(X.toarray()), atol=1e-12)
        assert got.predict(X).tolist() == got.predict(X.toarray()).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("indices", ["int32", "int64"])
def test_entries_of_any_width_and_given_twice(dtype: str, indices: str) -> None:
    X, y = words(200, 90)
    X = X.astype(dtype)
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    expected = crowfly.logistic(scipy.sparse.csr_array(X.toarray().astype(np.float64)), y, l1_ratio=1.0)
    assert_same_bits(crowfly.logistic(X, y, l1_ratio=1.0).coef, expected.coef)
    entries = X.tocoo()
    halves = (
        np.tile(entries.data / 2, 2),
        (np.tile(entries.row, 2), np.tile(entries.col, 2)),
    )
    row_starts = scipy.sparse.csr_array(halves, shape=X.shape)
    assert_same_bits(crowfly.logistic(row_starts, y, l1_ratio=1.0).coef, expected.coef)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_no_bit_depends_on_the_number_of_threads(l1_ratio: float, n_classes: int) -> None:
    X, y = words(6000, 700, n_classes)
    one, three = (
        crowfly.logistic(X, y, alpha=3.0, l1_ratio=l1_ratio, num_threads=threads) for threads in (1, 3)
    )
    assert_same_bits(one.coef, three.coef)
    assert_same_bits(one.intercept, three.intercept)
    assert one.optimality_gap == three.optimality_gap
    assert one.converged


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_paths_are_those_of_the_dense_matrix(n_classes: int, l1_ratio: float) -> None:
    X, y = words(400, 300, n_classes)
    options: dict[str, Any] = {"l1_ratio": l1_ratio, "n_alphas": 12, "eps": 0.05}
    got, expected = (crowfly.logistic_path(data, y, **options) for data in (X, X.toarray()))
    np.testing.assert_allclose(got.alphas, expected.alphas, rtol=1e-12)
    gaps = got.optimality_gaps + expected.optimality_gaps
    assert (np.abs(got.objectives - expected.objectives) <= gaps + 1e-12 * got.objectives).all()
    assert (gaps <= 5e-12 * got.objectives).all()
    np.testing.assert_allclose(got.coefs, expected.coefs, atol=1e-6)
    assert not got.coefs[0].any()


def test_a_path_of_ridges() -> None:
    X, y = words(700, 600)
    path = crowfly.logistic_path(X, y, l1_ratio=0.0, alphas=[10.0, 1.0, 0.1])
    for alpha, fit in zip(path.alphas, path.fits, strict=True):
        expected = crowfly.logistic(X.toarray(), y, alpha=alpha)
        assert fit.optimality_gap <= 1e-12 * fit.objective
        np.testing.assert_allclose(fit.coef, expected.coef, atol=1e-7)


def test_more_coefficients_than_a_hessian_is_formed_of() -> None:
    X, y = words(2000, 12_000, per_row=40)
    fit = crowfly.logistic(X, y, alpha=0.1, l1_ratio=0.02)
    assert np.count_nonzero(fit.coef) > 8000
    assert fit.optimality_gap <= 1e-11 * fit.objective
    assert fit.objective == pytest.approx(objective_of(X, y, fit, 0.1, 0.02), rel=1e-12)


@pytest.mark.parametrize("p", [12, 70])
def test_without_penalty(p: int) -> None:
    X, y = words(3000, p)
    got, expected = (crowfly.logistic(data, y, alpha=0.0) for data in (X, X.toarray()))
    assert got.converged
    np.testing.assert_allclose(got.coef, expected.coef, rtol=1e-6, atol=1e-7)
    separated = (np.asarray(X[:, [0]].toarray())[:, 0] > 0).astype(int)
    with pytest.raises(crowfly.SeparationError, match="a plane separates"):
        crowfly.logistic(X, separated, alpha=0.0)


def test_what_is_refused_and_where() -> None:
    X, y = words(60, 10)
    with pytest.raises(TypeError, match="X: a dense array expected with penalty='firth'"):
        crowfly.logistic(X, y, penalty="firth")
    for bad in (np.nan, np.inf):
        wrong = X.copy()
        wrong.data[5] = bad
        row = int(np.searchsorted(X.indptr, 5, side="right")) - 1
        with pytest.raises(ValueError, match=rf"X\[{row}, {X.indices[5]}\] is {bad}"):
            crowfly.logistic(wrong, y)
        with pytest.raises(ValueError, match="Input X contains"):
            LogisticRegression().fit(wrong, y)
    with pytest.raises(TypeError, match="X: a sparse matrix of real numbers"):
        crowfly.logistic(X.astype(complex), y)
    with pytest.raises(ValueError, match="10 features expected"):
        crowfly.logistic(X, y).predict(X[:, :9])


def test_estimators_take_what_scikit_learn_takes() -> None:
    X, y = words(300, 40, 3)
    labels = np.array(["ant", "bee", "cat"])[y]
    expected = LogisticRegression(C=0.3, class_weight="balanced").fit(X.toarray(), labels)
    for data in (X, X.tocoo(), X.tocsc(), X.astype(np.float32)):
        model = LogisticRegression(C=0.3, class_weight="balanced").fit(data, labels)
        np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)
        assert model.predict(data).tolist() == expected.predict(X.toarray()).tolist()
    counts = (X > 1).astype(np.int64)
    for data in (counts, counts.astype(bool)):
        LogisticRegression(l1_ratio=1.0, solver="saga").fit(data, labels).predict_proba(data)


@pytest.mark.parametrize("l1_ratios", [(0,), (0.5, 1.0)])
def test_cross_validation(l1_ratios: Any) -> None:
    X, y = words(240, 80)
    options: dict[str, Any] = {
        "Cs": [0.1, 1.0, 10.0],
        "l1_ratios": l1_ratios,
        "solver": "saga",
        "cv": 3,
        "scoring": "neg_log_loss",
        "use_legacy_attributes": False,
    }
    expected = LogisticRegressionCV(**options).fit(X.toarray(), y)
    for data in (X, X.tocsc()):
        model = LogisticRegressionCV(**options).fit(data, y)
        np.testing.assert_allclose(model.scores_, expected.scores_, rtol=1e-6)
        assert (model.C_, model.l1_ratio_) == (expected.C_, expected.l1_ratio_)
        np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-6)
        assert model.score(data, y) == pytest.approx(expected.score(X.toarray(), y))


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_nothing_of_the_size_of_the_dense_matrix_is_made(l1_ratio: float) -> None:
    X, y = words(4000, 20_000)
    tracemalloc.start()
    try:
        fit = crowfly.logistic(X, y, alpha=1.0, l1_ratio=l1_ratio)
        fit.predict_proba(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
    assert fit.optimality_gap <= 1e-12 * fit.objective
    assert fit.objective == pytest.approx(objective_of(X, y, fit, 1.0, l1_ratio), rel=1e-12)


@pytest.mark.parametrize("n", [50, 5000])
def test_correlations_are_known_to_their_errors(n: int) -> None:
    """In columns that cancel nearly all that is left is rounding: the certificate must know it."""
    rng = np.random.default_rng(n)
    p = 12
    residual = rng.uniform(-1, 1, n)
    X = rng.standard_normal((n, p)) * 10.0 ** rng.integers(-8, 9, (n, p))
    # The second half takes away what the first half has added up.
    half = n // 2
    X[half:, ::2] = -X[:half, ::2] * (residual[:half] / residual[half:])[:, np.newaxis]
    X[rng.random((n, p)) < 0.2] = 0
    columns = scipy.sparse.csr_array(X.T)
    found, errors = _core.sparse_correlations(
        core_arrays(as_sparse_design(columns, most_features=None)), residual
    )
    wrong = []
    for j in range(p):
        exact = sum((Fraction(x) * Fraction(r) for x, r in zip(X[:, j], residual, strict=True)), Fraction(0))
        scale = Fraction(2) ** -int(np.floor(np.log2(np.abs(X[:, j]).max())))
        wrong.append(abs(Fraction(found[j]) - exact * scale))
        assert wrong[-1] <= Fraction(errors[j])
    assert max(wrong) > 0
