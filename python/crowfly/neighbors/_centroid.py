# SPDX-License-Identifier: BSD-3-Clause
"""Classification by the nearest of the classes' centroids."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._available_if import available_if
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from crowfly import nearest, pairwise_distances
from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    require_class_labels,
    validate_data,
    validated_samples,
    validates_parameters,
)
from crowfly._sparse import blocks
from crowfly._warnings import level_of_caller
from crowfly.neighbors._base import naming_X
from crowfly.neighbors._sparse_centroids import ClassEntries


def _has_probabilities(estimator: Any) -> bool:
    """The model behind the scores is that of normal classes, whose distance is Euclidean."""
    return bool(estimator.metric == "euclidean")


class NearestCentroid(ClassifierMixin, BaseEstimator):
    """Classifier by the nearest centroid; with shrinkage, of shrunken centroids.

    Equal distances go to the lowest class label.

    Parameters
    ----------
    metric : {'euclidean', 'manhattan'}, default='euclidean'
        A class's centroid is its mean, or with 'manhattan' its median in each feature.
    shrink_threshold : float, default=None
        By how many standard errors a centroid is moved to the mean of all points in each feature, at most onto it.
    priors : {'uniform', 'empirical'} or array-like of shape (n_classes,), default='uniform'
        Probabilities of the classes: the same, their shares of the training points, or these.

    Attributes
    ----------
    centroids_ : ndarray of shape (n_classes, n_features)
        The centroids, shrunken if so asked.
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.
    deviations_ : ndarray of shape (n_classes, n_features)
        The centroids' distances from the mean of all points in standard errors, after shrinking.
    within_class_std_dev_ : ndarray of shape (n_features,)
        Standard deviation around the classes' centroids.
    class_prior_ : ndarray of shape (n_classes,)
        Probabilities of the classes.

    References
    ----------
    R. Tibshirani, T. Hastie, B. Narasimhan, G. Chu: Diagnosis of multiple cancer types by shrunken centroids of gene
    expression. PNAS 99 (2002), 6567-6572.

    Examples
    --------
    >>> from crowfly.neighbors import NearestCentroid
    >>> classifier = NearestCentroid().fit([[0.0], [2.0], [10.0], [12.0]], ["a", "a", "b", "b"])
    >>> classifier.predict([[5.0], [7.0]])
    array(['a', 'b'], dtype='<U1')
    """

    centroids_: FloatArray
    classes_: NDArray[Any]
    deviations_: FloatArray
    within_class_std_dev_: FloatArray
    class_prior_: FloatArray

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "metric": [StrOptions({"manhattan", "euclidean"})],
        "shrink_threshold": [Interval(Real, 0, None, closed="neither"), None],
        "priors": ["array-like", StrOptions({"empirical", "uniform"})],
    }

    def __init__(
        self,
        metric: str = "euclidean",
        *,
        shrink_threshold: float | None = None,
        priors: str | ArrayLike = "uniform",
    ) -> None:
        self.metric = metric
        self.shrink_threshold = shrink_threshold
        self.priors = priors

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any) -> Self:
        """Compute the centroids.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training points.
        y : array-like of shape (n_samples,)
            Class labels.

        Returns
        -------
        self : NearestCentroid

        Raises
        ------
        ValueError
            If `X` is not a finite matrix or constant, `y` holds no class labels or only one, or `priors` are negative
            or not as many as classes.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr")
        require_class_labels(y)
        self.classes_, classes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(self.classes_)} class"
            )
        counts = np.bincount(classes)
        if _is_constant(X):
            raise ValueError("All features have zero variance. Division by zero.")
        self.class_prior_ = self._checked_priors(counts)
        if issparse(X):
            self._fit_sparse(X, classes, counts)
            return self
        points = X.astype(np.float64, copy=False)
        center = np.median if self.metric == "manhattan" else _mean
        self.centroids_ = np.stack(
            [center(points[classes == number], axis=0) for number in range(len(counts))]
        )
        with np.errstate(invalid="ignore"):
            squares = ((points - self.centroids_[classes]) ** 2).sum(axis=0)
        self._fit_deviations(squares, _mean(points, axis=0), counts)
        return self

    def _fit_sparse(self, X: Any, classes: NDArray[np.intp], counts: NDArray[np.int64]) -> None:
        entries = ClassEntries.of(X, classes, len(counts))
        self.centroids_ = entries.medians() if self.metric == "manhattan" else entries.means()
        overall = ClassEntries.of(X, np.zeros_like(classes), 1).means()[0]
        self._fit_deviations(entries.squares_around(self.centroids_), overall, counts)

    def _checked_priors(self, counts: NDArray[np.int64]) -> FloatArray:
        if isinstance(self.priors, str):
            uniform = np.full(len(counts), 1 / len(counts))
            return uniform if self.priors == "uniform" else counts / counts.sum()
        priors = np.asarray(self.priors, dtype=np.float64)
        if priors.shape != counts.shape:
            raise ValueError(
                f"priors: one number per class, shape {counts.shape}, expected, got shape {priors.shape}"
            )
        if not (priors >= 0).all():
            raise ValueError("priors must be non-negative")
        if not np.isclose(priors.sum(), 1.0):
            warnings.warn(
                "The priors do not sum to 1. Normalizing such that it sums to one.",
                UserWarning,
                stacklevel=level_of_caller(),
            )
            priors = priors / priors.sum()
        return priors

    def _fit_deviations(self, squares: FloatArray, overall: FloatArray, counts: NDArray[np.int64]) -> None:
        """The spread within classes, the centroids' deviations in units of it, and the shrunken centroids."""
        n_points, n_classes = int(counts.sum()), len(counts)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.within_class_std_dev_ = np.sqrt(squares / (n_points - n_classes))
            if (self.within_class_std_dev_ == 0).any():
                warnings.warn(
                    "self.within_class_std_dev_ has at least 1 zero standard deviation. Inputs within the same classes "
                    "for at least 1 feature are identical.",
                    UserWarning,
                    stacklevel=level_of_caller(),
                )
            spread = self.within_class_std_dev_ + np.median(self.within_class_std_dev_)
            units = np.sqrt(1 / counts - 1 / n_points)[:, np.newaxis] * spread
            self.deviations_ = (self.centroids_ - overall) / units
        if self.shrink_threshold:
            size = np.maximum(np.abs(self.deviations_) - self.shrink_threshold, 0)
            self.deviations_ = np.sign(self.deviations_) * size
            self.centroids_ = overall + units * self.deviations_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Predict the class of the nearest centroid, or with priors that differ, of the highest score.

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
        check_is_fitted(self)
        if not np.isclose(self.class_prior_, 1 / len(self.classes_)).all():
            best: NDArray[Any] = self.classes_.take(self._scores(X).argmax(axis=1))
            return best
        queries = validated_samples(self, X, accept_sparse="csr")
        with naming_X("queries"):
            _, indices = nearest(queries, self.centroids_, metric=self.metric)
        return self.classes_.take(indices[:, 0])

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def decision_function(self, X: MatrixLike) -> FloatArray:
        """Compute the classes' scores: twice the logarithm of the prior less the squared distance.

        The distance is that of features divided by their standard deviation within classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries, n_classes), or (n_queries,) for two classes
            For two classes the second's less the first's.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: MatrixLike) -> FloatArray:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries, n_classes)
            Columns in the order of `classes_`.
        """
        probabilities: FloatArray = np.exp(self.predict_log_proba(X))
        return probabilities

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: MatrixLike) -> FloatArray:
        """Predict the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries, n_classes)
            Columns in the order of `classes_`.
        """
        scores = self._scores(X)
        scores -= scores.max(axis=1, keepdims=True)
        logarithms: FloatArray = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return logarithms

    def _scores(self, X: MatrixLike) -> FloatArray:
        """Scores of all classes, of shape (n_queries, n_classes)."""
        check_is_fitted(self)
        queries = validate_data(self, X, reset=False, dtype=np.float64, accept_sparse="csr")
        # Features without spread are left as they are.
        scale = np.where(self.within_class_std_dev_ != 0, self.within_class_std_dev_, 1.0)
        centroids = self.centroids_ / scale
        parts = blocks(queries) if issparse(queries) else [(slice(None), queries)]
        distances = np.empty((queries.shape[0], len(centroids)))
        for rows, part in parts:
            distances[rows] = pairwise_distances(part / scale, centroids, metric=self.metric)
        with np.errstate(divide="ignore"):
            scores: FloatArray = -(distances**2) + 2.0 * np.log(self.class_prior_)
        return scores


def _is_constant(X: Any) -> bool:
    """Whether no feature varies."""
    if issparse(X):
        return bool((X.max(axis=0).toarray() == X.min(axis=0).toarray()).all())
    return bool((X[:1] == X).all())


def _mean(points: FloatArray, axis: int) -> FloatArray:
    """The mean, once corrected by that of the residuals."""
    mean = points.mean(axis=axis)
    corrected: FloatArray = mean + (points - mean).mean(axis=axis)
    return corrected
