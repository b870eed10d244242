# SPDX-License-Identifier: BSD-3-Clause
"""How long one row waits: the prediction of every estimator."""

from __future__ import annotations

from functools import partial

from bench.sources import synthetic
from bench.tasks.prediction import PREDICTIONS
from bench.workloads.base import Workload, short, suites

COLUMNS = 20


def workload(estimator: str, n: int, in_suites: frozenset[str]) -> Workload:
    """One row of an estimator that was fitted to n rows."""
    return Workload(
        name=f"latency/{estimator}/{short(n)}-{COLUMNS}",
        family="latency of one row",
        task="one-row prediction",
        why="a service predicts row by row: the fixed cost of a call is all there is",
        dataset=f"latency-{short(n)}-{COLUMNS}",
        arrays=partial(synthetic.latency, n, COLUMNS),
        parameters={"estimator": estimator},
        facts={
            "method": PREDICTIONS[estimator].method,
            "rows": n,
            "columns": COLUMNS,
            "dtype": "float64",
        },
        suites=in_suites,
        # With two, scikit-learn's neighbour searches took 1 to 160 ms for one row on a shared machine: what its threads wait for each other.
        threads=1,
        everyone=True,
    )


def workloads() -> list[Workload]:
    """All workloads of this topic."""
    in_quick = ("LogisticRegression", "KNeighborsClassifier")
    return [
        *(
            workload(name, 10_000, suites("quick", "full") if name in in_quick else suites("full"))
            for name in PREDICTIONS
        ),
        *(workload(name, 500, suites("toy")) for name in in_quick),
    ]
