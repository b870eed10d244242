# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression: sizes, conditioning, several classes, weak penalties, L1."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.sources import synthetic
from bench.workloads.base import Workload, short, suites


def ridge(
    kind: str,
    n: int,
    p: int,
    why: str,
    in_suites: frozenset[str],
    alpha: float = 1.0,
    family: str = "logistic regression",
    prefix: str = "logistic",
    everyone: bool = False,
    **options: Any,
) -> Workload:
    """L2 penalty; `options` go to the source."""
    sizes = f"{short(n)}-{short(p)}"
    n_classes = options.get("n_classes", 2)
    return Workload(
        name=f"{prefix}/{kind}/{sizes}",
        family=family,
        task="logistic regression",
        why=why,
        dataset=f"classification-{kind}-{sizes}",
        arrays=partial(synthetic.classification, n, p, **options),
        parameters={"alpha": alpha},
        facts={
            "rows": n,
            "columns": p,
            "classes": n_classes,
            "C": 1 / alpha,
            "dtype": options.get("dtype", "float64"),
            "data": kind,
        },
        suites=in_suites,
        everyone=everyone,
    )


def lasso(
    kind: str, n: int, p: int, alpha: float, why: str, in_suites: frozenset[str], density: float = 1.0
) -> Workload:
    """L1 penalty, no intercept; with `density` below one the rows are sparse."""
    sizes = f"{short(n)}-{short(p)}"
    make = partial(synthetic.classification, n, p, n_informative=max(2, p // 20), seed=7)
    sparse = partial(synthetic.sparse_classification, n, p, density)
    return Workload(
        name=f"logistic L1/{kind}/{sizes}",
        family="sparse models",
        task="L1 logistic regression",
        why=why,
        dataset=f"l1-{kind}-{sizes}",
        arrays=make if density == 1 else sparse,
        parameters={"alpha": alpha},
        facts={"rows": n, "columns": p, "alpha": alpha, "density": density, "dtype": "float64"},
        suites=in_suites,
    )


def workloads() -> list[Workload]:
    """All workloads of this topic."""
    full = suites("full")
    return [
        ridge("plain", 1_000_000, 20, "tall and thin: reading the data is the cost", full),
        ridge("plain", 500_000, 100, "tall: the Hessian is the cost", full),
        ridge("plain", 50_000, 500, "many columns", full),
        ridge("plain", 5_000, 2_000, "nearly as many columns as rows", full),
        ridge("float32", 500_000, 100, "single precision storage", suites(), dtype="float32"),
        ridge("10 classes", 100_000, 50, "several classes", full, n_classes=10),
        ridge("unscaled", 100_000, 50, "columns of scale 1e-3 to 1e4, as measured", full, scales=(1e-3, 1e4)),
        ridge("weak penalty", 100_000, 50, "C = 1e4: the penalty doesn't help", full, alpha=1e-4),
        ridge("correlated", 100_000, 50, "neighbouring columns correlated by 0.99", full, correlation=0.99),
        lasso("dense", 50_000, 500, 300.0, "selection among many columns", full),
        lasso("wide", 500, 2_000, 1.5, "more columns than rows", suites()),
        lasso("text-like", 50_000, 20_000, 15.0, "sparse rows, as bags of words", suites(), density=0.002),
        ridge("plain", 20_000, 20, "small: everybody can", suites("quick", "full"), everyone=True),
        ridge("plain", 400, 5, "toy", suites("toy"), everyone=True),
        ridge("3 classes", 400, 5, "toy", suites("toy"), n_classes=3),
        lasso("dense", 300, 20, 1.0, "toy", suites("toy")),
        lasso("text-like", 400, 200, 0.5, "toy", suites("toy"), density=0.05),
    ]
