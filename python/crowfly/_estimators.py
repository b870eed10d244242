# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's conventions, translated into the functional API's arguments: shared by all estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.utils.validation import _check_sample_weight

MatrixLike: TypeAlias = Any
"""Whatever scikit-learn's ``check_array`` makes a matrix of: arrays, nested lists, data frames."""

FloatArray: TypeAlias = NDArray[np.float64]
IndexArray: TypeAlias = NDArray[np.int64]

Fit = TypeVar("Fit", bound=Callable[..., Any])


def validates_parameters(fit: Fit) -> Fit:
    """Decorate `fit`: check the estimator's parameters first, as scikit-learn does."""
    checked: Fit = _fit_context(prefer_skip_nested_validation=True)(fit)
    return checked


def num_threads(n_jobs: int | None) -> int | None:
    """Number of threads that ``n_jobs`` stands for: None is the current setting, -1 all processors.

    joblib counts, so that nested parallelism (a search that already runs one process per processor)
    does not over-subscribe the machine.
    """
    return None if n_jobs is None else int(effective_n_jobs(n_jobs))


def checked_sample_weight(sample_weight: Any, X: MatrixLike) -> FloatArray | None:
    """Weights of the rows of `X` as float64, or None where all rows weigh the same.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, all are zero, or their number is not that of the rows.
    """
    if sample_weight is None:
        return None
    weights: FloatArray = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def dense_targets(y: Any) -> NDArray[Any]:
    """Targets as an array: scikit-learn's validation lets sparse indicator matrices pass."""
    return np.asarray(y.toarray() if issparse(y) else y)


def csr_container() -> Any:
    """Class of the CSR matrices that scikit-learn's configuration asks for (since 1.9; matrices before)."""
    return csr_array if get_config().get("sparse_interface") == "sparray" else csr_matrix
