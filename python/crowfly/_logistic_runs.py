# SPDX-License-Identifier: BSD-3-Clause
"""The core's logistic fits of checked data, and which of them a problem goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import _core
from crowfly._logistic_data import LogisticData, in_compressed_rows, is_wide, without_constants
from crowfly._sparse import core_arrays, is_sparse
from crowfly._validation import (
    as_flag,
    as_integer,
    as_num_threads,
    as_real,
    listed_columns,
    telling_what_overflows,
)
from crowfly.least_squares import columns_left_out

#: Statuses of fits that ended far from the minimum.
STOPPED = ("iteration_limit", "no_descent")
#: Relative gaps above it, and above the tolerance, show that columns should have been centred.
CERTAIN_GAP = 1e-9


@dataclass(frozen=True)
class Controls:
    """How a fit is done, whatever is fitted."""

    intercept: bool
    tol: float
    max_iter: int
    num_threads: int


def as_controls(intercept: object, tol: object, max_iter: object, num_threads: object) -> Controls:
    """Raise TypeError or ValueError naming the argument that is not as it should be."""
    return Controls(
        as_flag("intercept", intercept),
        as_real("tol", tol, 0),
        as_integer("max_iter", max_iter, 0, 2**31 - 1),
        as_num_threads(num_threads),
    )


def as_max_iter(value: object) -> int:
    """The steps of a fit that begins at all; scikit-learn's estimators also take none."""
    return as_integer("max_iter", value, 1, 2**31 - 1)


def run_path(
    data: LogisticData,
    controls: Controls,
    l1_ratio: float,
    factors: list[float],
    alphas: list[float],
    n_alphas: int = 1,
    eps: float = 1.0,
) -> tuple[NDArray[np.float64], list[dict[str, Any]]]:
    """The core's path, with what it can't add up explained.

    Where features are many and L2 alone penalises them, by the flow of sparse matrices: steps by conjugate gradients, no matrix of features x features.
    Columns aren't centred there; fits that this keeps from their tolerance are done again.
    """
    settings = (controls, l1_ratio, factors, alphas, n_alphas, eps)
    if l1_ratio == 0 and is_wide(data, factors):
        path, fits = _run_path(in_compressed_rows(data), *settings)
        largest = max(controls.tol, CERTAIN_GAP)
        if all(fit["status"] not in STOPPED and fit["gap"] <= largest * fit["objective"] for fit in fits):
            return path, fits
    return _run_path(data, *settings)


def _run_path(
    data: LogisticData,
    controls: Controls,
    l1_ratio: float,
    factors: list[float],
    alphas: list[float],
    n_alphas: int,
    eps: float,
) -> tuple[NDArray[np.float64], list[dict[str, Any]]]:
    arguments = (
        data.codes,
        len(data.classes),
        data.weights,
        controls.intercept,
        l1_ratio,
        factors,
        alphas,
        n_alphas,
        eps,
        controls.tol,
        controls.max_iter,
        controls.num_threads,
    )
    if is_sparse(data.X):
        X = without_constants(data.X) if controls.intercept else data.X
        return _core.sparse_logistic_path(core_arrays(X), False, *arguments)
    with telling_what_overflows(data.columns, data.of_all, X=data.X):
        return _core.logistic_path(data.X, *arguments)


def run_newton(data: LogisticData, controls: Controls, alpha: float, factors: list[float]) -> dict[str, Any]:
    with telling_what_overflows(data.columns, data.of_all, X=data.X):
        return _core.logistic(
            data.X,
            data.codes,
            len(data.classes),
            data.weights,
            controls.intercept,
            alpha,
            factors,
            controls.tol,
            controls.max_iter,
            controls.num_threads,
        )


def run_firth(data: LogisticData, controls: Controls) -> dict[str, Any]:
    with telling_what_overflows(data.columns, data.of_all, X=data.X):
        try:
            return _core.firth_logistic(
                data.X,
                data.codes,
                len(data.classes),
                data.weights,
                controls.intercept,
                controls.max_iter,
                controls.num_threads,
            )
        except _core.NotFiniteError:
            raise
        except ValueError as error:
            raise _naming_dependent_columns(error, data, controls) from None


def _naming_dependent_columns(error: ValueError, data: LogisticData, controls: Controls) -> ValueError:
    """The core's error with the columns that `logit` would leave out."""
    dependent = columns_left_out(
        data.X, data.codes, data.weights, intercept=controls.intercept, num_threads=controls.num_threads
    )
    if not dependent.size:
        # Independent but for rounding.
        return error
    constant = " (and on the constant)" if controls.intercept else ""
    return ValueError(
        f"X: columns that don't depend on each other{constant} expected with penalty='firth'; leave out those which depend on the others: "
        f"{listed_columns(dependent, data.columns)}"
    )
