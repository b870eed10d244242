# SPDX-License-Identifier: BSD-3-Clause
"""What a run leaves behind, and its JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

#: Raised when a field changes its meaning; older files are refused with a sentence.
FORMAT = 1

Fact = int | float | str

#: timed: both sides right and timed. wrong: the answer fails the check. unreached: no setting meets the target. failed: an exception.
#: crashed: the process died. killed: over the time limit. skipped: the adapter says why it doesn't take part.
Status = Literal["timed", "wrong", "unreached", "failed", "crashed", "killed", "skipped"]


@dataclass(frozen=True)
class Measurement:
    """One side of a cell.

    Attributes
    ----------
    seconds : float or None
        Median of a call; None when the answer was not fit to be timed.
    spread : float
        (largest - smallest) / median.
    repetitions : int
    quartiles : tuple of float or None
        First and third quartile, seconds; None of fewer than three repetitions.
    first : float
        Seconds of the first call, compilation and lazy imports included.
    peak_mib : float or None
        Largest resident memory during the first call minus that before it, MiB; None where the system doesn't tell.
    error : float or None
        In the unit of the workload's task; smaller is better.
    setting : str
        What was set to reach the target, empty for defaults.
    notes : dict
        Further facts of the answer: passes over X, digits, share of different neighbours, ...
    """

    seconds: float | None
    spread: float = 0.0
    repetitions: int = 0
    quartiles: tuple[float, float] | None = None
    first: float = 0.0
    peak_mib: float | None = None
    error: float | None = None
    setting: str = ""
    notes: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One workload and one competitor (``"crowfly"`` for crowfly alone, then `theirs` is None).

    `target` is the relative excess of the objective that both sides had to reach, None where answers are exact or wrong.
    `detail` is one sentence for every status but "timed"; it begins with the name of the library that it is about and a colon. A side that is right is timed even
    where the other one isn't. `elapsed` is the wall time of the whole cell, seconds.
    """

    workload: str
    competitor: str
    isa: str
    threads: int
    target: float | None
    status: Status
    detail: str = ""
    theirs: Measurement | None = None
    ours: Measurement | None = None
    elapsed: float = 0.0

    @property
    def ratio(self) -> float | None:
        """How many times faster crowfly is; None unless both sides were timed."""
        if self.theirs is None or self.ours is None or not self.theirs.seconds or not self.ours.seconds:
            return None
        return self.theirs.seconds / self.ours.seconds


@dataclass(frozen=True)
class WorkloadInfo:
    """What the report says about a workload.

    `family` groups workloads ("neighbours", "least squares", "logistic", "sparse models", "accuracy", "real data", "latency of one row", "how cost grows"); `unit` is that of
    errors. `sweep` and `axis`, `value` place it on a curve: all workloads of one `sweep` differ in `axis` only.
    """

    name: str
    family: str
    task: str
    why: str
    unit: str
    facts: dict[str, Fact]
    sweep: str | None = None
    axis: str | None = None
    value: float | None = None


@dataclass(frozen=True)
class CompetitorInfo:
    """A library's adapter: version found (None: absent), how threads are limited, how objectives are equal."""

    name: str
    package: str
    version: str | None
    threads: str
    objective: str


@dataclass(frozen=True)
class Peak:
    """A measured limit of this machine, per `unit` ("FLOP/s", "B/s", "OP/s"); `value` None with the reason in `detail` where it can't be measured."""

    name: str
    isa: str
    threads: int
    value: float | None
    unit: str
    detail: str = ""


@dataclass(frozen=True)
class KernelRow:
    """One kernel on data in cache, one thread: what it does per call, what limits it, and how near it comes."""

    kernel: str
    isa: str
    shape: str
    seconds: float
    operations: float
    bytes: float
    limit: str
    percent: float


@dataclass(frozen=True)
class Run:
    """Everything one run has found."""

    suite: str
    command: str
    started: str
    elapsed: float
    settings: dict[str, Any]
    machine: dict[str, Fact]
    versions: dict[str, str]
    competitors: list[CompetitorInfo]
    workloads: list[WorkloadInfo]
    cells: list[Cell]
    peaks: list[Peak] = field(default_factory=list)
    kernels: list[KernelRow] = field(default_factory=list)


def cell_from_dict(raw: dict[str, Any]) -> Cell:
    """The cell that `dataclasses.asdict` turned into `raw`."""
    return Cell(**{**raw, "theirs": _measurement(raw["theirs"]), "ours": _measurement(raw["ours"])})


def _measurement(raw: dict[str, Any] | None) -> Measurement | None:
    if raw is None:
        return None
    quartiles = raw.get("quartiles")
    return Measurement(**{**raw, "quartiles": None if quartiles is None else tuple(quartiles)})


def _lines(fields: dict[str, Any]) -> str:
    """JSON with one line per entry of a list: small, and a change of one cell is a change of one line."""
    parts = []
    for name, value in fields.items():
        if isinstance(value, list) and value:
            entries = ",\n".join(json.dumps(entry, allow_nan=False) for entry in value)
            parts.append(f"{json.dumps(name)}: [\n{entries}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value, allow_nan=False)}")
    return "{\n" + ",\n".join(parts) + "\n}"


def save(run: Run, path: Path) -> None:
    """Write the run as JSON, under a temporary name first: no half file is ever left there."""
    text = _lines({"format": FORMAT, **dataclasses.asdict(run)})
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: Path) -> Run:
    """Read a file that `save` wrote.

    Raises
    ------
    ValueError
        If the file is no such JSON, or of another format; the message names the file.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop("format") != FORMAT:
            raise ValueError(f"format {FORMAT} expected")  # noqa: TRY301  one message for every fault of a file
        raw["cells"] = [cell_from_dict(cell) for cell in raw["cells"]]
        for key, kind in (
            ("competitors", CompetitorInfo),
            ("workloads", WorkloadInfo),
            ("peaks", Peak),
            ("kernels", KernelRow),
        ):
            raw[key] = [kind(**entry) for entry in raw[key]]
        return Run(**raw)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no result of this benchmark suite: {error}") from error
