# SPDX-License-Identifier: BSD-3-Clause
"""Regression or classification, and the split into training and test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from crowfly.report.errors import ReportError
from crowfly.report.options import TaskChoice
from crowfly.report.plurals import count
from crowfly.report.tables import Table

TaskKind = Literal["regression", "classification"]

#: A whole-number target with at most this many distinct values is read as class labels.
MAX_CLASSES_AUTO = 20
#: Fewer rows than this can't be split into parts that mean anything.
MIN_ROWS = 20
#: A class needs this many rows to be met in training, validation and test.
MIN_CLASS_ROWS = 5


@dataclass(frozen=True)
class Problem:
    """A table with its task decided and its target made numeric.

    Parameters
    ----------
    kind : str
        ``"regression"`` or ``"classification"``.
    reason : str
        Why it is that, in words.
    X : ndarray of shape (n_rows, n_features)
        Features.
    y : ndarray of shape (n_rows,)
        float64 values, or class numbers 0 .. n_classes - 1 (int64).
    classes : tuple of str
        Names of the classes; empty for regression.
    notes : tuple of str
        Rows left out, one sentence each.
    """

    kind: TaskKind
    reason: str
    X: NDArray[np.float64]
    y: NDArray[Any]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """Training and test part of a problem; shapes ``(n_train, n_features)``, ``(n_train,)`` and so on."""

    kind: TaskKind
    X_train: NDArray[np.float64]
    y_train: NDArray[Any]
    X_test: NDArray[np.float64]
    y_test: NDArray[Any]
    n_classes: int = 0


def pose(table: Table, choice: TaskChoice, max_rows: int, rng: np.random.Generator) -> Problem:
    """Decide the task, thin out a large table and number the classes.

    Raises
    ------
    ReportError
        If the target doesn't suit the task, or if too few rows or classes are left.
    """
    kind, reason = _decide(table, choice)
    notes = []
    X, y = table.X, table.y
    if len(y) < MIN_ROWS:
        raise ReportError(f"{table.name} has {count(len(y), 'row')}, at least {MIN_ROWS} are needed")
    if max_rows and len(y) > max_rows:
        if max_rows < MIN_ROWS:
            raise ReportError(f"--max-rows {max_rows}: at least {MIN_ROWS} rows are needed")
        rows = np.sort(rng.choice(len(y), size=max_rows, replace=False))
        notes.append(f"A random sample of {max_rows} of the {len(y)} rows is used (--max-rows changes that).")
        X, y = X[rows], y[rows]
    if kind == "regression":
        values = y.astype(np.float64)
        if np.ptp(values) == 0:
            raise ReportError(
                f"the target {table.target_name!r} has one value only in the {len(y)} rows used, "
                f"as far as float64 can tell ({values[0]:g}): there is nothing to learn"
            )
        return Problem(kind, reason, X, values, notes=tuple(notes))

    labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    frequent = counts >= MIN_CLASS_ROWS
    if frequent.sum() < 2:
        raise ReportError(
            f"the target {table.target_name!r} has {len(labels)} distinct values and fewer than two classes "
            f"with {MIN_CLASS_ROWS} rows: no classification possible"
        )
    if 2 * counts[frequent].sum() < len(y):
        instead = "" if y.dtype.kind == "U" else "; for numbers to predict use --task regression"
        raise ReportError(
            f"the target {table.target_name!r} has {len(labels)} distinct values in {len(y)} rows, and only {counts[frequent].sum()} rows are of "
            f"classes with at least {MIN_CLASS_ROWS}: it names no classes{instead}"
        )
    if not frequent.all():
        rare = int((~frequent).sum())
        notes.append(
            f"{count(int(counts[~frequent].sum()), 'row')} left out, of {count(rare, 'class')} "
            f"with fewer than {MIN_CLASS_ROWS} rows."
        )
        X, y = X[frequent[codes]], y[frequent[codes]]
        labels, codes = np.unique(y, return_inverse=True)
    names = tuple(_label(label) for label in labels)
    return Problem(kind, reason, X, codes.astype(np.int64), names, tuple(notes))


def split(problem: Problem, test_size: float, seed: int) -> Split:
    """Split at random into training and test part, class by class for classification.

    Raises
    ------
    ReportError
        If a part would be too small.
    """
    n_rows, n_classes = len(problem.y), len(problem.classes)
    n_test = round(test_size * n_rows)
    smallest = max(5, n_classes)
    if min(n_test, n_rows - n_test) < smallest:
        raise ReportError(
            f"{n_rows} rows can't be split with a test share of {test_size:g}: "
            f"each part needs at least {smallest} rows"
        )
    stratify = problem.y if problem.kind == "classification" else None
    X_train, X_test, y_train, y_test = train_test_split(
        problem.X, problem.y, test_size=n_test, random_state=seed, stratify=stratify
    )
    return Split(problem.kind, X_train, y_train, X_test, y_test, n_classes)


def _decide(table: Table, choice: TaskChoice) -> tuple[TaskKind, str]:
    y, name = table.y, table.target_name
    n_distinct = len(np.unique(y))
    is_text, is_bool = y.dtype.kind == "U", y.dtype.kind == "b"
    is_whole = is_text or is_bool or bool(np.all(y == np.round(y)))
    if choice == "regression":
        if is_text:
            raise ReportError(f"--task regression: the target {name!r} is text, expected numbers")
        return "regression", "as asked for"
    if choice == "classification":
        if not is_whole:
            raise ReportError(
                f"--task classification: the target {name!r} has {n_distinct} distinct values that are not whole "
                "numbers, expected class labels"
            )
        return "classification", "as asked for"
    if is_text or is_bool:
        return "classification", f"the target is {'text' if is_text else 'true or false'}"
    if is_whole and n_distinct <= MAX_CLASSES_AUTO:
        return "classification", f"the target has only {n_distinct} distinct whole numbers"
    return "regression", f"the target is numeric with {n_distinct} distinct values"


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, np.floating) else str(value)
