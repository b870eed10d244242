# SPDX-License-Identifier: BSD-3-Clause
"""Which distance the parameters ``metric``, ``p`` and ``metric_params`` mean, and what searches by it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import DistanceMetric
from sklearn.neighbors import VALID_METRICS
from sklearn.utils._param_validation import Options

from crowfly import Index
from crowfly._metrics import ALIASES, METRICS
from crowfly._warnings import level_of_caller
from crowfly.neighbors._distances import DistanceMatrix, FunctionSearch
from crowfly.neighbors._haversine import HaversineSearch
from crowfly.neighbors._metric_params import (
    check_length,
    inverse_covariances,
    minkowski_weights,
    parts_of_metric_object,
    variances,
)
from crowfly.neighbors._pairs import PAIR_METRICS, CosineSearch, PairSearch, zero_rows

MetricLike: TypeAlias = str | Callable[..., float] | DistanceMetric
"""The parameter ``metric``: a name, a function of two rows, or scikit-learn's object of a metric."""

Search: TypeAlias = Index | DistanceMatrix | FunctionSearch | PairSearch | CosineSearch

_NAMES = (*METRICS, *ALIASES, *PAIR_METRICS, "pyfunc", "precomputed")

_MINKOWSKI_SHORTHANDS = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}


@dataclass(frozen=True)
class Metric:
    """A distance by its fitted attributes, and by our name if it has one, with exponent and numbers of those that have some."""

    effective_name: MetricLike
    effective_params: dict[str, Any]
    name: str | None = None
    p: float | None = None
    numbers: NDArray[np.float64] | None = None

    def search(self, points: Any) -> Search:
        """What finds neighbours among the points by this distance."""
        if self.name == "pyfunc":
            keywords = {key: value for key, value in self.effective_params.items() if key != "func"}
            return FunctionSearch(points, self.effective_params["func"], keywords)
        if callable(self.effective_name):
            return FunctionSearch(points, self.effective_name, self.effective_params)
        if self.name is None:
            return DistanceMatrix()
        if self.name in METRICS and (self.p is None or self.p >= 1):
            return named_search(points, self.name, self.p)
        if self.numbers is not None:
            check_length(self.name, self.numbers, points.shape[1])
        if self.name == "haversine":
            return HaversineSearch(points)
        return PairSearch(points, self.name, self.p or 2.0, self.numbers)

    def same_as(self, other: Metric) -> bool:
        """Whether both have a name, and are the same distance."""
        same_numbers = np.array_equal(
            np.array(self.numbers, dtype=object), np.array(other.numbers, dtype=object)
        )
        return self.name is not None and (self.name, self.p) == (other.name, other.p) and same_numbers

    def require_dense(self) -> None:
        """ValueError for a metric that takes no sparse rows."""
        if self.name in PAIR_METRICS or self.numbers is not None:
            raise ValueError(
                f"Metric {self.effective_name!r} not valid for sparse input: use .toarray(), or a function of two rows "
                "as metric."
            )


def named_search(points: Any, name: str, p: float | None) -> Search:
    """By a metric of the functional API, whose cosine takes no rows of zeros."""
    if name == "cosine" and zero_rows(points).any():
        return CosineSearch(points)
    return Index(points, metric=name, p=p)


def search_for(search: Search, points: Any, queries: Any) -> Search:
    """The search, or one that takes queries of zeros where these have no cosine."""
    if isinstance(search, Index) and search.metric == "cosine" and zero_rows(queries).any():
        return CosineSearch(points)
    return search


class MetricNames(Options):
    """Constraint of the parameter `metric`: the names offered, listed in order."""

    def __init__(self, *, precomputed: bool = True) -> None:
        super().__init__(str, {name for name in _NAMES if precomputed or name != "precomputed"})

    def __str__(self) -> str:
        return f"a str among {{{_listed(self.options)}}}"


#: What the parameter `metric` may be.
METRIC_CONSTRAINTS = [MetricNames(), callable, DistanceMetric]


def resolve_metric(
    metric: MetricLike, p: float | None, metric_params: dict[str, Any] | None, algorithm: str
) -> Metric:
    """Resolve scikit-learn's metric parameters; `metric` is one of `METRIC_CONSTRAINTS`.

    Raises
    ------
    ValueError
        If scikit-learn does not combine the metric with `algorithm`, or `metric_params` holds a keyword that the metric does not take, not one that it needs, or
        one of another form than it needs.
    """
    if isinstance(metric, DistanceMetric):
        name, exponent, keywords = parts_of_metric_object(metric)
        found = resolve_metric(name, exponent, keywords, algorithm)
        return Metric(metric, {}, found.name, found.p, found.numbers) if name != "pyfunc" else found
    _require_algorithm_takes(metric, algorithm)
    keywords = dict(metric_params or {})
    if "p" in keywords and p is not None:
        warnings.warn(
            "Parameter p is found in metric_params. The corresponding parameter from __init__ is ignored.",
            SyntaxWarning,
            stacklevel=level_of_caller(),
        )
    if callable(metric):
        return Metric(metric, keywords)
    name = ALIASES.get(metric, metric)
    if name == "minkowski":
        return _minkowski(metric, p, keywords, algorithm)
    if name == "pyfunc":
        if not callable(keywords.get("func")):
            raise ValueError(
                "metric_params: {'func': a function of two rows} expected by the metric 'pyfunc'."
            )
        return Metric(metric, keywords, name)
    effective = dict(keywords)
    numbers = None
    if name == "seuclidean":
        numbers = variances(keywords)
    elif name == "mahalanobis":
        numbers = inverse_covariances(keywords)
    _require_no_keywords(metric, keywords)
    return Metric(metric, effective, None if metric == "precomputed" else name, numbers=numbers)


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


def _require_no_keywords(metric: MetricLike, keywords: dict[str, Any]) -> None:
    if keywords:
        raise ValueError(
            f"metric_params holds {sorted(keywords)}, which the metric {metric!r} does not take."
        )


def _minkowski(metric: str, p: float | None, keywords: dict[str, Any], algorithm: str) -> Metric:
    # scikit-learn's alias "p" takes its exponent from metric_params alone.
    given = keywords.pop("p", p if metric == "minkowski" else 2)
    exponent = 2.0 if given is None else float(given)
    weights = minkowski_weights(keywords, exponent)
    _require_no_keywords(metric, keywords)
    if not exponent > 0:
        raise ValueError(f"p must be greater than 0 for the Minkowski metric, got {exponent}.")
    if exponent < 1:
        _accept_semimetric(algorithm)
    if weights is not None:
        if algorithm == "kd_tree":
            raise ValueError("kd_tree does not support the weights 'w' of the Minkowski metric: use 'auto'.")
        return Metric(metric, {"p": exponent, "w": weights}, "weighted_minkowski", exponent, weights)
    if metric == "minkowski" and exponent in _MINKOWSKI_SHORTHANDS:
        shorthand = _MINKOWSKI_SHORTHANDS[exponent]
        return Metric(shorthand, {}, shorthand)
    effective_params = {"p": exponent, "w": None} if metric == "minkowski" else {"p": exponent}
    return Metric(metric, effective_params, "minkowski", exponent)


def _accept_semimetric(algorithm: str) -> None:
    if algorithm in ("kd_tree", "ball_tree"):
        raise ValueError(
            f'algorithm="{algorithm}" does not support 0 < p < 1 for the Minkowski metric. To resolve this problem either '
            'set p >= 1 or algorithm="brute".'
        )
    warnings.warn(
        "Mind that for 0 < p < 1, Minkowski metrics are not distance metrics. Continuing the execution with "
        "`algorithm='brute'`.",
        UserWarning,
        stacklevel=level_of_caller(),
    )
