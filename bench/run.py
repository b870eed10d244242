# SPDX-License-Identifier: BSD-3-Clause
"""The command ``python -m bench run``: choose, measure, save."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import glob
import hashlib
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import crowfly
from bench import kernels, machine, plugins, results
from bench.cells.driver import Driver, Limits
from bench.cells.estimate import Estimate
from bench.cells.journal import Journal
from bench.cells.plan import CellPlan, UnknownNameError, make_plan, select, skipped
from bench.competitors import COMPETITORS, OURS
from bench.results import Run
from bench.workloads import SUITES, WORKLOADS, own, register
from crowfly.report.errors import ReportError

RESULTS = Path(__file__).parent / "results"
DEFAULT_OUTPUT = Path("build/bench")
#: Seconds per suite.
LIMITS = {
    "toy": Limits(budget=0.1, call=60.0, cell=120.0),
    "quick": Limits(budget=0.4, call=6.0, cell=8.0),
    "full": Limits(budget=1.0, call=10.0, cell=15.0),
    "grid": Limits(budget=4.0, call=60.0, cell=180.0),
}


class UserError(ValueError):
    """What the user asked for can't be done; the message says why."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--suite", choices=SUITES, help="how much (default: full)")
    parser.add_argument(
        "--quick", action="store_const", const="quick", dest="suite", help="the same as --suite quick"
    )
    parser.add_argument(
        "--workload",
        action="append",
        metavar="PATTERN",
        help="only these, of the suite, or of all where --suite is not given; * matches anything; repeatable",
    )
    parser.add_argument(
        "--competitor", action="append", metavar="PATTERN", help="only these (and crowfly); repeatable"
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="your own table, CSV, Parquet or NPZ")
    parser.add_argument(
        "--target", metavar="COLUMN", help="what the models predict from the others in --data"
    )
    parser.add_argument(
        "--plugin",
        action="append",
        metavar="MODULE",
        help="competitors and workloads of yours (bench/plugins.py); repeatable",
    )
    parser.add_argument("--isa", action="append", metavar="NAME", help="of crowfly's kernels; repeatable")
    parser.add_argument(
        "--threads", action="append", type=int, metavar="N", help="for all; repeatable (default: all CPUs)"
    )
    parser.add_argument("--budget", type=_seconds, metavar="S", help="seconds for the repetitions of a cell")
    parser.add_argument("--limit", type=_seconds, metavar="S", help="seconds until a call is killed")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: build/bench/SUITE.json")
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of resuming")
    parser.add_argument("--no-kernels", action="store_true", help="leave the kernels' table out")
    parser.add_argument("--list", action="store_true", help="print the cells and stop")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a positive number of seconds expected, got {text}")
    return value


def _isas(asked: list[str] | None) -> list[str]:
    config = crowfly.get_config()
    if not asked:
        return [config["isa"]]
    known = config["available_isas"]
    for name in asked:
        if name not in known:
            raise UnknownNameError(
                f"no instruction set of this CPU is called {name!r}; there are: {', '.join(known)}"
            )
    return asked


def _threads(asked: list[int] | None) -> list[int]:
    most = crowfly.get_config()["cpu_budget"]
    for count in asked or []:
        if not 1 <= count <= most:
            raise UnknownNameError(
                f"threads: from 1 to {most} (the CPUs of this process) expected, got {count}"
            )
    return asked or [most]


def _workloads(suite: str | None, patterns: list[str] | None) -> list[str]:
    if not patterns:
        return [name for name, workload in WORKLOADS.items() if (suite or "full") in workload.suites]
    chosen = select("workload", patterns, WORKLOADS)
    return [name for name in chosen if suite is None or suite in WORKLOADS[name].suites]


def _competitors(patterns: list[str] | None) -> list[str]:
    if not patterns:
        return list(COMPETITORS)
    return select("competitor", [*patterns, OURS], COMPETITORS)


def _load(arguments: argparse.Namespace) -> None:
    """Plug-ins and the user's table, in this process and those to come."""
    try:
        for name in arguments.plugin or []:
            plugins.announce(name)
        if arguments.data is not None:
            own.announce(arguments.data, arguments.target)
    except ReportError as error:
        raise UserError(str(error)) from error
    except Exception as error:
        # A stranger's module may raise anything.
        raise UserError(f"--plugin {name}: {type(error).__name__}: {error}") from error
    if arguments.data is not None:
        table = own.workloads()
        register(table)
        arguments.workload = [*(arguments.workload or []), *(glob.escape(w.name) for w in table)]


def _planned_suite(arguments: argparse.Namespace) -> str:
    """Who asks for a workload or a competitor by name gets it, in whatever suite it is."""
    if arguments.suite is None and (arguments.workload or arguments.competitor):
        return "grid"
    suite: str = arguments.suite or "full"
    return suite


def plan_of(arguments: argparse.Namespace) -> list[CellPlan]:
    """The cells that the options ask for.

    Raises
    ------
    UnknownNameError, UserError
        For names that don't exist, and for a table or a plug-in that can't be read.
    """
    _load(arguments)
    return make_plan(
        _workloads(arguments.suite, arguments.workload),
        _competitors(arguments.competitor),
        _planned_suite(arguments),
        _isas(arguments.isa),
        _threads(arguments.threads),
    )


def _earlier_cells(output: Path) -> list[results.Cell]:
    """Cells of earlier runs, for estimates only: what can't be read is passed over."""
    cells: list[results.Cell] = []
    for path in [*sorted(RESULTS.glob("*.json")), output]:
        with contextlib.suppress(OSError, ValueError):
            cells += results.load(path).cells
    return list({(c.workload, c.competitor, c.target): c for c in cells}.values())


def _isas_of_kernels(arguments: argparse.Namespace, plans: list[CellPlan]) -> list[str]:
    """Every instruction set of the CPU in long runs: a table takes seconds."""
    available: list[str] = crowfly.get_config()["available_isas"]
    return (
        available if arguments.suite in {None, "full", "grid"} else list(dict.fromkeys(p.isa for p in plans))
    )


def _kernel_tables(isas: list[str]) -> tuple[list[results.Peak], list[results.KernelRow]]:
    peaks: list[results.Peak] = []
    rows: list[results.KernelRow] = []
    for isa in isas:
        try:
            found_peaks, found_rows = kernels.measure_isa(isa)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            # The cells of a long run must not be lost for a table beside them.
            print(f"no kernels' table for {isa}: {error}", file=sys.stderr)
            continue
        peaks += found_peaks
        rows += found_rows
    return peaks, rows


def measure(arguments: argparse.Namespace, plans: list[CellPlan], output: Path) -> Run:
    """Measure, or resume measuring, and save."""
    limits = LIMITS[arguments.suite or "full"]
    if arguments.limit:
        limits = dataclasses.replace(limits, call=arguments.limit, cell=max(limits.cell, 3 * arguments.limit))
    if arguments.budget:
        limits = dataclasses.replace(limits, budget=arguments.budget)
    settings = dataclasses.asdict(limits)
    versions, facts = machine.versions(), machine.facts()
    identity = {
        "plan": [dataclasses.astuple(plan) for plan in plans],
        "settings": settings,
        "versions": versions,
        "machine": facts,
        "data": own.fingerprint(),
        "plug-ins": plugins.fingerprints(),
        "binary": machine.binary_fingerprint(),
    }
    journal = Journal(output.with_suffix(".journal"), identity)
    if arguments.fresh or not journal.resume():
        if journal.path.exists() and not arguments.fresh:
            raise UserError(
                f"{journal.path} holds an interrupted run with other settings, versions or data: --fresh begins anew, "
                "--output goes elsewhere"
            )
        journal.start()
    estimate = Estimate(_earlier_cells(output))
    todo = [plan for plan in plans if journal.results(plan) is None]
    print(
        f"{len(plans)} cells, about {estimate.seconds(todo) / 60:.0f} minutes; results go to {output}",
        flush=True,
    )
    if len(todo) < len(plans):
        print(
            f"{len(plans) - len(todo)} of {len(plans)} cells are there already, from the interrupted run",
            flush=True,
        )
    _name_absent()
    with tempfile.TemporaryDirectory(prefix="crowfly-bench-") as scratch:
        driver = Driver(limits, Path(scratch), journal, estimate, lambda line: print(line, flush=True))
        cells = driver.run(plans)
    peaks, rows = ([], []) if arguments.no_kernels else _kernel_tables(_isas_of_kernels(arguments, plans))
    run = Run(
        suite=arguments.suite or ("your data" if arguments.data else "full"),
        command=shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        started=journal.started,
        elapsed=round(journal.elapsed, 1),
        settings=settings,
        machine=facts,
        versions=versions,
        competitors=[competitor.info() for competitor in COMPETITORS.values()],
        workloads=[WORKLOADS[name].info() for name in dict.fromkeys(plan.workload for plan in plans)],
        cells=[*cells, *skipped(plans, _competitors(arguments.competitor), _planned_suite(arguments))],
        peaks=peaks,
        kernels=rows,
    )
    results.save(run, output)
    journal.close()
    return run


def _name_absent() -> None:
    absent = [f"{c.name} ({c.package})" for c in COMPETITORS.values() if c.version() is None]
    if absent:
        print("not installed, skipped: " + ", ".join(absent), flush=True)


def main(words: list[str]) -> int:
    """Run the command; the result is the exit status, 1 where an answer of crowfly's is wrong or missing."""
    parser = argparse.ArgumentParser(prog="python -m bench run", description=__doc__)
    add_options(parser)
    arguments = parser.parse_args(words)
    try:
        plans = plan_of(arguments)
    except (UnknownNameError, UserError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if arguments.list:
        for plan in plans:
            print(f"{plan.workload}  {plan.competitor}  {plan.isa}  {plan.threads} threads")
        return 0
    output = arguments.output or _default_output(arguments, plans)
    # A driver that is told to end must take its child and its scratch space with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        run = measure(arguments, plans, output)
    except (UserError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here")
        return 130
    print(f"{len(run.cells)} results in {run.elapsed / 60:.1f} minutes, in {output}")
    return 1 if any(_our_fault(cell) for cell in run.cells) else 0


def _default_output(arguments: argparse.Namespace, plans: list[CellPlan]) -> Path:
    """A part of a suite has a file of its own: it must not replace the whole."""
    whole = not (arguments.workload or arguments.competitor or arguments.isa or arguments.threads)
    digest = hashlib.sha256(repr(plans).encode()).hexdigest()[:6]
    return DEFAULT_OUTPUT / (f"{arguments.suite or 'full'}.json" if whole else f"part-{digest}.json")


def _our_fault(cell: results.Cell) -> bool:
    return cell.status != "timed" and cell.detail.startswith(f"{OURS}:")
