# SPDX-License-Identifier: BSD-3-Clause
"""L1 penalties: lasso, the elastic-net path, L1 logistic regression. Certified by duality gaps.

* lasso: 1/(2n) |y - X b - b0|^2 + alpha |b|_1, the answer is (coef, intercept);
* elastic-net path: the same with alpha (l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|^2) for a falling sequence of alphas, centred columns, no intercept; the
  answer is an array (n_alphas, p);
* L1 logistic regression: sum of losses + alpha |b|_1 without an intercept, which some libraries penalise; the answer is (coef, None).

The best objective known comes from scikit-learn's coordinate descent at its tightest setting (for the logistic loss inside Newton's method); the duality gap at that
answer, computed here, says how much lower the minimum can be, so the solver need not be trusted.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse
from numpy.typing import NDArray

from bench.tasks.base import Arrays, Problem, Task, Verdict, judge_excess

Vector = NDArray[np.float64]
MOST_STEPS = 60
#: Columns that may enter a model of none.
SMALLEST_GROWTH = 100
#: Relative duality gap at which a minimum is known well enough for the tightest target.
ENOUGH = 1e-12


def _centred(arrays: Arrays) -> tuple[Vector, Vector]:
    X, y = np.asarray(arrays["X"], dtype=np.float64), np.asarray(arrays["y"], dtype=np.float64)
    return X - X.mean(axis=0), y - y.mean()


# --- lasso and elastic net --------------------------------------------------------------------------------------------


def _squares_objective(X: Vector, y: Vector, coef: Vector, alpha: float, l1_ratio: float) -> float:
    residual = y - X @ coef
    loss = float(residual @ residual) / (2 * len(y))
    ridge = 0.5 * alpha * (1 - l1_ratio) * float(coef @ coef)
    return loss + ridge + alpha * l1_ratio * float(np.abs(coef).sum())


def _squares_gap(X: Vector, y: Vector, coef: Vector, alpha: float, l1_ratio: float) -> float:
    """Objective minus the dual's value at the scaled residual; the ridge part counts as rows appended to the data."""
    n, ridge = len(y), alpha * (1 - l1_ratio)
    residual = y - X @ coef
    correlation = X.T @ residual / n - ridge * coef
    scale = min(1.0, alpha * l1_ratio / max(float(np.abs(correlation).max()), 1e-300))
    squares = float(residual @ residual) / n + ridge * float(coef @ coef)
    dual = scale * float(residual @ y) / n - 0.5 * scale**2 * squares
    return _squares_objective(X, y, coef, alpha, l1_ratio) - dual


def _lasso_truth(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    from sklearn.linear_model import Lasso

    X, y = _centred(arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tall = X.shape[0] > X.shape[1]
        model = Lasso(parameters["alpha"], fit_intercept=False, precompute=tall, tol=1e-13, max_iter=50_000)
        coef = model.fit(X, y).coef_
    value = _squares_objective(X, y, coef, parameters["alpha"], 1.0)
    left = _squares_gap(X, y, coef, parameters["alpha"], 1.0) / value
    return {"minimum": np.array(value), "left": np.array(left)}


def _lasso_judge(problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    X, y = problem.arrays["X"], problem.arrays["y"]
    coef, intercept = np.asarray(answer[0], dtype=np.float64).ravel(), float(np.squeeze(answer[1]))
    residual = y - X @ coef - intercept
    alpha = problem.parameters["alpha"]
    value = float(residual @ residual) / (2 * len(y)) + alpha * float(np.abs(coef).sum())
    return judge_excess(value, float(truth["minimum"]), {"nonzero coefficients": int(np.count_nonzero(coef))})


def path_alphas(X: Vector, y: Vector, l1_ratio: float, n_alphas: int) -> Vector:
    """From the smallest penalty under which every coefficient is zero down to a thousandth of it."""
    largest = float(np.abs(X.T @ y).max()) / (len(y) * l1_ratio)
    return np.geomspace(largest, 1e-3 * largest, n_alphas)


def _path_truth(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    from sklearn.linear_model import enet_path

    X, y = _centred(arrays)
    ratio = parameters["l1_ratio"]
    alphas = path_alphas(X, y, ratio, parameters["n_alphas"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        coefs = enet_path(X, y, l1_ratio=ratio, alphas=alphas, tol=1e-13, max_iter=50_000, precompute=True)[1]
    values = [_squares_objective(X, y, c, a, ratio) for c, a in zip(coefs.T, alphas, strict=True)]
    gaps = [_squares_gap(X, y, c, a, ratio) for c, a in zip(coefs.T, alphas, strict=True)]
    return {"alphas": alphas, "minimum": np.array(values), "left": np.array(gaps) / values}


def _path_judge(problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    X, y = _centred(problem.arrays)
    coefs, ratio = np.asarray(answer, dtype=np.float64), problem.parameters["l1_ratio"]
    if coefs.shape != (len(truth["alphas"]), X.shape[1]):
        return Verdict(np.inf, False, f"a path of shape {coefs.shape}")
    pairs = zip(coefs, truth["alphas"], strict=True)
    values = np.array([_squares_objective(X, y, c, a, ratio) for c, a in pairs])
    worst = int(np.argmax(values / truth["minimum"]))
    return judge_excess(float(values[worst]), float(truth["minimum"][worst]), {})


# --- L1 logistic regression -------------------------------------------------------------------------------------------


def _logistic_objective(X: Any, sign: Vector, coef: Vector, alpha: float) -> float:
    return float(np.logaddexp(0, -sign * (X @ coef)).sum()) + alpha * float(np.abs(coef).sum())


def _logistic_gap(X: Any, sign: Vector, coef: Vector, alpha: float) -> float:
    """The dual point is the vector of residuals, scaled until no column's correlation exceeds alpha."""
    share = 1 / (1 + np.exp(sign * (X @ coef)))
    scale = min(1.0, alpha / max(float(np.abs(X.T @ (sign * share)).max()), 1e-300))
    theta = np.clip(scale * share, 1e-300, 1 - 1e-16)
    dual = -float((theta * np.log(theta) + (1 - theta) * np.log1p(-theta)).sum())
    return _logistic_objective(X, sign, coef, alpha) - dual


def _signs(y: Any) -> Vector:
    return np.where(np.asarray(y) == 1, 1.0, -1.0)


def _quadratic_step(X: Any, sign: Vector, coef: Vector, alpha: float, working: NDArray[np.int64]) -> Vector:
    """Minimiser of the second-order model plus the penalty over the working columns: a lasso on the factor of the Hessian."""
    from sklearn.linear_model import Lasso

    columns = X[:, working]
    share = 1 / (1 + np.exp(sign * (X @ coef)))
    gradient = -np.asarray(columns.T @ (sign * share))
    weighted = columns.multiply((share * (1 - share))[:, None]) if scipy.sparse.issparse(X) else None
    if weighted is None:
        hessian = columns.T @ (columns * (share * (1 - share))[:, None])
    else:
        hessian = (columns.T @ weighted.tocsr()).toarray()
    hessian[np.diag_indices_from(hessian)] *= 1 + 1e-12
    hessian[np.diag_indices_from(hessian)] += 1e-14 * np.trace(hessian)
    factor = np.linalg.cholesky(hessian)
    target = scipy.linalg.solve_triangular(factor, hessian @ coef[working] - gradient, lower=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Lasso(alpha / len(working), fit_intercept=False, tol=1e-14, max_iter=50_000, warm_start=True)
        model.coef_ = coef[working].copy()
        solution: Vector = model.fit(factor.T.copy(), target).coef_
    return solution


def _working_set(coef: Vector, pull: Vector, alpha: float) -> NDArray[np.int64]:
    """Columns in the model, and those outside that pull the most: at most twice as many."""
    inside = coef != 0
    room = max(SMALLEST_GROWTH, 2 * int(inside.sum()))
    outside = np.flatnonzero(~inside & (pull > alpha))
    strongest = outside[np.argsort(-pull[outside], kind="stable")[:room]]
    return np.sort(np.concatenate([np.flatnonzero(inside), strongest]))


def _logistic_truth(arrays: Arrays, parameters: Mapping[str, Any]) -> Arrays:
    """Newton's method with the penalty inside, on the columns that are in the model or want to be."""
    X, sign, alpha = arrays["X"], _signs(arrays["y"]), parameters["alpha"]
    coef = np.zeros(X.shape[1])
    value = _logistic_objective(X, sign, coef, alpha)
    left = np.inf
    for _ in range(MOST_STEPS):
        share = 1 / (1 + np.exp(sign * (X @ coef)))
        pull = np.abs(np.asarray(X.T @ (sign * share)))
        left = _logistic_gap(X, sign, coef, alpha) / value
        working = _working_set(coef, pull, alpha)
        if working.size == 0 or left < ENOUGH:
            break
        step = np.zeros_like(coef)
        step[working] = _quadratic_step(X, sign, coef, alpha, working) - coef[working]
        size = 1.0
        while size > 1e-6 and _logistic_objective(X, sign, coef + size * step, alpha) > value:
            size /= 2
        coef = coef + size * step
        value = min(value, _logistic_objective(X, sign, coef, alpha))
    return {"minimum": np.array(value), "left": np.array(max(0.0, left))}


def _logistic_judge(problem: Problem, truth: Arrays, answer: Any) -> Verdict:
    coef = np.asarray(answer[0], dtype=np.float64).ravel()
    value = _logistic_objective(
        problem.arrays["X"], _signs(problem.arrays["y"]), coef, problem.parameters["alpha"]
    )
    return judge_excess(value, float(truth["minimum"]), {"nonzero coefficients": int(np.count_nonzero(coef))})


TARGETS = (1e-6, 1e-10)
UNIT = "relative excess of the objective"

LASSO = Task(
    "lasso",
    UNIT,
    _lasso_truth,
    _lasso_judge,
    TARGETS,
    truth_key=lambda parameters: f"lasso-{parameters['alpha']:g}",
)
ENET_PATH = Task("elastic-net path", UNIT, _path_truth, _path_judge, TARGETS, truth_key=lambda _: "path")
LOGISTIC_L1 = Task(
    "L1 logistic regression",
    UNIT,
    _logistic_truth,
    _logistic_judge,
    TARGETS,
    truth_key=lambda parameters: f"l1-{parameters['alpha']:g}",
)
