# SPDX-License-Identifier: BSD-3-Clause
"""The problems in tests/data, whose exact solutions are known; the README there says where they come from.

Inputs are the decimals of the CSV files rounded to float64, powers of them rounded too, as a caller would form them;
the solutions are exact for these.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_FOLDER = Path(__file__).parents[2] / "tests" / "data"

FloatArray = npt.NDArray[np.float64]


def names(kind: str) -> list[str]:
    """The problems of a kind: "linear" or "logistic"."""
    return [name for name, problem in problems().items() if problem["kind"] == kind]


def linear(name: str) -> dict[str, Any]:
    """X, y, "intercept": whether there is one, and "coef": the exact coefficients rounded to float64, intercept first."""
    X, y = design_and_response(name)
    problem = problems()[name]
    coef = np.array([float(decimal) for decimal in problem["exact_coef"]])
    return {"X": X, "y": y, "intercept": problem["intercept"], "coef": coef}


def logistic(name: str) -> dict[str, Any]:
    """The same for a problem of two classes, 0 and 1, without penalty."""
    problem = linear(name)
    return problem | {"y": problem["y"].astype(np.int64)}


@cache
def problems() -> dict[str, dict[str, Any]]:
    """exact.json, by name of the problem."""
    by_name: dict[str, dict[str, Any]] = json.loads((_FOLDER / "exact.json").read_text(encoding="utf-8"))
    return by_name


def design_and_response(name: str) -> tuple[FloatArray, FloatArray]:
    """The columns that exact.json names, `x^k` meaning a power, and the response."""
    problem = problems()[name]
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = []
    for column in problem["design_columns"]:
        variable, _, exponent = column.partition("^")
        columns.append([_power(row[variable], int(exponent or 1)) for row in rows])
    return np.array(columns).T.copy(), np.array([float(row[problem["response"]]) for row in rows])


def _power(text: str, exponent: int) -> float:
    """The float64 nearest to a power of the float64 nearest to `text`."""
    numerator, denominator = float(text).as_integer_ratio()
    return float(numerator**exponent / denominator**exponent)
