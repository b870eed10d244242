# SPDX-License-Identifier: BSD-3-Clause
"""What the results say: counts, geometric means, losses, accuracy. Pure functions over rows and runs."""

from __future__ import annotations

import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from bench.report.growth import Sweep, sweeps
from bench.report.rows import (
    OURS,
    Row,
    configurations,
    families,
    library_order,
    make_rows,
    peer_status,
    was_timed,
    within_noise,
)
from bench.results import Cell, Measurement, Run, Status

REASONS = Path(__file__).with_name("reasons.toml")
#: The family that is shown as a table of digits.
ACCURACY = "accuracy"
NO_REASON = "no reason noted yet"


@dataclass(frozen=True)
class Tally:
    """How a set of rows ended. `mean` is the geometric mean of the ratios against the best peer, each problem counted once; None without any."""

    mean: float | None
    won: int
    lost: int
    noise: int
    clear_wins: int
    clear_losses: int
    alone: int
    untimed: int
    failed: int
    not_offered: int

    @property
    def compared(self) -> int:
        """Rows with a ratio."""
        return self.won + self.lost

    @property
    def only_untimed(self) -> bool:
        """Whether all answers are right and none has a time: the table of digits says it."""
        return not (self.compared or self.alone or self.failed or self.not_offered)


@dataclass(frozen=True)
class FamilyTally:
    """The tally of a family with one instruction set and number of threads."""

    family: str
    isa: str
    threads: int
    tally: Tally


@dataclass(frozen=True)
class Library:
    """How often a library's cells ended how, how often it was the best peer, and how often faster than crowfly."""

    name: str
    version: str | None
    statuses: Counter[Status]
    best: int
    faster: int


@dataclass(frozen=True)
class Reason:
    """Why cells that match both patterns are slower."""

    workload: str
    competitor: str
    why: str


@dataclass(frozen=True)
class Loss:
    """A competitor that was right and faster."""

    row: Row
    cell: Cell
    ratio: float
    why: str
    noise: bool


@dataclass(frozen=True)
class Solved:
    """One library on one reference problem."""

    status: Status | None
    error: float | None
    digits: float | None


@dataclass(frozen=True)
class Accuracy:
    """Reference problems against libraries; `best` names the libraries with the smallest error of the row."""

    row: Row
    solved: dict[str, Solved]
    best: frozenset[str]


@dataclass(frozen=True)
class Summary:
    """All that the page and the Markdown show of one run; `families` are those that have a table of times."""

    run: Run
    rows: list[Row]
    families: dict[str, list[Row]]
    tallies: list[FamilyTally]
    libraries: list[Library]
    losses: list[Loss]
    failed: list[Row]
    not_offered: list[Row]
    sweeps: list[Sweep]
    accuracy: list[Accuracy]
    unmeasured: list[str]
    scale: float

    @property
    def libraries_in_accuracy(self) -> list[str]:
        """The libraries that tried any reference problem, in the order of `libraries`."""
        tried = {name for entry in self.accuracy for name in entry.solved}
        return [library.name for library in self.libraries if library.name in tried]

    @property
    def places(self) -> list[tuple[str, int]]:
        """The instruction sets and numbers of threads."""
        return configurations(self.rows)

    @property
    def idle(self) -> list[str]:
        """Competitors that are installed but have no cell in this run."""
        busy = {cell.competitor for cell in self.run.cells}
        return [library.name for library in self.libraries if library.name not in {*busy, *self.absent, OURS}]

    @property
    def absent(self) -> list[str]:
        """Competitors that were not installed."""
        return [info.name for info in self.run.competitors if info.version is None and info.name != OURS]

    @property
    def several_places(self) -> bool:
        """Whether there is more than one instruction set or number of threads, so that rows must say which."""
        return len(self.places) > 1


def summarise(run: Run, reasons: Sequence[Reason]) -> Summary:
    """Compute everything."""
    rows = make_rows(run)
    failed, not_offered = troubles(rows)
    return Summary(
        run=run,
        rows=rows,
        families={name: members for name, members in families(rows).items() if not _only_digits(members)},
        tallies=family_tallies(rows),
        libraries=libraries(run, rows),
        losses=losses(rows, reasons),
        failed=failed,
        not_offered=not_offered,
        sweeps=sweeps(rows, library_order(run)),
        accuracy=accuracy(rows),
        unmeasured=without_cells(run),
        scale=scale(rows),
    )


def _only_digits(rows: Iterable[Row]) -> bool:
    """Whether the accuracy table says all there is to say."""
    return all(
        row.workload.family == ACCURACY and row.outcome in {"untimed", "failed", "not offered"}
        for row in rows
    )


def geometric_mean(values: Iterable[float]) -> float | None:
    """The geometric mean; None of nothing."""
    logarithms = [math.log(value) for value in values]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else None


def _mean_over_problems(rows: Sequence[Row]) -> float | None:
    """Geometric mean over problems: one that has several targets must not count several times."""
    ratios: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.ratio is not None:
            ratios[row.workload.name].append(row.ratio)
    return geometric_mean(math.exp(math.fsum(map(math.log, group)) / len(group)) for group in ratios.values())


def tally(rows: Sequence[Row]) -> Tally:
    """Count how rows ended."""
    outcomes = Counter(row.outcome for row in rows)
    compared = [(row.ratio, row.best) for row in rows if row.ratio is not None and row.best is not None]
    return Tally(
        mean=_mean_over_problems(rows),
        won=outcomes["won"],
        lost=outcomes["lost"],
        noise=sum(within_noise(cell) for _, cell in compared),
        clear_wins=sum(ratio >= 1 and not within_noise(cell) for ratio, cell in compared),
        clear_losses=sum(ratio < 1 and not within_noise(cell) for ratio, cell in compared),
        alone=outcomes["alone"],
        untimed=outcomes["untimed"],
        failed=outcomes["failed"],
        not_offered=outcomes["not offered"],
    )


def family_tallies(rows: Sequence[Row]) -> list[FamilyTally]:
    """Tally each family, apart for each instruction set and number of threads: they must not be averaged."""
    tallies = []
    for family, members in families(rows).items():
        for isa, threads in configurations(members):
            chosen = [row for row in members if (row.isa, row.threads) == (isa, threads)]
            tallies.append(FamilyTally(family, isa, threads, tally(chosen)))
    return tallies


def libraries(run: Run, rows: Sequence[Row]) -> list[Library]:
    """Count the statuses of every library, crowfly first."""
    statuses: dict[str, Counter[Status]] = {name: Counter() for name in (OURS, *library_order(run))}
    for cell in run.cells:
        status = peer_status(cell)
        if cell.competitor != OURS and status is not None:
            statuses[cell.competitor][status] += 1
    # crowfly takes part in every cell of a row: its rows are counted, not its cells.
    statuses[OURS].update(row.state for row in rows if row.state is not None)
    versions = {info.name: info.version for info in run.competitors}
    versions.setdefault(OURS, run.versions.get(OURS))
    best = Counter(row.best.competitor for row in rows if row.best is not None)
    faster = Counter(cell.competitor for cell in run.cells if _is_loss(cell))
    return [
        Library(name, versions.get(name), counts, best[name], faster[name])
        for name, counts in statuses.items()
    ]


def _is_loss(cell: Cell) -> bool:
    return was_timed(cell) and cell.ratio is not None and cell.ratio < 1


def load_reasons(path: Path = REASONS) -> list[Reason]:
    """Read the reasons that are known, first match first.

    Raises
    ------
    ValueError
        If an entry isn't made of the three strings; the message names the file.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("reason", [])
        return [Reason(**entry) for entry in entries]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected [[reason]] tables of workload, competitor and why: {error}"
        ) from error


def reason_for(reasons: Iterable[Reason], workload: str, competitor: str) -> str:
    """The first reason that matches."""
    for reason in reasons:
        if fnmatchcase(workload, reason.workload) and fnmatchcase(competitor, reason.competitor):
            return reason.why
    return NO_REASON


def losses(rows: Iterable[Row], reasons: Sequence[Reason]) -> list[Loss]:
    """Every right competitor that was faster, not only the best one; worst first."""
    found = [
        Loss(row, cell, cell.ratio, reason_for(reasons, cell.workload, cell.competitor), within_noise(cell))
        for row in rows
        for cell in row.peers
        if _is_loss(cell) and cell.ratio is not None
    ]
    return sorted(found, key=lambda loss: (loss.ratio, loss.cell.workload, loss.cell.competitor))


def troubles(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Rows where crowfly has no right answer, and rows that it doesn't offer."""
    rows = list(rows)
    return (
        [row for row in rows if row.outcome == "failed"],
        [row for row in rows if row.outcome == "not offered"],
    )


def accuracy(rows: Iterable[Row]) -> list[Accuracy]:
    """Errors and right digits on the reference problems, crowfly first."""
    table = []
    for row in rows:
        if row.workload.family != ACCURACY:
            continue
        solved = {OURS: _solved(row.state, row.ours)}
        for cell in row.peers:
            solved[cell.competitor] = _solved(peer_status(cell), cell.theirs)
        errors = [entry.error for entry in solved.values() if entry.error is not None]
        best = {name for name, entry in solved.items() if errors and entry.error == min(errors)}
        table.append(Accuracy(row, solved, frozenset(best)))
    return table


def _solved(status: Status | None, side: Measurement | None) -> Solved:
    digits = side.notes.get("digits") if side is not None else None
    return Solved(
        status,
        None if side is None else side.error,
        float(digits) if isinstance(digits, int | float) else None,
    )


def without_cells(run: Run) -> list[str]:
    """Workloads that the run names but hasn't measured, as when it was interrupted."""
    measured = {cell.workload for cell in run.cells}
    return [info.name for info in run.workloads if info.name not in measured]


def scale(rows: Iterable[Row]) -> float:
    """The end of the scale on which ratios are drawn: a power of two beyond the largest factor, from 4 to 128."""
    factors = [max(row.ratio, 1 / row.ratio) for row in rows if row.ratio is not None]
    return next((end for end in (4.0, 8.0, 16.0, 32.0, 64.0) if max(factors, default=1) <= end), 128.0)
