# SPDX-License-Identifier: BSD-3-Clause
"""Small data, and what an error about an argument must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_names_argument

X = np.random.default_rng(0).standard_normal((12, 3))
Y = X[:, 0] + 1
LABELS = np.arange(12) % 2
ONES = np.ones(12)
INDEX = crowfly.Index(X)

Call = Callable[[Any], Any]

BAD_COUNTS: list[tuple[type[Exception], Any]] = [
    (ValueError, 0),
    (ValueError, -1),
    (ValueError, -(2**63)),
    (ValueError, 2**64),
    (TypeError, 1.0),
    (TypeError, "1"),
    (TypeError, [1]),
    (TypeError, np.nan),
]


def expect(error: type[Exception], name: str, call: Callable[[], Any]) -> str:
    """The message of the error, which must be of exactly this kind and name the argument."""
    with pytest.raises(error) as caught:
        call()
    assert_names_argument(caught.value, name)
    return str(caught.value)
