# SPDX-License-Identifier: BSD-3-Clause
"""Which cells a run measures, and in which order."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.competitors import COMPETITORS, OURS, Competitor
from bench.results import Cell
from bench.workloads import WORKLOADS, Workload


@dataclass(frozen=True)
class CellPlan:
    """One workload and one competitor, on an instruction set of ours, with a number of threads."""

    workload: str
    competitor: str
    isa: str
    threads: int


class UnknownNameError(ValueError):
    """A name or pattern that matches nothing; the message lists what there is."""


def select(kind: str, patterns: Sequence[str], known: Iterable[str]) -> list[str]:
    """Names that match any of the patterns (``*`` matches "/" as well), in their own order.

    Raises
    ------
    UnknownNameError
        If a pattern matches none; the message lists the known names, near ones first.
    """
    known = list(known)
    chosen: set[str] = set()
    for pattern in patterns:
        found = [name for name in known if fnmatch.fnmatchcase(name.lower(), pattern.lower())]
        if not found:
            listing = "\n  ".join(known)
            raise UnknownNameError(f"no {kind} is called {pattern!r}; there are:\n  {listing}")
        chosen.update(found)
    return [name for name in known if name in chosen]


def declined(competitor: Competitor, workload: Workload) -> str:
    """Why a competitor that knows the task doesn't take part in a workload, or an empty string."""
    return competitor.methods[workload.task].declines(workload.facts)


def takes_part(competitor: Competitor, workload: Workload, suite: str) -> bool:
    """Whether a competitor is installed, knows the task and belongs to the suite; it may still decline."""
    method = competitor.methods.get(workload.task)
    if method is None or competitor.version() is None:
        return False
    if workload.peers is not None:
        return any(fnmatch.fnmatchcase(competitor.name, pattern) for pattern in workload.peers)
    return suite == "grid" or workload.everyone or not method.grid_only


def competitors_of(workload: Workload, chosen: Sequence[str], suite: str) -> list[str]:
    """Competitors to be measured on a workload; crowfly alone where there is none."""
    known = [name for name in chosen if name != OURS and takes_part(COMPETITORS[name], workload, suite)]
    peers = [name for name in known if not declined(COMPETITORS[name], workload)]
    alone = [OURS] if OURS in chosen and workload.task in COMPETITORS[OURS].methods else []
    return peers or alone


def skipped(plans: Sequence[CellPlan], chosen: Sequence[str], suite: str) -> list[Cell]:
    """One result for every competitor that declines a workload of the plan, with its reason."""
    places = dict.fromkeys((plan.workload, plan.isa, plan.threads) for plan in plans)
    return [
        Cell(name, other, isa, threads, None, "skipped", f"{other}: {reason}")
        for name, isa, threads in places
        for other in chosen
        if takes_part(COMPETITORS[other], WORKLOADS[name], suite)
        and (reason := declined(COMPETITORS[other], WORKLOADS[name]))
    ]


def make_plan(
    workloads: Sequence[str],
    competitors: Sequence[str],
    suite: str,
    isas: Sequence[str],
    threads: Sequence[int],
) -> list[CellPlan]:
    """All cells, those on the same data next to each other."""
    first_seen: dict[str, int] = {}
    for name in workloads:
        first_seen.setdefault(WORKLOADS[name].dataset, len(first_seen))
    ordered = sorted(workloads, key=lambda name: first_seen[WORKLOADS[name].dataset])
    plans = []
    for name in ordered:
        workload = WORKLOADS[name]
        counts = threads if workload.threads is None else [workload.threads]
        plans += [
            CellPlan(name, competitor, isa, count)
            for isa in isas
            for count in counts
            for competitor in competitors_of(workload, competitors, suite)
        ]
    return plans
