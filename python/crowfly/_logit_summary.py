# SPDX-License-Identifier: BSD-3-Clause
"""A logistic fit as text, in the order in which R's `summary.glm` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowfly._ols_summary import coefficient_table, number

if TYPE_CHECKING:
    from crowfly.logit import LogitResult

PENALTIES = {None: "maximum likelihood", "firth": "Jeffreys' prior (Firth)"}


def text(result: LogitResult, level: float) -> str:
    """All parts, empty lines between them."""
    return "\n\n".join([_head(result), coefficient_table(result, level, "z"), _tail(result)])


def _head(result: LogitResult) -> str:
    first, second = result.classes.tolist()
    return (
        f"Logistic regression: log-odds of {result.target_name} = {second!r} against {first!r}\n"
        f"{result.n} observations; {PENALTIES[result.penalty]}"
    )


def _tail(result: LogitResult) -> str:
    base = result.n - (len(result.params) - len(result.coef))
    return "\n".join(
        [
            f"Null deviance: {number(result.null_deviance)} on {base} degrees of freedom",
            f"Residual deviance: {number(result.deviance)} on {result.df_resid} degrees of freedom",
            f"Log-likelihood: {number(result.log_likelihood)}, AIC: {number(result.aic)}, BIC: {number(result.bic)}",
            f"Condition number (information matrix of scaled columns): {number(result.condition, 3)}",
        ]
    )
