# SPDX-License-Identifier: BSD-3-Clause
"""Unpenalised logistic fits to columns that depend on each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly._logistic_data import LogisticData
from crowfly._logistic_runs import STOPPED, Controls, run_newton, run_path
from crowfly._shortest import EPSILON, Shortest, Split, Ties, settled
from crowfly._sparse import MOST_FEATURES, is_sparse, take_columns
from crowfly.least_squares import columns_left_out, solve_least_squares

FloatArray = NDArray[np.float64]

#: Of the objective: above it, predictors of the shortest coefficients have moved too far.
LARGEST_CHANGE = 1e-9
#: Of a sparse matrix, whose cross products in twice the precision tell which columns depend on others: some seconds.
MOST_PRODUCTS = 2**34
#: Of the correlation matrix in float64: above it no column is near a combination of others.
SMALLEST_EIGENVALUE = 1e-9


def may_depend(X: Any, gap: float, *, intercept: bool) -> bool:
    """Whether it should be looked at if columns of X depend on others, the gap of an unpenalised fit being known.

    Without a bound they may; of a dense X they have none then. The certificate of a sparse one needs no inverse: it may hold though they depend on each other.
    """
    if not is_sparse(X):
        return bool(np.isinf(gap))
    n_rows, n_features = X.shape
    if n_features > MOST_FEATURES or n_rows * n_features**2 > MOST_PRODUCTS:
        return False
    return bool(np.isinf(gap)) or not _smallest_eigenvalue(X, centred=intercept) > SMALLEST_EIGENVALUE


def _smallest_eigenvalue(X: Any, *, centred: bool) -> float:
    """Of the correlations of sparse columns, about; a hint, NaN where float64 can't tell."""
    squares = (X.T @ X).toarray().astype(np.float64)
    with np.errstate(all="ignore"):
        if centred:
            means = np.asarray(X.mean(axis=0), dtype=np.float64).ravel()
            squares -= X.shape[0] * np.outer(means, means)
        lengths = np.sqrt(np.diag(squares))
        correlations = squares / lengths / lengths[:, np.newaxis]
    return float(np.linalg.eigvalsh(correlations)[0]) if np.isfinite(correlations).all() else np.nan


def fit_independent(
    data: LogisticData, controls: Controls
) -> tuple[dict[str, Any], NDArray[np.int64]] | None:
    """The core's fit with the shortest coefficients, certified, and the columns that depend on others; None if none do, or that fit has no certificate either.

    The independent columns alone have the minimum of X with the others replaced by what they are combinations of, and a certificate. What the predictors of the shortest
    coefficients differ from theirs in any row, at most, changes the objective by no more than that times the row's weight (several classes: twice). Where that shows, the
    dependent columns have zeros instead.
    """
    X, threads = data.X, controls.num_threads
    n_features = X.shape[1]
    left_out = columns_left_out(
        X, data.codes, data.weights, intercept=controls.intercept, num_threads=threads
    )
    split = Split.of(X, left_out, intercept=controls.intercept)
    if not len(left_out) or not len(split.kept):
        return None

    def solve(split: Split) -> Ties:
        kept, dependent = split.parts(X)
        fit = solve_least_squares(kept, dependent, controls.intercept, num_threads=threads or None)
        offsets = np.asarray(fit.intercept) * np.ones(len(split.dependent))
        return Ties(kept, split.without_rounding(fit.coef), offsets, {"n_reads": fit.n_reads})

    found = settled(split, solve) if len(split.dependent) else None
    split, ties, reads_of_ties = found or (split, None, 0)
    part = replace(data, X=take_columns(X, split.kept) if ties is None else ties.kept)
    factors = [1.0] * len(split.kept)
    fit = (
        run_path(part, controls, 0.0, factors, [0.0])[1][0]
        if is_sparse(X)
        else run_newton(part, controls, 0.0, factors)
    )
    if fit["status"] in STOPPED or not np.isfinite(fit["gap"]):
        return None
    coef = np.zeros((len(fit["coef"]), n_features))
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
