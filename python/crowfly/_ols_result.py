# SPDX-License-Identifier: BSD-3-Clause
"""What `ols` returns: estimates, tests, intervals, predictions and the summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _ols_summary
from crowfly._covariance import Covariance
from crowfly._validation import (
    as_level,
    as_matrix,
    as_num_threads,
    check_same_columns,
    check_same_features,
    scan,
)
from crowfly._validation import column_names as names_of_frame
from crowfly.least_squares import LstsqResult

FloatArray = NDArray[np.float64]

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
        scan("X", array, columns=names_of_frame(X))
        return np.delete(array, self.dropped, axis=1) if len(self.dropped) else array


def _quantile(level: float, df: int) -> float:
    """Of |t|, Student's; NaN without degrees of freedom. Of the level itself: (1 + level) / 2 is rounded, which costs digits at both ends."""
    from scipy.special import betaincinv

    if df <= 0:
        return np.nan
    inside, outside = betaincinv(0.5, df / 2, level), betaincinv(df / 2, 0.5, 1 - level)
    return float(np.sqrt(df * inside / outside))
