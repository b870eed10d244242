# SPDX-License-Identifier: BSD-3-Clause
"""What the report says in words, the same on the page and in Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.report import formatting
from bench.report.formatting import MISSING
from bench.report.growth import Sweep
from bench.report.rows import Row, configurations, main_places, make_rows, peer_status, within_noise
from bench.report.summary import Solved, Tally, tally
from bench.results import Fact, Measurement, Run, Status

NOISE = (
    "Within noise: the middle halves of both sides' repetitions overlap; the difference may not be one. "
    "Fewer than three repetitions excuse nothing."
)
FIT = (
    "Exponents are slopes of a straight line through the logarithms of the upper half of the points (at least three of them), by least "
    "squares, with the standard error of the slope. Small sizes are left out: there the fixed cost of a call hides the law."
)
ACCURACY = "Right digits of each library on reference problems, and the error. Time doesn't count here."
UNJUDGED = "not timed: crowfly failed"
STATUS: dict[Status, str] = {
    "timed": "right",
    "wrong": "wrong",
    "unreached": "target not reached",
    "failed": "failed",
    "crashed": "crashed",
    "killed": "over the time limit",
    "skipped": "not offered",
}


def status(state: Status | None) -> str:
    """The words for how a competitor fared, or crowfly itself."""
    return "not measured" if state is None else STATUS[state]


def _fact(key: str, value: Fact) -> str:
    """One fact: ``60,000 rows``, ``k 5``, ``float32``."""
    name = axis(key)
    if isinstance(value, str):
        return value if key in {"data", "dtype"} else f"{name} {value}"
    if isinstance(value, int) and name.endswith("s"):
        return f"{formatting.count(value)} {name}"
    return f"{name} {formatting.count(value) if isinstance(value, int) else formatting.number(value)}"


def plain(value: object) -> str:
    """A fact or a setting as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def goal(target: float | None) -> str:
    """What both sides had to reach."""
    return "" if target is None else f"excess below {formatting.target(target)}"


def place(isa: str, threads: int | None) -> str:
    """Instruction set and number of threads, where that is fixed."""
    if threads is None:
        return isa
    return f"{isa}, {threads} {'thread' if threads == 1 else 'threads'}"


def title(run: Run) -> str:
    """What a run is called where there are several: suite, processor, instruction sets and threads."""
    places = main_places(make_rows(run))
    machine = next((str(run.machine[key]) for key in ("CPU", "cpu") if key in run.machine), "")
    return ", ".join(part for part in (run.suite, machine, *(place(*where) for where in places)) if part)


def started(run: Run) -> str:
    """When a run began."""
    return run.started.replace("T", " ").replace("+00:00", " UTC")


def verdict(rows: Sequence[Row]) -> list[str]:
    """The verdict, one paragraph for each instruction set and number of threads with more than a few rows."""
    if not rows:
        return ["Nothing has been measured."]
    paragraphs = []
    for isa, threads in main_places(rows):
        here = [row for row in rows if (row.isa, row.threads) == (isa, threads)]
        # Curves are small problems in many sizes: they would decide the mean. Without anything else they are all there is.
        chosen = [row for row in here if row.workload.sweep is None] or here
        paragraphs.append(_verdict(tally(chosen)))
        if len(configurations(rows)) > 1:
            paragraphs[-1] = f"{place(isa, threads)}: {paragraphs[-1]}"
    return paragraphs


def _verdict(counts: Tally) -> str:
    if counts.mean is None:
        return "No row has a time of crowfly beside that of a right competitor: there is no ratio."
    factor = formatting.ratio(max(counts.mean, 1 / counts.mean))
    average = f"{factor} times {'faster' if counts.mean >= 1 else 'slower'} than the best peer"
    return (
        f"crowfly is faster than the best right peer in {counts.clear_wins} of {counts.compared} comparisons, slower in "
        f"{counts.clear_losses}, and {counts.noise} are within noise; in the geometric mean over problems it is "
        f"{'as fast as the best peer' if factor == '1.00' else average}."
    )


def reservations(rows: Sequence[Row]) -> list[str]:
    """What the verdict leaves out: the worst loss, noise, and rows that have no ratio because of crowfly."""
    counts = tally(rows)
    sentences = _extremes(rows)
    if counts.noise:
        verb = "is" if counts.noise == 1 else "are"
        sentences.append(f"{counts.noise} of all {counts.compared} comparisons {verb} within noise.")
    if counts.failed:
        sentences.append(f"crowfly gives no right answer in {counts.failed} of the {len(rows)} rows below.")
    if counts.not_offered:
        sentences.append(f"It doesn't offer {counts.not_offered} of the {len(rows)} rows below.")
    return sentences


def _extremes(rows: Sequence[Row]) -> list[str]:
    lost = [
        (row.ratio, row.workload.name, row.best) for row in rows if row.ratio is not None and row.ratio < 1
    ]
    if not lost:
        return []
    worst, workload, best = min(lost, key=lambda entry: (entry[0], entry[1]))
    assert best is not None
    return [
        f"The worst loss: {best.competitor} needs {formatting.ratio(worst)} of crowfly's time on {workload}."
    ]


def outcome(row: Row) -> str:
    """One word for how crowfly fared in a row."""
    if row.outcome in {"won", "lost"} and row.best is not None and within_noise(row.best):
        return "within noise"
    words = {"won": "faster", "lost": "slower", "alone": "no right peer", "untimed": "not timed"}
    return words.get(row.outcome, status(row.state))


def participants(row: Row) -> str:
    """What became of the competitors of a row: ``6 competitors: 4 right, 1 wrong (X), 1 not offered``."""
    if not row.peers:
        return "no competitors"
    names: dict[str, list[str]] = {word: [] for word in (*STATUS.values(), UNJUDGED)}
    for cell in row.peers:
        state = peer_status(cell)
        names[UNJUDGED if state is None else STATUS[state]].append(cell.competitor)
    unnamed = {STATUS["timed"], STATUS["skipped"]}
    parts = [
        f"{len(members)} {word}" + ("" if word in unnamed else f" ({', '.join(members)})")
        for word, members in names.items()
        if members
    ]
    return f"{len(row.peers)} {'competitor' if len(row.peers) == 1 else 'competitors'}: {', '.join(parts)}"


def no_peer(row: Row) -> str:
    """Why a row has no best peer; a competitor that wasn't judged isn't called wrong."""
    if not row.peers:
        return "no peer"
    return (
        "none right" if any(peer_status(cell) not in {None, "timed"} for cell in row.peers) else "not timed"
    )


def remarks(side: Measurement | None, detail: str) -> str:
    """Detail of a cell, then setting and notes of one of its sides."""
    parts = [detail]
    if side is not None:
        parts.append(side.setting)
        parts += [f"{key.replace('_', ' ')} {_value(value)}" for key, value in side.notes.items()]
    return "; ".join(part for part in parts if part)


def spread(side: Measurement | None) -> str:
    """The spread of a side; one call has none."""
    if side is None or not side.seconds:
        return MISSING
    return formatting.percent(side.spread) if side.repetitions > 1 else "one call"


def phrases(row: Row, several: bool) -> list[str]:
    """What a problem is, in short phrases."""
    parts = [_fact(key, value) for key, value in row.workload.facts.items()]
    parts += [goal(row.target), place(row.isa, row.threads) if several else ""]
    return [part for part in parts if part]


def duration(seconds: float) -> str:
    """How long a run took, in the largest unit that fits."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _value(value: Fact) -> str:
    if isinstance(value, str):
        return value
    return formatting.count(value) if isinstance(value, int) else formatting.number(value)


def axis(name: str) -> str:
    """What a sweep varies."""
    return name.removeprefix("n_").replace("_", " ")


def heading(text: str) -> str:
    """A heading begins with a capital."""
    return text[:1].upper() + text[1:]


def sweep_name(sweep: Sweep, several: bool) -> str:
    """Heading of a sweep."""
    return ", ".join(
        part
        for part in (sweep.name, goal(sweep.target), place(sweep.isa, sweep.threads) if several else "")
        if part
    )


def problem(row: Row, several: bool) -> str:
    """Name of a row where it stands alone."""
    parts = [row.workload.name, goal(row.target), place(row.isa, row.threads) if several else ""]
    return ", ".join(part for part in parts if part)


def solved(entry: Solved) -> str:
    """Digits and error of one library on one reference problem."""
    parts = ["" if entry.status in {None, "timed"} else status(entry.status), digits(entry)]
    parts.append("" if entry.error is None else f"({formatting.error(entry.error)})")
    return " ".join(part for part in parts if part) or MISSING


def digits(entry: Solved) -> str:
    """Number of right digits; nothing if the answer has none to count."""
    return "" if entry.digits is None else f"{entry.digits:.1f}"


def per_second(amount: float, seconds: float) -> float | None:
    """A rate; None where there is no time or nothing to count."""
    return amount / seconds if seconds > 0 and amount > 0 else None


def settings(run: Run) -> str:
    """The settings of a run as a phrase."""
    shown: dict[str, Any] = run.settings
    return ", ".join(f"{key.replace('_', ' ')} {plain(value)}" for key, value in shown.items())


def best_name(row: Row) -> str:
    """The best peer of a row."""
    return MISSING if row.best is None else row.best.competitor
