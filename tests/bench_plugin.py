# SPDX-License-Identifier: BSD-3-Clause
"""Planted competitors for tests of the benchmark suite: right, wrong, raising, crashing, hanging, slow; loaded with ``--plugin bench_plugin``."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.competitors.base import Competitor, Method
from bench.sources import synthetic
from bench.tasks import Problem
from bench.workloads.base import Workload, suites

#: Seconds that the slow one sleeps in every call.
PAUSE = 0.05


def _search(problem: Problem) -> Any:
    points, queries, k = problem.arrays["points"], problem.arrays["queries"], problem.parameters["k"]
    distances = np.sqrt(((queries[:, None, :].astype(float) - points) ** 2).sum(axis=2))
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(distances, indices, axis=1)


def _right(problem: Problem) -> Callable[[float | None], Any]:
    return lambda _setting: _search(problem)


def _wrong(problem: Problem) -> Callable[[float | None], Any]:
    def search(_setting: float | None) -> Any:
        indices, distances = _search(problem)
        # One neighbour of one query is another point.
        indices[3, 0] = (indices[3, 0] + 1) % len(problem.arrays["points"])
        return indices, distances

    return search


def _raising(_problem: Problem) -> Callable[[float | None], Any]:
    def search(_setting: float | None) -> Any:
        raise RuntimeError("planted | <fault>")

    return search


def _crashing(_problem: Problem) -> Callable[[float | None], Any]:
    return lambda _setting: os.kill(os.getpid(), signal.SIGSEGV)


def _hanging(_problem: Problem) -> Callable[[float | None], Any]:
    return lambda _setting: time.sleep(1000)


def _slow(problem: Problem) -> Callable[[float | None], Any]:
    def search(_setting: float | None) -> Any:
        time.sleep(PAUSE)
        return _search(problem)

    return search


def _competitor(name: str, start: Callable[[Problem], Callable[[float | None], Any]]) -> Competitor:
    return Competitor(
        name=f"planted {name}", package="numpy", module="numpy", methods={"neighbours": Method(start)}
    )


COMPETITORS = (
    _competitor("right", _right),
    _competitor("wrong", _wrong),
    _competitor("raising", _raising),
    _competitor("crashing", _crashing),
    _competitor("hanging", _hanging),
    _competitor("slow", _slow),
    Competitor("planted absent", "no-such-package", "no_such_module", {"neighbours": Method(_right)}),
)


def _noisy_points() -> dict[str, Any]:
    # Libraries print while they are at work: that must not disturb the driver.
    sys.stdout.write("{not JSON\n")
    return synthetic.neighbors("normal", 10, 200, 4, "float64")


WORKLOADS = (
    Workload(
        name="planted/search",
        family="neighbours",
        task="neighbours",
        why="small",
        dataset="planted points",
        arrays=_noisy_points,
        parameters={"k": 2},
        facts={"queries": 10, "points": 200, "features": 4, "k": 2, "dtype": "float64"},
        suites=suites(),
    ),
)
