# SPDX-License-Identifier: BSD-3-Clause
"""Least squares with a ridge penalty."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils._param_validation import Interval, StrOptions

from crowfly import NnlsResult
from crowfly._estimators import (
    MatrixLike,
    validates_parameters,
)
from crowfly.linear_model._least_squares import _LeastSquaresRegressor


class Ridge(_LeastSquaresRegressor):
    """Least squares with a penalty on the squared norm of the coefficients.

    Minimises ``||y - X w - b||^2 + alpha ||w||^2``; the intercept b is not penalised.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, not negative; an array has one for each target.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    max_iter : int, default=None
        Has no effect.
    tol : float, default=1e-4
        Has no effect: the solution is accurate to rounding.
    solver : {'auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'sag', 'saga', 'lbfgs'}, default='auto'
        Has no effect: all of scikit-learn's solvers approach the one solution that is computed here, but as in scikit-learn 'lbfgs'
        is refused without ``positive=True``, all others but 'auto' with it, and 'svd', 'cholesky' and 'saga' for sparse
        samples with an intercept.
    positive : bool, default=False
        Whether coefficients must not be negative (:func:`crowfly.nnls` with its `alpha`).
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients; one-dimensional for a single target, as in scikit-learn.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    n_iter_ : ndarray of shape (n_targets,), or None
        Passes over `X`; None with ``positive=True`` and, as in scikit-learn, for the solvers 'svd', 'cholesky' and 'sparse_cg'.
    solver_ : str
        The solver asked for. With 'auto' the one used here: 'cholesky', 'qr' or 'conjugate_gradient', with
        ``positive=True`` 'active_set'.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Sparse input of more than 6000 features needs alpha > 0. Coefficients for float32 samples are rounded to float32 at the very
    end, as predictions by them for such samples.

    Examples
    --------
    >>> from crowfly.linear_model import Ridge
    >>> model = Ridge(alpha=2.0).fit([[0], [1], [2]], [0, 1, 2])
    >>> model.coef_.round(12)
    array([0.5])
    """

    n_iter_: Any
    solver_: str

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"})],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent.

        Returns
        -------
        self : Ridge

        Raises
        ------
        ValueError
            If an argument is not finite, shapes do not match, a weight or penalty is negative,
            or `solver` and `positive` contradict each other, or `solver` and an intercept with sparse samples.
        TypeError
            If `y` is sparse, or holds dates or other things that are no numbers.
        """
        require_solver_takes(self.positive, self.solver)
        if issparse(X) and not self._takes_sparse():
            raise ValueError(
                f"solver='{self.solver}' does not support fitting the intercept on sparse data. Please set the solver to 'auto', "
                "or set `fit_intercept=False`"
            )
        fit = self._fit_non_negative if self.positive else self._fit_least_squares
        fit(X, y, sample_weight, alpha=self.alpha)
        n_targets = np.atleast_2d(self.coef_).shape[0]
        if n_targets == 1:
            self.coef_ = self.coef_.ravel()
        self.n_iter_, self.solver_ = steps_and_solver(self._solution, self.solver, n_targets)
        return self

    def _takes_sparse(self) -> bool:
        return not (self.fit_intercept and self.solver in ("svd", "cholesky", "saga"))

    def __sklearn_tags__(self) -> Any:
        """Say whether samples may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._takes_sparse()
        return tags


def require_solver_takes(positive: bool, solver: str) -> None:
    """Refuse what scikit-learn refuses.

    Raises
    ------
    ValueError
        If `solver` and `positive` contradict each other.
    """
    if solver == "lbfgs" and not positive:
        raise ValueError("'lbfgs' solver can be used only when positive=True. Please use another solver.")
    if positive and solver not in ("auto", "lbfgs"):
        raise ValueError(
            f"solver='{solver}' does not support positive fitting. Please set the solver to 'auto' or 'lbfgs', or set `positive=False`"
        )


def steps_and_solver(solution: Any, solver: str, n_targets: int) -> tuple[NDArray[np.int32] | None, str]:
    """The attributes `n_iter_` and `solver_` of Ridge and its classifier.

    In scikit-learn only some solvers count, but its checks ask for a number from every estimator that has `max_iter`, as its default parameters are.
    """
    if isinstance(solution, NnlsResult):
        return None, "active_set" if solver == "auto" else solver
    if solver in ("svd", "cholesky", "sparse_cg"):
        return None, solver
    n_iter = np.full(n_targets, solution.n_reads, dtype=np.int32)
    return n_iter, solution.method if solver == "auto" else solver
