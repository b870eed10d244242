# SPDX-License-Identifier: BSD-3-Clause
"""Every instruction set this CPU has gives the same neighbours, to the bit, and solves the linear models.

The instruction set is chosen at import, so each one runs in a process of its own: this file as a script,
which works through all cases and writes the answers to a file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_least_squares_optimal, assert_same_bits
from references import METRICS, AnyArray, neighbors, pairwise_distances, radius_neighbors
from strategies import DTYPES, THREADS, dataset

# (dataset, queries, points, features): tile edges, primes, and data made to mislead a low-precision filter.
PROBLEMS = (
    ("normal", 1, 1, 1),
    ("normal", 31, 257, 7),
    ("normal", 301, 2053, 19),
    ("uniform", 33, 1009, 64),
    ("uniform", 128, 256, 129),
    ("offset", 65, 1009, 24),
    ("one_ulp_apart", 33, 509, 40),
    ("clusters", 65, 1009, 16),
    ("offset_clusters", 65, 1009, 3),
    ("duplicates", 33, 509, 9),
    ("grid", 33, 509, 8),
    ("mixed_magnitudes", 33, 509, 17),
    ("float32_denormal", 9, 131, 5),
    ("near_float32_maximum", 9, 131, 5),
    ("outlier", 33, 509, 33),
    ("shell", 33, 509, 33),
)
K = 5
DEADLINE_SECONDS = 300


def cases() -> Iterator[tuple[str, str, float | None, AnyArray, AnyArray]]:
    """Name, metric, p, queries and points of each neighbour case."""
    for number, (name, n_queries, n_points, n_features) in enumerate(PROBLEMS):
        for dtype in DTYPES:
            queries, points = dataset(name, number, n_queries, n_points, n_features, dtype)
            for metric in METRICS:
                directionless = metric == "cosine" and not (
                    queries.any(axis=1).all() and points.any(axis=1).all()
                )
                if directionless:
                    continue
                p = (
                    2.5
                    if metric == "minkowski" and n_points < 1000
                    else 3.0
                    if metric == "minkowski"
                    else None
                )
                label = f"{number}-{name}-{np.dtype(dtype).name}-{metric}"
                yield label, metric, p, queries, points


def radius_for(queries: AnyArray, points: AnyArray, metric: str, p: float | None) -> float:
    """A distance that occurs, so that the boundary is met."""
    return float(np.sort(pairwise_distances(queries[:1], points, metric, p)[0])[len(points) // 10])


def regression_problem(dtype: Any) -> tuple[AnyArray, AnyArray, AnyArray]:
    rng = np.random.default_rng(17)
    X = rng.standard_normal((2011, 37))
    y = X @ rng.standard_normal(37) + rng.standard_normal(2011)
    return X.astype(dtype), y.astype(dtype), (y > 0).astype(np.int64) + (y > 3)


def run_everything() -> dict[str, AnyArray]:
    """All answers of the active instruction set; asserts on the way that threads change no bit."""
    answers: dict[str, AnyArray] = {}

    def record(label: str, results: list[tuple[AnyArray, ...]]) -> None:
        for other in results[1:]:
            for a, b in zip(results[0], other, strict=True):
                assert_same_bits(b, a)
        for part, value in enumerate(results[0]):
            answers[f"{label}/{part}"] = value

    for label, metric, p, queries, points in cases():
        index = crowfly.Index(points, metric, p=p)
        k = min(K, len(points))
        radius = radius_for(queries, points, metric, p)
        record(f"query/{label}", [index.query(queries, k, num_threads=n) for n in THREADS])
        record(f"radius/{label}", [index.query_radius(queries, radius, num_threads=n) for n in THREADS])
        distances = [
            crowfly.pairwise_distances(queries, points, metric=metric, p=p, num_threads=n) for n in THREADS
        ]
        record(f"pairwise/{label}", [(matrix,) for matrix in distances])
    for dtype in DTYPES:
        X, y, labels = regression_problem(dtype)
        name = np.dtype(dtype).name
        fits = [crowfly.lstsq(X, y, num_threads=n) for n in THREADS]
        record(f"lstsq/{name}", [(fit.coef, np.array([fit.intercept, fit.rss])) for fit in fits])
        for n_classes in (2, 3):
            target = np.minimum(labels, n_classes - 1)
            models = [crowfly.logistic(X, target, num_threads=n) for n in THREADS]
            record(
                f"logistic/{n_classes}/{name}",
                [(m.coef, m.intercept, np.array([m.objective, m.optimality_gap])) for m in models],
            )
    return answers


def _available() -> list[str]:
    return list(crowfly.get_config()["available_isas"])


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, AnyArray]]:
    """The answers of each available instruction set, by its name."""
    folder = tmp_path_factory.mktemp("isa")
    collected = {}
    for isa in _available():
        file = folder / f"{isa}.npz"
        environment = {**os.environ, "CROWFLY_ISA": isa}
        command = [sys.executable, __file__, isa, str(file)]
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )
        assert finished.returncode == 0, f"{isa}: {finished.stderr}"
        with np.load(file) as stored:
            collected[isa] = dict(stored)
    return collected


def test_the_reference_is_always_there() -> None:
    assert "reference" in _available()
    assert crowfly.get_config()["isa"] in _available()


@pytest.fixture(scope="module")
def expected() -> dict[str, AnyArray]:
    """The reference's answer to every neighbour case, under the labels of `run_everything`."""
    collected: dict[str, AnyArray] = {}
    for label, metric, p, queries, points in cases():
        radius = radius_for(queries, points, metric, p)
        parts = {
            "query": neighbors(queries, points, min(K, len(points)), metric, p),
            "radius": radius_neighbors(queries, points, radius, metric, p),
            "pairwise": (pairwise_distances(queries, points, metric, p),),
        }
        for kind, values in parts.items():
            collected.update({f"{kind}/{label}/{part}": value for part, value in enumerate(values)})
    return collected


@pytest.mark.parametrize("isa", _available())
def test_neighbors_equal_the_reference_to_the_bit(
    isa: str, answers: dict[str, dict[str, AnyArray]], expected: dict[str, AnyArray]
) -> None:
    found = {key: value for key, value in answers[isa].items() if not key.startswith(("lstsq", "logistic"))}
    assert found.keys() == expected.keys()
    for label, value in expected.items():
        try:
            assert_same_bits(found[label], value)
        except AssertionError as error:
            raise AssertionError(f"{label}: {error}") from None


@pytest.mark.parametrize("isa", _available())
@pytest.mark.parametrize("dtype", DTYPES)
def test_least_squares_is_optimal(dtype: Any, isa: str, answers: dict[str, dict[str, AnyArray]]) -> None:
    X, y, _ = regression_problem(dtype)
    assert_least_squares_optimal(X, y, answers[isa][f"lstsq/{np.dtype(dtype).name}/0"])


@pytest.mark.parametrize("isa", _available())
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_logistic_optima_agree(
    dtype: Any, n_classes: int, isa: str, answers: dict[str, dict[str, AnyArray]]
) -> None:
    label = f"logistic/{n_classes}/{np.dtype(dtype).name}/2"
    objective, gap = answers[isa][label]
    other, other_gap = answers["reference"][label]
    rounding = 4 * 2011 * np.finfo(np.float64).eps * objective
    assert gap <= 1e-8 * objective + rounding
    assert abs(objective - other) <= gap + other_gap + rounding


if __name__ == "__main__":
    wanted, target = sys.argv[1:]
    assert crowfly.get_config()["isa"] == wanted, f"{crowfly.get_config()['isa']} runs instead of {wanted}"
    np.savez(Path(target), **run_everything())  # type: ignore[arg-type]
