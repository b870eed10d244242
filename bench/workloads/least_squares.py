# SPDX-License-Identifier: BSD-3-Clause
"""Least squares and ridge: tall, wide-ish and tiny designs, both dtypes, one and ten targets; standard errors; lasso and the elastic-net path."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

from bench.sources import synthetic
from bench.workloads.base import Workload, short, suites, width

#: (rows, columns) and the reason.
SHAPES = {
    (1_000_000, 20): "tall and thin: reading the data is the cost",
    (1_000_000, 100): "tall: between reading and arithmetic",
    (100_000, 500): "the Gram matrix is the cost",
    (20_000, 2_000): "many columns: arithmetic only",
    (200, 10): "tiny: the cost of a call",
}
#: rows, columns, dtype, targets
FULL = {
    *((n, p, "float64", 1) for n, p in SHAPES),
    (1_000_000, 20, "float32", 1),
    (100_000, 500, "float32", 1),
    (1_000_000, 20, "float64", 10),
    (200, 10, "float32", 10),
}
QUICK = {(1_000_000, 20, "float64", 1), (200, 10, "float64", 1)}


def ordinary(
    n: int,
    p: int,
    dtype: str,
    n_targets: int,
    in_suites: frozenset[str],
    why: str,
    family: str = "least squares",
    prefix: str = "least squares",
) -> Workload:
    """Ordinary least squares on a well-conditioned random design."""
    sizes = f"{short(n)}-{short(p)}"
    return Workload(
        name=f"{prefix}/{sizes}/{width(dtype)}/t{n_targets}",
        family=family,
        task="least squares",
        why=why,
        dataset=f"regression-{sizes}-{dtype}-{n_targets}",
        arrays=partial(synthetic.regression, n, p, dtype, n_targets),
        facts={"rows": n, "columns": p, "targets": n_targets, "dtype": dtype, "data": "normal"},
        suites=in_suites,
    )


def ridge(n: int, p: int, dtype: str, n_targets: int, in_suites: frozenset[str], why: str) -> Workload:
    """Ridge regression with alpha = 1 on the data of `ordinary`."""
    plain = ordinary(n, p, dtype, n_targets, in_suites, why, prefix="ridge")
    return replace(plain, task="ridge", parameters={"alpha": 1.0}, facts={**plain.facts, "alpha": 1.0})


def standard_errors(n: int, p: int, in_suites: frozenset[str], why: str) -> Workload:
    """Ordinary least squares with standard errors, float64."""
    plain = ordinary(n, p, "float64", 1, in_suites, why, prefix="standard errors")
    return replace(plain, task="standard errors")


def _in_suites(key: tuple[int, int, str, int]) -> frozenset[str]:
    return suites(*(name for name, members in (("full", FULL), ("quick", QUICK)) if key in members))


def _ordinary() -> list[Workload]:
    cells = product(SHAPES.items(), ("float32", "float64"), (1, 10))
    return [
        ordinary(n, p, dtype, targets, _in_suites((n, p, dtype, targets)), why)
        for ((n, p), why), dtype, targets in cells
    ]


def _ridge() -> list[Workload]:
    cells = product(SHAPES.items(), ("float32", "float64"), (1, 10))
    full = {(1_000_000, 20, "float64", 1), (20_000, 2_000, "float32", 1)}
    return [
        ridge(n, p, dtype, targets, suites("full") if (n, p, dtype, targets) in full else suites(), why)
        for ((n, p), why), dtype, targets in cells
    ]


def _inference() -> list[Workload]:
    return [
        standard_errors(1_000_000, 20, suites("full"), "tall and thin"),
        standard_errors(200_000, 50, suites("full"), "tall: the inverse of the Gram matrix is cheap"),
        standard_errors(200, 10, suites("full"), "tiny: the cost of a call"),
    ]


def lasso(n: int, p: int, correlation: float, alpha: float, why: str, in_suites: frozenset[str]) -> Workload:
    """One penalty; a tenth of the columns, at most 50, matter."""
    sizes = f"{short(n)}-{short(p)}"
    informative = min(50, p // 10)
    return Workload(
        name=f"lasso/{sizes}",
        family="sparse models",
        task="lasso",
        why=why,
        dataset=f"lasso-{sizes}",
        arrays=partial(
            synthetic.regression, n, p, correlation=correlation, n_informative=informative, seed=5
        ),
        parameters={"alpha": alpha},
        facts={"rows": n, "columns": p, "alpha": alpha, "correlation": correlation, "dtype": "float64"},
        suites=in_suites,
    )


def path(n: int, p: int, in_suites: frozenset[str]) -> Workload:
    """The elastic-net path, 100 penalties."""
    sizes = f"{short(n)}-{short(p)}"
    return Workload(
        name=f"elastic-net path/{sizes}",
        family="sparse models",
        task="elastic-net path",
        why="100 penalties at once: what cross-validation pays for",
        dataset=f"path-{sizes}",
        arrays=partial(synthetic.regression, n, p, correlation=0.5, n_informative=max(2, p // 10), seed=6),
        parameters={"l1_ratio": 0.5, "n_alphas": 100},
        facts={"rows": n, "columns": p, "penalties": 100, "l1_ratio": 0.5, "dtype": "float64"},
        suites=in_suites,
    )


def _penalised() -> list[Workload]:
    return [
        lasso(50_000, 200, 0.0, 0.01, "tall: the Gram matrix is all one needs", suites("full")),
        lasso(20_000, 500, 0.9, 0.01, "correlated columns", suites()),
        lasso(100, 10_000, 0.0, 0.5, "a hundred times more columns than rows", suites("full")),
        path(100_000, 200, suites("full")),
    ]


def _toys() -> list[Workload]:
    toy = suites("toy")
    return [
        ordinary(300, 4, "float64", 1, toy, "toy"),
        ordinary(300, 4, "float32", 3, toy, "toy"),
        ridge(300, 4, "float64", 2, toy, "toy"),
        standard_errors(300, 4, toy, "toy"),
        lasso(200, 10, 0.0, 0.05, "toy", toy),
        lasso(40, 90, 0.0, 0.2, "toy: more columns than rows", toy),
        path(200, 6, toy),
    ]


def workloads() -> list[Workload]:
    """All workloads of this topic."""
    return [*_ordinary(), *_ridge(), *_inference(), *_penalised(), *_toys()]
