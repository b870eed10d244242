# SPDX-License-Identifier: BSD-3-Clause
"""The shape of an adapter."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.results import CompetitorInfo, Fact
from bench.tasks import Problem

#: From loose to tight, for solvers that stop by a tolerance.
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-14)


def never(_facts: Mapping[str, Fact]) -> str:
    """An adapter that takes part everywhere."""
    return ""


@dataclass(frozen=True)
class Method:
    """How a library does one task.

    Attributes
    ----------
    start : callable
        Problem -> function to be timed. It imports the library and sets threads; what a user must do for every new data set (conversion included) belongs
        into the function that it returns, which takes the setting (None without a ladder) and returns the task's answer.
    settings : tuple of float
        The ladder, loosest first.
    label : str
        How a setting reads in the report.
    declines : callable
        Facts of a workload -> why the library doesn't take part there, or an empty string.
    grid_only : bool
        Too slow for the shorter suites, but for workloads that ask everyone.
    """

    start: Callable[[Problem], Callable[[float | None], Any]]
    settings: tuple[float, ...] = ()
    label: str = "tol={:g}"
    declines: Callable[[Mapping[str, Fact]], str] = never
    grid_only: bool = False


@dataclass(frozen=True)
class Competitor:
    """A library, or one algorithm of it.

    `package` is the distribution whose version is reported, `module` what must be importable; `threads` says how the number of threads is set beyond
    the environment and the process' CPUs, `objective` how its problem was made equal. `environment` is added to that of the process.
    """

    name: str
    package: str
    module: str
    methods: Mapping[str, Method]
    threads: str = "environment and CPU affinity"
    objective: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str | None:
        """Version installed, None where it is absent."""
        try:
            if importlib.util.find_spec(self.module) is None:
                return None
            return importlib.metadata.version(self.package)
        except (ModuleNotFoundError, importlib.metadata.PackageNotFoundError):
            return None

    def info(self) -> CompetitorInfo:
        """What the results say about it."""
        return CompetitorInfo(self.name, self.package, self.version(), self.threads, self.objective)


def trees_decline(facts: Mapping[str, Fact]) -> str:
    """Trees visit nearly every point of data without structure in many dimensions: at 16 features the best was 8 times slower than brute force, the others up to 40; on an 8-dimensional surface in 128 features 30 and more, on clusters there 1.5 to 6."""
    # Of a stranger's table nobody knows before: the time limit protects.
    if facts.get("data") == "own table":
        return ""
    structured = facts.get("data") in {"clustered", "duplicates", "images"}
    features = int(facts["features"])
    if features > (64 if structured else 12):
        return f"a tree visits nearly every point with {features} features"
    return ""


def two_classes_only(facts: Mapping[str, Fact]) -> str:
    """Several classes one against the others are another problem than the softmax model."""
    return "" if facts.get("classes", 2) == 2 else "it has no softmax model"


def ladder(start: Callable[[Problem], Callable[[float | None], Any]], **options: Any) -> Method:
    """A method that stops by a tolerance."""
    return Method(start, settings=TOLERANCES, **options)
