# SPDX-License-Identifier: BSD-3-Clause
"""Logistic models of training sets without some of the classes, as models of all classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crowfly import LogisticResult

#: exp(-746) is zero in float64.
_NO_PROBABILITY = 746.0


def nothing_but_one_class(present: int, n_classes: int, n_features: int) -> LogisticResult:
    """The model that is certain of one class, whatever the features."""
    if n_classes == 2:
        coef, intercept = np.zeros((1, n_features)), np.array([_NO_PROBABILITY * (1 if present else -1)])
    else:
        coef, intercept = np.zeros((n_classes, n_features)), np.full(n_classes, -_NO_PROBABILITY)
        intercept[present] = 0.0
    return LogisticResult(
        classes=np.arange(n_classes),
        coef=coef,
        intercept=intercept,
        n_iter=0,
        n_reads=0,
        objective=0.0,
        gradient_norm=0.0,
        optimality_gap=0.0,
        converged=True,
    )


def among_all_classes(fit: LogisticResult, present: NDArray[np.intp], n_classes: int) -> LogisticResult:
    """A fit of some classes as one of all, in which the others have no probability: the limit of the fits in which they have less and less."""
    rows, intercepts = fit.coef, fit.intercept
    if len(present) == 2:
        rows, intercepts = np.vstack([-rows, rows]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    coef, intercept = np.zeros((n_classes, rows.shape[1])), np.empty(n_classes)
    # With squares penalised the mean of the rows is zero, so that one of the linear functions is at least the mean of the intercepts.
    intercept[:] = min(intercepts.min(), intercepts.mean()) - _NO_PROBABILITY
    coef[present], intercept[present] = rows, intercepts
    return replace(fit, classes=np.arange(n_classes), coef=coef, intercept=intercept)
