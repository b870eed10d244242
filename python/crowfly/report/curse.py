# SPDX-License-Identifier: BSD-3-Clause
"""The curse of dimensionality, measured on the user's own data.

In d independent dimensions n points leave gaps of size eps ~ n^(-1/d): to have a neighbour within eps of every
point takes n >= eps^-d points. Real features depend on each other, so the data live near a surface of fewer
dimensions; the slope of the nearest-neighbour distance against n gives that effective dimension.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import crowfly
from crowfly.report.risks import losses
from crowfly.report.tasks import Split

N_DRAWS = 10
MAX_POINTS = 5000
MAX_QUERIES = 1000
#: The law is about many points: below this it isn't fitted.
MIN_POINTS = 16

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ByFeatures:
    """1-NN against the number of features, several random subsets of each size.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,)
        Numbers of features d.
    distance : ndarray of shape (n_sizes, n_draws)
        Mean distance to the nearest neighbour, as a share of the mean distance of two random points.
    risk : ndarray of shape (n_sizes, n_draws)
        Test risk of 1-NN.
    law : ndarray of shape (n_sizes,)
        n^(-1/d) for the n of these data.
    n_points : int
        n.
    """

    sizes: NDArray[np.int64]
    distance: FloatArray
    risk: FloatArray
    law: FloatArray
    n_points: int


@dataclass(frozen=True)
class ByPoints:
    """1-NN against the number of training points, all features, several random subsets of each size.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,)
        Numbers of points n.
    distance, risk : ndarray of shape (n_sizes, n_draws)
        As in `ByFeatures`.
    dimension : float
        Effective dimension: distance ~ n^(-1/dimension); nan when it can't be fitted.
    dimension_range : tuple of float
        Smallest and largest over the draws.
    scale : float
        Prefactor of the fitted power law.
    n_features : int
        d of the table.
    """

    sizes: NDArray[np.int64]
    distance: FloatArray
    risk: FloatArray
    dimension: float
    dimension_range: tuple[float, float]
    scale: float
    n_features: int

    @property
    def can_fit(self) -> bool:
        """Whether an effective dimension was found."""
        return bool(np.isfinite(self.dimension))

    @property
    def fitted(self) -> FloatArray:
        """The fitted power law at each size; nan where there is none."""
        return np.asarray(self.scale * self.sizes ** (-1 / self.dimension), dtype=np.float64)


def thin_out(parts: Split) -> Split:
    """At most `MAX_POINTS` training and `MAX_QUERIES` test points (the rows are in random order already)."""
    return Split(
        parts.kind,
        parts.X_train[:MAX_POINTS],
        parts.y_train[:MAX_POINTS],
        parts.X_test[:MAX_QUERIES],
        parts.y_test[:MAX_QUERIES],
        parts.n_classes,
    )


def by_features(parts: Split, rng: np.random.Generator, n_draws: int = N_DRAWS) -> ByFeatures:
    """Measure 1-NN on random subsets of the features.

    Parameters
    ----------
    parts : Split
        Standardised features.
    rng : numpy.random.Generator
        Draws the subsets.
    n_draws : int
        Subsets of each size.
    """
    n_points, n_features = parts.X_train.shape
    sizes = _geometric(1, n_features)
    measured = np.array(
        [
            [_nearest(parts, rng, features=np.sort(rng.permutation(n_features)[:d])) for _ in range(n_draws)]
            for d in sizes
        ]
    )
    return ByFeatures(sizes, measured[..., 0], measured[..., 1], n_points ** (-1 / sizes), n_points)


def by_points(parts: Split, rng: np.random.Generator, n_draws: int = N_DRAWS) -> ByPoints:
    """Measure 1-NN on random subsets of the training points and fit the effective dimension.

    Parameters
    ----------
    parts : Split
        Standardised features.
    rng : numpy.random.Generator
        Draws the subsets.
    n_draws : int
        Subsets of each size.
    """
    n_points, n_features = parts.X_train.shape
    sizes = _geometric(min(MIN_POINTS, n_points), n_points)
    measured = np.array(
        [
            [_nearest(parts, rng, rows=np.sort(rng.permutation(n_points)[:n])) for _ in range(n_draws)]
            for n in sizes
        ]
    )
    distance = measured[..., 0]
    dimension, spread, scale = _fit_dimension(sizes, distance)
    return ByPoints(sizes, distance, measured[..., 1], dimension, spread, scale, n_features)


def _geometric(start: int, stop: int) -> NDArray[np.int64]:
    """start, 2 start, 4 start, ... and stop itself, without a last step much smaller than the others."""
    n_steps = max(1, round(float(np.log2(stop / start))))
    return np.unique(np.geomspace(start, stop, n_steps + 1).round().astype(np.int64))


def _nearest(
    parts: Split,
    rng: np.random.Generator,
    *,
    features: NDArray[np.int64] | slice = slice(None),
    rows: NDArray[np.int64] | slice = slice(None),
) -> tuple[float, float]:
    """Relative distance to the nearest neighbour and test risk of 1-NN on part of the data."""
    points, y = parts.X_train[rows][:, features], parts.y_train[rows]
    queries = parts.X_test[:, features]
    distances, indices = crowfly.Index(points).query(queries, k=1)
    strangers = parts.X_train[rng.integers(len(parts.X_train), size=len(queries))][:, features]
    typical = float(np.mean(np.linalg.norm(queries - strangers, axis=1)))
    relative = float(distances.mean()) / typical if typical > 0 else 0.0
    return relative, float(losses(parts.kind, parts.y_test, y[indices[:, 0]]).mean())


def _fit_dimension(
    sizes: NDArray[np.int64], distance: FloatArray
) -> tuple[float, tuple[float, float], float]:
    """Least squares of log distance on log n, one line per draw; dimension = -1 / slope."""
    unknown = float("nan"), (float("nan"), float("nan")), float("nan")
    if len(sizes) < 3 or not (distance > 0).all():
        return unknown
    fit = crowfly.lstsq(np.log(sizes)[:, None].astype(np.float64), np.log(distance))
    slopes = np.asarray(fit.coef)[:, 0]
    if slopes.max() >= 0:
        return unknown
    dimensions = -1 / slopes
    scale = float(np.exp(np.mean(fit.intercept)))
    return float(-1 / slopes.mean()), (float(dimensions.min()), float(dimensions.max())), scale
