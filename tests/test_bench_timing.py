# SPDX-License-Identifier: BSD-3-Clause
"""Timing, memory, storage, plans, estimates and the results' file of the benchmark suite."""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from bench import results
from bench.cells import memory, store, timing
from bench.cells.estimate import FIRST_GUESS, Estimate
from bench.cells.journal import Journal
from bench.cells.plan import CellPlan, UnknownNameError, make_plan, select
from bench.competitors import COMPETITORS, OURS
from bench.results import Cell, Measurement, Run
from bench.tasks import TASKS
from bench.workloads import SUITES, WORKLOADS


def pause(seconds: float) -> timing.Call:
    return lambda: time.sleep(seconds)


def test_slow_call_is_slower_by_its_factor() -> None:
    fast, slow = timing.alternate([pause(0.004), pause(0.012)], 0.2)
    assert slow.median / fast.median == pytest.approx(3, rel=0.35)
    assert len(fast.samples) == len(slow.samples) >= timing.LEAST_REPETITIONS


def test_calls_take_turns_and_the_order_is_reversed() -> None:
    seen: list[str] = []

    def call(name: str) -> None:
        seen.append(name)
        time.sleep(3e-3)

    calls: list[timing.Call] = [partial(call, "a"), partial(call, "b")]
    timing.alternate(calls, 10.0)
    rounds = ["".join(seen[i : i + 2]) for i in range(0, len(seen), 2)]
    assert rounds == ["ab", "ba", "ab", "ba", "ab", "ba", "ab", "ba", "ab"]


def test_short_calls_are_timed_in_batches() -> None:
    count = 0

    def call() -> None:
        nonlocal count
        count += 1

    (times,) = timing.alternate([call], 0.01)
    assert count > 1000
    assert 0 < times.median < 1e-4


def test_call_longer_than_the_budget_is_timed_once() -> None:
    (times,) = timing.alternate([pause(0.05)], 0.02)
    assert len(times.samples) == 1


def settled_before_the_end_of(seconds: float) -> float:
    """For how long settle() had stopped waiting while another thread was still spinning."""
    data = np.zeros(100_000)
    end = time.perf_counter() + seconds

    def spin() -> None:
        while time.perf_counter() < end:
            data.sum()

    thread = threading.Thread(target=spin)
    thread.start()
    timing.settle()
    early = end - time.perf_counter()
    thread.join()
    return early


def test_settle_waits_for_spinning_threads() -> None:
    # Where another process takes the spinning thread's CPU it looks idle: one of several tries must not be disturbed.
    assert min(settled_before_the_end_of(0.1) for _ in range(5)) < timing.IDLE_LOOKS * timing.LOOK
    start = time.perf_counter()
    timing.settle()
    assert time.perf_counter() - start < timing.LONGEST_WAIT


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is Linux's")
def test_peak_of_memory_that_is_gone_again() -> None:
    memory.peak_of(lambda: np.ones(8_000_000).sum())
    _, peak = memory.peak_of(lambda: np.ones(4_000_000).sum())
    assert peak is not None
    assert 29 < peak < 36


def test_arrays_survive_storage(tmp_path: Path) -> None:
    sparse = scipy.sparse.random(20, 30, 0.1, format="csr", random_state=0)
    arrays = {"X": sparse, "y": np.arange(3, dtype=np.float32), "empty": np.zeros((0, 4))}
    store.write(tmp_path / "set", arrays)
    back = store.read(tmp_path / "set")
    assert set(back) == set(arrays)
    assert (back["X"] != sparse).nnz == 0
    assert back["y"].dtype == np.float32
    assert back["empty"].shape == (0, 4)


def test_slugs_keep_names_apart() -> None:
    assert store.slug("a/b") != store.slug("a b")
    assert "/" not in store.slug("a/b c|d")


# --- workloads and plans ----------------------------------------------------------------------------------------------


def test_every_workload_is_complete() -> None:
    for workload in WORKLOADS.values():
        assert workload.task in TASKS
        assert workload.why
        assert workload.suites <= set(SUITES)
        assert (workload.sweep is None) == (workload.axis is None) == (workload.value is None)
        assert any(workload.task in competitor.methods for competitor in COMPETITORS.values())


def test_every_suite_has_all_kinds() -> None:
    tasks = {suite: {w.task for w in WORKLOADS.values() if suite in w.suites} for suite in SUITES}
    assert {"neighbours", "least squares", "logistic regression"} <= tasks["toy"] & tasks["quick"] & tasks[
        "full"
    ]
    assert tasks["full"] == set(TASKS) == tasks["grid"]


def test_workloads_on_one_data_set_are_neighbours_in_the_plan() -> None:
    names = [name for name, workload in WORKLOADS.items() if "grid" in workload.suites]
    plans = make_plan(names, list(COMPETITORS), "grid", ["reference"], [1])
    datasets = [WORKLOADS[plan.workload].dataset for plan in plans]
    blocks = [d for i, d in enumerate(datasets) if i == 0 or datasets[i - 1] != d]
    assert len(blocks) == len(set(blocks))


def test_workload_without_installed_peers_is_measured_alone() -> None:
    plans = make_plan(["neighbours/normal/10k-100k-16/f32/k1"], [OURS], "full", ["reference"], [1])
    assert [plan.competitor for plan in plans] == [OURS]


def test_patterns() -> None:
    known = ["a/b", "a/c", "d"]
    assert select("thing", ["A/*"], known) == ["a/b", "a/c"]
    assert select("thing", ["d", "a/c"], known) == ["a/c", "d"]
    with pytest.raises(UnknownNameError, match=r"no thing is called 'x'; there are:\n  a/b"):
        select("thing", ["d", "x"], known)


# --- results ----------------------------------------------------------------------------------------------------------

CELL = Cell(
    "w",
    "c",
    "avx2",
    2,
    1e-6,
    "timed",
    theirs=Measurement(2.0, 0.1, 3, peak_mib=1.5, error=1e-7),
    ours=Measurement(0.5),
)


def test_ratio() -> None:
    assert CELL.ratio == 4
    assert Cell("w", "c", "avx2", 2, None, "wrong", ours=Measurement(None)).ratio is None


def test_results_survive_their_file(tmp_path: Path) -> None:
    run = Run("toy", "c", "now", 1.0, {}, {"CPU": "x"}, {}, [], [], [CELL])
    results.save(run, tmp_path / "r.json")
    assert results.load(tmp_path / "r.json") == run


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "cells": [1]}', '{"format": 1, "cells": []}']
)
def test_other_files_are_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"r\.json is no result of this benchmark suite"):
        results.load(path)


def test_journal_of_another_run_is_not_taken_over(tmp_path: Path) -> None:
    plan = CellPlan("w", "c", "avx2", 2)
    journal = Journal(tmp_path / "j", {"version": 1})
    journal.start()
    journal.record(plan, [CELL], 2.5)
    same, other = Journal(tmp_path / "j", {"version": 1}), Journal(tmp_path / "j", {"version": 2})
    assert same.resume()
    assert same.results(plan) == [CELL]
    assert (same.elapsed, same.started) == (2.5, journal.started)
    assert not other.resume()
    assert other.results(plan) is None


def test_estimates_learn() -> None:
    name = "neighbours/normal/10k-100k-16/f32/k1"
    plans = [CellPlan(name, "FAISS", "avx2", 2), CellPlan(name, "pykdtree", "avx2", 2)]
    assert Estimate().seconds(plans) == 2 * FIRST_GUESS
    learned = Estimate()
    learned.learn(plans[0], 1.0)
    assert learned.seconds(plans[1:]) == 1.0
    earlier = Estimate([Cell(name, p.competitor, "avx2", 2, None, "timed", elapsed=10.0) for p in plans])
    earlier.learn(plans[0], 20.0)
    assert earlier.seconds(plans[1:]) == 20.0
