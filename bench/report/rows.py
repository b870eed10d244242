# SPDX-License-Identifier: BSD-3-Clause
"""Cells put together: one row per workload, target, instruction set and number of threads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.results import Cell, Measurement, Run, Status, WorkloadInfo

OURS = "crowfly"

#: lost and won are against the best peer; alone: right, but no peer was; untimed: only the error is of interest.
Outcome = Literal["won", "lost", "alone", "untimed", "failed", "not offered", "unmeasured"]

_Place = tuple[str, str, int]


@dataclass(frozen=True)
class Row:
    """Everything measured on one workload, to one target, with one instruction set and number of threads."""

    workload: WorkloadInfo
    target: float | None
    isa: str
    threads: int
    solo: Cell | None
    peers: tuple[Cell, ...]

    @property
    def best(self) -> Cell | None:
        """The cell of the best peer: the fastest of those that are right."""
        timed = [
            (cell.theirs.seconds, cell.competitor) for cell in self.peers if cell.theirs and was_timed(cell)
        ]
        if not timed:
            return None
        name = min(timed)[1]
        return next(cell for cell in self.peers if cell.competitor == name)

    @property
    def ours(self) -> Measurement | None:
        """crowfly's side: of a cell where it failed, of the best peer's cell, or alone."""
        cells = [cell for cell in (self.best, self.solo, *self.peers) if cell is not None]
        failed = [cell.ours for cell in cells if culprit(cell) == OURS]
        if failed:
            return failed[0]
        sides = [cell.ours for cell in cells if cell.ours is not None]
        return next((side for side in sides if side.seconds), sides[0] if sides else None)

    @property
    def state(self) -> Status | None:
        """How crowfly fared, None if no cell got so far. A single failure counts: right answers elsewhere don't hide it."""
        return self._witness[0]

    @property
    def detail(self) -> str:
        """The sentence that goes with `state`."""
        return self._witness[1]

    @property
    def ratio(self) -> float | None:
        """How many times faster than the best peer; None if crowfly's answer isn't right or there is no such peer."""
        return self.best.ratio if self.best is not None and self.state == "timed" else None

    @property
    def outcome(self) -> Outcome:
        """What the row counts as."""
        if self.state is None:
            return "unmeasured"
        if self.state != "timed":
            return "not offered" if self.state == "skipped" else "failed"
        if self.ratio is not None:
            return "won" if self.ratio >= 1 else "lost"
        return "alone" if self.ours is not None and self.ours.seconds else "untimed"

    @property
    def _witness(self) -> tuple[Status | None, str]:
        cells = self.peers if self.solo is None else (self.solo, *self.peers)
        for cell in cells:
            if culprit(cell) == OURS:
                return cell.status, cell.detail
        if any(cell.ours is not None for cell in cells):
            return "timed", ""
        if any(cell.status == "timed" for cell in cells):
            return "skipped", "crowfly has no method for it"
        return None, "no competitor got so far"


def was_timed(cell: Cell) -> bool:
    """Whether the competitor of the cell was right and has a time."""
    return cell.status == "timed" and cell.theirs is not None and bool(cell.theirs.seconds)


def culprit(cell: Cell) -> str | None:
    """Whose side the status of a cell is about; None if there is nothing to blame.

    The detail begins with the name of the side that failed. Where it names none, the other side's time is its alibi.
    """
    if cell.status == "timed":
        return None
    if cell.detail.startswith(f"{OURS}:"):
        return OURS
    theirs = cell.theirs is not None and bool(cell.theirs.seconds)
    ours = cell.ours is not None and bool(cell.ours.seconds)
    return OURS if theirs and not ours else cell.competitor


def peer_status(cell: Cell) -> Status | None:
    """How the competitor fared; None if crowfly failed first, so that nothing can be said about the other side."""
    return None if culprit(cell) == OURS else cell.status


def within_noise(cell: Cell) -> bool:
    """Whether the middle halves of both sides' repetitions overlap. Too few repetitions say nothing about it: such a cell is never excused."""
    theirs, ours = cell.theirs, cell.ours
    if theirs is None or ours is None or not theirs.seconds or not ours.seconds:
        return False
    if theirs.quartiles is None or ours.quartiles is None:
        return False
    return theirs.quartiles[0] <= ours.quartiles[1] and ours.quartiles[0] <= theirs.quartiles[1]


def library_order(run: Run) -> list[str]:
    """Every competitor of the run: in the order of its list, then those that only cells mention."""
    listed = [info.name for info in run.competitors if info.name != OURS]
    others = sorted({cell.competitor for cell in run.cells} - {*listed, OURS})
    return listed + others


def make_rows(run: Run) -> list[Row]:
    """Put the cells of a run together, in the order of its workloads.

    Answers that were never fit to be timed have no target: they appear in the row of every target of their workload.
    """
    infos = {info.name: info for info in run.workloads}
    for cell in run.cells:
        if cell.workload not in infos:
            infos[cell.workload] = WorkloadInfo(cell.workload, "other", "", "", "", {})
    by_place: dict[_Place, dict[float | None, dict[str, Cell]]] = defaultdict(lambda: defaultdict(dict))
    for cell in run.cells:
        by_place[cell.workload, cell.isa, cell.threads][cell.target][cell.competitor] = cell
    for targets in by_place.values():
        _share_untargeted(targets)
    position = {name: index for index, name in enumerate(infos)}
    order = {name: index for index, name in enumerate(library_order(run))}
    rows = []
    for (workload, isa, threads), targets in by_place.items():
        for target, cells in targets.items():
            solo = cells.pop(OURS, None)
            peers = tuple(sorted(cells.values(), key=lambda cell: order[cell.competitor]))
            rows.append(Row(infos[workload], target, isa, threads, solo, peers))
    return sorted(
        rows, key=lambda row: (position[row.workload.name], -(row.target or 1), row.isa, row.threads)
    )


def _share_untargeted(targets: dict[float | None, dict[str, Cell]]) -> None:
    if None not in targets or len(targets) == 1:
        return
    shared = targets[None]
    for target, cells in targets.items():
        if target is not None:
            for name, cell in shared.items():
                cells.setdefault(name, cell)
    if not any(was_timed(cell) for cell in shared.values()):
        del targets[None]


def configurations(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """The pairs of instruction set and number of threads, those with most rows first."""
    counts = Counter((row.isa, row.threads) for row in rows)
    return sorted(counts, key=lambda where: (-counts[where], where))


def main_places(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """The configurations with at least a fifth as many rows as the first: not those that only a sweep of threads has."""
    counts = Counter((row.isa, row.threads) for row in rows)
    return [where for where in sorted(counts) if 5 * counts[where] >= max(counts.values())]


def families(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by family, in the order of appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.workload.family, []).append(row)
    return found


def common_unit(rows: Sequence[Row]) -> str | None:
    """The unit of errors that all rows share, None if they differ."""
    units = {row.workload.unit for row in rows}
    return units.pop() if len(units) == 1 else None
