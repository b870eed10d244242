# SPDX-License-Identifier: BSD-3-Clause
"""Centers and spread of classes of sparse points, from the entries that are stored: what is left out counts as zero without being written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from crowfly._estimators import FloatArray


@dataclass(frozen=True)
class ClassEntries:
    """Stored entries, each with the number of its (class, feature); and how many entries each of those has."""

    values: FloatArray
    cells: NDArray[np.int64]
    stored: NDArray[np.int64]  # (n_classes, n_features)
    counts: NDArray[np.int64]  # points of each class

    @classmethod
    def of(cls, X: Any, classes: NDArray[np.intp], n_classes: int) -> Self:
        """Of a sparse matrix, with a class number for each row."""
        entries = X.tocoo()
        n_features = X.shape[1]
        cells = classes[entries.row].astype(np.int64) * n_features + entries.col
        stored = np.bincount(cells, minlength=n_classes * n_features).reshape(n_classes, n_features)
        counts = np.bincount(classes, minlength=n_classes)
        return cls(entries.data.astype(np.float64, copy=False), cells, stored, counts)

    @property
    def left_out(self) -> NDArray[np.int64]:
        """How many zeros each class has in each feature beside the stored entries."""
        zeros: NDArray[np.int64] = self.counts[:, np.newaxis] - self.stored
        return zeros

    def means(self) -> FloatArray:
        """The mean of each class, once corrected by that of the residuals."""
        counts = self.counts[:, np.newaxis]
        mean = self._sums(self.values) / counts
        residuals = self._sums(self.values - mean.ravel()[self.cells]) - self.left_out * mean
        corrected: FloatArray = mean + residuals / counts
        return corrected

    def medians(self) -> FloatArray:
        """The median of each class in each feature."""
        order = np.lexsort((self.values, self.cells))
        ordered = np.append(self.values[order], 0.0)
        starts = np.concatenate([[0], np.cumsum(self.stored.ravel())[:-1]]).reshape(self.stored.shape)
        negative = self._sums(self.values < 0).astype(np.int64)

        def place(rank: NDArray[np.int64]) -> FloatArray:
            """The value of a rank, where the zeros left out come between the negative and the other entries."""
            at = rank[:, np.newaxis]
            after = at >= negative + self.left_out
            stored = (at < negative) | after
            where = np.where(stored, starts + at - after * self.left_out, len(ordered) - 1)
            found: FloatArray = ordered[where]
            return found

        lower, upper = place((self.counts - 1) // 2), place(self.counts // 2)
        medians: FloatArray = np.where(lower == upper, lower, (lower + upper) / 2)
        return medians

    def squares_around(self, centroids: FloatArray) -> FloatArray:
        """For each feature the sum of squared differences from the class's centroid."""
        squares = self._sums((self.values - centroids.ravel()[self.cells]) ** 2)
        total: FloatArray = (squares + self.left_out * centroids**2).sum(axis=0)
        return total

    def _sums(self, of: NDArray[Any]) -> FloatArray:
        # Without any entry NumPy counts in integers.
        sums: FloatArray = np.bincount(self.cells, weights=of, minlength=self.stored.size).astype(np.float64)
        return sums.reshape(self.stored.shape)
