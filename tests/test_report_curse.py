# SPDX-License-Identifier: BSD-3-Clause
"""The curse of dimensionality measured where the dimension is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn")

from crowfly.report import curse
from crowfly.report.tasks import Split


def split(X: NDArray[np.float64]) -> Split:
    """Four fifths of the points for training; the target is the first feature."""
    n, y = 4 * len(X) // 5, X[:, 0]
    return Split("regression", X[:n], y[:n], X[n:], y[n:])


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_dimension_of_a_cube(dimension: int) -> None:
    X = np.random.default_rng(30).uniform(size=(4000, dimension))
    found = curse.by_points(split(X), np.random.default_rng(0))
    # Points near a face have fewer neighbours: a bias of a few per cent at these n.
    assert found.dimension == pytest.approx(dimension, rel=0.15)
    assert found.dimension_range[0] <= found.dimension <= found.dimension_range[1]
    np.testing.assert_allclose(found.fitted, found.scale * found.sizes ** (-1 / found.dimension), rtol=1e-12)


def test_dimension_of_a_surface_is_not_the_number_of_features() -> None:
    """A plane turned into ten dimensions still has two."""
    rng = np.random.default_rng(31)
    plane = rng.uniform(size=(4000, 2)) @ np.linalg.qr(rng.normal(size=(10, 2)))[0].T
    found = curse.by_points(split(plane), rng)
    assert found.n_features == 10
    assert found.dimension == pytest.approx(2, rel=0.15)


def test_law_and_limits_by_number_of_features() -> None:
    rng = np.random.default_rng(32)
    found = curse.by_features(split(rng.uniform(size=(500, 16))), rng, n_draws=3)
    assert found.sizes.tolist() == [1, 2, 4, 8, 16]
    assert found.distance.shape == found.risk.shape == (5, 3)
    np.testing.assert_allclose(found.law, [400 ** (-1 / d) for d in found.sizes], rtol=1e-12)
    # Independent features: each doubling takes the nearest neighbour further away.
    assert (np.diff(found.distance.mean(axis=1)) > 0).all()
    # All features: one subset only, so no spread.
    assert np.ptp(found.distance[-1]) < 0.05
    assert np.ptp(found.risk[-1]) == 0


def test_distances_and_risk_by_hand() -> None:
    """All features and all points: the reference is one distance matrix."""
    rng = np.random.default_rng(33)
    parts = split(rng.normal(size=(100, 2)))
    found = curse.by_points(parts, rng, n_draws=2)
    matrix = np.linalg.norm(parts.X_test[:, None] - parts.X_train[None], axis=2)
    nearest = parts.y_train[matrix.argmin(axis=1)]
    np.testing.assert_allclose(found.risk[-1], np.mean((nearest - parts.y_test) ** 2), rtol=1e-12)
    # The typical distance is that of 20 random pairs: only its size is known.
    ratio = matrix.min(axis=1).mean() / matrix.mean()
    np.testing.assert_allclose(found.distance[-1], ratio, rtol=0.5)


@pytest.mark.parametrize(
    "X",
    [
        np.repeat(np.arange(10.0), 20)[:, None],  # repeated points: distance 0
        np.arange(20.0)[:, None],  # too few sizes for a slope
    ],
)
def test_no_dimension_where_there_is_none(X: NDArray[np.float64]) -> None:
    shuffled = np.random.default_rng(34).permutation(X)
    found = curse.by_points(split(shuffled), np.random.default_rng(0))
    assert not found.can_fit
    assert np.isfinite(found.distance).all()


def test_large_tables_are_thinned_out() -> None:
    X = np.zeros((20_000, 1))
    parts = curse.thin_out(split(X))
    assert (len(parts.X_train), len(parts.X_test)) == (curse.MAX_POINTS, curse.MAX_QUERIES)
