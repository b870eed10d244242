# SPDX-License-Identifier: BSD-3-Clause
"""Competitors and workloads from outside: ``--plugin MODULE``, with names `COMPETITORS` and `WORKLOADS` (sequences, both optional).

The list travels to the processes that measure through the environment.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path

from bench import competitors, workloads

VARIABLE = "CROWFLY_BENCH_PLUGINS"


def announce(name: str) -> None:
    """Load a plug-in here and in all processes started from now on.

    Raises
    ------
    ImportError
        If there is no such module.
    """
    load(name)
    listed = [*filter(None, os.environ.get(VARIABLE, "").split(",")), name]
    os.environ[VARIABLE] = ",".join(listed)


def fingerprints() -> list[str]:
    """What tells one state of the plug-ins from another."""
    names = filter(None, os.environ.get(VARIABLE, "").split(","))
    files = [importlib.import_module(name).__file__ for name in names]
    return [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files if file]


def load(name: str) -> None:
    """Register what a module offers."""
    module = importlib.import_module(name)
    competitors.register(getattr(module, "COMPETITORS", ()))
    workloads.register(getattr(module, "WORKLOADS", ()))


def load_announced() -> None:
    """Load what the environment names."""
    for name in filter(None, os.environ.get(VARIABLE, "").split(",")):
        load(name)
