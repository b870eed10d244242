# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's callbacks (since 1.9) around the steps of a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crowfly import LogisticResult

__all__ = ["CallbackSupportMixin", "StepReport", "has_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing, before scikit-learn 1.9."""


def has_callbacks(estimator: Any) -> bool:
    """Whether the user, or an estimator around this one, has set some."""
    return hasattr(estimator, "_skl_callbacks")


class StepReport:
    """Calls the hooks of an estimator's callbacks: around the fit, and around each step with the coefficients before and after it."""

    def __init__(self, estimator: Any, max_iter: int, **data: Any) -> None:
        weights = data.pop("sample_weight")
        self._estimator = estimator
        self._max_iter = max_iter
        self._data = {**data, "metadata": None if weights is None else {"sample_weight": weights}}
        self._fit = estimator._init_callback_context(max_subtasks=max(max_iter, 1) + 1)
        self._fit.call_on_fit_task_begin(estimator=estimator, **self._data)

    def run(self, fit: Callable[[int], LogisticResult]) -> LogisticResult:
        """Take one step more each time, and return the last result; `fit` takes the number of steps, and repeats those before.

        As around scikit-learn's solver, one empty task ends the row.
        """
        before = fit(0)
        step = 0
        while True:
            step += 1
            task = self._begin_step(before)
            result = fit(min(step, self._max_iter))
            if 1 < step != result.n_iter:
                # The step before was the last, which could not be known.
                task.call_on_fit_task_end(estimator=self._estimator)
                return result
            stop = task.call_on_fit_task_end(
                estimator=self._estimator, **self._data, reconstruction_attributes=_attributes(result)
            )
            if stop or step >= self._max_iter:
                self._begin_step(result).call_on_fit_task_end(estimator=self._estimator)
                return result
            before = result

    def end(self) -> None:
        """Say that the estimator is fitted."""
        self._fit.call_on_fit_task_end(estimator=self._estimator, **self._data, reconstruction_attributes={})

    def _begin_step(self, result: LogisticResult) -> Any:
        task = self._fit.subcontext(task_name="newton-iter")
        task.call_on_fit_task_begin(
            estimator=self._estimator, **self._data, reconstruction_attributes=_attributes(result)
        )
        return task


def _attributes(result: LogisticResult) -> dict[str, Any]:
    return {"coef_": result.coef.copy(), "intercept_": result.intercept.copy()}
