# SPDX-License-Identifier: BSD-3-Clause
"""Which distance the parameters ``metric``, ``p`` and ``metric_params`` mean, in scikit-learn's and our names."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.neighbors import VALID_METRICS
from sklearn.utils._param_validation import Options

_OUR_NAME = {
    "euclidean": "euclidean",
    "l2": "euclidean",
    "sqeuclidean": "sqeuclidean",
    "manhattan": "manhattan",
    "l1": "manhattan",
    "cityblock": "manhattan",
    "chebyshev": "chebyshev",
    "infinity": "chebyshev",
    "cosine": "cosine",
    "minkowski": "minkowski",
    "p": "minkowski",
    "nan_euclidean": "nan_euclidean",
}

_MINKOWSKI_SHORTHANDS = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}


@dataclass(frozen=True)
class Metric:
    """A distance, named for :class:`crowfly.Index` and for the fitted attributes of the estimators."""

    name: str
    p: float | None
    effective_name: str
    effective_params: dict[str, Any]


class MetricNames(Options):
    """Constraint of the parameter `metric`: the names offered, listed in order."""

    def __init__(self) -> None:
        super().__init__(str, set(_OUR_NAME))

    def __str__(self) -> str:
        return f"a str among {{{_listed(_OUR_NAME)}}} (scikit-learn's other metrics are not offered)"


def resolve_metric(
    metric: str, p: float | None, metric_params: dict[str, Any] | None, algorithm: str
) -> Metric:
    """Resolve scikit-learn's metric parameters; `metric` is one of :class:`MetricNames`.

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
    if _OUR_NAME[metric] == "minkowski":
        # scikit-learn's alias "p" takes its exponent from metric_params alone.
        exponent = keywords.pop("p", p if metric == "minkowski" else 2)
        if keywords.pop("w", None) is not None:
            raise ValueError(
                "metric_params: the weights 'w' of the Minkowski metric are not offered; scale X instead."
            )
        _require_no_keywords(metric, keywords)
        return _minkowski(metric, 2.0 if exponent is None else float(exponent))
    _require_no_keywords(metric, keywords)
    return Metric(_OUR_NAME[metric], None, metric, {})


def _require_algorithm_takes(metric: str, algorithm: str) -> None:
    if algorithm != "auto" and metric not in VALID_METRICS[algorithm]:
        valid = _listed(set(VALID_METRICS[algorithm]) & set(_OUR_NAME))
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
        return Metric(shorthand, None, shorthand, {})
    effective_params = {"p": p, "w": None} if metric == "minkowski" else {"p": p}
    return Metric("minkowski", p, metric, effective_params)
