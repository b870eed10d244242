# SPDX-License-Identifier: BSD-3-Clause
"""What fits warn of."""

from __future__ import annotations

import sys
import warnings

import numpy as np
from numpy.exceptions import RankWarning
from numpy.typing import NDArray

from crowfly._validation import listed_columns

__all__ = ["ConvergenceWarning"]


class ConvergenceWarning(UserWarning):
    """A fit ended before it reached its tolerance; the message says by how much and why."""


def level_of_caller() -> int:
    """`stacklevel` for `warnings.warn`, in the function that calls this one, of the first caller that is neither of this package nor of scikit-learn."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _PACKAGES:
        level, frame = level + 1, frame.f_back
    return level


_PACKAGES = ("crowfly", "sklearn")


def warn_of_dependence(
    dependent: NDArray[np.int64],
    n_features: int,
    columns: tuple[str, ...] | None,
    *,
    intercept: bool,
    stacklevel: int,
) -> None:
    """RankWarning with the dependent columns; stacklevel as of `warnings.warn` in the caller."""
    constant = " (and on the constant)" if intercept else ""
    warnings.warn(
        f"X: rank {n_features - len(dependent)}, since these columns depend on the others{constant}: {listed_columns(dependent, columns)}. "
        "Of all minimisers the one with the shortest coefficients is returned.",
        RankWarning,
        stacklevel=stacklevel + 1,
    )
