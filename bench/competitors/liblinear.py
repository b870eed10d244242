# SPDX-License-Identifier: BSD-3-Clause
"""liblinear's parallel version: trust-region Newton (L2), coordinate descent (L1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.competitors.base import Competitor, ladder, two_classes_only
from bench.tasks import Problem


def _logistic(solver: int, intercept: bool) -> Callable[[Problem], Callable[[float | None], Any]]:
    def start(problem: Problem) -> Callable[[float | None], Any]:
        from liblinear.liblinearutil import train

        X, y = problem.arrays["X"], np.where(problem.arrays["y"] == 1, 1.0, -1.0)
        p, bias = X.shape[1], "-B 1 -R" if intercept else ""
        cost = 1 / problem.parameters["alpha"]

        def fit(setting: float | None) -> Any:
            options = f"-s {solver} -c {cost!r} -e {setting!r} -m {problem.threads} {bias} -q"
            model = train(y, X, options)
            weights = np.ctypeslib.as_array(model.w, shape=(p + intercept,)).copy()
            # The first label that it saw is the positive one.
            weights *= 1.0 if model.get_labels()[0] == 1 else -1.0
            return weights[:p], weights[p:] if intercept else 0.0

        return fit

    return start


COMPETITORS = (
    Competitor(
        name="liblinear-multicore",
        package="liblinear-multicore",
        module="liblinear",
        methods={
            "logistic regression": ladder(
                _logistic(0, True), label="-e {:g}", declines=two_classes_only, grid_only=True
            ),
            "L1 logistic regression": ladder(_logistic(6, False), label="-e {:g}"),
        },
        threads="-m threads",
        objective="-c 1/alpha; -B 1 -R: intercept not penalised",
    ),
)
