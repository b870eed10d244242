# SPDX-License-Identifier: BSD-3-Clause
"""Classification by the votes of the nearest neighbours."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from crowfly._estimators import FloatArray, MatrixLike
from crowfly.neighbors._documentation import documented
from crowfly.neighbors._metric import MetricLike
from crowfly.neighbors._search import KNeighborsMixin
from crowfly.neighbors._supervised import NeighborsClassifier, SupervisedNeighbors, without
from crowfly.neighbors._votes import Weighting


@documented
class KNeighborsClassifier(KNeighborsMixin, NeighborsClassifier):
    """Classifier by the votes of the k nearest training points.

    Equal votes go to the lowest class label, equal distances to the lower index of the training point.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours that vote.
    |weights|
    |search parameters|

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of such arrays
        The sorted class labels, one array per output.
    |search attributes|
    outputs_2d_ : bool
        Whether `y` had more than one output.

    Notes
    -----
    Probabilities and distances are float64 for float32 data too, as in scikit-learn.

    Examples
    --------
    >>> from crowfly.neighbors import KNeighborsClassifier
    >>> classifier = KNeighborsClassifier(n_neighbors=3).fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> classifier.predict([[1.1]])
    array([0])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = without(
        SupervisedNeighbors._parameter_constraints, "radius"
    )

    # Not inherited: Python's error for a parameter that is none names the class that has the constructor.
    def __init__(
        self,
        n_neighbors: int | None = 5,
        *,
        weights: Weighting = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: MetricLike = "minkowski",
        metric_params: dict[str, Any] | None = None,
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
        self.weights = weights

    def predict(self, X: MatrixLike | None) -> NDArray[Any]:
        """Predict the class with the most votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or None
            The queries. None: the training points, none being its own neighbour.

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)

        Raises
        ------
        ValueError
            If a query is not a finite vector of the number of features seen in `fit`, or a function given as
            `weights` returns only zeros for one.
        """
        votes, _ = self._votes(X)
        predictions = [
            classes.take(of.argmax(axis=1)) for (classes, _), of in zip(self._outputs(), votes, strict=True)
        ]
        return np.column_stack(predictions) if self.outputs_2d_ else predictions[0]

    def predict_proba(self, X: MatrixLike | None) -> FloatArray | list[FloatArray]:
        """Predict each class's share of the votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or None
            The queries. None: the training points, none being its own neighbour.

        Returns
        -------
        ndarray of shape (n_queries, n_classes), or a list of such arrays, one per output
            Columns in the order of `classes_`.

        Raises
        ------
        ValueError
            As :meth:`predict`.
        """
        votes, _ = self._votes(X)
        shares: FloatArray | list[FloatArray] = self._by_output(
            [of / of.sum(axis=1, keepdims=True) for of in votes]
        )
        return shares
