# SPDX-License-Identifier: BSD-3-Clause
"""What an index shows and what it says: attributes, names of metrics, hints of messages."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import crowfly


@pytest.mark.parametrize("name", ["n_points", "n_features", "metric", "p", "box", "algorithm"])
def test_attributes_cannot_be_assigned(name: str) -> None:
    index = crowfly.Index(np.zeros((3, 2)), box=2.0)
    with pytest.raises(AttributeError):
        setattr(index, name, getattr(index, name))


def test_box_cannot_be_written_to() -> None:
    lengths = np.array([2.0, 3.0])
    index = crowfly.Index(np.zeros((3, 2)), box=lengths)
    assert index.box is not None
    with pytest.raises(ValueError, match="read-only"):
        index.box[0] = 5.0
    lengths[0] = 9.0
    assert index.box.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("l2", "euclidean"),
        ("l1", "manhattan"),
        ("cityblock", "manhattan"),
        ("infinity", "chebyshev"),
        ("p", "minkowski"),
    ],
)
def test_other_names_of_metrics(alias: str, name: str) -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    p = 3.0 if name == "minkowski" else None
    index = crowfly.Index(points, alias, p=p)
    assert index.metric == name
    assert pickle.loads(pickle.dumps(index)).metric == name
    np.testing.assert_array_equal(
        index.query(points, 3)[0], crowfly.Index(points, name, p=p).query(points, 3)[0]
    )
    assert crowfly.pairwise_distances(points, metric=alias, p=p).shape == (20, 20)


def test_missing_values_are_given_a_hint() -> None:
    with pytest.raises(ValueError, match=r'points\[1, 0\] is nan; metric="nan_euclidean"'):
        crowfly.Index([[0.0], [np.nan]])
    with pytest.raises(ValueError, match=r"points\[1, 0\] is inf$"):
        crowfly.Index([[0.0], [np.inf]])


def test_errors_of_frames_name_the_column() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match=r"points\[0, 1\] is 'red' \(column 'colour'\)"):
        crowfly.Index(pandas.DataFrame({"size": [1.0, 2.0], "colour": ["red", "blue"]}))


def test_none_as_weights_is_given_a_hint() -> None:
    weights: Any = None
    with pytest.raises(TypeError, match="got None; equal weights are 'uniform', the default"):
        crowfly.Index([[0.0], [1.0]]).votes([[0.0]], 1, [0, 1], weights=weights)
