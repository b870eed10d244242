# SPDX-License-Identifier: BSD-3-Clause
"""From the parameter ``weights`` to what each neighbour counts, where the core doesn't weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from crowfly._estimators import FloatArray
from crowfly.neighbors._runs import Runs

Weighting: TypeAlias = str | Callable[[Any], Any] | None
"""The parameter ``weights``: 'uniform', 'distance', a function of the distances, or None for uniform."""


def neighbor_weights(runs: Runs, weights: Weighting) -> FloatArray:
    """What each neighbour counts, one number per entry of `runs`.

    Raises
    ------
    ValueError
        If a function returns weights of another shape, none for a query but zeros, or a NaN.
    """
    if not callable(weights):
        return runs.inverse_distances() if weights == "distance" else np.ones(len(runs.distances))
    flat = _of_matrix(runs, runs.k, weights) if runs.k else _of_arrays(runs, weights)
    lost = np.isnan(flat)
    if lost.any():
        raise ValueError(
            f"weights returned NaN for query {int(runs.queries[lost.argmax()])}, expected numbers of which not all are zero."
        )
    weightless = (np.bincount(runs.queries, weights=flat != 0, minlength=runs.n_queries) == 0) & (
        runs.lengths > 0
    )
    if weightless.any():
        raise ValueError(
            "All neighbors of some sample is getting zero weights. Please modify 'weights' to avoid this case if you are "
            f"using a user-defined function: it returned only zeros for query {int(weightless.argmax())}."
        )
    return flat


def _of_matrix(runs: Runs, k: int, function: Callable[[Any], Any]) -> FloatArray:
    distances = runs.distances.reshape(-1, k)
    weights: FloatArray = np.asarray(function(distances), dtype=np.float64)
    if weights.shape != distances.shape:
        raise ValueError(
            f"weights returned an array of shape {weights.shape}, expected that of its argument, {distances.shape}."
        )
    return weights.ravel()


def _of_arrays(runs: Runs, function: Callable[[Any], Any]) -> FloatArray:
    """Weights by a function that takes and returns one array per query, as scikit-learn's searches by radius have it."""
    arrays = [np.asarray(weights, dtype=np.float64) for weights in function(runs.split(runs.distances))]
    lengths = [weights.shape for weights in arrays]
    expected = [(int(length),) for length in runs.lengths]
    if lengths != expected:
        wrong = next(
            (i for i, pair in enumerate(zip(lengths, expected, strict=False)) if pair[0] != pair[1]), 0
        )
        raise ValueError(
            f"weights returned {len(lengths)} arrays, query {wrong}'s of shape {lengths[wrong] if lengths else ()}; expected "
            f"{len(expected)} shaped like the arrays of its argument."
        )
    return np.concatenate([np.empty(0), *arrays])
