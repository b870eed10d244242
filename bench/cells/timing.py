# SPDX-License-Identifier: BSD-3-Clause
"""Honest seconds: two calls by turns, each from a quiet start."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: A timed sample lasts at least so long: shorter calls are repeated inside it.
SHORTEST_SAMPLE = 2e-3
LEAST_REPETITIONS = 3
MOST_REPETITIONS = 9

#: Idle: the process used less than this share of a CPU over one look.
IDLE_SHARE = 0.1
LOOK = 2e-3
#: In a row, since a spinning thread may have lost its CPU to another process during one.
IDLE_LOOKS = 2
LONGEST_WAIT = 0.3

Call = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Seconds per call of each repetition."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """What a user waits."""
        return statistics.median(self.samples)

    @property
    def quartiles(self) -> tuple[float, float] | None:
        """What one disturbed repetition doesn't move; None of fewer than three."""
        if len(self.samples) < LEAST_REPETITIONS:
            return None
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high

    @property
    def spread(self) -> float:
        """(largest - smallest) / median."""
        return (max(self.samples) - min(self.samples)) / self.median


def settle() -> None:
    """Wait until the threads of this process are idle.

    The OpenMP runtimes of some libraries keep their workers spinning after a call (libgomp for milliseconds, LLVM's for 200 ms): on as many CPUs as threads they
    would slow whatever is timed next.
    """
    end = time.perf_counter() + LONGEST_WAIT
    idle = 0
    while idle < IDLE_LOOKS and time.perf_counter() < end:
        before = time.process_time()
        time.sleep(LOOK)
        idle = idle + 1 if time.process_time() - before < IDLE_SHARE * LOOK else 0


def sample(call: Call, number: int) -> float:
    """Seconds per call over `number` calls."""
    settle()
    start = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - start) / number


def first_sample(call: Call) -> tuple[int, float]:
    """How many calls make a sample long enough to be timed (more than one only for short calls), and seconds per call of that sample."""
    number = 1
    # Calls before this one paid for imports and compilation; those from a quiet start are slower than the ones that follow: grow by steps.
    while number * (seconds := sample(call, number)) < SHORTEST_SAMPLE:
        number *= min(10, math.ceil(1.2 * SHORTEST_SAMPLE / max(number * seconds, 1e-9)))
    return number, seconds


def alternate(
    calls: Sequence[Call], budget: float, announce: Callable[[], None] = lambda: None
) -> list[Times]:
    """Time the calls by turns until `budget` seconds are spent.

    At least three rounds, one where a round takes longer than the budget; at most nine. The order is reversed from round to round, so that none always follows the same
    other. `announce` is called before every sample.
    """
    start = time.perf_counter()
    numbers: list[int] = []
    samples: list[list[float]] = []
    for call in calls:
        announce()
        number, seconds = first_sample(call)
        numbers.append(number)
        samples.append([seconds])
    for done in range(1, MOST_REPETITIONS):
        spent = time.perf_counter() - start
        if spent > budget and (done >= LEAST_REPETITIONS or spent / done > budget):
            break
        order = range(len(calls)) if done % 2 == 0 else reversed(range(len(calls)))
        for i in order:
            announce()
            samples[i].append(sample(calls[i], numbers[i]))
    return [Times(tuple(values)) for values in samples]
