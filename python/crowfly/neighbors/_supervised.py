# SPDX-License-Identifier: BSD-3-Clause
"""What k-nearest-neighbour classification and regression share: their parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.utils._param_validation import StrOptions

from crowfly.neighbors._search import NeighborsBase
from crowfly.neighbors._votes import Weighting


class SupervisedNeighbors(NeighborsBase):
    """Neighbours that vote or average, with weights."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{
            name: allowed
            for name, allowed in NeighborsBase._parameter_constraints.items()
            if name != "radius"
        },
        "weights": [StrOptions({"uniform", "distance"}), callable, None],
    }

    def __init__(
        self,
        n_neighbors: int | None = 5,
        *,
        weights: Weighting = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: str = "minkowski",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_neighbors=n_neighbors,
            algorithm=algorithm,
            leaf_size=leaf_size,
            metric=metric,
            p=p,
            metric_params=metric_params,
            n_jobs=n_jobs,
        )
        self.weights = weights
