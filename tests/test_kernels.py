# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the core on their own: vector exp and log(1 + x) against 60 digits, the filter's rounding against fractions."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from crowfly import _core
from references import FloatArray

#: The truncated series are below 0.1 ulp; rounding in the last operations leaves less than this.
ULPS = 2.0


def ulp_errors(values: FloatArray, truth: list[mpmath.mpf]) -> FloatArray:
    spacing = np.spacing(np.array([float(t) for t in truth]))
    differences = [float(mpmath.mpf(float(v)) - t) for v, t in zip(values, truth, strict=True)]
    errors: FloatArray = np.abs(np.array(differences)) / spacing
    return errors


@pytest.fixture(autouse=True)
def sixty_digits() -> None:
    mpmath.mp.dps = 60


def test_exponential() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([
        rng.uniform(-745, 709, 2000),
        rng.uniform(-1, 1, 1000),
        np.log(2) * (np.arange(-1000, 1000, 37) + 0.5),  # where the reduced argument is largest
        10.0 ** rng.uniform(-320, 0, 200),
        [0.0, -0.0, -708.4, -745.1, 709.7],
    ])  # fmt: skip
    errors = ulp_errors(_core._kernels.exponential(x), [mpmath.exp(mpmath.mpf(float(v))) for v in x])
    assert errors.max() <= ULPS


def test_exponential_beyond_the_range() -> None:
    assert _core._kernels.exponential(np.array([-800.0, -1e300])).tolist() == [0.0, 0.0]


def test_log_one_plus() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(0, 1, 3000), 10.0 ** rng.uniform(-320, 0, 500), [0.0, 1.0, 5e-324]])
    truth = [mpmath.log1p(mpmath.mpf(float(v))) for v in x]
    assert ulp_errors(_core._kernels.log_one_plus(x), truth).max() <= ULPS


@pytest.mark.parametrize("exponent", [-30, 0, 3])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e8])
@pytest.mark.parametrize("scale", [1e-40, 1e-3, 1.0])
def test_rounding_moves_a_row_no_further_than_it_says(scale: float, offset: float, exponent: int) -> None:
    rng = np.random.default_rng(7)
    for n_features in (1, 2, 9, 64):
        row = offset + scale * rng.standard_normal(n_features)
        centre = offset + scale * rng.standard_normal(n_features)
        rounded, length, moved = _core._kernels.round_row(row, centre, exponent)
        exact = [
            (Fraction(x) - Fraction(c)) * Fraction(2) ** exponent for x, c in zip(row, centre, strict=True)
        ]
        values = [Fraction(float(v)) for v in rounded]
        shift = sum((v - e) ** 2 for v, e in zip(values, exact, strict=True))
        assert Fraction(moved) ** 2 >= shift
        assert Fraction(length) ** 2 >= sum(v * v for v in values)
        # Not by much, or the filter would pass everything: float32's rounding, and float64's of the subtraction.
        largest = max(abs(e) for e in exact)
        assert moved <= n_features * (2.0**-23 * float(largest) + 2.0**-149)


def test_data_that_float32_holds_are_not_moved() -> None:
    row, centre = np.array([3.0, -5.0, 0.0]), np.array([1.0, 1.0, 0.0])
    _, length, moved = _core._kernels.round_row(row, centre, -3)
    assert moved <= 2.0**-51 * length
