# SPDX-License-Identifier: BSD-3-Clause
"""Print one table: every workload, every library, interleaved in one process; medians in seconds after the answers are checked."""

from __future__ import annotations

import argparse
import statistics
import time

import crowfly
from bench.competitors import competitors
from bench.workloads import Workload, workloads


def measure(workload: Workload, repetitions: int) -> dict[str, tuple[float, float, float]]:
    """Per library: median time, spread (largest minus smallest over median), error of its answer."""
    adapters = {name: tasks[workload.task] for name, tasks in competitors().items() if workload.task in tasks}
    answers = {name: run(*workload.data) for name, run in adapters.items()}  # warm-up as well
    for answer in answers.values():
        workload.error(answer)  # lets a workload learn the best answer before it judges any
    times: dict[str, list[float]] = {name: [] for name in adapters}
    for _ in range(repetitions):
        for name, run in adapters.items():
            start = time.perf_counter()
            run(*workload.data)
            times[name].append(time.perf_counter() - start)
    results = {}
    for name, seconds in times.items():
        median = statistics.median(seconds)
        results[name] = (median, (max(seconds) - min(seconds)) / median, workload.error(answers[name]))
    return results


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies numbers of rows (default 1)")
    parser.add_argument("--repetitions", type=int, default=5, help="timed runs per library (default 5)")
    arguments = parser.parse_args()
    config = crowfly.get_config()
    print(f"crowfly {config['version']}, {config['isa']}, {config['num_threads']} threads\n")
    print("| problem | library | median s | spread | crowfly's ratio | error |\n|---|---|---|---|---|---|")
    for workload in workloads(arguments.scale):
        results = measure(workload, arguments.repetitions)
        ours = results["crowfly"][0]
        for name, (median, spread, error) in results.items():
            row = f"| {workload.name} | {name} | {median:.4f} | {spread:.0%} | {median / ours:.2f} |"
            print(f"{row} {error:.1e} {workload.unit} |", flush=True)


if __name__ == "__main__":
    main()
