# SPDX-License-Identifier: BSD-3-Clause
"""The reference problems of this folder as tests want them; README.md says where they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.sources.reference import design_and_response, names, problems
from references import FloatArray, LogisticProblem


@dataclass(frozen=True)
class LinearProblem:
    """X, y and the exact coefficients (intercept first) as decimal text."""

    X: FloatArray
    y: FloatArray
    intercept: bool
    exact: list[str]
    published: list[str]


def linear_problem_names() -> list[str]:
    """Names that `linear_problem` knows."""
    return names("linear")


def logistic_problem_names() -> list[str]:
    """Names that `logistic_problem` knows."""
    return names("logistic")


def linear_problem(name: str) -> LinearProblem:
    """One of the NIST problems."""
    problem = problems()[name]
    X, y = design_and_response(name)
    return LinearProblem(X, y, problem["intercept"], problem["exact_coef"], problem["published_coef"])


def logistic_problem(name: str) -> tuple[LogisticProblem, list[str]]:
    """A problem of two classes without penalty, and its exact coefficients, intercept first."""
    X, y = design_and_response(name)
    return LogisticProblem(X, y.astype(np.int64), 2, alpha=0.0), problems()[name]["exact_coef"]
