# SPDX-License-Identifier: BSD-3-Clause
"""Ordinary and weighted least squares with what a statistician asks of it: standard errors, tests, intervals, a summary."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack, _ols_summary
from crowfly._covariance import Covariance, covariance_of
from crowfly._labels import as_label_array, check_labels_finite, number_labels
from crowfly._validation import (
    as_design,
    as_flag,
    as_matrix,
    as_num_threads,
    as_penalty,
    as_real,
    as_real_array,
    as_weights,
    check_same_columns,
    check_same_features,
    check_same_length,
    explain_not_finite,
    scan,
)
from crowfly._validation import column_names as names_of_frame
from crowfly.least_squares import LstsqResult, solve_least_squares

__all__ = ["OlsResult", "ols"]

FloatArray = NDArray[np.float64]

COV_TYPES = ("nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster")
INTERVALS = ("prediction", "confidence")


@dataclass(frozen=True, eq=False)
class OlsResult:
    """Result of `ols`.

    Arrays over coefficients have `k` entries: the intercept first, if there is one, then one per column of X. Those of columns that were left out
    because they depend on others (`dropped`) are NaN.

    Attributes
    ----------
    params : ndarray of shape (k,)
        Coefficients, the intercept first.
    coef : ndarray of shape (n_features,)
        Coefficients without the intercept.
    intercept : float
        Zero without an intercept.
    std_error : ndarray of shape (k,)
        Standard errors, by `cov_type`. NaN too where there are no residual degrees of freedom.
    t_values, p_values : ndarray of shape (k,)
        Of the hypotheses that a coefficient is zero, two-sided, Student's t with `df_t` degrees of freedom.
    covariance : ndarray of shape (k, k)
        Of `params`.
    names : tuple of str
        Of `params`: of a data frame's columns, else x1, x2, ...
    target_name : str
    cov_type : str
    n : int
        Rows with a positive weight.
    n_groups : int
        Groups of a clustered covariance, else 0.
    df_model, df_resid, df_t : int
        Slopes that were estimated; rows less coefficients; degrees of freedom of t: `df_resid`, or `n_groups` - 1.
    rss, tss : float
        Weighted sums of squares of the residuals, and of y about its mean (about zero without an intercept).
    sigma : float
        Residual standard deviation, the root of rss / df_resid (with weights: of an observation of weight one).
    r_squared, adjusted_r_squared : float
        1 - rss / tss, and the same of the mean squares.
    f_statistic, f_p_value : float
        Of the hypothesis that all slopes are zero; with a robust covariance Wald's. NaN without slopes.
    log_likelihood, aic, bic : float
        Gaussian. The criteria count the coefficients, not sigma.
    condition : float
        Estimated condition number of the (centred, weighted) columns scaled to unit length.
    durbin_watson : float
        Of the weighted residuals in the order of the rows.
    residuals : ndarray of shape (n,)
        y less the fitted values, of the rows with a positive weight.
    leverage : ndarray of shape (n,)
        Diagonal of the hat matrix.
    dropped : ndarray of int64
        Columns of X that were left out.
    """

    params: FloatArray
    coef: FloatArray
    intercept: float
    std_error: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    names: tuple[str, ...]
    target_name: str
    cov_type: str
    n: int
    n_groups: int
    df_model: int
    df_resid: int
    df_t: int
    rss: float
    tss: float
    sigma: float
    r_squared: float
    adjusted_r_squared: float
    f_statistic: float
    f_p_value: float
    log_likelihood: float
    aic: float
    bic: float
    condition: float
    durbin_watson: float
    residuals: FloatArray
    leverage: FloatArray
    dropped: NDArray[np.int64]
    _fit: LstsqResult = field(repr=False)
    _covariance: Covariance = field(repr=False)

    def conf_int(self, level: float = 0.95) -> FloatArray:
        """Confidence intervals of the coefficients.

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
        reach = _quantile(as_level(level), self.df_t) * self.std_error
        return np.column_stack([self.params - reach, self.params + reach])

    def predict(self, X: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Predict targets.

        Parameters
        ----------
        X : array_like of shape (m, n_features)

        Returns
        -------
        ndarray of shape (m,)

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with the features of the fit.
        """
        return self._fit.predict(self._kept(X), num_threads=num_threads)

    def predict_interval(
        self, X: ArrayLike, level: float = 0.95, *, kind: str = "prediction", num_threads: int | None = None
    ) -> FloatArray:
        """Intervals for targets at new rows.

        Parameters
        ----------
        X : array_like of shape (m, n_features)
        level : float
            Between 0 and 1.
        kind : {"prediction", "confidence"}
            For a new observation of weight one, or for the mean of the target given the row.

        Returns
        -------
        ndarray of shape (m, 2)
            Lower and upper ends.

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with the features of the fit, or `level` or `kind` none of the above.
        """
        quantile = _quantile(as_level(level), self.df_t)
        if kind not in INTERVALS:
            raise ValueError(f"kind: one of {', '.join(INTERVALS)} expected, got {kind!r}")
        kept = self._kept(X)
        centre = self._fit.predict(kept, num_threads=num_threads)
        error = self._covariance.standard_errors_of_rows(kept, as_num_threads(num_threads))
        if kind == "prediction":
            error = np.hypot(error, self.sigma)
        return np.column_stack([centre - quantile * error, centre + quantile * error])

    def summary(self, level: float = 0.95) -> str:
        """The fit as text: residuals, coefficients with their tests and intervals, and the fit's statistics.

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
        return _ols_summary.text(self, as_level(level))

    def __str__(self) -> str:
        return self.summary()

    def _kept(self, X: ArrayLike) -> NDArray[Any]:
        check_same_columns("X", names_of_frame(X), self._fit.columns)
        array = as_matrix("X", X)
        check_same_features("X", array, len(self.coef), "the fit")
        scan("X", array)
        return np.delete(array, self.dropped, axis=1) if len(self.dropped) else array


def as_level(level: object) -> float:
    """A probability that is neither 0 nor 1."""
    number = as_real("level", level, 0)
    if not 0 < number < 1:
        raise ValueError(f"level: a number between 0 and 1 expected, got {level}")
    return number


def _quantile(level: float, df: int) -> float:
    """Of |t|, Student's; NaN without degrees of freedom. Of the level itself: (1 + level) / 2 is rounded, which costs digits at both ends."""
    from scipy.special import betaincinv

    if df <= 0:
        return np.nan
    inside, outside = betaincinv(0.5, df / 2, level), betaincinv(df / 2, 0.5, 1 - level)
    return float(np.sqrt(df * inside / outside))


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
    weights = as_weights(sample_weight, len(design))
    with_intercept = as_flag("intercept", intercept)
    kind = _as_cov_type(cov_type, groups)
    _refuse_penalty(alpha)
    threads = as_num_threads(num_threads)
    rows = None if weights is None or weights.all() else weights > 0
    numbers, n_groups = _as_groups(groups, len(design), rows)
    if rows is not None and weights is not None:
        design, target, weights = design[rows], target[rows], weights[rows]
    fit, kept = full_rank_fit(design, target, with_intercept, weights, num_threads)
    if not len(kept) and not with_intercept:
        raise ValueError("X: at least one column that is not zero expected")
    power = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}.get(kind)
    _lapack.install()
    columns = design[:, kept] if len(kept) < n_features else design
    try:
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
    except _core.NotFiniteError:
        raise explain_not_finite(X=columns, y=target) from None
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
