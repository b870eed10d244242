# SPDX-License-Identifier: BSD-3-Clause
"""Estimators whose coefficients were set by hand, without a fit, predict as scikit-learn's do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn
import sklearn.linear_model
from sklearn.datasets import make_classification
from sklearn.metrics import get_scorer

import crowfly
import crowfly.linear_model
from estimators import WEIGHTS_OF_SCORES_ARE_ROUTED

REGRESSORS = ["ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "LinearRegression", "Ridge", "RidgeCV"]
CLASSIFIERS = ["LogisticRegression", "LogisticRegressionCV"]
X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])


def pair(name: str, **attributes: Any) -> tuple[Any, Any]:
    """Ours and scikit-learn's, with these attributes."""
    models = (getattr(crowfly.linear_model, name)(), getattr(sklearn.linear_model, name)())
    for model in models:
        for attribute, value in attributes.items():
            setattr(model, attribute, value)
    return models


@pytest.mark.parametrize(
    ("coef", "intercept"),
    [
        ([2.0, -1.0], 0.5),
        ([[2.0, -1.0]], np.array([0.5])),
        ([[2.0, -1.0], [1.0, 1.0]], np.array([0.5, 1.0])),
    ],
    ids=["one target", "one target in a matrix", "two targets"],
)
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str, coef: list[Any], intercept: Any) -> None:
    ours, theirs = pair(name, coef_=np.array(coef), intercept_=intercept)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-15)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str, n_classes: int, method: str) -> None:
    coef = np.array([[2.0, -1.0], [1.0, 1.0], [0.0, 3.0]])[: 1 if n_classes == 2 else 3]
    classes = np.array(["a", "b", "c"])[:n_classes]
    ours, theirs = pair(name, coef_=coef, intercept_=np.zeros(len(coef)), classes_=classes)
    found, expected = getattr(ours, method)(X), getattr(theirs, method)(X)
    if method == "predict":
        assert found.tolist() == expected.tolist()
        return
    # scikit-learn subtracts a probability from one, and takes logarithms of what is left.
    smallest = theirs.predict_proba(X).min()
    off = {"predict_proba": 2.0**-52, "predict_log_proba": 2.0**-52 / smallest, "decision_function": 0.0}
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=off[method])


def test_classes_may_be_renamed() -> None:
    samples = [[0.0], [1.0], [2.0], [3.0]]
    model = crowfly.linear_model.LogisticRegression().fit(samples, [0, 0, 1, 1])
    model.classes_ = np.array(["no", "yes"])
    assert model.predict(samples).tolist() == ["no", "no", "yes", "yes"]


def test_attributes_that_do_not_fit_the_samples_are_refused() -> None:
    ours, _ = pair("Ridge", coef_=np.array([1.0, 2.0, 3.0]), intercept_=0.0)
    with pytest.raises(ValueError, match="X: 3 features"):
        ours.predict(X)


@pytest.mark.skipif(not WEIGHTS_OF_SCORES_ARE_ROUTED, reason="scikit-learn 1.8 passes weights on")
@pytest.mark.parametrize("package", [crowfly.linear_model, sklearn.linear_model], ids=["ours", "theirs"])
def test_weights_of_scores_are_the_scorers_to_ask_for(package: Any) -> None:
    X, y = make_classification(100, random_state=0)
    weights = {"sample_weight": np.linspace(0.5, 2, 100)}
    options = {"cv": 3, "Cs": 2, "l1_ratios": (0,), "use_legacy_attributes": False}
    with sklearn.config_context(enable_metadata_routing=True):
        for requested in (False, True):
            scorer = get_scorer("accuracy").set_score_request(sample_weight=requested)
            model = package.LogisticRegressionCV(scoring=scorer, **options).fit(X, y)
            if requested:
                assert 0.5 < model.score(X, y, **weights) <= 1
            else:
                with pytest.raises(TypeError, match="not routed to any object"):
                    model.score(X, y, **weights)
