# SPDX-License-Identifier: BSD-3-Clause
"""Every competitor: one small adapter per library and task."""

from __future__ import annotations

from collections.abc import Iterable

from bench.competitors import (
    celer,
    crowfly,
    cyanure,
    faiss,
    glum,
    liblinear,
    numpy,
    pykdtree,
    scikit_learn,
    scipy,
    skglm,
    sklearnex,
    snapml,
    statsmodels,
)
from bench.competitors.base import Competitor, Method

OURS = "crowfly"

_LIBRARIES = (
    crowfly,
    faiss,
    scikit_learn,
    sklearnex,
    pykdtree,
    scipy,
    numpy,
    statsmodels,
    glum,
    cyanure,
    snapml,
    liblinear,
    skglm,
    celer,
)

COMPETITORS: dict[str, Competitor] = {}


def register(competitors: Iterable[Competitor]) -> None:
    """Make competitors known by their names."""
    for competitor in competitors:
        if competitor.name in COMPETITORS:
            raise ValueError(f"two competitors are called {competitor.name!r}")
        COMPETITORS[competitor.name] = competitor


for _library in _LIBRARIES:
    register(_library.COMPETITORS)

__all__ = ["COMPETITORS", "OURS", "Competitor", "Method", "register"]
