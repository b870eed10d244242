# SPDX-License-Identifier: BSD-3-Clause
"""Risk: the mean loss over a set of points, and how far chance can move it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly.report.tasks import Split, TaskKind

N_RESAMPLES = 2000
CONFIDENCE = 0.95
#: Residuals below this share of the largest target are rounding: a fit that is exact on paper leaves them.
ROUNDING = 1e-12
#: Resampling weights held in memory at once.
_WEIGHTS_BLOCK = 2_000_000


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def losses(kind: TaskKind, y: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.float64]:
    """Loss of each point: squared error (0 within rounding) for regression, 1 for a wrong class and 0 for the right one.

    Parameters
    ----------
    kind : str
        The task.
    y, predicted : ndarray of shape (n,)
        True and predicted targets.

    Returns
    -------
    ndarray of shape (n,)
        One loss per point; their mean is the risk.
    """
    if kind == "regression":
        residuals = np.asarray(y - predicted, dtype=np.float64)
        residuals[np.abs(residuals) <= ROUNDING * np.max(np.abs(y), initial=0)] = 0
        return residuals**2
    return np.asarray(y != predicted, dtype=np.float64)


def trivial_prediction(parts: Split) -> float | int:
    """The constant with the smallest training risk: the mean, or the most frequent class."""
    if parts.kind == "regression":
        return float(parts.y_train.mean())
    return int(np.argmax(np.bincount(parts.y_train)))


def bootstrap_means(
    losses: NDArray[np.float64], rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> NDArray[np.float64]:
    """Means of points drawn with replacement, the same draw for every row of losses.

    Parameters
    ----------
    losses : ndarray of shape (n_models, n_points)
        Losses of several models on the same points.
    rng : numpy.random.Generator
        Source of the draws.
    n_resamples : int
        Number of draws.

    Returns
    -------
    ndarray of shape (n_models, n_resamples)
        Because all rows share the draws, a difference of two rows is the paired bootstrap of the difference.
    """
    n_points = losses.shape[1]
    block = max(1, _WEIGHTS_BLOCK // n_points)
    means = []
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        weights = rng.multinomial(n_points, np.full(n_points, 1 / n_points), size=size)
        means.append(losses @ weights.T / n_points)
    return np.concatenate(means, axis=1)


def percentile_interval(value: float, means: NDArray[np.float64]) -> Interval:
    """The percentile interval of bootstrap means ``(n_resamples,)``."""
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tail, 100 - tail])
    return Interval(value, float(low), float(high))


def risk_interval(kind: TaskKind, losses: NDArray[np.float64], means: NDArray[np.float64]) -> Interval:
    """Risk with its interval.

    Parameters
    ----------
    kind : str
        The task.
    losses : ndarray of shape (n_points,)
        Losses of one model.
    means : ndarray of shape (n_resamples,)
        Their bootstrap means.

    Returns
    -------
    Interval
        The percentile interval. A bootstrap can't show an error that never happened: for a classifier
        without a single error the upper end is the rule of three, 3 / n.
    """
    interval = percentile_interval(float(losses.mean()), means)
    if kind == "classification" and not losses.any():
        return Interval(0.0, 0.0, min(1.0, 3 / len(losses)))
    return interval
