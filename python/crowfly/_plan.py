# SPDX-License-Identifier: BSD-3-Clause
"""What a search will do, in words."""

from __future__ import annotations

from dataclasses import dataclass

#: What an algorithm computes with before distances are computed in float64.
PRECISIONS = {
    "direct": "float64",
    "tree": "float64",
    "lattice": "8-bit integers, then float64",
    "cells": "8-bit integers, then float64",
}


@dataclass(frozen=True)
class Plan:
    """What a call of `Index.query` will do; `Index.explain` makes it. As text it is one sentence.

    Attributes
    ----------
    algorithm : str
        "direct", "lattice", "cells" or "tree".
    reason : str
    precision : str
        What pairs are computed with.
    num_threads : int
        At most; small calls run on one.
    built : bool
        Whether what the algorithm needs is there already; otherwise the first call makes it.
    extra_bytes : int
        Memory of that, beside the points; an estimate until it is built.
    """

    algorithm: str
    reason: str
    precision: str
    num_threads: int
    built: bool
    extra_bytes: int

    def __str__(self) -> str:
        memory = f"{self.extra_bytes / 2**20:.3g} MiB" if self.extra_bytes else "nothing"
        state = "built" if self.built else "to be built" if self.extra_bytes else "needed"
        threads = f"{self.num_threads} thread{'s' if self.num_threads != 1 else ''}"
        return (
            f"{self.algorithm} ({self.reason}), {self.precision}, up to {threads}, "
            f"{memory} beside the points, {state}"
        )
