# SPDX-License-Identifier: BSD-3-Clause
"""Threads and instruction sets: what runs, and how to change it."""

from __future__ import annotations

import contextlib
import platform
from typing import Any

import numpy as np

from crowfly import _core
from crowfly._validation import as_integer

__all__ = ["get_config", "get_num_threads", "set_num_threads", "show_config"]


def set_num_threads(n: int | None) -> None:
    """Set the number of threads of all later calls.

    Parameters
    ----------
    n : int or None
        At least 1. None goes back to the default: the smallest of the CPUs in the process' affinity mask, its cgroup's
        quota and ``OMP_NUM_THREADS`` (the latter two as found at first use).

    Raises
    ------
    TypeError, ValueError
        If `n` is not an integer or below 1.
    """
    _core.set_num_threads(0 if n is None else as_integer("n", n, 1, 4096))


def get_num_threads() -> int:
    """Return the number of threads that a call made now may use."""
    return _core.get_num_threads()


def get_config() -> dict[str, Any]:
    """Return what runs: version, instruction set in use and those available, threads, compiler, NumPy and Python."""
    return {
        "version": _core.__version__,
        "isa": _core.active_isa(),
        "available_isas": _core.available_isas(),
        "num_threads": get_num_threads(),
        "cpu_budget": _core.cpu_budget(),
        "compiler": _core.compiler,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def show_config() -> None:
    """Print what `get_config` returns, one line each."""
    for key, value in get_config().items():
        text = ", ".join(value) if isinstance(value, list) else value
        print(f"{key.replace('_', ' '):16s}{text}")


def _register_with_threadpoolctl() -> None:
    """Let ``threadpoolctl.threadpool_limits`` and ``threadpool_info`` see our pool, where that package is installed."""
    with contextlib.suppress(ImportError):
        import threadpoolctl

        class CrowflyController(threadpoolctl.LibController):  # type: ignore[misc, unused-ignore]
            user_api = "crowfly"
            internal_api = "crowfly"
            filename_prefixes = ("_core",)
            check_symbols = ("crowfly_get_num_threads", "crowfly_set_num_threads")

            def get_num_threads(self) -> int:
                return int(self.dynlib.crowfly_get_num_threads())

            def set_num_threads(self, num_threads: int) -> None:
                self.dynlib.crowfly_set_num_threads(num_threads)

            def get_version(self) -> str:
                return _core.__version__

            def set_additional_attributes(self) -> None:
                self.isa = _core.active_isa()

        threadpoolctl.register(CrowflyController)
