# SPDX-License-Identifier: BSD-3-Clause
"""Nearest neighbours under scikit-learn's names: import from here instead of from ``sklearn.neighbors``.

Every search runs through :class:`crowfly.Index`: exact, ties broken by the lower index, the same bits for any
number of threads. ``_metric`` decides which distance a set of parameters means and what searches by it, ``_base`` and
``_search`` hold what all estimators of this package share, ``_supervised`` what predictions do, ``_votes`` and ``_runs``
turn neighbours into predictions where the core doesn't.
"""

from __future__ import annotations

from crowfly.neighbors._centroid import NearestCentroid
from crowfly.neighbors._classification import KNeighborsClassifier
from crowfly.neighbors._graph import kneighbors_graph, radius_neighbors_graph, sort_graph_by_row_values
from crowfly.neighbors._outliers import LocalOutlierFactor
from crowfly.neighbors._radius_classification import RadiusNeighborsClassifier
from crowfly.neighbors._regression import KNeighborsRegressor, RadiusNeighborsRegressor
from crowfly.neighbors._transformers import KNeighborsTransformer, RadiusNeighborsTransformer
from crowfly.neighbors._unsupervised import NearestNeighbors

__all__ = [
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "KNeighborsTransformer",
    "LocalOutlierFactor",
    "NearestCentroid",
    "NearestNeighbors",
    "RadiusNeighborsClassifier",
    "RadiusNeighborsRegressor",
    "RadiusNeighborsTransformer",
    "kneighbors_graph",
    "radius_neighbors_graph",
    "sort_graph_by_row_values",
]
