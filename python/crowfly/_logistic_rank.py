# SPDX-License-Identifier: BSD-3-Clause
"""Unpenalised logistic fits to columns that depend on each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import _core
from crowfly._logistic_data import LogisticData
from crowfly._logistic_runs import STOPPED, Controls, run_newton
from crowfly._shortest import Dependence, silent_columns
from crowfly.inference import independent_columns
from crowfly.least_squares import solve_least_squares

FloatArray = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)


def fit_independent(
    data: LogisticData, controls: Controls
) -> tuple[dict[str, Any], NDArray[np.int64]] | None:
    """The core's fit with the shortest coefficients, certified, and the columns that depend on others; None if none do, or that fit has no certificate either.

    The independent columns alone have the same minimum and a certificate. What the predictors of the shortest coefficients differ from theirs in any row, at most,
    changes the objective by no more than that times the row's weight (several classes: twice).
    """
    n_features, threads = data.X.shape[1], controls.num_threads
    kept = independent_columns(data.X, data.codes, controls.intercept, data.weights, threads)
    if not 0 < len(kept) < n_features:
        return None
    part = replace(data, X=np.ascontiguousarray(data.X[:, kept]))
    fit = run_newton(part, controls, 0.0, [1.0] * len(kept))
    if fit["status"] in STOPPED or not np.isfinite(fit["gap"]):
        return None
    left_out = np.setdiff1d(np.arange(n_features), kept)
    silent = silent_columns(data.X, left_out, intercept=controls.intercept)
    dependent = np.setdiff1d(left_out, silent)
    factors, offsets, ties_reads = np.zeros((0, len(kept))), np.zeros(0), 0
    if len(dependent):
        ties = solve_least_squares(
            part.X, data.X[:, dependent], controls.intercept, num_threads=threads or None
        )
        factors, offsets, ties_reads = ties.coef, np.atleast_1d(ties.intercept), ties.n_reads
    dependence = Dependence(n_features, kept, dependent, factors, offsets)
    coef, intercept = dependence.shortest(fit["coef"], fit["intercept"])
    predictors = _core.linear_predictor(part.X, fit["coef"], fit["intercept"], threads)
    moved = np.abs(_core.linear_predictor(data.X, coef, intercept, threads) - predictors).max(axis=1)
    extent = np.maximum(data.X.max(axis=0), -data.X.min(axis=0)).astype(np.float64)
    reach = (
        np.abs(coef) @ extent
        + np.abs(fit["coef"]) @ extent[kept]
        + np.abs(intercept)
        + np.abs(fit["intercept"])
    )
    rounding = (n_features + 4) * EPSILON * reach.max()
    weights = np.ones(len(moved)) if data.weights is None else data.weights
    change = float(weights @ (moved + rounding)) * (1 + len(moved) * EPSILON)
    gap = fit["gap"] + (1 if len(data.classes) == 2 else 2) * change
    reads = fit["n_reads"] + ties_reads + 2
    return fit | {"coef": coef, "intercept": intercept, "gap": gap, "n_reads": reads}, left_out
