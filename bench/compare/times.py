# SPDX-License-Identifier: BSD-3-Clause
"""Two builds side by side: answers, times in alternation, instructions."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from bench.compare import instructions
from bench.compare.calls import MIDDLE_CALLS, SMALL_CALLS, tolerance_of
from bench.compare.verdict import Row, Side, Thresholds, judge

__all__ = ["compare_instructions", "compare_times"]

ROOT = Path(__file__).parents[2]
#: How much slower, in seconds, one of the small calls must be to count.
SMALL_SECONDS = 2e-6

#: A worker that doesn't answer within this time is ended.
DEADLINE_SECONDS = 120
#: Short calls are timed in batches of this length.
BATCH_SECONDS = 5e-3
#: Alternations: what fits into this time, at least and at most so many; once more, twice as many, where the outcome is undecided.
CALL_SECONDS = 1.5
FEWEST, MOST = 9, 41

#: Kernels run no interpreter: their counts are exact to a few instructions, and small.
KERNEL_INSTRUCTIONS = 20


class WorkerError(Exception):
    """One sentence: what happened to a worker."""


class Worker:
    """A process with one build and one call, which works only when it is asked to."""

    def __init__(
        self, side: str, build: Path, call: str, answer: Path, *, threads: int, isa: str | None
    ) -> None:
        self._side = side
        command = [sys.executable, "-m", "bench.compare.worker", str(build), call, str(answer), str(threads)]
        environment = {**os.environ, "PYTHONPATH": str(build)}
        if isa is not None:
            environment["CROWFLY_ISA"] = isa
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        try:
            self._read()
        except WorkerError:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def time(self, calls: int) -> float:
        """Seconds per call of so many."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # reading tells why
            print(calls, file=self._process.stdin, flush=True)
        return float(self._read()) / calls

    def _read(self) -> str:
        assert self._process.stdout is not None
        guard = threading.Timer(DEADLINE_SECONDS, self._process.kill)
        guard.start()
        line = self._process.stdout.readline()
        guard.cancel()
        if line:
            return line
        code = self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().strip().splitlines()[-1:] or ["no message"]
        raise WorkerError(f"{self._side}: the process ended with code {code}: {last[0]}")


def alternate(base: Worker, head: Worker, calls: int, rounds: int) -> tuple[Side, Side]:
    """Time both, one after the other and never together."""
    pairs = [(base.time(calls), head.time(calls)) for _ in range(rounds)]
    return Side.from_times([p[0] for p in pairs]), Side.from_times([p[1] for p in pairs])


def difference(call: str, base: Path, head: Path) -> str:
    """How the answers differ beyond what the call's definition leaves open; empty when they don't."""
    tolerance = tolerance_of(call)
    with np.load(base) as ours, np.load(head) as theirs:
        if ours.files != theirs.files or any(ours[key].shape != theirs[key].shape for key in ours.files):
            return "the answers have different shapes"
        for key in ours.files:
            a, b = ours[key], theirs[key]
            if tolerance == 0:
                same = bool(np.array_equal(a, b))
            else:
                same = bool(np.abs(a - b).max(initial=0) <= tolerance * np.abs(a).max(initial=0))
            if not same:
                return f"the answers differ (part {key} of them, tolerance {tolerance:g})"
    return ""


def compare_call(
    call: str, builds: tuple[Path, Path], thresholds: Thresholds, *, threads: int, isa: str | None
) -> Row:
    """One call on both builds."""
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "base.npz", Path(folder) / "head.npz"
        try:
            with (
                Worker("base", builds[0], call, answers[0], threads=threads, isa=isa) as base,
                Worker("head", builds[1], call, answers[1], threads=threads, isa=isa) as head,
            ):
                if detail := difference(call, *answers):
                    return Row(call, None, None, "unequal", detail)
                return time_both(call, base, head, thresholds)
        except WorkerError as error:
            return Row(call, None, None, "failed", str(error))


def time_both(call: str, base: Worker, head: Worker, thresholds: Thresholds) -> Row:
    """Alternate until the outcome is decided, at most twice."""
    single = min(worker.time(1) for worker in (base, head, base, head))
    calls = max(1, math.ceil(BATCH_SECONDS / single))
    rounds = min(max(FEWEST, round(CALL_SECONDS / (2 * calls * single))), MOST)
    old, new = alternate(base, head, calls, rounds)
    if judge(old, new, thresholds) == "undecided":
        old, new = alternate(base, head, calls, 2 * rounds)
    return Row(call, old, new, judge(old, new, thresholds))


def compare_times(
    base: Path,
    head: Path,
    thresholds: Thresholds,
    *,
    threads: int = 0,
    isa: str | None = None,
    only: str = "",
) -> list[Row]:
    """Every call of `bench.compare.calls` whose name contains `only`, on the builds in two folders."""
    # The absolute threshold of the others is ten of these calls.
    small = Thresholds(thresholds.relative, min(thresholds.absolute, SMALL_SECONDS))
    chosen = dict.fromkeys(MIDDLE_CALLS, thresholds) | dict.fromkeys(SMALL_CALLS, small)
    return [
        compare_call(name, (base, head), limits, threads=threads, isa=isa)
        for name, limits in chosen.items()
        if only in name
    ]


def compare_instructions(
    base: Path, head: Path, thresholds: Thresholds, *, isa: str | None = None, only: str = ""
) -> list[Row]:
    """Instructions of the small calls, and of kernels where both builds can time them.

    Raises
    ------
    bench.compare.instructions.CountingError
        If they can't be counted here.
    """
    counts = [instructions.count(isa=isa, pythonpath=build) for build in (base, head)]
    rows = []
    for name in counts[0]:
        if name not in counts[1] or only not in name:
            continue
        before, after = counts[0][name], counts[1][name]
        limits = thresholds
        if name.startswith("kernel"):
            limits = Thresholds(thresholds.relative, min(thresholds.absolute, KERNEL_INSTRUCTIONS))
        old, new = Side(before, before, before), Side(after, after, after)
        rows.append(Row(name, old, new, judge(old, new, limits)))
    return rows
