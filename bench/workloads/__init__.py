# SPDX-License-Identifier: BSD-3-Clause
"""Every workload by name."""

from __future__ import annotations

from collections.abc import Iterable

from bench.workloads import growth, latency, least_squares, logistic, neighbors, own, real
from bench.workloads.base import SUITES, Workload

WORKLOADS: dict[str, Workload] = {}


def register(workloads: Iterable[Workload]) -> None:
    """Make workloads known by their names."""
    for workload in workloads:
        if workload.name in WORKLOADS:
            raise ValueError(f"two workloads are called {workload.name!r}")
        WORKLOADS[workload.name] = workload


for _topic in (neighbors, least_squares, logistic, latency, real, growth, own):
    register(_topic.workloads())

__all__ = ["SUITES", "WORKLOADS", "Workload", "register"]
