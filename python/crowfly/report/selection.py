# SPDX-License-Identifier: BSD-3-Clause
"""k of k-NN and alpha of ridge, chosen by cross-validation within the training part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold

import crowfly
from crowfly.linear_model import Ridge
from crowfly.report.models import OneHotLeastSquares
from crowfly.report.risks import losses
from crowfly.report.tasks import Split

N_FOLDS = 5
#: Embedded training parts with more numbers than this are validated on one fold only.
MAX_CELLS = 2_000_000
#: The training curve of k-NN needs no more points than this.
MAX_POINTS = 2000
MAX_NEIGHBORS = 100
N_NEIGHBOR_CHOICES = 14
ALPHAS = 10.0 ** np.arange(-3, 6)


@dataclass(frozen=True)
class ValidationCurve:
    """Risk on the points fitted and on the validation points against one parameter, mean over the folds.

    Parameters
    ----------
    parameter : str
        ``"k"`` or ``"alpha"``.
    values : ndarray of shape (n_values,)
        Parameter values tried.
    training, validation : ndarray of shape (n_values,)
        The risks.
    n_folds : int
        Folds that were held out in turn.
    chosen : float
        The value with the smallest validation risk that may be chosen.
    """

    parameter: str
    values: NDArray[Any]
    training: NDArray[np.float64]
    validation: NDArray[np.float64]
    n_folds: int
    chosen: float


def make_folds(parts: Split, n_embedded: int, seed: int) -> list[Split]:
    """Cut the training part into folds; in each result the ``test`` half is the fold held out.

    Parameters
    ----------
    parts : Split
        Only its training part is used.
    n_embedded : int
        Number of features after embedding: with very many numbers one fold has to do.
    seed : int
        Seed of the cut.
    """
    X, y = parts.X_train, parts.y_train
    stratified = parts.kind == "classification" and np.unique(y, return_counts=True)[1].min() >= N_FOLDS
    splitter = StratifiedKFold if stratified else KFold
    cuts = list(splitter(N_FOLDS, shuffle=True, random_state=seed).split(X, y))
    if len(X) * n_embedded > MAX_CELLS:
        cuts = cuts[:1]
    return [Split(parts.kind, X[fit], y[fit], X[held], y[held], parts.n_classes) for fit, held in cuts]


def neighbors_curve(folds: list[Split]) -> ValidationCurve:
    """Try k-NN for k between 1 and 100, all from one search of the neighbours per fold.

    Parameters
    ----------
    folds : list of Split
        From `make_folds`, embedded.

    Returns
    -------
    ValidationCurve
        k = 1 is on the curve but never chosen: it is a model of its own in the report.
    """
    smallest = min(len(fold.X_train) for fold in folds)
    k_max = max(2, min(MAX_NEIGHBORS, smallest // 2))
    ks = np.unique(np.geomspace(1, k_max, N_NEIGHBOR_CHOICES).round().astype(np.int64))
    training, validation = np.mean([_neighbor_risks(fold, ks) for fold in folds], axis=0)
    best = 1 + int(np.argmin(validation[1:]))
    return ValidationCurve("k", ks, training, validation, len(folds), float(ks[best]))


def ridge_curve(folds: list[Split]) -> ValidationCurve:
    """Try ridge for each of `ALPHAS` on embedded folds; of equal risks the larger alpha is taken."""
    risks = np.array([[_ridge_risks(alpha, fold) for alpha in ALPHAS] for fold in folds])
    training, validation = risks.mean(axis=0).T
    best = int(np.flatnonzero(validation == validation.min())[-1])
    return ValidationCurve("alpha", ALPHAS, training, validation, len(folds), float(ALPHAS[best]))


def _neighbor_risks(fold: Split, ks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    index = crowfly.Index(fold.X_train)
    predict: Callable[[NDArray[Any]], NDArray[Any]] = _mean if fold.kind == "regression" else _majority

    def risks(X: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        _, neighbors = index.query(X, k=int(ks[-1]))
        votes = fold.y_train[neighbors]
        return np.array([losses(fold.kind, y, predict(votes[:, :k])).mean() for k in ks])

    return risks(fold.X_train[:MAX_POINTS], fold.y_train[:MAX_POINTS]), risks(fold.X_test, fold.y_test)


def _ridge_risks(alpha: float, fold: Split) -> tuple[float, float]:
    estimator: Any = Ridge(alpha=alpha)
    if fold.kind == "classification":
        estimator = OneHotLeastSquares(estimator)
    estimator.fit(fold.X_train, fold.y_train)
    return (
        float(losses(fold.kind, fold.y_train, estimator.predict(fold.X_train)).mean()),
        float(losses(fold.kind, fold.y_test, estimator.predict(fold.X_test)).mean()),
    )


def _mean(votes: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(votes.mean(axis=1), dtype=np.float64)


def _majority(votes: NDArray[Any]) -> NDArray[np.int64]:
    """Most frequent label in each row ``(n, k)``; of equally frequent ones the lowest."""
    n_rows, n_labels = len(votes), int(votes.max()) + 1
    cells = np.arange(n_rows)[:, None] * n_labels + votes
    counts = np.bincount(cells.ravel(), minlength=n_rows * n_labels)
    return np.asarray(np.argmax(counts.reshape(n_rows, n_labels), axis=1), dtype=np.int64)
