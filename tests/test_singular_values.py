# SPDX-License-Identifier: BSD-3-Clause
"""Singular values of `LinearRegression`: those of the weighted, centred samples, as exact as its page says, and no part of pickles that need not be."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

import crowfly
from crowfly.linear_model import LinearRegression
from crowfly.linear_model import _least_squares as module
from references import FloatArray

RNG = np.random.default_rng(12)


def expected(X: FloatArray, weights: FloatArray | None, fit_intercept: bool) -> FloatArray:
    w = np.ones(len(X)) if weights is None else weights
    # A mean rounded to float64 would leave something of a single row.
    wide, share = X.astype(np.longdouble), w.astype(np.longdouble) / w.astype(np.longdouble).sum()
    centred = (wide - share @ wide if fit_intercept else wide).astype(np.float64)
    values = np.linalg.svd(centred * np.sqrt(w)[:, np.newaxis], compute_uv=False)
    return np.asarray(values, dtype=np.float64)


def with_condition(n: int, p: int, condition: float) -> FloatArray:
    left, right = (np.linalg.qr(RNG.normal(size=(m, p)))[0] for m in (n, p))
    product: FloatArray = np.asarray((left * np.geomspace(1, 1 / condition, p)) @ right.T, dtype=np.float64)
    return product


def samples() -> dict[str, tuple[FloatArray, float]]:
    """Samples, and by how much of the largest value singular values may be off."""
    plain = RNG.normal(size=(40, 4))
    dependent = plain.copy()
    dependent[:, 3] = dependent[:, 0] - dependent[:, 1]
    repeated = RNG.normal(size=(5, 30))
    repeated[3] = repeated[1]
    return {
        "tall": (plain, 1e-15),
        "scales": (plain * [1e-8, 1e4, 1.0, 1e8], 1e-14),
        "offset": (plain + 1e6, 1e-14),
        "condition 1e4": (with_condition(60, 5, 1e4), 1e-11),
        "condition 1e9": (with_condition(60, 5, 1e9), 1e-14),
        "dependent": (dependent, 1e-14),
        "square": (RNG.normal(size=(9, 9)), 1e-14),
        "wide": (RNG.normal(size=(6, 30)), 1e-14),
        "repeated rows": (repeated, 1e-14),
        # Independent as the rank is told, with columns of unit length, but not in the caller's units.
        "scales far apart": (np.array([[1, 1e-30, 2e-30], [1, 3e-30, -1e-30]]), 1e-14),
        "constant": (np.ones((6, 2)), 1e-14),
        "one row": (RNG.normal(size=(1, 3)), 1e-14),
        # Cross products in float32: 1e-8 of the largest times the condition.
        "many columns": (RNG.normal(size=(900, 130)), 1e-7),
        "many columns, wide": (RNG.normal(size=(120, 130)), 1e-13),
    }


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", samples())
def test_they_are_those_of_the_samples(name: str, weighted: bool, fit_intercept: bool) -> None:
    X, off = samples()[name]
    weights = RNG.uniform(0.5, 2, len(X)) if weighted else None
    model = LinearRegression(fit_intercept=fit_intercept).fit(X, RNG.normal(size=len(X)), weights)
    values = expected(X, weights, fit_intercept)
    assert model.singular_.shape == (min(X.shape),)
    assert model.singular_.dtype == np.float64
    np.testing.assert_allclose(
        model.singular_, values, rtol=0, atol=off * max(values[0], np.abs(X).max() * 1e-2)
    )
    assert (np.diff(model.singular_) <= 0).all()
    assert model.singular_ is model.singular_


def test_rows_without_weight_and_several_targets() -> None:
    X, Y = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 2))
    weights = np.where(np.arange(30) < 20, 1.0, 0.0)
    model = LinearRegression().fit(X, Y, weights)
    np.testing.assert_allclose(model.singular_, expected(X[:20], None, True), rtol=1e-14)
    # As many as scikit-learn has: of the samples given, not of those that count.
    few = LinearRegression().fit(X, Y, np.where(np.arange(30) < 2, 1.0, 0.0))
    assert few.singular_.shape == (3,)
    np.testing.assert_allclose(few.singular_, [expected(X[:2], None, True)[0], 0, 0], atol=1e-15)


def test_float32() -> None:
    X = RNG.normal(size=(30, 3)).astype(np.float32)
    values = LinearRegression().fit(X, X[:, 0]).singular_
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, expected(X.astype(np.float64), None, True).astype(np.float32))


def test_where_there_are_none() -> None:
    X, y = RNG.normal(size=(30, 3)), np.arange(30.0)
    assert not hasattr(LinearRegression(), "singular_")
    assert not hasattr(LinearRegression(positive=True).fit(X, y), "singular_")
    assert not hasattr(LinearRegression().fit(csr_array(X), y), "singular_")
    model = LinearRegression().fit(X, y)
    first = model.singular_
    assert not np.array_equal(model.fit(2 * X, y).singular_, first)
    assert not hasattr(model.set_params(positive=True).fit(X, y), "singular_")
    with pytest.raises(AttributeError, match="after a fit to dense samples with positive=False"):
        _ = model.singular_
    assert not hasattr(clone(model), "singular_")


@pytest.mark.parametrize("limit", [500, 0], ids=["values", "factor"])
def test_they_survive_copies_pickles_and_files(
    limit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS_REDUCED", limit)
    X, y = RNG.normal(size=(30, 3)), np.arange(30.0)
    values = LinearRegression().fit(X, y).singular_
    for through in (pickled, copied, deeply_copied, stored):
        model = through(LinearRegression().fit(X, y), tmp_path)
        np.testing.assert_array_equal(model.singular_, values)
        np.testing.assert_array_equal(model.predict(X), LinearRegression().fit(X, y).predict(X))
    before = LinearRegression().fit(X, y).__getstate__()
    assert ("singular_" in before) == (limit > 0)
    assert (before["_reduced"] is None) == (limit > 0)


def pickled(model: Any, _: Path) -> Any:
    return pickle.loads(pickle.dumps(model))


def copied(model: Any, _: Path) -> Any:
    return copy.copy(model)


def deeply_copied(model: Any, _: Path) -> Any:
    return copy.deepcopy(model)


def stored(model: Any, folder: Path) -> Any:
    crowfly.save(model, folder / "model")
    return crowfly.load(folder / "model")


def test_coefficients_are_the_same_with_and_without_the_factor() -> None:
    """What is kept is a by-product."""
    for X, _ in samples().values():
        y = RNG.normal(size=len(X))
        model = LinearRegression().fit(X, y)
        fit = crowfly.least_squares.solve_least_squares(X, y)
        np.testing.assert_array_equal(model.coef_, fit.coef)
        assert model.rank_ == fit.rank
