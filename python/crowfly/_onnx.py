# SPDX-License-Identifier: BSD-3-Clause
"""Fitted linear and logistic models as ONNX graphs of standard operators in float64."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crowfly._ols_result import OlsResult
from crowfly.least_squares import LstsqResult
from crowfly.logistic import LogisticResult
from crowfly.logit import LogitResult
from crowfly.non_negative import NnlsResult

if TYPE_CHECKING:
    import onnx

__all__ = ["to_onnx"]

FloatArray = NDArray[np.float64]

#: Every operator used here exists in this form since 2020: runtimes that read newer operator sets read this one.
OPSET = 13
_IR_VERSION = 7
# A model is one protocol buffer, which holds less than 2 GiB.
_LARGEST_MODEL = 2**31 - 2**20

_REGRESSORS = (
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "Ridge",
    "RidgeCV",
)
_RIDGE_CLASSIFIERS = ("RidgeClassifier", "RidgeClassifierCV")
_LOGISTIC_CLASSIFIERS = ("LogisticRegression", "LogisticRegressionCV")
_RESULTS = (LogisticResult, LogitResult, LstsqResult, NnlsResult, OlsResult)


@dataclass(frozen=True)
class _Linear:
    """What every one of these models is: coefficients of shape (n_outputs, n_features), intercepts of shape (n_outputs,)."""

    coef: FloatArray
    intercept: FloatArray

    @classmethod
    def of(cls, coef: Any, intercept: Any) -> _Linear:
        dense = coef.toarray() if hasattr(coef, "toarray") else coef
        rows = np.atleast_2d(np.asarray(dense, dtype=np.float64))
        return cls(rows, np.full(len(rows), intercept, dtype=np.float64))


@dataclass
class _Graph:
    """Nodes and constants of a graph, in the order in which they were asked for."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        from onnx import helper, numpy_helper

        if value.dtype.kind == "U":
            texts = [text.encode() for text in value.tolist()]
            tensor = helper.make_tensor(name, _type_of(value), value.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
        self.constants.append(tensor)
        return name

    def apply(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def output(self, name: str, kind: int, *width: int) -> None:
        from onnx import helper

        self.outputs.append(helper.make_tensor_value_info(name, kind, ["n", *width]))


def _type_of(values: NDArray[Any]) -> int:
    from onnx import TensorProto

    kinds = {"b": TensorProto.BOOL, "i": TensorProto.INT64, "f": TensorProto.DOUBLE, "U": TensorProto.STRING}
    return int(kinds[values.dtype.kind])


def _labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Class labels of a type that ONNX has: booleans, int64, float64 or strings."""
    labels = np.asarray(classes)
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels):
        labels = labels.astype(str)
    kind = labels.dtype.kind
    if kind in ("b", "U"):
        return labels
    if kind == "i" or (kind == "u" and labels.max(initial=0) <= np.iinfo(np.int64).max):
        return labels.astype(np.int64)
    if kind == "f" and labels.dtype.itemsize <= 8:
        return labels.astype(np.float64)
    raise TypeError(
        f"model: class labels that are strings, int64, float64 or booleans expected, got {labels.dtype} such as {labels[:1].tolist()[0]!r}"
    )


def _add_predictors(graph: _Graph, linear: _Linear, name: str) -> str:
    weights = graph.constant("coef", linear.coef.T)
    products = graph.apply("MatMul", ["X", weights], "products")
    return graph.apply("Add", [products, graph.constant("intercept", linear.intercept)], name)


def _add_regression(graph: _Graph, linear: _Linear) -> None:
    from onnx import TensorProto

    graph.output(_add_predictors(graph, linear, "variable"), TensorProto.DOUBLE, len(linear.coef))


def _add_positive(graph: _Graph, scores: str) -> str:
    """1 where a score is above zero, else 0: a score of exactly zero is the first class."""
    from onnx import TensorProto

    positive = graph.apply("Greater", [scores, graph.constant("zero", np.zeros(1))], "positive")
    return graph.apply("Cast", [positive], "positive_int", to=TensorProto.INT64)


def _add_label(graph: _Graph, scores: str, classes: NDArray[Any]) -> None:
    """The class of the largest score, the first of equal ones; with one score, the second class where it is positive."""
    if len(classes) == 2:
        flat = graph.constant("flat", np.array([-1]))
        place = graph.apply("Reshape", [_add_positive(graph, scores), flat], "place")
    else:
        place = graph.apply("ArgMax", [scores], "place", axis=1, keepdims=0, select_last_index=0)
    labels = _labels(classes)
    graph.apply("Gather", [graph.constant("classes", labels), place], "label", axis=0)
    graph.output("label", _type_of(labels))


def _add_probabilities(graph: _Graph, scores: str, n_classes: int) -> None:
    from onnx import TensorProto

    if n_classes == 2:
        _add_logistic(graph, scores)
    else:
        graph.apply("Softmax", [scores], "probabilities", axis=1)
    graph.output("probabilities", TensorProto.DOUBLE, n_classes)


def _add_logistic(graph: _Graph, scores: str) -> None:
    """Both probabilities from exp(-|score|), so that the smaller one has all its digits.

    Sigmoid is a runtime's own: onnxruntime's subtracts from one for negative scores, which leaves small probabilities no digits.
    """
    one = graph.constant("one", np.ones(1))
    negative = graph.apply("Neg", [scores], "negated")
    size = graph.apply("Abs", [scores], "size")
    odds = graph.apply("Exp", [graph.apply("Neg", [size], "minus_size")], "odds")
    total = graph.apply("Add", [one, odds], "total")
    both = graph.apply("Concat", [negative, scores], "both_scores", axis=1)
    larger = graph.apply("Greater", [both, "zero"], "is_larger")
    shares = graph.apply("Where", [larger, one, odds], "shares")
    graph.apply("Div", [shares, total], "probabilities")


def _add_logistic_classifier(graph: _Graph, linear: _Linear, classes: NDArray[Any]) -> None:
    scores = _add_predictors(graph, linear, "decision")
    _add_label(graph, scores, classes)
    _add_probabilities(graph, scores, len(classes))


def _add_ridge_classifier(graph: _Graph, linear: _Linear, classes: NDArray[Any], multilabel: bool) -> None:
    from onnx import TensorProto

    scores = _add_predictors(graph, linear, "scores")
    if multilabel:
        graph.apply("Identity", [_add_positive(graph, scores)], "label")
        graph.output("label", TensorProto.INT64, len(linear.coef))
    else:
        _add_label(graph, scores, classes)
    graph.output("scores", TensorProto.DOUBLE, len(linear.coef))


def _estimator_name(model: Any) -> str | None:
    """The name of an estimator's class if it is one of crowfly's linear models; a subclass may predict something else."""
    kind = type(model)
    if not kind.__module__.startswith("crowfly.linear_model."):
        return None
    ours = import_module("crowfly.linear_model")
    return kind.__name__ if getattr(ours, kind.__name__, None) is kind else None


def _of_result(model: Any) -> tuple[_Linear, Callable[[_Graph, _Linear], None]]:
    if isinstance(model, LogisticResult):
        linear = _Linear.of(model.coef, model.intercept)
        return linear, lambda graph, linear: _add_logistic_classifier(graph, linear, model.classes)
    if isinstance(model, LogitResult):
        linear = _Linear.of(*model._coefficients())
        return linear, lambda graph, linear: _add_logistic_classifier(graph, linear, model.classes)
    if isinstance(model, OlsResult):
        # Columns that depend on others take no part in predictions.
        coef = np.where(np.isin(np.arange(len(model.coef)), model.dropped), 0.0, model.coef)
        return _Linear.of(coef, model.intercept), _add_regression
    return _Linear.of(model.coef, model.intercept), _add_regression


def _of_estimator(model: Any, name: str) -> tuple[_Linear, Callable[[_Graph, _Linear], None]]:
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    linear = _Linear.of(model.coef_, model.intercept_)
    if name in _RIDGE_CLASSIFIERS:
        return linear, lambda graph, linear: _add_ridge_classifier(
            graph, linear, model.classes_, model._multilabel
        )
    if name in _LOGISTIC_CLASSIFIERS:
        return linear, lambda graph, linear: _add_logistic_classifier(graph, linear, model.classes_)
    return linear, _add_regression


def _advice(model: Any) -> str:
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps and _estimator_name(steps[-1][-1]) is not None:
        return "; export the last step, model[-1], and transform samples by the steps before it, model[:-1]"
    return ""


def to_onnx(model: Any, path: str | os.PathLike[str] | None = None) -> onnx.ModelProto:
    """Export a fitted linear or logistic model to ONNX, for prediction without Python.

    The graph uses standard operators of operator set 13 in float64 (not those of ``ai.onnx.ml``, which compute in float32), so that predictions have the digits of
    the model's own.

    Parameters
    ----------
    model : estimator or result
        A fitted `LinearRegression`, `Ridge`, `RidgeCV`, `Lasso`, `LassoCV`, `ElasticNet`, `ElasticNetCV`, `RidgeClassifier`, `RidgeClassifierCV`,
        `LogisticRegression` or `LogisticRegressionCV` of `crowfly.linear_model`, or the result of `lstsq`, `ols`, `nnls`, `logistic` or `logit`.
    path : path-like, optional
        File to write the model to.

    Returns
    -------
    onnx.ModelProto
        Its input is ``X``, float64 of shape (n, n_features). Outputs have the names that skl2onnx gives them: of regressions ``variable``, of shape (n, n_targets);
        of logistic regression ``label``, of shape (n,), and ``probabilities``, of shape (n, n_classes). Ridge classifiers have ``label`` and ``scores``, of shape (n, 1)
        for two classes, else (n, n_classes). Labels are int64, float64, booleans or strings.

    Raises
    ------
    TypeError
        If `model` is none of these, or its class labels are of a type that ONNX doesn't have.
    ValueError
        If the coefficients take more than the 2 GiB that a model may have.
    sklearn.exceptions.NotFittedError
        If `model` is not fitted.
    ImportError
        If onnx is not installed: ``pip install crowfly[onnx]``.

    Notes
    -----
    A runtime adds products in an order of its own: predictions agree to (n_features + 2) times 2.2e-16 of the sum of their terms' sizes. Of equally probable
    classes the first is the label, as in `predict`. The graph checks nothing: of NaN or infinity it makes NaN or infinity.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> fit = crowfly.lstsq([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model = crowfly.to_onnx(fit)  # doctest: +SKIP
    >>> import onnxruntime  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())  # doctest: +SKIP
    >>> session.run(["variable"], {"X": np.array([[3.0]])})  # doctest: +SKIP
    [array([[7.]])]
    """
    name = _estimator_name(model)
    exportable = (*_REGRESSORS, *_RIDGE_CLASSIFIERS, *_LOGISTIC_CLASSIFIERS)
    if name not in exportable and not isinstance(model, _RESULTS):
        kind = type(model)
        raise TypeError(
            f"model: one of crowfly.linear_model's {', '.join(sorted(exportable))} or a result of crowfly.lstsq, ols, nnls, logistic or logit "
            f"expected, got {kind.__module__}.{kind.__qualname__}{_advice(model)}"
        )
    linear, add = _of_result(model) if isinstance(model, _RESULTS) else _of_estimator(model, str(name))
    if linear.coef.nbytes > _LARGEST_MODEL:
        raise ValueError(
            f"model: coefficients of less than 2 GiB expected, got {linear.coef.nbytes / 2**30:.1f} GiB"
        )
    return _written(_model(linear, add), path)


def _model(linear: _Linear, add: Callable[[_Graph, _Linear], None]) -> onnx.ModelProto:
    try:
        from onnx import TensorProto, helper
    except ImportError as error:
        raise ImportError("crowfly.to_onnx needs onnx: pip install crowfly[onnx]") from error
    from crowfly import __version__

    graph = _Graph()
    add(graph, linear)
    samples = helper.make_tensor_value_info("X", TensorProto.DOUBLE, ["n", linear.coef.shape[1]])
    return helper.make_model(
        helper.make_graph(graph.nodes, "crowfly", [samples], graph.outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="crowfly",
        producer_version=__version__,
    )


def _written(model: onnx.ModelProto, path: str | os.PathLike[str] | None) -> onnx.ModelProto:
    if path is not None:
        import onnx

        onnx.save(model, os.fspath(path))
    return model
