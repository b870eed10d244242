# SPDX-License-Identifier: BSD-3-Clause
"""The vector exp and log(1 + x) of the active instruction set against 60 digits."""

from __future__ import annotations

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
