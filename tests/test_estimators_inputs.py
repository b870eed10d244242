# SPDX-License-Identifier: BSD-3-Clause
"""What samples, targets and weights may be: taken, named and refused as by scikit-learn, with the same answer for every container."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.neighbors
from sklearn.base import is_classifier

from estimators import LINEAR_MODELS, PAIRS, SEES_POLARS, answer, make

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

needs_names_of_polars = pytest.mark.skipif(
    not SEES_POLARS, reason="scikit-learn 1.8 sees no names in polars 2"
)
NAMES = ["width", "height", "age"]

RNG = np.random.default_rng(0)
# Whole numbers: every dtype below holds them exactly.
X = RNG.integers(-5, 6, size=(40, 3)).astype(np.float64)
Y = (X[:, 0] + RNG.normal(size=40) > 0).astype(np.int64)
NEW = X[:7] + 1


def frame(values: Any) -> Any:
    return pd.DataFrame(values, columns=NAMES)


def read_only(values: Any) -> Any:
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def misaligned(values: Any) -> Any:
    """Not on a multiple of eight bytes."""
    room = np.empty(values.nbytes + 1, dtype=np.uint8)[1:].view(np.float64).reshape(values.shape)
    room[...] = values
    return room


CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda values: values.tolist(),
    "tuples": lambda values: tuple(map(tuple, values.tolist())),
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "strided": lambda values: np.repeat(np.repeat(values, 2, axis=0), 2, axis=1)[::2, ::2],
    "reversed": lambda values: values[::-1, ::-1].copy()[::-1, ::-1],
    "misaligned": misaligned,
    "big-endian": lambda values: values.astype(">f8"),
    "big-endian float32": lambda values: values.astype(">f4"),
    "int8": lambda values: values.astype(np.int8),
    "float16": lambda values: values.astype(np.float16),
    "objects": lambda values: values.astype(object),
    "pandas": frame,
    "pandas of integers": lambda values: frame(values.astype(np.int32)),
    "pandas Float64": lambda values: frame(values).astype("Float64"),
    "pandas Int64": lambda values: frame(values).astype("Int64"),
    "pandas boolean and float": lambda values: (
        frame(values).assign(age=values[:, 2]).astype({"width": "Int8"})
    ),
    "pandas category of numbers": lambda values: frame(values).astype({"age": "category"}),
    "pandas with numbers as names": pd.DataFrame,
    "polars": lambda values: pl.DataFrame(values, schema=NAMES),
    "polars of integers": lambda values: pl.DataFrame(values.astype(np.int64), schema=NAMES),
    "polars float32": lambda values: pl.DataFrame(values.astype(np.float32), schema=NAMES),
}

REFUSED: dict[str, Callable[[Any], Any]] = {
    "strings": lambda values: np.full(values.shape, "a"),
    "pandas of strings": lambda values: frame(values).assign(age="old"),
    "pandas category of strings": lambda values: frame(values).assign(age="old").astype({"age": "category"}),
    "pandas of dates": lambda values: frame(values).assign(age=pd.Timestamp("2024-01-01")),
    "pandas NA": lambda values: frame(values).astype("Float64").mask(lambda f: f == f.iloc[0, 0]),
    "polars of strings": lambda values: pl.DataFrame(values, schema=NAMES).with_columns(age=pl.lit("old")),
    "polars of dates": lambda values: pl.DataFrame(values, schema=NAMES).with_columns(
        age=pl.lit(dt.date(2024, 1, 1))
    ),
    "polars null": lambda values: pl.DataFrame(values, schema=NAMES).with_columns(
        age=pl.lit(None, dtype=pl.Float64)
    ),
    "NaN": lambda values: np.where(values == values[0, 0], np.nan, values),
    "infinity": lambda values: np.where(values == values[0, 0], np.inf, values),
    "None": lambda values: np.where(values == values[0, 0], None, values),
    "complex": lambda values: values + 1j,
    "one dimension": lambda values: values[:, 0],
    "three dimensions": lambda values: values[:, :, np.newaxis],
    "no rows": lambda values: values[:0],
    "no columns": lambda values: values[:, :0],
    "series": lambda values: pd.Series(values[:, 0]),
    "one number": lambda values: values[0, 0],
}


def attempt(call: Callable[..., Any], *arguments: Any) -> Any:
    """What comes out, or the message where it is refused."""
    with warnings.catch_warnings():
        # scikit-learn's solvers may not converge on whole numbers.
        warnings.simplefilter("ignore")
        try:
            return call(*arguments)
        except (TypeError, ValueError) as error:
            return str(error)


@cache
def fitted(name: str, *, theirs: bool = False) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(name, theirs=theirs).fit(X, Y)


def expected_answer(name: str, model: Any) -> Any:
    """That of float64, or where the model's coefficients are float32, what theirs rounded once give, rounded once."""
    whole = fitted(name)
    if getattr(model, "coef_", X).dtype != np.float32:
        return answer(whole, NEW)
    rounded = copy(whole)
    rounded.coef_, rounded.intercept_ = np.float32(whole.coef_), np.float32(whole.intercept_)
    np.testing.assert_array_equal(model.coef_, rounded.coef_)
    found = answer(rounded, NEW)
    return found.astype(np.float32) if found.dtype == np.float64 else found


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("name", PAIRS)
def test_containers(name: str, kind: str) -> None:
    contain = CONTAINERS[kind]
    model = make(name).fit(contain(X), Y)
    # Whole numbers are the same in every dtype: so are the answers, to the bit.
    np.testing.assert_array_equal(answer(model, contain(NEW)), expected_answer(name, model))
    reference = sklearn.neighbors.NearestNeighbors().fit(contain(X))
    found, expected = (list(getattr(m, "feature_names_in_", [])) for m in (model, reference))
    assert found == expected


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", PAIRS)
def test_refusals(name: str, kind: str) -> None:
    """What scikit-learn refuses is refused in the words of this package or its own; what it takes is taken."""
    spoil = REFUSED[kind]
    for call in (
        lambda theirs: answer(make(name, theirs=theirs).fit(spoil(X), Y), NEW),
        lambda theirs: answer(fitted(name, theirs=theirs), spoil(NEW)),
    ):
        theirs, found = (attempt(call, who) for who in (True, False))
        if isinstance(theirs, str):
            assert isinstance(found, str)
            assert "points" not in found
            assert "queries" not in found
        elif kind != "polars of dates" or name != "RadiusNeighborsRegressor":
            # Nothing is within the radius of a date: scikit-learn's regressor of whole numbers has no NaN to say so.
            np.testing.assert_allclose(found, theirs, rtol=1e-3, atol=1e-3)


TARGETS: dict[str, Callable[[Any], Any]] = {
    "list": lambda values: values.tolist(),
    "read-only": read_only,
    "big-endian": lambda values: values.astype(">i8"),
    "strided": lambda values: np.repeat(values, 2)[::2],
    "objects": lambda values: values.astype(object),
    "booleans": lambda values: values.astype(bool),
    "pandas": lambda values: pd.Series(values, index=np.arange(len(values))[::-1]),
    "pandas Int64": lambda values: pd.Series(values, dtype="Int64"),
    "pandas boolean": lambda values: pd.Series(values.astype(bool), dtype="boolean"),
    "pandas category": lambda values: pd.Series(values, dtype="category"),
    "polars": lambda values: pl.Series("target", values),
    "strings": lambda values: np.array(["no", "yes"])[values],
    "pandas strings": lambda values: pd.Series(np.array(["no", "yes"])[values]),
    "polars strings": lambda values: pl.Series(np.array(["no", "yes"])[values].tolist()),
    "None": lambda values: np.where(values == 0, None, values),
    "NaN": lambda values: np.where(values == 0, np.nan, values),
    "pandas NA": lambda values: pd.Series(values, dtype="Int64").mask(values == 0),
    "three dimensions": lambda values: values[:, np.newaxis, np.newaxis],
    "too short": lambda values: values[:-1],
}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", [name for name, (ours, _) in PAIRS.items() if hasattr(ours, "score")])
def test_targets(name: str, kind: str) -> None:
    y = TARGETS[kind](Y)
    theirs, found = (
        attempt(lambda who: make(name, theirs=who).fit(X, y).predict(NEW), who) for who in (True, False)
    )
    if isinstance(theirs, str):
        # Numbers that are objects are numbers; scikit-learn's radius regressor chokes on its own objects.
        assert isinstance(found, str) or kind == "objects"
    elif is_classifier(make(name)):
        assert found.dtype == theirs.dtype
        assert found.tolist() == theirs.tolist()
    else:
        np.testing.assert_allclose(found, theirs.astype(np.float64), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "contain",
    [
        list,
        pd.Series,
        lambda w: pl.Series("w", w),
        read_only,
        lambda w: w.astype(">f4"),
        lambda w: w.astype(int),
    ],
    ids=["list", "pandas", "polars", "read-only", "big-endian float32", "int"],
)
@pytest.mark.parametrize("name", LINEAR_MODELS)
def test_weights(name: str, contain: Callable[[Any], Any]) -> None:
    weights = np.arange(40) % 3 + 1.0
    expected = make(name).fit(X, Y, sample_weight=weights).predict(NEW)
    np.testing.assert_array_equal(make(name).fit(X, Y, sample_weight=contain(weights)).predict(NEW), expected)


@pytest.mark.parametrize(
    "contain",
    [frame, pytest.param(CONTAINERS["polars"], marks=needs_names_of_polars)],
    ids=["pandas", "polars"],
)
@pytest.mark.parametrize("name", PAIRS)
def test_columns_in_another_order_are_refused(name: str, contain: Callable[[Any], Any]) -> None:
    model = make(name).fit(contain(X), Y)
    assert model.feature_names_in_.tolist() == NAMES
    assert model.n_features_in_ == len(NAMES)
    with pytest.raises(ValueError, match=r"(?s)feature names should match.*order"):
        answer(model, contain(NEW)[["age", "height", "width"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        answer(model, NEW)


def test_a_memory_map_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for name in PAIRS:
        np.testing.assert_array_equal(answer(make(name).fit(mapped, Y), mapped), answer(fitted(name), X))
