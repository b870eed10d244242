# SPDX-License-Identifier: BSD-3-Clause
"""Errors of paths of penalties on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core
from crowfly._penalty_arguments import as_alphas, as_grid_ratio
from crowfly._sparse import is_sparse
from crowfly._validation import LARGEST_WEIGHT, as_num_threads, telling_what_overflows
from crowfly.lasso import fit_path

FloatArray = NDArray[np.float64]
Rows = slice | NDArray[np.intp]


@dataclass(frozen=True)
class PathErrors:
    """Data that were checked (X may be a CSR matrix), and how they are split: pairs of training and test rows."""

    X: Any
    y: NDArray[Any]
    sample_weight: FloatArray | None
    splits: Sequence[tuple[NDArray[Any], NDArray[Any]]]
    num_threads: int | None

    def at(
        self,
        l1_ratios: Sequence[float],
        eps: float,
        alphas: int | ArrayLike,
        *,
        positive: bool,
        intercept: bool,
    ) -> tuple[FloatArray, FloatArray]:
        """Alphas, shape (n_l1_ratios, n_alphas), and weighted mean squared errors, (n_l1_ratios, n_alphas, n_folds).

        Grids are those of all rows.

        Raises
        ------
        ValueError
            If a fold has no weight, or magnitudes are too large.
        """
        values, n_alphas = as_alphas(alphas)
        if not values and 0.0 in l1_ratios:
            raise ValueError(
                "alphas: a list of numbers expected with l1_ratio=0, for which there is no largest one"
            )
        ratio = as_grid_ratio(eps)
        constraints = {"positive": positive, "intercept": intercept}
        n_rows, n_features = self.X.shape
        dense = not is_sparse(self.X)
        if dense and self._is_partition() and _core.gram_pays(n_rows, n_features, n_alphas * len(l1_ratios)):
            found = self._of_folds(l1_ratios, values, n_alphas, ratio, **constraints)
            _require_range(found[0])
            return found
        grids = [values or self._grid(share, n_alphas, ratio, **constraints) for share in l1_ratios]
        _require_range(grids)
        errors = [
            [self._of_split(train, test, share, grid, **constraints) for train, test in self.splits]
            for share, grid in zip(l1_ratios, grids, strict=True)
        ]
        return np.asarray(grids), np.moveaxis(np.asarray(errors), 1, 2)

    def _is_partition(self) -> bool:
        """Whether every row is tested once, and trained on otherwise."""
        n_rows = self.X.shape[0]
        tests = np.concatenate([_indices(test, n_rows) for _, test in self.splits])
        return (
            len(self.splits) > 1
            and np.array_equal(np.sort(tests), np.arange(n_rows))
            and all(
                np.array_equal(
                    np.sort(np.concatenate([_indices(train, n_rows), _indices(test, n_rows)])),
                    np.arange(n_rows),
                )
                for train, test in self.splits
            )
        )

    def _of_folds(
        self,
        l1_ratios: Sequence[float],
        values: list[float],
        n_alphas: int,
        ratio: float,
        *,
        positive: bool,
        intercept: bool,
    ) -> tuple[FloatArray, FloatArray]:
        folds = [self._rows(test) for _, test in self.splits]
        X, y, weights = (list(part) for part in zip(*folds, strict=True))
        with telling_what_overflows(X=self.X, y=self.y[:, np.newaxis]):
            return _core.elastic_net_cv(
                X,
                [part[:, np.newaxis] for part in y],
                weights,
                intercept,
                positive,
                list(l1_ratios),
                values,
                n_alphas,
                ratio,
                as_num_threads(self.num_threads),
            )

    def _rows(self, indices: NDArray[Any]) -> tuple[Any, NDArray[Any], FloatArray | None]:
        """Rows of positive weight, as views where they follow one another."""
        kept = _indices(indices, self.X.shape[0])
        if self.sample_weight is not None:
            kept = kept[self.sample_weight[kept] > 0]
        if kept.size == 0:
            raise ValueError("sample_weight: a positive weight in every fold expected, one has none")
        rows: Rows = kept
        if kept[-1] - kept[0] + 1 == kept.size and (np.diff(kept) == 1).all():
            rows = slice(int(kept[0]), int(kept[-1]) + 1)
        weights = None if self.sample_weight is None else np.ascontiguousarray(self.sample_weight[rows])
        return self.X[rows], self.y[rows], weights

    def _grid(self, l1_ratio: float, n_alphas: int, ratio: float, **constraints: bool) -> list[float]:
        """The core's grid, of all rows."""
        path, _ = fit_path(
            self.X,
            self.y,
            l1_ratio=l1_ratio,
            eps=ratio,
            alphas=1,
            penalty_factor=None,
            sample_weight=self.sample_weight,
            num_threads=self.num_threads,
            names=None,
            **constraints,
        )
        exponents = np.arange(n_alphas) / max(1, n_alphas - 1)
        grid: list[float] = (path.alphas[0] * ratio**exponents).tolist()
        return grid

    def _of_split(
        self,
        train: NDArray[Any],
        test: NDArray[Any],
        l1_ratio: float,
        alphas: list[float],
        **constraints: bool,
    ) -> FloatArray:
        X, y, weights = self._rows(train)
        path, _ = fit_path(
            X,
            y,
            l1_ratio=l1_ratio,
            eps=1.0,
            alphas=alphas,
            penalty_factor=None,
            sample_weight=weights,
            num_threads=self.num_threads,
            names=None,
            **constraints,
        )
        X, y, weights = self._rows(test)
        residuals = path.predict(X, num_threads=self.num_threads) - y[:, np.newaxis]
        errors: FloatArray = np.average(residuals**2, weights=weights, axis=0)
        return errors


def _require_range(grids: Any) -> None:
    """ValueError for data whose grid of penalties is beyond what a fit takes."""
    largest = np.max(grids)
    if not largest <= LARGEST_WEIGHT:
        raise ValueError(
            f"X and y: numbers so large that the grid of penalties begins at {largest:.2g}, at most {LARGEST_WEIGHT:g} expected; divide X or y by a power of two"
        )


def _indices(rows: NDArray[Any], n_rows: int) -> NDArray[np.intp]:
    """Splitters yield indices; lists of splits may hold masks. IndexError for what are no rows, as NumPy's indexing has it."""
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_rows,):
        return np.flatnonzero(rows)
    if rows.size and (rows.dtype.kind not in "iu" or rows.ndim != 1):
        raise IndexError(
            f"cv: arrays of row numbers, or masks of {n_rows} rows, expected, got dtype {rows.dtype} and shape {rows.shape}"
        )
    beyond = rows[(rows >= n_rows) | (rows < -n_rows)] if rows.size else rows
    if beyond.size:
        raise IndexError(f"cv: numbers of {n_rows} rows expected, got {beyond[0]}")
    return rows.astype(np.intp) % n_rows
