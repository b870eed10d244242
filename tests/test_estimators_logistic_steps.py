# SPDX-License-Identifier: BSD-3-Clause
"""Steps of logistic fits as scikit-learn's users see them: limits, warm starts, callbacks; and folds without some classes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from crowfly.linear_model import LogisticRegression, LogisticRegressionCV

X, Y = load_iris(return_X_y=True)
HARD = load_breast_cancer(return_X_y=True)


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        ("lbfgs", r"lbfgs failed to converge after 2 iteration\(s\): logistic regression did not reach"),
        ("newton-cg", "newton-cg failed to converge.* Increase the number of iterations."),
        ("liblinear", "Liblinear failed to converge, increase the number of iterations."),
        ("saga", "The max_iter was reached which means the coef_ did not converge"),
        ("newton-cholesky", "Newton solver did not converge after 2 iterations"),
    ],
)
def test_the_limit_is_named_as_scikit_learns_users_know_it(solver: str, message: str) -> None:
    with pytest.warns(ConvergenceWarning, match=message):
        model = LogisticRegression(max_iter=2, solver=solver).fit(*HARD)
    assert model.n_iter_.tolist() == [2]


def test_no_step_leaves_zeros() -> None:
    with pytest.warns(ConvergenceWarning):
        model = LogisticRegression(max_iter=0).fit(X, Y)
    assert not model.coef_.any()
    assert not model.intercept_.any()
    assert model.n_iter_.tolist() == [0]
    assert model.optimality_gap_ == np.inf
    np.testing.assert_allclose(model.predict_proba(X), 1 / 3)


@pytest.mark.parametrize("data", [(X, Y), HARD], ids=["three classes", "two"])
def test_steps_with_warm_starts_are_the_steps_of_one_fit(data: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        at_once = LogisticRegression(max_iter=3).fit(*data)
        model = LogisticRegression(max_iter=1, warm_start=True)
        for _ in range(3):
            model.fit(*data)
            assert model.n_iter_.tolist() == [1]
        np.testing.assert_array_equal(model.coef_, at_once.coef_)
        np.testing.assert_array_equal(model.intercept_, at_once.intercept_)
        model.set_params(warm_start=False).fit(*data)
        np.testing.assert_array_equal(model.coef_, LogisticRegression(max_iter=1).fit(*data).coef_)
    done = LogisticRegression(warm_start=True).fit(*data)
    coef = done.coef_
    assert done.set_params(max_iter=1).fit(*data).n_iter_.tolist() == [0]
    np.testing.assert_array_equal(done.coef_, coef)


class Recorder:
    """A callback that keeps what it is told; its parameters are scikit-learn's."""

    def __init__(self, stop_after: int = -1) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.stop_after = stop_after

    def setup(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        self.calls.append(("setup", context.task_name, None))

    def on_fit_task_begin(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> None:  # noqa: ARG002
        self.calls.append(("begin", context.task_name, fitted_estimator))

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:  # noqa: ARG002
        self.calls.append(("end", context.task_name, fitted_estimator))
        return sum(kind == "end" for kind, _, _ in self.calls) == self.stop_after

    def teardown(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        self.calls.append(("teardown", context.task_name, None))

    def steps(self, kind: str) -> list[Any]:
        return [model for name, task, model in self.calls if (name, task) == (kind, "newton-iter")]


@pytest.mark.parametrize("data", [(X, Y), HARD], ids=["three classes", "two"])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_callbacks_see_every_step(data: Any, l1_ratio: float) -> None:
    pytest.importorskip("sklearn.callback")
    settings: dict[str, Any] = {"l1_ratio": l1_ratio, "solver": "saga" if l1_ratio else "lbfgs"}
    recorder = Recorder()
    model = LogisticRegression(**settings).set_callbacks(recorder).fit(*data)
    plain = LogisticRegression(**settings).fit(*data)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    n_steps = int(model.n_iter_[0])
    assert n_steps == plain.n_iter_[0] > 2
    assert [kind for kind, _, _ in recorder.calls[:2]] == ["setup", "begin"]
    assert [kind for kind, _, _ in recorder.calls[-2:]] == ["end", "teardown"]
    before, after = recorder.steps("begin"), recorder.steps("end")
    assert len(before) == len(after) == n_steps + 1
    assert not before[0].coef_.any()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for i in (1, n_steps):
            expected = LogisticRegression(max_iter=i, **settings).fit(*data)
            np.testing.assert_array_equal(before[i].coef_, expected.coef_)
            np.testing.assert_array_equal(after[i - 1].coef_, expected.coef_)
            np.testing.assert_array_equal(after[i - 1].predict(data[0]), expected.predict(data[0]))
    assert after[-1] is None or after[-1].coef_ is not None


def test_callbacks_can_stop_a_fit() -> None:
    pytest.importorskip("sklearn.callback")
    with pytest.warns(ConvergenceWarning):
        model = LogisticRegression().set_callbacks(Recorder(stop_after=2)).fit(*HARD)
    assert model.n_iter_.tolist() == [2]


# Folds without some classes.


def test_a_class_that_no_fold_has_seen() -> None:
    """Iris is in the order of its classes: every training set has two of three, every test set the third."""
    model = LogisticRegressionCV(
        Cs=[0.01, 1.0], l1_ratios=(0,), cv=KFold(3), scoring="accuracy", use_legacy_attributes=False
    ).fit(X, Y)
    assert not model.scores_.any()
    for fold, (train, _) in enumerate(KFold(3).split(X)):
        present = np.unique(Y[train])
        for i, C in enumerate([0.01, 1.0]):
            coef, intercept = model.coefs_paths_[fold, 0, i, :, :-1], model.coefs_paths_[fold, 0, i, :, -1]
            missing = 3 - present.sum()
            assert not coef[missing].any()
            np.testing.assert_allclose(coef.sum(axis=0), 0.0, atol=1e-12)
            scores = X @ coef.T + intercept
            assert (np.exp(scores[:, missing] - scores.max(axis=1)) == 0).all()
            # The softmax of two rows is the binary model with half the penalty of squares.
            binary = LogisticRegression(C=2 * C).fit(X[train], Y[train])
            np.testing.assert_allclose(coef[present[1]] - coef[present[0]], binary.coef_[0], rtol=1e-10)
            np.testing.assert_allclose(
                intercept[present[1]] - intercept[present[0]], binary.intercept_[0], rtol=1e-10
            )


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_two_of_three_classes_minimise_the_softmax_objective(l1_ratio: float) -> None:
    C = 0.5
    model = LogisticRegressionCV(
        Cs=[C],
        l1_ratios=(l1_ratio,),
        cv=KFold(3),
        scoring="accuracy",
        solver="saga",
        use_legacy_attributes=False,
    ).fit(X, Y)
    train = next(iter(KFold(3).split(X)))[0]
    parameters = model.coefs_paths_[0, 0, 0]

    def objective(rows: Any) -> float:
        scores = X[train] @ rows[:, :-1].T + rows[:, -1]
        scores = scores - scores.max(axis=1, keepdims=True)
        loss = (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(train)), Y[train]]).sum()
        coef = rows[:, :-1]
        return float(loss + (l1_ratio * np.abs(coef).sum() + (1 - l1_ratio) * (coef**2).sum() / 2) / C)

    least = objective(parameters)
    rng = np.random.default_rng(0)
    for scale in (1e-1, 1e-2, 1e-3, 1e-4):
        for _ in range(50):
            assert objective(parameters + scale * rng.standard_normal(parameters.shape)) >= least * (
                1 - 1e-12
            )


def test_training_sets_of_one_class() -> None:
    x, y = np.arange(6.0)[:, None], np.array(["a", "a", "a", "b", "b", "b"])
    model = LogisticRegressionCV(
        Cs=[0.1, 10.0], l1_ratios=(0,), cv=KFold(2), scoring="accuracy", use_legacy_attributes=False
    ).fit(x, y)
    assert not model.scores_.any()
    assert model.coefs_paths_[0, 0, 0].tolist() == [[0.0, 746.0]]
    assert model.coefs_paths_[1, 0, 0].tolist() == [[0.0, -746.0]]
    three = LogisticRegressionCV(
        Cs=[1.0], l1_ratios=(0,), cv=[(np.arange(50), np.arange(50, 150))], scoring="neg_log_loss"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        three.fit(X, Y)
    assert three.scores_[0].item() == pytest.approx(
        -log_loss(Y[50:], np.tile([1.0, 0.0, 0.0], (100, 1)), labels=[0, 1, 2])
    )


def test_without_an_intercept_and_a_penalty_all_classes_are_needed() -> None:
    search = LogisticRegressionCV(
        cv=KFold(3), l1_ratios=(0,), fit_intercept=False, scoring="accuracy", use_legacy_attributes=False
    )
    assert np.isfinite(search.fit(X, Y).coefs_paths_[search.classes_[0]]).all()
    with pytest.raises(ValueError, match="without an intercept and a penalty, class number 0 is missing"):
        search.set_params(Cs=[np.inf]).fit(X, Y)
