# SPDX-License-Identifier: BSD-3-Clause
"""The user's own table: ``--data FILE --target COLUMN``.

Read and cleaned as `crowfly report` does it; features are standardised, missing values imputed. The table reaches the processes that measure through the environment.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.tasks import Arrays
from bench.workloads.base import Workload, suites

VARIABLE = "CROWFLY_BENCH_DATA"
FAMILY = "your data"
#: A tenth of the rows, at most, are queries.
MOST_QUERIES = 5_000
NEIGHBORS = 10


def announce(path: Path, target: str | None) -> None:
    """Make the table known to this process and those that it starts.

    Raises
    ------
    ReportError
        If the table can't be read, or has no such target.
    """
    os.environ[VARIABLE] = json.dumps({"path": str(path.resolve()), "target": target})
    _problem()


def fingerprint() -> str:
    """What tells one table and question from another; empty without a table."""
    if VARIABLE not in os.environ:
        return ""
    chosen = json.loads(os.environ[VARIABLE])
    digest = hashlib.sha256(Path(chosen["path"]).read_bytes()).hexdigest()
    return f"{digest} {chosen['target']}"


@cache
def _problem() -> Any:
    from crowfly.report import embeddings, sources, tables, tasks

    chosen = json.loads(os.environ[VARIABLE])
    table = tables.clean(sources.read_file(Path(chosen["path"])), chosen["target"])
    problem = tasks.pose(table, "auto", 0, np.random.default_rng(0))
    features = embeddings.preparation().fit_transform(problem.X)
    return problem, np.ascontiguousarray(features)


def _fit_arrays() -> Arrays:
    problem, X = _problem()
    return {"X": X, "y": problem.y}


def _search_arrays(n_queries: int) -> Arrays:
    _, X = _problem()
    order = np.random.default_rng(0).permutation(len(X))
    return {"points": X[order[n_queries:]], "queries": X[order[:n_queries]]}


def workloads() -> list[Workload]:
    """Neighbours, and the linear model that suits the target; nothing without a table."""
    if VARIABLE not in os.environ:
        return []
    problem, X = _problem()
    (n, p), name = X.shape, Path(json.loads(os.environ[VARIABLE])["path"]).name
    regression = problem.kind == "regression"
    n_queries = min(MOST_QUERIES, n // 10)
    k = min(NEIGHBORS, n - n_queries)
    common: dict[str, Any] = {"family": FAMILY, "why": problem.reason, "suites": suites()}
    fit_facts = {"rows": n, "columns": p, "dtype": "float64", "data": name}
    return [
        Workload(
            name=f"{name}/neighbours",
            task="neighbours",
            dataset=f"own points {name}",
            arrays=partial(_search_arrays, n_queries),
            parameters={"k": k},
            facts={
                "queries": n_queries,
                "points": n - n_queries,
                "features": p,
                "k": k,
                "dtype": "float64",
                "data": "own table",
            },
            **common,
        ),
        Workload(
            name=f"{name}/linear model",
            task="least squares" if regression else "logistic regression",
            dataset=f"own fit {name}",
            arrays=_fit_arrays,
            parameters={} if regression else {"alpha": 1.0},
            facts=fit_facts if regression else {**fit_facts, "classes": len(problem.classes), "C": 1.0},
            **common,
        ),
    ]
