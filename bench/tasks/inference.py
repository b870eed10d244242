# SPDX-License-Identifier: BSD-3-Clause
"""Least squares with standard errors. An answer is (params, std_error), the intercept first where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.linalg

from bench.tasks.base import Arrays, Problem, Task, Verdict, no_truth
from bench.tasks.least_squares import WRONG, WRONG_DIGITS, log_relative_error


def _truth(arrays: Arrays, _parameters: Mapping[str, Any]) -> Arrays:
    """From R of the columns scaled to unit length, a column of ones in front."""
    X, y = np.asarray(arrays["X"], dtype=np.float64), np.asarray(arrays["y"], dtype=np.float64)
    design = np.column_stack([np.ones(len(X)), X])
    scales = np.linalg.norm(design, axis=0)
    design /= scales
    R = np.linalg.qr(design, mode="r")
    params = np.zeros(design.shape[1])
    for _ in range(2):
        gradient = design.T @ (y - design @ params)
        params += scipy.linalg.cho_solve((R, False), gradient)
    residuals = y - design @ params
    sigma = np.sqrt(residuals @ residuals / (len(y) - len(params)))
    lengths = np.linalg.norm(scipy.linalg.solve_triangular(R, np.eye(len(R))), axis=1)
    return {"params": params / scales, "std_error": sigma * lengths / scales}


def _judge(_problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    params, errors = (np.asarray(part, dtype=np.float64).ravel() for part in answer)
    # A coefficient is as far off as its own standard error lets one see.
    moved = np.abs(params - truth["params"]) / truth["std_error"]
    error = float(max(moved.max(), np.abs(errors / truth["std_error"] - 1).max()))
    if not error <= WRONG:
        return Verdict(error, False, f"a coefficient or standard error is off by {error:.1e}")
    return Verdict(error, True)


def _judge_digits(problem: Problem, _truth_of_none: Arrays, answer: Any) -> Verdict:
    digits = log_relative_error(np.ravel(answer[1]), problem.arrays["exact"])
    notes = {"digits": round(digits, 1)}
    if digits < WRONG_DIGITS:
        return Verdict(10.0**-digits, False, f"{digits:.1f} right digits", notes)
    return Verdict(10.0**-digits, True, "", notes)


INFERENCE = Task("standard errors", "largest error, relative to the standard error", _truth, _judge)
REFERENCE_INFERENCE = Task(
    "standard errors, exact",
    "largest relative error of a standard error",
    no_truth,
    _judge_digits,
    timed=False,
)
