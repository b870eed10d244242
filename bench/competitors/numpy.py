# SPDX-License-Identifier: BSD-3-Clause
"""NumPy: LAPACK's least squares by singular values."""

from __future__ import annotations

from bench.competitors.base import Competitor, Method
from bench.competitors.designs import Solver, with_ones


def _lstsq() -> Solver:
    import numpy as np

    return lambda design, y: np.linalg.lstsq(design, y, rcond=None)[0]


COMPETITORS = (
    Competitor(
        name="numpy",
        package="numpy",
        module="numpy",
        methods={
            "least squares": Method(with_ones(_lstsq)),
            "least squares, exact": Method(with_ones(_lstsq)),
        },
        objective="numpy.linalg.lstsq (gelsd); a column of ones is the intercept",
    ),
)
