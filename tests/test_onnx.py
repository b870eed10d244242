# SPDX-License-Identifier: BSD-3-Clause
"""Exported models predict what crowfly predicts, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import crowfly

onnx = pytest.importorskip("onnx", reason="exporting models needs onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="exported models are run by onnxruntime")

Array = NDArray[Any]

N_FEATURES = 7
REGRESSIONS = ["ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "LinearRegression", "Ridge", "RidgeCV"]
LOGISTIC = ["LogisticRegression", "LogisticRegressionCV"]
RIDGE_CLASSIFIERS = ["RidgeClassifier", "RidgeClassifierCV"]


def run(model: Any, X: Array) -> dict[str, Array]:
    """Every output of the exported model, by name."""
    proto = crowfly.to_onnx(model)
    onnx.checker.check_model(proto, full_check=True)
    assert [(opset.domain, opset.version) for opset in proto.opset_import] == [("", 13)]
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = session.run(names, {"X": np.ascontiguousarray(X)})
    for output, value in zip(session.get_outputs(), found, strict=True):
        assert list(value.shape) == [len(X) if size == "n" else size for size in output.shape]
    return dict(zip(names, found, strict=True))


def samples(rng: np.random.Generator, n: int = 120) -> Array:
    return rng.normal(size=(n, N_FEATURES)) * 10.0 ** np.arange(-3, 4)


def rounding(X: Array, coef: Array, intercept: Any) -> Array:
    """How far two orders of adding the same products may be apart, per sample and output: each is off by (p + 1) roundings at most."""
    sizes = np.abs(X) @ np.abs(np.atleast_2d(coef)).T + np.abs(intercept)
    bound: Array = 2 * (X.shape[1] + 2) * 2.0**-53 * sizes
    return bound


def estimator(name: str, **parameters: Any) -> Any:
    linear_model = pytest.importorskip("crowfly.linear_model", exc_type=ImportError)
    return getattr(linear_model, name)(**parameters)


@pytest.mark.parametrize("several", [False, True], ids=["one target", "several targets"])
@pytest.mark.parametrize("intercept", [True, False], ids=["intercept", "no intercept"])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(name: str, intercept: bool, several: bool) -> None:
    if several and name in ("ElasticNetCV", "LassoCV"):
        pytest.skip("as in scikit-learn it takes one target")
    rng = np.random.default_rng(0)
    X = samples(rng)
    y = X @ rng.normal(size=(N_FEATURES, 3)) + rng.normal(size=(len(X), 3)) + 5
    model = estimator(name, fit_intercept=intercept).fit(X, y if several else y[:, 0])
    new = samples(rng, 33)
    outputs = run(model, new)
    assert list(outputs) == ["variable"]
    expected = model.predict(new).reshape(len(new), -1)
    assert outputs["variable"].dtype == np.float64
    assert outputs["variable"].shape == expected.shape
    error = np.abs(outputs["variable"] - expected)
    assert (error <= rounding(new, model.coef_, model.intercept_)).all()


LABELS = {
    "int": np.array([-3, 0, 7]),
    "uint": np.array([1, 2, 200], dtype=np.uint8),
    "str": np.array(["no", "perhaps", "été"]),
    "object": np.array(["no", "perhaps", "yes"], dtype=object),
    "float": np.array([-1.0, 1.0, 2.0]),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", LOGISTIC)
def test_logistic_regression(name: str, n_classes: int, kind: str) -> None:
    rng = np.random.default_rng(1)
    X = samples(rng) / 10.0 ** np.arange(-3, 4)
    codes = (X[:, :n_classes] + rng.normal(size=(len(X), n_classes))).argmax(axis=1)
    parameters = {
        "Cs": 3,
        "cv": 3,
        "l1_ratios": (0.0,),
        "scoring": "accuracy",
        "use_legacy_attributes": False,
    }
    model = estimator(name, **(parameters if name.endswith("CV") else {}))
    model.fit(X, LABELS[kind][codes])
    # Far out too: there one probability is tiny, and has to have all its digits.
    new = np.concatenate([X[:40], 20 * X[:40], 200 * X[:40]])
    outputs = run(model, new)
    assert list(outputs) == ["label", "probabilities"]
    assert outputs["label"].tolist() == model.predict(new).tolist()
    expected = model.predict_proba(new)
    # A change d of a decision value changes a probability by a factor of exp(d) at most, of several classes exp(2 d); exp and division add a few roundings.
    off = 2 * rounding(new, model.coef_, model.intercept_).max(axis=1, keepdims=True) + 20 * 2.0**-53
    normal = expected > 1e-300
    assert (expected[normal] < 1e-50).any()
    error = np.abs(outputs["probabilities"] - expected)
    assert (error <= expected * np.expm1(2 * off) + 1e-300).all()


def test_labels_that_are_booleans() -> None:
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    model = estimator("LogisticRegression").fit(X, X[:, 0] > 1.5)
    assert run(model, X)["label"].tolist() == [False, False, True, True]


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", RIDGE_CLASSIFIERS)
def test_ridge_classifiers(name: str, n_classes: int) -> None:
    rng = np.random.default_rng(2)
    X = samples(rng)
    labels = np.array(["a", "b", "c", "d"])[rng.integers(0, n_classes, len(X))]
    model = estimator(name).fit(X, labels)
    outputs = run(model, X)
    assert list(outputs) == ["label", "scores"]
    assert outputs["label"].tolist() == model.predict(X).tolist()
    expected = model.decision_function(X).reshape(len(X), -1)
    assert outputs["scores"].shape == expected.shape
    assert (np.abs(outputs["scores"] - expected) <= rounding(X, model.coef_, model.intercept_)).all()


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("name", RIDGE_CLASSIFIERS)
def test_ridge_classifiers_of_several_labels(name: str, n_outputs: int) -> None:
    rng = np.random.default_rng(3)
    X = samples(rng)
    y = (X @ rng.normal(size=(N_FEATURES, n_outputs)) > 0).astype(int)
    model = estimator(name)
    if n_outputs == 1:
        y = np.column_stack([y, 1 - y])
    model.fit(X, y)
    np.testing.assert_array_equal(run(model, X)["label"], model.predict(X))


@pytest.mark.parametrize("name", ["LogisticRegression", "RidgeClassifier"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_ties_are_the_first_class(name: str, n_classes: int) -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(30, 2))
    model = estimator(name).fit(X, np.arange(30) % n_classes)
    # Whole numbers: every order of adding gives the same bits.
    rows = [[1.0, -1.0], [1.0, -1.0], [-2.0, 2.0]]
    model.coef_ = np.array(rows[:1] if n_classes == 2 else rows)
    model.intercept_ = np.zeros(len(model.coef_))
    new = np.array([[3.0, 3.0], [0.0, 0.0], [-0.0, 0.0], [2.0, 1.0], [1.0, 2.0], [5e-324, 0.0]])
    outputs = run(model, new)
    assert outputs["label"].tolist() == model.predict(new).tolist()
    expected = [0, 0, 0, 1, 0, 1] if n_classes == 2 else [0, 0, 0, 0, 2, 0]
    assert outputs["label"].tolist() == expected
    if name == "LogisticRegression":
        np.testing.assert_allclose(outputs["probabilities"][:3], 1 / n_classes, rtol=2.0**-52)


def test_probabilities_at_the_ends_of_the_range() -> None:
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    model = estimator("LogisticRegression").fit(X, [0, 0, 1, 1])
    model.coef_, model.intercept_ = np.array([[1.0]]), np.zeros(1)
    new = np.array([[-1e308], [-720.0], [-40.0], [40.0], [720.0], [1e308]])
    found = run(model, new)["probabilities"]
    np.testing.assert_allclose(found, model.predict_proba(new), rtol=1e-15, atol=1e-320)
    assert found[1, 1] == found[4, 0] > 0


def test_changed_attributes_decide() -> None:
    X = np.arange(6.0).reshape(-1, 1)
    model = estimator("LogisticRegression").fit(X, [0, 0, 1, 0, 1, 1]).sparsify()
    np.testing.assert_allclose(run(model, X)["probabilities"], model.predict_proba(X), rtol=1e-14)
    regression = estimator("Ridge").fit(X, X[:, 0])
    regression.coef_, regression.intercept_ = np.array([2.0]), 1.0
    np.testing.assert_array_equal(run(regression, X)["variable"], 2 * X + 1)


def test_functional_results() -> None:
    rng = np.random.default_rng(5)
    X = samples(rng)
    Y = X @ rng.normal(size=(N_FEATURES, 2)) + rng.normal(size=(len(X), 2))
    for fit in (
        crowfly.lstsq(X, Y),
        crowfly.lstsq(X, Y[:, 0], intercept=False),
        crowfly.nnls(X, Y),
        crowfly.ols(X, Y[:, 0]),
    ):
        found = run(fit, X)["variable"]
        expected = fit.predict(X).reshape(len(X), -1)
        assert (np.abs(found - expected) <= rounding(X, fit.coef, fit.intercept)).all()
    for labels in (Y[:, 0] > 0, np.digitize(Y[:, 0] / np.std(Y[:, 0]), [-0.5, 0.5])):
        logistic = crowfly.logistic(X, labels, alpha=1.0)
        outputs = run(logistic, X)
        assert outputs["label"].tolist() == logistic.predict(X).tolist()
        # The scale of X is 1000: so many roundings of the decision value.
        np.testing.assert_allclose(outputs["probabilities"], logistic.predict_proba(X), rtol=1e-10)


def test_columns_that_ols_left_out_take_no_part() -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(30, 3))
    X[:, 2] = X[:, 0] + X[:, 1]
    fit = crowfly.ols(X, rng.normal(size=30))
    assert len(fit.dropped) == 1
    np.testing.assert_allclose(run(fit, X)["variable"][:, 0], fit.predict(X), atol=1e-14)


def test_a_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    proto = crowfly.to_onnx(crowfly.lstsq([[0.0], [1.0]], [1.0, 3.0]), path)
    assert path.read_bytes() == proto.SerializeToString()
    session = onnxruntime.InferenceSession(path)
    assert session.run(None, {"X": np.array([[3.0]])})[0].tolist() == [[7.0]]
    assert (proto.producer_name, proto.producer_version) == ("crowfly", crowfly.__version__)


def test_what_is_not_exported_is_named() -> None:
    neighbors = pytest.importorskip("crowfly.neighbors", exc_type=ImportError)
    from sklearn.linear_model import Ridge

    class Own(type(estimator("Ridge"))):  # type: ignore[misc]  # the class is known at run time only
        pass

    X, y = np.arange(6.0).reshape(-1, 1), [0, 0, 0, 1, 1, 1]
    for model, name in [
        (neighbors.KNeighborsClassifier(2).fit(X, y), "KNeighborsClassifier"),
        (Ridge().fit(X, y), "sklearn.linear_model._ridge.Ridge"),
        (Own().fit(X, y), "Own"),
        (crowfly.Index(X), "crowfly.index.Index"),
        (None, "NoneType"),
    ]:
        with pytest.raises(
            TypeError, match=rf"model: .* LinearRegression, .* or a result of .* got .*{name}$"
        ):
            crowfly.to_onnx(model)


def test_unfitted_models_and_strange_labels_are_refused() -> None:
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        crowfly.to_onnx(estimator("Ridge"))
    X = np.arange(4.0).reshape(-1, 1)
    days = np.array(["2024-01-01", "2024-01-02"], dtype="M8[D]")[[0, 0, 1, 1]]
    for labels in (days, np.array([1, 2**64 - 1], dtype=np.uint64)[[0, 0, 1, 1]]):
        with pytest.raises(TypeError, match="model: class labels that are strings"):
            crowfly.to_onnx(crowfly.logistic(X, labels, alpha=1.0))


def test_columns_that_logit_left_out_take_no_part() -> None:
    rng = np.random.default_rng(5)
    X = samples(rng)[:, :3]
    X = np.column_stack([X, X[:, 0] - X[:, 2]])
    fit = crowfly.logit(X, X[:, 1] + rng.normal(size=len(X)) > 0)
    assert len(fit.dropped) == 1
    np.testing.assert_allclose(run(fit, X)["probabilities"], fit.predict_proba(X), rtol=1e-12)


def test_a_pipeline_is_to_be_cut() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), crowfly.linear_model.Ridge())
    with pytest.raises(TypeError, match=r"export the last step, model\[-1\]"):
        crowfly.to_onnx(model)
