# SPDX-License-Identifier: BSD-3-Clause
"""The report as Markdown tables for the documentation: the same results give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bench.report import formatting, wording
from bench.report.formatting import MISSING
from bench.report.rows import OURS, Row, common_unit, peer_status
from bench.report.summary import Accuracy, Summary
from bench.results import Cell

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
#: A column: its head, and whether it holds numbers.
Column = tuple[str, bool]
#: The note of crowfly that says how often it passed over the data.
READS = "reads of X"


def insert(before: str, tables: str) -> str:
    """Put the tables between the two marks of a page, or make a page of them if it has none.

    Raises
    ------
    ValueError
        If the page has text but not both marks: nothing that people wrote is overwritten.
    """
    if not before.strip():
        before = f"# Performance\n\n{BEGIN}\n{END}\n"
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page for the tables lacks the marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{tables.strip()}\n\n{END}{tail}"


def render(summaries: Sequence[Summary]) -> str:
    """Return the tables of all runs."""
    several = len(summaries) > 1
    level = "###" if several else "##"
    blocks: list[str] = []
    for found in summaries:
        if several:
            blocks.append(f"## {escape(wording.title(found.run))}")
        blocks += _head(found)
        blocks += _overview(found, level)
        for family, rows in found.families.items():
            blocks += [
                f"{level} {escape(wording.heading(family))}".rstrip(),
                _family(rows, found.several_places),
            ]
        blocks += _losses(found, level)
        blocks += _growth(found, level)
        blocks += _kernels(found, level)
        blocks += _accuracy(found, level)
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, in a cell of a table too."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|$])", r"\\\1", text)


def code(text: str) -> str:
    """A literal, fenced by more backticks than it has."""
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{' '.join(text.split())}{fence}" if fence == "`" else f"{fence} {text} {fence}"


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are escaped here and nowhere else."""
    lines = ["| " + " | ".join(escape(name) for name, _ in columns) + " |"]
    lines.append("|" + "|".join("---:" if is_number else "---" for _, is_number in columns) + "|")
    lines += ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _head(found: Summary) -> list[str]:
    run = found.run
    machine = ", ".join(f"{key} {wording.plain(value)}" for key, value in run.machine.items())
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    facts = [
        f"Suite {code(run.suite)}, begun {escape(wording.started(run))}: {code(run.command)}.",
        f"Machine: {escape(machine)}." if machine else "",
        f"Versions: {escape(versions)}." if versions else "",
    ]
    verdict = [f"**{escape(paragraph)}**" for paragraph in wording.verdict(found.rows)]
    missing = [
        f"{words}: {escape(', '.join(names))}."
        for words, names in (
            ("Workloads not measured", found.unmeasured),
            ("Libraries not in this run", found.idle),
            ("Libraries not installed", found.absent),
        )
        if names
    ]
    doubts = [escape(" ".join(wording.reservations(found.rows)))] if found.rows else []
    return [*verdict, *doubts, "\n".join(fact for fact in facts if fact), *missing]


def _overview(found: Summary, level: str) -> list[str]:
    several = found.several_places
    families = table(
        [
            ("family", False),
            *([("on", False)] if several else []),
            *((name, True) for name in ("mean ratio", "won", "lost", "within noise", "no right peer")),
            *((name, True) for name in ("crowfly not right", "not offered")),
        ],
        (
            [
                entry.family,
                *([wording.place(entry.isa, entry.threads)] if several else []),
                formatting.ratio(entry.tally.mean),
                *map(str, (entry.tally.won, entry.tally.lost, entry.tally.noise, entry.tally.alone)),
                *map(str, (entry.tally.failed, entry.tally.not_offered)),
            ]
            for entry in found.tallies
            if not entry.tally.only_untimed
        ),
    )
    libraries = table(
        [
            ("library", False),
            ("version", False),
            *((wording.STATUS[status], True) for status in wording.STATUS),
            ("best peer", True),
            ("faster than crowfly", True),
        ],
        (
            [
                library.name,
                library.version or MISSING,
                *(str(library.statuses[status]) for status in wording.STATUS),
                MISSING if library.name == OURS else str(library.best),
                MISSING if library.name == OURS else str(library.faster),
            ]
            for library in found.libraries
            if library.name not in {*found.idle, *found.absent}
        ),
    )
    note = (
        "Mean ratio: geometric mean of (time of the best peer) / (time of crowfly); above 1 crowfly is faster. The best peer is the "
        "fastest competitor with a right answer. " + wording.NOISE
    )
    return [f"{level} Overview", note, families, libraries] if found.rows else []


def _family(rows: Sequence[Row], several: bool) -> str:
    unit = common_unit(rows)
    columns = [("problem", False), ("what", False)]
    columns += [("crowfly", True), ("best peer", True), ("ratio", True), ("", False)]
    columns += [(f"error{f' ({unit})' if unit else ''}: crowfly / peer", True)]
    columns += [
        ("memory of the first call: crowfly / peer", True),
        ("spread: crowfly / peer", True),
    ]
    reads = any(READS in row.ours.notes for row in rows if row.ours is not None)
    columns += [*([(READS, True)] if reads else []), ("not timed", False)]
    return table(columns, [_row(row, several, unit, reads) for row in rows])


def _row(row: Row, several: bool, unit: str | None, reads: bool) -> list[str]:
    ours, peer = row.ours, row.best.theirs if row.best is not None else None
    time = formatting.seconds(ours.seconds) if ours is not None and row.state == "timed" else MISSING
    errors = _pair(*(formatting.error(side.error if side else None) for side in (ours, peer)))
    return [
        row.workload.name,
        ", ".join(wording.phrases(row, several)),
        time,
        MISSING if peer is None else f"{wording.best_name(row)} {formatting.seconds(peer.seconds)}",
        formatting.ratio(row.ratio),
        wording.outcome(row),
        errors if unit or errors == MISSING else f"{errors} {row.workload.unit}".rstrip(),
        _pair(*(formatting.memory(side.peak_mib if side else None) for side in (ours, peer))),
        _pair(*(wording.spread(side) for side in (ours, peer))),
        *([str(ours.notes.get(READS, MISSING) if ours is not None else MISSING)] if reads else []),
        "; ".join(f"{cell.competitor}: {words}" for cell in row.peers if (words := _untimed(cell))),
    ]


def _pair(ours: str, theirs: str) -> str:
    return MISSING if ours == theirs == MISSING else f"{ours} / {theirs}"


def _untimed(cell: Cell) -> str:
    state = peer_status(cell)
    if state in {"timed", "skipped"}:
        return ""
    error = cell.theirs.error if cell.theirs is not None else None
    words = wording.UNJUDGED if state is None else wording.STATUS[state]
    return words + ("" if error is None else f" (error {formatting.error(error)})")


def _losses(found: Summary, level: str) -> list[str]:
    if not found.rows:
        return []
    blocks = [f"{level} Where crowfly loses"]
    several = found.several_places
    if found.losses:
        blocks.append(
            table(
                [
                    ("ratio", True),
                    ("competitor", False),
                    ("problem", False),
                    ("crowfly", True),
                    ("theirs", True),
                    ("reason", False),
                ],
                (
                    [
                        formatting.ratio(loss.ratio) + (" (within noise)" if loss.noise else ""),
                        loss.cell.competitor,
                        wording.problem(loss.row, several),
                        formatting.seconds(loss.cell.ours.seconds if loss.cell.ours else None),
                        formatting.seconds(loss.cell.theirs.seconds if loss.cell.theirs else None),
                        loss.why,
                    ]
                    for loss in found.losses
                ),
            )
        )
    else:
        blocks.append("No right competitor is faster on any problem of this run.")
    for heading, rows in (("No right answer of crowfly", found.failed), ("Not offered", found.not_offered)):
        if rows:
            blocks.append(f"{heading}:")
            blocks.append("\n".join(f"* {_trouble(row, several)}" for row in rows))
    return blocks


def _trouble(row: Row, several: bool) -> str:
    error = row.ours.error if row.ours is not None else None
    shown = "" if error is None or row.state == "skipped" else f" (error {formatting.error(error)})"
    detail = f": {row.detail}" if row.detail else ""
    return escape(f"{wording.problem(row, several)}: {wording.status(row.state)}{shown}{detail}")


def _growth(found: Summary, level: str) -> list[str]:
    if not found.sweeps:
        return []
    rows = [
        [
            wording.sweep_name(sweep, found.several_places),
            wording.axis(sweep.axis),
            curve.library,
            formatting.exponent(curve.time_fit),
            formatting.exponent(curve.memory_fit),
            str(curve.time_fit.points) if curve.time_fit else MISSING,
        ]
        for sweep in found.sweeps
        for curve in sweep.curves
    ]
    columns = [("sweep", False), ("axis", False), ("library", False)]
    columns += [("exponent of time", True), ("exponent of memory", True), ("points", True)]
    return [f"{level} Exponents: how cost grows", wording.FIT, table(columns, rows)]


def _kernels(found: Summary, level: str) -> list[str]:
    run = found.run
    blocks = []
    if run.kernels:
        columns = [("kernel", False), ("isa", False), ("shape", False), ("time", True), ("operations", True)]
        columns += [("bytes", True), ("limit", False), ("% of peak", True)]
        rows = [
            [
                kernel.kernel,
                kernel.isa,
                kernel.shape,
                formatting.seconds(kernel.seconds),
                formatting.rate(wording.per_second(kernel.operations, kernel.seconds), "OP/s"),
                formatting.rate(wording.per_second(kernel.bytes, kernel.seconds), "B/s"),
                kernel.limit,
                f"{kernel.percent:.0f}",
            ]
            for kernel in run.kernels
        ]
        blocks.append(table(columns, rows))
    if run.peaks:
        columns = [("peak", False), ("isa", False), ("threads", True), ("measured", True), ("remark", False)]
        blocks.append(
            table(
                columns,
                (
                    [
                        peak.name,
                        peak.isa,
                        str(peak.threads),
                        formatting.rate(peak.value, peak.unit),
                        peak.detail,
                    ]
                    for peak in run.peaks
                ),
            )
        )
    return [f"{level} Kernels", *blocks] if blocks else []


def _accuracy(found: Summary, level: str) -> list[str]:
    if not found.accuracy:
        return []
    names = found.libraries_in_accuracy
    rows = [
        [wording.problem(entry.row, found.several_places), *(_solved(entry, name) for name in names)]
        for entry in found.accuracy
    ]
    columns = [("problem", False), *((name, True) for name in names)]
    return [f"{level} Accuracy", wording.ACCURACY, table(columns, rows)]


def _solved(entry: Accuracy, name: str) -> str:
    solved = entry.solved.get(name)
    return MISSING if solved is None else wording.solved(solved)
