# SPDX-License-Identifier: BSD-3-Clause
"""Answers don't depend on how the calling thread rounds, nor on whether it flushes subnormal numbers to zero."""

from __future__ import annotations

import contextlib
import ctypes
import platform
import struct
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from references import AnyArray
from strategies import THREADS, dataset

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="sets the control register of x86-64 through Linux's fenv_t",
)

#: Bits of MXCSR.
MODES = {"flushing": 0x8040, "rounding up": 0x4000, "both": 0xC040}
FLAGS_OF_EXCEPTIONS = 0x3F
PLACE_OF_MXCSR = 28

#: Differences, and in the last two the numbers themselves, below float64's (float32's) normal range.
SUBNORMAL = {
    "differences": lambda rng, n, d: np.ldexp(1.0 + np.ldexp(rng.integers(0, 3, (n, d)), -52), -1022),
    "float64": lambda rng, n, d: np.ldexp(rng.integers(0, 9, (n, d)), -1074),
    "float32": lambda rng, n, d: np.ldexp(rng.integers(0, 9, (n, d)), -149).astype(np.float32),
}


def environment() -> ctypes.Array[ctypes.c_char]:
    saved = ctypes.create_string_buffer(64)
    ctypes.CDLL(None).fegetenv(saved)
    return saved


def control_bits() -> int:
    (mxcsr,) = struct.unpack_from("<I", environment(), PLACE_OF_MXCSR)
    return int(mxcsr) & ~FLAGS_OF_EXCEPTIONS


@contextlib.contextmanager
def thread_in(mode: str) -> Iterator[None]:
    """This thread with bits of its control register set."""
    before, changed = environment(), environment()
    struct.pack_into("<I", changed, PLACE_OF_MXCSR, control_bits() | MODES[mode])
    ctypes.CDLL(None).fesetenv(changed)
    try:
        yield
    finally:
        ctypes.CDLL(None).fesetenv(before)


def neighbors_of(points: AnyArray, algorithm: str, metric: str = "euclidean") -> list[AnyArray]:
    index = crowfly.Index(points, metric, algorithm=algorithm)
    results = [index.query(points, 3, exclude_self=True, num_threads=n) for n in THREADS]
    return [array for result in results for array in result]


def assert_same_answers(expected: list[AnyArray], found: list[AnyArray]) -> None:
    for a, b in zip(found, expected, strict=True):
        assert_same_bits(a, b)


@pytest.mark.parametrize("mode", MODES)
def test_the_settings_of_the_thread_are_its_own_again(mode: str) -> None:
    with thread_in(mode):
        before = control_bits()
        crowfly.nearest(np.eye(3), np.eye(3), k=2)
        with pytest.raises(ValueError, match="is nan"):
            crowfly.nearest(np.eye(3), np.full((3, 3), np.nan))
        after = control_bits()
    assert before & MODES[mode] == MODES[mode]
    assert after == before


@pytest.mark.parametrize("algorithm", ["auto", "direct", "lattice", "cells", "tree"])
@pytest.mark.parametrize("data", SUBNORMAL)
def test_subnormal_numbers_are_kept(data: str, algorithm: str) -> None:
    points = SUBNORMAL[data](np.random.default_rng(3), 300, 9)
    expected = neighbors_of(points, algorithm)
    assert expected[0].any()
    with thread_in("flushing"):
        found = neighbors_of(points, algorithm)
    assert_same_answers(expected, found)


@pytest.mark.parametrize("metric", ["manhattan", "cosine"])
@pytest.mark.parametrize("mode", MODES)
def test_other_metrics(metric: str, mode: str) -> None:
    points = 1.0 + SUBNORMAL["differences"](np.random.default_rng(4), 300, 5) * 2.0**1000
    expected = neighbors_of(points, "auto", metric)
    with thread_in(mode):
        found = neighbors_of(points, "auto", metric)
    assert_same_answers(expected, found)


@pytest.mark.parametrize("algorithm", ["auto", "direct", "lattice", "cells", "tree"])
@pytest.mark.parametrize("data", ["normal", "one_ulp_apart", "offset_clusters", "duplicates"])
def test_neighbors_are_rounded_to_nearest(data: str, algorithm: str) -> None:
    _, points = dataset(data, 5, 0, 700, 11, np.float64)
    expected = neighbors_of(points, algorithm)
    with thread_in("rounding up"):
        found = neighbors_of(points, algorithm)
    assert_same_answers(expected, found)


@pytest.mark.parametrize("mode", MODES)
def test_linear_models(mode: str) -> None:
    rng = np.random.default_rng(6)
    X = rng.standard_normal((900, 7)) + 1e6
    y = X @ rng.standard_normal(7) + rng.standard_normal(900)

    def fitted() -> list[AnyArray]:
        linear, logistic = crowfly.lstsq(X, y), crowfly.logistic(X - 1e6, (y > np.median(y)).astype(np.int64))
        return [linear.coef, np.array(linear.rss), logistic.coef, np.array(logistic.optimality_gap)]

    expected = fitted()
    with thread_in(mode):
        found = fitted()
    assert_same_answers(expected, found)
