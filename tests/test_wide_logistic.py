# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression on many more features than rows: no matrix of features x features, the same minimum."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import crowfly
from crowfly import _logistic_data
from crowfly.linear_model import LogisticRegression, LogisticRegressionCV

FloatArray = NDArray[np.float64]


def draw(n: int, p: int, n_classes: int, offset: float = 0.0) -> tuple[FloatArray, NDArray[np.int64]]:
    rng = np.random.default_rng([n, p, n_classes])
    X = rng.normal(size=(n, p))
    scores = X[:, :n_classes] + rng.normal(size=(n, n_classes))
    return X + offset, np.argmax(scores, axis=1)


@pytest.fixture
def by_hessians(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fits as if no data were wide."""

    def fit(*arguments: Any, **settings: Any) -> crowfly.LogisticResult:
        with monkeypatch.context() as changed:
            changed.setattr(_logistic_data, "MOST_ENTRIES", 0)
            return crowfly.logistic(*arguments, **settings)

    return fit


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 1.0, 1e4])
@pytest.mark.parametrize(("n", "p", "n_classes"), [(40, 600, 2), (30, 200, 3), (5, 700, 2)])
def test_the_minimum_of_newton_s_method(
    by_hessians: Any, n: int, p: int, n_classes: int, alpha: float, intercept: bool, dtype: type
) -> None:
    X, y = draw(n, p, n_classes)
    X = X.astype(dtype)
    fit, other = (run(X, y, alpha=alpha, intercept=intercept) for run in (crowfly.logistic, by_hessians))
    assert fit.converged
    assert fit.optimality_gap <= 1e-10 * fit.objective
    assert fit.objective == pytest.approx(other.objective, rel=1e-10)
    np.testing.assert_allclose(fit.coef, other.coef, rtol=1e-6, atol=1e-9 * np.abs(other.coef).max())


def test_penalties_and_weights(by_hessians: Any) -> None:
    X, y = draw(50, 800, 2)
    settings: dict[str, Any] = {
        "alpha": 0.5,
        "penalty_factor": np.linspace(0.1, 5, 800),
        "sample_weight": np.linspace(0, 3, 50),
    }
    fit, other = crowfly.logistic(X, y, **settings), by_hessians(X, y, **settings)
    np.testing.assert_allclose(fit.coef, other.coef, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("n", "p", "offset"), [(60, 600, 1e3), (60, 600, 1e6), (100, 500, 1e6), (200, 600, 1e7)]
)
def test_columns_far_from_zero(by_hessians: Any, n: int, p: int, offset: float) -> None:
    """Nothing is centred in compressed rows; where that fails, Newton's method is to answer."""
    X, y = draw(n, p, 2, offset)
    fit, other = crowfly.logistic(X, y), by_hessians(X, y)
    assert fit.converged
    assert fit.objective == pytest.approx(other.objective, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_fits_that_offsets_keep_from_their_tolerance_are_done_again(by_hessians: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spread = rng.normal(size=(60, 600))
    X, y = spread + 1e8, spread[:, 0] + rng.normal(size=60) > 0
    fit, other = crowfly.logistic(X, y), by_hessians(X, y)
    assert fit.converged
    assert fit.objective == pytest.approx(other.objective, rel=1e-9)


def test_a_feature_without_penalty_is_left_to_newton_s_method(by_hessians: Any) -> None:
    X, y = draw(40, 600, 2)
    factors = np.ones(600)
    factors[3] = 0
    fit, other = (run(X, y, penalty_factor=factors) for run in (crowfly.logistic, by_hessians))
    np.testing.assert_array_equal(fit.coef, other.coef)


def test_time_grows_with_the_entries() -> None:
    """60 x 4000 took 15 s where a Hessian was formed; now hundredths of one."""
    X, y = draw(60, 4000, 2)
    begin = time.perf_counter()
    fit = crowfly.logistic(X, y)
    assert fit.converged
    assert time.perf_counter() - begin < 5


def test_numbers_that_are_not_finite() -> None:
    X, y = draw(40, 600, 2)
    X[7, 11] = np.nan
    with pytest.raises(ValueError, match=r"^X: finite numbers expected, X\[7, 11\] is nan"):
        crowfly.logistic(X, y)


def test_estimators() -> None:
    X, y = draw(45, 900, 2)
    model = LogisticRegression(C=0.1).fit(X, y)
    np.testing.assert_allclose(model.coef_, crowfly.logistic(X, y, alpha=10.0).coef, rtol=1e-9)
    searched = LogisticRegressionCV(
        Cs=[0.01, 0.1, 1.0], cv=3, l1_ratios=(0.0,), scoring="accuracy", use_legacy_attributes=True
    ).fit(X, y)
    refit = LogisticRegression(C=float(np.ravel(searched.C_)[0])).fit(X, y)
    np.testing.assert_allclose(searched.coef_, refit.coef_, rtol=1e-7, atol=1e-12)
