# SPDX-License-Identifier: BSD-3-Clause
"""How results are compared, and every tolerance with its derivation.

Distances and neighbours are defined to the bit, so `assert_same_bits` and `assert_neighbors_equal` have no
tolerance. `assert_neighbors_valid` accepts any order of summation and any order of neighbours whose distances
can't be told apart: it recomputes each returned pair and compares with the sorted reference.

Linear models are judged by backward error. A computed sum of n products has a relative error of at most n *
eps against the sum of their magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1);
a triangular or Cholesky solve with p unknowns adds 3p + 1 of these (theorem 10.3).
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from references import AnyArray, ExactLstsq, FloatArray, LogisticProblem, finished_distances, raw_distances

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)

# No more digits than these can be told apart in float64.
MOST_DIGITS = 15.0


# --- Bits ---


def assert_same_bits(actual: AnyArray, expected: AnyArray) -> None:
    """Same dtype, shape and values; -0.0 differs from 0.0 and a NaN equals the same NaN."""
    assert actual.dtype == expected.dtype, f"dtype is {actual.dtype}, expected {expected.dtype}"
    assert actual.shape == expected.shape, f"shape is {actual.shape}, expected {expected.shape}"
    a, b = np.ascontiguousarray(actual), np.ascontiguousarray(expected)
    if a.tobytes() != b.tobytes():
        wrong = np.argwhere((a != b) | (np.signbit(a) != np.signbit(b)) if a.dtype.kind == "f" else a != b)
        first = tuple(wrong[0].tolist()) if len(wrong) else ()
        raise AssertionError(
            f"{len(wrong)} of {a.size} values differ, first at {first}: {a[first]!r}, expected {b[first]!r}"
        )


def assert_neighbors_equal(
    actual: tuple[AnyArray, ...],
    expected: tuple[AnyArray, ...],
    names: tuple[str, ...] = ("distances", "indices", "offsets"),
) -> None:
    """Distances, indices (and offsets) equal to the bit."""
    assert len(actual) == len(expected)
    for name, got, want in zip(names, actual, expected, strict=False):
        try:
            assert_same_bits(got, want)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


# --- Neighbours, whatever the order of summation ---


def distance_tolerance(n_features: int, metric: str) -> float:
    """Relative error between two float64 evaluations of one distance by direct differences.

    A term has at most 3 roundings (difference, power, product) and the sum n - 1 more: each evaluation is
    within (n + 3) eps / 2 of the truth (all terms have one sign), two of them within (n + 3) eps. Roots only
    shrink a relative error and add one rounding. Scaling to unit length moves the components, not the
    differences: cosine needs an absolute tolerance, see `assert_neighbors_valid`. A general power p
    multiplies the error of its base by p; p is at most 16 here.
    """
    factor = 16 if metric == "minkowski" else 1
    return factor * (n_features + 4) * EPS


def assert_neighbors_valid(
    distances: AnyArray,
    indices: AnyArray,
    queries: AnyArray,
    points: AnyArray,
    *,
    metric: str = "euclidean",
    p: float | None = None,
    exclude_self: bool = False,
) -> None:
    """The k returned points are distinct, sorted, at the distances stated, and none nearer was left out.

    Correct for any order of summation: ties and near-ties may come in any order.
    """
    n_queries, n_features = queries.shape
    k = distances.shape[1]
    assert distances.shape == indices.shape == (n_queries, k)
    raw = raw_distances(queries, points, metric, p)
    if exclude_self:
        assert not np.any(indices == np.arange(n_queries)[:, np.newaxis]), (
            "a query was returned as its own neighbour"
        )
        np.fill_diagonal(raw, np.inf)
    assert np.all((indices >= 0) & (indices < len(points))), "an index is out of range"
    in_order = np.sort(indices, axis=1)
    assert not np.any(in_order[:, 1:] == in_order[:, :-1]), "a point was returned twice"
    assert np.all(distances[:, 1:] >= distances[:, :-1]), "distances are not sorted"

    recomputed = finished_distances(np.take_along_axis(raw, indices, axis=1), metric, p)
    nearest = finished_distances(np.sort(raw, axis=1)[:, :k], metric, p)
    relative = distance_tolerance(n_features, metric)
    # Unit rows carry (n + 3) eps per component; half the squared distance of two of them is at most 2.
    absolute = 2 * relative if metric == "cosine" else TINY
    for expected, meaning in (
        (recomputed, "is not that point's distance"),
        (nearest, "is not the nearest possible"),
    ):
        error = np.abs(distances - expected)
        wrong = np.argwhere(~((error <= relative * expected + absolute) | (distances == expected)))
        if len(wrong):
            at = tuple(wrong[0].tolist())
            raise AssertionError(f"query, rank {at}: distance {distances[at]!r} {meaning}: {expected[at]!r}")


# --- Linear models ---


def log_relative_error(value: Any, exact: Fraction | mpmath.mpf | str) -> float:
    """-log10(|value - exact| / |exact|), the number of right digits, at most 15; the absolute error when exact is 0."""
    with mpmath.workdps(60):
        truth = (
            mpmath.mpf(exact.numerator) / exact.denominator
            if isinstance(exact, Fraction)
            else mpmath.mpf(exact)
        )
        error = abs(mpmath.mpf(value) - truth) / (abs(truth) if truth else 1)
        return MOST_DIGITS if error == 0 else min(MOST_DIGITS, float(-mpmath.log10(error)))


def worst_log_relative_error(values: AnyArray, exact: list[Any]) -> float:
    """The minimum of `log_relative_error` over coefficients."""
    assert len(values) == len(exact)
    return min(log_relative_error(float(value), truth) for value, truth in zip(values, exact, strict=True))


def centred_design(
    X: AnyArray, y: AnyArray, *, intercept: bool, sample_weight: AnyArray | None, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """The problem actually solved: centred and weighted rows, then one row per column for the ridge penalty."""
    x, t = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    w = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if intercept:
        # Subtracting a rough mean first makes the second mean as good as one in twice the precision.
        x, t = x - np.average(x, axis=0, weights=w), t - np.average(t, weights=w)
        x, t = x - np.average(x, axis=0, weights=w), t - np.average(t, weights=w)
    root = np.sqrt(w)
    n_features = x.shape[1]
    design = np.vstack([x * root[:, np.newaxis], math.sqrt(alpha) * np.eye(n_features)])
    return design, np.concatenate([t * root, np.zeros(n_features)])


def gradient_tolerance(design: FloatArray, target: FloatArray, coef: AnyArray) -> FloatArray:
    """Largest |x_j . residual| of a backward stable solution, for each column j.

    The computed Gram matrix and right side are within (n + 1) eps |x_i| |x_j|, the solve adds (3 p + 1) eps
    of the same size, and checking the gradient in float64 costs (n + p) eps again: together below (2 n + 4 p
    + 4) eps |x_j| (|y| + sum_i |x_i| |b_i|).
    """
    n, n_features = design.shape
    lengths = np.linalg.norm(design, axis=0)
    size = np.linalg.norm(target) + lengths @ np.abs(coef)
    bound: FloatArray = (2 * n + 4 * n_features + 4) * EPS * size * lengths
    return bound


def assert_least_squares_optimal(
    X: AnyArray,
    y: AnyArray,
    coef: AnyArray,
    *,
    intercept: bool = True,
    sample_weight: AnyArray | None = None,
    alpha: float = 0.0,
) -> None:
    """The residual is orthogonal to every column of the (centred, weighted, augmented) design up to rounding."""
    design, target = centred_design(X, y, intercept=intercept, sample_weight=sample_weight, alpha=alpha)
    gradient = np.abs((target - design @ coef) @ design)
    excess = gradient - gradient_tolerance(design, target, coef)
    assert np.all(excess <= 0), (
        f"the gradient of column {int(np.argmax(excess))} exceeds rounding by {excess.max():.3g}"
    )


def coefficient_tolerance(design: FloatArray, target: FloatArray, coef: AnyArray) -> FloatArray:
    """Largest error of each coefficient that the gradient tolerance allows.

    With columns scaled to unit length the error e satisfies (Gram) e = g, so |e| <= |g| / (smallest singular
    value)^2. Twice, because the gradient bound was derived to first order.
    """
    lengths = np.linalg.norm(design, axis=0)
    lengths[lengths == 0] = 1.0
    smallest = np.linalg.svd(design / lengths, compute_uv=False)[-1]
    scaled_gradient = np.linalg.norm(gradient_tolerance(design, target, coef) / lengths)
    bound: FloatArray = 2 * scaled_gradient / smallest**2 / lengths
    return bound


def minimum_norm_tolerance(design: FloatArray, target: FloatArray, coef: AnyArray, rank: int) -> FloatArray:
    """Largest error of each coefficient of the minimum-norm solution when the design has this rank.

    As `coefficient_tolerance`, on the range of the unscaled design; the computed null space may be tilted by
    (n + p) eps times the condition number, which moves the solution by as much of its own length. Twice, for
    both to first order. At rank 0 the solution is 0.
    """
    if rank == 0:
        return np.zeros(len(coef))
    singular = np.linalg.svd(design, compute_uv=False)
    gradient = np.linalg.norm(gradient_tolerance(design, target, coef))
    tilt = sum(design.shape) * EPS * singular[0] / singular[rank - 1] * np.linalg.norm(coef)
    return np.full(len(coef), 2 * (gradient / singular[rank - 1] ** 2 + tilt))


def rss_tolerance(X: AnyArray, y: AnyArray, coef: AnyArray, weights: AnyArray) -> float:
    """Rounding of a weighted sum of squared residuals that are computed from centred rows.

    A residual has p + 4 roundings of the size of its terms; sum_i w_i (r_i + e_i)^2 then moves by 2 |r|.|e| +
    |e|^2, and the sum over n rows adds n eps. Means of offset data are good to n eps, which the centred
    residual sees once, against their own size.
    """
    x, t = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n, n_features = x.shape
    x, t = x - np.average(x, axis=0, weights=weights), t - np.average(t, weights=weights)
    residual = np.abs(t - x @ coef)
    size = np.abs(t) + np.abs(x) @ np.abs(coef)
    offset = np.abs(np.asarray(X)).max() * np.abs(coef).sum() + np.abs(y).max()
    error = EPS * ((n_features + 4) * size + 2 * offset)
    bound = 2 * (weights * residual) @ error + weights @ error**2 + (n + 4) * EPS * (weights @ residual**2)
    return float(bound)


def assert_coefficients_close(
    coef: AnyArray,
    exact: ExactLstsq,
    X: AnyArray,
    y: AnyArray,
    *,
    intercept: bool = True,
    sample_weight: AnyArray | None = None,
    alpha: float = 0.0,
) -> None:
    """Coefficients of a full-rank problem are within the derived forward error of the exact ones."""
    truth = np.array([float(value) for value in exact.coef])
    design, target = centred_design(X, y, intercept=intercept, sample_weight=sample_weight, alpha=alpha)
    tolerance = coefficient_tolerance(design, target, truth)
    error = np.abs(coef - truth)
    assert np.all(error <= tolerance), f"errors {error} exceed {tolerance}"


def intercept_tolerance(X: AnyArray, y: AnyArray, coef: AnyArray, coef_tolerance: FloatArray) -> float:
    """Error of mean(y) - mean(x).b: that of b, and n + p + 2 roundings of each mean and product."""
    means = np.mean(np.abs(np.asarray(X, dtype=np.float64)), axis=0)
    n, n_features = X.shape
    rounding = (n + n_features + 2) * EPS * (float(np.mean(np.abs(y))) + float(means @ np.abs(coef)))
    return float(means @ coef_tolerance + rounding)


def objective_tolerance(problem: LogisticProblem, coef: AnyArray, intercept: AnyArray) -> float:
    """Rounding of a logistic objective computed in float64.

    A linear predictor has an error of (p + 2) eps times the sum of its terms' magnitudes, which moves the
    loss by at most twice as much; the loss itself is good to 8 ulp and the sum over n rows adds n eps.
    """
    n, n_features = problem.X.shape
    magnitudes = np.abs(problem.X) @ np.abs(coef).T + np.abs(intercept)
    weights = problem.weights
    largest_loss = np.log(problem.n_classes) + 2 * magnitudes.max(axis=1, initial=0.0)
    predictors = 2 * (n_features + 2) * float(weights @ magnitudes.max(axis=1, initial=0.0))
    penalty = (n_features + 2) * problem.alpha * float(np.sum(np.square(coef)))
    return float(EPS * (predictors + (n + 8) * float(weights @ largest_loss) + penalty))


def gradient_rounding(problem: LogisticProblem, coef: AnyArray, intercept: AnyArray) -> float:
    """Rounding of the 2-norm of a logistic gradient computed in float64.

    Each of the n terms is a probability (error: 16 eps plus that of the linear predictor) times an entry of
    X; their sum adds n eps.
    """
    n, n_features = problem.X.shape
    magnitudes = (np.abs(problem.X) @ np.abs(coef).T + np.abs(intercept)).max(axis=1, initial=0.0)
    design = np.column_stack([np.abs(problem.X), np.ones(n)])
    per_row = problem.weights * (n + 16 + 2 * (n_features + 2) * magnitudes)
    columns = per_row @ design
    penalty = problem.alpha * float(np.linalg.norm(coef))
    return float(EPS * (math.sqrt(problem.n_rows) * np.linalg.norm(columns) + 4 * penalty))


# --- Errors ---


def assert_names_argument(error: BaseException, name: str) -> None:
    """The message contains the argument's name as a word of its own."""
    assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", str(error)), f"{name!r} isn't named in: {error}"
