# SPDX-License-Identifier: BSD-3-Clause
"""Moments in files: they go on to the bit; what is broken or hostile is refused before anything of its size is made."""

from __future__ import annotations

import contextlib
import copy
import json
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crowfly
from assertions import assert_same_bits
from crowfly import Moments

RNG = np.random.default_rng(3)
X = RNG.standard_normal((60, 3)) * [1.0, 1e-6, 1e8]
Y = RNG.standard_normal((60, 2))


def of(X: Any, y: Any, **options: Any) -> Moments:
    return Moments().update(X, y, **options)


KINDS: dict[str, Moments] = {
    "empty": Moments(),
    "one target": of(X, Y[:, 0]),
    "several targets": of(X, Y),
    "weighted": of(X, Y, sample_weight=np.arange(60.0)),
    "merged": of(X[:20], Y[:20]).merge(of(X[20:], Y[20:])),
    "taken away": of(X, Y).downdate(X, Y),
    "huge numbers": of(X * 2.0**900, Y * 2.0**-900),
    "constant": of(np.ones((5, 1)), np.zeros(5)),
}


def assert_same_moments(actual: Moments, expected: Moments) -> None:
    assert type(actual) is Moments
    states = actual.__getstate__(), expected.__getstate__()
    assert list(states[0]) == list(states[1])
    for one, other in zip(states[0].values(), states[1].values(), strict=True):
        if isinstance(other, np.ndarray):
            assert_same_bits(one, other)
        else:
            assert (type(one), one) == (type(other), other)


@pytest.mark.parametrize("name", KINDS)
def test_moments_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    crowfly.save(KINDS[name], tmp_path / "moments")
    loaded = crowfly.load(tmp_path / "moments", Moments)
    assert_same_moments(loaded, KINDS[name])
    assert repr(loaded) == repr(KINDS[name])


def test_a_service_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = Moments()
    stored = tmp_path / "moments"
    crowfly.save(whole, stored)
    for rows in (slice(0, 7), slice(7, 40), slice(40, 60)):
        whole.update(X[rows], Y[rows])
        crowfly.save(crowfly.load(stored, Moments).update(X[rows], Y[rows]), stored)
    assert_same_moments(crowfly.load(stored), whole)
    assert_same_bits(crowfly.load(stored).solve(1.0).coef, whole.solve(1.0).coef)


def test_names_of_columns_come_back(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "ü", ""])
    crowfly.save(of(frame, Y), tmp_path / "moments")
    loaded = crowfly.load(tmp_path / "moments", Moments)
    assert_same_moments(loaded, of(frame, Y))
    with pytest.raises(ValueError, match="column 0 is 'ü' instead of 'a'"):
        loaded.update(frame[["ü", "a", ""]], Y)


def test_large_moments_are_the_callers(tmp_path: Path) -> None:
    """Arrays of more than 1 MiB are mapped; what is added goes to the object, not to the file."""
    wide = RNG.standard_normal((20, 400))
    crowfly.save(of(wide, wide[:, 0]), tmp_path / "moments")
    before = (tmp_path / "moments").read_bytes()
    crowfly.load(tmp_path / "moments").update(wide, wide[:, 0])
    assert (tmp_path / "moments").read_bytes() == before


def test_files_of_something_else_are_told_apart(tmp_path: Path) -> None:
    crowfly.save(KINDS["one target"], tmp_path / "moments")
    with pytest.raises(ValueError, match="an Index expected, the file holds a Moments"):
        crowfly.load(tmp_path / "moments", crowfly.Index)


class Own(Moments):
    pass


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Own(), r"an estimator of crowfly's, an Index or Moments expected, got Own$"),
        (
            crowfly.lstsq(X, Y),
            (
                r"an estimator of crowfly's, an Index or Moments expected, got LstsqResult; results of functions have no files of their own: "
                r"fit crowfly\.linear_model\.LinearRegression or Ridge, or keep their arrays"
            ),
        ),
        (
            crowfly.logistic(X, Y[:, 0] > 0),
            r"got LogisticResult; .*fit crowfly\.linear_model\.LogisticRegression, or",
        ),
        (crowfly.ridge_path(X, Y, [1.0]), r"got RidgePathResult; .*linear_model\.Ridge, or"),
        (crowfly.lasso_path(X, Y, alphas=2), r"got EnetPath; .*linear_model\.Lasso or ElasticNet, or"),
        (crowfly.nnls(X, Y), r"got NnlsResult; .*LinearRegression\(positive=True\), or"),
        (crowfly.ols(X, Y[:, 0]), r"got OlsResult; .*linear_model\.LinearRegression, or"),
        (crowfly.logit(X, Y[:, 0] > 0), r"got LogitResult; .*LogisticRegression\(C=np\.inf\), or"),
        (crowfly.logistic_path(X, Y[:, 0] > 0, n_alphas=2), r"got LogisticPath; .*LogisticRegression, or"),
        (crowfly.lstsq_rolling(X, Y, 10), r"got RollingLstsqResult; .*of their own: keep their arrays"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_is_refused_says_what_can_be_saved(model: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=rf"^model: .*{message}"):
        crowfly.save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# --- Broken and hostile files ---


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("files") / "moments"
    crowfly.save(of(X[:, :2], Y), path)
    return path.read_bytes()


def load_bytes(tmp_path: Path, content: bytes) -> Any:
    (tmp_path / "broken").write_bytes(content)
    return crowfly.load(tmp_path / "broken")


def test_every_byte_counts(content: bytes, tmp_path: Path) -> None:
    """Each byte changed, and the file cut before it."""
    assert load_bytes(tmp_path, content).n_rows == 60
    accepted = []
    for at, byte in enumerate(content):
        for broken in (content[:at] + bytes([byte ^ (1 << at % 8)]) + content[at + 1 :], content[:at]):
            with contextlib.suppress(ValueError):
                load_bytes(tmp_path, broken)
                accepted.append((at, len(broken)))
    assert accepted == []


def forged(tmp_path: Path, change: dict[str, Any], drop: str = "") -> Any:
    """What is read from a file whose checksums are right, of a state that no object has."""
    state = {**of(X[:, :2], Y).__getstate__(), **change}
    state.pop(drop, None)
    writer = crowfly._storage._Writer()
    tree = {"class": "crowfly.moments.Moments", "state": {}}
    for key, value in state.items():
        tree["state"][key] = writer.encode(value, key)  # type: ignore[index]
    path = tmp_path / "broken"
    crowfly._container.write(path, crowfly._container.Container(tree, writer.arrays))
    return crowfly.load(path)


def changed(name: str, place: Any, value: float) -> dict[str, Any]:
    array = copy.deepcopy(of(X[:, :2], Y).__getstate__()[name])
    array[place] = value
    return {name: array}


#: Two features, two targets: five columns.
HOSTILE: dict[str, dict[str, Any]] = {
    "huge number of features": {"n_features": 2**19},
    "too many features": {"n_features": 2**62},
    "huge number of targets": {"n_targets": 2**19},
    "no features": {"n_features": 0},
    "fewer than no features": {"n_features": -1},
    "features by a truth": {"n_features": True},
    "features as a float": {"n_features": 2.0},
    "features as an array": {"n_features": np.array([2])},
    "numbers without features": {"n_features": None},
    "no targets": {"n_targets": 0},
    "one target where there are two": {"n_targets": None},
    "rows below zero": {"n_rows": -1},
    "rows beyond 64 bits": {"n_rows": 2**63},
    "rows that overflow when some are added": {"n_rows": 2**63 - 1},
    "rows as a float": {"n_rows": 60.0},
    "another version": {"version": 2},
    "no version": {"version": None},
    "names too few": {"columns": ("a",)},
    "names that are numbers": {"columns": (1, 2)},
    "names in a list": {"columns": ["a", "b"]},
    "names in an array": {"columns": np.array(["a", "b"])},
    "short scale": {"scale": np.ones(4)},
    "scale of zero": changed("scale", 1, 0.0),
    "scale below zero": changed("scale", 1, -2.0),
    "scale that rounds": changed("scale", 1, 3.0),
    "infinite scale": changed("scale", 1, np.inf),
    "peak below zero": changed("peak", 1, -1.0),
    "peak that is none": changed("peak", 1, np.nan),
    "NaN in products": changed("high", (0, 0), np.nan),
    "infinity in products": changed("low", (0, 0), np.inf),
    "not symmetric": changed("high", (0, 1), 7.0),
    "not symmetric below": changed("low", (3, 1), 7.0),
    "flat products": {"high": np.zeros(25)},
    "wide products": {"high": np.zeros((5, 6))},
    "products in float32": {"high": np.zeros((5, 5), np.float32)},
    "products in integers": {"low": np.zeros((5, 5), int)},
    "products in a list": {"low": [[0.0] * 5] * 5},
    "another attribute": {"update": None},
    "its lock": {"_lock": None},
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_states(change: dict[str, Any], tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="broken: "):
            forged(tmp_path, change)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(of(X, Y).__getstate__()))
def test_states_that_lack_something(name: str, tmp_path: Path) -> None:
    if name == "columns":
        # As states pickled before there were names.
        assert forged(tmp_path, {}, name).n_rows == 60
        return
    with pytest.raises(ValueError, match="broken: "):
        forged(tmp_path, {}, name)


def test_a_forged_state_that_is_none_is_the_real_one(tmp_path: Path) -> None:
    assert_same_moments(forged(tmp_path, {}), of(X[:, :2], Y))


@pytest.mark.parametrize("seed", range(40))
def test_numbers_that_no_data_have_crash_nothing(seed: int, tmp_path: Path) -> None:
    """Cross products of whatever sign and size, in a file that is right otherwise: a result or an error, at every call."""
    rng = np.random.default_rng(seed)
    square = rng.standard_normal((5, 5)) * 10.0 ** rng.integers(-300, 300, (5, 5))
    change = {
        "high": np.triu(square) + np.triu(square, 1).T,
        "low": np.zeros((5, 5)),
        "peak": 10.0 ** rng.integers(-300, 300, 5),
        "scale": 2.0 ** rng.integers(-1000, 1000, 5),
        "n_rows": int(rng.integers(0, 2**53)),
    }
    moments = forged(tmp_path, change)
    calls = [
        moments.solve,
        lambda: moments.solve(1.0, intercept=False),
        lambda: moments.update(X[:, :2], Y).solve(),
        lambda: moments.merge(moments).solve(),
        lambda: moments.downdate(X[:, :2], Y).solve(),
    ]
    for call in calls:
        with contextlib.suppress(ValueError):
            assert call().coef.shape == (2, 2)


def test_headers_of_other_sizes(content: bytes, tmp_path: Path) -> None:
    """Sizes are held against the file before anything is read."""
    end = 24 + struct.unpack_from("<Q", content, 16)[0]
    for shape in ([2**20, 2**20], [5, 6], [-1], [25]):
        header = json.loads(content[24:end])
        header["arrays"][-1]["shape"] = shape
        text = json.dumps(header).encode()
        prefix = struct.pack("<8sIIQ", b"crowfly\n", 1, zlib.crc32(text), len(text))
        body = content[-(-end // 64) * 64 :]
        with pytest.raises(ValueError, match="broken: "):
            load_bytes(tmp_path, prefix + text + bytes(-(len(prefix) + len(text)) % 64) + body)
