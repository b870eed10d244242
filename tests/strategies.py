# SPDX-License-Identifier: BSD-3-Clause
"""Inputs: memory layouts, adversarial data sets, size grids, and Hypothesis strategies over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from references import AnyArray, FloatArray, IntArray, LogisticProblem

Generator = np.random.Generator
DTYPES = (np.float32, np.float64)
BUILT = ("lattice", "cells", "tree")
"""Algorithms that build something first."""

THREADS = (1, 2, 5)

# Around the register tiles (8 to 32), the lanes of the summation (8), packed blocks (128, 256) and blocks of
# queries (100 to 300), and primes.
POINT_SIZES = (
    1,
    2,
    7,
    8,
    9,
    13,
    15,
    16,
    17,
    31,
    32,
    33,
    63,
    64,
    65,
    97,
    127,
    128,
    129,
    255,
    256,
    257,
    1009,
    2053,
)
QUERY_SIZES = (
    0,
    1,
    3,
    7,
    8,
    9,
    15,
    16,
    17,
    31,
    32,
    33,
    99,
    100,
    101,
    127,
    128,
    129,
    191,
    192,
    193,
    255,
    256,
    257,
    299,
    300,
    301,
    313,
)
FEATURE_SIZES = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 61, 63, 64, 65, 127, 128, 129, 257)


# --- Memory layouts ---


def _strided_rows(a: AnyArray) -> AnyArray:
    wide = np.full((2 * len(a), *a.shape[1:]), 7, dtype=a.dtype)
    wide[::2] = a
    return wide[::2]


def _strided_columns(a: AnyArray) -> AnyArray:
    wide = np.full((*a.shape[:-1], 3 * a.shape[-1]), 7, dtype=a.dtype)
    wide[..., ::3] = a
    return wide[..., ::3]


def _reversed(a: AnyArray) -> AnyArray:
    backwards = (slice(None, None, -1),) * a.ndim
    return np.ascontiguousarray(a[backwards])[backwards]


def _offset_by(n_bytes: int, a: AnyArray) -> AnyArray:
    buffer = bytearray(n_bytes + a.nbytes + a.itemsize)
    view = np.frombuffer(buffer, dtype=a.dtype, offset=n_bytes, count=a.size).reshape(a.shape)
    view[...] = a
    return view


def _read_only(a: AnyArray) -> AnyArray:
    copy = a.copy()
    copy.flags.writeable = False
    return copy


def _swapped_bytes(a: AnyArray) -> AnyArray:
    return a.astype(a.dtype.newbyteorder())


LAYOUTS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "c": np.ascontiguousarray,
    "f": np.asfortranarray,
    "strided_rows": _strided_rows,
    "strided_columns": _strided_columns,
    "reversed": _reversed,
    "offset_by_one_element": lambda a: _offset_by(a.itemsize, a),
    "misaligned": lambda a: _offset_by(1, a),
    "misaligned_f": lambda a: _offset_by(3, a.T).T,
    "read_only": _read_only,
    "other_byte_order": _swapped_bytes,
}


# --- Adversarial data for the low-precision filter ---

Dataset = Callable[[Generator, int, int], AnyArray]


def _offset(rng: Generator, n: int, d: int) -> FloatArray:
    return 1e8 + rng.standard_normal((n, d))


def _one_ulp_apart(rng: Generator, n: int, d: int) -> FloatArray:
    ulps: FloatArray = rng.integers(-3, 4, (n, d)) * np.spacing(1.0)
    return 1.0 + ulps


def _clusters(rng: Generator, n: int, d: int) -> FloatArray:
    centres = 100 * rng.standard_normal((5, d))
    return centres[rng.integers(5, size=n)] + 1e-4 * rng.standard_normal((n, d))


def _offset_clusters(rng: Generator, n: int, d: int) -> FloatArray:
    return 1e6 + _clusters(rng, n, d)


def _magnitudes(rng: Generator, n: int, d: int) -> FloatArray:
    return rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-30, 30, (n, 1))


def _mixed_magnitudes(rng: Generator, n: int, d: int) -> FloatArray:
    return rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-30, 30, (n, d))


def _duplicates(rng: Generator, n: int, d: int) -> FloatArray:
    return rng.standard_normal((7, d))[rng.integers(7, size=n)]


def _outlier(rng: Generator, n: int, d: int) -> FloatArray:
    data = rng.standard_normal((n, d))
    data[n // 2] = 1e30
    return data


def _near_float32_maximum(rng: Generator, n: int, d: int) -> FloatArray:
    return float(np.finfo(np.float32).max) / 2 * rng.choice([-1.0, 1.0, 0.5], (n, d))


def _shell(rng: Generator, n: int, d: int) -> FloatArray:
    """All at distance 1 from the origin up to rounding, so that a query there finds near-ties only."""
    data = rng.standard_normal((n, d))
    data /= np.linalg.norm(data, axis=1, keepdims=True)
    data[0] = 0.0
    return data


DATASETS: dict[str, Dataset] = {
    "normal": lambda rng, n, d: rng.standard_normal((n, d)),
    "uniform": lambda rng, n, d: rng.random((n, d)),
    "offset": _offset,
    "one_ulp_apart": _one_ulp_apart,
    "float32_denormal": lambda rng, n, d: np.ldexp(rng.integers(0, 9, (n, d)), -149),
    "tiny": lambda rng, n, d: 1e-30 * rng.standard_normal((n, d)),
    "large": lambda rng, n, d: 1e30 * rng.standard_normal((n, d)),
    "magnitudes": _magnitudes,
    "mixed_magnitudes": _mixed_magnitudes,
    "duplicates": _duplicates,
    "grid": lambda rng, n, d: rng.integers(0, 3, (n, d)).astype(np.float64),
    "clusters": _clusters,
    "offset_clusters": _offset_clusters,
    "all_equal": lambda rng, n, d: np.full((n, d), rng.standard_normal()),
    "zeros": lambda _, n, d: np.zeros((n, d)),
    "signed_zeros": lambda rng, n, d: rng.choice([-0.0, 0.0], (n, d)),
    "outlier": _outlier,
    "near_float32_maximum": _near_float32_maximum,
    "shell": _shell,
}


def dataset(
    name: str, seed: int, n_queries: int, n_points: int, d: int, dtype: Any
) -> tuple[AnyArray, AnyArray]:
    """Queries and points of one kind, drawn together: every second query is a point itself."""
    drawn = DATASETS[name](np.random.default_rng(seed), n_queries + n_points, d)
    with np.errstate(over="ignore", under="ignore"):
        both = drawn.astype(dtype)
    queries, points = both[:n_queries].copy(), both[n_queries:]
    if n_points:
        queries[::2] = points[np.arange(0, n_queries, 2) % n_points]
    return queries, points


def normal_pair(n_queries: int, n_points: int, d: int, dtype: Any = np.float64) -> tuple[AnyArray, AnyArray]:
    """Normal queries and points whose seed is their shape."""
    return dataset("normal", n_queries + 1000 * n_points + 10**7 * d, n_queries, n_points, d, dtype)


# --- Hypothesis ---

# Cubes of these neither overflow nor vanish: beyond lies the territory of the tests of extreme scales.
_SMALLEST, _LARGEST = 1e-30, 1e60


def elements(dtype: Any) -> st.SearchStrategy[float]:
    """Finite values with many ties (small integers, zeros of both signs) and many scales."""
    lowest, highest = float(dtype(_SMALLEST)), float(dtype(min(_LARGEST, 3e38)))
    small = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([-0.0, lowest, 0.5]))
    positive = st.floats(lowest, highest, width=32 if dtype == np.float32 else 64)
    return st.one_of(small, positive, positive.map(lambda value: -value))


@st.composite
def matrices(draw: st.DrawFn, n_rows: st.SearchStrategy[int], n_columns: st.SearchStrategy[int]) -> AnyArray:
    """A finite float32 or float64 matrix in any memory layout."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = (draw(n_rows), draw(n_columns))
    values = draw(hnp.arrays(dtype, shape, elements=elements(dtype)))
    return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](values)


@st.composite
def neighbor_problems(draw: st.DrawFn) -> tuple[AnyArray, AnyArray, int]:
    """Queries, points and k; some queries are points."""
    d = draw(st.integers(1, 20))
    points = draw(matrices(st.integers(1, 40), st.just(d)))
    queries = draw(matrices(st.integers(0, 20), st.just(d)))
    if draw(st.booleans()) and len(queries):
        queries = points[draw(hnp.arrays(np.int64, len(queries), elements=st.integers(0, len(points) - 1)))]
    return queries, points, draw(st.integers(1, len(points)))


@st.composite
def integer_designs(draw: st.DrawFn) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Small whole-number X, y and weights: rank-deficient, wide and constant columns all occur."""
    n, n_features = draw(st.integers(2, 9)), draw(st.integers(1, 4))
    whole = st.integers(-4, 4).map(float)
    X = draw(hnp.arrays(np.float64, (n, n_features), elements=whole))
    y = draw(hnp.arrays(np.float64, n, elements=whole))
    weights = draw(hnp.arrays(np.float64, n, elements=st.integers(1, 3).map(float)))
    return X, y, weights


@st.composite
def logistic_problems(draw: st.DrawFn, largest: float = 8.0) -> LogisticProblem:
    """Tiny penalised problems with every class present."""
    n_classes = draw(st.integers(2, 4))
    n, n_features = draw(st.integers(n_classes, 10)), draw(st.integers(1, 2))
    X = draw(hnp.arrays(np.float64, (n, n_features), elements=st.floats(-largest, largest)))
    codes: IntArray = np.concatenate(
        [
            np.arange(n_classes),
            draw(hnp.arrays(np.int64, n - n_classes, elements=st.integers(0, n_classes - 1))),
        ]
    )
    weights: npt.NDArray[np.float64] = draw(
        hnp.arrays(np.float64, n, elements=st.sampled_from([0.5, 1.0, 3.0]))
    )
    alpha = draw(st.sampled_from([1e-3, 0.1, 1.0, 100.0]))
    return LogisticProblem(X, codes, n_classes, alpha, draw(st.booleans()), weights)
