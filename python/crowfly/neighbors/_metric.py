# SPDX-License-Identifier: BSD-3-Clause
"""Which distance the parameters ``metric``, ``p`` and ``metric_params`` mean, and what searches by it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from sklearn.neighbors import VALID_METRICS
from sklearn.utils._param_validation import Options

from crowfly import Index
from crowfly._metrics import ALIASES, METRICS
from crowfly.neighbors._distances import DistanceMatrix, FunctionSearch

MetricLike: TypeAlias = str | Callable[..., float]
"""The parameter ``metric``: a name, or a function of two rows."""

Search: TypeAlias = Index | DistanceMatrix | FunctionSearch

_NAMES = (*METRICS, *ALIASES, "precomputed")

_MINKOWSKI_SHORTHANDS = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}


@dataclass(frozen=True)
class Metric:
    """A distance by its fitted attributes, and by our name if it has one (a Minkowski metric with its exponent)."""

    effective_name: MetricLike
    effective_params: dict[str, Any]
    name: str | None = None
    p: float | None = None

    def search(self, points: Any) -> Search:
        """What finds neighbours among the points by this distance."""
        if callable(self.effective_name):
            return FunctionSearch(points, self.effective_name, self.effective_params)
        if self.name is None:
            return DistanceMatrix()
        return Index(points, metric=self.name, p=self.p)


class MetricNames(Options):
    """Constraint of the parameter `metric`: the names offered, listed in order."""

    def __init__(self, *, precomputed: bool = True) -> None:
        super().__init__(str, {name for name in _NAMES if precomputed or name != "precomputed"})

    def __str__(self) -> str:
        others = "scikit-learn's other metrics are not offered; functions of two rows are"
        return f"a str among {{{_listed(self.options)}}} ({others})"


def resolve_metric(
    metric: MetricLike, p: float | None, metric_params: dict[str, Any] | None, algorithm: str
) -> Metric:
    """Resolve scikit-learn's metric parameters; `metric` is one of :class:`MetricNames` or a function.

    Raises
    ------
    ValueError
        If scikit-learn does not combine the metric with `algorithm`, `metric_params` holds a keyword that the
        metric does not take, or a Minkowski exponent is below 1.
    """
    _require_algorithm_takes(metric, algorithm)
    keywords = dict(metric_params or {})
    if "p" in keywords and p is not None:
        warnings.warn(
            "p is given in metric_params: the parameter p of the estimator is ignored.",
            SyntaxWarning,
            stacklevel=5,
        )
    if callable(metric):
        return Metric(metric, keywords)
    name = ALIASES.get(metric, metric)
    if name == "minkowski":
        # scikit-learn's alias "p" takes its exponent from metric_params alone.
        exponent = keywords.pop("p", p if metric == "minkowski" else 2)
        if keywords.pop("w", None) is not None:
            raise ValueError(
                "metric_params: the weights 'w' of the Minkowski metric are not offered; scale X instead."
            )
        _require_no_keywords(metric, keywords)
        return _minkowski(metric, 2.0 if exponent is None else float(exponent))
    _require_no_keywords(metric, keywords)
    return Metric(metric, {}, None if metric == "precomputed" else name)


def _require_algorithm_takes(metric: MetricLike, algorithm: str) -> None:
    if callable(metric):
        if algorithm == "kd_tree":
            raise ValueError(
                "kd_tree does not support callable metric: a function is taken by algorithm='auto', 'brute' and 'ball_tree'."
            )
        return
    if algorithm != "auto" and metric not in VALID_METRICS[algorithm]:
        valid = _listed(set(VALID_METRICS[algorithm]) & set(_NAMES))
        raise ValueError(
            f"Metric {metric!r} not valid with algorithm={algorithm!r}, which takes one of {valid}; "
            "algorithm='auto' takes every metric."
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))


def _require_no_keywords(metric: str, keywords: dict[str, Any]) -> None:
    if keywords:
        raise ValueError(
            f"metric_params holds {sorted(keywords)}, which the metric {metric!r} does not take."
        )


def _minkowski(metric: str, p: float) -> Metric:
    if not p >= 1:
        raise ValueError(f"p={p} is not offered: the Minkowski metric needs p >= 1.")
    if metric == "minkowski" and p in _MINKOWSKI_SHORTHANDS:
        shorthand = _MINKOWSKI_SHORTHANDS[p]
        return Metric(shorthand, {}, shorthand)
    effective_params = {"p": p, "w": None} if metric == "minkowski" else {"p": p}
    return Metric(metric, effective_params, "minkowski", p)
