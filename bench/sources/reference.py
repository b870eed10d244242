# SPDX-License-Identifier: BSD-3-Clause
"""The problems in tests/data, whose exact solutions are known; the README there says where they come from.

Inputs are the decimals of the CSV files rounded to float64, powers of them rounded too, as a caller would form them;
the solutions are exact for these.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable
from fractions import Fraction
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


def standard_errors(name: str) -> FloatArray:
    """Of the exact solution, intercept first: from the inverse of the normal equations in rational arithmetic, rounded once or twice."""
    X, y = design_and_response(name)
    ones = [[Fraction(1)]] * len(y) if problems()[name]["intercept"] else [[]] * len(y)
    rows = [[*one, *map(Fraction, row)] for one, row in zip(ones, X.tolist(), strict=True)]
    response = [Fraction(value) for value in y.tolist()]
    k = len(rows[0])
    columns = list(zip(*rows, strict=True))
    gram = [[_dot(a, b) for b in columns] for a in columns]
    inverse = _inverse(gram)
    moments = [_dot(column, response) for column in columns]
    coef = [_dot(row, moments) for row in inverse]
    residuals = [target - _dot(row, coef) for row, target in zip(rows, response, strict=True)]
    variance = _dot(residuals, residuals) / (len(y) - k)
    return np.array([float(_root(variance * inverse[j][j])) for j in range(k)])


def _dot(a: Iterable[Fraction], b: Iterable[Fraction]) -> Fraction:
    return sum((x * z for x, z in zip(a, b, strict=True)), Fraction())


def _inverse(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """Gauss-Jordan elimination of a positive definite matrix."""
    k = len(matrix)
    rows = [row + [Fraction(i == j) for j in range(k)] for i, row in enumerate(matrix)]
    for j in range(k):
        rows[j] = [value / rows[j][j] for value in rows[j]]
        for i in range(k):
            if i != j:
                rows[i] = [a - rows[i][j] * b for a, b in zip(rows[i], rows[j], strict=True)]
    return [row[k:] for row in rows]


def _root(square: Fraction) -> Fraction:
    """The square root to 40 digits."""
    scale = 10**80
    return Fraction(math.isqrt(square.numerator * scale * square.denominator), square.denominator * 10**40)


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
