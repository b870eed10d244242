# SPDX-License-Identifier: BSD-3-Clause
"""Which points may be neighbours of which queries: the arguments ``exclude_self``, ``groups`` and ``mask``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._labels import as_label_array, check_labels_finite, number_labels
from crowfly._validation import as_array, as_flag, as_integer, entry_name, shown

Groups: TypeAlias = ArrayLike | tuple[ArrayLike, ArrayLike]
"""Labels of queries that are the points, or those of the queries and those of the points."""


@dataclass(frozen=True)
class Restriction:
    """The arguments, checked, labels as numbers."""

    n_points: int
    exclude_self: bool = False
    query_groups: NDArray[np.int64] | None = None
    point_groups: NDArray[np.int64] | None = None
    mask: NDArray[np.bool_] | None = None
    mask_name: str = "the mask"

    @classmethod
    def of(
        cls,
        n_queries: int,
        n_points: int,
        *,
        exclude_self: bool,
        groups: Groups | None,
        mask: ArrayLike | None,
    ) -> Self:
        """Check the arguments of a call.

        Raises
        ------
        TypeError, ValueError
            For a flag that is none, labels or a mask of another length or kind.
        """
        exclude = as_flag("exclude_self", exclude_self)
        if exclude and n_queries != n_points:
            raise ValueError(
                f"queries: {n_points} rows expected as in points (exclude_self), got {n_queries} rows"
            )
        query_groups, point_groups = (
            (None, None) if groups is None else _as_groups(groups, n_queries, n_points)
        )
        return cls(
            n_points, exclude, query_groups, point_groups, None if mask is None else _as_mask(mask, n_points)
        )

    def without_weightless(self, sample_weight: NDArray[np.float64]) -> Restriction:
        """The same with points of weight zero left out, as if they were not there."""
        weighty = sample_weight > 0
        mask = weighty if self.mask is None else self.mask & weighty
        return replace(self, mask=mask, mask_name="the mask of positive weights")

    def as_k(self, name: str, k: object) -> int:
        """`k`, if it is an integer and every query has as many neighbours; an error that says what limits it otherwise."""
        least = int(np.min(self._n_admitted(), initial=self.n_points))
        if least < 1:
            raise ValueError(f"{name}: no point is left to be the neighbour of some query ({self._limits()})")
        return as_integer(name, k, 1, least, f" ({self._limits()})")

    def _n_admitted(self) -> Any:
        """The number of points that the core's Admission admits: for each query, or one for all."""
        return self._n_inside() - self._n_in_own_group() - self._n_self()

    def _n_inside(self) -> int:
        return self.n_points if self.mask is None else int(np.count_nonzero(self.mask))

    def _n_in_own_group(self) -> Any:
        if self.query_groups is None or self.point_groups is None:
            return 0
        n_groups = 1 + int(max(self.query_groups.max(initial=-1), self.point_groups.max(initial=-1)))
        inside = self.point_groups if self.mask is None else self.point_groups[self.mask]
        return np.bincount(inside, minlength=n_groups)[self.query_groups]

    def _n_self(self) -> Any:
        """One where the point that a query is would be admitted but for `exclude_self`."""
        if not self.exclude_self:
            return 0
        inside: Any = 1 if self.mask is None else self.mask
        return inside if self.query_groups is None else inside & (self.query_groups != self.point_groups)

    def _limits(self) -> str:
        limits = [f"{self.n_points} point{'s' if self.n_points != 1 else ''}"]
        if self.mask is not None:
            limits.append(f"{self._n_inside()} in {self.mask_name}")
        if self.query_groups is not None:
            limits.append(f"{np.max(self._n_in_own_group(), initial=0)} in the group of a query")
        if self.exclude_self:
            limits.append("self excluded")
        return ", ".join(limits)

    def core(self) -> _core.Restriction:
        """As the core takes it."""
        return _core.Restriction(self.exclude_self, self.query_groups, self.point_groups, self.mask)


def _as_mask(mask: ArrayLike, n_points: int) -> NDArray[np.bool_]:
    array = as_array("mask", mask)
    if array.dtype == object:
        array = _as_booleans(array)
    if array.dtype != bool:
        raise TypeError(f"mask: booleans expected, got dtype {array.dtype}")
    if array.shape != (n_points,):
        raise ValueError(f"mask: one entry per point, shape ({n_points},), expected, got shape {array.shape}")
    return np.ascontiguousarray(array)


def _as_booleans(objects: NDArray[Any]) -> NDArray[np.bool_]:
    """Data frames that allow missing values make objects of booleans."""
    for position, entry in np.ndenumerate(objects):
        if not isinstance(entry, (bool, np.bool_)):
            raise TypeError(f"mask: True or False expected, {entry_name('mask', position)} is {shown(entry)}")
    return objects.astype(bool)


def _as_groups(groups: Groups, n_queries: int, n_points: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels as numbers from zero on."""
    if not _is_pair(groups):
        if n_queries != n_points:
            raise ValueError(
                "groups: a tuple of the queries' and the points' labels expected where the queries are not the points: "
                f"there are {n_queries} queries and {n_points} points"
            )
        numbers = _numbered(_as_labels("groups", groups, n_queries, "query"))
        return numbers, numbers
    of_queries, of_points = cast("tuple[ArrayLike, ArrayLike]", groups)
    queries = _as_labels("groups[0]", of_queries, n_queries, "query")
    points = _as_labels("groups[1]", of_points, n_points, "point")
    numbers = _numbered(_joined(queries, points))
    return numbers[:n_queries], numbers[n_queries:]


def _is_pair(groups: Groups) -> bool:
    """Whether these are two arrays of labels, not one; TypeError for what looks like several but is no pair."""
    if not isinstance(groups, (tuple, list)) or not any(_has_axes(part) for part in groups):
        return False
    if isinstance(groups, tuple) and len(groups) == 2 and all(_has_axes(part) for part in groups):
        return True
    if isinstance(groups, list) and len(groups) != 2:
        return False  # an array with too many axes, and an error that shows its shape
    kinds = f" ({', '.join(type(part).__name__ for part in groups)})" if len(groups) <= 4 else ""
    raise TypeError(
        "groups: one array of labels, or a tuple of two (labels of the queries, labels of the points), expected, "
        f"got a {type(groups).__name__} of {len(groups)}{kinds}"
    )


def _has_axes(part: Any) -> bool:
    ndim = getattr(part, "ndim", None)
    if ndim is None:
        return hasattr(part, "__len__") and not isinstance(part, (str, bytes))
    return bool(ndim > 0)


def _joined(queries: NDArray[Any], points: NDArray[Any]) -> NDArray[Any]:
    """One array, in which labels are equal if they were."""
    kinds = {"biuf" if array.dtype.kind in "biuf" else array.dtype.kind for array in (queries, points)}
    if len(kinds) > 1 and "O" not in kinds:
        raise TypeError(
            f"groups: labels of one kind expected, those of the queries are {queries.dtype}, those of the points {points.dtype}"
        )
    # NumPy would turn 64-bit integers beside floats, or signed beside unsigned ones, into floats, which hold not all of them.
    wide = any(array.dtype.kind in "iu" and array.itemsize == 8 for array in (queries, points))
    inexact = kinds == {"biuf"} and wide and np.result_type(queries.dtype, points.dtype).kind == "f"
    parts = [array.astype(object) if inexact else array for array in (queries, points)]
    return np.concatenate(parts)


def _as_labels(name: str, labels: Any, n: int, of_what: str) -> NDArray[Any]:
    array = as_label_array(name, labels)
    if array.shape != (n,):
        raise ValueError(f"{name}: one label per {of_what}, shape ({n},), expected, got shape {array.shape}")
    check_labels_finite(name, array)
    return array


def _numbered(labels: NDArray[Any]) -> NDArray[np.int64]:
    return np.ascontiguousarray(number_labels("groups", labels)[1], dtype=np.int64)
