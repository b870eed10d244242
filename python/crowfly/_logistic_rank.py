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
from crowfly._shortest import EPSILON, Shortest, Split, Ties, settled
from crowfly.least_squares import columns_left_out

FloatArray = NDArray[np.float64]

#: Of the objective: above it, predictors of the shortest coefficients have moved too far.
LARGEST_CHANGE = 1e-9


def fit_independent(
    data: LogisticData, controls: Controls
) -> tuple[dict[str, Any], NDArray[np.int64]] | None:
    """The core's fit with the shortest coefficients, certified, and the columns that depend on others; None if none do, or that fit has no certificate either.

    The independent columns alone have the minimum of X with the others replaced by what they are combinations of, and a certificate. What the predictors of the shortest
    coefficients differ from theirs in any row, at most, changes the objective by no more than that times the row's weight (several classes: twice). Where that shows, the
    dependent columns have zeros instead.
    """
    X, threads = data.X, controls.num_threads
    left_out = columns_left_out(
        X, data.codes, data.weights, intercept=controls.intercept, num_threads=threads
    )
    split = Split.of(X, left_out, intercept=controls.intercept)
    if not len(left_out) or not len(split.kept):
        return None
    ties, reads_of_ties = None, 0
    if len(split.dependent):

        def solve(split: Split) -> Ties:
            kept, dependent = split.parts(X)
            penalties = [0.0] * len(split.dependent)
            fit = _core.least_squares(kept, dependent, None, controls.intercept, penalties, threads)
            return Ties(kept, split.without_rounding(fit["coef"]), fit["intercept"], fit)

        found = settled(split, solve)
        if found is not None:
            split, ties, reads_of_ties = found
    part = replace(data, X=split.parts(X)[0] if ties is None else ties.kept)
    fit = run_newton(part, controls, 0.0, [1.0] * len(split.kept))
    if fit["status"] in STOPPED or not np.isfinite(fit["gap"]):
        return None
    coef = np.zeros((len(fit["coef"]), X.shape[1]))
    coef[:, split.kept] = fit["coef"]
    simple = fit | {"coef": coef, "n_reads": fit["n_reads"] + reads_of_ties}
    if ties is None:
        return simple, left_out
    solution = fit["coef"], fit["intercept"]
    shortest = Shortest.of(X, split, solution, ties, num_threads=threads)
    change = _largest_change(data, fit, split, shortest)
    if not change <= LARGEST_CHANGE * fit["objective"]:
        return simple, left_out
    whole = {"coef": shortest.coef, "intercept": shortest.intercept, "gap": fit["gap"] + change}
    return simple | whole | {"n_reads": simple["n_reads"] + 2}, left_out


def _largest_change(data: LogisticData, fit: dict[str, Any], split: Split, shortest: Shortest) -> float:
    """Of the objective, the rounding of both predictors included."""
    reach = split.reach(np.arange(data.X.shape[1]), shortest.coef, shortest.intercept)
    reach += split.reach(split.kept, fit["coef"], fit["intercept"])
    rounding = (data.X.shape[1] + 4) * EPSILON * reach
    weights = np.ones(len(shortest.moved)) if data.weights is None else data.weights
    slope = 1 if len(data.classes) == 2 else 2
    return slope * float(weights @ (shortest.moved + rounding)) * (1 + len(weights) * EPSILON)
