# SPDX-License-Identifier: BSD-3-Clause
"""From neighbours to predictions: weights, votes and weighted means, vectorised over the queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crowfly._estimators import FloatArray, IndexArray

Weighting: TypeAlias = str | Callable[[FloatArray], Any] | None
"""The parameter ``weights``: 'uniform', 'distance', a function of the distances, or None for uniform."""


def neighbor_weights(distances: FloatArray, weighting: Weighting) -> FloatArray | None:
    """Weights of the neighbours, shaped like `distances`; None where all weigh the same.

    With 'distance', points at distance zero share the whole weight of a query that has any.

    Raises
    ------
    ValueError
        If a function returns weights of another shape, or only zeros for a query.
    """
    if weighting is None or weighting == "uniform":
        return None
    if callable(weighting):
        return _checked_weights(weighting(distances), distances.shape)
    with np.errstate(divide="ignore", over="ignore"):
        weights: FloatArray = 1.0 / distances
    at_query = np.isinf(weights)
    np.copyto(weights, at_query, where=at_query.any(axis=1, keepdims=True))
    return weights


def _checked_weights(weights: Any, shape: tuple[int, ...]) -> FloatArray:
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


def class_votes(labels: NDArray[np.intp], n_classes: int, weights: FloatArray | None) -> FloatArray:
    """Sum of the neighbours' weights for each class.

    Parameters
    ----------
    labels : ndarray of shape (n_queries, n_neighbors)
        Class numbers of the neighbours.
    n_classes : int
        Number of classes.
    weights : ndarray of shape (n_queries, n_neighbors) or None
        Weights of the neighbours; None counts them.

    Returns
    -------
    ndarray of shape (n_queries, n_classes)
    """
    n_queries = labels.shape[0]
    cells = np.arange(n_queries)[:, np.newaxis] * n_classes + labels
    flat_weights = None if weights is None else weights.ravel()
    votes = np.bincount(cells.ravel(), weights=flat_weights, minlength=n_queries * n_classes)
    return votes.reshape(n_queries, n_classes).astype(np.float64, copy=False)


def neighbor_means(targets: FloatArray, indices: IndexArray, weights: FloatArray | None) -> FloatArray:
    """Mean of the neighbours' targets.

    Parameters
    ----------
    targets : ndarray of shape (n_points,) or (n_points, n_outputs)
        Targets of the training points.
    indices : ndarray of shape (n_queries, n_neighbors)
        The neighbours.
    weights : ndarray of shape (n_queries, n_neighbors) or None
        Their weights; None weighs them equally.

    Returns
    -------
    ndarray of shape (n_queries,) or (n_queries, n_outputs)
    """
    neighbor_targets = targets[indices]
    if weights is None:
        means: FloatArray = neighbor_targets.mean(axis=1)
        return means
    totals = weights.sum(axis=1).reshape(-1, *[1] * (targets.ndim - 1))
    sums: FloatArray = np.einsum("qk,qk...->q...", weights, neighbor_targets)
    sums /= totals
    return sums
