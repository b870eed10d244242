# SPDX-License-Identifier: BSD-3-Clause
"""Points far from the others of their cell have cells of their own: few find room beside the others, many have all packed anew."""

from __future__ import annotations

import numpy as np
import pytest

from assertions import assert_same_bits
from crowfly import Index


def blobs_and_far_points(
    n: int, d: int, n_blobs: int, n_far: int, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n + d + n_far)
    centres = 50 * rng.standard_normal((n_blobs, d))
    points = centres[rng.integers(n_blobs, size=n)] + rng.standard_normal((n, d))
    far = rng.choice(n, n_far, replace=False)
    points[far] += rng.standard_normal((n_far, d)) * 10.0 ** rng.uniform(1, 7, size=(n_far, 1))
    points = points.astype(dtype)
    return points, np.vstack([points[far[:30]], points[:30], points[:20] + np.float32(0.1)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("algorithm", ["cells", "lattice"])
@pytest.mark.parametrize(
    ("n", "d", "n_blobs", "n_far"),
    [
        (10000, 16, 90, 1),
        (10000, 16, 90, 60),
        (10000, 16, 90, 3000),
        (9000, 12, 9000, 500),
        (12000, 40, 1, 8000),
    ],
)
def test_far_points(n: int, d: int, n_blobs: int, n_far: int, algorithm: str, dtype: str) -> None:
    points, queries = blobs_and_far_points(n, d, n_blobs, n_far, dtype)
    index, direct = Index(points, algorithm=algorithm), Index(points, algorithm="direct")
    for k in (1, 10, 40):
        for found, expected in zip(index.query(queries, k), direct.query(queries, k), strict=True):
            assert_same_bits(found, expected)
