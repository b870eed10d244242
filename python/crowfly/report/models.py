# SPDX-License-Identifier: BSD-3-Clause
"""The models: which there are, what each minimises, and how it is built from crowfly and from scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.linear_model
import sklearn.neighbors
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin, clone

import crowfly.linear_model
import crowfly.neighbors
from crowfly.report.errors import ReportError
from crowfly.report.options import MODELS
from crowfly.report.tasks import TaskKind

#: Logistic regression solves for classes x features unknowns at once; beyond this it isn't run unasked.
MAX_LOGISTIC_UNKNOWNS = 3000

Objective = Callable[[Any, NDArray[np.float64], NDArray[Any]], float]


class OneHotLeastSquares(ClassifierMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Classification by regression: least squares on one-hot targets, the largest output wins.

    Parameters
    ----------
    regressor : estimator
        A linear regression that takes several targets.
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: NDArray[np.float64], y: NDArray[Any]) -> OneHotLeastSquares:
        """Fit one output per class to 1 for its own points and 0 for the others."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.regressor_ = clone(self.regressor).fit(X, np.eye(len(self.classes_))[codes])
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[Any]:
        """Return the class with the largest output for each row of X."""
        return np.asarray(self.classes_[np.argmax(self.regressor_.predict(X), axis=1)])


@dataclass(frozen=True)
class Model:
    """One model, twice: from crowfly and from scikit-learn, with the same parameters.

    Parameters
    ----------
    key : str
        Its name on the command line.
    name : str
        Its name in the report.
    loss : str
        What training minimises, in words.
    ours, peer : estimator
        crowfly's and scikit-learn's, unfitted.
    memorises : bool
        True when the training risk is 0 by construction.
    objective : callable or None
        Value of the training objective of a fitted estimator on ``(X, y)``; None when nothing is minimised.
    """

    key: str
    name: str
    loss: str
    ours: Any
    peer: Any
    memorises: bool = False
    objective: Objective | None = None


def choose_models(
    asked: tuple[str, ...], kind: TaskKind, n_unknowns: int
) -> tuple[tuple[str, ...], list[str]]:
    """Decide which models to fit.

    Parameters
    ----------
    asked : tuple of str
        Names from the command line; empty for all that fit.
    kind : str
        The task.
    n_unknowns : int
        Coefficients that logistic regression would solve for.

    Returns
    -------
    names : tuple of str
        In the order of `MODELS`.
    notes : list of str
        What was left out and why.
    """
    if asked:
        if kind == "regression" and "logistic" in asked:
            raise ReportError("--models logistic: the task is regression, logistic regression needs classes")
        return tuple(name for name in MODELS if name in asked), []
    if kind == "regression":
        return tuple(name for name in MODELS if name != "logistic"), []
    if n_unknowns > MAX_LOGISTIC_UNKNOWNS:
        note = (
            f"Logistic regression left out: it has {n_unknowns} unknowns here, which takes long; "
            "--embed pca makes it small, --models logistic asks for it all the same."
        )
        return tuple(name for name in MODELS if name != "logistic"), [note]
    return MODELS, []


def build_model(key: str, kind: TaskKind, n_neighbors: int, alpha: float) -> Model:
    """Build one of `MODELS` for a task.

    Parameters
    ----------
    key : str
        Which one.
    kind : str
        The task.
    n_neighbors : int
        k of k-NN.
    alpha : float
        Penalty of ridge.
    """
    if key in {"1nn", "knn"}:
        return _neighbor_model(key, kind, 1 if key == "1nn" else n_neighbors)
    if key == "logistic":
        return Model(
            key,
            "logistic regression",
            "sum over points of -log p(y | x), plus |b|^2 / 2; p is the softmax of x.b + b0",
            crowfly.linear_model.LogisticRegression(),
            sklearn.linear_model.LogisticRegression(),
            objective=logistic_objective,
        )
    penalty = alpha if key == "ridge" else 0.0
    if kind == "regression":
        loss = "sum over points of (y - x.b - b0)^2"
    else:
        loss = "sum over points and classes of (onehot(y) - x.b - b0)^2"
    if key == "ridge":
        name = f"ridge (alpha = {alpha:g})"
        loss += f", plus {alpha:g} |b|^2"
        ours, peer = crowfly.linear_model.Ridge(alpha=alpha), sklearn.linear_model.Ridge(alpha=alpha)
    else:
        name = "least squares"
        ours, peer = crowfly.linear_model.LinearRegression(), sklearn.linear_model.LinearRegression()
    if kind == "classification":
        loss += "; the class with the largest output is predicted"
        ours, peer = OneHotLeastSquares(ours), OneHotLeastSquares(peer)

    def objective(fitted: Any, X: NDArray[np.float64], y: NDArray[Any]) -> float:
        return squares_objective(fitted, X, y, penalty)

    return Model(key, name, loss, ours, peer, objective=objective)


def _neighbor_model(key: str, kind: TaskKind, n_neighbors: int) -> Model:
    if kind == "regression":
        ours: Any = crowfly.neighbors.KNeighborsRegressor
        peer: Any = sklearn.neighbors.KNeighborsRegressor
        local = "their mean, which minimises the sum of (y - c)^2 over them"
    else:
        ours = crowfly.neighbors.KNeighborsClassifier
        peer = sklearn.neighbors.KNeighborsClassifier
        local = "their most frequent class, which minimises the number of errors among them"
    if n_neighbors == 1:
        loss = "none: it stores the points and answers with the nearest one's target"
    else:
        loss = f"none over all points; at each x it takes the {n_neighbors} nearest and predicts {local}"
    return Model(
        key,
        "1-NN" if key == "1nn" else f"k-NN (k = {n_neighbors})",
        loss,
        ours(n_neighbors=n_neighbors),
        peer(n_neighbors=n_neighbors),
        memorises=n_neighbors == 1,
    )


def squares_objective(fitted: Any, X: NDArray[np.float64], y: NDArray[Any], alpha: float) -> float:
    """Sum of squared residuals plus ``alpha |b|^2`` of a fitted linear regression or `OneHotLeastSquares`."""
    if isinstance(fitted, OneHotLeastSquares):
        targets = np.asarray(y[:, None] == fitted.classes_, dtype=np.float64)
        fitted = fitted.regressor_
    else:
        targets = np.asarray(y, dtype=np.float64)
    residuals = targets - fitted.predict(X)
    return float(np.sum(residuals**2) + alpha * np.sum(np.square(fitted.coef_)))


def logistic_objective(fitted: Any, X: NDArray[np.float64], y: NDArray[Any]) -> float:
    """Negative log-likelihood plus ``|b|^2 / 2`` of a fitted logistic regression with C = 1."""
    scores = fitted.decision_function(X)
    if scores.ndim == 1:
        scores = np.column_stack([np.zeros_like(scores), scores])
    codes = np.searchsorted(fitted.classes_, y)
    fit = np.sum(logsumexp(scores, axis=1) - scores[np.arange(len(y)), codes])
    return float(fit + 0.5 * np.sum(np.square(fitted.coef_)))
