# SPDX-License-Identifier: BSD-3-Clause
"""Lasso, elastic net and non-negative least squares of sparse matrices: certified against exact rational answers, and the same as of dense ones."""

from __future__ import annotations

import tracemalloc
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.linear_model
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.model_selection import KFold

import crowfly
from assertions import assert_same_bits
from crowfly.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, LinearRegression
from references import FloatArray
from strategies import THREADS
from test_lasso import assert_optimal, exact_minimum, exact_objective

MAKE = [scipy.sparse.csr_array, scipy.sparse.csc_array, scipy.sparse.csr_matrix]


def text_like(n: int, p: int, density: float, seed: int = 0) -> tuple[Any, FloatArray]:
    """Counts of words, few of them frequent, and a target of a few of them."""
    rng = np.random.default_rng([n, p, seed])
    popularity = 1 / (1 + np.arange(p))
    count = max(1, int(n * p * density))
    rows = rng.integers(0, n, count).astype(np.int32)
    columns = rng.choice(p, count, p=popularity / popularity.sum()).astype(np.int32)
    X = scipy.sparse.csr_array((np.ones(count), (rows, columns)), shape=(n, p))
    X.sum_duplicates()
    X.data = np.log1p(X.data)
    coef = np.where(np.arange(p) % 7 == 0, rng.standard_normal(p), 0.0)
    return X, X @ coef + 0.3 * rng.standard_normal(n) + 2


@st.composite
def sparse_problems(draw: st.DrawFn) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Small X with zeros, offsets and empty columns, y, and weights of which some may be zero."""
    n, p = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    whole = st.integers(-4, 4).map(float)
    X = draw(hnp.arrays(np.float64, (n, p), elements=st.one_of(st.just(0.0), whole)))
    for j in range(p):
        kind = draw(st.sampled_from(["plain", "offset", "offset of entries", "empty"]))
        far = draw(st.sampled_from([16.0, 2.0**20, 2.0**30]))
        if kind == "empty":
            X[:, j] = 0
        elif kind != "plain":
            X[:, j] += far * (1 if kind == "offset" else X[:, j] != 0)
    y = draw(hnp.arrays(np.float64, n, elements=whole))
    weights = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, 3.0, 1000.0])))
    weights[draw(st.integers(0, n - 1))] = 1.0
    return X, y, weights


# --- Exact minima ---


@settings(deadline=None, max_examples=150)
@given(
    problem=sparse_problems(),
    alpha=st.sampled_from([0.0, 0.125, 0.5, 2.0]),
    l1_ratio=st.sampled_from([1.0, 0.5]),
    positive=st.booleans(),
    working_set=st.booleans(),
)
def test_gap_bounds_the_distance_from_the_exact_minimum(
    problem: tuple[FloatArray, FloatArray, FloatArray],
    alpha: float,
    l1_ratio: float,
    positive: bool,
    working_set: bool,
) -> None:
    X, y, weights = problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", crowfly.ConvergenceWarning)
        path = sparse_path(
            X,
            y,
            working_set,
            l1_ratio=l1_ratio,
            alphas=[alpha],
            positive=positive,
            sample_weight=weights,
        )
    minimum = exact_minimum(X, y, weights, alpha, l1_ratio, positive)
    reached = exact_objective(X, y, path.coefs[: X.shape[1], 0], alpha, l1_ratio, weights)
    gap = path.dual_gaps[0]
    assert not np.isfinite(gap) or 0 <= reached - minimum <= Fraction(float(gap)) + Fraction(1, 2**200)


def sparse_path(X: FloatArray, y: FloatArray, working_set: bool, **options: Any) -> Any:
    """With empty columns to fill it up, a matrix is too wide for its Gram matrix."""
    wide = scipy.sparse.hstack([scipy.sparse.csr_array(X), scipy.sparse.csr_array((len(X), 400))], "csr")
    path = crowfly.enet_path(wide if working_set else scipy.sparse.csr_array(X), y, **options)
    assert path.method == ("columns" if working_set else "gram")
    if working_set:
        assert not path.coefs[X.shape[1] :].any()
    return path


@pytest.mark.parametrize("working_set", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("zeros", [0.0, 0.05, 0.8])
@pytest.mark.parametrize("alpha", [1e-13, 1e-3])
@pytest.mark.filterwarnings("ignore::crowfly.ConvergenceWarning")
def test_gap_counts_what_centring_cancels(
    working_set: bool, offset: float, zeros: float, alpha: float
) -> None:
    """Objective and gap are right in rational arithmetic, however far from zero the entries are."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 2)) + offset
    X[rng.random(X.shape) < zeros] = 0
    y = X @ [1.0, -0.5] / max(1.0, offset) + rng.normal(size=40)
    path = sparse_path(X, y, working_set, l1_ratio=1.0, alphas=[alpha])
    ones = np.ones(len(y))
    reached = exact_objective(X, y, path.coefs[:2, 0], alpha, 1.0)
    minimum = exact_minimum(X, y, ones, alpha, 1.0, False)
    assert 0 <= reached - minimum <= Fraction(path.dual_gaps[0])
    residual = [
        Fraction(t)
        - Fraction(path.intercepts[0])
        - sum(
            (Fraction(v) * Fraction(c) for v, c in zip(row, path.coefs[:2, 0].tolist(), strict=True)),
            Fraction(0),
        )
        for row, t in zip(X.tolist(), y.tolist(), strict=True)
    ]
    penalty = Fraction(alpha) * sum((abs(Fraction(c)) for c in path.coefs[:2, 0].tolist()), Fraction(0))
    with_intercept = sum((r * r for r in residual), Fraction(0)) / 80 + penalty
    assert abs(with_intercept - Fraction(path.objectives[0])) <= Fraction(path.dual_gaps[0])
    # Columns that have few zeros are stored about their means: an offset costs no more than in a dense matrix.
    dense = crowfly.lasso_path(X, y, alphas=[alpha])
    assert path.dual_gaps[0] <= 5 * dense.dual_gaps[0]


@pytest.mark.parametrize("working_set", [False, True])
@pytest.mark.parametrize("heavy", [1e3, 1e9, 1e15])
@pytest.mark.filterwarnings("ignore::crowfly.ConvergenceWarning")
def test_gap_where_one_row_has_nearly_all_the_weight(working_set: bool, heavy: float) -> None:
    """Then the mean of a column of few entries is large beside its spread, and products with it cancel."""
    rng = np.random.default_rng(4)
    X = np.zeros((60, 2))
    X[:4] = rng.normal(size=(4, 2)) + 5
    y = rng.normal(size=60)
    weights = np.ones(60)
    weights[0] = heavy
    path = sparse_path(X, y, working_set, l1_ratio=1.0, alphas=[1e-3 / heavy], sample_weight=weights)
    minimum = exact_minimum(X, y, weights, 1e-3 / heavy, 1.0, False)
    reached = exact_objective(X, y, path.coefs[:2, 0], 1e-3 / heavy, 1.0, weights)
    assert 0 <= reached - minimum <= Fraction(path.dual_gaps[0])


# --- The same as of dense matrices ---


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"intercept": False}, {"positive": True}, {"l1_ratio": 0.3}])
def test_paths_are_those_of_the_dense_matrix(make: Any, dtype: str, options: dict[str, Any]) -> None:
    for n, p in ((90, 12), (150, 400), (1, 3), (700, 300)):
        X, y = text_like(n, p, 0.1 if n > 1 else 0.5)
        X = X.astype(dtype)
        weights = np.random.default_rng(0).integers(0, 3, n).astype(float) + (n == 1)
        arguments = {"l1_ratio": 1.0, "alphas": [0.1, 0.03, 0.01], "sample_weight": weights, **options}
        got = crowfly.enet_path(make(X), y, **arguments)
        expected = crowfly.enet_path(X.toarray(), y, **arguments)
        np.testing.assert_allclose(got.objectives, expected.objectives, rtol=1e-12)
        np.testing.assert_allclose(got.coefs, expected.coefs, atol=1e-9)
        np.testing.assert_allclose(got.intercepts, expected.intercepts, atol=1e-9)
        np.testing.assert_allclose(got.predict(make(X)), expected.predict(X.toarray()), atol=1e-8)
        assert np.all(got.dual_gaps <= 1e-11 * np.mean(y**2))


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize(("n", "p"), [(300, 40), (200, 600), (2000, 300), (60, 1500)])
def test_paths_are_optimal(n: int, p: int, l1_ratio: float, positive: bool) -> None:
    X, y = text_like(n, p, 0.04)
    factors = np.random.default_rng(p).uniform(0.5, 2, p)
    factors[[2, 5]] = 0, np.inf
    path = crowfly.enet_path(X, y, l1_ratio=l1_ratio, alphas=12, positive=positive, penalty_factor=factors)
    assert_optimal(X.toarray(), y, path, l1_ratio, positive=positive, factors=factors)
    assert path.coefs[:, 1].any()


def test_both_ways_find_one_minimum() -> None:
    X, y = text_like(900, 200, 0.05)
    wide = scipy.sparse.hstack([X, scipy.sparse.csr_array((900, 2000))], "csr")
    gram = crowfly.lasso_path(X, y, alphas=30)
    columns = crowfly.lasso_path(wide, y, alphas=gram.alphas)
    assert (gram.method, columns.method) == ("gram", "columns")
    np.testing.assert_allclose(columns.coefs[:200], gram.coefs, atol=1e-12)
    np.testing.assert_allclose(columns.objectives, gram.objectives, rtol=1e-13)
    np.testing.assert_allclose(crowfly.lasso_path(wide, y, alphas=30).alphas, gram.alphas, rtol=1e-13)


def test_several_targets_entries_given_twice_and_explicit_zeros() -> None:
    X, y = text_like(80, 30, 0.1)
    Y = np.column_stack([y, y[::-1]])
    rows, columns = X.nonzero()
    half = scipy.sparse.csr_array(
        (
            np.concatenate([X.data / 2, X.data / 2, np.zeros(5)]),
            (np.concatenate([rows, rows, range(5)]), np.concatenate([columns, columns, [29] * 5])),
        ),
        shape=X.shape,
    )
    got = crowfly.enet_path(half, Y, alphas=[0.05])
    expected = crowfly.enet_path(X.toarray(), Y, alphas=[0.05])
    np.testing.assert_allclose(got.coefs, expected.coefs, atol=1e-12)
    assert got.predict(X).shape == (80, 2, 1)


@pytest.mark.parametrize("shape", [(3000, 200), (900, 6000)])
def test_no_bit_depends_on_the_number_of_threads(shape: tuple[int, int]) -> None:
    X, y = text_like(*shape, 0.03)
    first, *others = (
        crowfly.lasso_path(X, y, alphas=[0.2, 0.05, 0.02], num_threads=threads) for threads in THREADS
    )
    for other in others:
        for name in ("coefs", "intercepts", "objectives", "dual_gaps"):
            assert_same_bits(getattr(other, name), getattr(first, name))


@pytest.mark.parametrize("exponent", [-300, 40, 300])
def test_powers_of_two_change_no_bit(exponent: int) -> None:
    X, y = text_like(70, 300, 0.1)
    plain = crowfly.lasso_path(X, y, alphas=[0.1, 0.03])
    scaled = crowfly.lasso_path(X, np.ldexp(y, exponent), alphas=np.ldexp([0.1, 0.03], exponent))
    assert_same_bits(scaled.coefs, np.ldexp(plain.coefs, exponent))
    assert_same_bits(scaled.relative_gaps, plain.relative_gaps)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("make", MAKE)
def test_nnls(make: Any, intercept: bool) -> None:
    X, y = text_like(200, 60, 0.08)
    expected: Any = crowfly.nnls(X.toarray(), y, intercept=intercept)
    got: Any = crowfly.nnls(make(X), y, intercept=intercept)
    np.testing.assert_allclose(got.coef, expected.coef, atol=1e-13)
    np.testing.assert_allclose(got.rss, expected.rss, rtol=1e-13)
    np.testing.assert_allclose(got.predict(make(X)), expected.predict(X.toarray()), atol=1e-12)
    assert got.optimality_gap <= 1e-10 * expected.rss


def test_nothing_becomes_dense() -> None:
    X, y = text_like(20_000, 30_000, 2e-5)
    tracemalloc.start()
    path = crowfly.lasso_path(X, y, alphas=[0.01])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.method == "columns"
    assert peak < 30e6


# --- Estimators ---


@pytest.mark.parametrize("model", ["Lasso", "ElasticNet"])
@pytest.mark.parametrize("positive", [False, True])
def test_estimators_reach_what_scikit_learn_approaches(model: str, positive: bool) -> None:
    X, y = text_like(600, 900, 0.01)
    options = {"alpha": 0.01, "positive": positive}
    theirs = getattr(sklearn.linear_model, model)(**options, tol=1e-10, max_iter=100_000).fit(X, y)
    ours = getattr(crowfly.linear_model, model)(**options).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-5)
    assert 0 <= ours.dual_gap_ <= 1e-12


@pytest.mark.parametrize("dtype", [np.int64, np.int32, bool, np.float32])
@pytest.mark.parametrize("indices", [np.int32, np.int64])
@pytest.mark.parametrize("make", [*MAKE, scipy.sparse.coo_array, scipy.sparse.lil_array])
def test_estimators_convert_as_scikit_learn_does(make: Any, dtype: Any, indices: Any) -> None:
    dense = np.random.default_rng(1).integers(0, 2, (50, 6)).astype(dtype)
    X = make(dense)
    if hasattr(X, "indices"):
        X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    y = dense @ np.arange(6.0)
    model = Lasso(alpha=0.1).fit(X, y)
    np.testing.assert_allclose(model.coef_, Lasso(alpha=0.1).fit(dense, y).coef_, atol=1e-12)
    np.testing.assert_allclose(model.predict(X), model.predict(dense), atol=1e-12)


@pytest.mark.parametrize("search", [LassoCV, ElasticNetCV])
@pytest.mark.parametrize("shape", [(120, 30), (100, 400)])
def test_cross_validation(search: Any, shape: tuple[int, int]) -> None:
    X, y = text_like(*shape, 0.1)
    weights = np.random.default_rng(2).integers(0, 3, shape[0]).astype(float)
    options = {"alphas": 12, "cv": KFold(4, shuffle=True, random_state=0)}
    if search is ElasticNetCV:
        options["l1_ratio"] = [0.3, 0.9]
    got = search(**options).fit(X, y, sample_weight=weights)
    expected = search(**options).fit(X.toarray(), y, sample_weight=weights)
    np.testing.assert_allclose(got.mse_path_, expected.mse_path_, rtol=1e-8)
    assert got.alpha_ == pytest.approx(expected.alpha_, rel=1e-12)
    np.testing.assert_allclose(got.coef_, expected.coef_, atol=1e-9)
    theirs = getattr(sklearn.linear_model, search.__name__)(**options, tol=1e-8, max_iter=100_000).fit(
        X, y, sample_weight=weights
    )
    assert got.alpha_ == pytest.approx(theirs.alpha_, rel=1e-6)
    np.testing.assert_allclose(got.predict(X), theirs.predict(X), atol=1e-4)


def test_linear_regression_with_coefficients_not_negative() -> None:
    X, y = text_like(200, 60, 0.08)
    # As scikit-learn's; the function of the same problem takes sparse samples.
    with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is required"):
        LinearRegression(positive=True).fit(X, y)
    got = crowfly.nnls(X, y, intercept=True)
    expected = LinearRegression(positive=True).fit(X.toarray(), y)
    np.testing.assert_allclose(got.coef, expected.coef_, atol=1e-12)
    np.testing.assert_allclose(got.predict(X), expected.predict(X.toarray()), atol=1e-12)


@pytest.mark.parametrize("model", [Lasso, ElasticNet, LassoCV, ElasticNetCV])
def test_tags(model: Any) -> None:
    assert model().__sklearn_tags__().input_tags.sparse


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X.astype(complex), "X: a sparse matrix of real numbers of at most 64 bits expected"),
        (lambda X: X[:0], "X: at least one row expected"),
        (lambda X: X * np.inf, "X: finite numbers expected"),
        (lambda X: X[:5], "y: 5 rows expected"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_other_matrices_are_refused(change: Any, message: str) -> None:
    X, y = text_like(20, 5, 0.2)
    with pytest.raises((TypeError, ValueError), match=message):
        crowfly.lasso_path(change(X), y)


def test_targets_have_to_be_finite() -> None:
    X, y = text_like(20, 5, 0.2)
    y[3] = np.nan
    with pytest.raises(ValueError, match="y"):
        crowfly.lasso_path(X, y)
