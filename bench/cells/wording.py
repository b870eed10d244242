# SPDX-License-Identifier: BSD-3-Clause
"""A cell as one line of a terminal."""

from __future__ import annotations

from bench.results import Cell, Measurement


def seconds(value: float) -> str:
    """Three digits, with the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def _side(measurement: Measurement | None) -> str:
    if measurement is None or measurement.seconds is None:
        return "-"
    if measurement.repetitions < 2:
        return f"{seconds(measurement.seconds)} (one call)"
    return f"{seconds(measurement.seconds)} +-{measurement.spread / 2:.0%}"


def sentence(cell: Cell) -> str:
    """What a cell has found."""
    target = "" if cell.target is None else f" to {cell.target:g}"
    head = f"{cell.workload}{target}  {cell.competitor}"
    if cell.status != "timed":
        return f"{head}: {cell.status.upper()}, {cell.detail}"
    if cell.theirs is None or cell.ours is None:
        return f"{head}: {_side(cell.theirs or cell.ours)}"
    if cell.ratio is None:
        return f"{head}: error {cell.theirs.error:.1e}, crowfly {cell.ours.error:.1e}"
    return f"{head}: {_side(cell.theirs)}, crowfly {_side(cell.ours)}, ratio {cell.ratio:.2f}"
