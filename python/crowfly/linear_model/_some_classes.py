# SPDX-License-Identifier: BSD-3-Clause
"""Logistic models of training sets without some of the classes, as models of all classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import LogisticResult
from crowfly.logistic import SeparationError, fit_logistic

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


def of_two_rows(alpha: float, l1_ratio: float) -> tuple[float, float]:
    """The penalty of one row of coefficients that is that of two rows of half of them each: squares are penalised half as much, magnitudes the same."""
    magnitudes, squares = alpha * l1_ratio, alpha * (1 - l1_ratio) / 2
    total = magnitudes + squares
    return total, magnitudes / total if total > 0 else 0.0


def first_rows(codes: NDArray[np.intp], classes: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first row of each of these classes."""
    return np.array([np.argmax(codes == class_number) for class_number in classes], dtype=np.intp)


def with_negligible_rows(
    sample_weight: NDArray[np.float64], codes: NDArray[np.intp], absent: NDArray[np.intp], largest: float
) -> NDArray[np.float64]:
    """A row of each class without any gets a weight that no sum in float64 notices: the class takes part in the loss of all others."""
    weights = sample_weight.copy()
    weights[first_rows(codes, absent)] = 1e-60 * largest
    return weights


def fit_classes_of_weight(
    X: Any,
    codes: NDArray[np.intp],
    n_classes: int,
    *,
    alpha: float,
    l1_ratio: float,
    sample_weight: NDArray[np.float64] | None,
    **options: Any,
) -> tuple[LogisticResult, str | None]:
    """`fit_logistic`, in which classes without any weight have no probability.

    Raises
    ------
    ValueError
        As `fit_logistic`, and if there is such a class and neither an intercept, which can take its probability away, nor a penalty.
    """
    present = np.flatnonzero(np.bincount(codes, weights=sample_weight, minlength=n_classes))
    if len(present) == n_classes:
        return fit_logistic(X, codes, alpha=alpha, l1_ratio=l1_ratio, sample_weight=sample_weight, **options)
    # Weights decide which classes there are, so there are some.
    assert sample_weight is not None
    if not options["intercept"]:
        absent = np.setdiff1d(np.arange(n_classes), present)
        if alpha == 0:
            raise ValueError(
                f"sample_weight: every class needs some weight without an intercept and a penalty, class number {absent[0]} has none"
            )
        weights = with_negligible_rows(sample_weight, codes, absent, sample_weight.max())
        return fit_logistic(X, codes, alpha=alpha, l1_ratio=l1_ratio, sample_weight=weights, **options)
    if len(present) == 1:
        return nothing_but_one_class(int(present[0]), n_classes, X.shape[1]), None
    if len(present) == 2:
        alpha, l1_ratio = of_two_rows(alpha, l1_ratio)
    rows = np.flatnonzero(sample_weight)
    try:
        fit, shortfall = fit_logistic(
            X[rows],
            np.searchsorted(present, codes[rows]),
            alpha=alpha,
            l1_ratio=l1_ratio,
            sample_weight=sample_weight[rows],
            **options,
        )
    except SeparationError as error:
        if error.fit is not None:
            error.fit = among_all_classes(error.fit, present, n_classes)
        raise
    return among_all_classes(fit, present, n_classes), shortfall
