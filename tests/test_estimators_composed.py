# SPDX-License-Identifier: BSD-3-Clause
"""Estimators inside scikit-learn's tools: pipelines, searches, ensembles, inspection. What comes out is what comes out with scikit-learn's own."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn.linear_model
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, StackingClassifier, StackingRegressor, VotingClassifier
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.inspection import DecisionBoundaryDisplay, partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from estimators import LINEAR_MODELS, PAIRS, REMOVED_PARAMETERS, SEES_POLARS, answer, make

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

RNG = np.random.default_rng(1)
X = RNG.normal(size=(90, 4))
Y = (X[:, 0] + X[:, 1] + 0.5 * RNG.normal(size=90) > 0).astype(np.int64)
TARGET = X @ [3.0, -2.0, 0.5, 0.0] + 0.1 * RNG.normal(size=90)

CLASSIFIERS = [name for name in PAIRS if is_classifier(make(name))]
# A pipeline passes on no other method than these.
STEPS = [name for name in PAIRS if hasattr(make(name), "predict") or hasattr(make(name), "transform")]
REGRESSORS = [
    name for name, (ours, _) in PAIRS.items() if "Regress" in str(ours.__mro__) and name not in CLASSIFIERS
]


def assert_close(ours: Any, theirs: Any, tolerance: float = 1e-3) -> None:
    """Two solutions of one problem differ by scikit-learn's tolerances."""
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def both(name: str) -> tuple[Any, Any]:
    return make(name), make(name, theirs=True)


@pytest.mark.parametrize("name", STEPS)
def test_pipelines(name: str) -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", make(name))])
    nested = {f"model__{key}": value for key, value in make(name).get_params().items()}
    assert {key: value for key, value in pipeline.get_params().items() if key in nested} == nested
    expected = answer(make(name).fit(StandardScaler().fit_transform(X), Y), StandardScaler().fit_transform(X))
    fitted = pipeline.fit(X, Y)
    copies = [pickle.loads(pickle.dumps(fitted)), clone(fitted).fit(X, Y)]
    for copied in (fitted, *copies):
        np.testing.assert_array_equal(answer(copied, X), expected)
    assert name in fitted._repr_html_()
    assert name in make(name)._repr_html_()
    theirs = make(name, theirs=True).get_params()
    kept = {key: value for key, value in theirs.items() if key not in REMOVED_PARAMETERS}
    assert clone(make(name)).get_params() == make(name).get_params() == kept


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("name", STEPS)
def test_frames_between_steps(name: str, output: str) -> None:
    pipeline = make_pipeline(StandardScaler(), make(name))
    if hasattr(make(name), "transform"):
        # Its graph is sparse, which is no frame.
        pipeline[0].set_output(transform=output)
    else:
        pipeline.set_output(transform=output)
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame}[output]({f"x{i}": X[:, i] for i in range(4)})
    pipeline.fit(frame, Y)
    if output == "pandas" or SEES_POLARS:
        assert pipeline[-1].feature_names_in_.tolist() == ["x0", "x1", "x2", "x3"]
    # The scaler adds the columns of a frame in another order than those of an array.
    expected = answer(make_pipeline(StandardScaler(), make(name)).fit(X, Y), X)
    np.testing.assert_allclose(answer(pipeline, frame), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
@pytest.mark.parametrize("name", ["KNeighborsTransformer", "RadiusNeighborsTransformer"])
def test_graphs_are_no_frames(name: str, output: str) -> None:
    """They are sparse: scikit-learn refuses to make frames of those."""
    results = []
    for model in both(name):
        try:
            results.append(model.set_output(transform=output).fit(X).transform(X).toarray())
        except ValueError as error:
            results.append(str(error))
        assert list(model.get_feature_names_out())[-1] == f"{name.lower()}{len(X) - 1}"
    ours, theirs = results
    if isinstance(theirs, str):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize(
    ("name", "grid"),
    [
        ("KNeighborsClassifier", {"n_neighbors": [1, 5, 20], "weights": ["uniform", "distance"]}),
        ("LogisticRegression", {"C": [0.01, 1.0, 100.0]}),
        ("Ridge", {"alpha": [0.1, 1.0, 10.0]}),
    ],
    ids=["KNeighborsClassifier", "LogisticRegression", "Ridge"],
)
def test_searches_in_threads_and_processes(name: str, grid: dict[str, list[Any]], backend: str) -> None:
    alone = GridSearchCV(make(name), grid, cv=3).fit(X, Y)
    with joblib.parallel_backend(backend, n_jobs=2):
        found = GridSearchCV(make(name), grid, cv=3).fit(X, Y)
    theirs = GridSearchCV(make(name, theirs=True), grid, cv=3).fit(X, Y)
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert_close(found.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    assert found.best_params_ == theirs.best_params_


@pytest.mark.parametrize("name", STEPS)
def test_columns_of_a_frame(name: str) -> None:
    frame = pd.DataFrame(X, columns=list("abcd")).assign(kind=np.array(["x", "y", "z"])[np.arange(90) % 3])
    results = []
    for model in both(name):
        columns = ColumnTransformer(
            [("kind", OneHotEncoder(sparse_output=False), ["kind"]), ("rest", StandardScaler(), ["a", "b"])]
        )
        # scikit-learn's radius regressor has no NaN among whole numbers for samples without neighbours.
        results.append(
            answer(make_pipeline(columns, model).fit(frame, Y if name in CLASSIFIERS else TARGET), frame)
        )
    assert_close(*results)


@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_calibration(name: str, ensemble: bool) -> None:
    ours, theirs = (
        CalibratedClassifierCV(model, cv=3, ensemble=ensemble).fit(X, Y).predict_proba(X)
        for model in both(name)
    )
    assert_close(ours, theirs)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_ensembles_of_classifiers(name: str) -> None:
    final = sklearn.linear_model.LogisticRegression(tol=1e-8)
    combinations: list[Callable[[Any], Any]] = [
        lambda model: StackingClassifier([("a", model), ("b", clone(model))], final, cv=3),
        lambda model: BaggingClassifier(model, 3, random_state=0),
        lambda model: VotingClassifier([("a", model), ("b", clone(model))]),
        OneVsRestClassifier,
    ]
    for combine in combinations:
        ours, theirs = (combine(model).fit(X, Y).predict(X) for model in both(name))
        assert np.mean(ours == theirs) > 0.97


@pytest.mark.parametrize("name", REGRESSORS)
def test_ensembles_of_regressors(name: str) -> None:
    final = sklearn.linear_model.Ridge()
    combinations: list[Callable[[Any], Any]] = [
        lambda model: StackingRegressor([("a", model), ("b", clone(model))], final, cv=3),
        lambda model: TransformedTargetRegressor(model, func=np.arcsinh, inverse_func=np.sinh),
    ]
    for combine in combinations:
        ours, theirs = (combine(model).fit(X, TARGET).predict(X) for model in both(name))
        assert_close(ours, theirs, 5e-3)
    several = np.column_stack([TARGET, X[:, 1]])
    ours, theirs = (MultiOutputRegressor(model).fit(X, several).predict(X) for model in both(name))
    assert_close(ours, theirs, 5e-3)


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_inspection(name: str) -> None:
    y = Y if name in CLASSIFIERS else TARGET
    fits = [model.fit(X, y) for model in both(name)]
    ours, theirs = (
        permutation_importance(fit, X, y, n_repeats=2, random_state=0).importances for fit in fits
    )
    assert_close(ours, theirs, 0.02)
    if name not in CLASSIFIERS or hasattr(fits[0], "predict_proba") or hasattr(fits[0], "decision_function"):
        ours, theirs = (
            partial_dependence(fit, X, [0], grid_resolution=5, kind="average")["average"] for fit in fits
        )
        assert_close(ours, theirs, 5e-3)
    ours, theirs = (cross_val_predict(model, X, y, cv=3) for model in both(name))
    assert np.mean(np.isclose(ours, theirs, rtol=5e-3, atol=5e-3)) > 0.97


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_decision_boundaries(name: str) -> None:
    pytest.importorskip("matplotlib").use("agg")
    import matplotlib.pyplot as plt

    found = []
    for model in both(name):
        display = DecisionBoundaryDisplay.from_estimator(model.fit(X[:, :2], Y), X[:, :2], grid_resolution=20)
        found.append(np.asarray(display.response))
        plt.close("all")
    ours, theirs = found
    assert ours.shape == theirs.shape
    assert np.mean(np.isclose(ours, theirs, rtol=5e-3, atol=5e-3)) > 0.99


@pytest.mark.parametrize("name", LINEAR_MODELS)
def test_selection_of_columns(name: str) -> None:
    y = Y if name in CLASSIFIERS else TARGET
    for select in (SelectFromModel, lambda model: RFE(model, n_features_to_select=2)):
        ours, theirs = (select(model).fit(X, y).get_support() for model in both(name))
        assert ours.tolist() == theirs.tolist()
