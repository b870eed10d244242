# SPDX-License-Identifier: BSD-3-Clause
"""What the parameters ``penalty``, ``C``, ``l1_ratio``, ``solver`` and ``dual`` mean, deprecations included."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np

PenaltyKind: TypeAlias = Literal["l1", "l2", "elasticnet"] | None

# Reported at the call of fit: user -> scikit-learn's parameter validation -> fit -> resolve_penalty -> ... -> here.
_AT_CALL_OF_FIT = 6
# The same: ... -> fit -> resolve_ratios -> here.
_AT_CALL_OF_SEARCH = 5


def resolve_penalty(
    penalty: str | None, C: float, l1_ratio: float | None, solver: str, dual: bool
) -> tuple[float, float]:
    """Resolve the strength of the penalty, zero for none, and the share of L1 in it.

    Parameters
    ----------
    penalty, C, l1_ratio, solver, dual
        The parameters of :class:`LogisticRegression`.

    Returns
    -------
    alpha, l1_ratio : float
        The functional API's: ``alpha`` is the inverse of scikit-learn's `C`.

    Raises
    ------
    ValueError
        If scikit-learn refuses the combination.
    """
    kind = _kind_of_penalty(penalty, C, l1_ratio)
    _require_solver_takes(kind, solver, dual)
    alpha = 0.0 if kind is None else 1.0 / float(C)
    return alpha, {"l1": 1.0, "elasticnet": float(l1_ratio or 0)}.get(kind or "l2", 0.0)


def resolve_ratios(penalty: str, l1_ratios: Any, solver: str, dual: bool) -> tuple[list[float], bool]:
    """Resolve the mixtures that cross-validation tries.

    Parameters
    ----------
    penalty, l1_ratios, solver, dual
        The parameters of :class:`LogisticRegressionCV`.

    Returns
    -------
    ratios : list of float
    listed : bool
        Whether the user gave them.

    Raises
    ------
    ValueError
        If scikit-learn refuses the combination.
    """
    if isinstance(l1_ratios, str):
        _warn_future(
            "The default value for l1_ratios will change from None to (0.0,) in scikit-learn 1.10: set it.",
            _AT_CALL_OF_SEARCH,
        )
        l1_ratios = None
    elif l1_ratios is None and penalty == "deprecated":
        _warn_future(
            "'l1_ratios=None' was deprecated in version 1.8 of scikit-learn and will be an error in scikit-learn 1.10: use a list of numbers from 0 to 1.",
            _AT_CALL_OF_SEARCH,
        )
    ratios = [] if l1_ratios is None else list(l1_ratios)
    wrong = [ratio for ratio in ratios if not (isinstance(ratio, Real) and 0 <= float(ratio) <= 1)]
    if wrong or (l1_ratios is not None and not ratios) or (penalty == "elasticnet" and not ratios):
        raise ValueError(
            f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={l1_ratios!r})"
        )
    if penalty == "deprecated":
        kind: PenaltyKind = "l2" if not any(ratios) else "l1" if set(ratios) == {1} else "elasticnet"
    else:
        _warn_future(
            "'penalty' was deprecated in version 1.8 of scikit-learn and will be removed in scikit-learn 1.10: use l1_ratios=(0,) instead of penalty='l2', "
            "l1_ratios=(1,) instead of penalty='l1'.",
            _AT_CALL_OF_SEARCH,
        )
        kind = _KINDS[penalty]
        if ratios and kind != "elasticnet":
            _warn_user(
                f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})",
                _AT_CALL_OF_SEARCH,
            )
    _require_solver_takes(kind, solver, dual)
    if kind != "elasticnet" and penalty != "deprecated":
        ratios = [1.0 if kind == "l1" else 0.0] * max(1, len(ratios))
    return [float(ratio) for ratio in ratios] or [0.0], l1_ratios is not None


def _kind_of_penalty(penalty: str | None, C: float, l1_ratio: float | None) -> PenaltyKind:
    if penalty == "deprecated":
        if l1_ratio is None:
            _warn_future(
                "'l1_ratio=None' was deprecated in version 1.8 of scikit-learn and will be an error in scikit-learn 1.10: use 0 <= l1_ratio <= 1."
            )
        if np.isinf(C):
            if l1_ratio is not None and 0 < l1_ratio < 1:
                _warn_user(
                    "l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty=None)",
                    _AT_CALL_OF_FIT,
                )
            return None
        if not l1_ratio:
            return "l2"
        return "l1" if l1_ratio == 1 else "elasticnet"
    _warn_future(
        "'penalty' was deprecated in version 1.8 of scikit-learn and will be removed in scikit-learn 1.10: use l1_ratio=0 instead of "
        "penalty='l2', l1_ratio=1 instead of penalty='l1', l1_ratio between 0 and 1 instead of "
        "penalty='elasticnet' and C=np.inf instead of penalty=None."
    )
    _warn_of_contradiction(penalty, C, l1_ratio)
    if penalty == "elasticnet" and l1_ratio is None:
        raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
    return None if penalty is None else _KINDS[penalty]


_KINDS: dict[str, PenaltyKind] = {"l1": "l1", "l2": "l2", "elasticnet": "elasticnet"}


def _warn_of_contradiction(penalty: str | None, C: float, l1_ratio: float | None) -> None:
    if penalty != "elasticnet" and l1_ratio is not None and 0 < l1_ratio < 1:
        _warn_user(f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})")
    if (penalty == "l2" and l1_ratio != 0) or (penalty == "l1" and l1_ratio != 1):
        _warn_user(f"Inconsistent values: penalty={penalty} with l1_ratio={l1_ratio}: set l1_ratio only.")
    if penalty is None and C != 1.0:
        _warn_user("Setting penalty=None will ignore the C and l1_ratio parameters")


def _require_solver_takes(kind: PenaltyKind, solver: str, dual: bool) -> None:
    """Refuse what scikit-learn refuses, though every solver stands for the same computation here."""
    if solver not in ("liblinear", "saga") and kind not in ("l2", None):
        raise ValueError(f"Solver {solver} supports only 'l2' or None penalties, got {kind} penalty.")
    if solver != "liblinear" and dual:
        raise ValueError(f"Solver {solver} supports only dual=False, got dual={dual}")
    if kind == "elasticnet" and solver != "saga":
        raise ValueError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}.")
    if solver == "liblinear" and kind == "l1" and dual:
        raise ValueError(
            "Unsupported set of arguments: the combination of penalty='l1' and loss='logistic_regression' is not supported when dual=True"
        )
    if solver == "liblinear" and kind is None:
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")


def _warn_future(message: str, level: int = _AT_CALL_OF_FIT) -> None:
    warnings.warn(message, FutureWarning, stacklevel=level)


def _warn_user(message: str, level: int = _AT_CALL_OF_FIT + 1) -> None:
    warnings.warn(message, UserWarning, stacklevel=level)
