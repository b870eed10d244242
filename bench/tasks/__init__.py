# SPDX-License-Identifier: BSD-3-Clause
"""What can be asked: each task says what an answer is, computes the truth and judges answers by it."""

from __future__ import annotations

from bench.tasks.base import Arrays, Problem, Task, Verdict
from bench.tasks.inference import INFERENCE, REFERENCE_INFERENCE
from bench.tasks.least_squares import LEAST_SQUARES, REFERENCE_LEAST_SQUARES, RIDGE
from bench.tasks.logistic import LOGISTIC, REFERENCE_LOGISTIC
from bench.tasks.neighbors import NEIGHBORS
from bench.tasks.prediction import PREDICTION
from bench.tasks.sparse import ENET_PATH, LASSO, LOGISTIC_L1

TASKS = {
    task.name: task
    for task in (
        NEIGHBORS,
        LEAST_SQUARES,
        RIDGE,
        INFERENCE,
        LOGISTIC,
        LASSO,
        ENET_PATH,
        LOGISTIC_L1,
        PREDICTION,
        REFERENCE_LEAST_SQUARES,
        REFERENCE_INFERENCE,
        REFERENCE_LOGISTIC,
    )
}

__all__ = ["TASKS", "Arrays", "Problem", "Task", "Verdict"]
