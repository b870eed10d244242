# SPDX-License-Identifier: BSD-3-Clause
"""Centroids, local outlier factors and the nearest of two matrices: as scikit-learn's."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
import sklearn.neighbors
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from crowfly.metrics import pairwise_distances_argmin, pairwise_distances_argmin_min
from crowfly.neighbors import LocalOutlierFactor, NearestCentroid

RTOL = 1e-9


@pytest.mark.parametrize("priors", ["uniform", "empirical", "given"])
@pytest.mark.parametrize("shrink_threshold", [None, 0.3, 2.0])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_centroids_equal_scikit_learn(load: Any, metric: str, shrink_threshold: Any, priors: Any) -> None:
    X, y = load(return_X_y=True)
    if priors == "given":
        priors = (np.arange(1, y.max() + 2) / np.arange(1, y.max() + 2).sum()).tolist()
    params = {"metric": metric, "shrink_threshold": shrink_threshold, "priors": priors}
    ours = NearestCentroid(**params).fit(X, y)
    theirs = sklearn.neighbors.NearestCentroid(**params).fit(X, y)
    for name in ("centroids_", "class_prior_", "within_class_std_dev_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=RTOL, err_msg=name)
    # Differences of centroids that cancel.
    np.testing.assert_allclose(ours.deviations_, theirs.deviations_, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        assert hasattr(ours, method) == hasattr(theirs, method)
        if hasattr(ours, method):
            np.testing.assert_allclose(
                getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-7, atol=1e-9, err_msg=method
            )


def test_centroids_of_shifted_data_keep_their_digits() -> None:
    # Of several columns NumPy adds row by row, so that errors of rounding pile up.
    X = np.random.default_rng(0).normal(size=(20000, 3)) + 1e9
    y = np.arange(20000) % 2
    centroids = NearestCentroid().fit(X, y).centroids_
    for number in (0, 1):
        exact = sum(map(Fraction, X[y == number, 0].tolist()), Fraction(0)) / int((y == number).sum())
        assert abs(Fraction(centroids[number, 0]) - exact) <= Fraction(float(np.spacing(1e9)))


def test_centroids_that_cannot_be() -> None:
    X, y = [[0.0], [1.0], [5.0]], [0, 0, 1]
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        NearestCentroid().fit(X, [0, 0, 0])
    with pytest.raises(ValueError, match="zero variance"):
        NearestCentroid().fit(np.ones((3, 2)), y)
    with pytest.raises(ValueError, match="priors must be non-negative"):
        NearestCentroid(priors=[-2, 3]).fit(X, y)
    with pytest.raises(ValueError, match=r"priors: one number per class, shape \(2,\)"):
        NearestCentroid(priors=[0.2, 0.3, 0.5]).fit(X, y)
    with pytest.warns(UserWarning, match="do not sum to 1"):
        assert NearestCentroid(priors=[2, 2]).fit(X, y).class_prior_.tolist() == [0.5, 0.5]
    with pytest.warns(UserWarning, match="zero standard deviation"):
        NearestCentroid().fit([[0.0, 1.0], [1.0, 1.0], [5.0, 2.0]], y)


@pytest.mark.parametrize("contamination", ["auto", 0.1])
@pytest.mark.parametrize("metric", [{}, {"metric": "manhattan"}, {"metric": "cosine"}, {"p": 3}], ids=str)
def test_factors_equal_scikit_learn(metric: dict[str, Any], contamination: Any) -> None:
    X = np.random.default_rng(2).normal(size=(200, 4))
    X[:5] *= 6
    queries = np.random.default_rng(3).normal(size=(50, 4)) * 2
    for novelty in (True, False):
        params = {"n_neighbors": 12, "novelty": novelty, "contamination": contamination, **metric}
        ours = LocalOutlierFactor(**params).fit(X)
        theirs = sklearn.neighbors.LocalOutlierFactor(**params).fit(X)
        np.testing.assert_allclose(ours.negative_outlier_factor_, theirs.negative_outlier_factor_, rtol=RTOL)
        assert ours.offset_ == pytest.approx(theirs.offset_, rel=RTOL)
        if novelty:
            for method in ("score_samples", "decision_function", "predict"):
                np.testing.assert_allclose(
                    getattr(ours, method)(queries), getattr(theirs, method)(queries), rtol=1e-7, atol=1e-9
                )
        else:
            np.testing.assert_array_equal(ours.fit_predict(X), theirs.fit_predict(X))


def test_factors_of_given_distances_and_copies() -> None:
    X = np.random.default_rng(4).normal(size=(60, 3))
    expected = LocalOutlierFactor(5, metric="l1").fit(X).negative_outlier_factor_
    matrix = sklearn.metrics.pairwise_distances(X, metric="l1")
    given = LocalOutlierFactor(5, metric="precomputed", novelty=True).fit(matrix)
    np.testing.assert_allclose(given.negative_outlier_factor_, expected, rtol=RTOL)
    again = pickle.loads(pickle.dumps(given))
    np.testing.assert_array_equal(again.predict(matrix), given.predict(matrix))


def test_novelty_decides_which_methods_there_are() -> None:
    for method in ("predict", "decision_function", "score_samples"):
        assert not hasattr(LocalOutlierFactor(), method)
        assert hasattr(LocalOutlierFactor(novelty=True), method)
    assert hasattr(LocalOutlierFactor(), "fit_predict")
    with pytest.raises(AttributeError) as caught:
        LocalOutlierFactor(novelty=True).fit_predict([[0.0]])
    assert "fit_predict is not available when novelty=True" in str(caught.value.__cause__)


def test_few_and_repeated_points_warn() -> None:
    with pytest.warns(UserWarning, match="greater than the total number of samples"):
        assert LocalOutlierFactor().fit([[0.0], [1.0], [2.0]]).n_neighbors_ == 2
    X = [[0.1]] * 6 + [[0.1 + 1e-9], [20.0]]
    with pytest.warns(UserWarning, match="Duplicate values"):
        LocalOutlierFactor(n_neighbors=5).fit_predict(X)
    with pytest.raises(ValueError, match="n_neighbors < n_samples_fit"):
        LocalOutlierFactor(n_neighbors=1).fit([[0.0]])


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("metric", "keywords"),
    [
        ("euclidean", None),
        ("euclidean", {"squared": True}),
        ("l2", None),
        ("sqeuclidean", None),
        ("cityblock", None),
        ("cosine", None),
        ("nan_euclidean", None),
        ("minkowski", {"p": 3}),
    ],
)
def test_argmin_equals_scikit_learn(metric: Any, keywords: Any, axis: int) -> None:
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(20, 4))
    arguments = {"axis": axis, "metric": metric, "metric_kwargs": keywords}
    if metric != "l2":
        theirs = sklearn.metrics.pairwise_distances_argmin_min(X, Y, **arguments)
    else:
        theirs = sklearn.metrics.pairwise_distances_argmin_min(X, Y, axis=axis)
    indices, distances = pairwise_distances_argmin_min(X, Y, **arguments)
    np.testing.assert_array_equal(indices, theirs[0])
    np.testing.assert_allclose(distances, theirs[1], rtol=RTOL)
    np.testing.assert_array_equal(pairwise_distances_argmin(X, Y, **arguments), theirs[0])


def test_argmin_by_a_function_takes_the_first_of_equals() -> None:
    def steps(x: Any, y: Any) -> float:
        return float(np.abs(x - y).sum())

    assert pairwise_distances_argmin([[0.0]], [[1.0], [-1.0], [1.0]], metric=steps).tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"Y": [[0.0]]}, ValueError, "[Ii]ncompatible dimension"),
        ({"axis": 2}, ValueError, "'axis' parameter"),
        ({"metric": "precomputed"}, ValueError, "'metric' parameter"),
        ({"metric": "canberra", "X": csr_array([[0.0, 1.0]])}, ValueError, "not valid for sparse input"),
        ({"metric": "wminkowski"}, ValueError, "'metric' parameter"),
        ({"X": csr_array([[0.0, 1.0]]), "metric": "nan_euclidean"}, TypeError, "[Ss]parse"),
    ],
)
def test_argmin_that_cannot_be(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        pairwise_distances_argmin(**{"X": [[0.0, 1.0]], "Y": [[1.0, 1.0]], **arguments})
