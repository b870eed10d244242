# SPDX-License-Identifier: BSD-3-Clause
"""Nearest neighbours under scikit-learn's names: import from here instead of from ``sklearn.neighbors``.

Every search runs through :class:`crowfly.Index`: exact, ties broken by the lower index, the same bits for any
number of threads. ``_metric`` decides which distance a set of parameters means, ``_search`` holds what all
estimators of this package share, ``_votes`` turns neighbours into predictions.
"""

from __future__ import annotations

from crowfly.neighbors._classification import KNeighborsClassifier
from crowfly.neighbors._regression import KNeighborsRegressor
from crowfly.neighbors._unsupervised import NearestNeighbors

__all__ = ["KNeighborsClassifier", "KNeighborsRegressor", "NearestNeighbors"]
