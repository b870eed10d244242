# SPDX-License-Identifier: BSD-3-Clause
"""Binary logistic regression with what a statistician asks of it: standard errors, tests, intervals, deviance, a summary."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _logit_summary
from crowfly._linear_predictions import ClassPredictions
from crowfly._logistic_data import LogisticData, logistic_data
from crowfly._logistic_runs import Controls, as_controls, as_max_iter
from crowfly._sparse import is_sparse
from crowfly._validation import as_level, as_penalty, scan
from crowfly._warnings import ConvergenceWarning
from crowfly.inference import column_names, target_name_of
from crowfly.least_squares import columns_left_out
from crowfly.logistic import (
    DEFAULT_TOLERANCE,
    LogisticResult,
    SeparationError,
    as_prior,
    fit_data,
)

__all__ = ["LogitResult", "logit"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogitResult(ClassPredictions):
    """Result of `logit`.

    Arrays over coefficients have `k` entries: the intercept first, if there is one, then one per column of X. Those of columns that were left out
    because they depend on others (`dropped`) are NaN.

    Attributes
    ----------
    params : ndarray of shape (k,)
        Coefficients of the log-odds of the second class, the intercept first.
    coef : ndarray of shape (n_features,)
        Coefficients without the intercept.
    intercept : float
        Zero without an intercept.
    std_error : ndarray of shape (k,)
        Roots of the diagonal of `covariance`.
    z_values, p_values : ndarray of shape (k,)
        Wald's, of the hypotheses that a coefficient is zero, two-sided, standard normal.
    covariance : ndarray of shape (k, k)
        Of `params`: the inverse of the information matrix at them.
    names : tuple of str
        Of `params`: of a data frame's columns, else x1, x2, ...
    target_name : str
    classes : ndarray of shape (2,)
        The labels, sorted.
    penalty : {None, "firth"}
    n : int
        Rows with a positive weight.
    df_model, df_resid : int
        Slopes that were estimated; rows less coefficients.
    log_likelihood : float
        Of the data, without the prior.
    deviance, null_deviance : float
        Minus two times the log-likelihood, and that of the classes' shares (without an intercept of probabilities 1/2).
    aic, bic : float
        Deviance plus 2, or log(n), times the number of coefficients.
    condition : float
        Estimated condition number of the information matrix of the scaled columns.
    dropped : ndarray of int64
        Columns of X that were left out; predictions take them as zero.
    fit : LogisticResult
        The fit to the other columns.
    columns : tuple of str, or None
        Names of the columns of the data frame that was fitted to. Frames to predict for must have the same, in the same order.
    """

    params: FloatArray
    coef: FloatArray
    intercept: float
    std_error: FloatArray
    z_values: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    names: tuple[str, ...]
    target_name: str
    classes: NDArray[Any]
    penalty: str | None
    n: int
    df_model: int
    df_resid: int
    log_likelihood: float
    deviance: float
    null_deviance: float
    aic: float
    bic: float
    condition: float
    dropped: NDArray[np.int64]
    fit: LogisticResult = field(repr=False)
    columns: tuple[str, ...] | None = None

    def _coefficients(self) -> tuple[FloatArray, FloatArray]:
        return np.nan_to_num(self.coef)[np.newaxis], np.array([self.intercept])

    def conf_int(self, level: float = 0.95) -> FloatArray:
        """Wald's confidence intervals of the coefficients.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        ndarray of shape (k, 2)
            Lower and upper ends.

        Raises
        ------
        TypeError, ValueError
            If `level` is no number between 0 and 1.
        """
        from scipy.special import erfinv

        reach = float(np.sqrt(2) * erfinv(as_level(level))) * self.std_error
        return np.column_stack([self.params - reach, self.params + reach])

    def summary(self, level: float = 0.95) -> str:
        """The fit as text: coefficients with their tests and intervals, and the fit's statistics.

        Parameters
        ----------
        level : float
            Of the confidence intervals.

        Returns
        -------
        str

        Raises
        ------
        TypeError, ValueError
            If `level` is no number between 0 and 1.
        """
        return _logit_summary.text(self, as_level(level))

    def __str__(self) -> str:
        return self.summary()


def _refuse_penalty(alpha: object) -> None:
    if as_penalty(alpha) > 0:
        raise ValueError(
            f"alpha: 0 expected, got {alpha}: penalised coefficients are biased by an amount that the data don't tell, so standard errors would "
            "not say how far they are from the truth; fit without penalty or with penalty='firth', or resample (bootstrap) the whole fit"
        )


def _null_deviance(data: LogisticData, intercept: bool) -> float:
    share = np.bincount(data.codes, weights=data.weights)
    total = share.sum()
    return float(-2 * (share * np.log(share / total)).sum() if intercept else 2 * total * np.log(2))


def logit(
    X: ArrayLike,
    y: ArrayLike,
    *,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    penalty: str | None = None,
    alpha: float = 0.0,
    tol: float = DEFAULT_TOLERANCE,
    max_iter: int = 100,
    num_threads: int | None = None,
) -> LogitResult:
    """Fit logistic regression of two classes without penalty, or with Jeffreys' prior, with inference.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout; the names of a data frame's columns are kept for the summary.
    y : array_like of shape (n,)
        Labels of two classes.
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Repetitions of rows, for the likelihood; `n`, which counts rows, is not multiplied. A weight of zero equals leaving the row out.
    penalty : {None, "firth"}
        Maximum likelihood, or Jeffreys' prior: finite for separated classes, less biased in small samples.
    alpha : float
        Zero: there is no inference for penalised fits.
    tol, max_iter, num_threads
        As in `logistic`.

    Returns
    -------
    LogitResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: what `logistic` refuses, a penalty, more than two classes; classes that a plane separates, without penalty.

    Warns
    -----
    ConvergenceWarning
        If the fit did not reach its tolerance.

    Notes
    -----
    Columns that depend on others are left out, their coefficients NaN, as in R's ``glm``. Jeffreys' prior: D. Firth, Biometrika 80 (1993); G. Heinze and
    M. Schemper, Statistics in Medicine 21 (2002), whose standard errors these are.

    Examples
    --------
    >>> import crowfly
    >>> fit = crowfly.logit([[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1, 1])
    >>> fit.params.round(4).tolist(), fit.std_error.round(4).tolist()
    ([-1.5582, 1.0904], [1.9523, 0.9749])
    """
    if is_sparse(X):
        raise TypeError("X: a dense array expected, got a sparse matrix; use .toarray()")
    data = logistic_data(X, y, sample_weight)
    if len(data.classes) > 2:
        raise ValueError(
            f"y: two classes expected, got {len(data.classes)}; logistic fits more, without standard errors"
        )
    _refuse_penalty(alpha)
    prior = as_prior(penalty)
    controls = as_controls(intercept, tol, as_max_iter(max_iter), num_threads)
    scan("X", data.X, columns=data.columns, weights=data.of_all)
    n_features = data.X.shape[1]
    left_out = columns_left_out(
        data.X, data.codes, data.weights, intercept=controls.intercept, num_threads=controls.num_threads
    )
    kept = np.setdiff1d(np.arange(n_features), left_out)
    if not len(kept):
        raise ValueError(
            "X: at least one column that is not constant (without an intercept: not zero) expected"
        )
    if len(kept) < n_features:
        data = replace(data, X=np.ascontiguousarray(data.X[:, kept]))
    try:
        fit, shortfall = fit_data(data, controls, 0.0, 0.0, [1.0] * len(kept), prior)
    except SeparationError as error:
        # There is no inference with alpha > 0, which `logistic` advises.
        error.args = (str(error).replace("use alpha > 0, or", "use"),)
        raise
    if shortfall is not None:
        warnings.warn(shortfall, ConvergenceWarning, stacklevel=2)
    names = data.columns
    if names is not None:
        fit = replace(fit, columns=tuple(names[j] for j in kept.tolist()))
    labels = column_names(X, n_features, intercept=controls.intercept), target_name_of(y)
    return _result(fit, data, controls, prior, kept, labels, n_features)


def _result(
    fit: LogisticResult,
    data: LogisticData,
    controls: Controls,
    prior: str | None,
    kept: NDArray[np.int64],
    labels: tuple[tuple[str, ...], str],
    n_features: int,
) -> LogitResult:
    names, target_name = labels
    loss, covariance, condition = _core.logistic_information(
        data.X,
        data.codes,
        data.weights,
        controls.intercept,
        np.ascontiguousarray(fit.coef[0]),
        float(fit.intercept[0]),
        controls.num_threads,
    )
    first = len(names) - n_features
    places = np.concatenate([np.arange(first), kept + first])
    params, matrix = np.full(len(names), np.nan), np.full((len(names), len(names)), np.nan)
    params[places] = np.concatenate([fit.intercept[:first], fit.coef[0]])
    if covariance is not None:
        matrix[np.ix_(places, places)] = covariance
    error = np.sqrt(np.diag(matrix))
    with np.errstate(divide="ignore", invalid="ignore"):
        z_values = params / error
    n, k = len(data.X), len(places)
    return LogitResult(
        params=params,
        coef=params[first:],
        intercept=float(fit.intercept[0]),
        std_error=error,
        z_values=z_values,
        p_values=_two_sided(z_values),
        covariance=matrix,
        names=names,
        target_name=target_name,
        classes=data.classes,
        penalty=prior,
        n=n,
        df_model=len(kept),
        df_resid=n - k,
        log_likelihood=-loss,
        deviance=2 * loss,
        null_deviance=_null_deviance(data, controls.intercept),
        aic=2 * loss + 2 * k,
        bic=2 * loss + float(np.log(n)) * k,
        condition=condition,
        dropped=np.setdiff1d(np.arange(n_features), kept),
        fit=fit,
        columns=data.columns,
    )


def _two_sided(z_values: FloatArray) -> FloatArray:
    from scipy.special import erfc

    return np.asarray(erfc(np.abs(z_values) / np.sqrt(2)))
