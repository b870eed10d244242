# SPDX-License-Identifier: BSD-3-Clause
"""Gram matrices that users pass along: no fit here needs one, but one that belongs to other samples is a mistake to be told of."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from crowfly._estimators import FloatArray

# As close as scikit-learn asks for: rtol for float64 and for float32, and atol.
_RELATIVE, _RELATIVE_FLOAT32, _ABSOLUTE = 1e-7, 1e-4, 1e-5


def require_precompute(precompute: Any) -> None:
    """ValueError for what scikit-learn takes for no value of `precompute`."""
    if not (isinstance(precompute, (bool, np.bool_, str)) or hasattr(precompute, "__array__")):
        raise ValueError(f"Precompute should be one of True, False, 'auto' or array-like. Got {precompute!r}")


def check_gram(gram: Any, X: Any, weights: FloatArray | None, *, fit_intercept: bool) -> None:
    """Compare one entry of a Gram matrix with the samples, as scikit-learn does.

    Parameters
    ----------
    gram : ndarray of shape (n_features, n_features), or anything else
    X : ndarray of shape (n_samples, n_features) or sparse matrix
        Of sparse samples no Gram matrix is looked at.
    weights : ndarray of shape (n_samples,) or None
        Scaled, as scikit-learn scales them, to a mean of one.
    fit_intercept : bool
        Whether columns have to be centred.

    Raises
    ------
    ValueError
        If it is neither an array nor a setting, the shape is not that of the samples' Gram matrix, or the entry differs.

    Warns
    -----
    UserWarning
        If the samples are not centred but have to be.
    """
    require_precompute(gram)
    if not hasattr(gram, "__array__") or issparse(X):
        return
    entries: NDArray[Any] = np.asarray(gram)
    n_features = X.shape[1]
    if entries.shape != (n_features, n_features):
        raise ValueError(
            f"precompute: a Gram matrix of shape {(n_features, n_features)} expected, got {entries.shape}"
        )
    if fit_intercept and not np.allclose(np.average(X, axis=0, weights=weights), 0.0):
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
            stacklevel=4,
        )
        return
    row = n_features // 2
    column = min(row + 1, n_features - 1)
    products = X[:, row].astype(np.float64) * X[:, column]
    computed = products.sum() if weights is None else (products * (weights / weights.mean())).sum()
    given = entries[row, column]
    narrow = np.float32 in (entries.dtype, X.dtype)
    if not np.isclose(computed, given, rtol=_RELATIVE_FLOAT32 if narrow else _RELATIVE, atol=_ABSOLUTE):
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation when a single element was checked - please "
            f"check that it was computed properly. For element ({row},{column}) we computed {computed} but the user-supplied value "
            f"was {given}."
        )
