# SPDX-License-Identifier: BSD-3-Clause
"""The matrix of all distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._metrics import as_box, as_points, resolve_metric
from crowfly._validation import as_num_threads, check_same_features


def pairwise_distances(
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    metric: str = "euclidean",
    p: float | None = None,
    box: ArrayLike | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float64]:
    """Compute the matrix of all distances.

    Parameters
    ----------
    X : array_like of shape (n_x, n_features)
    Y : array_like of shape (n_y, n_features), optional
        Default: `X`.
    metric, p, box, num_threads
        As in `Index`.

    Returns
    -------
    distances : ndarray of float64, shape (n_x, n_y)
        The same bits as `Index.query` gives.

    Raises
    ------
    TypeError, ValueError
        As `Index`, for `X` and `Y`.
    """
    core_metric, exponent = resolve_metric(metric, p)
    left, _ = as_points("X", X, core_metric)
    right = left if Y is None else as_points("Y", Y, core_metric)[0]
    check_same_features("Y", right, left.shape[1], "X")
    periods = as_box(box, left.shape[1], core_metric)
    return _core.pairwise_distances(left, right, core_metric, exponent, periods, as_num_threads(num_threads))
