# SPDX-License-Identifier: BSD-3-Clause
"""What an index is asked by radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._request import Searchable
from crowfly._restriction import Groups
from crowfly._validation import as_radius


class RadiusSearch(Searchable):
    """The searches by radius of :class:`crowfly.Index`."""

    def query_radius(
        self,
        queries: ArrayLike,
        radius: float,
        *,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Find all points within a radius of each query.

        Parameters
        ----------
        radius : float
            Points at this distance or nearer are neighbours; in the metric's own unit (squared, for "sqeuclidean"). Points at distance NaN are not.
        queries, exclude_self, groups, mask, num_threads
            As in `query`.

        Returns
        -------
        distances : ndarray of float64
        indices : ndarray of int64
        offsets : ndarray of int64, shape (n_queries + 1,)
            The neighbours of query i are entries ``offsets[i]:offsets[i + 1]``, ordered by (distance, index).

        Raises
        ------
        TypeError, ValueError
            As `query`; if `radius` is negative or NaN; if the neighbours would take more than half of the machine's memory (24 bytes each while they are
            collected; `count_radius` tells how many there are).
        """
        request = self._request(
            queries, exclude_self=exclude_self, groups=groups, mask=mask, num_threads=num_threads
        )
        limit = as_radius(radius)
        return request.index.query_radius(
            request.queries, limit, request.restriction.core(), request.num_threads
        )

    def count_radius(
        self,
        queries: ArrayLike,
        radius: float,
        *,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.int64]:
        """Count the points within a radius of each query.

        Parameters
        ----------
        queries, radius, exclude_self, groups, mask, num_threads
            As in `query_radius`.

        Returns
        -------
        counts : ndarray of int64, shape (n_queries,)

        Raises
        ------
        TypeError, ValueError
            As `query_radius`.
        """
        request = self._request(
            queries, exclude_self=exclude_self, groups=groups, mask=mask, num_threads=num_threads
        )
        limit = as_radius(radius)
        return request.index.count_radius(
            request.queries, limit, request.restriction.core(), request.num_threads
        )
