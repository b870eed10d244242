# SPDX-License-Identifier: BSD-3-Clause
"""Labels of any kind that sorts, as numbers: of classes, and of groups."""

from __future__ import annotations

from collections.abc import Sequence
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
    array = as_label_array(name, value)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name}: 1 or 2 dimensions expected, got shape {array.shape}")
    check_same_length(name, array, n, "points")
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(f"{name}: at least one output expected, got shape {array.shape}")
    columns = [array] if array.ndim == 1 else list(array.T)
    numbered = [number_labels(name, column) for column in columns]
    return Labels([(classes, numbers.astype(np.int32)) for classes, numbers in numbered], array.ndim == 2)


def as_label_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """`value` as an array in which every label is what it was: of a list with a string, NumPy makes strings throughout."""
    array = as_array(name, value)
    if array.dtype.kind in "US" and isinstance(value, Sequence):
        objects = np.array(value, dtype=object)
        if not all(isinstance(label, str if array.dtype.kind == "U" else bytes) for label in objects.flat):
            return objects
    return array


def number_labels(name: str, labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct labels, sorted, and the place of each label among them; TypeError or ValueError naming the argument."""
    not_finite = labels[_not_finite(labels)]
    if len(not_finite):
        raise ValueError(f"{name}: labels that are numbers must be finite, got {not_finite[0]}")
    try:
        return np.unique(labels, return_inverse=True)
    except TypeError:
        kinds = " and ".join(sorted({type(label).__name__ for label in labels}))
        raise TypeError(f"{name}: labels of one kind, that can be sorted, expected, got {kinds}") from None


def _not_finite(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Where labels are NaN, infinity or NaT. What is not equal to itself would be one class or many, as NumPy pleases."""
    finite: NDArray[np.bool_] = np.ones(len(labels), dtype=bool)
    if labels.dtype.kind in "fcmM":
        finite = np.isfinite(labels)
    elif labels.dtype == object:
        finite = np.array([not isinstance(x, (float, np.floating)) or np.isfinite(x) for x in labels], bool)
    return ~finite
