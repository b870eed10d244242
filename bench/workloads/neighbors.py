# SPDX-License-Identifier: BSD-3-Clause
"""Nearest neighbours: the grid of sizes x distributions x dtypes x k, and which part of it each suite takes."""

from __future__ import annotations

from functools import partial
from itertools import product

from bench.sources import synthetic
from bench.workloads.base import Workload, short, suites, width

#: (queries, points, features)
SHAPES = (
    (10_000, 100_000, 2),
    (10_000, 100_000, 3),
    (10_000, 100_000, 8),
    (10_000, 100_000, 16),
    (10_000, 100_000, 64),
    (5_000, 50_000, 32),
    (5_000, 50_000, 128),
    (5_000, 60_000, 784),
    (100, 1_000_000, 128),
    (1, 1_000_000, 128),
)
NEIGHBORS = (1, 10, 100)
WHY = {
    "uniform": "no structure: the case of textbooks",
    "normal": "every point far from every other as features grow",
    "clustered": "100 blobs: what real embeddings look like",
    "manifold": "8-dimensional surface: many features, few of them free",
    "duplicates": "10 000 different points, each many times: ties everywhere",
}

#: distribution, features, dtype, k of what the full suite takes; of shapes with the same number of features the first.
FULL = {
    *(("normal", d, "float32", 1) for d in (2, 3, 8, 16, 64, 32, 128, 784)),
    *(("normal", d, "float64", 1) for d in (3, 16, 64, 784)),
    *(("normal", d, "float32", 10) for d in (3, 16, 128)),
    *(("normal", d, "float32", 100) for d in (8, 64)),
    *(("uniform", d, "float32", 10) for d in (2, 8)),
    *(("uniform", d, "float64", 1) for d in (2, 16)),
    *(("clustered", d, "float32", 1) for d in (16, 64, 128)),
    *(("clustered", d, "float32", 10) for d in (8, 128)),
    ("clustered", 64, "float64", 1),
    ("manifold", 128, "float32", 1),
    ("manifold", 128, "float64", 10),
    *(("duplicates", d, "float32", 1) for d in (3, 64)),
    ("duplicates", 16, "float32", 10),
}
#: Few queries against a million points.
FULL_LARGE = {
    (100, "normal", "float32", 1),
    (100, "normal", "float64", 10),
    (100, "clustered", "float32", 1),
    (1, "normal", "float32", 1),
    (1, "clustered", "float64", 10),
}
QUICK = {
    ("normal", 3, "float32", 1),
    ("normal", 128, "float32", 1),
    ("clustered", 16, "float32", 1),
}


def _suites(distribution: str, shape: tuple[int, int, int], dtype: str, k: int) -> frozenset[str]:
    n_queries, n_points, d = shape
    large = n_points == 1_000_000
    names = []
    if (n_queries, distribution, dtype, k) in FULL_LARGE if large else (distribution, d, dtype, k) in FULL:
        names.append("full")
    if not large and (distribution, d, dtype, k) in QUICK:
        names.append("quick")
    return suites(*names)


def synthetic_search(
    distribution: str,
    shape: tuple[int, int, int],
    dtype: str,
    k: int,
    in_suites: frozenset[str],
    family: str = "neighbours",
    prefix: str = "neighbours",
) -> Workload:
    """One cell of the grid."""
    sizes = "-".join(short(size) for size in shape)
    return Workload(
        name=f"{prefix}/{distribution}/{sizes}/{width(dtype)}/k{k}",
        family=family,
        task="neighbours",
        why=WHY[distribution],
        dataset=f"points-{distribution}-{sizes}-{dtype}",
        arrays=partial(synthetic.neighbors, distribution, *shape, dtype),
        parameters={"k": k},
        facts={
            "queries": shape[0],
            "points": shape[1],
            "features": shape[2],
            "k": k,
            "dtype": dtype,
            "data": distribution,
        },
        suites=in_suites,
    )


def _grid() -> list[Workload]:
    cells = product(synthetic.DISTRIBUTIONS, SHAPES, ("float32", "float64"), NEIGHBORS)
    return [
        synthetic_search(distribution, shape, dtype, k, _suites(distribution, shape, dtype, k))
        for distribution, shape, dtype, k in cells
        # In two or three dimensions there is no room for an 8-dimensional surface.
        if distribution != "manifold" or shape[2] > synthetic.MANIFOLD_DIMENSION
    ]


def workloads() -> list[Workload]:
    """All workloads of this topic."""
    toy = suites("toy")
    toys = [
        synthetic_search("normal", (20, 300, 3), "float32", 2, toy),
        synthetic_search("duplicates", (20, 300, 16), "float64", 1, toy),
    ]
    return [*_grid(), *toys]
