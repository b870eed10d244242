# SPDX-License-Identifier: BSD-3-Clause
"""The prediction of a fitted estimator for one row: what a service waits for. The fit isn't timed.

Both sides are fitted to the same data with the same parameters. An answer is what the method returns.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from bench.tasks.base import Arrays, Problem, Task, Verdict

#: Iterative solvers end anywhere within their default tolerance: digits are the other tasks' matter, here a value only has to be the same question's.
WRONG = 1e-2


@dataclass(frozen=True)
class Prediction:
    """Which estimator predicts, how it is made, and what it is asked.

    `target` is the array of the data set that it is fitted to.
    """

    estimator: str
    method: str
    target: str
    package: str = "linear_model"
    options: Mapping[str, Any] = field(default_factory=dict)


_CROSS_VALIDATED = {
    "Cs": 3,
    "cv": 3,
    "l1_ratios": (0.0,),
    "scoring": "accuracy",
    "use_legacy_attributes": False,
}
#: With the sources' rows: about a hundred of ten thousand points are so near.
RADIUS = 3.0

PREDICTIONS = {
    prediction.estimator: prediction
    for prediction in (
        *(
            Prediction(name, "predict", "y")
            for name in (
                "LinearRegression",
                "Ridge",
                "RidgeCV",
                "Lasso",
                "LassoCV",
                "ElasticNet",
                "ElasticNetCV",
            )
        ),
        *(Prediction(name, "predict", "labels") for name in ("RidgeClassifier", "RidgeClassifierCV")),
        Prediction("LogisticRegression", "predict_proba", "labels"),
        Prediction("LogisticRegressionCV", "predict_proba", "labels", options=_CROSS_VALIDATED),
        Prediction("NearestNeighbors", "kneighbors", "y", "neighbors"),
        Prediction("KNeighborsClassifier", "predict_proba", "labels", "neighbors"),
        Prediction("KNeighborsRegressor", "predict", "y", "neighbors"),
        Prediction("KNeighborsTransformer", "transform", "y", "neighbors"),
        *(
            Prediction(name, method, target, "neighbors", {"radius": RADIUS})
            for name, method, target in (
                ("RadiusNeighborsClassifier", "predict_proba", "labels"),
                ("RadiusNeighborsRegressor", "predict", "y"),
                ("RadiusNeighborsTransformer", "transform", "y"),
            )
        ),
        Prediction("NearestCentroid", "predict", "labels", "neighbors"),
        Prediction("LocalOutlierFactor", "decision_function", "y", "neighbors", {"novelty": True}),
    )
}


def fitted(package: str, arrays: Arrays, parameters: Mapping[str, Any]) -> Any:
    """The estimator of "crowfly" or "sklearn", fitted."""
    asked = PREDICTIONS[parameters["estimator"]]
    kind = getattr(importlib.import_module(f"{package}.{asked.package}"), asked.estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**asked.options).fit(arrays["X"], arrays[asked.target])


def _numbers(answer: Any) -> NDArray[np.float64]:
    """One row of numbers: of (distances, indices) the distances, of a graph its edges in the order of their columns."""
    first = answer[0] if isinstance(answer, tuple) else answer
    dense = first.toarray() if scipy.sparse.issparse(first) else first
    return np.asarray(dense, dtype=np.float64).ravel()


def _truth(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    model = fitted("sklearn", arrays, parameters)
    method = PREDICTIONS[parameters["estimator"]].method
    return {"prediction": _numbers(getattr(model, method)(arrays["row"]))}


def _judge(_problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    found, expected = _numbers(answer), truth["prediction"]
    if found.shape != expected.shape:
        return Verdict(np.inf, False, f"{found.size} numbers instead of {expected.size}")
    error = float(np.max(np.abs(found - expected)) / max(1.0, np.max(np.abs(expected))))
    if not error <= WRONG:
        return Verdict(error, False, f"a prediction is off by {error:.1e}")
    return Verdict(error, True)


PREDICTION = Task(
    "one-row prediction",
    "difference to scikit-learn's, relative to the largest value where that is above one",
    _truth,
    _judge,
    truth_key=lambda parameters: str(parameters["estimator"]),
)
