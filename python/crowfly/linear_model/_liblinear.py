# SPDX-License-Identifier: BSD-3-Clause
"""What ``solver='liblinear'`` means: scikit-learn's intercept by that solver is a coefficient, penalised as all others are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import coo_array, hstack, issparse

from crowfly import LogisticResult

# What scikit-learn gives this solver at most.
_LARGEST = 1e30


def require_range_of_liblinear(X: Any, solver: str) -> None:
    """Refuse samples that scikit-learn refuses with ``solver='liblinear'``, as combinations of parameters are.

    Raises
    ------
    ValueError
        If a number is above 1e30.
    """
    values: Any = X.data if issparse(X) else X
    if solver == "liblinear" and values.max(initial=0.0) > _LARGEST:
        raise ValueError(
            "Using the 'liblinear' solver while X contains a maximum value > 1e30 results in a frozen fit. Please choose another "
            "solver or rescale the input X."
        )


@dataclass(frozen=True)
class InterceptColumn:
    """A feature that is the same for all samples, whose coefficient stands for the intercept."""

    value: float

    def appended_to(self, X: Any) -> Any:
        """The samples with one feature more, in the same format and precision."""
        dtype = np.float32 if X.dtype == np.float32 else np.float64
        column = np.full((X.shape[0], 1), self.value, dtype=dtype)
        return hstack([X, coo_array(column)], format=X.format) if issparse(X) else np.hstack([X, column])

    def as_intercept(self, fit: LogisticResult) -> LogisticResult:
        """A fit to such samples as one to those without the feature."""
        return replace(
            fit,
            coef=np.ascontiguousarray(fit.coef[:, :-1]),
            intercept=fit.intercept + self.value * fit.coef[:, -1],
        )


def intercept_column(estimator: Any, X: Any) -> InterceptColumn | None:
    """The feature for these samples; None where the intercept has no penalty, or there is none."""
    if estimator.solver != "liblinear" or not estimator.fit_intercept:
        return None
    scaling = float(estimator.intercept_scaling)
    return InterceptColumn(float(np.float32(scaling)) if X.dtype == np.float32 else scaling)
