# SPDX-License-Identifier: BSD-3-Clause
"""Regressions on windows and on groups against those of each window and group alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_names_argument, assert_same_bits
from references import AnyArray, exact_lstsq
from strategies import DTYPES, LAYOUTS, THREADS

FIELDS = ("coef", "intercept", "rss", "rank", "condition")


def regression(n: int, n_features: int, n_targets: int = 0) -> tuple[AnyArray, AnyArray]:
    rng = np.random.default_rng([n, n_features, n_targets])
    X = rng.standard_normal((n, n_features))
    noise = rng.standard_normal((n, n_targets) if n_targets else n)
    return X, X @ rng.standard_normal((n_features, n_targets) if n_targets else n_features) + 3 + noise


def assert_same_fits(actual: Any, expected: Any) -> None:
    for name in FIELDS:
        assert_same_bits(getattr(actual, name), getattr(expected, name))


# --- Windows ---


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("intercept", [True, False])
def test_windows_are_exact(intercept: bool, alpha: float) -> None:
    X, y = regression(90, 3)
    X, y = X + 1e3, y + 1e4
    result = crowfly.lstsq_rolling(X, y, 20, intercept=intercept, alpha=alpha)
    assert result.coef.shape == (71, 3)
    for i in range(71):
        exact = exact_lstsq(X[i : i + 20], y[i : i + 20], intercept=intercept, alpha=alpha)
        assert_same_bits(result.coef[i], np.array([float(value) for value in exact.coef]))
        assert result.intercept[i] == float(exact.intercept)
        assert result.rss[i] == pytest.approx(float(exact.rss), rel=1e-14)
    assert np.all(result.rank == 3)


# Blocks of starts hold 32 to 256; from 2049 rows on windows are made of sums of whole blocks.
@pytest.mark.parametrize("window", [1, 2, 5, 31, 32, 33, 130, 1025, 2048, 2049, 2305])
@pytest.mark.parametrize("extra", [0, 1, 300])
def test_windows_are_the_fits_of_their_rows(window: int, extra: int) -> None:
    X, y = regression(window + extra, 2)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X))
    result = crowfly.lstsq_rolling(X, y, window, sample_weight=weights)
    assert len(result.coef) == extra + 1
    for i in {0, 1, 31, 32, 255, 256, extra} & set(range(extra + 1)):
        rows = slice(i, i + window)
        alone: Any = crowfly.Moments().update(X[rows], y[rows], weights[rows]).solve()
        assert_same_bits(result.coef[i], alone.coef)
        assert result.intercept[i] == alone.intercept
        assert result.rank[i] == alone.rank
        assert result.rss[i] == pytest.approx(alone.rss, rel=1e-13, abs=1e-25)


def test_wide_problems_take_small_blocks() -> None:
    X, y = regression(380, 300)
    result = crowfly.lstsq_rolling(X, y, 350)
    for i in (0, 7, 8, 30):
        alone = crowfly.lstsq(X[i : i + 350], y[i : i + 350])
        assert_same_bits(result.coef[i], alone.coef)


def test_an_outlier_leaves_no_trace() -> None:
    X, y = regression(400, 3)
    expected = crowfly.lstsq_rolling(X, y, 40)
    X[150] *= 2.0**60
    y[150] *= -(2.0**70)
    actual = crowfly.lstsq_rolling(X, y, 40)
    clean = np.setdiff1d(np.arange(361), np.arange(111, 151))
    for name in FIELDS:
        assert_same_bits(getattr(actual, name)[clean], getattr(expected, name)[clean])
    assert not np.array_equal(actual.coef[130], expected.coef[130])


def test_nothing_drifts() -> None:
    X, y = regression(30_000, 2)
    X[:, 0] += 1e6
    result = crowfly.lstsq_rolling(X, y, 100)
    exact = exact_lstsq(X[-100:], y[-100:])
    assert_same_bits(result.coef[-1], np.array([float(value) for value in exact.coef]))


def test_rank_of_windows() -> None:
    X, y = regression(60, 2)
    X[20:40, 1] = 1.0
    result = crowfly.lstsq_rolling(X, y, 10)
    inside = np.arange(20, 31)
    assert np.all(result.rank[inside] == 1)
    assert np.all(result.condition[inside] == np.inf)
    assert np.all(result.coef[inside, 1] == 0.0)
    assert np.all(np.delete(result.rank, inside) == 2)


def test_windows_without_weight() -> None:
    X, y = regression(50, 2)
    weights = np.ones(50)
    weights[10:25] = 0.0
    result = crowfly.lstsq_rolling(X, y, 10, sample_weight=weights)
    empty = np.arange(10, 16)
    for name in ("coef", "intercept", "rss", "condition"):
        values = getattr(result, name)
        assert np.all(np.isnan(values[empty]))
        assert not np.any(np.isnan(np.delete(values, empty, axis=0)))
    assert np.all(result.rank[empty] == 0)
    assert_same_bits(result.coef[5], crowfly.lstsq(X[5:10], y[5:10]).coef)


def test_windows_of_several_targets() -> None:
    X, Y = regression(60, 3, n_targets=2)
    result: Any = crowfly.lstsq_rolling(X, Y, 15, alpha=[0.0, 2.0])
    assert result.coef.shape == (46, 2, 3)
    assert result.intercept.shape == result.rss.shape == (46, 2)
    for target, alpha in enumerate((0.0, 2.0)):
        alone = crowfly.lstsq_rolling(X, Y[:, target], 15, alpha=alpha)
        assert_same_bits(result.coef[:, target], alone.coef)
        assert_same_bits(result.intercept[:, target], alone.intercept)
        assert_same_bits(result.rss[:, target], alone.rss)


@pytest.mark.parametrize("window", [7, 200, 2500])
def test_threads_give_the_same_windows(window: int) -> None:
    X, y = regression(6000, 4)
    one, *others = (crowfly.lstsq_rolling(X, y, window, num_threads=threads) for threads in THREADS)
    for other in others:
        assert_same_fits(other, one)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts_give_the_same_windows_and_groups(layout: str, dtype: Any) -> None:
    X, y = regression(90, 3)
    X, y = X.astype(dtype), y.astype(dtype)
    groups = np.arange(90) % 4
    laid_out = LAYOUTS[layout]
    other_X, other_y = laid_out(X), laid_out(y[:, np.newaxis])[:, 0]
    X, y = X.astype(np.float64), y.astype(np.float64)
    assert_same_fits(crowfly.lstsq_rolling(other_X, other_y, 20), crowfly.lstsq_rolling(X, y, 20))
    assert_same_fits(crowfly.lstsq_grouped(other_X, other_y, groups), crowfly.lstsq_grouped(X, y, groups))


# --- Groups ---


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_groups_are_the_fits_of_their_rows(weighted: bool, intercept: bool, alpha: float) -> None:
    X, y = regression(700, 4)
    X[:, 2] += 1e5
    rng = np.random.default_rng(2)
    # From one row to most of them.
    groups = np.minimum(rng.geometric(0.3, 700), 12) * 10
    groups[5] = -1
    weights = rng.uniform(0, 2, 700) if weighted else None
    if weights is not None:
        weights[::9] = 0.0
        weights[5] = 1.0
    options: Any = {"intercept": intercept, "alpha": alpha}
    result = crowfly.lstsq_grouped(X, y, groups, sample_weight=weights, **options)
    assert_same_bits(result.groups, np.unique(groups))
    for g, label in enumerate(result.groups):
        rows = groups == label
        w = None if weights is None else weights[rows]
        alone: Any = crowfly.lstsq(X[rows], y[rows], sample_weight=w, **options)
        assert result.n_rows[g] == (rows.sum() if w is None else np.count_nonzero(w))
        for name in FIELDS:
            assert_same_bits(np.asarray(getattr(result, name)[g]), np.asarray(getattr(alone, name)))


def test_groups_of_several_targets_and_labels_of_strings() -> None:
    X, Y = regression(120, 3, n_targets=2)
    groups = np.array(["b", "a", "c"])[np.arange(120) % 3]
    result: Any = crowfly.lstsq_grouped(X, Y, groups.tolist(), alpha=[0.0, 2.0])
    assert result.groups.tolist() == ["a", "b", "c"]
    assert result.coef.shape == (3, 2, 3)
    for g, label in enumerate("abc"):
        rows = groups == label
        assert_same_bits(result.coef[g], crowfly.lstsq(X[rows], Y[rows], alpha=[0.0, 2.0]).coef)


def test_groups_without_weight() -> None:
    X, y = regression(30, 2)
    groups = np.repeat([1, 2, 3], 10)
    result = crowfly.lstsq_grouped(X, y, groups, sample_weight=(groups != 2).astype(float))
    assert result.n_rows.tolist() == [10, 0, 10]
    assert result.rank.tolist() == [2, 0, 2]
    for name in ("coef", "intercept", "rss", "condition"):
        assert np.isnan(getattr(result, name)).reshape(3, -1).all(axis=1).tolist() == [False, True, False]


def test_thousands_of_groups_on_any_number_of_threads() -> None:
    X, y = regression(30_000, 3)
    groups = np.random.default_rng(3).permutation(30_000) // 10
    one, *others = (crowfly.lstsq_grouped(X, y, groups, num_threads=threads) for threads in THREADS)
    assert len(one.groups) == 3000
    for other in others:
        assert_same_fits(other, one)
    for g in (0, 1234, 2999):
        rows = groups == g
        assert_same_bits(one.coef[g], crowfly.lstsq(X[rows], y[rows]).coef)


# --- Bad input ---


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"X": [[np.nan], [1.0]]}, "X"),
        ({"X": np.ones((2, 0))}, "X"),
        ({"X": np.ones((0, 1)), "y": []}, "X"),
        ({"y": [1.0]}, "y"),
        ({"y": [1.0, np.inf]}, "y"),
        ({"y": np.ones((2, 0))}, "y"),
        ({"sample_weight": [1.0, -1.0]}, "sample_weight"),
        ({"sample_weight": [0.0, 0.0]}, "sample_weight"),
        ({"sample_weight": [1.0]}, "sample_weight"),
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": [1.0, 2.0]}, "alpha"),
        ({"intercept": "yes"}, "intercept"),
        ({"num_threads": 0}, "num_threads"),
    ],
)
def test_bad_arguments_of_both(change: dict[str, Any], name: str) -> None:
    arguments: dict[str, Any] = {"X": [[1.0], [2.0]], "y": [1.0, 2.0], **change}
    X, y = arguments.pop("X"), arguments.pop("y")
    with pytest.raises((TypeError, ValueError)) as error:
        crowfly.lstsq_rolling(X, y, 1, **arguments)
    assert_names_argument(error.value, name)
    with pytest.raises((TypeError, ValueError)) as error:
        crowfly.lstsq_grouped(X, y, [0] * len(X), **arguments)
    assert_names_argument(error.value, name)


@pytest.mark.parametrize("window", [0, 4, -1, 2.0, True, None])
def test_bad_windows(window: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^window: "):
        crowfly.lstsq_rolling(np.ones((3, 1)), np.ones(3), window)


@pytest.mark.parametrize("groups", [[0, 1], [[0], [1], [1]], [0.0, np.nan, 1.0], ["a", 1, "b"], None])
def test_bad_groups(groups: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^groups: "):
        crowfly.lstsq_grouped(np.ones((3, 1)), np.ones(3), groups)


def test_coefficients_beyond_float64() -> None:
    X, y = np.array([[1.0], [2.0], [3e-300], [1e-300]]), np.array([1.0, 1.0, 1e300, -1e300])
    with pytest.raises(ValueError, match=r"^X: a coefficient of column 0 overflows"):
        crowfly.lstsq_grouped(X, y, [0, 0, 1, 1])
