# SPDX-License-Identifier: BSD-3-Clause
"""Results of a run as they come in, so that an interrupted one goes on where it was.

One JSON object per line; the first says which run it belongs to. A line that was cut off by a crash is dropped.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from bench.cells.plan import CellPlan
from bench.results import Cell, cell_from_dict


def _key(plan: CellPlan) -> tuple[str, str, str, int]:
    return plan.workload, plan.competitor, plan.isa, plan.threads


class Journal:
    """The file of one run.

    `identity` is all that must be equal for old results to count: suite, settings, machine, versions.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self.path = path
        self._identity = json.loads(json.dumps(identity))
        self._done: dict[tuple[str, str, str, int], list[Cell]] = {}
        #: When the run began, and the seconds that its cells have taken, interruptions left out.
        self.started = ""
        self.elapsed = 0.0

    def resume(self) -> bool:
        """Take over what is there; False (and nothing taken) when there is nothing, or it belongs to another run."""
        if not self.path.exists():
            return False
        lines = self.path.read_text(encoding="utf-8").splitlines()
        entries = []
        for line in lines:
            try:
                entries.append(json.loads(line))
            except json.JSONDecodeError:
                break
        if not entries or entries[0].get("identity") != self._identity:
            return False
        self.started = entries[0]["started"]
        for entry in entries[1:]:
            self.elapsed += entry["elapsed"]
            self._done[_key(CellPlan(**entry["plan"]))] = [cell_from_dict(cell) for cell in entry["cells"]]
        # Without the line that was cut off: what is appended must start a line of its own.
        self._rewrite(lines[: len(entries)])
        return True

    def start(self) -> None:
        """Begin anew."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._done.clear()
        self.elapsed = 0.0
        self.started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._rewrite([json.dumps({"identity": self._identity, "started": self.started})])

    def _rewrite(self, lines: list[str]) -> None:
        temporary = self.path.with_name(self.path.name + ".part")
        temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        temporary.replace(self.path)

    def record(self, plan: CellPlan, cells: list[Cell], elapsed: float) -> None:
        """Add the results of a cell, which took so many seconds; they are on disk when this returns."""
        self._done[_key(plan)] = cells
        self.elapsed += elapsed
        entry = {
            "plan": dataclasses.asdict(plan),
            "elapsed": elapsed,
            "cells": [dataclasses.asdict(cell) for cell in cells],
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def results(self, plan: CellPlan) -> list[Cell] | None:
        """What was found for a cell, None when it has not been measured."""
        return self._done.get(_key(plan))

    def close(self) -> None:
        """The run is complete and saved elsewhere: the journal has done its work."""
        self.path.unlink(missing_ok=True)
