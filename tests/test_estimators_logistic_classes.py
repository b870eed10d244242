# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression where classes are separated or without weight, and liblinear's penalised intercept: what scikit-learn's users get."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from crowfly.linear_model import LogisticRegression, LogisticRegressionCV
from test_estimators_linear import classification_problem


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 1, 2]])
def test_separated_classes_without_penalty_warn_and_are_told_apart(labels: list[int]) -> None:
    """In the estimator's words: the functional API's alpha is no parameter of it. scikit-learn gives a model, too."""
    X = [[0.0], [1.0], [2.0], [3.0]]
    with pytest.warns(ConvergenceWarning, match=r"separates classes.*C=np\.inf.*use a finite C") as caught:
        model = LogisticRegression(C=np.inf).fit(X, labels)
    assert "alpha" not in str(caught[0].message)
    assert model.optimality_gap_ == np.inf
    assert model.predict(X).tolist() == labels
    with (
        pytest.warns(FutureWarning, match="'penalty' was deprecated"),
        pytest.warns(ConvergenceWarning, match="penalty=None"),
    ):
        LogisticRegression(penalty=None).fit(X, labels)
    with pytest.warns(ConvergenceWarning, match=r"separates classes"):
        search = LogisticRegressionCV(
            Cs=[np.inf], l1_ratios=(0,), cv=2, scoring="accuracy", use_legacy_attributes=False
        ).fit(X * 4, labels * 4)
    assert search.scores_.min() == 1.0


@pytest.mark.parametrize("solver", ["lbfgs", "saga"])
@pytest.mark.parametrize("by", ["class", "sample"])
def test_a_class_without_weight_is_never_predicted(by: str, solver: str) -> None:
    X, y = classification_problem("iris")
    names = np.array(["a", "b", "c"])[y]
    l1_ratio = 0.5 if solver == "saga" else 0.0
    parameters: dict[str, Any] = {"C": 0.7, "solver": solver, "l1_ratio": l1_ratio}
    if by == "class":
        model = LogisticRegression(class_weight={"b": 0.0}, **parameters).fit(X, names)
    else:
        model = LogisticRegression(**parameters).fit(X, names, (names != "b").astype(float))
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.coef_.shape == (3, X.shape[1])
    probability = model.predict_proba(X)
    assert not probability[:, 1].any()
    # scikit-learn's steps end with little probability left for the class; its optimum is at none.
    kept = names != "b"
    theirs = sklearn.linear_model.LogisticRegression(tol=1e-6, max_iter=5000, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        alike = theirs.fit(X, names, kept.astype(float))
    np.testing.assert_allclose(probability[kept], alike.predict_proba(X)[kept], atol=1e-3)
    alone = LogisticRegression(class_weight={"a": 0.0, "c": 0.0}).fit(X, names)
    assert set(alone.predict(X)) == {"b"}
    with pytest.raises(ValueError, match="some weight without an intercept and a penalty, class number 1"):
        LogisticRegression(class_weight={"b": 0.0}, fit_intercept=False, C=np.inf).fit(X, names)
    with pytest.raises(ValueError, match="class_weight: a class of weight above zero"):
        LogisticRegression(class_weight=dict.fromkeys("abc", 0.0)).fit(X, names)


@pytest.mark.parametrize("form", [np.asarray, csr_array, lambda X: csr_array(X).tocsc()])
@pytest.mark.parametrize("scaling", [1.0, 30.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_liblinear_penalises_the_intercept(l1_ratio: float, scaling: float, form: Any) -> None:
    X, y = classification_problem("breast_cancer")
    X = form(X + 0.5)
    parameters: dict[str, Any] = {
        "solver": "liblinear",
        "C": 0.05,
        "l1_ratio": l1_ratio,
        "intercept_scaling": scaling,
        "class_weight": "balanced",
    }
    ours = LogisticRegression(**parameters).fit(X, y)
    theirs = sklearn.linear_model.LogisticRegression(
        tol=1e-9, max_iter=50_000, random_state=0, **parameters
    ).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-3, atol=1e-4)
    free = LogisticRegression(**{**parameters, "solver": "saga"}).fit(X, y)
    assert abs(free.intercept_[0] - theirs.intercept_[0]) > (0.05 if scaling == 1 else 0)
    search = LogisticRegressionCV(
        Cs=[0.05],
        l1_ratios=(l1_ratio,),
        cv=3,
        scoring="accuracy",
        use_legacy_attributes=False,
        **{name: value for name, value in parameters.items() if name not in ("C", "l1_ratio")},
    ).fit(X, y)
    np.testing.assert_allclose(search.coef_, ours.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(search.intercept_, ours.intercept_, rtol=1e-7)
    assert search.coefs_paths_.shape == (3, 1, 1, 1, X.shape[1] + 1)


def test_numbers_that_freeze_liblinear_are_refused_as_it_is() -> None:
    X = np.array([[0.0], [1e100]])
    for samples in (X, csr_array(X)):
        with pytest.raises(ValueError, match="'liblinear' solver while X contains a maximum value > 1e30"):
            LogisticRegression(solver="liblinear").fit(samples, [0, 1])


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_an_intercept_the_penalty_decides_of_a_class_without_weight(
    solver: str, n_classes: int
) -> None:
    X, y = classification_problem("iris")
    X, y = X[y < n_classes], y[y < n_classes]
    weights = (y > 0).astype(float)
    ours = LogisticRegression(fit_intercept=False, solver=solver).fit(X, y, sample_weight=weights)
    theirs = sklearn.linear_model.LogisticRegression(
        fit_intercept=False, solver=solver, tol=1e-10, max_iter=10_000
    )
    theirs.fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="some weight without an intercept and a penalty, class number 0"):
        LogisticRegression(fit_intercept=False, C=np.inf).fit(X, y, sample_weight=weights)


def test_balanced_weights_of_a_class_without_weight() -> None:
    X, y = classification_problem("iris")
    weights = (y > 0).astype(float)
    balanced = LogisticRegression(class_weight="balanced").fit(X, y, sample_weight=weights)
    plain = LogisticRegression().fit(X, y, sample_weight=1.5 * weights)
    assert (balanced.predict_proba(X)[:, 0] == 0).all()
    assert set(balanced.predict(X)) == {1, 2}
    assert set(plain.predict(X)) == {1, 2}


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("search", [False, True])
def test_liblinear_penalises_the_intercept_of_one_class_too(missing: int, search: bool) -> None:
    """A penalised intercept has an optimum where one class has all the weight: the same as with a sample of the other that weighs nearly nothing."""
    X, y = classification_problem("breast_cancer")
    weights = np.where(y == np.unique(y)[missing], 0.0, 1.0)
    nearly = np.where(weights == 0, 1e-13, 1.0)
    model: Any = LogisticRegression(solver="liblinear")
    if search:
        model = LogisticRegressionCV(
            Cs=[1.0], l1_ratios=(0,), solver="liblinear", scoring="accuracy", use_legacy_attributes=False
        )
    fit = model.fit(X, y, sample_weight=weights)
    coef, intercept = fit.coef_.copy(), fit.intercept_.copy()
    assert np.abs(intercept).max() < 10
    other = LogisticRegression(solver="liblinear").fit(X, y, sample_weight=nearly)
    np.testing.assert_allclose(coef, other.coef_, atol=1e-9)
    np.testing.assert_allclose(intercept, other.intercept_, atol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_class_that_folds_lack_without_an_intercept(n_classes: int) -> None:
    """As scikit-learn: the penalty decides. Its own solver is told to go on to the end."""
    X, y = classification_problem("breast_cancer" if n_classes == 2 else "iris")
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    folds = [(np.flatnonzero(y != y[0]), np.flatnonzero(y == y[0])), (np.arange(len(y)), np.arange(9))]
    options: dict[str, Any] = {
        "Cs": [0.1, 1.0],
        "l1_ratios": (0,),
        "fit_intercept": False,
        "scoring": "accuracy",
        "use_legacy_attributes": False,
        "cv": folds,
        "tol": 1e-10,
        "max_iter": 1000,
    }
    if n_classes == 2:
        # scikit-learn refuses a fold of one class.
        assert np.isfinite(LogisticRegressionCV(**options).fit(X, y).scores_).all()
        return
    ours = LogisticRegressionCV(**options).fit(X, y)
    theirs = sklearn.linear_model.LogisticRegressionCV(**options).fit(X, y)
    np.testing.assert_allclose(ours.coefs_paths_, theirs.coefs_paths_, atol=1e-5)
    with pytest.raises(ValueError, match="every class in every training set"):
        LogisticRegressionCV(**{**options, "Cs": [np.inf]}).fit(X, y)
