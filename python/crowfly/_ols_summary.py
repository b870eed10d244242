# SPDX-License-Identifier: BSD-3-Clause
"""A fit of least squares as text, in the order in which R's `summary.lm` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from crowfly._ols_result import OlsResult

STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))
COVARIANCES = {
    "nonrobust": "equal variances (nonrobust)",
    "HC0": "robust to unequal variances (HC0)",
    "HC1": "robust to unequal variances (HC1)",
    "HC2": "robust to unequal variances (HC2)",
    "HC3": "robust to unequal variances (HC3)",
}


def text(result: OlsResult, level: float) -> str:
    parts = [_head(result), _residuals(result), coefficient_table(result, level), _tail(result)]
    return "\n\n".join(parts)


def number(value: float, digits: int = 5) -> str:
    """To some significant digits."""
    return f"{value:.{digits}g}"


def _p_value(value: float) -> str:
    tiny = np.finfo(np.float64).eps
    return f"<{tiny:.2g}" if value < tiny else number(value, 3)


def _table(rows: list[list[str]]) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if j == 0 else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _head(result: OlsResult) -> str:
    covariance = COVARIANCES.get(result.cov_type, f"clustered in {result.n_groups} groups (cluster)")
    return f"Least squares: {result.target_name}\n{result.n} observations; standard errors: {covariance}"


def _residuals(result: OlsResult) -> str:
    quantiles = np.quantile(result.residuals, [0, 0.25, 0.5, 0.75, 1])
    names = ["Min", "1Q", "Median", "3Q", "Max"]
    return "Residuals:\n" + _table([["", *names], ["", *(number(value) for value in quantiles)]])


class _Fit(Protocol):
    """What a table of coefficients needs of a fit."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def params(self) -> NDArray[np.float64]: ...
    @property
    def coef(self) -> NDArray[np.float64]: ...
    @property
    def std_error(self) -> NDArray[np.float64]: ...
    @property
    def p_values(self) -> NDArray[np.float64]: ...
    @property
    def dropped(self) -> NDArray[np.int64]: ...
    def conf_int(self, level: float = 0.95) -> NDArray[np.float64]: ...


def coefficient_table(result: _Fit, level: float, statistic: str = "t") -> str:
    """Estimates with their tests and intervals; `statistic` names the test's."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = result.params / result.std_error
    tail = 100 * (1 - level) / 2
    head = [
        "",
        "Estimate",
        "Std. Error",
        f"{statistic} value",
        f"Pr(>|{statistic}|)",
        f"{tail:g} %",
        f"{100 - tail:g} %",
        "",
    ]
    rows = [head]
    dropped = {int(j) + len(result.names) - len(result.coef) for j in result.dropped}
    for j, (name, interval) in enumerate(zip(result.names, result.conf_int(level), strict=True)):
        if j in dropped:
            rows.append([name, *["NA"] * 6, ""])
            continue
        p_value = result.p_values[j]
        stars = next((mark for limit, mark in STARS if p_value < limit), "")
        numbers = [result.params[j], result.std_error[j]]
        rows.append(
            [
                name,
                *(number(value, 7) for value in numbers),
                f"{ratios[j]:.3f}" if abs(ratios[j]) < 1e5 else number(ratios[j], 4),
                _p_value(p_value),
                *(number(value) for value in interval),
                stars,
            ]
        )
    # Marks stand to the left of their column.
    width = max(len(row[-1]) for row in rows)
    for row in rows:
        row[-1] = row[-1].ljust(width)
    lines = ["Coefficients:", _table(rows), "---", "Signif. codes: 0 *** 0.001 ** 0.01 * 0.05 . 0.1"]
    if dropped:
        names = ", ".join(result.names[j] for j in sorted(dropped))
        lines.insert(1, f"({len(dropped)} not defined, since these columns depend on the others: {names})")
    return "\n".join(lines)


def _tail(result: OlsResult) -> str:
    if result.df_resid == 0:
        sigma = "No residual degrees of freedom: standard errors can't be estimated."
    else:
        sigma = f"Residual standard error: {number(result.sigma)} on {result.df_resid} degrees of freedom"
    lines = [
        sigma,
        f"R-squared: {number(result.r_squared)}, adjusted R-squared: {number(result.adjusted_r_squared)}",
    ]
    if not np.isnan(result.f_statistic):
        lines.append(
            f"F-statistic: {number(result.f_statistic, 4)} on {result.df_model} and {result.df_t} DF, "
            f"p-value: {_p_value(result.f_p_value)}"
        )
    lines.append(
        f"Log-likelihood: {number(result.log_likelihood)}, AIC: {number(result.aic)}, BIC: {number(result.bic)}"
    )
    lines.append(
        f"Durbin-Watson: {number(result.durbin_watson, 4)}, condition number (columns of unit length): {number(result.condition, 3)}"
    )
    return "\n".join(lines)
