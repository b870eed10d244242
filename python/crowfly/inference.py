# SPDX-License-Identifier: BSD-3-Clause
"""Ordinary and weighted least squares with what a statistician asks of it: standard errors, tests, intervals, a summary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack
from crowfly._covariance import Covariance, covariance_of
from crowfly._labels import as_label_array, check_labels_finite, number_labels
from crowfly._ols_result import OlsResult
from crowfly._validation import (
    as_design,
    as_flag,
    as_num_threads,
    as_penalty,
    as_real_array,
    as_weights,
    check_same_length,
    scan,
    telling_what_overflows,
)
from crowfly._validation import column_names as names_of_frame
from crowfly.least_squares import LstsqResult, solve_least_squares

__all__ = ["OlsResult", "ols"]

FloatArray = NDArray[np.float64]

COV_TYPES = ("nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster")


def _two_sided(t_values: FloatArray, df: int) -> FloatArray:
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(df, -np.abs(t_values)) if df > 0 else np.full(len(t_values), np.nan))


def _refuse_penalty(alpha: object) -> None:
    if as_penalty(alpha) > 0:
        raise ValueError(
            f"alpha: 0 expected, got {alpha}: penalised coefficients are biased by an amount that the data don't tell, so standard errors would "
            "not say how far they are from the truth; fit without penalty, or resample (bootstrap) the whole fit"
        )


def _as_cov_type(cov_type: object, groups: ArrayLike | None) -> str:
    if not isinstance(cov_type, str) or cov_type not in COV_TYPES:
        raise ValueError(f"cov_type: one of {', '.join(COV_TYPES)} expected, got {cov_type!r}")
    if (cov_type == "cluster") != (groups is not None):
        given = "no groups" if groups is None else f"groups and cov_type={cov_type!r}"
        raise ValueError(f"groups: to be given with cov_type='cluster', and only then; got {given}")
    return cov_type


def _as_target(y: ArrayLike, n_rows: int) -> NDArray[Any]:
    target = as_real_array("y", y, (1,))
    check_same_length("y", target, n_rows, "X")
    scan("y", target)
    return target


def _as_groups(groups: ArrayLike | None, n_rows: int, kept: NDArray[np.bool_] | None) -> Any:
    """The number of each row's group, and how many there are."""
    if groups is None:
        return None, 0
    labels = as_label_array("groups", groups)
    if labels.ndim != 1:
        raise ValueError(f"groups: 1 dimension expected, got shape {labels.shape}")
    check_same_length("groups", labels, n_rows, "X")
    check_labels_finite("groups", labels)
    classes, numbers = number_labels("groups", labels if kept is None else labels[kept])
    if len(classes) < 2:
        raise ValueError("groups: at least two groups expected, got one: it has no variance between groups")
    return np.ascontiguousarray(numbers, dtype=np.int32), len(classes)


def column_names(X: Any, n_features: int, *, intercept: bool) -> tuple[str, ...]:
    """Of a data frame's columns where all are strings, as scikit-learn has it."""
    columns = [name for name in getattr(X, "columns", ()) if isinstance(name, str)]
    if len(columns) != n_features:
        columns = [f"x{j + 1}" for j in range(n_features)]
    return ("(Intercept)", *columns) if intercept else tuple(columns)


def target_name_of(y: Any) -> str:
    """Of a series, else y."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) else "y"


def full_rank_fit(
    X: NDArray[Any], y: NDArray[Any], intercept: bool, weights: FloatArray | None, num_threads: int | None
) -> tuple[LstsqResult, NDArray[np.int64]]:
    """A fit to independent columns, and which columns these are."""
    kept = np.arange(X.shape[1], dtype=np.int64)
    while True:
        # Without columns there is nothing that `lstsq` would take: a column of zeros has the same fit.
        columns = X[:, kept] if len(kept) < X.shape[1] else X
        if not len(kept):
            fit = solve_least_squares(np.zeros((len(X), 1)), y, intercept=intercept, sample_weight=weights)
            return LstsqResult(
                np.empty(0), fit.intercept, 0, 1.0, fit.rss, fit.method, kept, fit.n_reads
            ), kept
        fit = solve_least_squares(
            columns, y, intercept=intercept, sample_weight=weights, num_threads=num_threads
        )
        if not len(fit.dependent_columns):
            return fit, kept
        kept = np.delete(kept, fit.dependent_columns)


def ols(
    X: ArrayLike,
    y: ArrayLike,
    *,
    intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    cov_type: str = "nonrobust",
    groups: ArrayLike | None = None,
    alpha: float = 0.0,
    num_threads: int | None = None,
) -> OlsResult:
    r"""Fit ordinary or weighted least squares, with inference.

    The coefficients are those of `lstsq`, to the bit.

    Parameters
    ----------
    X : array_like of shape (n, n_features)
        float32 or float64 in any layout; the names of a data frame's columns are kept for the summary.
    y : array_like of shape (n,)
    intercept : bool
    sample_weight : array_like of shape (n,), optional
        Precisions: the variance of :math:`y_i` is :math:`\sigma^2 / w_i`. A weight of zero equals leaving the row out. Weights that count
        repetitions would need as many rows for the degrees of freedom: repeat the rows instead.
    cov_type : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster"}
        Equal variances; variances that differ from row to row (HC3 is the choice for small samples, HC1 is Stata's); rows that depend on each other
        within `groups`.
    groups : array_like of shape (n,), optional
        Labels of the clusters, for `cov_type="cluster"`.
    alpha : float
        Zero: there is no inference for penalised fits.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    OlsResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: what `lstsq` refuses; a penalty; an unknown `cov_type`; groups without a clustered covariance or the other way round, or a single
        group; HC2 and HC3 with a row of leverage one, whose residual says nothing.

    Notes
    -----
    Columns that depend on others are left out, their coefficients NaN, as in R's ``lm``.

    Robust covariances: MacKinnon and White (1985), "Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties"; with
    clusters the factor :math:`G/(G-1) \cdot (n-1)/(n-k)`: Cameron and Miller (2015), "A practitioner's guide to cluster-robust inference".

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> fit = crowfly.ols(x, [1.0, 3.0, 2.0, 6.0])
    >>> fit.params
    array([-0.5,  1.4])
    >>> round(float(fit.p_values[1]), 4)
    0.1633
    """
    design = as_design(X)
    n_features = design.shape[1]
    target = _as_target(y, len(design))
    of_all = weights = as_weights(sample_weight, len(design))
    with_intercept = as_flag("intercept", intercept)
    kind = _as_cov_type(cov_type, groups)
    _refuse_penalty(alpha)
    threads = as_num_threads(num_threads)
    rows = None if weights is None or weights.all() else weights > 0
    numbers, n_groups = _as_groups(groups, len(design), rows)
    if rows is not None and weights is not None:
        design, target, weights = design[rows], target[rows], weights[rows]
    scan("X", design, columns=names_of_frame(X), weights=of_all)
    fit, kept = full_rank_fit(design, target, with_intercept, weights, num_threads)
    if not len(kept) and not with_intercept:
        raise ValueError("X: at least one column that is not zero expected")
    power = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}.get(kind)
    _lapack.install()
    columns = design[:, kept] if len(kept) < n_features else design
    with telling_what_overflows(X=columns, y=target):
        parts = _core.regression_inference(
            columns,
            target[:, np.newaxis],
            weights,
            with_intercept,
            np.ascontiguousarray(fit.coef),
            float(fit.intercept),
            power,
            numbers,
            n_groups,
            threads,
        )
    covariance = covariance_of(parts, kind, n_groups, with_intercept)
    labels = column_names(X, n_features, intercept=with_intercept), target_name_of(y)
    fit = replace(fit, columns=names_of_frame(X))
    return _result(fit, kept, parts, covariance, weights, kind, n_groups, labels, n_features)


def _result(
    fit: LstsqResult,
    kept: NDArray[np.int64],
    parts: dict[str, Any],
    covariance: Covariance,
    weights: FloatArray | None,
    cov_type: str,
    n_groups: int,
    labels: tuple[tuple[str, ...], str],
    n_features: int,
) -> OlsResult:
    """The derived statistics. Sums of squares are of scaled targets until the end, so that they don't overflow before their ratios are taken."""
    names, target_name = labels
    first = len(names) - n_features
    places = np.concatenate([np.arange(first), kept + first])
    n, k = len(parts["residuals"]), len(places)
    df_resid, df_model = n - k, len(kept)
    df_t = n_groups - 1 if cov_type == "cluster" else df_resid
    estimates = np.concatenate([np.full(first, fit.intercept), fit.coef])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        errors = covariance.standard_errors()
        t_values = estimates / errors
        unit = parts["target_scale"]
        residual, total, explained = (
            np.float64(parts[name]) for name in ("residual_sum", "total_sum", "explained_sum")
        )
        r_squared = explained / total
        adjusted = 1 - residual / df_resid / (total / (n - first)) if df_resid > 0 else np.nan
        f_statistic, f_p_value = covariance.f_test(estimates, explained, df_model, df_t)
        if not total > 0:
            # A constant target: what the fit explains of it, and what it leaves, is rounding.
            r_squared = np.float64(np.nan)
            adjusted = f_statistic = f_p_value = np.nan
        log_weights = 0.0 if weights is None else float(np.log(weights).sum())
        log_variance = np.log(2 * np.pi * residual / n) - 2 * np.log(unit)
        log_likelihood = -n / 2 * (log_variance + 1) + log_weights / 2
        rss, tss = residual / unit / unit, total / unit / unit
        sigma = np.sqrt(residual / df_resid) / unit if df_resid > 0 else np.nan
        matrix = covariance.matrix()

    def spread(values: FloatArray) -> FloatArray:
        if k == len(names):
            return values
        full = np.full((len(names),) * values.ndim, np.nan)
        full[np.ix_(*[places] * values.ndim)] = values
        return full

    params = spread(estimates)
    return OlsResult(
        params=params,
        coef=params[first:],
        intercept=float(fit.intercept),
        std_error=spread(errors),
        t_values=spread(t_values),
        p_values=spread(_two_sided(t_values, df_t)),
        covariance=spread(matrix),
        names=names,
        target_name=target_name,
        cov_type=cov_type,
        n=n,
        n_groups=n_groups,
        df_model=df_model,
        df_resid=df_resid,
        df_t=df_t,
        rss=float(rss),
        tss=float(tss),
        sigma=float(sigma),
        r_squared=float(r_squared),
        adjusted_r_squared=float(adjusted),
        f_statistic=f_statistic,
        f_p_value=f_p_value,
        log_likelihood=float(log_likelihood),
        aic=float(2 * k - 2 * log_likelihood),
        bic=float(k * np.log(n) - 2 * log_likelihood),
        condition=fit.condition,
        durbin_watson=parts["durbin_watson"],
        residuals=parts["residuals"],
        leverage=parts["leverage"],
        dropped=np.delete(np.arange(n_features), kept),
        _fit=fit,
        _covariance=covariance,
    )
