# SPDX-License-Identifier: BSD-3-Clause
"""From neighbours to predictions with weights from a function of the distances; the other weights are the search's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crowfly._estimators import FloatArray, IndexArray

Weighting: TypeAlias = str | Callable[[FloatArray], Any] | None
"""The parameter ``weights``: 'uniform', 'distance', a function of the distances, or None for uniform."""


def neighbor_weights(distances: FloatArray, function: Callable[[FloatArray], Any]) -> FloatArray:
    """Weights of the neighbours, shaped like `distances`.

    Raises
    ------
    ValueError
        If the function returns weights of another shape, or only zeros for a query.
    """
    shape, weights = distances.shape, function(distances)
    checked: FloatArray = np.asarray(weights, dtype=np.float64)
    if checked.shape != shape:
        raise ValueError(
            f"weights returned an array of shape {checked.shape}, expected that of its argument, {shape}."
        )
    weightless = ~checked.any(axis=1)
    if weightless.any():
        raise ValueError(
            "All neighbors of some sample is getting zero weights: the function given as 'weights' returned "
            f"only zeros for query {int(weightless.argmax())}."
        )
    return checked


def class_votes(labels: NDArray[np.integer[Any]], n_classes: int, weights: FloatArray) -> FloatArray:
    """Sum of the neighbours' weights for each class.

    Parameters
    ----------
    labels : ndarray of shape (n_queries, n_neighbors)
        Class numbers of the neighbours.
    n_classes : int
        Number of classes.
    weights : ndarray of shape (n_queries, n_neighbors)

    Returns
    -------
    ndarray of shape (n_queries, n_classes)
    """
    n_queries = labels.shape[0]
    cells = np.arange(n_queries)[:, np.newaxis] * n_classes + labels
    votes = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=n_queries * n_classes)
    return votes.reshape(n_queries, n_classes).astype(np.float64, copy=False)


def neighbor_means(targets: FloatArray, indices: IndexArray, weights: FloatArray) -> FloatArray:
    """Mean of the neighbours' targets.

    Parameters
    ----------
    targets : ndarray of shape (n_points,) or (n_points, n_outputs)
        Targets of the training points.
    indices : ndarray of shape (n_queries, n_neighbors)
        The neighbours.
    weights : ndarray of shape (n_queries, n_neighbors)
        Their weights.

    Returns
    -------
    ndarray of shape (n_queries,) or (n_queries, n_outputs)
    """
    neighbor_targets = targets[indices]
    totals = weights.sum(axis=1).reshape(-1, *[1] * (targets.ndim - 1))
    sums: FloatArray = np.einsum("qk,qk...->q...", weights, neighbor_targets)
    sums /= totals
    return sums
