# SPDX-License-Identifier: BSD-3-Clause
"""Inference for least squares in rational arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from references import AnyArray, minimum_norm_solution

ROBUST = {"HC0": 0, "HC1": 0, "HC2": 1, "HC3": 2}


def regression(n: int, n_features: int, dtype: Any = np.float64) -> tuple[AnyArray, AnyArray]:
    """A well-conditioned problem whose noise grows with the first column; its seed is its shape."""
    rng = np.random.default_rng([n, n_features, 5])
    X = rng.standard_normal((n, n_features))
    y = X @ rng.standard_normal(n_features) + 3 + np.abs(X[:, 0]) * rng.standard_normal(n)
    return X.astype(dtype), y.astype(dtype)


@dataclass(frozen=True)
class ExactOls:
    """Everything rational about a fit of full rank; the intercept is first."""

    params: list[Fraction]
    inverse: list[list[Fraction]]
    residuals: list[Fraction]
    leverage: list[Fraction]
    rows: list[list[Fraction]]
    weights: list[Fraction]

    @property
    def rss(self) -> Fraction:
        return sum((w * r * r for w, r in zip(self.weights, self.residuals, strict=True)), Fraction(0))

    @property
    def df_resid(self) -> int:
        return len(self.residuals) - len(self.params)

    def standard_errors(self) -> list[str]:
        variance = self.rss / self.df_resid
        return [decimal_root(variance * self.inverse[j][j]) for j in range(len(self.params))]

    def robust_errors(self, filling: list[list[Fraction]], factor: Fraction) -> list[str]:
        result = []
        for column in self.inverse:
            inner = [dot(column, row) for row in filling]
            result.append(decimal_root(factor * dot(column, inner)))
        return result

    def sandwich_errors(self, cov_type: str) -> list[str]:
        k = len(self.params)
        factors = [
            (w * r) ** 2 / (1 - h) ** ROBUST[cov_type]
            for w, r, h in zip(self.weights, self.residuals, self.leverage, strict=True)
        ]
        filling = [[dot(factors, products(self.rows, i, j)) for j in range(k)] for i in range(k)]
        n = len(self.rows)
        return self.robust_errors(filling, Fraction(n, n - k) if cov_type == "HC1" else Fraction(1))

    def cluster_errors(self, groups: AnyArray) -> list[str]:
        k, n, labels = len(self.params), len(self.rows), sorted(set(groups.tolist()))
        scores = []
        for label in labels:
            members = np.flatnonzero(groups == label).tolist()
            scores.append(
                [
                    sum((self.weights[i] * self.residuals[i] * self.rows[i][j] for i in members), Fraction(0))
                    for j in range(k)
                ]
            )
        filling = [[sum((s[i] * s[j] for s in scores), Fraction(0)) for j in range(k)] for i in range(k)]
        count = len(labels)
        return self.robust_errors(filling, Fraction(count, count - 1) * Fraction(n - 1, n - k))


def dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0))


def products(rows: list[list[Fraction]], i: int, j: int) -> list[Fraction]:
    return [row[i] * row[j] for row in rows]


def decimal_root(value: Fraction) -> str:
    with mpmath.workdps(50):
        return str(mpmath.sqrt(mpmath.mpf(value.numerator) / value.denominator))


def decimal(value: Fraction) -> str:
    with mpmath.workdps(50):
        return str(mpmath.mpf(value.numerator) / value.denominator)


def exact_ols(
    X: AnyArray, y: AnyArray, *, intercept: bool = True, sample_weight: AnyArray | None = None
) -> ExactOls:
    features = [[Fraction(value) for value in row] for row in np.asarray(X, dtype=np.float64).tolist()]
    rows = [[Fraction(1), *row] for row in features] if intercept else features
    target = [Fraction(value) for value in np.asarray(y, dtype=np.float64).tolist()]
    raw = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    weights = [Fraction(value) for value in raw.tolist()]
    k = len(rows[0])
    gram = [[dot(weights, products(rows, i, j)) for j in range(k)] for i in range(k)]
    inverse = [minimum_norm_solution(gram, [Fraction(int(i == j)) for i in range(k)])[0] for j in range(k)]
    right = [
        sum((w * row[j] * t for w, row, t in zip(weights, rows, target, strict=True)), Fraction(0))
        for j in range(k)
    ]
    params = [dot(column, right) for column in inverse]
    residuals = [t - dot(row, params) for row, t in zip(rows, target, strict=True)]
    leverage = [
        w * dot(row, [dot(column, row) for column in inverse]) for w, row in zip(weights, rows, strict=True)
    ]
    return ExactOls(params, inverse, residuals, leverage, rows, weights)
