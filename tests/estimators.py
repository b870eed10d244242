# SPDX-License-Identifier: BSD-3-Clause
"""Every estimator beside scikit-learn's, with parameters that make both quick and sure on small data."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
import sklearn.linear_model
import sklearn.neighbors

import crowfly.linear_model
import crowfly.neighbors

PAIRS = {
    name: (getattr(ours, name), getattr(theirs, name))
    for ours, theirs in ((crowfly.neighbors, sklearn.neighbors), (crowfly.linear_model, sklearn.linear_model))
    for name in ours.__all__
    if hasattr(getattr(ours, name), "fit")
}
LINEAR_MODELS = [name for name in PAIRS if name in crowfly.linear_model.__all__]
OPTIONS: dict[str, dict[str, Any]] = {
    "LogisticRegressionCV": {
        "cv": 3,
        "Cs": 3,
        "l1_ratios": (0,),
        "scoring": "accuracy",
        "use_legacy_attributes": False,
        # scikit-learn's fastest on small data; it has no effect here.
        "solver": "newton-cholesky",
    },
    "LassoCV": {"cv": 3, "alphas": 20, "tol": 1e-8},
    "ElasticNetCV": {"cv": 3, "alphas": 20, "tol": 1e-8},
    "LocalOutlierFactor": {"novelty": True},
    **{
        name: {"radius": 5.0}
        for name in ("RadiusNeighborsClassifier", "RadiusNeighborsRegressor", "RadiusNeighborsTransformer")
    },
}
# Where scikit-learn's releases that are supported differ:
SKLEARN = tuple(map(int, sklearn.__version__.split(".")[:2]))
# 1.8 asks frames for an interchange protocol that polars 2 has given up, so it doesn't see the names of their columns.
SEES_POLARS = SKLEARN >= (1, 9)
# 1.9 has removed n_alphas of LassoCV and ElasticNetCV, and leaves weights of LogisticRegressionCV.score to the scorer.
REMOVED_PARAMETERS = {"n_alphas"} if SKLEARN < (1, 9) else set()
WEIGHTS_OF_SCORES_ARE_ROUTED = SKLEARN >= (1, 9)
# Before, logistic regression of float32 samples had coefficients in float32 and intercepts in float64.
INTERCEPTS_KEEP_FLOAT32 = SKLEARN >= (1, 9)

METHODS = ("predict", "transform", "kneighbors")


def make(name: str, *, theirs: bool = False) -> Any:
    return PAIRS[name][theirs](**OPTIONS.get(name, {}))


def answer(model: Any, new: Any) -> Any:
    method = next(method for method in METHODS if hasattr(model, method))
    found = getattr(model, method)(new)
    found = found[0] if isinstance(found, tuple) else found
    return found.toarray() if hasattr(found, "toarray") else np.asarray(found)
