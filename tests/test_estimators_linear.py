# SPDX-License-Identifier: BSD-3-Clause
"""The linear estimators behave as scikit-learn's, on its own data sets and in its own tools."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pytest
import sklearn
import sklearn.linear_model
from scipy.sparse import csr_array, issparse
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import crowfly.linear_model
from assertions import EPS
from crowfly.linear_model import (
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeCV,
)
from crowfly.linear_model._separated import in_terms_of_C
from crowfly.logistic import _CAUSES, _SEPARATED
from estimators import INTERCEPTS_KEEP_FLOAT32, LINEAR_MODELS

Array = npt.NDArray[Any]

REGRESSION = {"diabetes": load_diabetes, "linnerud": load_linnerud}
CLASSIFICATION = {
    "breast_cancer": load_breast_cancer,
    "iris": load_iris,
    "wine": load_wine,
    "digits": load_digits,
}


# --- Least squares ----------------------------------------------------------------------------------------------------


def regression_problem(name: str, targets: str) -> tuple[Array, Array]:
    X, y = REGRESSION[name](return_X_y=True)
    X = StandardScaler().fit_transform(X) + 1.0
    y = y.reshape(len(y), -1)
    return X, {"one": y[:, 0], "column": y[:, :1], "several": np.column_stack([y[:, 0], -(y[:, 0] ** 2)])}[
        targets
    ]


def sample_weights(kind: str | None, n: int) -> Array | None:
    weights = np.random.default_rng(7).uniform(0.5, 3.0, size=n)
    if kind is None:
        return None
    return weights if kind == "positive" else weights * (np.arange(n) % 4 > 0)


def assert_same_linear_model(ours: Any, theirs: Any, X: Array) -> None:
    """Same shapes and types, and values within a backward-stable solver's error.

    The designs have a condition number below 100 and the relative forward error of a normal-equation solve is below
    n * condition ** 2 * eps = 442 * 1e4 * 2.2e-16.
    """
    rtol = 442 * 1e4 * EPS
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=rtol * np.abs(theirs.coef_).max())
    assert type(ours.intercept_) is type(theirs.intercept_)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=rtol)
    actual, expected = ours.predict(X), theirs.predict(X)
    assert actual.shape == expected.shape
    assert actual.dtype == np.float64
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("weights", [None, "positive", "some zero"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", ["one", "column", "several"])
@pytest.mark.parametrize("data", REGRESSION)
def test_linear_regression_equals_scikit_learn(
    data: str, targets: str, fit_intercept: bool, weights: str | None
) -> None:
    X, y = regression_problem(data, targets)
    w = sample_weights(weights, len(X))
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    theirs = sklearn.linear_model.LinearRegression(fit_intercept=fit_intercept, tol=1e-15).fit(X, y, w)
    assert_same_linear_model(ours, theirs, X)
    assert ours.rank_ == theirs.rank_


@pytest.mark.parametrize("weights", [None, "positive", "some zero"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", ["one", "column", "several"])
@pytest.mark.parametrize("alpha", [0.0, 0.1, 30.0])
@pytest.mark.parametrize("data", REGRESSION)
def test_ridge_equals_scikit_learn(
    data: str, alpha: float, targets: str, fit_intercept: bool, weights: str | None
) -> None:
    X, y = regression_problem(data, targets)
    w = sample_weights(weights, len(X))
    ours = Ridge(alpha=alpha, fit_intercept=fit_intercept).fit(X, y, w)
    theirs = sklearn.linear_model.Ridge(alpha=alpha, fit_intercept=fit_intercept).fit(X, y, w)
    assert_same_linear_model(ours, theirs, X)
    assert ours.n_iter_.shape == (1 if y.ndim == 1 else y.shape[1],)
    assert ours.solver_ in {"cholesky", "qr"}


def test_ridge_with_a_penalty_per_target() -> None:
    X, y = regression_problem("diabetes", "several")
    alpha = np.array([0.1, 50.0])
    ours, theirs = Ridge(alpha=alpha).fit(X, y), sklearn.linear_model.Ridge(alpha=alpha).fit(X, y)
    assert_same_linear_model(ours, theirs, X)
    np.testing.assert_array_equal(ours.coef_, Ridge(alpha=alpha.tolist()).fit(X, y).coef_)
    np.testing.assert_array_equal(Ridge(alpha=[3.0]).fit(X, y).coef_, Ridge(alpha=3.0).fit(X, y).coef_)
    with pytest.raises(
        ValueError, match=r"Number of targets and number of penalties do not correspond: 3 != 2"
    ):
        Ridge(alpha=[1.0, 2.0, 3.0]).fit(X, y)
    with pytest.raises(ValueError, match="alpha"):
        Ridge(alpha=[1.0, -2.0]).fit(X, y)


def test_ridge_with_one_weight_for_all() -> None:
    X, y = regression_problem("diabetes", "one")
    expected = Ridge(alpha=0.5).fit(X, y)
    np.testing.assert_allclose(Ridge(alpha=1.0).fit(X, y, 2.0).coef_, expected.coef_, rtol=len(X) * 1e4 * EPS)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_minimum_norm_is_that_of_the_centred_problem(fit_intercept: bool) -> None:
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(8, 20)) + 5.0, rng.normal(size=8)
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    design, target = (X - X.mean(axis=0), y - y.mean()) if fit_intercept else (X, y)
    np.testing.assert_allclose(ours.coef_, np.linalg.pinv(design, rcond=1e-12) @ target, rtol=1e-9, atol=1e-9)
    assert ours.rank_ == 8 - fit_intercept
    np.testing.assert_allclose(ours.predict(X), y, atol=1e-9)


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(), LogisticRegression()])
def test_zero_weights_equal_dropped_rows(estimator: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:, :6]
    w = sample_weights("some zero", len(X))
    assert w is not None
    weighted, dropped = clone(estimator).fit(X, y, w), clone(estimator).fit(X[w > 0], y[w > 0], w[w > 0])
    np.testing.assert_allclose(weighted.coef_, dropped.coef_, rtol=1e-6)
    np.testing.assert_allclose(weighted.intercept_, dropped.intercept_, rtol=1e-6)


@pytest.mark.parametrize(
    "estimator", [LinearRegression(), Ridge(), LogisticRegression(), Lasso(), RidgeClassifier()]
)
def test_coefficients_of_float32_are_those_of_float64_rounded_once(estimator: Any) -> None:
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    expected = clone(estimator).fit(X.astype(np.float64), y)
    for layout in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], X[::-1].copy()[::-1]):
        model = clone(estimator).fit(layout, y)
        assert model.coef_.dtype == np.float32
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=2.0**-23)
        np.testing.assert_array_equal(model.predict(layout), model.predict(X))
    of_lists = clone(estimator).fit(X.tolist(), y)
    assert of_lists.coef_.dtype == np.float64
    np.testing.assert_allclose(of_lists.coef_, expected.coef_, rtol=1e-6)


def test_dtypes_are_those_of_scikit_learn() -> None:
    X, y = load_iris(return_X_y=True)
    for model in (
        LinearRegression,
        Ridge,
        RidgeCV,
        Lasso,
        LassoCV,
        ElasticNetCV,
        RidgeClassifier,
        *([LogisticRegression] if INTERCEPTS_KEEP_FLOAT32 else []),
    ):
        for of_fit, of_call in itertools.product((np.float32, np.float64), repeat=2):
            ours = model().fit(X.astype(of_fit), y)
            theirs = getattr(sklearn.linear_model, model.__name__)(
                **({"max_iter": 10**4} if model is LogisticRegression else {})
            ).fit(X.astype(of_fit), y)
            assert np.asarray(ours.intercept_).dtype == np.asarray(theirs.intercept_).dtype
            for method in ("predict", "decision_function", "predict_proba", "predict_log_proba"):
                if hasattr(ours, method):
                    mine, other = (getattr(m, method)(X.astype(of_call)) for m in (ours, theirs))
                    assert mine.dtype == other.dtype


def test_training_data_are_not_written_to() -> None:
    X, y = regression_problem("diabetes", "one")
    before = X.copy()
    for estimator in (LinearRegression(copy_X=False), Ridge(copy_X=False)):
        estimator.fit(X, y, sample_weights("positive", len(X)))
        np.testing.assert_array_equal(X, before)


def test_jobs_change_nothing() -> None:
    X, y = regression_problem("diabetes", "several")
    expected = LinearRegression().fit(X, y).coef_
    for n_jobs in (1, 2, -1):
        np.testing.assert_array_equal(LinearRegression(n_jobs=n_jobs).fit(X, y).coef_, expected)


# --- Logistic regression ----------------------------------------------------------------------------------------------


def classification_problem(name: str) -> tuple[Array, Array]:
    X, y = CLASSIFICATION[name](return_X_y=True)
    keep = X.std(axis=0) > 0
    X = StandardScaler().fit_transform(X[:, keep])
    return X[::2, :20], y[::2]


def objective(model: Any, X: Array, y: Array, weights: Array, alpha: float) -> float:
    """Penalised loss, from its definition."""
    values = X @ model.coef_.T + model.intercept_
    if values.shape[1] == 1:
        values = np.column_stack([np.zeros(len(X)), values])
    losses = -log_softmax(values, axis=1)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return float(weights @ losses + alpha / 2 * (model.coef_**2).sum())


@pytest.mark.parametrize("weights", [None, "positive", "some zero"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("data", ["breast_cancer", "iris", "wine"])
def test_logistic_regression_equals_scikit_learn(
    data: str, C: float, fit_intercept: bool, class_weight: str | None, weights: str | None
) -> None:
    assert_fits_agree(data, C, fit_intercept, class_weight, weights)


def test_logistic_regression_with_ten_classes() -> None:
    assert_fits_agree("digits", 1.0, True, "balanced", "positive")


def assert_fits_agree(
    data: str, C: float, fit_intercept: bool, class_weight: str | None, weights: str | None
) -> None:
    """The objective is alpha-strongly convex in the coefficients: both fits are within sqrt(2 gap / alpha) of the optimum.

    Our gap is the certificate; theirs is measured from our certified lower bound on the minimum.
    """
    X, y = classification_problem(data)
    w = sample_weights(weights, len(X))
    params: dict[str, Any] = {
        "C": C,
        "fit_intercept": fit_intercept,
        "class_weight": class_weight,
        "max_iter": 300,
    }
    ours = LogisticRegression(**params).fit(X, y, w)
    theirs = sklearn.linear_model.LogisticRegression(tol=1e-10, solver="newton-cholesky", **params).fit(
        X, y, w
    )
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)

    row_weights = np.ones(len(X)) if w is None else w.copy()
    if class_weight is not None:
        totals = np.bincount(y, weights=row_weights)
        row_weights *= (totals.sum() / (len(totals) * totals))[y]
    our_value = objective(ours, X, y, row_weights, 1 / C)
    their_value = objective(theirs, X, y, row_weights, 1 / C)
    rounding = len(X) * EPS * their_value
    our_gap = ours.optimality_gap_ + rounding
    their_gap = max(their_value - our_value, 0.0) + our_gap + rounding
    assert our_value <= their_value + rounding
    assert their_gap <= 1e-6 * their_value
    distance = np.linalg.norm(ours.coef_ - theirs.coef_)
    assert distance <= np.sqrt(2 * our_gap * C) + np.sqrt(2 * their_gap * C)

    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    probabilities = ours.predict_proba(X)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, theirs.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=8 * EPS)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-4, atol=1e-4)


def test_certificate() -> None:
    X, y = classification_problem("breast_cancer")
    model = LogisticRegression().fit(X, y)
    assert 0.0 <= model.optimality_gap_ <= 1e-12 * objective(model, X, y, np.ones(len(X)), 1.0)
    errors = model.predict_proba(X)[:, 1] - y
    gradient = np.append(errors @ X + model.coef_[0], errors.sum())
    np.testing.assert_allclose(
        model.gradient_norm_, np.linalg.norm(gradient), rtol=1e-3, atol=len(X) ** 1.5 * EPS
    )
    assert model.n_reads_ >= model.n_iter_[0] >= 1


def test_class_weights_by_label() -> None:
    X, y = classification_problem("wine")
    names = np.array(["red", "rosé", "white"])
    by_label = LogisticRegression(class_weight={"red": 2.0, "white": 0.5}).fit(X, names[y])
    by_row = LogisticRegression().fit(X, y, np.array([2.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_label.coef_, by_row.coef_)
    np.testing.assert_array_equal(by_label.classes_, names)
    np.testing.assert_array_equal(by_label.predict(X), names[by_row.predict(X)])


def test_negative_class_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="class_weight"):
        LogisticRegression(class_weight={0: -1.0}).fit([[0.0], [1.0]], [0, 1])


def test_balanced_classes_with_labels_that_are_not_indices() -> None:
    X = np.array([[-1.0, -1.0], [-1.0, 0.0], [-0.8, -1.0], [1.0, 1.0], [1.0, 0.0]])
    y = np.array([1, 1, 1, -1, -1])
    balanced = LogisticRegression(class_weight="balanced").fit(X, y)
    by_hand = LogisticRegression(class_weight={1: 5 / (3 * 2), -1: 5 / (2 * 2)}).fit(X, y)
    np.testing.assert_allclose(balanced.coef_, by_hand.coef_, rtol=1e-7)


def test_decision_value_of_zero_is_the_first_class() -> None:
    model = LogisticRegression().fit([[-1.0], [1.0]], ["first", "second"])
    model.coef_, model.intercept_ = np.zeros((1, 1)), np.zeros(1)
    assert model.predict([[3.0]]) == ["first"]
    several = LogisticRegression().fit([[-1.0], [0.0], [1.0]], [0, 1, 2])
    several.coef_, several.intercept_ = np.zeros((3, 1)), np.zeros(3)
    assert several.predict([[3.0]]) == [0]


@pytest.mark.parametrize("y", [[0, 1], [0, 1, 2]])
def test_probabilities_in_the_tails(y: list[int]) -> None:
    model = LogisticRegression().fit(np.arange(len(y))[:, np.newaxis], y)
    extreme = np.array([[-1e5], [-50.0], [50.0], [1e5]])
    log_probabilities = model.predict_log_proba(extreme)
    assert np.isfinite(log_probabilities).all()
    probabilities = model.predict_proba(extreme)
    np.testing.assert_allclose(np.exp(log_probabilities), probabilities, rtol=1e-12, atol=1e-300)
    # The smaller probability of a pair would be lost in 1 - p.
    assert (probabilities[1:3] > 0).all()


def test_no_penalty() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :3]
    expected = LogisticRegression(C=np.inf).fit(X, y)
    with pytest.warns(FutureWarning, match="'penalty' was deprecated"):
        deprecated = LogisticRegression(penalty=None).fit(X, y)
    np.testing.assert_array_equal(deprecated.coef_, expected.coef_)
    # At the optimum the weighted errors are orthogonal to every column.
    errors = expected.predict_proba(X)[:, 1] - y
    np.testing.assert_allclose(errors @ X, 0.0, atol=1e-6 * np.abs(errors) @ np.abs(X).max(axis=1))


def test_not_converged_warns_once() -> None:
    X, y = classification_problem("breast_cancer")
    with pytest.warns(ConvergenceWarning, match="limit of 1 iterations") as caught:
        model = LogisticRegression(max_iter=1, C=1e4).fit(X, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert model.n_iter_ == [1]
    assert model.optimality_gap_ > 1e-12 * objective(model, X, y, np.ones(len(X)), 1e-4)


def test_sparsify_keeps_predictions() -> None:
    X, y = classification_problem("iris")
    model = LogisticRegression().fit(X, y)
    coef, expected = model.coef_.copy(), model.predict_proba(X)
    assert issparse(model.sparsify().coef_)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.densify().densify().coef_, coef)


@pytest.mark.parametrize("labels", [[True, False], ["b", "a"], [2.0, 1.0], [-1, 7]])
def test_kinds_of_labels(labels: list[Any]) -> None:
    X, y = classification_problem("breast_cancer")
    named = np.array(labels)[y]
    classes = np.unique(named)
    model = LogisticRegression().fit(X, named)
    np.testing.assert_array_equal(model.classes_, classes)
    assert model.predict(X).dtype == named.dtype
    assert model.score(X, named) > 0.95


def test_objects_as_labels() -> None:
    X, y = classification_problem("breast_cancer")
    named = np.array(["malignant", "benign"])[y]
    model = LogisticRegression().fit(X, named.astype(object))
    np.testing.assert_array_equal(model.predict(X), LogisticRegression().fit(X, named).predict(X))


def test_column_of_labels_warns() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector"):
        LogisticRegression().fit([[0.0], [1.0]], [[0], [1]])


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"l1_ratio": 1}, "Solver lbfgs supports only 'l2' or None penalties"),
        ({"l1_ratio": 0.5, "solver": "liblinear"}, "Only 'saga' solver supports elasticnet"),
        ({"dual": True}, "supports only dual=False"),
        ({"C": np.inf, "solver": "liblinear"}, "not supported for the liblinear"),
        ({"C": 0.0}, "'C' parameter"),
        ({"l1_ratio": 2}, "'l1_ratio' parameter"),
        ({"solver": "magic"}, "'solver' parameter"),
        ({"max_iter": -1}, "'max_iter' parameter"),
        ({"tol": -1.0}, "'tol' parameter"),
    ],
)
def test_refused_parameters_of_logistic_regression(params: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        LogisticRegression(**params).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(
    ("params", "category", "match"),
    [
        ({"penalty": "l2"}, FutureWarning, "'penalty' was deprecated"),
        ({"l1_ratio": None}, FutureWarning, "'l1_ratio=None' was deprecated"),
        ({"n_jobs": 2}, FutureWarning, "'n_jobs' has no effect"),
    ],
)
def test_deprecations_warn_at_the_call_of_fit(
    params: dict[str, Any], category: type[Warning], match: str
) -> None:
    X, y = classification_problem("iris")
    with pytest.warns(category, match=match) as caught:
        model = LogisticRegression(**params).fit(X, y)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(model.coef_, LogisticRegression().fit(X, y).coef_)


@pytest.mark.filterwarnings(
    "ignore:'penalty' was deprecated:FutureWarning", "ignore:Inconsistent values:UserWarning"
)
@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"penalty": "l2", "l1_ratio": 0.5}, "only used when penalty is 'elasticnet'"),
        ({"penalty": "l2", "l1_ratio": 1}, "Inconsistent values"),
        ({"penalty": None, "C": 2.0}, "will ignore the C"),
    ],
)
def test_contradictory_penalties_warn(params: dict[str, Any], match: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    with pytest.warns(UserWarning, match=match):
        LogisticRegression(**params).fit(X[:, :3], y)


@pytest.mark.parametrize(
    ("y", "weights", "match"),
    [
        ([1, 1, 1], None, "at least 2 classes"),
        ([0, 1, 1], [0.0, 0.0, 0.0], "non-zero"),
        ([0, 1, 1], [1.0, -1.0, 1.0], "[Nn]egative"),
        ([0, 1, 1], [1.0, 1.0], "sample_weight"),
        ([0.5, 1.5, 2.5], None, "continuous"),
        ([0, 1], None, "inconsistent"),
    ],
)
def test_refused_classes_and_weights(y: list[float], weights: list[float] | None, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        LogisticRegression().fit([[0.0], [1.0], [2.0]], y, weights)


def test_liblinear_is_binary() -> None:
    X, y = classification_problem("iris")
    with pytest.raises(ValueError, match="does not support multiclass"):
        LogisticRegression(solver="liblinear").fit(X, y)


@pytest.mark.parametrize("message", [_SEPARATED, *_CAUSES.values()])
def test_no_message_names_alpha(message: str) -> None:
    assert "alpha" not in in_terms_of_C(message, "deprecated")


@pytest.mark.parametrize("C", [1e-310, np.float64(1e-310)], ids=["float", "float64"])
def test_penalties_beyond_float64_are_refused(C: float) -> None:
    with pytest.raises(ValueError, match=r"^C=1e-310 is too small"):
        LogisticRegression(C=C).fit([[0.0], [1.0]], [0, 1])


# --- All three --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [LinearRegression, Ridge])
def test_refused_parameters_of_least_squares(estimator: Any) -> None:
    with pytest.raises(ValueError, match="'tol' parameter"):
        estimator(tol=-1.0).fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        estimator().fit([[0.0], [1.0]], [0.0, 1.0], [1.0, -1.0])
    with pytest.raises(ValueError, match="non-zero"):
        estimator().fit([[0.0], [1.0]], [0.0, 1.0], [0.0, 0.0])


def test_refused_parameters_of_ridge() -> None:
    for params, match in (
        ({"positive": True, "solver": "svd"}, "does not support positive fitting"),
        ({"solver": "lbfgs"}, "'lbfgs' solver can be used only when positive=True"),
        ({"alpha": -1.0}, "'alpha' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
    ):
        with pytest.raises(ValueError, match=match):
            Ridge(**params).fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(), LogisticRegression()])
class TestEveryLinearModel:
    def test_sparse_input_is_offered(self, estimator: Any) -> None:
        assert sklearn.utils.get_tags(estimator).input_tags.sparse
        X = csr_array([[0.0], [1.0], [3.0]])
        dense = clone(estimator).fit(X.toarray(), [0, 1, 1])
        assert clone(estimator).fit(X, [0, 1, 1]).coef_ == pytest.approx(dense.coef_, abs=1e-8)

    def test_prediction_needs_a_fit(self, estimator: Any) -> None:
        with pytest.raises(NotFittedError):
            clone(estimator).predict([[0.0]])

    def test_number_of_features_is_checked(self, estimator: Any) -> None:
        with pytest.raises(ValueError, match=r"2 features.*expecting 1 features"):
            clone(estimator).fit([[0.0], [1.0]], [0, 1]).predict([[0.0, 1.0]])

    def test_copies(self, estimator: Any) -> None:
        X, y = load_iris(return_X_y=True)
        model = clone(estimator).fit(X, y)
        for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            np.testing.assert_array_equal(copied.predict(X), model.predict(X))
        assert not hasattr(clone(model), "coef_")

    def test_data_frames(self, estimator: Any) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({"a": [0, 1, 2, 3], "b": [1.0, 0.5, 1.0, 1.5]})
        model = clone(estimator).fit(frame, pandas.Series([0, 0, 1, 1]), pandas.Series([1.0, 2.0, 1.0, 1.0]))
        assert list(model.feature_names_in_) == ["a", "b"]
        expected = clone(estimator).fit(frame.to_numpy(), [0, 0, 1, 1], [1.0, 2.0, 1.0, 1.0])
        np.testing.assert_array_equal(model.coef_, expected.coef_)
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(frame[["b", "a"]])

    def test_metadata_routing(self, estimator: Any) -> None:
        X, y = load_breast_cancer(return_X_y=True)
        X = StandardScaler().fit_transform(X)[:, :5]
        w = sample_weights("positive", len(X))
        with sklearn.config_context(enable_metadata_routing=True):
            routed = make_pipeline(clone(estimator).set_fit_request(sample_weight=True)).fit(
                X, y, sample_weight=w
            )
        np.testing.assert_array_equal(routed[-1].coef_, clone(estimator).fit(X, y, w).coef_)

    @pytest.mark.parametrize("backend", ["threading", "loky"])
    def test_in_scikit_learn_tools(self, estimator: Any, backend: str) -> None:
        X, y = load_breast_cancer(return_X_y=True)
        pipeline = make_pipeline(StandardScaler(), clone(estimator)).set_output(transform="pandas")
        expected = cross_val_score(pipeline, X, y)
        with joblib.parallel_config(backend=backend, n_jobs=2):
            np.testing.assert_array_equal(cross_val_score(pipeline, X, y), expected)
            grid = {f"{pipeline.steps[-1][0]}__fit_intercept": [True, False]}
            search = GridSearchCV(pipeline, grid).fit(X, y)
        assert search.best_score_ >= expected.mean()


@pytest.mark.parametrize("name", LINEAR_MODELS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.astype(str), "strings"),
        (lambda X: (X * 1e18).astype(np.int64), r"2\*\*53"),
        (lambda X: X.astype(np.longdouble), "at most 64 bits"),
    ],
    ids=["strings", "integers", "longdouble"],
)
def test_all_models_refuse_the_same_samples(name: str, spoil: Any, message: str) -> None:
    X = np.random.default_rng(4).standard_normal((40, 3))
    model = getattr(crowfly.linear_model, name)()
    if name == "LogisticRegressionCV":
        model.set_params(l1_ratios=(0.0,), scoring="neg_log_loss", use_legacy_attributes=False)
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(spoil(X), X[:, 0] > 0)
