# SPDX-License-Identifier: BSD-3-Clause
"""What a search is asked, checked; and what every kind of search asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._metrics import as_queries, as_rows
from crowfly._restriction import Groups, Restriction
from crowfly._sparse import core_arrays, is_sparse
from crowfly._sparse_points import as_sparse_queries, sparse_index, sparse_of
from crowfly._validation import as_num_threads, check_same_columns, column_names


@dataclass(frozen=True)
class Request:
    """An index and queries as it takes them, which points may be their neighbours, and the limit of threads in the core's words."""

    index: _core.Searched
    queries: Any
    restriction: Restriction
    num_threads: int

    @classmethod
    def of(
        cls,
        index: _core.Searched,
        queries: Any,
        n_queries: int,
        n_points: int,
        *,
        exclude_self: bool,
        groups: Groups | None,
        mask: ArrayLike | None,
        num_threads: int | None,
    ) -> Self:
        """Check the arguments that come with checked queries."""
        restriction = Restriction.of(n_queries, n_points, exclude_self=exclude_self, groups=groups, mask=mask)
        return cls(index, queries, restriction, as_num_threads(num_threads))


class Searchable:
    """What the searches of :class:`crowfly.Index` know about it."""

    _core_metric: str
    _exponent: float
    _box: NDArray[Any] | None
    _points: Any  # an array, or a CSR matrix
    _max_abs: float
    _index: _core.Searched
    _columns: tuple[str, ...] | None = None  # of the data frame that the points are

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
        index, asked, n_queries = self._asked(queries)
        return Request.of(
            index,
            asked,
            n_queries,
            self.n_points,
            exclude_self=exclude_self,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )

    def _asked(self, queries: Any) -> tuple[_core.Searched, Any, int]:
        """An index and the queries as it takes them, and their number: of sparse queries and dense points, or the other way round, the fewer rows are converted."""
        check_same_columns("queries", column_names(queries), self._columns)
        if is_sparse(self._points):
            rows = (
                as_sparse_queries("queries", queries, self._core_metric, self.n_features)
                if is_sparse(queries)
                else sparse_of(as_queries("queries", queries, self._core_metric, self.n_features))
            )
            return self._index, core_arrays(rows), rows.shape[0]
        if not is_sparse(queries):
            array = as_queries("queries", queries, self._core_metric, self.n_features)
            return self._index, array, len(array)
        rows = as_sparse_queries("queries", queries, self._core_metric, self.n_features)
        if rows.shape[0] <= self.n_points or self._box is not None:
            return self._index, as_rows("queries", rows.toarray()), rows.shape[0]
        points = sparse_of(self._points)
        index = sparse_index(points, self._core_metric, self._exponent, self._max_abs, "auto")
        return index, core_arrays(rows), rows.shape[0]
