# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own conformance checks, all of them and with no expected failures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import pytest
import sklearn.linear_model
import sklearn.neighbors
from sklearn.utils.estimator_checks import estimator_checks_generator

import crowfly.linear_model
import crowfly.neighbors

PAIRS = [
    (getattr(ours, name), getattr(theirs, name))
    for ours, theirs in ((crowfly.neighbors, sklearn.neighbors), (crowfly.linear_model, sklearn.linear_model))
    for name in ours.__all__
    if hasattr(getattr(theirs, name, None), "fit")
]
ESTIMATORS = [ours for ours, _ in PAIRS]

# Checks that scikit-learn yields for its class and not for ours, each for what ours doesn't claim.
NOT_CLAIMED = {
    "check_sample_weight_equivalence_on_sparse_data": "sparse input",
    "check_estimator_sparse_tag": "sparse input",
    "check_array_api_input": "arrays of other libraries; from scikit-learn 1.9 on yielded for NumPy's, too",
    "check_array_api_mixed_inputs": "arrays of other libraries",
    "check_array_api_same_namespace": "arrays of other libraries",
    "check_class_weight_balanced_linear_classifier": "inheritance from a private class; in test_estimators_linear",
}

# The only checks which may end as skipped: the first is run by the last test below, the others need methods that
# neighbour classifiers and ridge classifiers don't have.
MAY_SKIP = {
    "check_array_api_input",
    "check_classifiers_multilabel_output_format_decision_function",
    "check_classifiers_multilabel_output_format_predict_proba",
}

ARRAY_API_CHECKS = """
import warnings
from sklearn.utils.estimator_checks import estimator_checks_generator
import crowfly.linear_model, crowfly.neighbors
warnings.simplefilter("error")
for module in (crowfly.neighbors, crowfly.linear_model):
    for name in module.__all__:
        estimator = getattr(module, name)
        if not hasattr(estimator, "fit"):
            continue
        options = {"cv": 3, "l1_ratios": (0,), "scoring": "accuracy", "use_legacy_attributes": False} if name == "LogisticRegressionCV" else {}
        for instance, check in estimator_checks_generator(estimator(**options)):
            if getattr(check, "func", check).__name__.startswith("check_array_api"):
                check(instance)
                print(name)
"""


def check_name(check: Any) -> str:
    name: str = getattr(check, "func", check).__name__
    return name


def check_names(estimator: Any) -> list[str]:
    return [check_name(check) for _, check in estimator_checks_generator(estimator)]


# As scikit-learn runs its own: with folds that the checks' smallest data have rows for, and without the warnings of defaults that are to change.
SEARCH = {"cv": 3, "l1_ratios": (0,), "scoring": "accuracy", "use_legacy_attributes": False}
PARAMETERS: dict[str, dict[str, Any]] = {"LogisticRegressionCV": SEARCH}


def instance_of(estimator: Any) -> Any:
    return estimator(**PARAMETERS.get(estimator.__name__, {}))


# What `parametrize_with_checks` yields; as a list, since pytest 9 takes no generators, which scikit-learn 1.8 passes.
CHECKS = [
    pytest.param(instance, check, id=f"{type(instance).__name__}-{number}-{check_name(check)}")
    for estimator in ESTIMATORS
    for number, (instance, check) in enumerate(estimator_checks_generator(instance_of(estimator)))
]


# The checks' small data are fewer points than LocalOutlierFactor's default of neighbours, of which scikit-learn's warns, too.
@pytest.mark.filterwarnings("ignore:n_neighbors:UserWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learn_check(estimator: Any, check: Callable[[Any], None]) -> None:
    try:
        check(estimator)
    except SkipTest:
        assert check_name(check) in MAY_SKIP
        raise


def test_every_estimator_is_checked() -> None:
    assert {estimator.__name__ for estimator in ESTIMATORS} >= {
        "KNeighborsClassifier",
        "KNeighborsRegressor",
        "KNeighborsTransformer",
        "LinearRegression",
        "LocalOutlierFactor",
        "LogisticRegression",
        "LogisticRegressionCV",
        "NearestCentroid",
        "NearestNeighbors",
        "RadiusNeighborsClassifier",
        "RadiusNeighborsRegressor",
        "RadiusNeighborsTransformer",
        "Ridge",
        "RidgeCV",
        "RidgeClassifier",
        "RidgeClassifierCV",
    }


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_no_check_is_missing(ours: Any, theirs: Any) -> None:
    """Silence is noticed: ours gets every check that scikit-learn's class gets, but for named claims."""
    missing = set(check_names(instance_of(theirs))) - set(check_names(instance_of(ours)))
    assert missing <= set(NOT_CLAIMED)
    assert len(check_names(instance_of(ours))) > 40


def test_array_api_checks() -> None:
    """These need a variable of the environment that SciPy reads once, at import."""
    run = subprocess.run(
        [sys.executable, "-c", ARRAY_API_CHECKS],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    yielded = {
        estimator.__name__ for estimator in ESTIMATORS if "check_array_api_input" in check_names(estimator())
    }
    assert set(run.stdout.split()) == yielded


def test_import_of_crowfly_is_light() -> None:
    """The functional API needs NumPy alone."""
    program = "import sys, crowfly; print(sorted({'sklearn', 'scipy', 'joblib'} & {m.split('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
