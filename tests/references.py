# SPDX-License-Identifier: BSD-3-Clause
"""Obviously right, slow references for everything the functional API computes.

Neighbours and distances follow the documented summation order, so the library must equal them to the bit.
Least squares is solved in rational arithmetic: the answer is exact for the float64 data given. Logistic
regression is solved by Newton's method in 50 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
AnyArray = npt.NDArray[Any]

METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine", "minkowski")
DIGITS = 50

_LANES = 8
_LARGEST_INTEGER_POWER = 16


# --- Distances and neighbours ---


def lane_sum(terms: FloatArray) -> FloatArray:
    """Sum over the last axis in the documented order.

    Term j goes to accumulator j mod 8, in increasing j; the eight accumulators are then combined as
    ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7)).
    """
    *outer, n_terms = terms.shape
    padded = np.zeros((*outer, math.ceil(n_terms / _LANES) * _LANES))
    padded[..., :n_terms] = terms
    accumulators = np.zeros((*outer, _LANES))
    for start in range(0, padded.shape[-1], _LANES):
        accumulators += padded[..., start : start + _LANES]
    a0, a1, a2, a3, a4, a5, a6, a7 = np.moveaxis(accumulators, -1, 0)
    total: FloatArray = ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))
    return total


def libm_pow(base: FloatArray, exponent: float) -> FloatArray:
    """C's `pow`, element by element: NumPy's vectorised one may differ in the last place."""

    def one(value: float) -> float:
        try:
            return math.pow(value, exponent)
        except OverflowError:
            return math.inf

    return np.array([one(value) for value in base.ravel().tolist()], dtype=np.float64).reshape(base.shape)


def powers(base: FloatArray, exponent: float) -> FloatArray:
    """`base ** exponent`; whole exponents up to 16 by repeated squaring, the others by C's `pow`."""
    if not (float(exponent).is_integer() and exponent <= _LARGEST_INTEGER_POWER):
        return libm_pow(base, exponent)
    result = np.ones_like(base)
    square, remaining = base.copy(), int(exponent)
    while remaining:
        if remaining & 1:
            result = result * square
        square = square * square
        remaining >>= 1
    return result


def canonical_metric(metric: str, p: float | None) -> tuple[str, float]:
    """Name and exponent with minkowski's special cases replaced by their own names."""
    if metric != "minkowski":
        return metric, math.nan
    exponent = 2.0 if p is None else float(p)
    names = {1.0: "manhattan", 2.0: "euclidean", math.inf: "chebyshev"}
    return names.get(exponent, "minkowski"), exponent


def unit_rows(X: FloatArray) -> FloatArray:
    """Rows divided by their Euclidean norm, each component by one division."""
    return X / np.sqrt(lane_sum(X * X))[:, np.newaxis]


def wrapped(X: FloatArray, box: AnyArray) -> FloatArray:
    """Coordinates moved by whole lengths to within half a length of zero, which is exact; infinite lengths move nothing."""
    lengths = np.broadcast_to(box, X.shape)
    moved = [x if math.isinf(b) else math.remainder(x, b) for x, b in zip(X.flat, lengths.flat, strict=True)]
    return np.array(moved).reshape(X.shape)


def raw_distances(
    queries: AnyArray,
    points: AnyArray,
    metric: str = "euclidean",
    p: float | None = None,
    box: AnyArray | None = None,
) -> FloatArray:
    """The (n_queries, n_points) sums or maxima before any root: what neighbours are ordered by."""
    name, exponent = canonical_metric(metric, p)
    term: dict[str, Callable[[FloatArray], FloatArray]] = {
        "manhattan": np.abs,
        "chebyshev": np.abs,
        "minkowski": lambda difference: powers(np.abs(difference), exponent),
    }
    with np.errstate(all="ignore"):
        q, x = np.asarray(queries, dtype=np.float64), np.asarray(points, dtype=np.float64)
        if name == "cosine":
            q, x = unit_rows(q), unit_rows(x)
        if box is not None:
            q, x = wrapped(q, box), wrapped(x, box)
        raw = np.empty((len(q), len(x)))
        for i, query in enumerate(q):
            difference = query - x
            if box is not None:
                difference = np.minimum(np.abs(difference), box - np.abs(difference))
            terms = term.get(name, np.square)(difference)
            if name == "nan_euclidean":
                common = (~np.isnan(difference)).sum(axis=1)
                raw[i] = lane_sum(np.where(np.isnan(terms), 0.0, terms)) / common * x.shape[1]
                raw[i, common == 0] = np.inf
                continue
            raw[i] = terms.max(axis=-1, initial=0.0) if name == "chebyshev" else lane_sum(terms)
    return raw


def finished_distances(raw: FloatArray, metric: str = "euclidean", p: float | None = None) -> FloatArray:
    """The distances that the raw sums stand for: the root is taken at the end."""
    name, exponent = canonical_metric(metric, p)
    if name == "euclidean":
        return np.sqrt(raw)
    if name == "nan_euclidean":
        return np.where(np.isinf(raw), np.nan, np.sqrt(raw))
    if name == "cosine":
        return 0.5 * raw
    if name == "minkowski":
        return libm_pow(raw, 1.0 / exponent)
    return raw


def pairwise_distances(
    X: AnyArray,
    Y: AnyArray | None = None,
    metric: str = "euclidean",
    p: float | None = None,
    box: AnyArray | None = None,
) -> FloatArray:
    """The (n, m) matrix of distances."""
    return finished_distances(raw_distances(X, X if Y is None else Y, metric, p, box), metric, p)


def _admitted(raw: FloatArray, exclude_self: bool, admitted: AnyArray | None) -> AnyArray:
    """Which pairs of queries and points may be neighbours."""
    pairs = np.ones(raw.shape, dtype=bool) if admitted is None else admitted.copy()
    if exclude_self:
        np.fill_diagonal(pairs, False)
    return pairs


def neighbors(
    queries: AnyArray,
    points: AnyArray,
    k: int,
    metric: str = "euclidean",
    p: float | None = None,
    *,
    box: AnyArray | None = None,
    exclude_self: bool = False,
    admitted: AnyArray | None = None,
) -> tuple[FloatArray, IntArray]:
    """Distances and indices, both (n_queries, k), ordered by (raw distance, index); `admitted` is a matrix of pairs."""
    raw = raw_distances(queries, points, metric, p, box)
    order = np.lexsort((raw, ~_admitted(raw, exclude_self, admitted)))
    indices = order[:, :k].astype(np.int64)
    return finished_distances(np.take_along_axis(raw, indices, axis=1), metric, p), indices


def radius_neighbors(
    queries: AnyArray,
    points: AnyArray,
    radius: float,
    metric: str = "euclidean",
    p: float | None = None,
    *,
    box: AnyArray | None = None,
    exclude_self: bool = False,
    admitted: AnyArray | None = None,
) -> tuple[FloatArray, IntArray, IntArray]:
    """Flat distances and indices of all points within `radius`, and the offsets of each query's run."""
    raw = raw_distances(queries, points, metric, p, box)
    order = np.argsort(raw, axis=1, kind="stable").astype(np.int64)
    sorted_distances = finished_distances(np.take_along_axis(raw, order, axis=1), metric, p)
    pairs = _admitted(raw, exclude_self, admitted)
    inside = (sorted_distances <= radius) & np.take_along_axis(pairs, order, axis=1)
    offsets = np.concatenate([[0], np.cumsum(inside.sum(axis=1))]).astype(np.int64)
    return sorted_distances[inside], order[inside], offsets


# --- Least squares, exactly ---

Vector = list[Fraction]
Rows = list[Vector]


@dataclass(frozen=True)
class ExactLstsq:
    """The exact minimiser of minimum norm for one target."""

    coef: Vector
    intercept: Fraction
    rss: Fraction
    rank: int


def _dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0))


def _reduce(matrix: Rows, n_columns: int) -> tuple[Rows, list[int]]:
    """Reduced row echelon form over the first `n_columns` columns, and the pivot columns."""
    rows = [row.copy() for row in matrix]
    pivots: list[int] = []
    for column in range(n_columns):
        top = len(pivots)
        found = next((i for i in range(top, len(rows)) if rows[i][column] != 0), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        rows[top] = [value / rows[top][column] for value in rows[top]]
        for i, row in enumerate(rows):
            if i != top and row[column] != 0:
                factor = row[column]
                rows[i] = [u - factor * v for u, v in zip(row, rows[top], strict=True)]
        pivots.append(column)
    return rows, pivots


def minimum_norm_solution(gram: Rows, right: Vector) -> tuple[Vector, int]:
    """The solution of least norm of the consistent system `gram @ b = right`, and the rank of `gram`."""
    n = len(right)
    reduced, pivots = _reduce([[*row, value] for row, value in zip(gram, right, strict=True)], n)
    solution = [Fraction(0)] * n
    for i, column in enumerate(pivots):
        solution[column] = reduced[i][n]
    free = [j for j in range(n) if j not in pivots]
    if not free:
        return solution, n
    null_space: Rows = []
    for j in free:
        direction = [Fraction(int(i == j)) for i in range(n)]
        for i, column in enumerate(pivots):
            direction[column] = -reduced[i][j]
        null_space.append(direction)
    inner = [[_dot(u, v) for v in null_space] for u in null_space]
    multipliers, _ = minimum_norm_solution(inner, [_dot(u, solution) for u in null_space])
    for multiplier, direction in zip(multipliers, null_space, strict=True):
        solution = [value - multiplier * part for value, part in zip(solution, direction, strict=True)]
    return solution, len(pivots)


def exact_lstsq(
    X: AnyArray,
    y: AnyArray,
    *,
    intercept: bool = True,
    sample_weight: AnyArray | None = None,
    alpha: float = 0.0,
) -> ExactLstsq:
    """Minimiser of sum_i w_i (y_i - x_i.b - b0)^2 + alpha |b|^2 for one target, in rational arithmetic."""
    columns: Rows = [
        [Fraction(value) for value in column] for column in np.asarray(X, dtype=np.float64).T.tolist()
    ]
    target = [Fraction(value) for value in np.asarray(y, dtype=np.float64).tolist()]
    raw_weights = (
        np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    )
    weights = [Fraction(value) for value in raw_weights.tolist()]

    def mean(values: Vector) -> Fraction:
        return _dot(weights, values) / sum(weights) if intercept else Fraction(0)

    means, target_mean = [mean(column) for column in columns], mean(target)
    centred = [[value - m for value in column] for column, m in zip(columns, means, strict=True)]
    centred_target = [value - target_mean for value in target]
    weighted = [[w * value for w, value in zip(weights, column, strict=True)] for column in centred]
    gram = [[_dot(u, v) for v in centred] for u in weighted]
    right = [_dot(u, centred_target) for u in weighted]
    rank = len(_reduce(gram, len(gram))[1])
    for j in range(len(gram)):
        gram[j][j] += Fraction(alpha)
    coef, _ = minimum_norm_solution(gram, right)
    fitted = (
        [_dot(coef, row) for row in zip(*centred, strict=True)] if centred else [Fraction(0)] * len(target)
    )
    residual = [value - fit for value, fit in zip(centred_target, fitted, strict=True)]
    rss = _dot(weights, [value * value for value in residual])
    return ExactLstsq(coef, target_mean - _dot(coef, means), rss, rank)


# --- Logistic regression in 50 digits ---


@dataclass(frozen=True)
class LogisticProblem:
    """One problem: labels as codes 0..n_classes-1, `alpha / 2` times the squared norm of the coefficients as penalty."""

    X: FloatArray
    codes: IntArray
    n_classes: int
    alpha: float
    intercept: bool = True
    sample_weight: FloatArray | None = None

    @property
    def weights(self) -> FloatArray:
        return np.ones(len(self.X)) if self.sample_weight is None else self.sample_weight

    @property
    def n_rows(self) -> int:
        """Rows of coefficients: two classes share one."""
        return 1 if self.n_classes == 2 else self.n_classes


def _decisions(problem: LogisticProblem, coef: Any, intercept: Any) -> list[list[mpmath.mpf]]:
    """Decision values, one list of n_classes per observation; of two classes the first has 0."""
    rows = [[mpmath.mpf(v) for v in row] for row in coef]
    shifts = [mpmath.mpf(v) for v in intercept]
    values = [
        [mpmath.fdot(zip(x, row, strict=True)) + shift for row, shift in zip(rows, shifts, strict=True)]
        for x in problem.X.tolist()
    ]
    return [[mpmath.mpf(0), *value] if problem.n_classes == 2 else value for value in values]


def _log_sum_exp(values: list[mpmath.mpf]) -> mpmath.mpf:
    largest = max(values)
    return largest + mpmath.log(mpmath.fsum(mpmath.exp(value - largest) for value in values))


def logistic_objective(problem: LogisticProblem, coef: Any, intercept: Any) -> mpmath.mpf:
    """sum_i w_i loss(y_i, x_i.b + b0) + alpha / 2 |b|^2, in 50 digits."""
    with mpmath.workdps(DIGITS):
        loss = mpmath.fsum(
            w * (_log_sum_exp(values) - values[code])
            for w, values, code in zip(
                problem.weights.tolist(), _decisions(problem, coef, intercept), problem.codes, strict=True
            )
        )
        penalty = mpmath.fsum(mpmath.mpf(v) ** 2 for row in coef for v in row)
        return loss + mpmath.mpf(problem.alpha) / 2 * penalty


def _free_parameters(problem: LogisticProblem) -> list[tuple[int, int]]:
    """(row, column) of the parameters that vary; column p is the intercept.

    Softmax doesn't change when all rows change alike. The last row is held at 0 where no penalty decides.
    """
    n_features, last = problem.X.shape[1], problem.n_rows - 1
    redundant = problem.n_classes > 2
    free = [
        (row, column)
        for row in range(problem.n_rows)
        for column in range(n_features)
        if not (redundant and row == last and problem.alpha == 0)
    ]
    if problem.intercept:
        free += [(row, n_features) for row in range(problem.n_rows) if not (redundant and row == last)]
    return free


def logistic_gradient(problem: LogisticProblem, coef: Any, intercept: Any) -> list[list[mpmath.mpf]]:
    """Gradient of the objective in 50 digits: n_rows lists of p entries and, with an intercept, one more."""
    with mpmath.workdps(DIGITS):
        n_columns = problem.X.shape[1] + int(problem.intercept)
        gradient = [[mpmath.mpf(0)] * n_columns for _ in range(problem.n_rows)]
        first = problem.n_classes - problem.n_rows
        for x, w, code, values in _observations(problem, coef, intercept):
            normaliser = _log_sum_exp(values)
            for row in range(problem.n_rows):
                slope = w * (mpmath.exp(values[first + row] - normaliser) - int(code == first + row))
                for column in range(n_columns):
                    gradient[row][column] += slope * x[column]
        for row, column in np.ndindex(problem.n_rows, problem.X.shape[1]):
            gradient[row][column] += mpmath.mpf(problem.alpha) * mpmath.mpf(coef[row][column])
        return gradient


def _observations(problem: LogisticProblem, coef: Any, intercept: Any) -> Any:
    """Row with a trailing 1, weight, code and decision values of each observation."""
    rows = [[*row, 1.0] for row in problem.X.tolist()]
    decisions = _decisions(problem, coef, intercept)
    return zip(rows, problem.weights.tolist(), problem.codes.tolist(), decisions, strict=True)


def _hessian(
    problem: LogisticProblem, free: list[tuple[int, int]], coef: Any, intercept: Any
) -> mpmath.matrix:
    hessian = mpmath.zeros(len(free))
    first = problem.n_classes - problem.n_rows
    for x, w, _, values in _observations(problem, coef, intercept):
        normaliser = _log_sum_exp(values)
        probability = [mpmath.exp(value - normaliser) for value in values[first:]]
        for a, (row_a, column_a) in enumerate(free):
            for b, (row_b, column_b) in enumerate(free[: a + 1]):
                curvature = probability[row_a] * (int(row_a == row_b) - probability[row_b])
                hessian[a, b] += w * curvature * x[column_a] * x[column_b]
    for a in range(len(free)):
        if free[a][1] < problem.X.shape[1]:
            hessian[a, a] += problem.alpha
        for b in range(a):
            hessian[b, a] = hessian[a, b]
    return hessian


def exact_logistic(problem: LogisticProblem) -> tuple[list[list[mpmath.mpf]], list[mpmath.mpf], mpmath.mpf]:
    """Coefficients (n_rows lists), intercepts and objective at the minimum, by damped Newton steps in 50 digits."""
    n_features = problem.X.shape[1]
    free = _free_parameters(problem)
    with mpmath.workdps(DIGITS):
        point = [[mpmath.mpf(0)] * (n_features + 1) for _ in range(problem.n_rows)]

        def split(values: list[list[mpmath.mpf]]) -> tuple[list[list[mpmath.mpf]], list[mpmath.mpf]]:
            return [row[:n_features] for row in values], [row[n_features] for row in values]

        value = logistic_objective(problem, *split(point))
        for _ in range(200):
            gradient = logistic_gradient(problem, *split(point))
            slope = mpmath.matrix([gradient[row][column] for row, column in free])
            step = mpmath.lu_solve(_hessian(problem, free, *split(point)), slope)
            length, decrease = mpmath.mpf(1), mpmath.fdot(zip(slope, step, strict=True))
            if decrease <= mpmath.mpf(10) ** (10 - DIGITS) * value:
                return (*split(point), value)
            while True:
                trial = [row.copy() for row in point]
                for (row, column), change in zip(free, step, strict=True):
                    trial[row][column] -= length * change
                trial_value = logistic_objective(problem, *split(trial))
                if trial_value <= value - length * decrease / 4:
                    break
                length /= 2
            point, value = trial, trial_value
    raise AssertionError("the reference did not converge: is there a minimum?")


def sparse_logistic_objective(
    problem: LogisticProblem, l1_ratio: float, coef: Any, intercept: Any
) -> mpmath.mpf:
    """sum_i w_i loss(y_i, x_i.b + b0) + alpha (rho |b|_1 + (1 - rho) / 2 |b|^2), in 50 digits."""
    with mpmath.workdps(DIGITS):
        size = mpmath.fsum(abs(mpmath.mpf(v)) for row in coef for v in row)
        square = mpmath.fsum(mpmath.mpf(v) ** 2 for row in coef for v in row)
        ratio, alpha = mpmath.mpf(l1_ratio), mpmath.mpf(problem.alpha)
        loss = logistic_objective(replace(problem, alpha=0.0), coef, intercept)
        return loss + alpha * (ratio * size + (1 - ratio) / 2 * square)


def exact_sparse_logistic(
    problem: LogisticProblem, l1_ratio: float, coef: FloatArray, intercept: FloatArray
) -> mpmath.mpf | None:
    """The minimum with an L1 part, in 50 digits: Newton's method on the support and signs of `coef`, None unless its end fulfils all optimality conditions."""
    n_features = problem.X.shape[1]
    smooth = replace(problem, alpha=0.0)
    with mpmath.workdps(DIGITS):
        l1 = mpmath.mpf(problem.alpha) * mpmath.mpf(l1_ratio)
        l2 = mpmath.mpf(problem.alpha) - l1
        point = [
            [*(mpmath.mpf(v) for v in row), mpmath.mpf(shift)]
            for row, shift in zip(coef.tolist(), intercept.tolist(), strict=True)
        ]
        free = [(row, int(column)) for row, column in np.argwhere(coef)]
        if problem.intercept:
            free += [(row, n_features) for row in range(problem.n_rows - (problem.n_rows > 1))]

        def slopes() -> list[list[mpmath.mpf]]:
            gradient = logistic_gradient(
                smooth, [row[:n_features] for row in point], [row[-1] for row in point]
            )
            for row, column in np.ndindex(problem.n_rows, n_features):
                value = point[row][column]
                gradient[row][column] += l1 * mpmath.sign(value) + l2 * value
            return gradient

        for _ in range(20):
            gradient = slopes()
            slope = mpmath.matrix([gradient[row][column] for row, column in free])
            if not free or mpmath.norm(slope, mpmath.inf) < mpmath.mpf(10) ** (10 - DIGITS):
                break
            hessian = _hessian(smooth, free, [row[:n_features] for row in point], [row[-1] for row in point])
            for a, (_, column) in enumerate(free):
                hessian[a, a] += l2 if column < n_features else 0
            try:
                step = mpmath.lu_solve(hessian, slope)
            except ZeroDivisionError:
                return None
            for (row, column), change in zip(free, step, strict=True):
                point[row][column] -= change
        else:
            return None
        signs = all(
            mpmath.sign(point[row][column]) == np.sign(coef[row, column]) for row, column in np.argwhere(coef)
        )
        zeros = all(abs(gradient[row][column]) <= l1 for row, column in np.argwhere(coef == 0))
        if not (signs and zeros):
            return None
        return sparse_logistic_objective(
            problem, l1_ratio, [row[:n_features] for row in point], [row[-1] for row in point]
        )
