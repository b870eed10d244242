# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression where full steps are too long: rows far out, at each of which the loss has a kink that Newton's model can't see from afar."""

from __future__ import annotations

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from references import AnyArray, FloatArray


def rows_far_out(n_classes: int, seed: int, n: int = 2000, p: int = 60) -> tuple[FloatArray, AnyArray]:
    """One row in twenty is 1e4 times longer than its class has it."""
    rng = np.random.default_rng(seed)
    X, b = rng.normal(size=(n, p)), rng.normal(size=(p, n_classes)) / 4
    y = (X @ b + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    X[rng.random(n) < 0.05] *= 1e4
    return X, y


@pytest.mark.parametrize(("n_classes", "most_steps", "most_reads"), [(2, 85, 160), (3, 95, 190)])
@pytest.mark.parametrize("seed", range(3))
def test_lengths_are_found_along_the_line(
    n_classes: int, most_steps: int, most_reads: int, seed: int
) -> None:
    """By halving 5 of these 6 fits were not done after 100 steps and 300 to 650 reads, or took more than these."""
    X, y = rows_far_out(n_classes, seed)
    fit = crowfly.logistic(X, y, alpha=1e-2)
    assert fit.converged
    assert fit.optimality_gap < 1e-8 * fit.objective
    assert fit.n_iter <= most_steps
    assert fit.n_reads <= most_reads


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_bits_for_any_number_of_threads(n_classes: int, weighted: bool) -> None:
    X, y = rows_far_out(n_classes, 5)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    fits = [
        crowfly.logistic(X, y, alpha=1e-2, sample_weight=weights, num_threads=threads)
        for threads in (1, 2, 3)
    ]
    for fit in fits[1:]:
        assert_same_bits(fit.coef, fits[0].coef)
        assert fit.n_reads == fits[0].n_reads


@pytest.mark.parametrize("scale", [1e150, 1e300])
def test_directions_that_overflow_are_shortened(scale: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    y = rng.integers(2, size=100)
    X[::10] *= scale
    try:
        fit = crowfly.logistic(X, y, alpha=1e-3)
    except ValueError as error:
        assert "X" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(fit.coef).all()
