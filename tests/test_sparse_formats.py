# SPDX-License-Identifier: BSD-3-Clause
"""Sparse matrices of every format and real dtype give the answers of their CSR copy in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

import crowfly

RNG = np.random.default_rng(90)
DENSE: NDArray[np.float64] = np.where(RNG.random((40, 5)) < 0.6, RNG.integers(1, 4, (40, 5)), 0).astype(float)
Y = DENSE @ [1.0, -2.0, 0.5, 0.0, 1.0] + RNG.standard_normal(40)
LABELS = (np.median(Y) < Y).astype(int)

FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")

CALLS: dict[str, Callable[[Any], Any]] = {
    "lstsq": lambda S: crowfly.lstsq(S, Y).coef,
    "lstsq with a penalty": lambda S: crowfly.lstsq(S, Y, alpha=1.0).coef,
    "ridge_path": lambda S: crowfly.ridge_path(S, Y, alphas=[0.5, 2.0]).coef,
    "enet_path": lambda S: crowfly.enet_path(S, Y, l1_ratio=0.5).coefs,
    "nnls": lambda S: crowfly.nnls(S, Y).coef,
    "logistic": lambda S: crowfly.logistic(S, LABELS, alpha=1.0).coef,
    "predictions": lambda S: crowfly.lstsq(DENSE, Y).predict(S),
    "points": lambda S: crowfly.Index(S).query(DENSE, 3)[0],
    "queries": lambda S: crowfly.Index(DENSE).query(S, 3)[0],
    "sparse queries": lambda S: crowfly.Index(sparse.csr_array(DENSE)).query(S, 3)[0],
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("call", CALLS)
def test_formats(call: str, name: str) -> None:
    matrix = sparse.csr_array(DENSE).asformat(name)
    before = matrix.copy()
    assert np.array_equal(CALLS[call](matrix), CALLS[call](sparse.csr_array(DENSE)))
    assert (matrix != before).nnz == 0


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int32, np.int64, np.uint64, np.float32])
@pytest.mark.parametrize("call", CALLS)
def test_dtypes(call: str, dtype: Any) -> None:
    matrix = sparse.csr_array(DENSE.astype(dtype))
    assert matrix.dtype == dtype
    expected = CALLS[call](sparse.csr_array(DENSE.astype(dtype).astype(np.float64)))
    assert np.array_equal(CALLS[call](matrix), expected)


def test_entries_of_one_place_are_added_up() -> None:
    triplets = sparse.coo_array(([1.0, 2.0, 5.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    assert crowfly.Index(triplets).query([[0.0, 3.0]])[0] == 0


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("axis", ["row", "col"])
@pytest.mark.parametrize("number", [-1, 10**9])
def test_triplets_out_of_shape_are_refused(call: str, axis: str, number: int) -> None:
    matrix = sparse.coo_array(DENSE)
    getattr(matrix, axis)[3] = number
    with pytest.raises(
        ValueError, match=r"(X|points|queries): a sparse matrix whose index arrays fit its shape"
    ):
        CALLS[call](matrix)


def test_one_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="X: 2 dimensions expected"):
        crowfly.lstsq(sparse.coo_array(Y), Y)
    with pytest.raises(ValueError, match="points: 2 dimensions expected"):
        crowfly.Index(sparse.coo_array(Y))
