# SPDX-License-Identifier: BSD-3-Clause
"""The functional API takes data frames by the position of columns, and refuses one whose columns come in another order than before."""

from __future__ import annotations

import copy
import functools
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import crowfly
from crowfly.linear_model import LinearRegression, LogisticRegression
from crowfly.neighbors import NearestNeighbors

pandas = pytest.importorskip("pandas", reason="its frames are what is tested")
polars = pytest.importorskip("polars", reason="its frames are what is tested")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=40)
CODES = (X[:, 0] + RNG.normal(size=40) > 0).astype(int)

#: What takes a frame twice: the first call, and the second one made of its result.
CALLS: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "lstsq": lambda frame: crowfly.lstsq(frame, Y).predict,
    "lstsq, several targets": lambda frame: crowfly.lstsq(frame, np.column_stack([Y, -Y])).predict,
    "ols": lambda frame: crowfly.ols(frame, Y).predict,
    "ols intervals": lambda frame: crowfly.ols(frame, Y).predict_interval,
    "enet_path": lambda frame: crowfly.enet_path(frame, Y, alphas=5).predict,
    "lasso_path": lambda frame: crowfly.lasso_path(frame, Y, alphas=5).predict,
    "nnls": lambda frame: crowfly.nnls(frame, Y).predict,
    "logistic": lambda frame: crowfly.logistic(frame, CODES).predict,
    "logistic probabilities": lambda frame: crowfly.logistic(frame, CODES).predict_log_proba,
    "logit": lambda frame: crowfly.logit(frame, CODES).predict_proba,
    "ridge_path": lambda frame: crowfly.ridge_path(frame, Y, [0.1, 1.0]).predict,
    "logistic_path": lambda frame: crowfly.logistic_path(frame, CODES, n_alphas=3).fits[-1].decision_function,
    "moments": lambda frame: crowfly.Moments().update(frame, Y).solve().predict,
    "chunks": lambda frame: crowfly.lstsq_chunks([(frame, Y)]).predict,
    "index": lambda frame: crowfly.Index(frame).query,
    "radius": lambda frame: lambda other: crowfly.Index(frame).count_radius(other, 1.0),
    "added points": lambda frame: crowfly.Index(frame).add,
    "nearest": lambda frame: lambda other: crowfly.nearest(other, frame),
    "a copy": lambda frame: copy.deepcopy(crowfly.lstsq(frame, Y)).predict,
    "a pickle": lambda frame: pickle.loads(pickle.dumps(crowfly.lstsq(frame, Y))).predict,
}


MAKERS: dict[str, Callable[[Any], Any]] = {
    "pandas": lambda x: pandas.DataFrame(x, columns=list("abc")),
    "polars": lambda x: polars.DataFrame(x, schema=list("abc")),
}


@pytest.mark.parametrize("library", MAKERS)
@pytest.mark.parametrize("name", CALLS)
def test_the_same_columns_in_another_order_are_refused(name: str, library: str) -> None:
    frame = MAKERS[library](X)
    again = CALLS[name](frame)
    again(frame)
    # By position, where there are no names to compare.
    again(X)
    CALLS[name](X)(frame)
    with pytest.raises(ValueError, match="in their order, expected, column 0 is 'b' instead of 'a'"):
        again(frame[["b", "a", "c"]])
    with pytest.raises(ValueError, match="column 2 is 'd' instead of 'c'"):
        again(frame.rename({"c": "d"}, **({"axis": 1} if hasattr(frame, "iloc") else {})))


def test_results_hold_the_names() -> None:
    frame = pandas.DataFrame(X, columns=list("abc"))
    assert crowfly.lstsq(frame, Y).columns == ("a", "b", "c")
    assert crowfly.lstsq(X, Y).columns is None
    assert crowfly.logistic_path(frame, CODES, n_alphas=2).fits[0].columns == ("a", "b", "c")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "fit",
    [
        crowfly.lstsq,
        crowfly.ols,
        crowfly.lasso_path,
        crowfly.nnls,
        functools.partial(crowfly.ridge_path, alphas=[1.0]),
        crowfly.logistic,
        crowfly.logit,
    ],
    ids=["lstsq", "ols", "lasso_path", "nnls", "ridge_path", "logistic", "logit"],
)
def test_numbers_that_are_missing_are_named(fit: Any, weighted: bool) -> None:
    """By their column, and by their row, rows of weight zero counted."""
    frame = pandas.DataFrame(X, columns=list("abc"))
    frame.loc[7, "b"] = np.nan
    weights = np.where(np.arange(len(Y)) < 3, 0.0, 1.0) if weighted else None
    with pytest.raises(ValueError, match=r"X\[7, 1\] is nan \(column 'b'\)$"):
        fit(frame, CODES, sample_weight=weights)
    with pytest.raises(ValueError, match=r"X\[7, 1\] is nan \(column 'b'\)$"):
        fit(X, CODES).predict(frame)


def test_one_chunk_after_the_other() -> None:
    frame = pandas.DataFrame(X, columns=list("abc"))
    assert crowfly.lstsq_chunks([(frame, Y), (frame, Y)]).columns == ("a", "b", "c")
    with pytest.raises(ValueError, match="column 0 is 'c' instead of 'a'"):
        crowfly.lstsq_chunks([(frame, Y), (frame[["c", "b", "a"]], Y)])


@pytest.mark.parametrize("of", ["Date", "Datetime", "Duration", "Time"])
def test_times_of_polars_are_no_numbers(of: str) -> None:
    """Beside a column of numbers they would be made numbers without a word, as scikit-learn has it, and estimators therefore."""
    times = polars.Series("when", range(40), dtype=polars.Int64).cast(getattr(polars, of))
    frame = polars.DataFrame({"a": X[:, 0], "when": times})
    with pytest.raises(TypeError, match=r"^X: columns of real numbers expected, column 'when' is of dtype"):
        crowfly.lstsq(frame, Y)


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), NearestNeighbors(n_neighbors=2), LogisticRegression()],
    ids=lambda model: type(model).__name__,
)
def test_a_series_is_no_matrix(model: Any) -> None:
    with pytest.raises(ValueError, match="Expected a 2-dimensional container but got"):
        model.fit(pandas.Series(X[:, 0]), CODES)
    fitted = model.fit(pandas.DataFrame(X), CODES)
    call = getattr(fitted, "predict", None) or fitted.kneighbors
    with pytest.raises(ValueError, match="Expected a 2-dimensional container but got"):
        call(pandas.Series(X[0]))


def test_subpackages_load_when_asked_for() -> None:
    names = "crowfly.linear_model.Ridge, crowfly.neighbors.NearestNeighbors, crowfly.metrics"
    subprocess.run([sys.executable, "-c", f"import crowfly; {names}"], check=True)
    with pytest.raises(AttributeError, match="module 'crowfly' has no attribute 'tree'"):
        crowfly.tree  # noqa: B018


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CALLS)
def test_lazy_frames_are_to_be_collected(name: str) -> None:
    frame = MAKERS["polars"](X)
    lazy = frame.lazy()
    again = CALLS[name](frame)
    calls: list[Callable[[], Any]] = [lambda: CALLS[name](lazy)(frame), lambda: again(lazy)]
    for call in calls:
        with pytest.raises(TypeError) as caught:
            call()
        assert re.fullmatch(r"\w+: data expected, got a LazyFrame; use \.collect\(\)", str(caught.value))


LAZY_ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "y": lambda lazy: crowfly.lstsq(X, lazy),
    "y of classes": lambda lazy: crowfly.logistic(X, lazy),
    "sample_weight": lambda lazy: crowfly.lstsq(X, Y, sample_weight=lazy),
    "groups": lambda lazy: crowfly.lstsq_grouped(X, Y, lazy),
}


@pytest.mark.parametrize("name", LAZY_ARGUMENTS)
def test_lazy_arguments_are_to_be_collected(name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name.partition(' ')[0]}: .* use \.collect\(\)$"):
        LAZY_ARGUMENTS[name](MAKERS["polars"](X).lazy())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("make", [LinearRegression, LogisticRegression, NearestNeighbors])
def test_estimators_want_lazy_frames_collected(make: Any) -> None:
    frame = MAKERS["polars"](X)
    for arguments, name in (((frame.lazy(), CODES), "X"), ((X, frame.lazy()), "y")):
        if make is not NearestNeighbors or name == "X":
            with pytest.raises(
                TypeError, match=rf"^{name}: data expected, got a LazyFrame; use \.collect\(\)$"
            ):
                make().fit(*arguments)
    model = make().fit(frame, CODES)
    with pytest.raises(TypeError, match=r"^X: data expected, got a LazyFrame; use \.collect\(\)$"):
        model.kneighbors(frame.lazy()) if make is NearestNeighbors else model.predict(frame.lazy())
    if make is not NearestNeighbors:
        with pytest.raises(TypeError, match=r"^sample_weight: .* use \.collect\(\)$"):
            make().fit(X, CODES, sample_weight=frame.lazy())
