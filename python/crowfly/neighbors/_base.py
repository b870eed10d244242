# SPDX-License-Identifier: BSD-3-Clause
"""Parameters, fitting and copying that the neighbour estimators share.

The base class owns what searches. An estimator is pickled without its index, which is rebuilt from the training data:
the same data give the same index.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, MultiOutputMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import DistanceMetric
from sklearn.neighbors import BallTree, KDTree
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_non_negative

from crowfly._estimators import MatrixLike, validated_samples
from crowfly._warnings import level_of_caller
from crowfly.neighbors._metric import (
    METRIC_CONSTRAINTS,
    Metric,
    MetricLike,
    Search,
    resolve_metric,
    search_for,
)
from crowfly.neighbors._pairs import SET_METRICS

#: What scikit-learn doesn't use for sparse points, with a warning, nor for sparse queries of dense points, with an error.
_TREES = ("ball_tree", "kd_tree")

#: Features up to which scikit-learn's "auto" takes a tree, which has its own copy of the points.
_MOST_TREE_FEATURES = 15


class NeighborsBase(MultiOutputMixin, BaseEstimator):
    """Common parameters, and an index over the training points."""

    n_features_in_: int
    n_samples_fit_: int
    effective_metric_: MetricLike
    effective_metric_params_: dict[str, Any]
    _fit_X: Any
    _index: Search
    _metric: Metric
    # What others' code that looks for scikit-learn's attribute should take this for: no tree of its own.
    _fit_method = "brute"

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left"), None],
        "radius": [Interval(Real, 0, None, closed="both"), None],
        "algorithm": [StrOptions({"auto", "ball_tree", "kd_tree", "brute"})],
        "leaf_size": [Interval(Integral, 1, None, closed="left")],
        "p": [Interval(Real, 0, None, closed="right"), None],
        "metric": METRIC_CONSTRAINTS,
        "metric_params": [dict, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_neighbors: int | None = None,
        radius: float | None = None,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: MetricLike = "minkowski",
        p: float | None = 2,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.metric = metric
        self.p = p
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def _points_of(self, X: Any) -> Any:
        """The points of what scikit-learn's estimators can be fitted on besides samples: another estimator, or a tree."""
        if not isinstance(X, (BallTree, KDTree)):
            return getattr(X, "_fit_X", X)
        own = next(part for part in X.__getstate__() if isinstance(part, DistanceMetric))
        asked = resolve_metric(self.metric, self.p, self.metric_params, "auto")
        if not asked.same_as(resolve_metric(own, None, None, "auto")):
            raise ValueError(f"X: a tree of the estimator's metric, {self.metric!r}, expected")
        return np.asarray(X.data)

    def _fit_points(self, X: Any) -> Self:
        """Index validated training points, or take the distances of all pairs of them."""
        metric = resolve_metric(self.metric, self.p, self.metric_params, self.algorithm)
        if issparse(X) and self.metric != "precomputed" and self.algorithm in _TREES:
            warnings.warn(
                "cannot use tree with sparse input: using brute force",
                UserWarning,
                stacklevel=level_of_caller(),
            )
        if self.metric == "precomputed":
            X = checked_distances(X)
            if X.shape[0] != X.shape[1]:
                raise ValueError(
                    f"Precomputed matrix must be square. Input is a {X.shape[0]}x{X.shape[1]} matrix."
                )
        if self._keeps_copy(X):
            X = X.copy()
        if issparse(X):
            metric.require_dense()
        elif metric.name in SET_METRICS and X.dtype != bool:
            warnings.warn(
                f"Data was converted to boolean for metric {metric.name}",
                DataConversionWarning,
                stacklevel=level_of_caller(),
            )
        with naming_X("points"):
            self._index = metric.search(X)
        self._metric = metric
        self._fit_X = X
        self.effective_metric_ = metric.effective_name
        self.effective_metric_params_ = metric.effective_params
        self.n_samples_fit_ = X.shape[0]
        return self

    def _keeps_copy(self, X: Any) -> bool:
        """Whether points that the caller changes later must not change answers, as where scikit-learn builds a tree."""
        if issparse(X) or self.metric == "precomputed" or not X.flags.writeable:
            return False
        return self.algorithm in _TREES or (self.algorithm == "auto" and X.shape[1] <= _MOST_TREE_FEATURES)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        precomputed = self.metric == "precomputed"
        tags.input_tags.allow_nan = self.metric == "nan_euclidean"
        tags.input_tags.pairwise = precomputed
        tags.input_tags.positive_only = precomputed
        tags.input_tags.sparse = self.metric != "nan_euclidean"
        return tags

    def _input(self) -> dict[str, Any]:
        """What X may be, as arguments of scikit-learn's validation."""
        return {
            "ensure_all_finite": "allow-nan" if self.metric == "nan_euclidean" else True,
            "accept_sparse": "csr" if self.metric != "nan_euclidean" else False,
        }

    def _queries(self, X: MatrixLike | None) -> Any:
        """Validate queries; None stands for the training points."""
        if X is None:
            return self._fit_X
        if self.metric == "precomputed" and issparse(X) and X.format not in ("csr", "csc", "coo", "lil"):
            raise TypeError(
                f"Sparse matrix in {X.format!r} format is not supported due to its handling of explicit zeros"
            )
        queries = validated_samples(self, X, **self._input())
        if issparse(queries):
            self._metric.require_dense()
        if self.metric == "precomputed":
            return checked_distances(queries)
        if issparse(queries) and not issparse(self._fit_X) and self.algorithm in _TREES:
            raise ValueError(
                f"{self.algorithm} does not work with sparse matrices. Densify the data, or set algorithm='brute'"
            )
        return queries

    def _search_of(self, queries: Any) -> Search:
        """What finds neighbours of validated queries."""
        return search_for(self._index, self._fit_X, queries)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        # The index is described by its metric and data; only the metric's name, exponent and numbers have no other home.
        metric = state.pop("_metric", None)
        if metric is not None:
            del state["_index"]
            state["_index_metric"] = (metric.name, metric.p, metric.numbers)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        index_metric = state.pop("_index_metric", None)
        super().__setstate__(state)
        if index_metric is not None:
            self._metric = Metric(self.effective_metric_, self.effective_metric_params_, *index_metric)
            self._index = self._metric.search(self._fit_X)


def checked_distances(X: Any) -> Any:
    """Validated distances as float64, none of them negative; sparse ones without duplicate entries."""
    check_non_negative(X, whom="precomputed distance matrix.")
    if not issparse(X):
        return np.asarray(X, dtype=np.float64)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


@contextmanager
def naming_X(argument: str, name: str = "X") -> Iterator[None]:
    """Say `name` in errors where the functional API says `argument`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        start, colon, complaint = str(error).partition(": ")
        if start != argument:
            raise
        # Positions are named after the argument, too: points[0, 2].
        complaint = complaint.replace(f"{argument}[", f"{name}[")
        raise type(error)(f"{name}{colon}{complaint}") from None
