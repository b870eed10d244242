# SPDX-License-Identifier: BSD-3-Clause
"""Models of classes that a plane separates, without a penalty: no finite coefficients are the best, and scikit-learn's users get some all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import LogisticResult
from crowfly._estimators import FloatArray
from crowfly.logistic import _CURE, SeparationError

#: Log-odds of all but one unit in the last place of 1.
_MOST_LOG_ODDS = 36.7


def in_terms_of_C(message: str, penalty: str | None) -> str:
    """Rephrase a message of the functional API, where the strength of the penalty is alpha = 1 / C."""
    no_penalty = "penalty=None" if penalty is None else "C=np.inf"
    # With penalty=None any C is ignored.
    cure = "a finite C without penalty=None" if penalty is None else "a finite C"
    message = message.replace(_CURE, f", or the functional API's {_CURE[5:]}")
    return message.replace("alpha=0", no_penalty).replace("alpha > 0", cure)


def where_separated(
    error: SeparationError, X: Any, codes: NDArray[np.intp], weights: FloatArray | None, tol: float
) -> tuple[LogisticResult, str]:
    """A model of separated classes, and what to warn of.

    Its plane is the one at which the steps ended. If it separates the classes, its coefficients are as large as gives every training sample's class a probability of 1 - tol:
    likelihoods end nowhere, and scikit-learn's solvers stop where they differ from 1 by about so much. One that only touches classes stays as it is.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    codes : ndarray of shape (n_samples,)
        Class numbers, as of the fit.
    weights : ndarray of shape (n_samples,) or None
        Samples of weight zero don't count.

    Raises
    ------
    SeparationError
        If the steps ended at no finite coefficients.
    """
    fit = error.fit
    if fit is None:
        raise SeparationError(in_terms_of_C(str(error), "deprecated")) from None
    if weights is not None and not weights.all():
        kept = np.flatnonzero(weights)
        X, codes, weights = X[kept], codes[kept], weights[kept]
    smallest = float(_margins(fit, X, codes).min())
    wanted = min(-np.log(tol), _MOST_LOG_ODDS) if tol > 0 else _MOST_LOG_ODDS
    words = "those at which the steps ended"
    if 0 < smallest < wanted:
        factor = wanted / smallest
        larger = replace(fit, coef=fit.coef * factor, intercept=fit.intercept * factor)
        if np.isfinite(larger.coef).all() and np.isfinite(larger.intercept).all():
            fit, words = (
                larger,
                "as large as gives the class of each training sample a probability of about 1 - tol",
            )
    return _measured(fit, X, codes, weights), f"{error}. The coefficients are {words}"


def _margins(fit: LogisticResult, X: Any, codes: NDArray[np.intp]) -> FloatArray:
    """By how much each sample's own linear function exceeds the largest other one."""
    values = fit.decision_function(X)
    if values.ndim == 1:
        return np.where(codes == 1, values, -values)
    rows = np.arange(len(codes))
    own = values[rows, codes].copy()
    values[rows, codes] = -np.inf
    margins: FloatArray = own - values.max(axis=1)
    return margins


def _measured(
    fit: LogisticResult, X: Any, codes: NDArray[np.intp], weights: FloatArray | None
) -> LogisticResult:
    """The same with its own objective and length of the gradient."""
    rows = np.arange(len(codes))
    w = np.ones(len(codes)) if weights is None else weights
    losses = -fit.predict_log_proba(X)[rows, codes]
    # From the logarithms: probabilities are next to 1.
    residuals = fit.predict_proba(X)
    residuals[rows, codes] = np.expm1(-losses)
    residuals *= w[:, np.newaxis]
    if len(fit.classes) == 2:
        residuals = residuals[:, 1:]
    gradient = np.column_stack([np.asarray(X.T @ residuals).T, residuals.sum(axis=0)])
    if not fit.intercept.any():
        gradient = gradient[:, :-1]
    return replace(fit, objective=float(w @ losses), gradient_norm=float(np.linalg.norm(gradient)))
