# SPDX-License-Identifier: BSD-3-Clause
"""Run all cells of a plan, each in a process of its own; report, journal, estimate, clean up."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.cells import child
from bench.cells.estimate import Estimate
from bench.cells.journal import Journal
from bench.cells.plan import CellPlan
from bench.cells.prepare import is_prepared
from bench.cells.wording import sentence
from bench.competitors import COMPETITORS
from bench.results import Cell, Status, cell_from_dict
from bench.workloads import WORKLOADS, Workload

#: Data and truth take longer than any call: seconds until a preparation is given up.
PREPARATION_LIMIT = 300.0


@dataclass(frozen=True)
class Limits:
    """Seconds: `budget` for the repetitions of a cell, `call` for any single call, `cell` for all of a cell."""

    budget: float
    call: float
    cell: float


class Driver:
    """Measures what a plan asks for and a journal doesn't have yet.

    `say` gets one line per cell. Scratch space is used for one data set at a time and given back.
    """

    def __init__(
        self, limits: Limits, scratch: Path, journal: Journal, estimate: Estimate, say: Callable[[str], None]
    ) -> None:
        self._limits = limits
        self._scratch = scratch
        self._journal = journal
        self._estimate = estimate
        self._say = say

    def run(self, plans: Sequence[CellPlan]) -> list[Cell]:
        """All results, in the order of the plan."""
        results: list[Cell] = []
        for i, plan in enumerate(plans):
            cells = self._journal.results(plan)
            if cells is None:
                start = time.perf_counter()
                cells = self._measure(plan)
                elapsed = time.perf_counter() - start
                self._estimate.learn(plan, elapsed)
                self._journal.record(plan, cells, elapsed)
                self._report(i, plans, cells)
            results += cells
            self._clean(plan, plans[i + 1 :])
        return results

    def _measure(self, plan: CellPlan) -> list[Cell]:
        start = time.perf_counter()
        problem = self._prepare(WORKLOADS[plan.workload], plan)
        outcome = problem or self._run_child(plan)
        return _results(plan, outcome, time.perf_counter() - start)

    def _prepare(self, workload: Workload, plan: CellPlan) -> child.Outcome | None:
        """Make data and truth; an outcome only when that failed."""
        if is_prepared(workload, self._scratch):
            return None
        arguments = ["bench.cells.prepare", workload.name, str(self._scratch)]
        outcome = child.watch(
            arguments, machine.environment(plan.isa, plan.threads), PREPARATION_LIMIT, PREPARATION_LIMIT
        )
        return None if outcome.verdict == "ended" else dataclasses.replace(outcome, phase="making the data")

    def _run_child(self, plan: CellPlan) -> child.Outcome:
        specification = {
            "plan": dataclasses.asdict(plan),
            "scratch": str(self._scratch),
            "budget": self._limits.budget,
        }
        environment = machine.environment(plan.isa, plan.threads)
        arguments = ["bench.cells.cell", json.dumps(specification)]
        environment |= COMPETITORS[plan.competitor].environment
        return child.watch(arguments, environment, self._limits.call, self._limits.cell, plan.threads)

    def _report(self, i: int, plans: Sequence[CellPlan], cells: list[Cell]) -> None:
        todo = [plan for plan in plans[i + 1 :] if self._journal.results(plan) is None]
        left = self._estimate.seconds(todo)
        for cell in cells:
            self._say(f"[{i + 1:4d}/{len(plans)}, {_clock(left)} left] {sentence(cell)}")

    def _clean(self, plan: CellPlan, rest: Sequence[CellPlan]) -> None:
        dataset = WORKLOADS[plan.workload].dataset
        if all(WORKLOADS[later.workload].dataset != dataset for later in rest):
            for path in self._scratch.iterdir():
                shutil.rmtree(path, ignore_errors=True)


def _results(plan: CellPlan, outcome: child.Outcome, elapsed: float) -> list[Cell]:
    """What the child sent, and what became of it for the targets that it didn't come to."""
    sent = [cell_from_dict(message["cell"]) for message in outcome.messages if "cell" in message]
    status: Status = "killed" if outcome.verdict == "killed" else "crashed"
    detail = f"{outcome.phase}: {outcome.reason or 'it sent no results'}"
    return sent + [
        Cell(**dataclasses.asdict(plan), target=target, status=status, detail=detail, elapsed=elapsed)
        for target in WORKLOADS[plan.workload].definition.targets[len(sent) :]
    ]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
