# SPDX-License-Identifier: BSD-3-Clause
"""glum: generalised linear models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.competitors.base import Competitor, Method, ladder, two_classes_only
from bench.competitors.estimators import fitter
from bench.results import Fact
from bench.tasks import Problem


def _model(family: str) -> Callable[[Problem, float | None], Any]:
    def make(problem: Problem, setting: float | None) -> Any:
        from glum import GeneralizedLinearRegressor

        return GeneralizedLinearRegressor(
            family=family,
            alpha=problem.parameters.get("alpha", 0.0) / len(problem.arrays["y"]),
            gradient_tol=setting,
            max_iter=1000,
            fit_intercept=bool(problem.parameters.get("intercept", True)),
        )

    return make


def _one_target_only(facts: Mapping[str, Fact]) -> str:
    return "" if facts.get("targets", 1) == 1 else "it fits one target"


COMPETITORS = (
    Competitor(
        name="glum",
        package="glum",
        module="glum",
        methods={
            "least squares": Method(fitter(_model("normal")), declines=_one_target_only),
            "least squares, exact": Method(fitter(_model("normal"))),
            "ridge": Method(fitter(_model("normal")), declines=_one_target_only),
            "logistic regression": ladder(
                fitter(_model("binomial")), label="gradient_tol={:g}", declines=two_classes_only
            ),
            "logistic regression, exact": Method(fitter(_model("binomial"))),
        },
        threads="OMP_NUM_THREADS",
        objective="mean of losses: alpha / n",
    ),
)
