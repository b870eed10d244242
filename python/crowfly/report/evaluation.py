# SPDX-License-Identifier: BSD-3-Clause
"""Fit a model, time it, take its losses, and hold it against scikit-learn's."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from crowfly.report.models import Model
from crowfly.report.risks import losses
from crowfly.report.tasks import Split

#: A timing is repeated until it has used this much time, at most MAX_REPEATS times; the median counts.
TIMING_BUDGET = 0.5
MAX_REPEATS = 7
#: Training risk of a neighbour model needs a search per point: beyond this many a sample of them is taken.
MAX_TRAINING_POINTS = 2000
#: Predictions that differ by less than this share of the target's spread are the same answer.
REGRESSION_TOLERANCE = 1e-6
#: Objectives closer than this, relatively, are equal.
OBJECTIVE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Timing:
    """Median seconds of the estimator alone; the embedding is the same for all and left out."""

    fit: float
    predict: float


@dataclass(frozen=True)
class Agreement:
    """Whether crowfly and scikit-learn give the same answer on the test points, and how we know."""

    agrees: bool
    detail: str


@dataclass(frozen=True)
class Evaluation:
    """One model, fitted and measured.

    Parameters
    ----------
    model : Model
        What was fitted.
    training_losses : ndarray of shape (n_training_used,)
        Losses on the training points, or on a sample of them.
    test_losses : ndarray of shape (n_test,)
        Losses on the test points.
    prediction : ndarray of shape (n_test,)
        Predictions for the test points.
    timing, peer_timing : Timing
        crowfly's and scikit-learn's.
    agreement : Agreement
        Their answers compared.
    """

    model: Model
    training_losses: NDArray[np.float64]
    test_losses: NDArray[np.float64]
    prediction: NDArray[Any]
    timing: Timing
    peer_timing: Timing
    agreement: Agreement


@dataclass(frozen=True)
class _Run:
    estimator: Any
    timing: Timing
    prediction: NDArray[Any]
    warnings: tuple[str, ...]


def evaluate(model: Model, parts: Split) -> Evaluation:
    """Fit crowfly's and scikit-learn's estimator on the embedded training part and test both.

    Parameters
    ----------
    model : Model
        What to fit.
    parts : Split
        Embedded features.
    """
    ours = _run(model.ours, parts)
    peer = _run(model.peer, parts)
    X_seen, y_seen = parts.X_train, parts.y_train
    if model.key in {"1nn", "knn"}:
        # The split has shuffled the rows: the first ones are a random sample.
        X_seen, y_seen = X_seen[:MAX_TRAINING_POINTS], y_seen[:MAX_TRAINING_POINTS]
    return Evaluation(
        model,
        losses(parts.kind, y_seen, ours.estimator.predict(X_seen)),
        losses(parts.kind, parts.y_test, ours.prediction),
        ours.prediction,
        ours.timing,
        peer.timing,
        _compare(model, parts, ours, peer),
    )


def _warm_up(estimator: Any) -> None:
    """Fit a toy problem, so that no time includes the import of SciPy or the start of threads."""
    # More points than any k, and two classes.
    X = np.random.default_rng(0).normal(size=(256, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clone(estimator).fit(X, np.arange(256) % 2).predict(X)


def _run(estimator: Any, parts: Split) -> _Run:
    _warm_up(estimator)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted, fit_seconds = _median_time(lambda: clone(estimator).fit(parts.X_train, parts.y_train))
        prediction, predict_seconds = _median_time(lambda: fitted.predict(parts.X_test))
    # Estimators warn about convergence and rank; only the first line is for readers.
    texts = dict.fromkeys(str(w.message).strip().splitlines()[0].rstrip(".:") for w in caught)
    return _Run(fitted, Timing(fit_seconds, predict_seconds), np.asarray(prediction), tuple(texts))


def _median_time(work: Callable[[], Any]) -> tuple[Any, float]:
    seconds: list[float] = []
    while len(seconds) < MAX_REPEATS and sum(seconds) < TIMING_BUDGET:
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return result, float(np.median(seconds))


def _compare(model: Model, parts: Split, ours: _Run, peer: _Run) -> Agreement:
    n_test = len(parts.y_test)
    if parts.kind == "regression":
        # Without any spread (all training targets equal) the difference is said in the target's own units.
        spread = float(np.std(parts.y_train)) or 1.0
        difference = float(np.max(np.abs(ours.prediction - peer.prediction))) / spread
        agrees = difference <= REGRESSION_TOLERANCE
        detail = f"largest difference of two predictions: {difference:.1g} of the target's spread"
    else:
        n_differ = int(np.sum(ours.prediction != peer.prediction))
        agrees = n_differ == 0
        detail = (
            f"same prediction for all {n_test} test points"
            if agrees
            else f"{n_differ} of {n_test} test points predicted differently"
        )
    if model.objective is not None:
        detail += "; " + _compare_objectives(
            model.objective(ours.estimator, parts.X_train, parts.y_train),
            model.objective(peer.estimator, parts.X_train, parts.y_train),
        )
    for who, run in (("crowfly", ours), ("scikit-learn", peer)):
        detail += "".join(f"; {who} warned: {text}" for text in run.warnings)
    return Agreement(agrees, detail)


def _compare_objectives(ours: float, peer: float) -> str:
    scale = max(abs(ours), abs(peer))
    difference = abs(ours - peer) / scale if scale > 0 else 0.0
    if difference <= OBJECTIVE_TOLERANCE:
        return "same minimum of the objective"
    lower = "crowfly" if ours < peer else "scikit-learn"
    return f"{lower}'s objective is lower by {difference:.1g} of its value"
