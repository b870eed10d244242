# SPDX-License-Identifier: BSD-3-Clause
"""Binary and multinomial logistic regression with a certificate of optimality."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._linear_predictions import ClassPredictions
from crowfly._logistic_data import LogisticData, is_wide, logistic_data
from crowfly._logistic_rank import fit_independent, may_depend
from crowfly._logistic_runs import (
    STOPPED,
    Controls,
    as_controls,
    as_max_iter,
    run_firth,
    run_newton,
    run_path,
)
from crowfly._penalty_arguments import as_l1_ratio, as_penalty_factors
from crowfly._separation import is_separated
from crowfly._sparse import is_sparse
from crowfly._validation import (
    LARGEST_WEIGHT,
    as_penalty,
    as_real,
    column_names,
    shown,
)
from crowfly._warnings import ConvergenceWarning, warn_of_dependence

__all__ = ["LogisticResult", "SeparationError", "logistic"]


#: This very object tells that no `alpha` was given.
DEFAULT_ALPHA = float("1")
#: On the certified gap, relative to the objective: near the limit of float64, since Newton's last step is the cheapest.
DEFAULT_TOLERANCE = 1e-12


class SeparationError(ValueError):
    """A plane separates classes, and without a penalty no finite coefficients are the best."""

    #: Where the steps ended; None where they overflowed.
    fit: LogisticResult | None = None


@dataclass(frozen=True, eq=False)
class LogisticResult(ClassPredictions):
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
        2-norm of the gradient of the objective with respect to coef and intercept (with an L1 part: of the smallest subgradient).
    optimality_gap : float
        Upper bound on objective minus its minimum; infinity where none could be certified. With `dependent_columns`, the minimum for X with these columns
        as the combinations of others that they are up to rounding.
    converged : bool
        The gap is below ``tol * objective``, or the objective can't be resolved further in float64.
    columns : tuple of str, or None
        Names of the columns of the data frame that was fitted to. Frames to predict for must have the same, in the same order.
    dependent_columns : ndarray of int64
        Without a penalty, of a dense X: columns that are linear combinations of the others kept. The coefficients are then the shortest of all minimisers
        (with an intercept: for centred columns).
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
    columns: tuple[str, ...] | None = None
    dependent_columns: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def _coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.coef, self.intercept


_SEPARATED = (
    "X: a plane separates classes (at most touching them), so that without a penalty (alpha=0) no finite coefficients are "
    "the best; use alpha > 0"
)
#: Coefficients for larger numbers have squares that float64 does not hold.
LARGEST_FEATURE = 1e100
_CURE = ', or penalty="firth"'
_SEPARATED_BY_SOME = (
    "X: a plane through the features with penalty_factor=0 separates classes (at most touching them), so that no finite "
    "coefficients are the best; raise their factors"
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


def as_factors(penalty_factor: ArrayLike | None, n_features: int, alpha: float) -> list[float]:
    """One factor per feature, whose product with alpha is in range."""
    factors = as_penalty_factors(penalty_factor, n_features)
    finite = np.array(factors)
    largest = float(finite[np.isfinite(finite)].max(initial=0.0))
    if alpha * largest > LARGEST_WEIGHT:
        raise ValueError(
            f"penalty_factor: numbers whose product with alpha is at most {LARGEST_WEIGHT:g}, or inf, expected, got {largest:g}"
        )
    return factors


#: The fewest steps allowed for which another way is tried where a fit stopped: from penalties by this factor larger, and so many.
MANY_STEPS, LARGER_PENALTY, N_LARGER_PENALTIES = 100, 5.0, 10


def finished(
    fit: dict[str, Any], data: LogisticData, controls: Controls, alpha: float, factors: list[float]
) -> tuple[LogisticResult, str | None]:
    """The result of a fit that has a minimum, and what a warning would say; SeparationError for one without."""
    free = np.flatnonzero(np.array(factors) == 0) if alpha > 0 else np.flatnonzero(np.isfinite(factors))
    separated: bool | None = fit["status"] == "separated"
    if not separated and len(free) and (fit["may_be_separated"] or fit["status"] == "iteration_limit"):
        columns = data.X if len(free) == data.X.shape[1] else data.X[:, free]
        # A fit that was stopped is undecided anyway: its limit is what there is to say.
        separated = is_separated(columns, data.codes, len(data.classes), controls.intercept)
        if separated is None and fit["status"] == "iteration_limit":
            separated = False
    if separated is None:
        fit["status"] = "undecided"
    lost = ~np.isfinite(fit["coef"]).all(axis=0)
    if separated and alpha > 0 and not len(free):
        # Every coefficient is penalised, so there is a minimum; the penalty of coefficients for such features underflows beside the loss.
        raise ValueError(f"X: {_out_of_range(data.X)}")
    if separated:
        cure = "" if is_sparse(data.X) else _CURE
        error = SeparationError(_SEPARATED + cure if alpha == 0 else _SEPARATED_BY_SOME)
        error.fit = (
            None
            if lost.any()
            else replace(_result_of(fit, data, None), optimality_gap=np.inf, converged=False)
        )
        raise error
    if lost.any():
        raise ValueError(
            f"X: the coefficient of column {lost.argmax()} overflows float64; multiply that column by a power of two"
        )
    shortfall = _shortfall(fit, alpha)
    if shortfall is not None and _largest(data.X) > LARGEST_FEATURE:
        shortfall += f", and X has {_out_of_range(data.X)}"
    return _result_of(fit, data, shortfall), shortfall


def _largest(X: Any) -> float:
    values = X.data if is_sparse(X) else X
    return float(np.abs(values).max(initial=0.0))


def _out_of_range(X: Any) -> str:
    return (
        f"numbers up to {_largest(X):.1g}, for whose coefficients squares underflow; divide by a power of two"
    )


def _result_of(fit: dict[str, Any], data: LogisticData, shortfall: str | None) -> LogisticResult:
    return LogisticResult(
        classes=data.classes,
        coef=fit["coef"],
        intercept=fit["intercept"],
        n_iter=fit["n_iter"],
        n_reads=fit["n_reads"],
        objective=fit["objective"],
        gradient_norm=fit["gradient_norm"],
        optimality_gap=fit["gap"],
        converged=shortfall is None,
    )


def fit_logistic(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alpha: float,
    intercept: bool,
    sample_weight: ArrayLike | None,
    tol: float,
    max_iter: int,
    num_threads: int | None,
    l1_ratio: float = 0.0,
    penalty_factor: ArrayLike | None = None,
    penalty: str | None = None,
) -> tuple[LogisticResult, str | None]:
    """Do the work of `logistic`; the warning it would give is returned instead, for callers with a warning class of their own."""
    data = logistic_data(X, y, sample_weight)
    strength = as_penalty(alpha)
    ratio = as_l1_ratio(l1_ratio)
    prior = as_prior(penalty)
    if prior is not None and (strength != 1 or ratio or penalty_factor is not None):
        raise ValueError(
            "penalty: 'firth' expected alone, without alpha, l1_ratio or penalty_factor: Jeffreys' prior has no strength to set"
        )
    factors = as_factors(penalty_factor, data.X.shape[1], strength)
    controls = as_controls(intercept, tol, max_iter, num_threads)
    return fit_data(data, controls, strength, ratio, factors, prior)


def as_prior(penalty: object) -> str | None:
    """None or "firth"."""
    if penalty is None:
        return None
    if isinstance(penalty, str) and penalty == "firth":
        return "firth"
    raise ValueError(
        f"penalty: None or 'firth' expected, got {shown(penalty)}; for L1 and L2 set alpha and l1_ratio"
    )


def fit_data(
    data: LogisticData,
    controls: Controls,
    penalty: float,
    ratio: float,
    factors: list[float],
    prior: str | None,
) -> tuple[LogisticResult, str | None]:
    """Fit to checked arguments."""
    if prior is not None:
        if is_sparse(data.X):
            raise TypeError(
                "X: a dense array expected with penalty='firth', got a sparse matrix; use .toarray()"
            )
        return finished(run_firth(data, controls), data, controls, 1.0, factors)
    many_features = penalty > 0 and is_wide(data, factors)
    if is_sparse(data.X) or many_features or (ratio > 0 and penalty > 0) or not np.isfinite(factors).all():
        fit = run_path(data, controls, ratio, factors, [penalty])[1][0]
        if fit["status"] in STOPPED and ratio > 0 and penalty > 0 and controls.max_iter >= MANY_STEPS:
            fit = _from_larger_penalties(fit, data, controls, ratio, factors, penalty)
    else:
        fit = run_newton(data, controls, penalty, factors)
    free = penalty == 0 and np.isfinite(factors).all()
    if free and fit["status"] == "converged" and may_depend(data.X, fit["gap"], intercept=controls.intercept):
        return _of_independent_columns(fit, data, controls, factors)
    return finished(fit, data, controls, penalty, factors)


def _of_independent_columns(
    uncertified: dict[str, Any], data: LogisticData, controls: Controls, factors: list[float]
) -> tuple[LogisticResult, str | None]:
    """The shortest of the minimisers, certified, where columns depend on each other: they, too, leave the Hessian singular, and cost less to look for than what separates classes."""
    found = fit_independent(data, controls)
    if found is None:
        return finished(uncertified, data, controls, 0.0, factors)
    fit, dependent = found
    for count in ("n_iter", "n_reads"):
        fit[count] += uncertified[count]
    result, shortfall = finished(fit, data, controls, 0.0, factors)
    return replace(result, dependent_columns=dependent), shortfall


def _from_larger_penalties(
    stopped: dict[str, Any],
    data: LogisticData,
    controls: Controls,
    ratio: float,
    factors: list[float],
    penalty: float,
) -> dict[str, Any]:
    """The fit, from those of larger penalties: where classes nearly separate, the loss is flat far from the minimum, and from zero Newton's steps get lost there."""
    alphas = [penalty * LARGER_PENALTY**k for k in range(N_LARGER_PENALTIES, -1, -1)]
    fits = run_path(data, controls, ratio, factors, alphas)[1]
    best = min(stopped, fits[-1], key=lambda fit: (fit["status"] in STOPPED, fit["gap"]))
    for count in ("n_iter", "n_reads"):
        best[count] = stopped[count] + sum(fit[count] for fit in fits)
    return best


def _strength(alpha: float, C: float | None) -> float:
    """The strength of the penalty, given as such or as its inverse."""
    if C is None:
        return alpha
    if alpha is not DEFAULT_ALPHA:
        raise ValueError(
            f"C: to be given instead of alpha, not beside it, got C={shown(C)} and alpha={shown(alpha)}"
        )
    number = as_real("C", C, -np.inf, allow_infinite=True)
    if number < 1 / LARGEST_WEIGHT:
        raise ValueError(f"C: a number >= {1 / LARGEST_WEIGHT:g} (alpha = 1 / C) expected, got {number:g}")
    return 1 / number


def logistic(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alpha: float = DEFAULT_ALPHA,
    C: float | None = None,
    l1_ratio: float = 0.0,
    penalty_factor: ArrayLike | None = None,
    penalty: str | None = None,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    tol: float = DEFAULT_TOLERANCE,
    max_iter: int = 100,
    num_threads: int | None = None,
) -> LogisticResult:
    r"""Fit logistic regression by Newton's method.

    Minimises, with weights :math:`w`, penalty factors :math:`f` and mixing :math:`\rho`,

    .. math::
        \sum_i w_i \ell(y_i, x_i \cdot b + b_0)
        + \alpha \sum_j f_j \left(\rho |b_j| + \frac{1 - \rho}{2} b_j^2\right)

    with the logistic loss for two classes and the softmax loss for more (where the coefficients of every class are penalised); the intercept is not penalised.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout, unscaled columns welcome. Or a sparse matrix of SciPy, of any format and real dtype, which is never made
        dense as a whole (not with ``penalty="firth"``).
    y : array_like of shape (n,)
        Labels that can be sorted: bool, int, str; float if integer-valued.
    alpha : float
        Strength of the penalty; 0 for none.
    C : float, optional
        Its inverse, as scikit-learn has it, instead of `alpha`; infinity for no penalty.
    l1_ratio : float
        :math:`\rho`, from 0 (L2) to 1 (L1). Above 0, coefficients may be exactly zero.
    penalty_factor : array_like of shape (n_features,), optional
        Factors of the features' penalties: 0 is no penalty, inf leaves a feature out.
    penalty : {None, "firth"}
        "firth" is Jeffreys' prior, minus half the logarithm of the information matrix' determinant (of several classes, of contrasts with one of them),
        instead of the penalties above: finite even where classes are separated. Its optimality gap is infinite: the objective is not convex.
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Non-negative; a weight of zero equals leaving the row out.
    tol : float
        The fit ends once objective minus minimum is certified to be below ``tol * objective``, or at the limit of float64.
    max_iter : int
        Most Newton steps. An L1 fit that 100 or more don't finish is begun again from larger penalties, so many steps for each.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    LogisticResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, fewer than two classes, negative weights; classes that a plane separates
        with ``alpha=0`` (or through the features with factor 0), where no finite optimum exists.

    Warns
    -----
    ConvergenceWarning
        If the tolerance was not reached, with the bound that was and the cause.
    numpy.exceptions.RankWarning
        If there is no penalty and columns of a dense X depend on each other (up to rounding).

    Notes
    -----
    The bound on the optimality gap follows from the Newton decrement by self-concordance (F. Bach, Self-concordant analysis for
    logistic regression, Electronic Journal of Statistics 4, 2010); with an L1 part it is a duality gap. Steps are then minima of the quadratic model
    with the penalty (J. Lee, Y. Sun and M. Saunders, SIAM Journal on Optimization 24, 2014). Jeffreys' prior: D. Firth, Biometrika 80 (1993).
    """
    result, shortfall = fit_logistic(
        X,
        y,
        alpha=_strength(alpha, C),
        intercept=intercept,
        sample_weight=sample_weight,
        tol=tol,
        max_iter=as_max_iter(max_iter),
        num_threads=num_threads,
        l1_ratio=l1_ratio,
        penalty_factor=penalty_factor,
        penalty=penalty,
    )
    if shortfall is not None:
        warnings.warn(shortfall, ConvergenceWarning, stacklevel=2)
    names = column_names(X)
    if result.dependent_columns.size:
        warn_of_dependence(
            result.dependent_columns, result.coef.shape[1], names, intercept=bool(intercept), stacklevel=2
        )
    return replace(result, columns=names)
