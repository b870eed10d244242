# SPDX-License-Identifier: BSD-3-Clause
"""The report's models, the choice of their parameters, the comparison with scikit-learn, and the embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("polars")

from dataclasses import replace

from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline

import crowfly.linear_model
from crowfly.report import evaluation, models, selection
from crowfly.report.embeddings import build_embedding, describe
from crowfly.report.tasks import Split


def regression_parts(n: int = 200) -> Split:
    rng = np.random.default_rng(20)
    X = rng.normal(size=(n, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=n)
    return Split("regression", X[: n // 2], y[: n // 2], X[n // 2 :], y[n // 2 :])


def classification_parts() -> Split:
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(21).permutation(len(y))
    train, test = order[:100], order[100:]
    return Split("classification", X[train], y[train], X[test], y[test], 3)


def test_one_hot_least_squares_is_a_regression_per_class() -> None:
    parts = classification_parts()
    fitted = models.OneHotLeastSquares(LinearRegression()).fit(parts.X_train, parts.y_train)
    design = np.column_stack([np.ones(100), parts.X_train])
    scores = []
    for label in range(3):
        b, *_ = np.linalg.lstsq(design, np.where(parts.y_train == label, 1.0, 0.0), rcond=None)
        scores.append(b[0] + parts.X_test @ b[1:])
    np.testing.assert_array_equal(fitted.predict(parts.X_test), np.argmax(scores, axis=0))


def test_objectives_are_what_the_report_says() -> None:
    parts = regression_parts()
    ridge = Ridge(alpha=3.0).fit(parts.X_train, parts.y_train)
    residuals = parts.y_train - ridge.predict(parts.X_train)
    expected = residuals @ residuals + 3 * ridge.coef_ @ ridge.coef_
    assert models.squares_objective(ridge, parts.X_train, parts.y_train, 3.0) == pytest.approx(
        expected, rel=1e-12
    )

    flowers = classification_parts()
    for keep in (2, 3):
        rows = flowers.y_train < keep
        X, y = flowers.X_train[rows], flowers.y_train[rows]
        logistic = LogisticRegression(max_iter=1000).fit(X, y)
        expected = log_loss(y, logistic.predict_proba(X), normalize=False) + np.sum(logistic.coef_**2) / 2
        assert models.logistic_objective(logistic, X, y) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_neighbors_curve_equals_one_fit_per_k(kind: str) -> None:
    parts = regression_parts() if kind == "regression" else classification_parts()
    curve = selection.neighbors_curve([parts])
    estimator: Any = KNeighborsRegressor if kind == "regression" else KNeighborsClassifier
    for k, training, validation in zip(curve.values, curve.training, curve.validation, strict=True):
        fitted = estimator(n_neighbors=int(k)).fit(parts.X_train, parts.y_train)
        for X, y, risk in (
            (parts.X_train, parts.y_train, training),
            (parts.X_test, parts.y_test, validation),
        ):
            predicted = fitted.predict(X)
            losses = (predicted - y) ** 2 if kind == "regression" else predicted != y
            assert risk == pytest.approx(losses.mean(), rel=1e-12)
    allowed = curve.values > 1
    assert curve.validation[curve.values == curve.chosen] == curve.validation[allowed].min()


def test_folds_hold_out_every_training_point_once() -> None:
    parts = regression_parts()
    folds = selection.make_folds(parts, n_embedded=3, seed=0)
    held_out = np.concatenate([fold.y_test for fold in folds])
    np.testing.assert_array_equal(np.sort(held_out), np.sort(parts.y_train))
    assert len(selection.make_folds(parts, n_embedded=1_000_000, seed=0)) == 1


def test_ridge_curve_goes_to_both_ends() -> None:
    """A relation that holds exactly calls for the weakest penalty, one that turns round for the strongest."""
    X = np.random.default_rng(22).normal(size=(100, 5))
    y = X.sum(axis=1)
    exact = Split("regression", X[:60], y[:60], X[60:], y[60:])
    assert selection.ridge_curve([exact]).chosen == selection.ALPHAS[0]
    reversed_ = replace(exact, y_test=-y[60:])
    assert selection.ridge_curve([reversed_]).chosen == selection.ALPHAS[-1]


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_models_agree_with_scikit_learn(kind: str) -> None:
    parts = regression_parts() if kind == "regression" else classification_parts()
    names, _ = models.choose_models((), parts.kind, 12)
    for name in names:
        model = models.build_model(name, parts.kind, n_neighbors=5, alpha=1.0)
        agreement = evaluation.evaluate(model, parts).agreement
        assert agreement.agrees, f"{name}: {agreement.detail}"


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_disagreement_is_found(kind: str) -> None:
    """A peer that fits something else must not be called the same."""
    parts = regression_parts() if kind == "regression" else classification_parts()
    model = models.build_model("ridge", parts.kind, n_neighbors=5, alpha=1.0)
    other = models.build_model("ridge", parts.kind, n_neighbors=5, alpha=1e3).peer
    agreement = evaluation.evaluate(replace(model, peer=other), parts).agreement
    assert not agreement.agrees
    assert "crowfly's objective is lower" in agreement.detail


def test_warnings_of_an_estimator_are_reported() -> None:
    parts = classification_parts()
    model = models.build_model("logistic", parts.kind, n_neighbors=5, alpha=1.0)
    result = evaluation.evaluate(replace(model, peer=LogisticRegression(max_iter=1)), parts)
    assert "scikit-learn warned: " in result.agreement.detail
    assert "\n" not in result.agreement.detail


def test_first_call_is_not_timed() -> None:
    """Whatever an estimator does once, an import say, is done on toy data before."""
    first_fits = []

    class Recorder(LinearRegression):  # type: ignore[misc, unused-ignore]
        """Remembers how many points it was fitted to."""

        def fit(self, X: Any, y: Any) -> Any:
            """Remember and fit."""
            first_fits.append(len(X))
            return super().fit(X, y)

    parts = regression_parts()
    model = models.build_model("least-squares", parts.kind, n_neighbors=5, alpha=1.0)
    evaluation.evaluate(replace(model, ours=Recorder()), parts)
    assert first_fits[0] != len(parts.X_train)
    assert set(first_fits[1:]) == {len(parts.X_train)}


def test_wide_logistic_regression_is_left_out_unless_asked_for() -> None:
    names, notes = models.choose_models((), "classification", 10**6)
    assert "logistic" not in names
    assert len(notes) == 1
    assert models.choose_models(("logistic", "1nn"), "classification", 10**6) == (("1nn", "logistic"), [])


@pytest.mark.parametrize(
    ("chain", "width"),
    [
        ("none", 3),
        ("standardise", 3),
        ("standardize", 3),
        ("polynomial", 9),
        ("poly:3", 19),
        ("fourier:50", 50),
        ("pca:2", 2),
        ("pca:2+polynomial:3", 9),
        ("standardise+fourier:7", 7),
    ],
)
def test_embeddings(chain: str, width: int) -> None:
    parts = regression_parts()
    holes = parts.X_train.copy()
    holes[::7, 1] = np.nan
    embedding = build_embedding(chain, 3, len(holes), seed=0)
    embedded = embedding.fit_transform(holes)
    assert embedded.shape == (len(holes), width)
    assert np.isfinite(embedded).all()
    assert describe(chain)


def test_an_embedding_and_a_model_are_one_pipeline() -> None:
    """What the report fits in two steps is what scikit-learn's Pipeline fits in one."""
    parts = regression_parts()
    embedding = build_embedding("polynomial:2", 3, len(parts.X_train), seed=0)
    pipeline = Pipeline([*embedding.steps, ("model", crowfly.linear_model.Ridge(alpha=2.0))])
    whole = pipeline.fit(parts.X_train, parts.y_train).predict(parts.X_test)
    model = models.build_model("ridge", parts.kind, n_neighbors=5, alpha=2.0)
    embedded = replace(
        parts, X_train=embedding.fit_transform(parts.X_train), X_test=embedding.transform(parts.X_test)
    )
    np.testing.assert_array_equal(evaluation.evaluate(model, embedded).prediction, whole)
