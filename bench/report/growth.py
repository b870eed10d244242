# SPDX-License-Identifier: BSD-3-Clause
"""How cost grows along a sweep: points of each library and the exponent of a power law through their upper half."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.report.rows import OURS, Row, was_timed
from bench.results import Measurement

Point = tuple[float, float]


@dataclass(frozen=True)
class Fit:
    """A power law: its exponent, the standard error (None of two points, which have no residual) and the points used."""

    exponent: float
    error: float | None
    points: int


@dataclass(frozen=True)
class Curve:
    """One library along a sweep: seconds and MiB against the axis, ascending, positive values only."""

    library: str
    time: tuple[Point, ...]
    memory: tuple[Point, ...]

    @property
    def time_fit(self) -> Fit | None:
        """The exponent of time."""
        return fit_power(self.time)

    @property
    def memory_fit(self) -> Fit | None:
        """The exponent of memory."""
        return fit_power(self.memory)


@dataclass(frozen=True)
class Sweep:
    """All workloads of one sweep with one target and instruction set; crowfly's curve is first.

    `threads` is None where it is what varies.
    """

    name: str
    axis: str
    target: float | None
    isa: str
    threads: int | None
    curves: tuple[Curve, ...]


def fit_power(points: Sequence[Point]) -> Fit | None:
    """Fit the exponent by least squares on logarithms of the upper half of the points.

    Parameters
    ----------
    points : sequence of (float, float)
        Positive, in any order. At least three are used where there are three: of fewer there is no standard error.

    Returns
    -------
    Fit or None
        None if there are fewer than two points of different abscissae.
    """
    upper = sorted(points)[-max(3, math.ceil(len(points) / 2)) :]
    if len({x for x, _ in upper}) < 2:
        return None
    x, y = np.log(np.array(upper, dtype=np.float64)).T
    x = x - x.mean()
    squares = float(x @ x)
    exponent = float(x @ y) / squares
    residual = y - y.mean() - exponent * x
    freedom = len(upper) - 2
    error = math.sqrt(float(residual @ residual) / freedom / squares) if freedom else None
    return Fit(exponent, error, len(upper))


def sweeps(rows: Iterable[Row], order: Sequence[str]) -> list[Sweep]:
    """Collect the sweeps, as they appear; the curves of competitors are in the order given."""
    groups: dict[tuple[str, float | None, str, int | None], list[Row]] = {}
    for row in rows:
        if row.workload.sweep is not None and row.workload.value is not None:
            threads = None if row.workload.axis == "threads" else row.threads
            groups.setdefault((row.workload.sweep, row.target, row.isa, threads), []).append(row)
    return [
        Sweep(name, members[0].workload.axis or "size", target, isa, threads, _curves(members, order))
        for (name, target, isa, threads), members in groups.items()
    ]


def _curves(rows: Sequence[Row], order: Sequence[str]) -> tuple[Curve, ...]:
    sides: dict[str, list[tuple[float, Measurement]]] = {name: [] for name in (OURS, *order)}
    for row in rows:
        value = row.workload.value
        if value is None or value <= 0:
            continue  # has no place on a logarithmic axis
        if row.state == "timed" and row.ours is not None:
            sides[OURS].append((value, row.ours))
        for cell in row.peers:
            if was_timed(cell) and cell.theirs is not None:
                sides[cell.competitor].append((value, cell.theirs))
    curves = [
        Curve(
            library,
            tuple(sorted((value, side.seconds) for value, side in found if side.seconds)),
            tuple(
                sorted((value, side.peak_mib) for value, side in found if side.peak_mib and side.peak_mib > 0)
            ),
        )
        for library, found in sides.items()
    ]
    return tuple(curve for curve in curves if curve.time)
