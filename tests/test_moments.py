# SPDX-License-Identifier: BSD-3-Clause
"""Moments: the exact answer however the rows are cut, what is taken away again, state, and data larger than memory."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crowfly
from assertions import (
    assert_names_argument,
    assert_same_bits,
    centred_design,
    coefficient_tolerance,
    intercept_tolerance,
    log_relative_error,
    minimum_norm_tolerance,
    worst_log_relative_error,
)
from crowfly import Moments
from data import linear_problem, linear_problem_names
from references import AnyArray, FloatArray, exact_lstsq
from strategies import DTYPES, LAYOUTS, THREADS, integer_designs

# Columns of Filip have a condition of about 1e10: 31 digits less twice 10.
REQUIRED_DIGITS = {"filip": 10.0}


def regression(n: int, n_features: int, n_targets: int = 0, offset: float = 0.0) -> tuple[AnyArray, AnyArray]:
    rng = np.random.default_rng([n, n_features, n_targets])
    X = rng.standard_normal((n, n_features)) + offset
    noise = rng.standard_normal((n, n_targets) if n_targets else n)
    return X, X @ rng.standard_normal((n_features, n_targets) if n_targets else n_features) + 3 + noise


def of(X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Moments:
    return Moments().update(X, y, sample_weight, **options)


def assert_same_solution(actual: Any, expected: Any) -> None:
    for name in ("coef", "intercept", "rss", "rank", "dependent_columns"):
        assert_same_bits(np.asarray(getattr(actual, name)), np.asarray(getattr(expected, name)))


def assert_same_coefficients(actual: Any, expected: Any) -> None:
    for name in ("coef", "intercept", "rank"):
        assert_same_bits(np.asarray(getattr(actual, name)), np.asarray(getattr(expected, name)))


def assert_is_exact(
    actual: Any, X: Any, y: Any, *, sample_weight: Any = None, intercept: bool = True, alpha: float = 0.0
) -> None:
    """Coefficients and residual sum are the rational ones, rounded."""
    exact = exact_lstsq(X, y, intercept=intercept, sample_weight=sample_weight, alpha=alpha)
    assert_same_bits(actual.coef, np.array([float(value) for value in exact.coef]))
    assert actual.intercept == float(exact.intercept)
    if exact.rss != 0:
        assert log_relative_error(actual.rss, exact.rss) >= 14


# --- Accuracy ---


@pytest.mark.parametrize("name", linear_problem_names())
def test_digits_on_the_nist_problems(name: str) -> None:
    problem = linear_problem(name)
    exact = exact_lstsq(problem.X, problem.y, intercept=problem.intercept)
    moments = Moments()
    for i in range(len(problem.X)):
        moments.update(problem.X[i : i + 1], problem.y[i : i + 1])
    result = moments.solve(intercept=problem.intercept)
    assert result.rank == problem.X.shape[1]
    if name in REQUIRED_DIGITS:
        assert worst_log_relative_error(result.coef, exact.coef) >= REQUIRED_DIGITS[name]
        return
    assert_same_bits(result.coef, np.array([float(value) for value in exact.coef]))
    assert result.intercept == float(exact.intercept)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("weighted", [True, False])
def test_coefficients_are_the_exact_solution_rounded_once(
    weighted: bool, alpha: float, intercept: bool, offset: float
) -> None:
    X, y = regression(60, 4, offset=offset)
    weights = np.random.default_rng(1).uniform(0.1, 10, 60) if weighted else None
    result = of(X, y, weights).solve(alpha, intercept)
    assert_is_exact(result, X, y, sample_weight=weights, intercept=intercept, alpha=alpha)


def test_a_condition_of_ten_millions_costs_nothing() -> None:
    X, y = regression(60, 3)
    X = np.column_stack([X, X[:, 0] + 1e-7 * np.random.default_rng(4).standard_normal(60)])
    result = of(X, y).solve()
    assert result.condition > 1e6
    assert_is_exact(result, X, y)


@given(
    problem=integer_designs(),
    intercept=st.booleans(),
    alpha=st.sampled_from([0.0, 0.5, 4.0]),
    cut=st.integers(0, 12),
)
def test_whole_numbers_of_any_rank(
    problem: tuple[FloatArray, FloatArray, FloatArray], intercept: bool, alpha: float, cut: int
) -> None:
    X, y, weights = problem
    exact = exact_lstsq(X, y, intercept=intercept, sample_weight=weights, alpha=alpha)
    moments = of(X[:cut], y[:cut], weights[:cut]).merge(of(X[cut:], y[cut:], weights[cut:]))
    result: Any = moments.solve(alpha, intercept)
    full = alpha > 0 or exact.rank == X.shape[1]
    assert result.rank == (X.shape[1] if full else exact.rank)
    assert len(result.dependent_columns) == X.shape[1] - result.rank
    assert np.isfinite(result.condition) == full
    if full:
        assert_is_exact(result, X, y, sample_weight=weights, intercept=intercept, alpha=alpha)
        return
    design, target = centred_design(X, y, intercept=intercept, sample_weight=weights, alpha=alpha)
    truth = np.array([float(value) for value in exact.coef])
    tolerance = minimum_norm_tolerance(design, target, truth, exact.rank)
    assert np.all(np.abs(result.coef - truth) <= tolerance)
    allowed = intercept_tolerance(X, y, truth, tolerance)
    assert abs(result.intercept - float(exact.intercept)) <= (allowed if intercept else 0.0)


@pytest.mark.parametrize("intercept", [True, False])
def test_each_target_is_its_own_problem(intercept: bool) -> None:
    X, Y = regression(150, 9, n_targets=4)
    alphas = np.array([0.0, 0.5, 3.0, 0.5])
    together: Any = of(X, Y).solve(alphas, intercept)
    assert together.coef.shape == (4, 9)
    assert together.intercept.shape == together.rss.shape == (4,)
    for target, alpha in enumerate(alphas):
        alone: Any = of(X, Y[:, target]).solve(alpha, intercept)
        assert_same_bits(together.coef[target], alone.coef)
        assert together.intercept[target] == alone.intercept
        assert together.rss[target] == alone.rss


@pytest.mark.parametrize("n_features", [1, 7, 23, 24, 25, 65, 200])
def test_sizes(n_features: int) -> None:
    X, y = regression(n_features + 900, n_features)
    assert_same_coefficients(of(X, y).solve(), crowfly.lstsq(X, y))


# --- Cutting, merging, taking away ---


@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_a_thousand_chunks_give_the_same_bits_as_one_pass(offset: float) -> None:
    X, y = regression(5000, 7, offset=offset)
    once = of(X, y).solve()
    order = np.random.default_rng(2).permutation(5000)
    streamed, merged = Moments(), Moments()
    for rows in np.array_split(order, 1000):
        streamed.update(X[rows], y[rows])
        merged.merge(of(X[rows], y[rows]))
    assert streamed.n_rows == merged.n_rows == 5000
    for moments in (streamed, merged):
        assert_same_coefficients(moments.solve(), once)
        assert log_relative_error(moments.solve().rss, str(once.rss)) >= 14
    assert_same_coefficients(once, crowfly.lstsq(X, y))


def test_merging_as_a_tree_and_with_itself() -> None:
    X, y = regression(64, 3)
    parts = [of(X[i : i + 4], y[i : i + 4]) for i in range(0, 64, 4)]
    while len(parts) > 1:
        parts = [left.merge(right) for left, right in zip(parts[::2], parts[1::2], strict=True)]
    assert_same_coefficients(parts[0].solve(), of(X, y).solve())
    doubled = parts[0].merge(parts[0])
    assert doubled.n_rows == 128
    assert_is_exact(doubled.solve(1.0), np.vstack([X, X]), np.concatenate([y, y]), alpha=1.0)


def test_merge_leaves_the_other_as_it_was() -> None:
    X, y = regression(40, 3)
    other = of(X[:20], y[:20])
    before = pickle.dumps(other)
    of(2.0**300 * X[20:], y[20:]).merge(other)
    assert pickle.dumps(other) == before
    empty = Moments()
    assert_same_solution(empty.merge(other).solve(), other.solve())
    assert_same_solution(other.merge(Moments()).solve(), empty.solve())


@pytest.mark.parametrize("weighted", [True, False])
def test_rows_taken_away_were_never_there(weighted: bool) -> None:
    X, y = regression(80, 4, offset=1e3)
    weights = np.random.default_rng(3).uniform(0, 3, 80) if weighted else np.ones(80)
    moments = of(X, y, weights)
    for rows in (slice(0, 7), slice(7, 30)):
        moments.downdate(X[rows], y[rows], weights[rows])
    assert moments.n_rows == 50
    assert moments.total_weight == pytest.approx(weights[30:].sum(), rel=1e-15)
    assert_is_exact(moments.solve(), X[30:], y[30:], sample_weight=weights[30:])


def test_what_huge_rows_leave_behind_is_not_taken_for_data() -> None:
    X, y = regression(40, 3)
    X[:, 2] = X[:, 0] - X[:, 1]
    ranks_without_memory = []
    for seed in range(8):
        huge = 1e9 * np.random.default_rng(seed).standard_normal((5, 3))
        moments = of(X, y).update(huge, np.zeros(5)).downdate(huge, np.zeros(5))
        assert moments.solve().rank == 2
        # 2^-104 of the squares of 1e9, a few times, beside a penalty of 1e-3.
        assert worst_log_relative_error(moments.solve(1e-3).coef, exact_lstsq(X, y, alpha=1e-3).coef) >= 8
        state = moments.__getstate__()
        state["peak"] = np.diag(state["high"]).copy()
        moments.__setstate__(state)
        ranks_without_memory.append(moments.solve().rank)
    assert 3 in ranks_without_memory


def test_all_rows_taken_away_leave_nothing_to_fit() -> None:
    X, y = regression(10, 2)
    weights = np.full(10, 0.1)
    moments = of(X, y, weights).downdate(X[::-1], y[::-1], weights)
    assert moments.n_rows == 0
    with pytest.raises(ValueError, match="no rows to fit"):
        moments.solve()
    moments.update(X, y)
    assert_same_coefficients(moments.solve(), crowfly.lstsq(X, y))


# --- Weights, dtypes, layouts, threads ---


def test_weights_are_repetitions() -> None:
    X, y = regression(80, 6)
    repeats = np.random.default_rng(2).integers(0, 4, 80)
    rows = np.repeat(np.arange(80), repeats)
    weighted, repeated = of(X, y, repeats), of(X[rows], y[rows])
    assert weighted.total_weight == repeated.total_weight == repeats.sum()
    assert weighted.n_rows == np.count_nonzero(repeats)
    for alpha in (0.0, 2.0):
        assert_same_coefficients(weighted.solve(alpha), repeated.solve(alpha))


def test_rows_without_weight_are_absent() -> None:
    X, y = regression(40, 3)
    weights = np.ones(40)
    weights[[3, 17]] = 0.0
    y[[3, 17]] = 1e300
    kept = weights > 0
    moments = of(X, y, weights).update(X, y, np.zeros(40))
    assert moments.n_rows == 38
    assert_same_solution(moments.solve(), of(X[kept], y[kept]).solve())
    moments.update(X[:0], y[:0])
    moments.update(X[:0], y[:0], np.ones(0))
    assert moments.n_rows == 38


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_layouts_give_the_same_bits(layout: str, dtype: Any) -> None:
    X, y = regression(301, 19)
    X, y = X.astype(dtype), y.astype(dtype)
    laid_out = LAYOUTS[layout]
    actual = of(laid_out(X), laid_out(y[:, np.newaxis])[:, 0])
    assert_same_solution(actual.solve(), of(X.astype(np.float64), y.astype(np.float64)).solve())


@pytest.mark.parametrize(("n", "n_features"), [(300, 5), (20011, 23), (1001, 230)])
def test_threads_give_the_same_bits(n: int, n_features: int) -> None:
    X, Y = regression(n, n_features, n_targets=2)
    one, *others = (
        of(X, Y, num_threads=threads).solve([0.0, 1.0], num_threads=threads) for threads in THREADS
    )
    for other in others:
        assert_same_solution(other, one)


def test_threads_may_share_an_object() -> None:
    X, y = regression(4000, 5)
    moments = Moments()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda rows: moments.update(X[rows], y[rows]), np.array_split(np.arange(4000), 200)))
    assert moments.n_rows == 4000
    assert_same_coefficients(moments.solve(), crowfly.lstsq(X, y))


# --- Bad columns and scales ---


@pytest.mark.parametrize(
    ("column", "dependent"),
    [("constant", [4]), ("zero", [4]), ("duplicate", [0, 4]), ("large offset", []), ("ones", [4])],
)
def test_dependent_columns(column: str, dependent: list[int]) -> None:
    X, y = regression(50, 4)
    X = np.round(100 * X)
    columns = {
        "constant": np.full(50, 3.7),
        "ones": np.ones(50),
        "zero": np.zeros(50),
        "duplicate": X[:, 0],
        "large offset": 1e9 + np.round(10 * np.random.default_rng(3).standard_normal(50)),
    }
    X = np.column_stack([X, columns[column]])
    result = of(X, y).solve()
    assert result.rank == (5 if not dependent else 4)
    assert len(result.dependent_columns) == 5 - result.rank
    assert set(result.dependent_columns) <= set(dependent)
    exact = exact_lstsq(X, y)
    truth = np.array([float(value) for value in exact.coef])
    if not dependent:
        assert_is_exact(result, X, y)
        return
    assert result.condition == np.inf
    design, target = centred_design(X, y, intercept=True, sample_weight=None, alpha=0.0)
    assert np.all(np.abs(result.coef - truth) <= minimum_norm_tolerance(design, target, truth, 4))
    assert log_relative_error(result.rss, exact.rss) >= 14


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_scales_far_apart(alpha: float) -> None:
    X, y = regression(60, 3)
    scales = np.array([2.0**-996, 1.0, 2.0**996])
    plain, scaled = of(X, y).solve(alpha), of(X * scales, y).solve(alpha)
    if alpha == 0:
        assert_same_bits(scaled.coef, plain.coef / scales)
        assert scaled.rss == plain.rss
    else:
        exact = exact_lstsq(X * scales, y, alpha=alpha)
        truth = np.array([float(value) for value in exact.coef])
        assert_same_bits(scaled.coef[1:], truth[1:])
        # The penalty leaves 1e-295 of it, which may vanish as it does in `lstsq`: its products with the column are 1e-595.
        assert abs(truth[0]) < 1e-290
        assert scaled.coef[0] in (0.0, truth[0])


def test_the_scale_may_change_between_chunks() -> None:
    X, y = regression(60, 3)
    X[:, 1] *= np.where(np.arange(60) < 30, 2.0**-500, 2.0**500)
    expected = of(X, y).solve()
    parts = [of(X[:30], y[:30]), of(X[30:], y[30:])]
    forwards, backwards = copy.copy(parts[0]).merge(parts[1]), copy.copy(parts[1]).merge(parts[0])
    streamed = of(X[:30], y[:30]).update(X[30:], y[30:])
    for moments in (forwards, backwards, streamed):
        assert_same_coefficients(moments.solve(), expected)
    assert_is_exact(expected, X, y)


def test_a_column_may_begin_with_zeros() -> None:
    X, y = regression(60, 3)
    X[:30, 1] = 0.0
    X[30:, 1] *= 2.0**-700
    assert_is_exact(of(X[:30], y[:30]).update(X[30:], y[30:]).solve(), X, y)


@pytest.mark.parametrize("n_features", [1, 3])
def test_one_row(n_features: int) -> None:
    X = np.arange(1.0, n_features + 1)[np.newaxis]
    result = of(X, [5.0]).solve()
    assert (result.rank, result.intercept, result.rss) == (0, 5.0, 0.0)
    assert_same_bits(result.coef, np.zeros(n_features))
    through_origin = of(X, [5.0]).solve(intercept=False)
    assert through_origin.rank == 1
    np.testing.assert_allclose(through_origin.coef, 5 * X[0] / (X[0] @ X[0]), rtol=1e-15)


# --- State ---


def test_state_round_trip() -> None:
    X, Y = regression(50, 4, n_targets=2)
    moments = of(X[:30], Y[:30])
    for twin in (pickle.loads(pickle.dumps(moments)), copy.copy(moments), copy.deepcopy(moments)):
        assert (twin.n_rows, twin.n_features, twin.n_targets) == (30, 4, 2)
        assert_same_solution(twin.solve(), moments.solve())
        twin.update(X[30:], Y[30:])
        assert moments.n_rows == 30
        assert_same_coefficients(twin.solve(), of(X, Y).solve())
    assert all(
        isinstance(value, (int, np.ndarray)) or value is None for value in moments.__getstate__().values()
    )
    empty = pickle.loads(pickle.dumps(Moments()))
    assert (empty.n_rows, empty.n_features, empty.n_targets, empty.total_weight) == (0, None, None, 0.0)
    assert_same_solution(empty.update(X, Y).solve(), of(X, Y).solve())


def test_a_state_of_another_version_is_refused() -> None:
    state = of(*regression(10, 2)).__getstate__() | {"version": 2}
    with pytest.raises(ValueError, match="version 1 of Moments expected, got 2"):
        Moments().__setstate__(state)
    broken = of(*regression(10, 2)).__getstate__() | {"high": np.zeros((2, 2))}
    with pytest.raises(ValueError, match="arrays of one size"):
        Moments().__setstate__(broken)


def test_repr() -> None:
    assert repr(Moments()) == "Moments(n_rows=0, n_features=None, n_targets=None)"
    assert repr(of(np.ones((3, 2)), np.ones((3, 1)))) == "Moments(n_rows=3, n_features=2, n_targets=1)"


# --- Bad input ---


@pytest.mark.parametrize(
    ("X", "y", "sample_weight", "name"),
    [
        ([[1.0, np.nan]], [1.0], None, "X"),
        ([[1.0, 2.0]], [np.inf], None, "y"),
        ([[1.0]], [1.0], None, "X"),
        ([1.0, 2.0], [1.0], None, "X"),
        (np.ones((1, 0)), [1.0], None, "X"),
        ([[1.0, 2.0]], [[1.0]], None, "y"),
        ([[1.0, 2.0]], [1.0, 2.0], None, "y"),
        ([[1.0, 2.0]], np.ones((1, 0)), None, "y"),
        ([[1.0, 2.0]], [1.0], [-1.0], "sample_weight"),
        ([[1.0, 2.0]], [1.0], [np.nan], "sample_weight"),
        ([[1.0, 2.0]], [1.0], [1.0, 1.0], "sample_weight"),
        ([[1.0, 2.0]], [1.0], [1e200], "sample_weight"),
        ([["a", "b"]], [1.0], None, "X"),
        ([[1.0, 2.0]], None, None, "y"),
    ],
)
def test_bad_rows_are_refused_and_change_nothing(X: Any, y: Any, sample_weight: Any, name: str) -> None:
    moments = of(*regression(10, 2))
    before = pickle.dumps(moments)
    for read in (moments.update, moments.downdate):
        with pytest.raises((TypeError, ValueError)) as error:
            read(X, y, sample_weight)
        assert_names_argument(error.value, name)
    assert pickle.dumps(moments) == before


def test_other_bad_arguments() -> None:
    moments = of(*regression(10, 2))
    with pytest.raises(ValueError, match=r"^X: at most the 10 rows that are in"):
        moments.downdate(*regression(11, 2))
    with pytest.raises(TypeError, match=r"^other: a Moments expected, got dict"):
        moments.merge({})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^other: 2 features expected as before, got 3"):
        moments.merge(of(*regression(10, 3)))
    with pytest.raises(ValueError, match=r"^other: one-dimensional y expected as before, got 1 targets"):
        moments.merge(of(*regression(10, 2, n_targets=1)))
    with pytest.raises(ValueError, match=r"^alpha"):
        moments.solve(-1.0)
    with pytest.raises(ValueError, match=r"^alpha"):
        moments.solve([1.0, 2.0])
    with pytest.raises(TypeError, match=r"^intercept"):
        moments.solve(0.0, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no rows to fit"):
        Moments().solve()


def test_rows_that_were_never_added_are_not_taken_away() -> None:
    X, y = regression(40, 2)
    moments = of(X, y)
    expected = moments.solve()
    with pytest.raises(ValueError, match="never added"):
        moments.downdate(X[:5] * 100, y[:5])
    assert_same_bits(moments.solve().coef, expected.coef)
    assert moments.n_rows == 40


def test_a_coefficient_beyond_float64() -> None:
    with pytest.raises(ValueError, match=r"^X: the coefficient of column 0 overflows"):
        of([[1e-300], [2e-300], [4e-300]], [1e300, 2e300, 3e300]).solve()


# --- Chunks and files ---


def test_chunks_of_an_iterator() -> None:
    X, y = regression(1000, 5)
    weights = np.random.default_rng(8).uniform(0, 2, 1000)
    starts = range(0, 1000, 70)
    plain = crowfly.lstsq_chunks((X[i : i + 70], y[i : i + 70]) for i in starts)
    assert_same_coefficients(plain, crowfly.lstsq(X, y))
    weighted = crowfly.lstsq_chunks(
        [[X[i : i + 70], y[i : i + 70], weights[i : i + 70]] for i in starts],
        intercept=False,
        alpha=2.0,
    )
    assert_same_coefficients(weighted, crowfly.lstsq(X, y, sample_weight=weights, intercept=False, alpha=2.0))


def test_bad_chunks() -> None:
    X, y = regression(10, 2)
    with pytest.raises(ValueError, match=r"^chunks: at least one row"):
        crowfly.lstsq_chunks([])
    with pytest.raises(TypeError, match=r"^chunks: .* chunk 1 is ndarray"):
        crowfly.lstsq_chunks([(X, y), X])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"^chunks: .* chunk 0 is tuple of 1"):
        crowfly.lstsq_chunks([(X,)])
    with pytest.raises(ValueError, match=r"^X: 2 features expected") as error:
        crowfly.lstsq_chunks([(X, y), (X[:, :1], y)])
    assert error.value.__notes__ == ["in chunk 1 of chunks"]
    with pytest.raises(TypeError, match=r"^intercept"):
        crowfly.lstsq_chunks([(X, y)], intercept=None)  # type: ignore[arg-type]


# A copy of the 300 MB, or of their weighted or centred columns, would not fit.
FIT_OF_A_FILE = """
import resource, sys
import numpy as np, crowfly
from scipy.linalg import cython_lapack  # its own memory is none of the fit's
n, p = 1_875_000, 20
data = np.memmap(sys.argv[1], np.float64, "r", shape=(n, p))
X, y = data[:, :-1], data[:, -1]
crowfly.set_num_threads(2)
crowfly.lstsq(X[:5000], y[:5000])
used = 1024 * int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1])
resource.setrlimit(resource.RLIMIT_DATA, (used + 150_000_000, resource.RLIM_INFINITY))
whole = crowfly.lstsq(X, y)
step = 50_000
chunked = crowfly.lstsq_chunks((X[i : i + step], y[i : i + step]) for i in range(0, n, step))
assert whole.rank == chunked.rank == p - 1
assert (whole.coef == chunked.coef).all() and whole.intercept == chunked.intercept
try:
    X.copy()
except MemoryError:
    print("no copy was possible")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA counts private memory on Linux alone")
def test_a_memory_map_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    rng = np.random.default_rng(9)
    block = rng.standard_normal((18_750, 20))
    with path.open("wb") as file:
        for i in range(100):
            block[:, 0] = rng.standard_normal(len(block)) + i
            file.write(block.tobytes())
    run = subprocess.run(
        [sys.executable, "-c", FIT_OF_A_FILE, str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "no copy was possible"


def test_ridge_close_to_exact_with_more_columns_than_rows() -> None:
    X, y = regression(6, 9)
    result = of(X, y).solve(0.5)
    assert result.rank == 9
    exact = exact_lstsq(X, y, alpha=0.5)
    design, target = centred_design(X, y, intercept=True, sample_weight=None, alpha=0.5)
    truth = np.array([float(value) for value in exact.coef])
    assert np.all(np.abs(result.coef - truth) <= coefficient_tolerance(design, target, truth))
    assert_is_exact(result, X, y, alpha=0.5)


def test_columns_of_frames_stay_in_their_order() -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(3)
    frame = pandas.DataFrame(rng.standard_normal((20, 3)), columns=list("abc"))
    y = rng.standard_normal(20)
    moments = crowfly.Moments().update(frame, y)
    with pytest.raises(
        ValueError, match="X: the columns of before, in their order, expected, column 0 is 'c' instead of 'a'"
    ):
        moments.update(frame[list("cba")], y)
    with pytest.raises(ValueError, match="column 1 is 'x' instead of 'b'"):
        moments.downdate(frame.rename(columns={"b": "x"}), y)
    with pytest.raises(ValueError, match="other: the columns"):
        moments.merge(crowfly.Moments().update(frame[list("cba")], y))
    with pytest.raises(ValueError, match="X: the columns"):
        crowfly.lstsq_chunks([(frame, y), (frame[list("bac")], y)])
    assert moments.update(frame.to_numpy(), y).merge(crowfly.Moments().update(frame, y)).n_rows == 60
    again = pickle.loads(pickle.dumps(moments))
    with pytest.raises(ValueError, match="X: the columns"):
        again.update(frame[list("cba")], y)
