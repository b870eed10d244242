# SPDX-License-Identifier: BSD-3-Clause
"""What a search will do, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """What a call of `Index.query` will do; `Index.explain` makes it. As text it is one sentence.

    Attributes
    ----------
    algorithm : str
        "direct", "lattice", "cells" or "tree"; "inverted" for sparse points (lists of points by feature).
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
        threads = "one thread" if self.num_threads == 1 else f"up to {self.num_threads} threads"
        return f"{self.algorithm} ({self.reason}), {self.precision}, {threads}, {self._memory()}"

    def _memory(self) -> str:
        if not self.extra_bytes:
            return "no memory beside the points"
        size = _size(self.extra_bytes)
        return (
            f"{size} beside the points, built"
            if self.built
            else f"about {size} beside the points, to be built"
        )


def precision(filter_bits: int) -> str:
    """What pairs are computed with: integers of so many bits first, unless that is zero."""
    return f"{filter_bits}-bit integers, then float64" if filter_bits else "float64"


def _size(n_bytes: int) -> str:
    """Three digits and a unit."""
    size, unit = float(n_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if size < 1000:
            break
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}" if size < 1000 else f"{size:.0f} {unit}"
