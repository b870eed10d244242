# SPDX-License-Identifier: BSD-3-Clause
"""How long the rest of a run will take."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable

from bench.cells.plan import CellPlan
from bench.results import Cell
from bench.workloads import WORKLOADS

#: Seconds of a cell of which nothing is known.
FIRST_GUESS = 4.0


class Estimate:
    """Seconds that cells will take, learned from an earlier run and corrected by this one.

    An earlier run of the same cell is the best guess, times how this run compares with it so far; then the mean of cells of the same task measured now.
    """

    def __init__(self, earlier: Iterable[Cell] = ()) -> None:
        self._earlier: dict[tuple[str, str], float] = defaultdict(float)
        for cell in earlier:
            self._earlier[cell.workload, cell.competitor] += cell.elapsed
        self._ratios: list[float] = []
        self._by_task: dict[str, list[float]] = defaultdict(list)

    def learn(self, plan: CellPlan, elapsed: float) -> None:
        """Take note of a cell that has been measured."""
        self._by_task[WORKLOADS[plan.workload].task].append(elapsed)
        before = self._earlier.get((plan.workload, plan.competitor))
        if before:
            self._ratios.append(elapsed / before)

    def seconds(self, plans: Iterable[CellPlan]) -> float:
        """Seconds for these cells."""
        speed = statistics.median(self._ratios) if self._ratios else 1.0
        return sum(self._guess(plan, speed) for plan in plans)

    def _guess(self, plan: CellPlan, speed: float) -> float:
        before = self._earlier.get((plan.workload, plan.competitor))
        if before:
            return before * speed
        measured = self._by_task[WORKLOADS[plan.workload].task]
        return statistics.mean(measured) if measured else FIRST_GUESS
