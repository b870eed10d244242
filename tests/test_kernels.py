# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of the active instruction set, driven on their own: against 60 digits, fractions and whole numbers."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from crowfly import _core
from references import AnyArray, FloatArray

LATTICES = ["byte", "word"]

#: The truncated series are below 0.1 ulp; rounding in the last operations leaves less than this.
ULPS = 2.0


def ulp_errors(values: FloatArray, truth: list[mpmath.mpf]) -> FloatArray:
    spacing = np.spacing(np.array([float(t) for t in truth]))
    differences = [float(mpmath.mpf(float(v)) - t) for v, t in zip(values, truth, strict=True)]
    errors: FloatArray = np.abs(np.array(differences)) / spacing
    return errors


@pytest.fixture(autouse=True)
def sixty_digits() -> None:
    mpmath.mp.dps = 60


def test_exponential() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([
        rng.uniform(-745, 709, 2000),
        rng.uniform(-1, 1, 1000),
        np.log(2) * (np.arange(-1000, 1000, 37) + 0.5),  # where the reduced argument is largest
        10.0 ** rng.uniform(-320, 0, 200),
        [0.0, -0.0, -708.4, -745.1, 709.7],
    ])  # fmt: skip
    errors = ulp_errors(_core._kernels.exponential(x), [mpmath.exp(mpmath.mpf(float(v))) for v in x])
    assert errors.max() <= ULPS


def test_exponential_beyond_the_range() -> None:
    assert _core._kernels.exponential(np.array([-800.0, -1e300])).tolist() == [0.0, 0.0]


def test_log_one_plus() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(0, 1, 3000), 10.0 ** rng.uniform(-320, 0, 500), [0.0, 1.0, 5e-324]])
    truth = [mpmath.log1p(mpmath.mpf(float(v))) for v in x]
    assert ulp_errors(_core._kernels.log_one_plus(x), truth).max() <= ULPS


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("inverse_step", [1e-3, 1.0, 37.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e8])
@pytest.mark.parametrize("scale", [1e-40, 1e-3, 1.0])
@pytest.mark.parametrize("lattice", LATTICES)
def test_rounding_moves_a_row_no_further_than_it_says(
    lattice: str, scale: float, offset: float, inverse_step: float, dtype: type
) -> None:
    rng = np.random.default_rng(7)
    for n_features in (1, 2, 9, 64, 131):
        row: AnyArray = (offset + scale * rng.standard_normal((1, n_features))).astype(dtype)
        centre = offset + scale * rng.standard_normal(n_features)
        codes, squares, moved, length = _core._kernels.round_row(lattice, row, centre, inverse_step)
        exact = [
            (Fraction(float(x)) - Fraction(c)) * Fraction(inverse_step)
            for x, c in zip(row[0], centre, strict=True)
        ]
        assert squares == sum(int(c) ** 2 for c in codes)
        assert Fraction(moved) ** 2 >= sum((int(c) - e) ** 2 for c, e in zip(codes, exact, strict=True))
        assert Fraction(length) ** 2 >= sum(e * e for e in exact)
        # Not by much, or the filter would pass everything: half a step per feature, unless the row leaves the lattice.
        if max(abs(e) for e in exact) <= 63:
            assert moved <= 0.5 * np.sqrt(n_features) + 2.0**-40 * length
        # From the integers and the way to them.
        assert length <= (1 + 2.0**-29) * (float(sum(e * e for e in exact)) ** 0.5 + 2 * moved) + 2.0**-500


@pytest.mark.parametrize("inverse_step", [1e-3, 1.0, 37.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e8])
@pytest.mark.parametrize("scale", [1e-40, 1e-3, 1.0, 1e30])
def test_rounding_in_float32_moves_a_row_no_further_than_it_says(
    scale: float, offset: float, inverse_step: float
) -> None:
    rng = np.random.default_rng(8)
    for n_features in (1, 2, 9, 64, 131, 17000):
        row = (offset + scale * rng.standard_normal((1, n_features))).astype(np.float32)
        centre = (offset + scale * rng.standard_normal(n_features)).astype(np.float32).astype(np.float64)
        step = float(np.float32(inverse_step))
        codes, squares, moved, length = _core._kernels.round_row("byte", row, centre, step, single=True)
        exact = [
            (Fraction(float(x)) - Fraction(c)) * Fraction(step) for x, c in zip(row[0], centre, strict=True)
        ]
        assert squares == sum(int(c) ** 2 for c in codes)
        if np.isfinite(moved):
            assert Fraction(moved) ** 2 >= sum((int(c) - e) ** 2 for c, e in zip(codes, exact, strict=True))
        if np.isfinite(length):
            assert Fraction(length) ** 2 >= sum(e * e for e in exact)
        else:
            assert max(abs(e) for e in exact) > 2**60
        if max(abs(e) for e in exact) <= 63:
            assert moved <= (1 + 2.0**-12) * 0.5 * np.sqrt(n_features) + 2.0**-21 * length


@pytest.mark.parametrize("centre", [0.0, 0.1])
def test_rounding_in_float32_counts_that_of_the_step(centre: float) -> None:
    # Rows that float32 arithmetic takes for whole numbers of steps, and that are none.
    step, about = float(np.float32(37.1)), float(np.float32(centre))
    row = (about + np.arange(-63, 64) / step).astype(np.float32)[np.newaxis]
    codes, _, moved, length = _core._kernels.round_row(
        "byte", row, np.full(row.size, about), step, single=True
    )
    exact = [(Fraction(float(x)) - Fraction(about)) * Fraction(step) for x in row[0]]
    assert codes.tolist() == list(range(-63, 64))
    assert Fraction(moved) ** 2 >= sum((int(c) - e) ** 2 for c, e in zip(codes, exact, strict=True)) > 0
    assert moved <= 2.0**-20 * length


def test_rounding_in_float32_to_the_largest_codes_in_many_features() -> None:
    levels = _core._kernels.lattice_sizes("byte")["levels"]
    row = np.full((1, 20000), levels, np.float32)
    codes, squares, moved, length = _core._kernels.round_row("byte", row, np.zeros(20000), 1.0, single=True)
    assert (codes == levels).all()
    assert squares == 20000 * levels**2
    assert moved <= 2.0**-20 * length


@pytest.mark.parametrize("lattice", LATTICES)
def test_whole_numbers_are_not_moved(lattice: str) -> None:
    row, centre = np.array([[3.0, -5.0, 0.0, 63.0]]), np.array([1.0, 1.0, 0.0, 0.0])
    codes, squares, moved, length = _core._kernels.round_row(lattice, row, centre, 1.0)
    assert codes.tolist() == [2, -6, 0, 63]
    assert squares == 4 + 36 + 63**2
    assert moved <= 2.0**-50 * length


@pytest.mark.parametrize("lattice", LATTICES)
def test_rows_far_outside_the_lattice_are_clipped(lattice: str) -> None:
    for far in (1e6, 1e300):
        codes, _, moved, length = _core._kernels.round_row(
            lattice, np.array([[far, -far, 0.0]]), np.zeros(3), 1.0
        )
        # No sum of three products leaves 30 bits.
        levels = codes[0]
        assert codes.tolist() == [levels, -levels, 0]
        assert 63 <= levels <= _core._kernels.lattice_sizes(lattice)["levels"]
        assert moved >= far - levels
        assert length >= far


def panels_of(
    lattice: str, depths: int, seed: int, n_panels: int = 1, bits: int = 29
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """A panel of queries and some of points over their whole range, and what the points' sums start from."""
    sizes = _core._kernels.lattice_sizes(lattice)
    offset, depth = sizes["offset"], depths * sizes["depth"]
    # As large as the sums allow: 30 bits, the start included.
    levels = min(sizes["levels"], int((2**bits / depth) ** 0.5))
    rng = np.random.default_rng(seed)
    queries = rng.integers(-levels, levels + 1, (sizes["queries"], depth))
    points = offset + rng.integers(-levels, levels + 1, (n_panels * sizes["points"], depth))
    # Every product of the first rows is as large as it gets, of either sign.
    queries[0], points[0], points[-1] = levels, offset + levels, offset - levels
    queries[-1] = -levels
    return queries, points, rng.integers(-(2**28), 0, len(points)).astype(np.int32)


def hits_of(
    lattice: str, sums: AnyArray, thresholds: AnyArray, panels: list[int], first: int
) -> list[tuple[int, int, int]]:
    """Values, queries and places counted from the first panel, in the order of panels, then queries."""
    width = _core._kernels.lattice_sizes(lattice)["points"]
    hits = []
    for panel in panels:
        tile = sums[:, panel * width : (panel + 1) * width]
        hits += [
            (int(tile[i, j]), int(i), (panel - first) * width + int(j))
            for i, j in np.argwhere(tile >= thresholds[:, np.newaxis])
        ]
    return hits


def scan(
    lattice: str,
    queries: AnyArray,
    points: AnyArray,
    start: AnyArray,
    thresholds: AnyArray,
    step: int = 1,
    room: int = 0,
) -> tuple[list[tuple[int, int, int]], int]:
    capacity = _core._kernels.lattice_sizes(lattice)["max_hits"] + room
    hits, next_panel = _core._kernels.lattice_scan(
        lattice, queries, points, start, thresholds, step, capacity
    )
    assert len(hits) <= capacity
    return [tuple(hit) for hit in hits.tolist()], next_panel


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize("n_panels", [1, 2, 7])
@pytest.mark.parametrize("depths", [1, 2, 3, 5, 8, 64])
def test_lattice_scan_is_exact(depths: int, n_panels: int, lattice: str) -> None:
    queries, points, start = panels_of(lattice, depths, depths, n_panels)
    sums = start + queries @ points.T
    rng = np.random.default_rng(depths)
    # A threshold that one of the row's sums just meets; rows without a hit; rows of hits.
    thresholds = sums[np.arange(len(sums)), rng.integers(0, sums.shape[1], len(sums))].astype(np.int32)
    thresholds[1::3], thresholds[2::3] = 2**30, 1 - 2**30
    for step in (1, 3):
        panel, looked_at = 0, 0
        width = len(points) // n_panels
        # Where room runs out, the next scan goes on.
        while panel < n_panels:
            rest = slice(panel * width, None)
            hits, next_panel = scan(lattice, queries, points[rest], start[rest], thresholds, step, room=17)
            assert next_panel > 0
            assert next_panel % step == 0
            seen = list(range(panel, min(panel + next_panel, n_panels), step))
            assert hits == hits_of(lattice, sums, thresholds, seen, panel)
            panel += next_panel
            looked_at += len(seen)
        assert looked_at == -(-n_panels // step)


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_scan_with_few_hits_goes_to_the_end(lattice: str) -> None:
    queries, points, start = panels_of(lattice, 2, 3, n_panels=40)
    sums = start + queries @ points.T
    thresholds = np.partition(sums, -5)[:, -5].astype(np.int32)
    hits, next_panel = scan(lattice, queries, points, start, thresholds, room=300)
    assert next_panel == 40
    assert len(hits) >= 5 * len(queries)
    assert hits == hits_of(lattice, sums, thresholds, list(range(40)), 0)


@pytest.mark.parametrize("lattice", LATTICES)
def test_lattice_scan_sees_a_single_hit_wherever_it_is(lattice: str) -> None:
    queries, points, _ = panels_of(lattice, 1, 7, n_panels=2, bits=26)
    products = queries @ points.T
    nothing = np.full(len(queries), 2**30, np.int32)
    assert scan(lattice, queries, points, np.zeros(len(points), np.int32), nothing) == ([], 2)
    for i, j in np.ndindex(products.shape):
        start, thresholds = np.full(len(points), -(2**28), np.int32), nothing.copy()
        start[j], thresholds[i] = 0, products[i, j]
        assert scan(lattice, queries, points, start, thresholds)[0] == [(int(products[i, j]), int(i), int(j))]


@pytest.mark.parametrize("lattice", LATTICES)
def test_places_that_are_not_filled_are_never_hits(lattice: str) -> None:
    queries, points, start = panels_of(lattice, 1, 8)
    points[-3:], start[-3:] = 0, -(2**30)
    everything = np.full(len(queries), 1 - 2**30, np.int32)
    assert {place for _, _, place in scan(lattice, queries, points, start, everything)[0]} == set(
        range(len(points) - 3)
    )


SIZES = [1, 2, 3, 7, 8, 9, 11, 12, 13, 23, 24, 25, 47, 49, 97, 193, 200]


def layouts(x: FloatArray) -> list[AnyArray]:
    """The same numbers in every layout that packing treats on its own, and as float32."""
    spread = np.zeros((2 * x.shape[0], 3 * x.shape[1]))
    spread[::2, ::3] = x
    raw = np.zeros(x.nbytes + 1, np.uint8)
    misaligned: AnyArray = raw[1:].view(np.float64).reshape(x.shape)
    misaligned[...] = x
    # Columns further apart than they are long, the last one first.
    tall = np.full((x.shape[0] + 3, x.shape[1]), np.nan, order="F")
    tall[1:-2] = x[:, ::-1]
    return [
        x,
        np.asfortranarray(x),
        np.asfortranarray(x.astype(np.float32)),
        tall[1:-2, ::-1],
        spread[::2, ::3],
        x[::-1, ::-1].copy()[::-1, ::-1],
        misaligned,
        x.astype(np.float32),
    ]


@pytest.mark.parametrize("n_rows", [1, 3, 4, 8, 13, 40])
@pytest.mark.parametrize("n_cols", SIZES)
def test_products_with_rows_in_place_are_exact_for_whole_numbers(n_rows: int, n_cols: int) -> None:
    rng = np.random.default_rng(n_rows + 100 * n_cols)
    x = rng.integers(-9, 10, (n_rows, n_cols)).astype(float)
    # Rows further apart than they are long, with numbers beside them that nothing may touch.
    wide = np.full((2 * n_rows, n_cols + 3), np.nan)
    wide[::2, 1:-2] = x
    shift, coef = rng.integers(-9, 10, (2, n_cols)).astype(float)
    weight = rng.integers(-9, 10, n_rows).astype(float)
    tall = np.full((n_cols + 2, n_rows + 3), np.nan)
    tall[1:-1, 1:-2] = x.T
    views = [x, wide[::2, 1:-2], wide.astype(np.float32)[::2, 1:-2], np.asfortranarray(x)]
    views += [tall[1:-1, 1:-2].T, tall.astype(np.float32)[1:-1, 1:-2].T]
    for view in views:
        products, sums = _core._kernels.shifted_row_products(view, shift, coef, weight)
        np.testing.assert_array_equal(products, (x - shift) @ coef)
        np.testing.assert_array_equal(sums, weight @ (x - shift))


@pytest.mark.parametrize("n_rows", [1, 7, 127, 129, 1000, 3001])
@pytest.mark.parametrize("n_cols", SIZES)
def test_gram_and_sums_of_whole_numbers_are_exact(n_rows: int, n_cols: int) -> None:
    rng = np.random.default_rng(n_rows + n_cols)
    x = rng.integers(-9, 10, (n_rows, n_cols)).astype(float)
    weights = rng.integers(0, 5, n_rows).astype(float)
    for view in layouts(x):
        np.testing.assert_array_equal(_core._kernels.gram_matrix(view, None), x.T @ x)
        np.testing.assert_array_equal(
            _core._kernels.gram_matrix(view, weights), x.T @ (weights[:, np.newaxis] * x)
        )
        total, largest, weight = _core._kernels.column_sums(view, weights)
        np.testing.assert_array_equal(total, weights @ x)
        np.testing.assert_array_equal(largest, np.abs(x).max(axis=0))
        assert weight == weights.sum()


@pytest.mark.parametrize("n", SIZES)
def test_cholesky(n: int) -> None:
    rng = np.random.default_rng(n)
    root = rng.standard_normal((n + 5, n))
    a = root.T @ root
    b = rng.standard_normal(n)
    solution, condition, trace = _core._kernels.cholesky(a, b)
    scale = 1 / np.sqrt(np.diag(a))
    scaled = a * scale * scale[:, np.newaxis]
    exact = np.linalg.cond(scaled, 1)
    assert np.abs(a @ solution - b).max() <= 8 * n * 2.0**-52 * np.linalg.cond(scaled) * np.abs(b).max()
    # The estimate never exceeds the condition but for rounding, and is rarely off by more than a factor of three.
    assert exact / 10 <= condition <= exact * (1 + n * 2.0**-52 * exact)
    assert trace == pytest.approx(np.trace(np.linalg.inv(scaled)), rel=4 * n * 2.0**-52 * exact)


@pytest.mark.parametrize("n", [2, 9, 30])
def test_cholesky_refuses_what_is_not_positive_definite(n: int) -> None:
    a = np.eye(n)
    a[n - 1, 0] = a[0, n - 1] = 2.0
    assert _core._kernels.cholesky(a, np.ones(n)) is None
    assert _core._kernels.cholesky(np.diag(np.r_[np.ones(n - 1), np.nan]), np.ones(n)) is None
    assert _core._kernels.cholesky(np.diag(np.r_[np.ones(n - 1), 0.0]), np.ones(n)) is None


@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_logistic_loss_keeps_its_tails(n: int) -> None:
    rng = np.random.default_rng(n)
    eta = rng.choice([1e-300, 1e-8, 1.0, 30.0, 700.0], n) * rng.standard_normal(n)
    sign, weight = rng.choice([-1.0, 1.0], n), rng.integers(0, 4, n).astype(float)
    loss, residual, curvature = _core._kernels.logistic_loss(eta, sign, weight)
    odds = [mpmath.exp(-mpmath.mpf(float(s * e))) for s, e in zip(sign, eta, strict=True)]
    losses = [w * mpmath.log1p(o) for w, o in zip(weight.tolist(), odds, strict=True)]
    assert abs(loss - mpmath.fsum(losses)) <= 8 * 2.0**-52 * mpmath.fsum(losses)
    wrong = [w * o / (1 + o) for w, o in zip(weight.tolist(), odds, strict=True)]
    bent = [w * o / (1 + o) ** 2 for w, o in zip(weight.tolist(), odds, strict=True)]
    assert ulp_errors(-sign * residual, wrong).max() <= 8
    assert ulp_errors(curvature, bent).max() <= 8
