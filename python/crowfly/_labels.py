# SPDX-License-Identifier: BSD-3-Clause
"""Labels of any kind that sorts, as numbers: of classes, and of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._validation import as_array, check_dimensions, check_same_length, entry_name

Numbered: TypeAlias = tuple[NDArray[Any], NDArray[np.int32]]
"""Sorted classes, and the class number of each point."""


@dataclass(frozen=True)
class Labels:
    """The labels of every output; `many` for labels of two dimensions."""

    numbered: list[Numbered]
    many: bool


def as_labels(name: str, value: ArrayLike, n: int, ndim: tuple[int, ...] = (1, 2)) -> Labels:
    """Labels of one or several outputs; TypeError or ValueError naming the argument."""
    array = as_label_array(name, value)
    check_dimensions(name, array, ndim)
    check_same_length(name, array, n, "points")
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(f"{name}: at least one output expected, got shape {array.shape}")
    check_labels_finite(name, array)
    columns = [array] if array.ndim == 1 else list(array.T)
    numbered = [number_labels(name, column) for column in columns]
    return Labels([(classes, numbers.astype(np.int32)) for classes, numbers in numbered], array.ndim == 2)


def as_label_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """`value` as an array in which every label is what it was: of a list with a string, NumPy makes strings throughout."""
    array = as_array(name, value)
    if array.dtype.kind == "c":
        raise TypeError(f"{name}: labels expected, got complex numbers")
    if array.dtype.kind in "US" and isinstance(value, Sequence):
        objects = np.array(value, dtype=object)
        if not all(isinstance(label, str if array.dtype.kind == "U" else bytes) for label in objects.flat):
            return objects
    return array


def number_labels(name: str, labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct labels, sorted, and the place of each label among them; TypeError naming the argument."""
    try:
        return np.unique(labels, return_inverse=True)
    except TypeError:
        kinds = " and ".join(sorted({type(label).__name__ for label in labels}))
        raise TypeError(f"{name}: one kind of entries, that can be sorted, expected, got {kinds}") from None


def check_labels_finite(name: str, labels: NDArray[Any]) -> None:
    """No NaN, infinity or NaT: what is not equal to itself would be one class or many, as NumPy pleases."""
    if labels.dtype.kind in "fcmM":
        wrong = ~np.isfinite(labels)
    elif labels.dtype == object:
        flags = [isinstance(x, (float, np.floating)) and not np.isfinite(x) for x in labels.flat]
        wrong = np.array(flags, bool).reshape(labels.shape)
    else:
        return
    if wrong.any():
        position = np.argwhere(wrong)[0]
        raise ValueError(
            f"{name}: finite values expected, {entry_name(name, position)} is {labels[tuple(position)]}"
        )
