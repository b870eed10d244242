# SPDX-License-Identifier: BSD-3-Clause
"""Arguments of penalised fits: strengths, mixtures and factors."""

from __future__ import annotations

import numbers

import numpy as np
from numpy.typing import ArrayLike

from crowfly._validation import LARGEST_WEIGHT, as_integer, as_real, as_real_array, scan

#: Penalties of a grid.
LARGEST_GRID = 1_000_000


def as_alphas(alphas: object) -> tuple[list[float], int]:
    """A list of penalties, decreasing, or the size of a grid."""
    if isinstance(alphas, numbers.Integral):
        number = as_integer("alphas", alphas, 1)
        if number > LARGEST_GRID:
            raise ValueError(f"alphas: a grid of at most {LARGEST_GRID} penalties expected, got {number}")
        return [], number
    if np.ndim(alphas) == 0 and isinstance(alphas, (numbers.Real, np.ndarray)):  # type: ignore[arg-type]
        # Taken as a penalty, 1.0 would mean something else than 1, which is the size of a grid.
        raise ValueError(
            f"alphas: a sequence of penalties, or an integer for the size of a grid, expected, got the number {alphas}; for one penalty use [{alphas}]"
        )
    values = as_real_array("alphas", alphas, (1,))  # type: ignore[arg-type]
    if values.size == 0:
        raise ValueError("alphas: at least one number expected, got none")
    scan("alphas", values)
    if values.min() < 0 or values.max() > LARGEST_WEIGHT:
        wrong = values[(values < 0) | (values > LARGEST_WEIGHT)][0]
        raise ValueError(f"alphas: numbers from 0 to {LARGEST_WEIGHT:g} expected, got {wrong:g}")
    return np.sort(values.astype(np.float64))[::-1].tolist(), values.size


def as_l1_ratio(value: object) -> float:
    """The share of the l1 penalty."""
    ratio = as_real("l1_ratio", value, 0)
    if ratio > 1:
        raise ValueError(f"l1_ratio: a number from 0 to 1 expected, got {ratio:g}")
    return ratio


def as_l1_ratios(value: object) -> list[float]:
    """One share of the l1 penalty, or several to choose from."""
    if isinstance(value, numbers.Real):
        return [as_l1_ratio(value)]
    values = as_real_array("l1_ratio", value, (1,))  # type: ignore[arg-type]
    if values.size == 0:
        raise ValueError("l1_ratio: at least one number expected, got none")
    return [as_l1_ratio(ratio) for ratio in values.tolist()]


def as_grid_ratio(value: object) -> float:
    """The smallest penalty of a grid over the largest."""
    ratio = as_real("eps", value, 0)
    if not 0 < ratio <= 1:
        raise ValueError(f"eps: a number above 0 and at most 1 expected, got {ratio:g}")
    return ratio


def as_penalty_factors(value: ArrayLike | None, n_features: int) -> list[float]:
    """One factor per feature; without any, ones."""
    if value is None:
        return [1.0] * n_features
    factors = as_real_array("penalty_factor", value, (1,)).astype(np.float64)
    if factors.shape != (n_features,):
        raise ValueError(
            f"penalty_factor: one number per feature ({n_features}) expected, got shape {factors.shape}"
        )
    wrong = np.flatnonzero(~((factors >= 0) & ((factors <= LARGEST_WEIGHT) | np.isposinf(factors))))
    if wrong.size:
        raise ValueError(
            f"penalty_factor: numbers from 0 to {LARGEST_WEIGHT:g}, or inf, expected, "
            f"penalty_factor[{wrong[0]}] is {factors[wrong[0]]}"
        )
    values: list[float] = factors.tolist()
    return values
