# SPDX-License-Identifier: BSD-3-Clause
"""Did a change make crowfly slower? Two result files, or two git revisions."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from bench.compare import instructions
from bench.compare.builds import BuildError, build, resolve
from bench.compare.times import compare_instructions, compare_times
from bench.compare.verdict import RULE, Row, Side, Thresholds, judge, lines
from bench.results import Cell, Run, load

__all__ = ["compare_runs", "main"]

Key = tuple[str, str, int, float | None]


class ComparisonError(Exception):
    """One sentence for the user."""


def key_of(cell: Cell) -> Key:
    """What two cells must have in common to be compared."""
    return cell.workload, cell.isa, cell.threads, cell.target


def label_of(key: Key) -> str:
    """The key as it is printed."""
    workload, isa, threads, target = key
    return f"{workload}, {isa}, {threads} thread{'s' if threads > 1 else ''}{'' if target is None else f', {target:g}'}"


def ours_by_key(cells: Iterable[Cell]) -> dict[Key, list[Cell]]:
    """Cells by key; those where crowfly itself had no part left out."""
    found: dict[Key, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.status != "skipped":
            found[key_of(cell)].append(cell)
    return found


def side_of(cells: Iterable[Cell]) -> Side | None:
    """Crowfly's time: the median over the cells, in each of which it was measured beside another competitor."""
    sides = [
        Side(cell.ours.seconds, *cell.ours.quartiles)
        if cell.ours.quartiles
        else Side.from_spread(cell.ours.seconds, cell.ours.spread)
        for cell in cells
        if cell.ours is not None and cell.ours.seconds is not None
    ]
    return Side.together(sides) if sides else None


def compare_runs(base: Run, head: Run, thresholds: Thresholds) -> list[Row]:
    """Compare crowfly's times in the cells that both runs have; a workload that only `base` could time is "lost"."""
    before, after = ours_by_key(base.cells), ours_by_key(head.cells)
    rows = []
    for key in before:
        old, new = side_of(before[key]), side_of(after.get(key, []))
        if old is None:
            continue
        if key not in after:
            continue
        if new is None:
            statuses = sorted({f"{cell.status} {cell.detail}".strip() for cell in after[key]})
            rows.append(Row(label_of(key), old, None, "lost", "; ".join(statuses)))
        else:
            rows.append(Row(label_of(key), old, new, judge(old, new, thresholds)))
    return rows


def read(path: Path) -> Run:
    """The run in a result file."""
    try:
        return load(path)
    except (OSError, ValueError) as error:
        raise ComparisonError(str(error)) from error


def compare_files(paths: tuple[Path, Path], thresholds: Thresholds) -> list[Row]:
    """Compare two files that the suite wrote, and print the table."""
    base, head = (read(path) for path in paths)
    rows = compare_runs(base, head, thresholds)
    if not rows:
        raise ComparisonError(f"{paths[0]} and {paths[1]} have no timed cell in common")
    absent = {key_of(cell) for cell in base.cells} - {key_of(cell) for cell in head.cells}
    if absent:
        print(f"{len(absent)} problems of {paths[0]} are not in {paths[1]} and are not compared.\n")
    different = [name for name, fact in base.machine.items() if fact != head.machine.get(name)]
    if different:
        print(f"The machines differ ({', '.join(different)}): times are compared all the same.\n")
    print(*lines(rows, "ms", 1e3, 3), sep="\n")
    return rows


def compare_revisions(revisions: tuple[str, str], arguments: argparse.Namespace) -> list[Row]:
    """Build two revisions, compare them and print the tables."""
    try:
        commits = [resolve(revision) for revision in revisions]
        for side, revision, commit in zip(("base", "head"), revisions, commits, strict=True):
            print(f"{side}: {revision}, commit {commit[:12]}", flush=True)
        base, head = (build(commit) for commit in commits)
    except BuildError as error:
        raise ComparisonError(str(error)) from error
    print(flush=True)
    rows = compare_times(
        base,
        head,
        Thresholds(arguments.relative, arguments.absolute * 1e-3),
        threads=arguments.threads,
        isa=arguments.isa,
        only=arguments.only,
    )
    if rows:
        print(*lines(rows, "ms", 1e3, 4), "", sep="\n", flush=True)
    if arguments.instructions:
        rows += instruction_rows(base, head, arguments)
    if not rows:
        raise ComparisonError(f"--only {arguments.only}: no call has that in its name")
    return rows


def instruction_rows(base: Path, head: Path, arguments: argparse.Namespace) -> list[Row]:
    """Compare instructions and print the table, or the reason why there is none."""
    limits = Thresholds(arguments.instructions_relative, arguments.instructions_absolute)
    try:
        rows = compare_instructions(base, head, limits, isa=arguments.isa, only=arguments.only)
    except instructions.CountingError as error:
        print(error)
        return []
    print(f"{instructions.NOTE}\n")
    print(*lines(rows, "instr.", 1, 0), sep="\n")
    return rows


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(prog="python -m bench compare", description=f"{__doc__} {RULE}.")
    p.add_argument("base", help="result file or git revision")
    p.add_argument("head", help="the same kind")
    p.add_argument("--relative", type=float, default=0.1, help="of time (default 0.1)")
    p.add_argument("--absolute", type=float, default=0.2, metavar="MS", help="of time (default 0.2)")
    p.add_argument("--instructions-relative", type=float, default=0.02, metavar="R", help="default 0.02")
    p.add_argument("--instructions-absolute", type=float, default=200, metavar="N", help="default 200")
    p.add_argument("--no-instructions", dest="instructions", action="store_false", help="time only")
    p.add_argument("--threads", type=int, default=0, help="of the middle-sized calls (default: all)")
    p.add_argument("--isa", help="instruction set of both (default: the best)")
    p.add_argument("--only", default="", metavar="TEXT", help="calls and kernels with this in their name")
    return p


def compare(arguments: argparse.Namespace) -> list[Row]:
    """Compare what the two arguments name."""
    base, head = arguments.base, arguments.head
    files = [Path(name).is_file() for name in (base, head)]
    if all(files):
        return compare_files(
            (Path(base), Path(head)), Thresholds(arguments.relative, arguments.absolute * 1e-3)
        )
    if any(files):
        other = head if files[0] else base
        raise ComparisonError(f"{other}: no such file, and a file can't be compared with a revision")
    return compare_revisions((base, head), arguments)


def main(argv: list[str]) -> int:
    """Run the command line: 0 nothing is slower, 1 something is, 2 it can't be compared."""
    try:
        rows = compare(parser().parse_args(argv))
    except ComparisonError as error:
        print(error, file=sys.stderr)
        return 2
    verdicts = [row.verdict for row in rows]
    print(f"\n{', '.join(f'{verdicts.count(v)} {v}' for v in dict.fromkeys(verdicts))}. {RULE}.")
    return 1 if any(row.fails for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
