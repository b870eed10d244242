# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression with an L2 penalty. An answer is (coef, intercept): (1, p) and (1,) for two classes, (K, p) and (K,) for more.

The objective is sum of losses + alpha / 2 |coef|^2, alpha = 1 / C; the intercept is not penalised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.special import log_softmax

from bench.tasks.base import ROWS, Arrays, Problem, Task, Verdict, judge_excess, no_truth
from bench.tasks.least_squares import judge_digits

Vector = NDArray[np.float64]
MOST_STEPS = 100
#: With fewer a tenth of them says little about the whole.
ROWS_PER_PARAMETER = 150
#: Relative excess at which two objectives are the same number.
ROUNDING = 1e-13


def _blocks(X: Any, y: Any) -> Any:
    for start in range(0, X.shape[0], ROWS):
        block = X[start : start + ROWS]
        yield np.asarray(block, dtype=np.float64), y[start : start + ROWS]


def objective(arrays: Arrays, alpha: float, coef: Vector, intercept: Vector) -> float:
    """The value to be minimised, in float64 whatever the data are."""
    binary = len(coef) == 1
    total = 0.5 * alpha * float((coef**2).sum())
    for X, y in _blocks(arrays["X"], arrays["y"]):
        eta = X @ coef.T + intercept
        if binary:
            total += float(np.logaddexp(0, np.where(y == 1, -eta[:, 0], eta[:, 0])).sum())
        else:
            total -= float(log_softmax(eta, axis=1)[np.arange(len(y)), y].sum())
    return total


def _gradient_and_hessian(
    arrays: Arrays, alpha: float, coef: Vector, intercept: Vector, scales: Vector
) -> tuple[Vector, Vector]:
    """Of the objective in the columns divided by `scales`, with the intercept as a last column; classes are blocks."""
    n_outputs, p = coef.shape
    gradient = np.zeros((n_outputs, p + 1))
    hessian = np.zeros((n_outputs, p + 1, n_outputs, p + 1))
    for X, y in _blocks(arrays["X"], arrays["y"]):
        eta = X @ coef.T + intercept
        if n_outputs == 1:
            probability = 1 / (1 + np.exp(-eta))
            residual = probability - (y == 1)[:, None]
        else:
            probability = np.exp(log_softmax(eta, axis=1))
            residual = probability - (y[:, None] == np.arange(n_outputs))
        design = np.column_stack([X / scales, np.ones(len(X))])
        gradient += residual.T @ design
        for a in range(n_outputs):
            for b in range(a + 1):
                weight = probability[:, a] * ((a == b) - probability[:, b])
                part = design.T @ (design * weight[:, None])
                hessian[a, :, b, :] += part
                if a != b:
                    hessian[b, :, a, :] += part
    gradient[:, :p] += alpha * coef / scales
    for a in range(n_outputs):
        hessian[a, np.arange(p), a, np.arange(p)] += alpha / scales**2
    size = n_outputs * (p + 1)
    return gradient.ravel(), hessian.reshape(size, size)


def _newton(
    arrays: Arrays, alpha: float, coef: Vector, intercept: Vector
) -> tuple[Vector, Vector, float, float]:
    """Newton with halved steps to rounding level: coefficients, objective, and half the squared decrement, which is about what is left."""
    n_outputs, p = coef.shape
    deviations = np.asarray(arrays["X"].std(axis=0), dtype=np.float64)
    scales = np.where(deviations > 0, deviations, 1.0)
    value = objective(arrays, alpha, coef, intercept)
    left = np.inf
    for _ in range(MOST_STEPS):
        gradient, hessian = _gradient_and_hessian(arrays, alpha, coef, intercept, scales)
        # Intercepts of several classes have a common shift that changes nothing: a trace of curvature makes the step unique.
        hessian[np.diag_indices_from(hessian)] *= 1 + 1e-14
        hessian[np.diag_indices_from(hessian)] += 1e-12 * np.trace(hessian) / len(hessian)
        step = scipy.linalg.solve(hessian, gradient, assume_a="pos")
        left = 0.5 * float(gradient @ step) / value
        direction = step.reshape(n_outputs, p + 1)
        for halving in range(40):
            size = 0.5**halving
            trial = coef - size * direction[:, :p] / scales, intercept - size * direction[:, p]
            trial_value = objective(arrays, alpha, *trial)
            if trial_value <= value * (1 + ROUNDING):
                break
        coef, intercept = trial
        value = min(value, trial_value)
        if left < ROUNDING:
            break
    return coef, intercept, value, left


def _truth(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    """The minimum, from the solution of a tenth of the rows where there are plenty."""
    X, y, alpha = arrays["X"], arrays["y"], parameters["alpha"]
    n_classes = int(y.max()) + 1
    n_outputs, p = (1 if n_classes == 2 else n_classes), X.shape[1]
    coef, intercept = np.zeros((n_outputs, p)), np.zeros(n_outputs)
    if len(X) > ROWS_PER_PARAMETER * n_outputs * (p + 1):
        part = {"X": X[::10], "y": y[::10]}
        coef, intercept, _, _ = _newton(part, alpha / 10, coef, intercept)
    _, _, value, left = _newton(arrays, alpha, coef, intercept)
    return {"minimum": np.array(value), "left": np.array(left), "outputs": np.array(n_outputs)}


def _judge(problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    coef = np.atleast_2d(np.asarray(answer[0], dtype=np.float64))
    intercept = np.asarray(answer[1], dtype=np.float64).ravel()
    expected = (int(truth["outputs"]), problem.arrays["X"].shape[1])
    if coef.shape != expected or intercept.shape != expected[:1]:
        # As many rows as classes for two classes would be another problem: its penalty counts half.
        return Verdict(np.inf, False, f"coefficients of shape {coef.shape} and {intercept.shape}")
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        return Verdict(np.inf, False, "coefficients that are not finite")
    value = objective(problem.arrays, problem.parameters["alpha"], coef, intercept)
    return judge_excess(value, float(truth["minimum"]))


LOGISTIC = Task(
    "logistic regression",
    "relative excess of the objective",
    _truth,
    _judge,
    targets=(1e-6, 1e-10),
    truth_key=lambda parameters: f"truth-{parameters['alpha']:g}",
)
REFERENCE_LOGISTIC = Task(
    "logistic regression, exact",
    "largest relative error of a coefficient",
    no_truth,
    judge_digits,
    timed=False,
)
