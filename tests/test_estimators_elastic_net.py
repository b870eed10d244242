# SPDX-License-Identifier: BSD-3-Clause
"""What users of scikit-learn's lasso and elastic net are told, and what warm starts and Gram matrices mean here."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes

from crowfly.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV

X, Y = load_diabetes(return_X_y=True)
WEIGHTS = np.random.default_rng(2).uniform(0.5, 2.0, len(Y))


def fit_with(gram: Any, samples: Any = X, sample_weight: Any = None, **parameters: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ElasticNet(alpha=0.01, precompute=gram, **parameters).fit(samples, Y, sample_weight)


@pytest.mark.parametrize("samples", [X, X.astype(np.float32)], ids=["float64", "float32"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_samples_own_gram_matrix_changes_nothing(fit_intercept: bool, samples: Any) -> None:
    """The columns are centred, up to the rounding that scikit-learn overlooks, too."""
    parameters = {"fit_intercept": fit_intercept}
    plain = fit_with(False, samples, **parameters)
    np.testing.assert_array_equal(plain.coef_, fit_with(samples.T @ samples, samples, **parameters).coef_)
    if not fit_intercept:
        scaled = (WEIGHTS / WEIGHTS.mean())[:, np.newaxis] * samples
        weighted = fit_with(samples.T @ scaled, samples, WEIGHTS, **parameters)
        np.testing.assert_array_equal(weighted.coef_, fit_with(False, samples, WEIGHTS, **parameters).coef_)


def test_a_gram_matrix_of_other_samples_is_refused() -> None:
    other = np.random.default_rng(0).standard_normal(X.shape)
    with pytest.raises(ValueError, match=r"Gram matrix passed in via 'precompute' parameter did not pass"):
        fit_with(other.T @ other)
    with pytest.raises(
        ValueError, match=r"For element \(5,6\) we computed .* but the user-supplied value was"
    ):
        fit_with(X.T @ X, sample_weight=WEIGHTS, fit_intercept=False)
    with pytest.raises(
        ValueError, match=r"precompute: a Gram matrix of shape \(10, 10\) expected, got \(9, 9\)"
    ):
        fit_with(np.eye(9))
    assert fit_with(np.eye(9), csr_array(X)).coef_.shape == (10,)


def test_samples_that_have_to_be_centred_warn() -> None:
    shifted = X + 1.0
    with pytest.warns(
        UserWarning, match="Gram matrix was provided but X was centered to fit intercept"
    ) as caught:
        model = Lasso(precompute=shifted.T @ shifted).fit(shifted, Y)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(model.coef_, Lasso().fit(shifted, Y).coef_)


@pytest.mark.parametrize("targets", [Y, np.column_stack([Y, Y**2])], ids=["one", "several"])
def test_from_the_solution_no_step_is_needed(targets: Any) -> None:
    model = ElasticNet(alpha=0.01, warm_start=True).fit(X, targets)
    first, coef = model.n_iter_, model.coef_
    assert np.min(first) > 0
    assert np.max(model.fit(X, targets).n_iter_) == 0
    np.testing.assert_array_equal(model.coef_, coef)
    # From another problem's there are steps, and without warm starts there always are.
    assert np.min(model.set_params(alpha=0.02).fit(X, targets).n_iter_) > 0
    assert model.set_params(alpha=0.01, warm_start=False).fit(X, targets).fit(X, targets).n_iter_ == first


def test_overflow_is_told_in_scikit_learns_words() -> None:
    huge = np.finfo(np.float64).max * np.random.default_rng(0).uniform(size=(10, 2))
    with pytest.raises(
        ValueError, match=r"^Coordinate descent iterations resulted in non-finite.*divide by a power of two"
    ):
        ElasticNet(alpha=0.1).fit(huge, np.arange(10) % 2)


@pytest.mark.parametrize("kind", [LassoCV, ElasticNetCV])
def test_several_targets_are_for_other_estimators(kind: Any) -> None:
    with pytest.raises(ValueError, match=f"For multi-task outputs, use MultiTask{kind.__name__}"):
        kind().fit(X, np.column_stack([Y, Y]))
