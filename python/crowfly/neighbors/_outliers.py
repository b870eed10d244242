# SPDX-License-Identifier: BSD-3-Clause
"""Outliers by the density around their neighbours."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OutlierMixin
from sklearn.utils._available_if import available_if
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from crowfly._estimators import (
    FloatArray,
    IndexArray,
    MatrixLike,
    num_threads,
    predictions_for,
    rounded_for,
    validate_data,
    validates_parameters,
)
from crowfly._warnings import level_of_caller
from crowfly.neighbors._base import NeighborsBase, naming_X
from crowfly.neighbors._documentation import documented
from crowfly.neighbors._metric import MetricLike
from crowfly.neighbors._search import KNeighborsMixin, checked_n_neighbors
from crowfly.neighbors._supervised import without

_NO_NEIGHBOURS_APART = 1e-10  # scikit-learn's, so that points that repeat have a density


def _if_novelty(novelty: bool, method: str, advice: str) -> Any:
    """Decorator of a method that there is for one value of `novelty` only."""

    def check(estimator: Any) -> bool:
        if estimator.novelty != novelty:
            raise AttributeError(f"{method} is not available when novelty={not novelty}. {advice}")
        return True

    return available_if(check)


_FOR_NEW_POINTS = (
    "Use novelty=True for new points; negative_outlier_factor_ and fit_predict are about the training points."
)


@documented
class LocalOutlierFactor(KNeighborsMixin, OutlierMixin, NeighborsBase):
    """Outlier detection by the local outlier factor.

    A point's density is the inverse of the mean distance to its neighbours, each counted as at least that neighbour's
    distance from its own k-th. The factor is the mean density of the neighbours over the point's own: about 1 inside a
    cluster, larger for outliers.

    Parameters
    ----------
    n_neighbors : int, default=20
        Number of neighbours; of fewer training points all others are neighbours.
    |search parameters|
    contamination : 'auto' or float, default='auto'
        Share of outliers among the training points, above 0 and up to 0.5, which decides `offset_`.
    novelty : bool, default=False
        Whether to judge new points (`predict`, `decision_function`, `score_samples`) or the training points
        (`fit_predict`).

    Attributes
    ----------
    negative_outlier_factor_ : ndarray of shape (n_samples,)
        Less the factors of the training points.
    n_neighbors_ : int
        The number of neighbours used.
    offset_ : float
        Scores below it are outliers': -1.5, or the percentile that `contamination` asks for.
    |search attributes|

    References
    ----------
    M. M. Breunig, H.-P. Kriegel, R. T. Ng, J. Sander: LOF: identifying density-based local outliers. SIGMOD 2000, 93-104.

    Examples
    --------
    >>> from crowfly.neighbors import LocalOutlierFactor
    >>> LocalOutlierFactor(n_neighbors=2).fit_predict([[-1.1], [0.2], [101.1], [0.3]])
    array([ 1,  1, -1,  1])
    """

    negative_outlier_factor_: FloatArray
    n_neighbors_: int
    offset_: Any

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **without(NeighborsBase._parameter_constraints, "radius"),
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "novelty": ["boolean"],
    }

    def __init__(
        self,
        n_neighbors: int = 20,
        *,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: MetricLike = "minkowski",
        p: float | None = 2,
        metric_params: dict[str, Any] | None = None,
        contamination: str | float = "auto",
        novelty: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_neighbors=n_neighbors,
            algorithm=algorithm,
            leaf_size=leaf_size,
            metric=metric,
            p=p,
            metric_params=metric_params,
            n_jobs=n_jobs,
        )
        self.contamination = contamination
        self.novelty = novelty

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Compute the factors of the training points.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points; of shape (n_samples, n_samples) their distances, with ``metric='precomputed'``.
        y : object, default=None
            Not used.

        Returns
        -------
        self : LocalOutlierFactor

        Raises
        ------
        ValueError
            If `X` is not a finite matrix of at least two rows, or the metric is not offered.
        TypeError
            If `X` is sparse with 'nan_euclidean'.
        """
        self._fit_points(validate_data(self, X, **self._input()))
        n_points, asked = self.n_samples_fit_, checked_n_neighbors(self.n_neighbors)
        if asked > n_points:
            warnings.warn(
                f"n_neighbors ({asked}) is greater than the total number of samples ({n_points}). n_neighbors "
                "will be set to (n_samples - 1) for estimation.",
                UserWarning,
                stacklevel=level_of_caller(),
            )
        self.n_neighbors_ = max(1, min(asked, n_points - 1))
        distances, indices = self.kneighbors(n_neighbors=self.n_neighbors_)
        self._distances_fit_X_ = distances
        self._lrd = self._density(distances, indices)
        self.negative_outlier_factor_ = rounded_for(self._fit_X, self._negative_factor(self._lrd, indices))
        self.offset_ = (
            -1.5
            if isinstance(self.contamination, str)
            else np.percentile(self.negative_outlier_factor_, 100.0 * self.contamination)
        )
        if self.negative_outlier_factor_.min() < -1e7 and not self.novelty:
            warnings.warn(
                "Duplicate values are leading to incorrect results. Increase the number of neighbors for more accurate "
                "results.",
                UserWarning,
                stacklevel=level_of_caller(),
            )
        return self

    @_if_novelty(False, "fit_predict", "Use novelty=False to predict on the training points.")  # type: ignore[untyped-decorator]
    def fit_predict(self, X: MatrixLike, y: Any = None) -> NDArray[np.int64]:
        """Tell outliers among the training points; with ``novelty=False``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points.
        y : object, default=None
            Not used.

        Returns
        -------
        ndarray of shape (n_samples,)
            -1 for outliers, 1 for others.
        """
        return self.fit(X)._predict()

    @_if_novelty(True, "predict", _FOR_NEW_POINTS)  # type: ignore[untyped-decorator]
    def predict(self, X: MatrixLike = None) -> NDArray[np.int64]:
        """Tell outliers among new points; with ``novelty=True``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), default=None
            None: the training points, as `fit_predict` has them.

        Returns
        -------
        ndarray of shape (n_queries,)
            -1 for outliers, 1 for others.
        """
        return self._predict(X)

    @_if_novelty(True, "decision_function", _FOR_NEW_POINTS)  # type: ignore[untyped-decorator]
    def decision_function(self, X: MatrixLike) -> FloatArray:
        """Compute scores of new points less `offset_`: negative for outliers; with ``novelty=True``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries,)
        """
        scores: FloatArray = self._scores(X) - self.offset_
        return scores

    @_if_novelty(True, "score_samples", _FOR_NEW_POINTS)  # type: ignore[untyped-decorator]
    def score_samples(self, X: MatrixLike) -> FloatArray:
        """Compute less the factors of new points, which are nobody's neighbours; with ``novelty=True``.

        A training point among them has itself as a neighbour, so its score is not that in `negative_outlier_factor_`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries,)

        Raises
        ------
        ValueError
            If a query is not a finite vector of the number of features seen in `fit`.
        """
        return self._scores(X)

    def _scores(self, X: MatrixLike) -> FloatArray:
        check_is_fitted(self)
        if X is None:
            # To the searches it means the training points, whose scores are negative_outlier_factor_.
            raise ValueError("X: samples expected, got None")
        queries, k = self._search(X, self.n_neighbors_)
        with naming_X("queries"):
            distances, indices = self._search_of(queries).query(
                queries, k, num_threads=num_threads(self.n_jobs)
            )
        factors = self._negative_factor(self._density(distances, indices), indices)
        return predictions_for(queries, self.negative_outlier_factor_, factors)

    def _predict(self, X: MatrixLike | None = None) -> NDArray[np.int64]:
        """Of new points, or of the training points."""
        check_is_fitted(self)
        if X is None:
            return _signs(self.negative_outlier_factor_ < self.offset_)
        return _signs(self.decision_function(X) < 0)

    def _density(self, distances: FloatArray, indices: IndexArray) -> FloatArray:
        """The local reachability density."""
        reach = np.maximum(distances, self._distances_fit_X_[indices, -1])
        density: FloatArray = 1.0 / (reach.mean(axis=1) + _NO_NEIGHBOURS_APART)
        return density

    def _negative_factor(self, density: FloatArray, indices: IndexArray) -> FloatArray:
        factors: FloatArray = (self._lrd[indices] / density[:, np.newaxis]).mean(axis=1)
        return -factors


def _signs(is_outlier: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(is_outlier, -1, 1)
