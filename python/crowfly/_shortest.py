# SPDX-License-Identifier: BSD-3-Clause
"""The shortest of many solutions, from one and from the columns that depend on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import _core

FloatArray = NDArray[np.float64]


def silent_columns(X: NDArray[Any], columns: NDArray[np.int64], *, intercept: bool) -> NDArray[np.int64]:
    """Those of some columns that say nothing: constant ones beside an intercept, zeros without. Of all minimisers the shortest gives them zero."""
    part = X[:, columns]
    low, high = part.min(axis=0), part.max(axis=0)
    silent: NDArray[np.int64] = columns[low == high] if intercept else columns[(low == 0) & (high == 0)]
    return silent


@dataclass(frozen=True)
class Dependence:
    """Columns `dependent` = columns `kept` times `factors`' + `offsets`; the others of `n_features` are silent.

    `factors` has shape (n_dependent, n_kept), `offsets` (n_dependent,): as least squares finds them.
    """

    n_features: int
    kept: NDArray[np.int64]
    dependent: NDArray[np.int64]
    factors: FloatArray
    offsets: FloatArray

    def shortest(self, coef: FloatArray, intercept: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The shortest coefficients of all columns, of shape (n_targets, n_features), and the intercepts, with the predictors of these of the kept columns.

        They are these, with zeros, less their part in the null space, which is spanned by the columns of (-factors', 1): a least squares problem as small as there are features. Every
        digit of `factors` counts in it, where an orthogonal factorisation of the data loses those of small coefficients: 11 of 16 were left where columns differ by 1e6 in scale.
        """
        basic = np.zeros((len(coef), self.n_features))
        basic[:, self.kept] = coef
        if not len(self.dependent):
            return basic, intercept
        null = np.zeros((self.n_features, len(self.dependent)))
        null[self.kept], null[self.dependent] = -self.factors.T, np.eye(len(self.dependent))
        fit = _core.least_squares(null, np.ascontiguousarray(basic.T), None, False, [0.0] * len(coef), 0)
        return basic - fit["coef"] @ null.T, intercept + fit["coef"] @ self.offsets
