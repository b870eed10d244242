# SPDX-License-Identifier: BSD-3-Clause
"""Covariances of least-squares coefficients from what the core computes; p-by-p work only.

The core's columns are [1, z = (x - shift) * scale], with scales that are powers of two, and targets times `target_scale`; a `basis` makes them orthonormal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowfly import _core

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Covariance:
    """`basis @ root @ root.T @ basis.T` is the covariance for the columns [1, z] and scaled targets."""

    basis: FloatArray
    root: FloatArray
    filling: FloatArray
    scaled: FloatArray  # for the columns [1, x * scale], and scaled targets
    shift: FloatArray
    scale: FloatArray
    target_scale: float
    first: int  # 1 with an intercept
    robust: bool

    def _units(self) -> FloatArray:
        return np.concatenate([np.ones(self.first), self.scale])

    def standard_errors(self) -> FloatArray:
        errors: FloatArray = np.sqrt(np.diag(self.scaled)) * self._units() / self.target_scale
        return errors

    def matrix(self) -> FloatArray:
        units = self._units() / self.target_scale
        matrix: FloatArray = self.scaled * units[:, np.newaxis] * units
        return matrix

    def standard_errors_of_rows(self, X: NDArray[Any], num_threads: int) -> FloatArray:
        """Of the mean of the target given each row."""
        factor = self.basis @ self.root
        start = factor[0] if self.first else np.zeros(factor.shape[1])
        squares = _core.row_lengths(
            X, self.shift, self.scale, np.ascontiguousarray(factor[self.first :]), start, num_threads
        )
        errors: FloatArray = np.sqrt(squares) / self.target_scale
        return errors

    def f_test(self, estimates: FloatArray, explained: float, df_model: int, df: int) -> tuple[float, float]:
        """F of all slopes and its p value; NaN where there are none, or fewer degrees of freedom than they need."""
        from scipy.special import fdtrc

        if df_model == 0 or df <= 0:
            return np.nan, np.nan
        inner = self.filling[self.first :, self.first :]
        if not self.robust:
            value = explained / df_model / self.filling[0, 0]
        elif df < df_model:
            return np.nan, np.nan
        else:
            slopes = estimates[self.first :] * self.target_scale / self.scale
            whitened = np.linalg.solve(self.basis[self.first :, self.first :], slopes)
            try:
                value = whitened @ np.linalg.solve(inner, whitened) / df_model
            except np.linalg.LinAlgError:
                return np.nan, np.nan
        return float(value), float(fdtrc(df_model, df, value))


def covariance_of(parts: dict[str, Any], cov_type: str, n_groups: int, intercept: bool) -> Covariance:
    """The covariance of a type, of the core's parts; ValueError where its residuals say nothing."""
    basis, first = parts["basis"], int(intercept)
    n, k = len(parts["residuals"]), len(basis)
    df = n - k
    if cov_type == "nonrobust":
        variance = parts["residual_sum"] / df if df > 0 else np.nan
        filling = variance * np.eye(k)
        root = np.sqrt(variance) * np.eye(k)
        scaled = variance * parts["inverse"]
    else:
        if cov_type in ("HC2", "HC3"):
            _check_leverage(parts["leverage"], k, parts["condition"], cov_type)
        filling = parts["filling"] * _factor(cov_type, n, k, n_groups)
        values, vectors = np.linalg.eigh(filling) if df > 0 else (np.full(k, np.nan), np.eye(k))
        root = vectors * np.sqrt(np.maximum(values, 0))
        unshifted = basis.copy()
        if intercept:
            unshifted[0] -= (parts["shift"] * parts["scale"]) @ basis[1:]
        scaled = unshifted @ filling @ unshifted.T
        scaled = (scaled + scaled.T) / 2
    return Covariance(
        basis,
        root,
        filling,
        scaled,
        parts["shift"],
        parts["scale"],
        parts["target_scale"],
        first,
        cov_type != "nonrobust",
    )


def _factor(cov_type: str, n: int, k: int, n_groups: int) -> float:
    """For small samples; NaN without residual degrees of freedom."""
    if n <= k:
        return np.nan
    if cov_type == "HC1":
        return n / (n - k)
    if cov_type == "cluster":
        return n_groups / (n_groups - 1) * (n - 1) / (n - k)
    return 1.0


def _check_leverage(leverage: FloatArray, k: int, condition: float, cov_type: str) -> None:
    rounding = 64 * k * np.finfo(np.float64).eps * max(1.0, condition)
    row = int(np.argmax(leverage))
    if 1 - leverage[row] <= rounding:
        raise ValueError(
            f"cov_type: {cov_type} divides by 1 - leverage, which is zero for row {row}: its target alone decides a coefficient; use HC1 or leave the row out"
        )
