# SPDX-License-Identifier: BSD-3-Clause
"""What the user asked for, in one object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TaskChoice = Literal["auto", "regression", "classification"]
TASKS: tuple[TaskChoice, ...] = ("auto", "regression", "classification")

DATASETS = ("digits", "iris", "wine", "breast-cancer", "diabetes")
MODELS = ("1nn", "knn", "least-squares", "ridge", "logistic")


@dataclass(frozen=True)
class ReportOptions:
    """Options of one report; the defaults are those of the command line.

    Parameters
    ----------
    table : Path or None
        File to read; None takes ``dataset`` instead.
    dataset : str
        One of `DATASETS`.
    target : str or None
        Column to predict; None takes the dataset's own, or ``y`` of an NPZ file.
    task : str
        ``"regression"``, ``"classification"``, or ``"auto"`` to let the target decide.
    embed : str
        Chain of embedding steps, see `crowfly.report.embeddings`.
    models : tuple of str
        Which of `MODELS` to fit; empty means all that fit the task.
    test_size : float
        Share of the rows kept for the test.
    max_rows : int
        Tables with more rows are subsampled to this many; 0 takes all.
    seed : int
        Seed of the split and of every other random choice.
    threads : int or None
        Threads for crowfly and for scikit-learn; None leaves both at their defaults.
    output : Path or None
        HTML file to write; None writes none.
    """

    table: Path | None = None
    dataset: str = "digits"
    target: str | None = None
    task: TaskChoice = "auto"
    embed: str = "standardise"
    models: tuple[str, ...] = ()
    test_size: float = 0.25
    max_rows: int = 20_000
    seed: int = 0
    threads: int | None = None
    output: Path | None = Path("crowfly-report.html")
