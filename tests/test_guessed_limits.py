# SPDX-License-Identifier: BSD-3-Clause
"""The lattice search expects the k-th distance from a sample of every sixteenth panel of points; answers are right where the sample misleads, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_neighbors_equal
from references import AnyArray, neighbors
from strategies import normal_pair

STRIDE = 16
# Instruction sets whose bytes hold six bits and a sign.
FEW_LEVELS = ("avx2", "avx512bw")


def in_sample(n: int, width: int) -> Any:
    """Which points are in the sampled panels of so many points: every sixteenth of each run of whole panels; width 0: all of a sixteenth of the panels."""
    if width == 0:
        return (np.arange(n) // 32) % STRIDE == 0
    run = STRIDE * width
    at = np.arange(n)
    return np.where(at < n // run * run, at % STRIDE == 0, (at // width) % STRIDE == 0)


@pytest.mark.parametrize("width", [0, 8, 16, 32, 64])
@pytest.mark.parametrize("k", [8, 40, 100])
@pytest.mark.parametrize("near_scale", [0.01, 0.5])
def test_sample_of_near_points(width: int, k: int, near_scale: float) -> None:
    """Too small a limit: the points of the sample are the only ones near the queries."""
    queries, points = normal_pair(30, 13_000, 10)
    points[in_sample(len(points), width)] *= near_scale
    points[:, 0] += np.where(in_sample(len(points), width), 0.0, 6.0)
    queries *= near_scale
    actual = crowfly.Index(points, algorithm="lattice").query(queries, k)
    assert_neighbors_equal(actual, neighbors(queries, points, k))


@pytest.mark.parametrize("width", [0, 8, 16, 32, 64])
@pytest.mark.parametrize("k", [8, 40, 100])
def test_sample_of_far_points(width: int, k: int) -> None:
    """Too large a limit: most points pass."""
    queries, points = normal_pair(30, 13_000, 10)
    points[in_sample(len(points), width), 3] += 40.0
    actual = crowfly.Index(points, algorithm="lattice").query(queries, k)
    assert_neighbors_equal(actual, neighbors(queries, points, k))


@pytest.mark.parametrize("num_threads", [1, 2])
def test_sample_of_points_that_are_not_admitted(num_threads: int) -> None:
    queries, points = normal_pair(30, 13_000, 10)
    mask = ~in_sample(len(points), 32)
    index = crowfly.Index(points, algorithm="lattice")
    actual = index.query(queries, 50, mask=mask, num_threads=num_threads)
    assert_neighbors_equal(actual, neighbors(queries, points, 50, admitted=np.tile(mask, (30, 1))))
    few = mask & (np.arange(len(points)) < 900)
    actual = index.query(queries, 50, mask=few, num_threads=num_threads)
    assert_neighbors_equal(actual, neighbors(queries, points, 50, admitted=np.tile(few, (30, 1))))


def test_sample_of_equal_points() -> None:
    """The guessed limit is the distance of very many points: the lowest indices win."""
    queries, points = normal_pair(30, 13_000, 10)
    points[:6000] = points[0]
    points[6000:, 0] += 3.0
    queries[:] = points[0] + 0.25
    actual = crowfly.Index(points, algorithm="lattice").query(queries, 100)
    assert_neighbors_equal(actual, neighbors(queries, points, 100))


@pytest.mark.parametrize("far", [1e3, 1e12, 1e140])
@pytest.mark.parametrize("n_far", [1, 40])
def test_points_far_out(far: float, n_far: int) -> None:
    """They have cells of their own, and the sample has some of them, or none."""
    queries, points = normal_pair(30, 13_000, 10)
    points[5 : 5 + n_far] *= far
    actual = crowfly.Index(points, algorithm="lattice").query(queries, 60)
    assert_neighbors_equal(actual, neighbors(queries, points, 60))
    queries[:3] = points[5] * 0.999
    actual = crowfly.Index(points, algorithm="lattice").query(queries, 60)
    assert_neighbors_equal(actual, neighbors(queries, points, 60))


@pytest.mark.parametrize("algorithm", ["lattice", "cells"])
def test_thousand_of_many_points(algorithm: str) -> None:
    """Blocks of queries are small here, and their stocks of candidates large."""
    queries, points = normal_pair(20, 66_000, 12)
    points[::2] = np.round(points[::2])
    queries[::3] = np.round(queries[::3])
    actual = crowfly.Index(points, algorithm=algorithm).query(queries, 1000)
    assert_neighbors_equal(actual, neighbors(queries, points, 1000))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [7, 8, 63, 64])
@pytest.mark.parametrize("n_features", [255, 256, 300, 785])
def test_many_features(n_features: int, k: int, dtype: type) -> None:
    """Where 8 bits would leave too many candidates, the lattice has 16."""
    as_float64 = normal_pair(20, 3_000, n_features)
    queries: AnyArray = as_float64[0].astype(dtype)
    points: AnyArray = as_float64[1].astype(dtype)
    points[100:200] = points[:100] + dtype(2.0**-20)
    queries[:5] = points[:5]
    index = crowfly.Index(points, algorithm="lattice")
    many = n_features >= 256
    # 20 queries are too few for packing words for the sake of k alone.
    # Bytes that are faster pay for more neighbours.
    isa = crowfly.get_config()["isa"]
    fewest = 1 if isa in FEW_LEVELS else 64 if isa == "amx" else 8
    words = many and k >= fewest
    bits = 16 if words else 8
    assert index.explain(20, k).precision == f"{bits}-bit integers, then float64"
    assert_neighbors_equal(index.query(queries, k), neighbors(queries, points, k))


def test_many_neighbors_of_many_queries_on_few_levels() -> None:
    """Words where bytes have few levels, for the sake of k alone; few queries then use what is packed."""
    queries, points = normal_pair(600, 3_000, 70)
    index = crowfly.Index(points, algorithm="lattice")
    bits = 16 if crowfly.get_config()["isa"] in FEW_LEVELS else 8
    assert index.explain(600, 64).precision == f"{bits}-bit integers, then float64"
    assert index.explain(20, 64).precision == "8-bit integers, then float64"
    assert_neighbors_equal(index.query(queries, 64), neighbors(queries, points, 64))
    assert index.explain(20, 64).precision == f"{bits}-bit integers, then float64"
    assert_neighbors_equal(index.query(queries[:20], 64), neighbors(queries[:20], points, 64))
