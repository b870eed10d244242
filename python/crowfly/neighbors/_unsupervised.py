# SPDX-License-Identifier: BSD-3-Clause
"""Unsupervised nearest-neighbour search."""

from __future__ import annotations

from typing import Any, Self

from sklearn.utils.validation import validate_data

from crowfly._estimators import MatrixLike, validates_parameters
from crowfly.neighbors._search import KNeighborsMixin, NeighborsBase, RadiusNeighborsMixin


class NearestNeighbors(KNeighborsMixin, RadiusNeighborsMixin, NeighborsBase):
    """Exact nearest-neighbour search, by number of neighbours and by radius.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours per query of :meth:`kneighbors`.
    radius : float, default=1.0
        Radius of :meth:`radius_neighbors`.
    algorithm : {'auto', 'ball_tree', 'kd_tree', 'brute'}, default='auto'
        Has no effect: the search chooses for itself and every choice gives the same answer. As in scikit-learn
        a metric which the named algorithm does not take is refused.
    leaf_size : int, default=30
        Has no effect.
    metric : str, default='minkowski'
        'euclidean' or 'l2', 'sqeuclidean', 'manhattan' or 'l1' or 'cityblock', 'chebyshev' or 'infinity',
        'cosine', 'nan_euclidean', 'minkowski' or 'p'. scikit-learn's other metrics, functions and precomputed distances are not
        offered.
    p : float, default=2
        Exponent of the Minkowski metric, from 1 to 500 or infinity.
    metric_params : dict, default=None
        ``{'p': exponent}`` is understood for the Minkowski metric.
    n_jobs : int, default=None
        Number of threads; None: the current setting of :func:`crowfly.set_num_threads`, -1: all processors.

    Attributes
    ----------
    effective_metric_ : str
        The metric used; 'minkowski' with p = 1, 2 or infinity is named by its own name.
    effective_metric_params_ : dict
        Its parameters.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.
    n_samples_fit_ : int
        Number of training points.

    Notes
    -----
    The training points are referenced, not copied: they must not change while the estimator is in use. Sparse
    input is not offered. Distances are float64 for float32 data too, as in scikit-learn.

    Examples
    --------
    >>> from crowfly.neighbors import NearestNeighbors
    >>> search = NearestNeighbors(n_neighbors=2).fit([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
    >>> distances, indices = search.kneighbors([[0.0, 0.0]])
    >>> distances
    array([[0., 1.]])
    >>> indices
    array([[0, 2]])
    """

    def __init__(
        self,
        *,
        n_neighbors: int | None = 5,
        radius: float | None = 1.0,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: str = "minkowski",
        p: float | None = 2,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_neighbors=n_neighbors,
            radius=radius,
            algorithm=algorithm,
            leaf_size=leaf_size,
            metric=metric,
            p=p,
            metric_params=metric_params,
            n_jobs=n_jobs,
        )

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Index the training points.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training points.
        y : object, default=None
            Not used.

        Returns
        -------
        self : NearestNeighbors

        Raises
        ------
        ValueError
            If `X` is not a finite matrix or the metric is not offered.
        TypeError
            If `X` is sparse.
        """
        return self._fit_points(validate_data(self, X, ensure_all_finite=self._finite_or_missing()))
