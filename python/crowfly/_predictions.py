# SPDX-License-Identifier: BSD-3-Clause
"""Predictions from the nearest neighbours, made by the core while it finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._labels import Numbered
from crowfly._request import Request
from crowfly._validation import as_radius, as_real_array, as_weights, check_same_length, scan, shown

#: What a neighbour's vote or target counts.
WEIGHTINGS = ("uniform", "distance")


@dataclass(frozen=True)
class Poll:
    """Which neighbours are asked, so many (an integer) or within a radius (a float), and what the answer of each counts."""

    request: Request
    reach: int | float
    by_distance: bool
    sample_weight: NDArray[np.float64] | None

    @classmethod
    def nearest(cls, request: Request, k: int, weights: str, sample_weight: ArrayLike | None) -> Self:
        """Ask the k nearest."""
        factors, request = _weighted(request, sample_weight)
        return cls(request, request.restriction.as_k("k", k), as_by_distance(weights), factors)

    @classmethod
    def within(
        cls,
        request: Request,
        radius: float,
        weights: str,
        sample_weight: ArrayLike | None,
    ) -> Self:
        """Ask all within a radius."""
        factors, request = _weighted(request, sample_weight)
        return cls(request, as_radius(radius), as_by_distance(weights), factors)

    def votes(self, outputs: Sequence[Numbered]) -> list[NDArray[np.float64]]:
        """Votes for the classes of each output, of shape (n_queries, n_classes)."""
        return self.request.index.votes(
            self.request.queries,
            self.reach,
            self.request.restriction.core(),
            [numbers for _, numbers in outputs],
            [len(classes) for classes, _ in outputs],
            self.by_distance,
            self.sample_weight,
            self.request.num_threads,
        )

    def means(self, targets: NDArray[Any]) -> NDArray[np.float64]:
        """Means of checked targets, of one or two dimensions."""
        matrix = np.ascontiguousarray(targets.reshape(len(targets), -1), dtype=np.float64)
        means = self.request.index.means(
            self.request.queries,
            self.reach,
            self.request.restriction.core(),
            matrix,
            self.by_distance,
            self.sample_weight,
            self.request.num_threads,
        )
        return means.reshape(-1, *targets.shape[1:])


def _weighted(
    request: Request, sample_weight: ArrayLike | None
) -> tuple[NDArray[np.float64] | None, Request]:
    """The points' own weights, and the request with points of weight zero left out."""
    factors = as_weights(sample_weight, request.restriction.n_points, "points")
    if factors is None:
        return None, request
    return factors, replace(request, restriction=request.restriction.without_weightless(factors))


def leave_one_out_accuracy(
    request: Request, max_k: int, weights: str, labels: Numbered
) -> NDArray[np.float64]:
    """Share of the points that others classify right, for every k up to `max_k`; the request is for the points themselves."""
    classes, numbers = labels
    right = request.index.leave_one_out(
        request.restriction.as_k("max_k", max_k),
        request.restriction.core(),
        numbers,
        len(classes),
        as_by_distance(weights),
        request.num_threads,
    )
    accuracy: NDArray[np.float64] = np.asarray(right, dtype=np.float64) / len(numbers)
    return accuracy


def as_targets(name: str, value: ArrayLike, n_points: int) -> NDArray[Any]:
    """Finite numbers, of one or several outputs."""
    array = as_real_array(name, value, (1, 2))
    check_same_length(name, array, n_points, "points")
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(f"{name}: at least one output expected, got shape {array.shape}")
    scan(name, array)
    return array


def as_by_distance(weights: object) -> bool:
    """True for "distance", False for "uniform"."""
    if not isinstance(weights, str):
        hint = ""
        if callable(weights):
            hint = "; the estimators in crowfly.neighbors take functions"
        elif weights is None:
            hint = "; equal weights are 'uniform', the default"
        raise TypeError(f"weights: {' or '.join(map(repr, WEIGHTINGS))} expected, got {shown(weights)}{hint}")
    if weights not in WEIGHTINGS:
        raise ValueError(f"weights: {' or '.join(map(repr, WEIGHTINGS))} expected, got {weights!r}")
    return weights == "distance"
