# SPDX-License-Identifier: BSD-3-Clause
"""Class labels as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._validation import as_array, check_same_length

Numbered: TypeAlias = tuple[NDArray[Any], NDArray[np.int32]]
"""Sorted classes, and the class number of each point."""


@dataclass(frozen=True)
class Labels:
    """The labels of every output; `many` for labels of two dimensions."""

    numbered: list[Numbered]
    many: bool


def as_labels(name: str, value: ArrayLike, n: int) -> Labels:
    """Labels of one or several outputs; TypeError or ValueError naming the argument."""
    array = as_array(name, value)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name}: 1 or 2 dimensions expected, got shape {array.shape}")
    check_same_length(name, array, n, "points")
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(f"{name}: at least one output expected, got shape {array.shape}")
    columns = [array] if array.ndim == 1 else list(array.T)
    return Labels([_numbered(name, column) for column in columns], array.ndim == 2)


def _numbered(name: str, labels: NDArray[Any]) -> Numbered:
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(f"{name}: labels that are numbers must be finite")
    try:
        classes, numbers = np.unique(labels, return_inverse=True)
    except TypeError:
        raise TypeError(f"{name}: labels of one kind, that can be sorted, expected") from None
    return classes, numbers.astype(np.int32)
