# SPDX-License-Identifier: BSD-3-Clause
"""Nearest neighbours, least squares and logistic regression: the exact answer, certified.

The functional API is here; estimators in scikit-learn's manner are in `crowfly.neighbors` and `crowfly.linear_model`.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from crowfly import _command
from crowfly._patch import patch, patched, unpatch

try:
    from crowfly._core import __version__
except ImportError as error:
    if _command.is_running():
        _command.fail(error)
    raise
from crowfly._onnx import to_onnx
from crowfly._storage import load, save
from crowfly._warnings import ConvergenceWarning
from crowfly.index import Index, Plan, nearest, pairwise_distances
from crowfly.inference import OlsResult, ols
from crowfly.lasso import EnetPath, enet_path, lasso_path
from crowfly.least_squares import LstsqResult, lstsq
from crowfly.logistic import LogisticResult, SeparationError, logistic
from crowfly.logit import LogitResult, logit
from crowfly.many_lstsq import GroupedLstsqResult, RollingLstsqResult, lstsq_grouped, lstsq_rolling
from crowfly.moments import Moments, lstsq_chunks
from crowfly.non_negative import NnlsResult, nnls
from crowfly.polynomial import PolyfitResult, polyfit
from crowfly.ridge import RidgePathResult, ridge_path
from crowfly.runtime import (
    _register_with_threadpoolctl,
    get_config,
    get_num_threads,
    set_num_threads,
    show_config,
)
from crowfly.sparse_logistic import LogisticPath, logistic_path

__all__ = [
    "ConvergenceWarning",
    "EnetPath",
    "GroupedLstsqResult",
    "Index",
    "LogisticPath",
    "LogisticResult",
    "LogitResult",
    "LstsqResult",
    "Moments",
    "NnlsResult",
    "OlsResult",
    "Plan",
    "PolyfitResult",
    "RidgePathResult",
    "RollingLstsqResult",
    "SeparationError",
    "__version__",
    "enet_path",
    "get_config",
    "get_num_threads",
    "lasso_path",
    "load",
    "logistic",
    "logistic_path",
    "logit",
    "lstsq",
    "lstsq_chunks",
    "lstsq_grouped",
    "lstsq_rolling",
    "nearest",
    "nnls",
    "ols",
    "pairwise_distances",
    "patch",
    "patched",
    "polyfit",
    "ridge_path",
    "save",
    "set_num_threads",
    "show_config",
    "to_onnx",
    "unpatch",
]

_register_with_threadpoolctl()


#: Loaded when asked for: they need scikit-learn.
_SUBMODULES = ("linear_model", "metrics", "neighbors")


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return importlib.import_module(f"crowfly.{name}")
    raise AttributeError(f"module 'crowfly' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
