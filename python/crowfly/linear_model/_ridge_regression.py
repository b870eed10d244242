# SPDX-License-Identifier: BSD-3-Clause
"""Ridge regression as a function."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from crowfly._estimators import MatrixLike
from crowfly.linear_model._ridge import Ridge

_SOLVERS = {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}


@validate_params(  # type: ignore[untyped-decorator]
    {
        "X": ["array-like", "sparse matrix"],
        "y": ["array-like"],
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "sample_weight": [Interval(Real, None, None, closed="neither"), "array-like", None],
        "solver": [StrOptions(_SOLVERS)],
        "max_iter": [Interval(Integral, 0, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "return_n_iter": ["boolean"],
        "return_intercept": ["boolean"],
        "check_input": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def ridge_regression(
    X: MatrixLike,
    y: Any,
    alpha: Any,
    *,
    sample_weight: Any = None,
    solver: str = "auto",
    max_iter: int | None = None,
    tol: float = 1e-4,
    verbose: int = 0,
    positive: bool = False,
    random_state: Any = None,
    return_n_iter: bool = False,
    return_intercept: bool = False,
    check_input: bool = True,
) -> Any:
    """Solve ``min ||y - X w||^2 + alpha ||w||^2``, without an intercept unless it is asked for.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples; no ``LinearOperator``, whose entries can't be read.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    alpha : float or array-like of shape (n_targets,)
        Strength of the penalty, not negative; an array has one for each target.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the samples, not negative.
    solver : {'auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'sag', 'saga', 'lbfgs'}, default='auto'
        Has no effect: all of scikit-learn's solvers approach the one solution that is computed here, but as in scikit-learn 'lbfgs' is refused without
        ``positive=True``, all others but 'auto' with it, and all but 'auto' and 'sag' with ``return_intercept=True``.
    max_iter : int, default=None
        Has no effect.
    tol : float, default=1e-4
        Has no effect: the solution is accurate to rounding.
    verbose : int, default=0
        Has no effect.
    positive : bool, default=False
        Whether coefficients must not be negative.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    return_n_iter : bool, default=False
        Whether to return the numbers of passes over `X`, too.
    return_intercept : bool, default=False
        Whether to fit an intercept, which is not penalised, and to return it.
    check_input : bool, default=True
        Has no effect: input is always checked.

    Returns
    -------
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
    n_iter : ndarray of int of shape (n_targets,), or None
        With ``return_n_iter=True`` only; None with ``positive=True``.
    intercept : float or ndarray of shape (n_targets,)
        With ``return_intercept=True`` only.

    Raises
    ------
    ValueError, TypeError
        As :class:`Ridge`.

    Examples
    --------
    >>> from crowfly.linear_model import ridge_regression
    >>> ridge_regression([[1.0], [2.0]], [1.0, 2.0], alpha=5.0)
    array([0.5])
    """
    # scikit-learn's, without effect.
    del max_iter, tol, verbose, check_input
    if positive and solver not in ("auto", "lbfgs"):
        raise ValueError(
            f"When positive=True, only 'lbfgs' solver can be used. Please change solver {solver} to 'lbfgs' or 'auto', or set positive=False."
        )
    if return_intercept and solver not in ("auto", "sag"):
        raise ValueError(
            "In Ridge, only 'sag' solver can directly fit the intercept. Please change solver to 'sag' or 'auto', or set return_intercept=False."
        )
    model = Ridge(
        alpha, fit_intercept=return_intercept, solver=solver, positive=positive, random_state=random_state
    ).fit(X, y, sample_weight)
    results = [model.coef_]
    if return_n_iter:
        results.append(model.n_iter_)
    if return_intercept:
        intercept = model.intercept_
        results.append(intercept[0] if getattr(intercept, "shape", ()) == (1,) else intercept)
    return results[0] if len(results) == 1 else tuple(results)
