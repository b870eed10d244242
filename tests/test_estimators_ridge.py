# SPDX-License-Identifier: BSD-3-Clause
"""RidgeCV and the ridge classifiers behave as scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sklearn
import sklearn.linear_model
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit, cross_val_predict, cross_val_score
from sklearn.preprocessing import StandardScaler

from crowfly.linear_model import Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV, _ridge_cv

Array = npt.NDArray[Any]

ALPHAS = [0.1, 1.0, 10.0, 100.0]

# Both solve well-conditioned problems (condition below 100, n = 442) through a Gram matrix.
RTOL = 442 * 1e4 * float(np.finfo(np.float64).eps)


def regression(targets: str) -> tuple[Array, Array]:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X) + 1.0
    noise = np.random.default_rng(3).standard_normal(len(y))
    return X, {"one": y, "column": y[:, np.newaxis], "several": np.column_stack([y, -(y**2) / 100, noise])}[
        targets
    ]


def classification(name: str) -> tuple[Array, Array]:
    X, y = {"iris": load_iris, "breast_cancer": load_breast_cancer}[name](return_X_y=True)
    return StandardScaler().fit_transform(X)[:, :10] + 0.5, np.array(["a", "b", "c"])[y]


def sample_weights(kind: str | None, n: int) -> Array | None:
    weights = np.random.default_rng(7).uniform(0.5, 3.0, size=n)
    if kind is None:
        return None
    return weights if kind == "positive" else weights * (np.arange(n) % 4 > 0)


def assert_close(actual: Any, expected: Any) -> None:
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=RTOL, atol=RTOL * np.abs(expected).max())


def assert_same_choice(ours: Any, theirs: Any, names: tuple[str, ...] = ()) -> None:
    np.testing.assert_array_equal(ours.alpha_, theirs.alpha_)
    for name in ("best_score_", "coef_", "intercept_", *names):
        assert_close(getattr(ours, name), getattr(theirs, name))


# --- Leave-one-out ---


@pytest.mark.parametrize("weights", [None, "positive", "some zero"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", ["one", "column", "several"])
def test_ridge_cv_equals_scikit_learn(targets: str, fit_intercept: bool, weights: str | None) -> None:
    X, y = regression(targets)
    w = sample_weights(weights, len(X))
    params: dict[str, Any] = {"alphas": ALPHAS, "fit_intercept": fit_intercept, "store_cv_results": True}
    ours = RidgeCV(**params).fit(X, y, w)
    theirs = sklearn.linear_model.RidgeCV(**params).fit(X, y, w)
    assert_same_choice(ours, theirs, ("cv_results_",))
    assert type(ours.intercept_) is type(theirs.intercept_)
    assert_close(ours.predict(X), theirs.predict(X))
    assert_close(ours.coef_, Ridge(ours.alpha_, fit_intercept=fit_intercept).fit(X, y, w).coef_)


@pytest.mark.parametrize("weights", [None, "positive"])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error", "r2"])
def test_a_penalty_for_each_target(scoring: str | None, weights: str | None) -> None:
    X, y = regression("several")
    w = sample_weights(weights, len(X))
    params: dict[str, Any] = {"alphas": ALPHAS, "scoring": scoring, "alpha_per_target": True}
    ours = RidgeCV(**params).fit(X, y, w)
    theirs = sklearn.linear_model.RidgeCV(**params).fit(X, y, w)
    assert_same_choice(ours, theirs)
    assert len(set(ours.alpha_)) > 1


@pytest.mark.parametrize("targets", ["one", "several"])
@pytest.mark.parametrize("scoring", ["neg_mean_absolute_error", "r2", "explained_variance"])
def test_scorers_see_leave_one_out_predictions(scoring: str, targets: str) -> None:
    X, y = regression(targets)
    params: dict[str, Any] = {"alphas": ALPHAS, "scoring": scoring, "store_cv_results": True}
    ours = RidgeCV(**params).fit(X, y)
    theirs = sklearn.linear_model.RidgeCV(**params).fit(X, y)
    assert_same_choice(ours, theirs, ("cv_results_",))


def test_interpolating_fits_keep_their_digits() -> None:
    """60 features, 20 samples and a penalty of 1e-8: errors by refitting are the reference."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((20, 60)), rng.standard_normal(20)
    model = RidgeCV(alphas=[1e-8], store_cv_results=True).fit(X, y)
    rows = np.arange(20)
    refitted = [
        (y[i] - Ridge(1e-8).fit(X[rows != i], y[rows != i]).predict(X[i : i + 1])[0]) ** 2 for i in rows
    ]
    np.testing.assert_allclose(model.cv_results_[:, 0], refitted, rtol=1e-9)


@pytest.mark.parametrize("kind", [RidgeCV, RidgeClassifierCV])
def test_no_penalty_is_among_the_alphas_of_folds_only(kind: Any) -> None:
    X, y = regression("one")
    y = y if kind is RidgeCV else (y > 0).astype(int)
    model = kind(alphas=[0.0, 1e6], cv=5).fit(X, y)
    assert model.alpha_ == 0.0
    with pytest.raises(ValueError, match=r"alphas\[0\] == 0.0, must be > 0.0.*crowfly.ridge_path"):
        kind(alphas=[0.0, 1e6]).fit(X, y)


def test_integers_and_float32_are_taken() -> None:
    X, y = regression("one")
    rounded = np.round(10 * X)
    expected = RidgeCV().fit(rounded, y)
    for kind in (np.int64, np.float32):
        model = RidgeCV().fit(rounded.astype(kind), y.astype(kind))
        assert model.alpha_ == expected.alpha_
        if kind is np.float32:
            np.testing.assert_array_equal(model.coef_, expected.coef_.astype(np.float32))
        else:
            np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-14)


# --- Other folds ---


@pytest.mark.parametrize("weights", [None, "positive", "some zero"])
@pytest.mark.parametrize("scoring", [None, "neg_mean_squared_error", "neg_root_mean_squared_error"])
@pytest.mark.parametrize("targets", ["one", "several"])
@pytest.mark.parametrize("cv", [5, KFold(4, shuffle=True, random_state=3)])
def test_folds_share_sums(
    cv: Any, targets: str, scoring: str | None, weights: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores are those of fits one by one; nothing is fitted one by one."""
    X, y = regression(targets)
    w = sample_weights(weights, len(X))
    monkeypatch.setattr(_ridge_cv, "GridSearchCV", None)
    ours = RidgeCV(alphas=ALPHAS, scoring=scoring, cv=cv).fit(X, y, w)
    # Since scikit-learn 1.9 scores are weighted without routing, too.
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = sklearn.metrics.get_scorer(scoring or "r2").set_score_request(sample_weight=w is not None)
        scores = [
            cross_val_score(
                Ridge(alpha).set_fit_request(sample_weight=w is not None),
                X,
                y,
                cv=cv,
                scoring=scorer,
                params=None if w is None else {"sample_weight": w},
            ).mean()
            for alpha in ALPHAS
        ]
    assert ours.alpha_ == ALPHAS[int(np.argmax(scores))]
    np.testing.assert_allclose(ours.best_score_, max(scores), rtol=RTOL)
    np.testing.assert_array_equal(ours.coef_, Ridge(ours.alpha_).fit(X, y, w).coef_)


@pytest.mark.parametrize(
    ("cv", "scoring", "n_samples"),
    [
        (ShuffleSplit(3, random_state=0), None, 442),
        (TimeSeriesSplit(3), None, 442),
        (5, "neg_mean_absolute_error", 442),
        (3, None, 14),
    ],
)
def test_other_folds_and_scores_are_fitted_one_by_one(cv: Any, scoring: str | None, n_samples: int) -> None:
    X, y = regression("one")
    X, y = X[:n_samples], y[:n_samples]
    params: dict[str, Any] = {"alphas": ALPHAS, "scoring": scoring, "cv": cv}
    ours = RidgeCV(**params).fit(X, y)
    theirs = sklearn.linear_model.RidgeCV(**params).fit(X, y)
    assert_same_choice(ours, theirs)


# --- Classifiers ---


@pytest.mark.parametrize("weights", [None, "positive"])
@pytest.mark.parametrize("class_weight", [None, "balanced", {"a": 2.0, "b": 0.5}])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("data", ["iris", "breast_cancer"])
def test_classifiers_equal_scikit_learn(
    data: str, fit_intercept: bool, class_weight: Any, weights: str | None
) -> None:
    X, y = classification(data)
    w = sample_weights(weights, len(X))
    params: dict[str, Any] = {"fit_intercept": fit_intercept, "class_weight": class_weight}
    ours = RidgeClassifier(**params).fit(X, y, w)
    theirs = sklearn.linear_model.RidgeClassifier(**params).fit(X, y, w)
    for name in ("coef_", "intercept_"):
        assert_close(getattr(ours, name), getattr(theirs, name))
    assert_close(ours.decision_function(X), theirs.decision_function(X))
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    for cv in (None, 4):
        chosen = RidgeClassifierCV(alphas=ALPHAS, cv=cv, store_cv_results=cv is None, **params).fit(X, y, w)
        peer = sklearn.linear_model.RidgeClassifierCV(
            alphas=ALPHAS, cv=cv, store_cv_results=cv is None, **params
        ).fit(X, y, w)
        assert_same_choice(chosen, peer, ("cv_results_",) if cv is None else ())


@pytest.mark.parametrize("data", ["iris", "breast_cancer"])
@pytest.mark.parametrize("scoring", ["accuracy", "f1_macro"])
def test_scorers_of_classifiers_see_leave_one_out_decisions(scoring: str, data: str) -> None:
    """Against refitting without each sample; scikit-learn takes all samples of two classes for the first."""
    X, y = classification(data)
    X, y = X[::4], y[::4]
    scores = [
        sklearn.metrics.get_scorer(scoring)._score_func(
            y,
            cross_val_predict(RidgeClassifier(alpha), X, y, cv=KFold(len(X))),
            **({"average": "macro"} if scoring == "f1_macro" else {}),
        )
        for alpha in ALPHAS
    ]
    model = RidgeClassifierCV(alphas=ALPHAS, scoring=scoring).fit(X, y)
    assert model.alpha_ == ALPHAS[int(np.argmax(scores))]
    np.testing.assert_allclose(model.best_score_, max(scores), rtol=1e-12)


def test_several_labels_per_sample() -> None:
    X, y = classification("iris")
    indicators = np.column_stack([y == "a", (y == "b") | (X[:, 0] > 1)]).astype(int)
    ours, theirs = (
        kind().fit(X, indicators) for kind in (RidgeClassifier, sklearn.linear_model.RidgeClassifier)
    )
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


# --- Refusals ---


@pytest.mark.parametrize("kind", [RidgeCV, RidgeClassifierCV])
@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"alphas": [1.0, -1.0]}, ValueError, r"alphas\[1\] == -1.0"),
        ({"alphas": [1.0, "1"]}, TypeError, r"alphas\[1\] must be an instance of float, not str"),
        ({"alphas": []}, ValueError, "alphas: at least one"),
        ({"alphas": [np.inf, 1.0]}, ValueError, r"alphas\[0\] == inf"),
        ({"cv": 3, "store_cv_results": True}, ValueError, "incompatible"),
    ],
)
def test_refused_parameters(kind: Any, params: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        kind(**params).fit([[0.0], [1.0], [2.0], [4.0]], [0, 1, 0, 1])


@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
@pytest.mark.parametrize("data", ["iris", "breast_cancer"])
def test_classifiers_without_negative_coefficients(data: str, solver: str) -> None:
    X, y = classification(data)
    ours = RidgeClassifier(alpha=3.0, positive=True, solver=solver).fit(X, y)
    theirs = sklearn.linear_model.RidgeClassifier(alpha=3.0, positive=True, tol=1e-12).fit(X, y)
    assert (ours.coef_ >= 0).all()
    assert (ours.coef_ == 0).any()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_refusals_of_one_of_them() -> None:
    X, y = regression("several")
    with pytest.raises(ValueError, match="incompatible"):
        RidgeCV(cv=3, alpha_per_target=True).fit(X, y)
    with pytest.raises(ValueError, match="does not support positive fitting"):
        RidgeClassifier(positive=True, solver="svd").fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="lbfgs"):
        RidgeClassifier(solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="class_weight"):
        RidgeClassifier(class_weight={0: -1.0}).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        RidgeCV().fit(X, y, groups=[1])


@pytest.mark.parametrize("estimator", [RidgeCV(alphas=ALPHAS), RidgeClassifierCV(alphas=ALPHAS)])
def test_metadata_routing(estimator: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:, :5]
    w = sample_weights("positive", len(X))
    for cv in (None, 3):
        model = clone(estimator).set_params(cv=cv)
        with sklearn.config_context(enable_metadata_routing=True):
            routed = clone(model).set_fit_request(sample_weight=True).fit(X, y, sample_weight=w)
        plain = clone(model).fit(X, y, sample_weight=w)
        np.testing.assert_allclose(routed.coef_, plain.coef_, rtol=1e-12)


def test_the_best_score_of_one_column_is_an_array() -> None:
    X, y = load_diabetes(return_X_y=True)
    for target in (y, y[:, np.newaxis]):
        ours = RidgeCV(ALPHAS, alpha_per_target=True).fit(X, target)
        theirs = sklearn.linear_model.RidgeCV(ALPHAS, alpha_per_target=True).fit(X, target)
        assert np.shape(ours.best_score_) == np.shape(theirs.best_score_)
        assert np.shape(ours.alpha_) == np.shape(theirs.alpha_)
