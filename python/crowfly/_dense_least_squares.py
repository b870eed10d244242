# SPDX-License-Identifier: BSD-3-Clause
"""Least squares of dense data by the core, and of columns that depend on others by way of the independent ones. docs/design/least-squares.md."""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import _core
from crowfly._shortest import Shortest, Split, Ties, settled


def _is_mapped(array: NDArray[Any]) -> bool:
    """Whether it shows a file, which may be larger than memory: nothing may copy its columns."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, mmap)


@dataclass(frozen=True)
class DenseProblem:
    """Checked data of a dense fit."""

    X: NDArray[Any]
    y: NDArray[Any]
    weights: NDArray[np.float64] | None
    intercept: bool
    threads: int
    keep_reduced: bool

    def fit(self, penalties: list[float]) -> dict[str, Any]:
        """The core's, by way of independent columns where others depend on them and there is no penalty."""
        if any(penalties) or len(self.X) < self.X.shape[1] + self.intercept or _is_mapped(self.X):
            return self._core_fit(self.X, self.y, penalties, keep_reduced=self.keep_reduced)
        fit = self._core_fit(self.X, self.y, penalties, keep_reduced=self.keep_reduced, name_suspects=True)
        reads = 0
        if "suspects" in fit:
            reads = fit["n_reads"]
            found = self._of_independent(np.sort(fit["suspects"]), proven=False)
            # Cross products can't tell the nearly dependent from the dependent: the data can, by orthogonal factors.
            fit = found or self._core_fit(self.X, self.y, penalties, keep_reduced=self.keep_reduced)
            if found is not None:
                return found | {"n_reads": reads + found["n_reads"]}
        if fit["dependent_columns"].size:
            exact = self._of_independent(fit["dependent_columns"], proven=True)
            if exact is not None:
                kept = {name: fit[name] for name in ("method", "reduced") if name in fit}
                fit = exact | kept | {"n_reads": fit["n_reads"] + exact["n_reads"]}
        return fit | {"n_reads": reads + fit["n_reads"]}

    def _core_fit(
        self, X: NDArray[Any], y: NDArray[Any], penalties: list[float], **options: bool
    ) -> dict[str, Any]:
        return _core.least_squares(X, y, self.weights, self.intercept, penalties, self.threads, **options)

    def _of_independent(self, left_out: NDArray[np.int64], *, proven: bool) -> dict[str, Any] | None:
        """The shortest solution from the refined one of the other columns.

        None where more columns are left out than not, where these are dependent themselves, where columns left out turn out not to be (unless that is proven), and where predictors are not the
        same.
        """
        split = Split.of(self.X, left_out, intercept=self.intercept)
        n_targets = self.y.shape[1]
        if not len(split.dependent) <= len(split.kept) > 0 or (proven and not len(split.dependent)):
            return None

        def solve(split: Split) -> Ties | None:
            kept, dependent = split.parts(self.X)
            targets = np.hstack([self.y, dependent])
            part = self._core_fit(kept, targets, [0.0] * targets.shape[1], keep_reduced=self.keep_reduced)
            if part["dependent_columns"].size or not np.isfinite(part["coef"]).all():
                return None
            if not proven and not self._is_rounding(part["rss"][n_targets:], dependent):
                return None
            return Ties(
                kept, split.without_rounding(part["coef"][n_targets:]), part["intercept"][n_targets:], part
            )

        found = settled(split, solve)
        if found is None:
            return None
        split, ties, reads = found
        part = ties.fit
        solution = part["coef"][:n_targets], part["intercept"][:n_targets]
        shortest = Shortest.of(self.X, split, solution, ties, num_threads=self.threads)
        own_reach = split.reach(np.arange(self.X.shape[1]), shortest.coef, shortest.intercept)
        if not shortest.is_as_exact(own_reach, split.reach(split.kept, *solution)):
            return None
        fit = part | {
            "coef": shortest.coef,
            "intercept": shortest.intercept,
            "rss": part["rss"][:n_targets],
            "rank": len(split.kept),
            "condition": np.inf,
            "dependent_columns": left_out,
            "n_reads": reads + 2,
        }
        if self.keep_reduced:
            triangle = part["reduced"]
            fit["reduced"] = np.linalg.qr(np.vstack([triangle, ties.factors @ triangle]), mode="r")
        return fit

    def _is_rounding(self, squares: NDArray[np.float64], dependent: NDArray[Any]) -> bool:
        """Whether residuals of columns are below the cut-off of the rank, as it is for orthogonal factors."""
        cut = 10 * max(self.X.shape[1], 10) * float(np.finfo(np.float64).eps)
        values = np.asarray(dependent, dtype=np.float64)
        if self.intercept:
            values = values - np.average(values, axis=0, weights=self.weights)
        weights = np.ones(len(values)) if self.weights is None else self.weights
        with np.errstate(over="ignore"):
            lengths = weights @ values**2
        return bool((squares <= cut**2 * lengths).all())
