# SPDX-License-Identifier: BSD-3-Clause
"""The calls by which two builds are compared: middle-sized ones by time, short ones by time and by instructions.

Only what the first release had is called, so that old builds can be compared too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIDDLE_CALLS", "SMALL_CALLS", "answer_arrays", "tolerance_of"]

Call = Callable[[], Any]


def regression(
    n: int, p: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """A design, targets and classes."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)
    return X, y, (y > 0).astype(np.int64)


def small_nearest() -> Call:
    import crowfly

    rng = np.random.default_rng(5)
    queries, points = rng.standard_normal((20, 16)), rng.standard_normal((200, 16))
    return lambda: crowfly.nearest(queries, points, 5, num_threads=1)


def small_query() -> Call:
    import crowfly

    rng = np.random.default_rng(6)
    query, index = rng.standard_normal((1, 16)), crowfly.Index(rng.standard_normal((200, 16)))
    return lambda: index.query(query, 5, num_threads=1)


def small_lstsq() -> Call:
    import crowfly

    X, y, _ = regression(200, 10, 7)
    return lambda: crowfly.lstsq(X, y, num_threads=1)


def small_logistic() -> Call:
    import crowfly

    X, _, labels = regression(200, 5, 8)
    return lambda: crowfly.logistic(X, labels, num_threads=1)


def predict_one() -> Call:
    import crowfly

    X, y, _ = regression(200, 10, 9)
    fit = crowfly.lstsq(X, y)
    return lambda: fit.predict(X[:1], num_threads=1)


def classify_one() -> Call:
    import crowfly

    X, _, labels = regression(200, 5, 10)
    fit = crowfly.logistic(X, labels)
    return lambda: fit.predict(X[:1], num_threads=1)


def middle_nearest() -> Call:
    import crowfly

    rng = np.random.default_rng(11)
    queries = rng.standard_normal((1000, 32)).astype(np.float32)
    points = rng.standard_normal((20_000, 32)).astype(np.float32)
    return lambda: crowfly.nearest(queries, points, 5)


def middle_lstsq() -> Call:
    import crowfly

    X, y, _ = regression(100_000, 20, 12)
    return lambda: crowfly.lstsq(X, y)


def middle_logistic() -> Call:
    import crowfly

    X, _, labels = regression(50_000, 20, 13)
    return lambda: crowfly.logistic(X, labels)


#: So short that what surrounds the kernels costs most; one thread. Each with the function that makes its data.
SMALL_CALLS: Mapping[str, Callable[[], Call]] = MappingProxyType({
    "nearest 20 x 200 x 16": small_nearest,
    "query 1 x 200 x 16": small_query,
    "lstsq 200 x 10": small_lstsq,
    "logistic 200 x 5": small_logistic,
    "lstsq predict 1 x 10": predict_one,
    "logistic predict 1 x 5": classify_one,
})  # fmt: skip

#: Some ten milliseconds, on all threads.
MIDDLE_CALLS: Mapping[str, Callable[[], Call]] = MappingProxyType({
    "nearest 1000 x 20000 x 32 float32": middle_nearest,
    "lstsq 100000 x 20": middle_lstsq,
    "logistic 50000 x 20": middle_logistic,
})  # fmt: skip


def answer_arrays(result: Any) -> list[NDArray[Any]]:
    """The part of a result that two builds must agree on."""
    if hasattr(result, "coef"):
        return [np.asarray(result.coef), np.asarray(result.intercept)]
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def tolerance_of(call: str) -> float:
    """How far answers may be apart, relative to the largest entry. Neighbours are defined to the bit, predicted classes are equal; the solution of
    a regression is defined up to rounding, that of an iteration up to where it stops."""
    if call.startswith(("nearest", "query", "logistic predict")):
        return 0.0
    return 1e-5 if call.startswith("logistic") else 1e-9
