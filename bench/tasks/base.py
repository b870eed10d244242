# SPDX-License-Identifier: BSD-3-Clause
"""The shape of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, Any]
Fact = int | float | str


#: Rows at a time where a pass over the data makes copies.
ROWS = 20_000
#: A value so far below a minimum is that of another problem; rounding stays above.
BELOW = -1e-9


@dataclass(frozen=True)
class Problem:
    """What an adapter is given: arrays, parameters of the task (k, alpha, ...), and the number of threads that it may use."""

    arrays: Arrays
    parameters: Mapping[str, Any]
    threads: int


@dataclass(frozen=True)
class Verdict:
    """How good an answer is.

    `error` is in the task's unit. `right` says whether it may be timed where the workload sets no targets; `detail` why not.
    """

    error: float
    right: bool
    detail: str = ""
    notes: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A question.

    Attributes
    ----------
    name, unit : str
        `unit` is what errors are measured in.
    truth : callable
        (arrays, parameters) -> arrays that `judge` needs; computed once per data set, without crowfly.
    judge : callable
        (problem, truth, answer) -> Verdict.
    targets : tuple of float or None
        Errors to be reached by iterative solvers, each timed on its own; (None,) where an answer is right or wrong.
    truth_key : callable
        Parameters -> name of the truth: workloads on the same arrays with the same name share it.
    timed : bool
        False where only the error is of interest.
    """

    name: str
    unit: str
    truth: Callable[[Arrays, Mapping[str, Any]], Arrays]
    judge: Callable[[Problem, Arrays, Any], Verdict]
    targets: tuple[float | None, ...] = (None,)
    truth_key: Callable[[Mapping[str, Any]], str] = lambda _parameters: "truth"
    timed: bool = True


def no_truth(_arrays: Arrays, _parameters: Mapping[str, Any]) -> Arrays:
    """For tasks whose truth comes with the arrays."""
    return {}


def judge_excess(value: float, minimum: float, notes: Mapping[str, Fact] | None = None) -> Verdict:
    """Judge an objective by its relative excess over the certified minimum."""
    if not np.isfinite(value):
        return Verdict(np.inf, False, "the objective is not finite")
    excess = value / minimum - 1
    if excess < BELOW:
        return Verdict(np.inf, False, f"an objective {-excess:.1e} below its minimum: another problem")
    return Verdict(max(excess, 0.0), True, "", notes or {})
