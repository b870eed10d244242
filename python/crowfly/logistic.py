# SPDX-License-Identifier: BSD-3-Clause
"""Binary and multinomial logistic regression with a certificate of optimality."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._labels import as_label_array
from crowfly._separation import is_separated
from crowfly._validation import (
    as_design,
    as_flag,
    as_integer,
    as_matrix,
    as_num_threads,
    as_penalty,
    as_real,
    as_weights,
    check_dimensions,
    check_same_features,
    check_same_length,
    explain_not_finite,
    scan,
)

__all__ = ["ConvergenceWarning", "LogisticResult", "SeparationError", "logistic"]


#: On the certified gap, relative to the objective: near the limit of float64, since Newton's last step is the cheapest.
DEFAULT_TOLERANCE = 1e-12


class ConvergenceWarning(UserWarning):
    """A fit ended before it reached its tolerance; the message says by how much and why."""


class SeparationError(ValueError):
    """A plane separates classes, and without a penalty no finite coefficients are the best."""


@dataclass(frozen=True, eq=False)
class LogisticResult:
    """Result of `logistic`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    coef : ndarray of shape (1, n_features) for two classes, else (n_classes, n_features)
    intercept : ndarray of shape (1,) or (n_classes,)
    n_iter : int
        Newton steps.
    n_reads : int
        Passes over X.
    objective : float
        Sum of weighted losses plus penalty.
    gradient_norm : float
        2-norm of the objective's gradient with respect to coef and intercept.
    optimality_gap : float
        Upper bound on objective minus its minimum; infinity where none could be certified.
    converged : bool
        The gap is below ``tol * objective``, or the objective can't be resolved further in float64.
    """

    classes: NDArray[Any]
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    n_iter: int
    n_reads: int
    objective: float
    gradient_norm: float
    optimality_gap: float
    converged: bool

    def decision_function(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float64]:
        """Compute linear predictors: shape (n,) for two classes (positive: the second), else (n, n_classes)."""
        values = self._predictors(X, num_threads)
        return values[:, 0] if len(self.classes) == 2 else values

    def predict_proba(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float64]:
        """Compute probabilities of the classes, shape (n, n_classes)."""
        return self._probabilities(X, num_threads, logarithm=False)

    def predict_log_proba(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float64]:
        """Compute logarithms of the probabilities, accurate and finite in the tails, shape (n, n_classes)."""
        return self._probabilities(X, num_threads, logarithm=True)

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> NDArray[Any]:
        """Predict labels, shape (n,); a linear predictor of exactly zero is the first class."""
        values = self._predictors(X, num_threads)
        chosen = (values[:, 0] > 0).astype(np.intp) if len(self.classes) == 2 else values.argmax(axis=1)
        labels: NDArray[Any] = self.classes[chosen]
        return labels

    def _predictors(self, X: ArrayLike, num_threads: int | None) -> NDArray[np.float64]:
        array = as_matrix("X", X)
        check_same_features("X", array, self.coef.shape[1], "the fit")
        scan("X", array)
        return _core.linear_predictor(array, self.coef, self.intercept, as_num_threads(num_threads))

    def _probabilities(
        self, X: ArrayLike, num_threads: int | None, *, logarithm: bool
    ) -> NDArray[np.float64]:
        predictors = self._predictors(X, num_threads)
        return _core.class_probabilities(
            predictors, len(self.classes), logarithm, as_num_threads(num_threads)
        )


def _as_labels(y: ArrayLike) -> NDArray[Any]:
    """One-dimensional labels of one kind, none missing."""
    labels = as_label_array("y", y)
    check_dimensions("y", labels, (1,))
    if labels.dtype == object:
        labels = _unboxed(labels)
    if labels.dtype.kind not in "buifUSOM":
        raise TypeError(f"y: class labels expected, got dtype {labels.dtype}")
    if labels.dtype.kind == "M" and np.isnat(labels).any():
        raise ValueError(f"y: class labels expected, y[{np.isnat(labels).argmax()}] is missing (NaT)")
    if labels.dtype.kind == "f":
        continuous = ~np.isfinite(labels) | (labels != np.floor(labels))
        if continuous.any():
            first = continuous.argmax()
            raise ValueError(
                f"y: class labels expected, y[{first}] is {labels[first]}; for continuous targets use lstsq"
            )
    return labels


def _unboxed(labels: NDArray[Any]) -> NDArray[Any]:
    """Python objects as an array of their own kind: all strings, or all numbers."""
    entries = labels.tolist()
    for kind in (str, numbers.Real):
        if all(isinstance(entry, kind) for entry in entries):
            return labels if kind is str else np.array(entries)
    first = next(i for i, entry in enumerate(entries) if type(entry) is not type(entries[0]))
    raise TypeError(
        f"y: labels of one kind expected (all strings or all numbers), y[0] is {entries[0]!r}, y[{first}] is {entries[first]!r}"
    )


def _as_classes(
    labels: NDArray[Any], weights: NDArray[np.float64] | None
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y: at least two classes expected, got {len(classes)}")
    if weights is not None:
        share = np.bincount(codes, weights=weights, minlength=len(classes))
        if not share.all():
            missing = classes[np.flatnonzero(share == 0)[0]]
            raise ValueError(
                f"sample_weight: all rows of class {missing!r} have weight zero; leave that class out"
            )
    return classes, codes.astype(np.int32)


_SEPARATED = (
    "X: a plane separates classes (at most touching them), so that without a penalty (alpha=0) no finite coefficients are "
    "the best; use alpha > 0"
)
_CAUSES = {
    "iteration_limit": "the limit of {n_iter} iterations was reached; raise max_iter",
    "undecided": "without a penalty (alpha=0) there may be no finite optimum, and the rows are too many to decide; use alpha > 0",
    "no_descent": "no step along Newton's direction lowers the objective further in float64",
}


def _shortfall(fit: dict[str, Any], alpha: float) -> str | None:
    """What a fit that ended early has to say: how far it got and why it stopped; None for one that converged."""
    if fit["status"] == "converged":
        return None
    cause = _CAUSES[fit["status"]].format(n_iter=fit["n_iter"])
    if alpha == 0 and fit["status"] == "iteration_limit":
        cause += ", or add a penalty if the classes are nearly separable"
    gap = fit["gap"] / fit["objective"] if fit["objective"] > 0 else fit["gap"]
    bound = f"relative optimality gap at most {gap:.1e}" if np.isfinite(gap) else "optimality gap not bounded"
    return f"logistic regression did not reach its tolerance ({bound}): {cause}"


def fit_logistic(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    intercept: bool,
    sample_weight: ArrayLike | None,
    tol: float,
    max_iter: int,
    num_threads: int | None,
) -> tuple[LogisticResult, str | None]:
    """Do the work of `logistic`; the warning it would give is returned instead, for callers with a warning class of their own."""
    array = as_design(X)
    n_rows = array.shape[0]
    weights = as_weights(sample_weight, n_rows)
    labels = _as_labels(y)
    check_same_length("y", labels, n_rows, "X")
    classes, codes = _as_classes(labels, weights)
    if weights is not None and not weights.all():
        kept = weights > 0
        array, codes, weights = array[kept], codes[kept], weights[kept]
    penalty = as_penalty(alpha)
    with_intercept = as_flag("intercept", intercept)
    tolerance = as_real("tol", tol, 0)
    iterations = as_integer("max_iter", max_iter, 0, 2**31 - 1)
    threads = as_num_threads(num_threads)
    try:
        fit = _core.logistic(
            array, codes, len(classes), weights, with_intercept, penalty, tolerance, iterations, threads
        )
    except _core.NotFiniteError:
        raise explain_not_finite(X=array) from None
    separated: bool | None = fit["status"] == "separated"
    if fit["may_be_separated"]:
        separated = is_separated(array, codes, len(classes), with_intercept)
    if separated:
        raise SeparationError(_SEPARATED)
    if separated is None:
        fit["status"] = "undecided"
    shortfall = _shortfall(fit, penalty)
    result = LogisticResult(
        classes=classes,
        coef=fit["coef"],
        intercept=fit["intercept"],
        n_iter=fit["n_iter"],
        n_reads=fit["n_reads"],
        objective=fit["objective"],
        gradient_norm=fit["gradient_norm"],
        optimality_gap=fit["gap"],
        converged=shortfall is None,
    )
    return result, shortfall


def logistic(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alpha: float = 1.0,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    tol: float = DEFAULT_TOLERANCE,
    max_iter: int = 100,
    num_threads: int | None = None,
) -> LogisticResult:
    r"""Fit logistic regression by Newton's method.

    Minimises :math:`\sum_i w_i \ell(y_i, x_i \cdot b + b_0) + \frac{\alpha}{2} |b|^2` with the logistic loss for two classes and the softmax loss for
    more; the intercept is not penalised. `alpha` is 1/C of scikit-learn.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout, unscaled columns welcome.
    y : array_like of shape (n,)
        Labels that can be sorted: bool, int, str; float if integer-valued.
    alpha : float
        Strength of the penalty; 0 for none.
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out.
    tol : float
        The fit ends once objective minus minimum is certified to be below ``tol * objective``, or at the limit of float64.
    max_iter : int
        Most Newton steps.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    LogisticResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, fewer than two classes, negative weights; classes that a plane separates
        with ``alpha=0``, where no finite optimum exists.

    Warns
    -----
    ConvergenceWarning
        If the tolerance was not reached, with the bound that was and the cause.

    Notes
    -----
    The bound on the optimality gap follows from the Newton decrement by self-concordance: F. Bach, Self-concordant analysis for
    logistic regression, Electronic Journal of Statistics 4 (2010).
    """
    result, shortfall = fit_logistic(X, y, alpha, intercept, sample_weight, tol, max_iter, num_threads)
    if shortfall is not None:
        warnings.warn(shortfall, ConvergenceWarning, stacklevel=2)
    return result
