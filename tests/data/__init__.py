# SPDX-License-Identifier: BSD-3-Clause
"""Loads the reference problems of this folder; README.md says where they come from."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from references import FloatArray, LogisticProblem

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class LinearProblem:
    """X, y and the exact coefficients (intercept first) as decimal text."""

    X: FloatArray
    y: FloatArray
    intercept: bool
    exact: list[str]
    published: list[str]


@cache
def _all_problems() -> dict[str, dict[str, Any]]:
    problems: dict[str, dict[str, Any]] = json.loads((_FOLDER / "exact.json").read_text(encoding="utf-8"))
    return problems


def _names(kind: str) -> list[str]:
    return [name for name, problem in _all_problems().items() if problem["kind"] == kind]


def linear_problem_names() -> list[str]:
    """Names that `linear_problem` knows."""
    return _names("linear")


def logistic_problem_names() -> list[str]:
    """Names that `logistic_problem` knows."""
    return _names("logistic")


def _design_and_response(name: str) -> tuple[FloatArray, FloatArray]:
    problem = _all_problems()[name]
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


def linear_problem(name: str) -> LinearProblem:
    """One of the NIST problems."""
    problem = _all_problems()[name]
    X, y = _design_and_response(name)
    return LinearProblem(X, y, problem["intercept"], problem["exact_coef"], problem["published_coef"])


def logistic_problem(name: str) -> tuple[LogisticProblem, list[str]]:
    """A problem of two classes without penalty, and its exact coefficients, intercept first."""
    X, y = _design_and_response(name)
    return LogisticProblem(X, y.astype(np.int64), 2, alpha=0.0), _all_problems()[name]["exact_coef"]
