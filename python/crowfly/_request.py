# SPDX-License-Identifier: BSD-3-Clause
"""What a search is asked, checked; and what every kind of search asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._metrics import as_queries
from crowfly._restriction import Groups, Restriction
from crowfly._validation import as_num_threads


@dataclass(frozen=True)
class Request:
    """Queries, which points may be their neighbours, and the limit of threads in the core's words."""

    queries: NDArray[Any]
    restriction: Restriction
    num_threads: int

    @classmethod
    def of(
        cls,
        queries: NDArray[Any],
        n_points: int,
        *,
        exclude_self: bool,
        groups: Groups | None,
        mask: ArrayLike | None,
        num_threads: int | None,
    ) -> Self:
        """Check the arguments that come with checked queries."""
        restriction = Restriction.of(
            len(queries), n_points, exclude_self=exclude_self, groups=groups, mask=mask
        )
        return cls(queries, restriction, as_num_threads(num_threads))


class Searchable:
    """What the searches of :class:`crowfly.Index` know about it."""

    _core_metric: str
    _points: NDArray[Any]
    _index: _core.Index

    @property
    def n_points(self) -> int:
        """The number of points."""
        return int(self._points.shape[0])

    @property
    def n_features(self) -> int:
        """The number of features."""
        return int(self._points.shape[1])

    def _request(
        self,
        queries: ArrayLike,
        *,
        exclude_self: bool,
        groups: Groups | None,
        mask: ArrayLike | None,
        num_threads: int | None,
    ) -> Request:
        array = as_queries("queries", queries, self._core_metric, self.n_features)
        return Request.of(
            array,
            self.n_points,
            exclude_self=exclude_self,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )
