# SPDX-License-Identifier: BSD-3-Clause
"""A named problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.results import Fact, WorkloadInfo
from bench.tasks import TASKS, Arrays, Task

#: toy: seconds, in CI. quick: under three minutes. full: under forty. grid: everything.
SUITES = ("toy", "quick", "full", "grid")


@dataclass(frozen=True)
class Workload:
    """One named problem.

    Attributes
    ----------
    name : str
        Parts from general to special, separated by "/".
    family : str
        Heading of the report.
    task : str
        What is asked, a name in `bench.tasks.TASKS`.
    why : str
        The reason it is there, a clause.
    dataset : str
        Workloads with the same data set name share its arrays and truth on disk.
    arrays : callable
        Makes the arrays.
    parameters : mapping
        Of the task.
    facts : mapping
        What the report says of it: n, d, k, dtype, ...
    suites : frozenset of str
    sweep, axis, value
        Place on a curve of the report's growth section.
    threads : int or None
        Fixed number of threads, for curves against threads.
    peers : tuple of str or None
        Globs of the competitors to be measured; None for all that know the task.
    everyone : bool
        Also those that are too slow for the suite otherwise: for small workloads.
    """

    name: str
    family: str
    task: str
    why: str
    dataset: str
    arrays: Callable[[], Arrays]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    suites: frozenset[str] = frozenset({"grid"})
    sweep: str | None = None
    axis: str | None = None
    value: float | None = None
    threads: int | None = None
    peers: tuple[str, ...] | None = None
    everyone: bool = False

    @property
    def definition(self) -> Task:
        """The task itself."""
        return TASKS[self.task]

    def info(self) -> WorkloadInfo:
        """What the results say about this workload."""
        return WorkloadInfo(
            name=self.name,
            family=self.family,
            task=self.task,
            why=self.why,
            unit=self.definition.unit,
            facts=dict(self.facts),
            sweep=self.sweep,
            axis=self.axis,
            value=self.value,
        )


def suites(*names: str) -> frozenset[str]:
    """The suites of a workload; "grid" holds everything but toys."""
    return frozenset(names) if names == ("toy",) else frozenset({*names, "grid"})


def short(number: int) -> str:
    """10000 as "10k", 1000000 as "1M"."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size and number % size == 0:
            return f"{number // size}{letter}"
    return str(number)


def width(dtype: str) -> str:
    """ "f32" or "f64"."""
    return {"float32": "f32", "float64": "f64"}[dtype]
