# SPDX-License-Identifier: BSD-3-Clause
"""Values of parameters that scikit-learn takes are taken, and those that it refuses are refused by the same kind of error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.neighbors
from scipy import sparse
from sklearn import config_context, get_config

import crowfly
import crowfly.linear_model
import crowfly.neighbors
from crowfly.linear_model import RidgeClassifier, RidgeClassifierCV

X = np.random.default_rng(0).standard_normal((40, 4))
TARGETS = X @ [1.0, 2.0, 0.0, -1.0]
LABELS = (TARGETS > 0).astype(int)
INDICATORS = (X[:, :3] > 0).astype(int)


@pytest.mark.parametrize(
    ("name", "parameters", "y"),
    [
        ("ElasticNet", {"l1_ratio": True}, TARGETS),
        ("ElasticNet", {"alpha": True}, TARGETS),
        ("ElasticNetCV", {"l1_ratio": True}, TARGETS),
        ("RidgeClassifier", {"alpha": True}, LABELS),
        ("RidgeClassifier", {"alpha": False}, LABELS),
        ("RadiusNeighborsRegressor", {"radius": True}, TARGETS),
    ],
)
def test_true_and_false_are_numbers(name: str, parameters: dict[str, Any], y: Any) -> None:
    module = "neighbors" if "Neighbors" in name else "linear_model"
    ours, theirs = getattr(getattr(crowfly, module), name), getattr(getattr(sklearn, module), name)
    as_numbers = {parameter: float(value) for parameter, value in parameters.items()}
    found = ours(**parameters).fit(X, y).predict(X)
    np.testing.assert_array_equal(found, ours(**as_numbers).fit(X, y).predict(X))
    np.testing.assert_allclose(found, theirs(**parameters).fit(X, y).predict(X), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("value", [[], [1.0], ["a"], {}, (1.0, 2.0), np.eye(4).tolist(), range(2)])
@pytest.mark.parametrize("name", ["Lasso", "ElasticNet", "LassoCV", "ElasticNetCV"])
def test_what_is_no_gram_matrix_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"[Pp]recompute.* (should|must) be"):
        getattr(crowfly.linear_model, name)(precompute=value).fit(X, TARGETS)


@pytest.mark.parametrize("alphas", [0, 0.0, False, -1.0])
@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize(("name", "y"), [("RidgeCV", TARGETS), ("RidgeClassifierCV", LABELS)])
def test_the_only_penalty_is_above_zero(name: str, y: Any, cv: int | None, alphas: Any) -> None:
    for module in (crowfly.linear_model, sklearn.linear_model):
        with pytest.raises(
            ValueError, match=r"'alphas' parameter .* must be an array-like or a float in the range"
        ):
            getattr(module, name)(alphas=alphas, cv=cv).fit(X, y)


@pytest.mark.parametrize("model", [RidgeClassifier(), RidgeClassifierCV()])
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix])
def test_sparse_indicators_make_sparse_predictions(model: Any, container: Any, tmp_path: Any) -> None:
    dense = model.fit(X, INDICATORS).predict(X)
    assert isinstance(dense, np.ndarray)
    model.fit(X, container(INDICATORS))
    crowfly.save(model, tmp_path / "model")
    for fitted in (model, crowfly.load(tmp_path / "model")):
        predicted = fitted.predict(X)
        assert sparse.issparse(predicted)
        assert predicted.format == "csr"
        np.testing.assert_array_equal(predicted.toarray(), dense)
    their_kind = type(sklearn.linear_model.RidgeClassifier().fit(X, container(INDICATORS)).predict(X))
    assert type(model.predict(X)) is their_kind


@pytest.mark.skipif(
    "sparse_interface" not in get_config(), reason="scikit-learn before 1.9 makes sparse matrices only"
)
def test_the_container_of_sparse_predictions_is_configured() -> None:
    model = RidgeClassifier().fit(X, sparse.csr_matrix(INDICATORS))
    with config_context(sparse_interface="sparray"):
        assert isinstance(model.predict(X), sparse.csr_array)
