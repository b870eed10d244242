# SPDX-License-Identifier: BSD-3-Clause
"""One cell, in a process of its own: ``python -m bench.cells.cell SPECIFICATION`` with a JSON text.

Before every call it prints what it is about to do, so that whoever waits can tell who hangs, and every result as it is found. Both are lines of JSON on the original
standard output; what libraries print goes to standard error.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import plugins
from bench.cells import memory, store, timing
from bench.cells.plan import CellPlan
from bench.cells.prepare import truth_folder
from bench.competitors import COMPETITORS, OURS, Method
from bench.results import Cell, Fact, Measurement, Status
from bench.tasks import Arrays, Problem, Task, Verdict
from bench.workloads import WORKLOADS

Announce = Callable[[str], None]

#: How far above the target a setting's predicted error must be for the setting to be left out.
MARGIN = 10.0
#: Errors fall at most with this power of a tolerance. Newton's overshoot more than the square: at 2 three of 11 ladders lost their loosest sufficient rung.
FASTEST = 4


@dataclass(frozen=True)
class Rung:
    """One setting's answer: how good it is, and what its first call cost."""

    setting: float | None
    verdict: Verdict
    first: float
    peak_mib: float | None
    notes: dict[str, int | float | str]


class LibraryError(Exception):
    """What a library raised, with its name in front."""

    def __init__(self, name: str, error: Exception) -> None:
        lines = str(error).strip().splitlines()
        super().__init__(f"{name}: {type(error).__name__}: {lines[0][:300] if lines else 'no message'}")


@dataclass
class Side:
    """One library on one problem: it climbs its ladder as far as the targets ask."""

    name: str
    method: Method
    task: Task
    problem: Problem
    truth: Arrays
    announce: Announce

    def __post_init__(self) -> None:
        self.announce(f"{self.name}: start")
        self._run = self._named(lambda: self.method.start(self.problem))
        self.ladder: list[float | None] = list(self.method.settings or (None,))
        self.rungs: list[Rung] = []

    def _named(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            raise LibraryError(self.name, error) from error

    def run(self, setting: float | None) -> Any:
        """The library's answer."""
        return self._named(lambda: self._run(setting))

    def _climb(self) -> Rung:
        setting = self.ladder.pop(0)
        self.announce(f"{self.name}: first call" + (f" at {self.label(setting)}" if setting else ""))
        start = time.perf_counter()
        answer, peak = memory.peak_of(lambda: self.run(setting))
        first = time.perf_counter() - start
        notes = dict(answer[2]) if isinstance(answer, tuple) and len(answer) > 2 else {}
        self.announce(f"{self.name}: judging")
        verdict = self._judge(answer[:2] if notes else answer)
        facts = {name: _plain(value) for name, value in {**notes, **verdict.notes}.items()}
        self.rungs.append(Rung(setting, verdict, first, peak, facts))
        return self.rungs[-1]

    def _judge(self, answer: Any) -> Verdict:
        """An answer that can't even be judged (of another shape, say) is wrong, and the other side is measured all the same."""
        try:
            return self.task.judge(self.problem, self.truth, answer)
        except (ValueError, TypeError, IndexError) as error:
            return Verdict(math.inf, False, f"no answer to this question: {error}")

    def _skip(self, target: float | None) -> None:
        """Leave out settings that can't suffice, errors falling with the fourth power of a tolerance: faster than any solver here."""
        if target is None or not self.rungs:
            return
        setting, error = self.rungs[-1].setting, self.rungs[-1].verdict.error
        if not setting or not math.isfinite(error):
            return
        while (
            len(self.ladder) > 1 and error * ((self.ladder[0] or 0.0) / setting) ** FASTEST > MARGIN * target
        ):
            self.ladder.pop(0)

    def reach(self, target: float | None) -> Rung | None:
        """The first rung that is right, or within the target; None when there is none."""
        for rung in self.rungs:
            if self._suffices(rung, target):
                return rung
        while self.ladder:
            self._skip(target)
            rung = self._climb()
            if self._suffices(rung, target):
                return rung
        return None

    @staticmethod
    def _suffices(rung: Rung, target: float | None) -> bool:
        return rung.verdict.right and (target is None or rung.verdict.error <= target)

    @property
    def best(self) -> Rung:
        """The rung with the smallest error."""
        return min(self.rungs, key=lambda rung: rung.verdict.error)

    def label(self, setting: float | None) -> str:
        """How a setting reads."""
        return "" if setting is None else self.method.label.format(setting)

    def measurement(self, rung: Rung, times: timing.Times | None) -> Measurement:
        """What the results say about a rung; without times when it isn't fit to be timed."""
        error = rung.verdict.error
        return Measurement(
            seconds=times.median if times else None,
            spread=times.spread if times else 0.0,
            quartiles=times.quartiles if times else None,
            repetitions=len(times.samples) if times else 0,
            first=rung.first,
            peak_mib=rung.peak_mib,
            error=error if error < float("inf") else None,
            setting=self.label(rung.setting),
            notes=rung.notes,
        )


def _plain(fact: Fact) -> Fact:
    """JSON has no infinities: they become words."""
    return fact if not isinstance(fact, float) or math.isfinite(fact) else str(fact)


def _shortfall(side: Side, target: float | None) -> tuple[Status, str]:
    """Why a side can't be timed."""
    if target is None:
        return "wrong", f"{side.name}: {side.best.verdict.detail}"
    return (
        "unreached",
        f"{side.name}: no setting comes within {target:g}, the best is {side.best.verdict.error:.1e}",
    )


def measure_target(sides: list[Side], target: float | None, budget: float) -> dict[str, Any]:
    """Fields of the result for one target: what is right is timed, also where the other side isn't."""
    found = {side.name: side.reach(target) for side in sides}
    short = [side for side in sides if found[side.name] is None]
    status, detail = _shortfall(short[0], target) if short else ("timed", "")
    fit = [side for side in sides if side not in short and side.task.timed]
    calls: list[timing.Call] = [partial(side.run, rung.setting) for side in fit if (rung := found[side.name])]
    names = " and ".join(side.name for side in fit)
    times = timing.alternate(calls, budget, lambda: sides[0].announce(f"{names}: timing"))
    times_of = dict(zip((side.name for side in fit), times, strict=True))
    measured = {
        "ours" if side.name == OURS else "theirs": side.measurement(
            found[side.name] or side.best, times_of.get(side.name)
        )
        for side in sides
    }
    return {"status": status, "detail": detail, **measured}


def _measured(make_sides: Callable[[], list[Side]], task: Task, budget: float) -> Iterator[dict[str, Any]]:
    """Fields of the result per target."""
    sides: list[Side] = []
    for target in task.targets:
        start = time.perf_counter()
        try:
            sides = sides or make_sides()
            fields = measure_target(sides, target, budget)
        except LibraryError as error:
            fields = {"status": "failed", "detail": str(error)}
        yield {"target": target, **fields, "elapsed": time.perf_counter() - start}


def run(plan: CellPlan, scratch: Path, budget: float, announce: Announce) -> Iterator[Cell]:
    """Results of a cell as they are found, one per target."""
    workload = WORKLOADS[plan.workload]
    task = workload.definition
    announce("reading the data")
    problem = Problem(store.read(store.folder(scratch, workload)), workload.parameters, plan.threads)
    truth = store.read(truth_folder(scratch, workload))

    def make_sides() -> list[Side]:
        # Peers without us where we don't offer it: the page shows what there is to beat.
        names = dict.fromkeys([OURS, plan.competitor])
        methods = {name: COMPETITORS[name].methods.get(workload.task) for name in names}
        return [
            Side(name, method, task, problem, truth, announce)
            for name, method in methods.items()
            if method is not None
        ]

    for fields in _measured(make_sides, task, budget):
        yield Cell(**dataclasses.asdict(plan), **fields)


def main(arguments: list[str]) -> None:
    """Run the command."""
    specification = json.loads(arguments[0])
    # Libraries print: keep the way back to whoever waits for oneself.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message, allow_nan=False) + "\n")
        channel.flush()

    plugins.load_announced()
    plan = CellPlan(**specification["plan"])
    scratch, budget = Path(specification["scratch"]), specification["budget"]
    for cell in run(plan, scratch, budget, lambda phase: send({"phase": phase})):
        send({"cell": dataclasses.asdict(cell)})


if __name__ == "__main__":
    main(sys.argv[1:])
