# SPDX-License-Identifier: BSD-3-Clause
"""Bad arguments of neighbour search, and of all that takes a number of threads, are a TypeError or ValueError that names them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import crowfly
from bad_input import BAD_COUNTS, INDEX, LABELS, Call, X, Y, expect
from references import METRICS

WITH_METRIC: dict[str, Call] = {
    "Index": lambda options: crowfly.Index(X, **options),
    "nearest": lambda options: crowfly.nearest(X, X, **options),
    "pairwise_distances": lambda options: crowfly.pairwise_distances(X, **options),
}
BAD_METRICS: list[tuple[str, type[Exception], dict[str, Any]]] = [
    ("metric", ValueError, {"metric": "hamming"}),
    ("metric", ValueError, {"metric": ""}),
    ("metric", TypeError, {"metric": 2}),
    ("metric", TypeError, {"metric": None}),
    ("metric", TypeError, {"metric": max}),
    ("p", ValueError, {"metric": "minkowski", "p": 0.5}),
    ("p", ValueError, {"metric": "minkowski", "p": 0}),
    ("p", ValueError, {"metric": "minkowski", "p": -1}),
    ("p", ValueError, {"metric": "minkowski", "p": np.nan}),
    ("p", TypeError, {"metric": "minkowski", "p": "2"}),
    ("p", TypeError, {"metric": "minkowski", "p": 2j}),
    ("p", TypeError, {"metric": "minkowski", "p": [2]}),
    ("p", ValueError, {"metric": "euclidean", "p": 2}),
    ("p", ValueError, {"metric": "cosine", "p": 3.0}),
]


@pytest.mark.parametrize("function", WITH_METRIC)
@pytest.mark.parametrize("case", BAD_METRICS, ids=lambda case: str(case[2]))
def test_bad_metric(case: tuple[str, type[Exception], dict[str, Any]], function: str) -> None:
    name, error, options = case
    expect(error, name, lambda: WITH_METRIC[function](options))


def test_an_unknown_metric_is_told_the_known_ones() -> None:
    message = expect(ValueError, "metric", lambda: crowfly.Index(X, metric="hamming"))
    assert all(metric in message for metric in METRICS)


WITH_ZERO_VECTOR: dict[str, tuple[str, Call]] = {
    "Index": ("points", lambda a: crowfly.Index(a, "cosine")),
    "query": ("queries", lambda a: crowfly.Index(X, "cosine").query(a)),
    "query_radius": ("queries", lambda a: crowfly.Index(X, "cosine").query_radius(a, 1.0)),
    "pairwise_distances X": ("X", lambda a: crowfly.pairwise_distances(a, X, metric="cosine")),
    "pairwise_distances Y": ("Y", lambda a: crowfly.pairwise_distances(X, a, metric="cosine")),
}


@pytest.mark.parametrize("where", WITH_ZERO_VECTOR)
def test_a_zero_vector_has_no_direction(where: str) -> None:
    name, call = WITH_ZERO_VECTOR[where]
    zero = X.copy()
    zero[5] = [0.0, -0.0, 0.0]
    message = expect(ValueError, name, lambda: call(zero))
    assert re.search(r"\b5\b", message), message


@pytest.mark.parametrize(("error", "k"), [*BAD_COUNTS, (ValueError, 13), (TypeError, None)])
def test_bad_k(error: type[Exception], k: Any) -> None:
    expect(error, "k", lambda: INDEX.query(X, k))
    expect(error, "k", lambda: crowfly.nearest(X, X, k))


def test_k_beyond_the_others() -> None:
    expect(ValueError, "k", lambda: INDEX.query(X, 12, exclude_self=True))
    expect(ValueError, "k", lambda: crowfly.Index(X[:1]).query(X[:1], 1, exclude_self=True))


def test_k_may_be_any_integer_type() -> None:
    for three in (np.int32(3), np.array(3)):
        k: Any = three
        assert INDEX.query(X, k)[0].shape == (12, 3)


@pytest.mark.parametrize("n", [0, 1, 11])
def test_exclude_self_needs_the_points_themselves(n: int) -> None:
    message = expect(ValueError, "queries", lambda: INDEX.query(X[:n], exclude_self=True))
    assert re.search(r"\b12\b", message), message
    expect(ValueError, "queries", lambda: INDEX.query_radius(X[:n], 1.0, exclude_self=True))


@pytest.mark.parametrize(
    ("error", "radius"),
    [
        (ValueError, -1.0),
        (ValueError, np.nan),
        (ValueError, -np.inf),
        (TypeError, "1"),
        (TypeError, None),
        (TypeError, 1j),
    ],
)
def test_bad_radius(error: type[Exception], radius: Any) -> None:
    expect(error, "radius", lambda: INDEX.query_radius(X, radius))


def test_an_infinite_radius_is_everything() -> None:
    assert INDEX.query_radius(X, np.inf)[2][-1] == 144


THREADED: dict[str, Call] = {
    "query": lambda n: INDEX.query(X, num_threads=n),
    "query_radius": lambda n: INDEX.query_radius(X, 1.0, num_threads=n),
    "nearest": lambda n: crowfly.nearest(X, X, num_threads=n),
    "pairwise_distances": lambda n: crowfly.pairwise_distances(X, num_threads=n),
    "lstsq": lambda n: crowfly.lstsq(X, Y, num_threads=n),
    "logistic": lambda n: crowfly.logistic(X, LABELS, num_threads=n),
}


@pytest.mark.parametrize(("error", "n"), BAD_COUNTS)
@pytest.mark.parametrize("function", THREADED)
def test_bad_num_threads(function: str, error: type[Exception], n: Any) -> None:
    expect(error, "num_threads", lambda: THREADED[function](n))


@pytest.mark.parametrize(("error", "n"), BAD_COUNTS)
def test_bad_set_num_threads(error: type[Exception], n: Any) -> None:
    expect(error, "n", lambda: crowfly.set_num_threads(n))
