# SPDX-License-Identifier: BSD-3-Clause
"""Are classes separated by a plane that at most touches them? Then logistic regression without a penalty has no finite optimum.

A linear program decides (K. Konis 2007, Linear programming algorithms for detecting separated data in binary logistic regression
models, DPhil thesis, Oxford): is there a direction along which no row's margin falls and one rises?
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly._sparse import is_sparse

FloatArray = NDArray[np.float64]

#: Rows are of unit size: margins that fall by less than this count as constant, those that rise by more as rising.
FALL, RISE = 1e-9, 1e-6

#: The program is solved for at most about this many numbers. More rows are judged by a part of them first: if that can't be
#: separated, the whole can't.
LARGEST_PROGRAM = 3_000_000


def is_separated(X: Any, codes: NDArray[np.int32], n_classes: int, intercept: bool) -> bool | None:
    """True or False; None where the rows are too many to decide.

    Parameters
    ----------
    X : ndarray or sparse CSR matrix of shape (n, n_features)
        Rows of positive weight. As many of a sparse one as the program takes are made dense.
    codes : ndarray of shape (n,)
        Class numbers.
    """
    per_row = (X.shape[1] + 1) * (1 if n_classes == 2 else 2 * n_classes)
    affordable = max(1, LARGEST_PROGRAM // per_row)
    n = X.shape[0]
    if n <= affordable:
        return _solve(_dense(X), codes, n_classes, intercept)
    part = np.linspace(0, n - 1, affordable).astype(np.intp)
    return None if _solve(_dense(X[part]), codes[part], n_classes, intercept) else False


def _dense(X: Any) -> NDArray[Any]:
    return np.asarray(X.toarray() if is_sparse(X) else X)


def _solve(X: NDArray[Any], codes: NDArray[np.int32], n_classes: int, intercept: bool) -> bool:
    from scipy.optimize import linprog

    margins = _margins(_scaled(X, intercept), codes, n_classes)
    # Rises are summed; the box keeps the program bounded. The direction zero is always allowed, so it always has a solution.
    found = linprog(
        -np.asarray(margins.sum(axis=0)).ravel(),
        A_ub=-margins,
        b_ub=np.zeros(margins.shape[0]),
        bounds=(-1, 1),
    )
    if found.x is None:
        return False
    change = margins @ found.x
    return bool(change.min() >= -FALL and change.max() > RISE)


def _scaled(X: NDArray[Any], intercept: bool) -> FloatArray:
    """Columns centred (with an intercept) and of unit size, so that the program's tolerances mean the same for all."""
    design = X.astype(np.float64)
    if intercept:
        design -= design.mean(axis=0)
    size = np.abs(design).max(axis=0)
    design /= np.where(size > 0, size, 1.0)
    return np.column_stack([design, np.ones(len(design))]) if intercept else design


def _margins(design: FloatArray, codes: NDArray[np.int32], n_classes: int) -> Any:
    """One row per row of data and other class: what a direction adds to the own class' predictor less the other's."""
    size = np.abs(design).max(axis=1, keepdims=True)
    design = design / np.where(size > 0, size, 1.0)
    if n_classes == 2:
        return design * np.where(codes == 1, 1.0, -1.0)[:, np.newaxis]
    from scipy import sparse

    n, m = design.shape
    own = np.repeat(np.arange(n), n_classes)
    other = np.tile(np.arange(n_classes), n)
    keep = other != codes[own]
    own, other = own[keep], other[keep]
    row = np.repeat(np.arange(len(own)), m)
    column = np.tile(np.arange(m), len(own))
    values = design[own].ravel()
    shape = (len(own), n_classes * m)
    gained = sparse.csr_array((values, (row, np.repeat(codes[own] * m, m) + column)), shape=shape)
    lost = sparse.csr_array((values, (row, np.repeat(other * m, m) + column)), shape=shape)
    return gained - lost
