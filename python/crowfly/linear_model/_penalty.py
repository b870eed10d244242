# SPDX-License-Identifier: BSD-3-Clause
"""What the parameters ``penalty``, ``C``, ``l1_ratio``, ``solver`` and ``dual`` mean, deprecations included."""

from __future__ import annotations

import warnings
from typing import Literal, TypeAlias

import numpy as np

PenaltyKind: TypeAlias = Literal["l1", "l2", "elasticnet"] | None

# Reported at the call of fit: user -> scikit-learn's parameter validation -> fit -> resolve_alpha -> ... -> here.
_AT_CALL_OF_FIT = 6


def resolve_alpha(penalty: str | None, C: float, l1_ratio: float | None, solver: str, dual: bool) -> float:
    """Resolve the strength of the L2 penalty, zero for none.

    Parameters
    ----------
    penalty, C, l1_ratio, solver, dual
        The parameters of :class:`LogisticRegression`.

    Returns
    -------
    float
        The functional API's ``alpha``, the inverse of scikit-learn's `C`.

    Raises
    ------
    ValueError
        If scikit-learn refuses the combination, or the penalty has an L1 part, which is not offered.
    """
    kind = _kind_of_penalty(penalty, C, l1_ratio)
    _require_solver_takes(kind, solver, dual)
    if kind in ("l1", "elasticnet"):
        raise ValueError(
            f"A penalty with an L1 part (l1_ratio={l1_ratio}, penalty={penalty!r}) is not offered; supported are "
            "the L2 penalty (l1_ratio=0) and none (C=np.inf)."
        )
    return 0.0 if kind is None else 1.0 / float(C)


def _kind_of_penalty(penalty: str | None, C: float, l1_ratio: float | None) -> PenaltyKind:
    if penalty == "deprecated":
        if l1_ratio is None:
            _warn_future(
                "'l1_ratio=None' is deprecated and will be an error in scikit-learn 1.10: use 0 <= l1_ratio <= 1."
            )
        if np.isinf(C):
            return None
        if not l1_ratio:
            return "l2"
        return "l1" if l1_ratio == 1 else "elasticnet"
    _warn_future(
        "'penalty' is deprecated and will be removed in scikit-learn 1.10: use l1_ratio=0 instead of "
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
    if solver == "liblinear" and kind is None:
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")


def _warn_future(message: str) -> None:
    warnings.warn(message, FutureWarning, stacklevel=_AT_CALL_OF_FIT)


def _warn_user(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=_AT_CALL_OF_FIT + 1)
