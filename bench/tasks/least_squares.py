# SPDX-License-Identifier: BSD-3-Clause
"""Least squares and ridge with an intercept. An answer is (coef, intercept): (p,) and a number, or (n_targets, p) and (n_targets,).

The excess of the objective over its minimum is |X (b - b*)|^2 + alpha |b - b*|^2, computed as such: no cancellation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from bench.tasks.base import ROWS, Arrays, Problem, Task, Verdict, no_truth

#: Beyond this relative excess of the sum of squares an answer is wrong.
WRONG = 1e-6
#: Wrong below this number of right digits, for reference problems.
WRONG_DIGITS = 3.0
MOST_DIGITS = 15.0


def _answer(problem: Problem, answer: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p = problem.arrays["X"].shape[1]
    coef = np.asarray(answer[0], dtype=np.float64).reshape(-1, p)
    return coef, np.broadcast_to(np.asarray(answer[1], dtype=np.float64).ravel(), len(coef))


def _truth(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    """Centred and scaled design, the penalty as rows below it, R from QR, the seminormal equations and one refinement; below full rank QR with column pivoting."""
    X = np.asarray(arrays["X"], dtype=np.float64)
    y = np.asarray(arrays["y"], dtype=np.float64).reshape(len(X), -1)
    means = X.mean(axis=0)
    centred, targets = X - means, y - y.mean(axis=0)
    # The rank must not depend on the units of the columns.
    norms = np.linalg.norm(centred, axis=0)
    scales = np.where(norms > 0, norms, 1.0)
    centred /= scales
    if alpha := parameters.get("alpha", 0.0):
        centred = np.vstack([centred, np.diag(np.sqrt(alpha) / scales)])
        targets = np.vstack([targets, np.zeros((X.shape[1], y.shape[1]))])
    coef = np.zeros((X.shape[1], y.shape[1]))
    R: NDArray[np.float64] = (
        centred if len(centred) <= X.shape[1] else np.asarray(np.linalg.qr(centred, mode="r"))
    )
    full_rank = R.shape[0] == R.shape[1] and scipy.linalg.lapack.dtrcon(R)[0] > 1e-10
    for _ in range(2):
        if full_rank:
            gradient = centred.T @ (targets - centred @ coef)
            half = scipy.linalg.solve_triangular(R, gradient, trans="T")
            coef += scipy.linalg.solve_triangular(R, half)
        else:
            coef += scipy.linalg.lstsq(centred, targets - centred @ coef, lapack_driver="gelsy", cond=1e-12)[
                0
            ]
    residuals = targets - centred @ coef
    coef /= scales[:, None]
    return {
        "coef": coef.T,
        "intercept": y.mean(axis=0) - means @ coef,
        "minimum": (residuals**2).sum(axis=0),
        "total": (targets**2).sum(axis=0),
    }


def _judge(problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    coef, intercept = _answer(problem, answer)
    if coef.shape != truth["coef"].shape:
        return Verdict(np.inf, False, f"coefficients of shape {coef.shape}")
    X = problem.arrays["X"]
    change, shift = (coef - truth["coef"]).T, intercept - truth["intercept"]
    excess = problem.parameters.get("alpha", 0.0) * (change**2).sum(axis=0)
    for start in range(0, len(X), ROWS):
        moved = np.asarray(X[start : start + ROWS], dtype=np.float64) @ change + shift
        excess += (moved**2).sum(axis=0)
    # Where the fit is perfect there is no residual to compare with: then 1e-12 of the total sum of squares stands for it.
    floor = np.maximum(truth["minimum"], 1e-12 * truth["total"])
    relative = excess / np.maximum(floor, np.finfo(np.float64).tiny)
    error = float(relative.max())
    scale = np.maximum(np.abs(truth["coef"]).max(axis=1), np.finfo(np.float64).tiny)
    distance = float((np.abs(coef - truth["coef"]).max(axis=1) / scale).max())
    digits = MOST_DIGITS if distance == 0 else float(min(MOST_DIGITS, max(0.0, -np.log10(distance))))
    notes = {"digits": round(digits, 1)}
    if not error <= WRONG:
        return Verdict(error, False, f"the objective is {error:.1e} above its minimum, relative", notes)
    return Verdict(error, True, "", notes)


def log_relative_error(values: Any, exact: Any) -> float:
    """Right digits, the fewest over coefficients, from 0 to 15."""
    values, exact = np.asarray(values, dtype=np.float64), np.asarray(exact, dtype=np.float64)
    with np.errstate(divide="ignore"):
        digits = -np.log10(np.abs(values - exact) / np.abs(exact))
    return float(np.clip(np.nan_to_num(digits, nan=0.0, posinf=MOST_DIGITS), 0, MOST_DIGITS).min())


def judge_digits(problem: Problem, _truth_of_none: Arrays, answer: Any) -> Verdict:
    """Compare with exact coefficients, intercept first where there is one."""
    coef, intercept = np.asarray(answer[0], dtype=np.float64), np.asarray(answer[1], dtype=np.float64)
    values = np.concatenate(
        [intercept.ravel(), coef.ravel()] if problem.parameters["intercept"] else [coef.ravel()]
    )
    digits = log_relative_error(values, problem.arrays["exact"])
    notes = {"digits": round(digits, 1)}
    if digits < WRONG_DIGITS:
        return Verdict(10.0**-digits, False, f"{digits:.1f} right digits", notes)
    return Verdict(10.0**-digits, True, "", notes)


LEAST_SQUARES = Task("least squares", "relative excess of the sum of squares", _truth, _judge)
RIDGE = Task(
    "ridge",
    "relative excess of the objective",
    _truth,
    _judge,
    truth_key=lambda parameters: f"ridge-{parameters['alpha']:g}",
)
REFERENCE_LEAST_SQUARES = Task(
    "least squares, exact", "largest relative error of a coefficient", no_truth, judge_digits, timed=False
)
