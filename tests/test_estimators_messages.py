# SPDX-License-Identifier: BSD-3-Clause
"""What estimators advise is something their user can do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import crowfly
from crowfly.linear_model import (
    ElasticNetCV,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeCV,
)
from crowfly.neighbors import NearestCentroid

SEPARABLE = np.array([[0.0], [1.0], [2.0], [3.0]])
WIDE = sparse.random_array((20, 6001), density=0.01, random_state=0, format="csr")


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning", "ignore:Setting penalty:UserWarning")
def test_no_penalty_is_left_out_before_C_counts() -> None:
    with (
        pytest.warns(FutureWarning, match="'penalty' was deprecated"),
        pytest.warns(ConvergenceWarning, match=r"\(penalty=None\).*use a finite C without penalty=None"),
    ):
        LogisticRegression(penalty=None).fit(SEPARABLE, [0, 0, 1, 1])
    with pytest.warns(ConvergenceWarning, match=r"\(C=np\.inf\).*use a finite C\b(?! without)"):
        LogisticRegression(C=np.inf).fit(SEPARABLE, [0, 0, 1, 1])


def test_sparse_samples_of_many_features() -> None:
    with pytest.raises(ValueError, match=r"at most 6000 features .*; Ridge has no such limit"):
        LinearRegression().fit(WIDE, np.arange(20))
    with pytest.raises(ValueError, match=r"at most 6000 features .*; alpha > 0 has no such limit"):
        Ridge(alpha=0).fit(WIDE, np.arange(20))
    assert Ridge().fit(WIDE, np.arange(20)).coef_.shape == (6001,)


def test_no_steps_are_no_fit_but_for_scikit_learns_users() -> None:
    for fit in (crowfly.logistic, crowfly.logistic_path, crowfly.logit):
        with pytest.raises(ValueError, match="max_iter: from 1 to 2147483647 expected, got 0"):
            fit(SEPARABLE, [0, 1, 0, 1], max_iter=0)
    with pytest.warns(UserWarning, match="limit of 0 iterations"):
        assert LogisticRegression(max_iter=0).fit(SEPARABLE, [0, 1, 0, 1]).coef_ == 0


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.coo_matrix])
@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_:UserWarning")
def test_centroids_of_small_numbers(dtype: type, container: type) -> None:
    X = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    model = NearestCentroid().fit(container(X.astype(dtype)), [0, 0, 1, 1])
    assert model.centroids_.tolist() == [[1, 0.5, 0], [0, 0.5, 1]]
    assert model.predict(container(X.astype(dtype))).tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="zero variance"):
        NearestCentroid().fit(container(np.ones((4, 2), dtype)), [0, 0, 1, 1])


def test_ridge_names_the_solver_asked_for() -> None:
    X, y = np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)
    for solver in ("svd", "cholesky", "lsqr", "sag"):
        assert Ridge(solver=solver).fit(X, y).solver_ == solver
    assert Ridge().fit(X, y).solver_ in ("cholesky", "qr")
    for solver in ("svd", "cholesky", "saga"):
        with pytest.raises(
            ValueError, match=f"solver='{solver}' does not support fitting the intercept on sparse"
        ):
            Ridge(solver=solver).fit(sparse.csr_array(X), y)
        Ridge(solver=solver, fit_intercept=False).fit(sparse.csr_array(X), y)


def test_grids_of_penalties() -> None:
    X, y = np.random.default_rng(0).standard_normal((20, 3)), np.arange(20.0)
    for model in (LassoCV, ElasticNetCV):
        with pytest.raises(ValueError, match=r"alphas\[1\] == -1, must be >= 0\.0\."):
            model(alphas=(1, -1)).fit(X, y)
        with pytest.raises(TypeError, match=r"alphas\[2\] must be an instance of float, not str"):
            model(alphas=(1, 1.0, "1")).fit(X, y)
    with pytest.raises(ValueError, match="Automatic alpha grid generation is not supported for l1_ratio=0"):
        ElasticNetCV(l1_ratio=0).fit(X, y)
    with pytest.warns(FutureWarning, match="'svd' mode is not supported for sparse X"):
        RidgeCV(gcv_mode="svd").fit(sparse.csr_array(X), y)
