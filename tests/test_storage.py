# SPDX-License-Identifier: BSD-3-Clause
"""Files: what is read is what was written; what is broken or hostile is refused in one sentence."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import crowfly
import crowfly.linear_model
import crowfly.neighbors
from assertions import assert_same_bits
from references import FloatArray

ESTIMATORS = {
    name: getattr(package, name)
    for package in (crowfly.linear_model, crowfly.neighbors)
    for name in package.__all__
    if hasattr(getattr(package, name), "fit")
}
LABELLED = ("Classif", "Logistic", "Centroid")


def data() -> tuple[FloatArray, FloatArray]:
    X = np.random.default_rng(6).standard_normal((80, 3))
    return X, X[:, 0] + 0.1 * X[:, 1]


def fitted(name: str, labels: Any = None, **parameters: Any) -> tuple[Any, FloatArray]:
    X, y = data()
    if "Radius" in name:
        parameters["radius"] = 3.0
    if name == "LocalOutlierFactor":
        parameters["novelty"] = True
    if name == "LogisticRegressionCV":
        parameters |= {"l1_ratios": (0.0,), "scoring": "neg_log_loss", "use_legacy_attributes": False}
    labels = np.array(["no", "yes"]) if labels is None else labels
    targets = labels[(y > 0).astype(int)] if any(part in name for part in LABELLED) else y
    return ESTIMATORS[name](**parameters).fit(X, targets), X


def tiny(name: str) -> Any:
    """Fitted to six samples of two features, for a file of few bytes."""
    X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 5.0], [4.0, 1.0], [5.0, 3.0]])
    labels = any(part in name for part in LABELLED)
    parameters: dict[str, Any] = {}
    if name in ("LassoCV", "ElasticNetCV"):
        parameters = {"cv": 2, "alphas": 2}
    if name == "LogisticRegressionCV":
        parameters = {
            "cv": 2,
            "Cs": 2,
            "l1_ratios": (0.0,),
            "scoring": "accuracy",
            "use_legacy_attributes": False,
        }
    if name in ("NearestNeighbors", "LocalOutlierFactor") or "KNeighbors" in name:
        parameters = {"n_neighbors": 2}
    return ESTIMATORS[name](**parameters).fit(X, np.array([0, 1, 0, 1, 1, 0]) if labels else X[:, 0] ** 2)


def dense(result: Any) -> Any:
    return result.toarray() if hasattr(result, "toarray") else result


def results(model: Any, X: FloatArray) -> list[Any]:
    methods = (
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "kneighbors",
        "transform",
    )
    return [dense(getattr(model, method)(X[:20])) for method in methods if hasattr(model, method)]


def assert_same_state(actual: Any, expected: Any) -> None:
    assert type(actual) is type(expected)
    if isinstance(expected, np.ndarray) and expected.dtype != object:
        assert_same_bits(actual, expected)
    elif isinstance(expected, (list, tuple, np.ndarray)):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same_state(one, other)
    elif isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            assert_same_state(actual[key], expected[key])
    elif hasattr(expected, "__dict__"):
        assert_same_state(vars(actual), vars(expected))
    elif not isinstance(expected, crowfly._core.Index):
        np.testing.assert_equal(actual, expected)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    model, X = fitted(name)
    crowfly.save(model, tmp_path / "model")
    loaded = crowfly.load(tmp_path / "model", ESTIMATORS[name])
    assert loaded.get_params() == model.get_params()
    for actual, expected in zip(results(loaded, X), results(model, X), strict=True):
        for one, other in zip(np.atleast_1d(actual), np.atleast_1d(expected), strict=True):
            np.testing.assert_array_equal(one, other)
    state, before = loaded.__getstate__(), model.__getstate__()
    assert_same_state(state, before)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 7]),
        np.array([False, True]),
        np.array([-1.0, 2.0]),
        np.array(["ä", "b\0c"]),
        np.array(["u", "v"], object),
    ],
    ids=["integers", "booleans", "floats", "strings", "objects"],
)
def test_labels_of_every_kind(labels: Any, tmp_path: Path) -> None:
    for name in ("KNeighborsClassifier", "LogisticRegression", "RidgeClassifier"):
        model, X = fitted(name, labels)
        crowfly.save(model, tmp_path / "model")
        np.testing.assert_array_equal(crowfly.load(tmp_path / "model").predict(X), model.predict(X))


def test_parameters_that_are_not_plain(tmp_path: Path) -> None:
    weights: Any = {"no": 1.0, "yes": np.float32(2)}
    model = crowfly.linear_model.LogisticRegression(C=np.inf, class_weight=weights)
    crowfly.save(model, str(tmp_path / "model"))
    loaded = crowfly.load(tmp_path / "model")
    assert loaded.get_params() == model.get_params()
    assert isinstance(loaded.class_weight["yes"], np.float32)
    sparse = fitted("LogisticRegression")[0].sparsify()
    crowfly.save(sparse, tmp_path / "model")
    assert (crowfly.load(tmp_path / "model").coef_ != sparse.coef_).nnz == 0


@pytest.mark.parametrize("name", ["LinearRegression", "Ridge", "RidgeClassifier"])
def test_models_without_negative_coefficients(name: str, tmp_path: Path) -> None:
    model, X = fitted(name, positive=True)
    crowfly.save(model, tmp_path / "model")
    loaded = crowfly.load(tmp_path / "model", ESTIMATORS[name])
    assert_same_state(loaded.__getstate__(), model.__getstate__())
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint8])
@pytest.mark.parametrize(
    "arguments", [{}, {"metric": "minkowski", "p": 3}, {"box": [9.0, 8.0, 7.0]}, {"algorithm": "tree"}]
)
def test_indices_come_back(dtype: Any, arguments: dict[str, Any], tmp_path: Path) -> None:
    points = np.random.default_rng(1).uniform(0, 6, (500, 3)).astype(dtype)
    index = crowfly.Index(points, **arguments)
    index.add(points[:7])
    crowfly.save(index, tmp_path / "index")
    loaded = crowfly.load(tmp_path / "index", crowfly.Index)
    assert repr(loaded) == repr(index)
    for actual, expected in zip(loaded.query(points[:50], 3), index.query(points[:50], 3), strict=True):
        assert_same_bits(actual, expected)


def test_large_arrays_are_mapped(tmp_path: Path) -> None:
    points = np.random.default_rng(1).standard_normal((50_000, 8))
    crowfly.save(crowfly.Index(points), tmp_path / "index")
    loaded = crowfly.load(tmp_path / "index")
    stored = loaded.__reduce__()[1][0]
    assert not stored.flags.owndata
    assert not stored.flags.writeable
    assert_same_bits(loaded.query(points[:50], 3)[1], crowfly.Index(points).query(points[:50], 3)[1])


# --- What can't be saved ---


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            crowfly.neighbors.NearestNeighbors(metric=math.dist),
            "model.metric: a function can't be saved",
        ),
        (
            crowfly.linear_model.Lasso(random_state=np.random.RandomState(0)),
            "model.random_state: an object of RandomState",
        ),
        (object(), "model: an estimator of crowfly's, an Index or Moments expected, got object"),
        (crowfly.linear_model.Ridge, "model: an estimator"),
        (np.zeros(3), "model: an estimator"),
        (
            make_pipeline(StandardScaler(), crowfly.linear_model.Ridge()),
            r"got Pipeline; files hold no transformers of scikit-learn's: save the last step, model\[-1\], and with joblib the steps before it",
        ),
        (make_pipeline(StandardScaler()), "got Pipeline$"),
        (
            GridSearchCV(crowfly.linear_model.Ridge(), {"alpha": [1.0, 2.0]}, cv=2).fit(
                np.eye(6), np.arange(6)
            ),
            "got GridSearchCV; save its best_estimator_",
        ),
        (sklearn.linear_model.Ridge(), "got Ridge of another package; fit crowfly.linear_model.Ridge$"),
    ],
)
def test_refused(model: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=message):
        crowfly.save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_is_advised_for_pipelines_works(tmp_path: Path) -> None:
    X = np.random.default_rng(0).standard_normal((30, 3)) * [1, 10, 100]
    pipeline = make_pipeline(StandardScaler(), crowfly.linear_model.Ridge()).fit(X, X.sum(axis=1))
    crowfly.save(pipeline[-1], tmp_path / "model")
    loaded = crowfly.load(tmp_path / "model", crowfly.linear_model.Ridge)
    np.testing.assert_array_equal(loaded.predict(pipeline[:-1].transform(X)), pipeline.predict(X))


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")
def test_modes_and_links_are_the_users(tmp_path: Path) -> None:
    model, target, link = crowfly.Index([[1.0], [2.0]]), tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    before = os.umask(0o022)
    try:
        crowfly.save(model, link)
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o644
    assert crowfly.load(target).n_points == 2


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    crowfly.save(crowfly.linear_model.Ridge(alpha=1.0), path)

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=f"{re.escape(str(path))}.*no space left"):
        crowfly.save(crowfly.linear_model.Ridge(alpha=2.0), path)
    assert crowfly.load(path).alpha == 1.0
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    nowhere = tmp_path / "nowhere" / "model"
    with pytest.raises(FileNotFoundError, match="No such file") as caught:
        crowfly.save(crowfly.linear_model.Ridge(), nowhere)
    assert caught.value.filename == str(nowhere)


# --- What can't be read ---


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("files") / "model"
    crowfly.save(fitted("KNeighborsClassifier")[0], path)
    return path.read_bytes()


def load_bytes(tmp_path: Path, content: bytes) -> Any:
    (tmp_path / "broken").write_bytes(content)
    return crowfly.load(tmp_path / "broken")


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(place: float, bit: int, content: bytes, tmp_path: Path) -> None:
    broken = bytearray(content)
    broken[int(place * len(broken))] ^= 1 << bit
    with pytest.raises(ValueError, match="broken: "):
        load_bytes(tmp_path, bytes(broken))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_byte_of_every_estimator_counts(name: str, tmp_path: Path) -> None:
    """The zeros between the parts of a file, too: each byte changed, and the file cut before it."""
    crowfly.save(tiny(name), tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    assert load_bytes(tmp_path, content).get_params() == tiny(name).get_params()
    accepted = []
    for at, byte in enumerate(content):
        for broken in (content[:at] + bytes([byte ^ (1 << at % 8)]) + content[at + 1 :], content[:at]):
            with contextlib.suppress(ValueError):
                load_bytes(tmp_path, broken)
                accepted.append((at, len(broken)))
    assert accepted == []


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_truncated_files(share: float, content: bytes, tmp_path: Path) -> None:
    last = len(content.rstrip(b"\0")) - 1
    with pytest.raises(ValueError, match="broken: "):
        load_bytes(tmp_path, content[: int(share * last)])


def test_a_file_without_its_last_bytes_is_truncated(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken: the file is truncated"):
        load_bytes(tmp_path, content[:-1])
    with pytest.raises(ValueError, match="broken: the file is damaged"):
        load_bytes(tmp_path, content + b"\0")


def test_what_is_no_path_is_refused(tmp_path: Path) -> None:
    model = crowfly.Index([[0.0], [1.0]])
    swapped: Any = str(tmp_path / "model")
    with pytest.raises(TypeError, match=r"save\(model, path\) expected, got the path first"):
        crowfly.save(swapped, model)  # type: ignore[arg-type]
    for path in (None, io.BytesIO()):
        with pytest.raises(TypeError, match="path: a string or path expected, got "):
            crowfly.save(model, path)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="path: a string or path expected, got "):
            crowfly.load(path)  # type: ignore[call-overload]


def with_header(content: bytes, change: Any) -> bytes:
    """The file with another header whose checksum is right."""
    end = 24 + struct.unpack_from("<Q", content, 16)[0]
    header = json.loads(content[24:end])
    header = change(header) or header
    text = json.dumps(header).encode()
    prefix = struct.pack("<8sIIQ", b"crowfly\n", 1, zlib.crc32(text), len(text))
    padding = bytes(-(len(prefix) + len(text)) % 64)
    return prefix + text + padding + content[-(-end // 64) * 64 :]


def change_array(**entries: Any) -> Any:
    return lambda header: header["arrays"][0].update(entries)


def change_state(**entries: Any) -> Any:
    return lambda header: header["tree"]["state"].update(entries)


HOSTILE = {
    "huge shape": change_array(shape=[2**40, 2**40]),
    "negative shape": change_array(shape=[-1]),
    "huge offset": change_array(offset=2**62),
    "odd offset": change_array(offset=1),
    "negative offset": change_array(offset=-64),
    "objects": change_array(dtype="|O"),
    "structures": change_array(dtype=[["a", "<f8"]]),
    "dates": change_array(dtype="<M8[ns]"),
    "nothing per entry": change_array(dtype="<U0", shape=[2**60]),
    "no dtype": change_array(dtype=None),
    "unknown class": lambda header: header["tree"].update({"class": "os.system"}),
    "class beside": lambda header: header["tree"].update({"class": "crowfly.linear_model.np"}),
    "function": lambda header: header["tree"].update({"class": "crowfly.neighbors.kneighbors_graph"}),
    "no tree": lambda _: {"arrays": []},
    "a list": lambda _: [1, 2],
    "unknown array": change_state(p={"array": 99}),
    "unknown value": change_state(p={"pickle": "x"}),
    "a number": change_state(p=3),
    "array from the end": change_state(p={"array": -1}),
    "array by a truth": change_state(p={"array": True}),
    "shape of text": change_array(shape=["3"]),
    "the same array twice": lambda header: header["arrays"].append(header["arrays"][0]),
    "one array less": lambda header: header["arrays"].pop(),
    "name of a method": change_state(predict=None),
    "no model": lambda header: header.update(tree={"array": 0}),
    "special name": change_state(__class__={"int": "1"}),
    "wrong index": change_state(_index_metric={"tuple": ["no metric", None]}),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_headers(change: Any, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken: "):
        load_bytes(tmp_path, with_header(content, change))


@pytest.mark.parametrize("shape", [[2**20, 2**20], [10**6]])
def test_sizes_are_held_against_the_file_before_anything_is_read(
    shape: list[int], content: bytes, tmp_path: Path
) -> None:
    """Not by the checksum, which whoever wrote the size could have written, too."""
    with pytest.raises(ValueError, match="broken: the file is truncated: an array ends beyond its end"):
        load_bytes(tmp_path, with_header(content, change_array(shape=shape)))


@pytest.mark.parametrize("offset", [2**62, -64, 1, 64])
def test_arrays_lie_one_after_the_other(offset: int, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken: an array is described in a way"):
        load_bytes(tmp_path, with_header(content, change_array(offset=offset)))


def test_bytes_behind_the_last_array(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"broken: the file is damaged: .* bytes of arrays"):
        load_bytes(tmp_path, content + bytes(64))


@pytest.mark.parametrize(("dtype", "word"), [("|b1", 2), ("<U1", 0xFFFFFFFF), (">U1", 0xFF)])
def test_bytes_that_are_no_values(dtype: str, word: int, tmp_path: Path) -> None:
    data = struct.pack("<I", word)[: np.dtype(dtype).itemsize]
    entry = {"dtype": dtype, "shape": [1], "offset": 0, "checksum": zlib.crc32(data)}
    tree = {"class": "crowfly.neighbors.NearestNeighbors", "state": {"p": {"array": 0}}}
    text = json.dumps({"tree": tree, "arrays": [entry]}).encode()
    prefix = struct.pack("<8sIIQ", b"crowfly\n", 1, zlib.crc32(text), len(text))
    padding = bytes(-(len(prefix) + len(text)) % 64)
    with pytest.raises(ValueError, match="broken: an array holds bytes that are no"):
        load_bytes(tmp_path, prefix + text + padding + data + bytes(64 - len(data)))


@pytest.mark.parametrize("shape", [[0, 2**62, 2**62], [0, 2**70]])
def test_empty_arrays_of_hostile_shapes(shape: list[int], content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken: an array is described in a way"):
        load_bytes(tmp_path, with_header(content, change_array(shape=shape, checksum=0)))


@pytest.mark.parametrize("levels", [500, 100_000])
def test_endless_nesting(levels: int, tmp_path: Path) -> None:
    text = ('{"arrays": [], "tree": ' + '{"list": [' * levels + "null" + "]}" * levels + "}").encode()
    with pytest.raises(ValueError, match="broken: "):
        load_bytes(tmp_path, struct.pack("<8sIIQ", b"crowfly\n", 1, zlib.crc32(text), len(text)) + text)


def test_a_header_that_is_not_changed_is_read(content: bytes, tmp_path: Path) -> None:
    assert load_bytes(tmp_path, with_header(content, lambda _: None)).n_neighbors == 5


def test_other_files(content: bytes, tmp_path: Path) -> None:
    for other in (b"", b"x", b"PK\3\4" + bytes(100)):
        with pytest.raises(ValueError, match=r"a file of crowfly\.save expected"):
            load_bytes(tmp_path, other)
    newer = content[:8] + struct.pack("<I", 2) + content[12:]
    with pytest.raises(ValueError, match="version 1 of the format expected, the file has 2"):
        load_bytes(tmp_path, newer)
    (tmp_path / "broken").write_bytes(content)
    with pytest.raises(ValueError, match="a Ridge expected, the file holds a KNeighborsClassifier"):
        crowfly.load(tmp_path / "broken", crowfly.linear_model.Ridge)
    with pytest.raises(OSError, match="No such file"):
        crowfly.load(tmp_path / "missing")


def test_a_class_of_the_same_name_is_told_apart(tmp_path: Path) -> None:
    crowfly.save(crowfly.linear_model.Ridge(), tmp_path / "model")
    message = "a sklearn.linear_model.Ridge expected, the file holds a crowfly.linear_model.Ridge"
    with pytest.raises(ValueError, match=message):
        crowfly.load(tmp_path / "model", sklearn.linear_model.Ridge)
    with pytest.raises(TypeError, match=r"kind: a class expected, .* got 'Ridge'"):
        crowfly.load(tmp_path / "model", "Ridge")  # type: ignore[call-overload]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    place = tmp_path / "pipe"
    os.mkfifo(place)
    with pytest.raises(OSError, match="a regular file expected"):
        crowfly.save(fitted("Ridge")[0], place)
    assert place.is_fifo()


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_readers_stay_who_they_were(tmp_path: Path) -> None:
    place = tmp_path / ("a" * 240)
    crowfly.save(fitted("Ridge")[0], place)
    place.chmod(0o600)
    crowfly.save(fitted("Ridge")[0], place)
    assert place.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [place.name]


@pytest.mark.skipif(os.name != "posix", reason="links need no privileges there")
def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to(tmp_path / "y")
    (tmp_path / "y").symlink_to(tmp_path / "x")
    with pytest.raises(OSError, match="symbolic links"):
        crowfly.save(fitted("Ridge")[0], tmp_path / "x")


def test_what_was_read_doesn_t_need_the_file(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((20000, 8))
    crowfly.save(crowfly.Index(points), tmp_path / "i")
    index = crowfly.load(tmp_path / "i", crowfly.Index, mapped=False)
    os.truncate(tmp_path / "i", 100)
    assert index.query(points[:3])[1].ravel().tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="mapped"):
        crowfly.load(tmp_path / "i", mapped=1)  # type: ignore[call-overload]


def test_attributes_that_contain_themselves_are_refused(tmp_path: Path) -> None:
    model = fitted("Ridge")[0]
    model.extra = []
    model.extra.append(model.extra)
    with pytest.raises(TypeError, match="contains itself"):
        crowfly.save(model, tmp_path / "m")
    model.extra = np.ones(3, dtype=np.longdouble)
    if model.extra.dtype.itemsize > 8:
        with pytest.raises(TypeError, match="numbers, strings or booleans"):
            crowfly.save(model, tmp_path / "m")
