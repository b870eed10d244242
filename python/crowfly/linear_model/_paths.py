# SPDX-License-Identifier: BSD-3-Clause
"""Paths of lassos and elastic nets by scikit-learn's signature and with its results."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Hidden, Interval, StrOptions, validate_params
from sklearn.utils.validation import check_random_state

from crowfly import EnetPath
from crowfly._estimators import MatrixLike, rounded_for, validated_regression_data, with_sparse
from crowfly.lasso import fit_path, shortfall
from crowfly.linear_model._gram import check_gram

#: The largest penalty of a grid where no feature is correlated with the targets.
_NO_CORRELATION = float(np.finfo(np.float64).resolution)
#: What scikit-learn's coordinate descent takes, and what has no meaning here.
_OF_COORDINATE_DESCENT = ("tol", "max_iter", "random_state", "selection", "do_screening")

_CONSTRAINTS: dict[str, list[Any]] = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like", "sparse matrix"],
    "eps": [Interval(Real, 0, None, closed="neither")],
    "n_alphas": [Interval(Integral, 1, None, closed="left"), Hidden(StrOptions({"deprecated"}))],
    "alphas": [
        Interval(Integral, 1, None, closed="left"),
        "array-like",
        None,
        Hidden(StrOptions({"warn"})),
    ],
    "precompute": [StrOptions({"auto"}), "boolean", "array-like"],
    "Xy": ["array-like", None],
    "copy_X": ["boolean"],
    "coef_init": ["array-like", None],
    "verbose": ["verbose"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
}


@validate_params(  # type: ignore[untyped-decorator]
    {**_CONSTRAINTS, "l1_ratio": [Interval(Real, 0, 1, closed="both")], "check_input": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def enet_path(
    X: MatrixLike,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple[Any, ...]:
    """Fit elastic nets without an intercept along a path of penalties.

    Minimises ``1 / (2 * n_samples) * ||y - X w||^2 + alpha * l1_ratio * ||w||_1 + 0.5 * alpha * (1 - l1_ratio) * ||w||^2`` for each alpha.
    :func:`crowfly.enet_path` does the same with intercepts, weights and several targets.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Target. Several are refused: scikit-learn's penalty joins their coefficients, which no model here does.
    l1_ratio : float, default=0.5
        Share of the penalty on magnitudes, from 0 to 1.
    eps : float, default=1e-3
        Smallest alpha of a grid over its largest.
    n_alphas : int
        Number of alphas of a grid; deprecated by scikit-learn 1.9, which has it in `alphas`.
    alphas : int or array-like, default=100
        Penalties in any order, or their number in a grid from the smallest without a coefficient (for which l1_ratio must not be 0).
    precompute : 'auto', bool or array-like of shape (n_features, n_features), default='auto'
        Has no effect: whether the Gram matrix pays is decided by the shape. One that is given is checked as scikit-learn checks it.
    Xy : array-like of shape (n_features,) or (n_features, 1), default=None
        Has no effect, but for a check of its shape: the products with the target are computed.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    coef_init : array-like of shape (n_features,), default=None
        Has no effect on the solution; its shape is checked.
    verbose : bool or int, default=False
        Has no effect.
    return_n_iter : bool, default=False
        Whether to return the numbers of steps, too.
    positive : bool, default=False
        Whether coefficients must not be negative.
    check_input : bool, default=True
        Has no effect: input is always checked.
    **params : dict
        ``tol``, ``max_iter``, ``random_state``, ``selection`` and ``do_screening`` are taken and have no effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas), or (1, n_features, n_alphas) for y of shape (n_samples, 1)
    dual_gaps : ndarray of shape (n_alphas,)
        Upper bounds on the objective less its minimum, rounding included.
    n_iters : list of int
        Newton steps and runs of coordinate descent; with ``return_n_iter=True`` only.

    Raises
    ------
    ValueError
        If an argument is not finite, shapes do not match, a penalty is negative, there are several targets, `precompute` is the Gram matrix of other samples, or there is
        a parameter of another name.
    TypeError
        If samples or targets are no numbers.

    Warns
    -----
    ConvergenceWarning
        If only a large gap could be certified.

    Examples
    --------
    >>> from crowfly.linear_model import enet_path
    >>> alphas, coefs, gaps = enet_path([[0, 0], [1, 1], [2, 3]], [0, 1, 2], alphas=[0.1, 1.0])
    >>> alphas.tolist(), coefs.shape
    ([1.0, 0.1], (2, 2))
    """
    # scikit-learn's, without effect.
    del copy_X, verbose, check_input
    return _path(
        X,
        y,
        l1_ratio=l1_ratio,
        eps=eps,
        alphas=_grid_or_values(n_alphas, alphas),
        precompute=precompute,
        Xy=Xy,
        coef_init=coef_init,
        return_n_iter=return_n_iter,
        positive=positive,
        params=params,
    )


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
def lasso_path(
    X: MatrixLike,
    y: Any,
    *,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """Fit lassos without an intercept along a path of penalties: :func:`enet_path` with ``l1_ratio=1``.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Target. Several are refused: scikit-learn's penalty joins their coefficients, which no model here does.
    eps : float, default=1e-3
        Smallest alpha of a grid over its largest.
    n_alphas : int
        Number of alphas of a grid; deprecated by scikit-learn 1.9, which has it in `alphas`.
    alphas : int or array-like, default=100
        Penalties in any order, or their number in a grid from the smallest without a coefficient.
    precompute : 'auto', bool or array-like of shape (n_features, n_features), default='auto'
        Has no effect: whether the Gram matrix pays is decided by the shape. One that is given is checked as scikit-learn checks it.
    Xy : array-like of shape (n_features,) or (n_features, 1), default=None
        Has no effect, but for a check of its shape: the products with the target are computed.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    coef_init : array-like of shape (n_features,), default=None
        Has no effect on the solution; its shape is checked.
    verbose : bool or int, default=False
        Has no effect.
    return_n_iter : bool, default=False
        Whether to return the numbers of steps, too.
    positive : bool, default=False
        Whether coefficients must not be negative.
    **params : dict
        ``tol``, ``max_iter``, ``random_state``, ``selection`` and ``do_screening`` are taken and have no effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas), or (1, n_features, n_alphas) for y of shape (n_samples, 1)
    dual_gaps : ndarray of shape (n_alphas,)
        Upper bounds on the objective less its minimum, rounding included.
    n_iters : list of int
        Newton steps and runs of coordinate descent; with ``return_n_iter=True`` only.

    Raises
    ------
    ValueError, TypeError
        As :func:`enet_path`.

    Examples
    --------
    >>> import numpy as np
    >>> from crowfly.linear_model import lasso_path
    >>> X = np.array([[1, 2, 3.1], [2.3, 5.4, 4.3]]).T
    >>> _, coefs, _ = lasso_path(X, [1, 2, 3.1], alphas=[5.0, 1.0, 0.5])
    >>> coefs.round(4)
    array([[0.    , 0.    , 0.4692],
           [0.2159, 0.4426, 0.2367]])
    """
    # scikit-learn's, without effect.
    del copy_X, verbose
    return _path(
        X,
        y,
        l1_ratio=1.0,
        eps=eps,
        alphas=_grid_or_values(n_alphas, alphas),
        precompute=precompute,
        Xy=Xy,
        coef_init=coef_init,
        return_n_iter=return_n_iter,
        positive=positive,
        params=params,
    )


def _grid_or_values(n_alphas: Any, alphas: Any) -> Any:
    """The size of a grid or penalties, from two parameters of which the first is deprecated."""
    size = 100
    if not (isinstance(n_alphas, str) and n_alphas == "deprecated"):
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11 of scikit-learn: 'alphas' takes the number of alphas.",
            FutureWarning,
            stacklevel=4,
        )
        size = n_alphas
    if alphas is None:
        warnings.warn(
            "'alphas=None' is deprecated and will be removed in 1.11 of scikit-learn: set 'alphas=100' for the same.",
            FutureWarning,
            stacklevel=4,
        )
    return size if alphas is None or (isinstance(alphas, str) and alphas == "warn") else alphas


def _path(
    X: MatrixLike,
    y: Any,
    *,
    l1_ratio: float,
    eps: float,
    alphas: Any,
    precompute: Any,
    Xy: Any,
    coef_init: Any,
    return_n_iter: bool,
    positive: bool,
    params: dict[str, Any],
) -> tuple[Any, ...]:
    _check_parameters(params)
    X, targets = _checked_data(X, y)
    if targets.ndim == 2 and positive:
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
    _check_shape("Xy", Xy, X.shape[1])
    _check_shape("coef_init", coef_init, X.shape[1])
    check_gram(precompute, X, None, fit_intercept=False)
    grid = isinstance(alphas, Integral)
    if grid and l1_ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing the appropriate `alphas=` argument."
        )

    def solve(penalties: Any) -> EnetPath:
        path, converged = fit_path(
            X,
            targets,
            l1_ratio=l1_ratio,
            eps=eps,
            alphas=penalties,
            positive=positive,
            intercept=False,
            penalty_factor=None,
            sample_weight=None,
            num_threads=None,
        )
        if not converged:
            warnings.warn(shortfall(path), ConvergenceWarning, stacklevel=5)
        return path

    path = solve(alphas)
    if grid and path.alphas[0] <= _NO_CORRELATION:
        path = solve(np.full(int(alphas), _NO_CORRELATION))
    gaps, rounds = (values.reshape(-1, path.alphas.size)[0] for values in (path.dual_gaps, path.n_iter))
    results = (path.alphas, np.ascontiguousarray(rounded_for(X, path.coefs)), gaps)
    return (*results, rounds.tolist()) if return_n_iter else results


def _check_parameters(params: dict[str, Any]) -> None:
    wrong = [name for name in params if name not in _OF_COORDINATE_DESCENT]
    if wrong:
        raise ValueError(
            f"Unexpected parameters in params: {', '.join(wrong)}; taken are {', '.join(_OF_COORDINATE_DESCENT)}, "
            "and crowfly.enet_path takes sample_weight and intercept"
        )
    if params.get("selection", "cyclic") not in ("random", "cyclic"):
        raise ValueError("selection should be either random or cyclic.")
    check_random_state(params.get("random_state"))


def _checked_data(X: MatrixLike, y: Any) -> tuple[Any, NDArray[Any]]:
    # As the estimators check them, which remember the names of columns.
    X, targets = validated_regression_data(BaseEstimator(), X, y, **with_sparse(X))
    if targets.ndim == 2 and targets.shape[1] > 1:
        raise ValueError(
            f"y: one target expected, got {targets.shape[1]}; crowfly.enet_path fits several, each with a penalty of its own, and the penalty that "
            "joins them (MultiTaskLasso) is not offered"
        )
    return X, targets


def _check_shape(name: str, values: Any, n_features: int) -> None:
    """ValueError for what can't be one number per feature, in a row or a column."""
    shape = None if values is None else np.shape(values)
    if shape not in (None, (n_features,), (n_features, 1), (1, n_features)):
        raise ValueError(f"{name}: one number per feature ({n_features}) expected, got shape {shape}")
