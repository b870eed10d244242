# SPDX-License-Identifier: BSD-3-Clause
"""Metrics that estimators have beyond the functional API's, and what scikit-learn's users may give as one."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.neighbors
from numpy.typing import NDArray
from scipy.sparse import csr_array, dok_array
from scipy.spatial.distance import cdist
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import DistanceMetric

import crowfly
from crowfly import _core
from crowfly.metrics import pairwise_distances_argmin_min
from crowfly.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    kneighbors_graph,
)
from crowfly.neighbors._pairs import PairSearch

Array = NDArray[Any]
RNG = np.random.default_rng(91)
N_FEATURES = 11
POINTS = RNG.standard_normal((150, N_FEATURES))
QUERIES = RNG.standard_normal((40, N_FEATURES))
VARIANCES = RNG.uniform(0.1, 4.0, N_FEATURES)
FORM = np.linalg.inv(np.cov(RNG.standard_normal((50, N_FEATURES)).T))
SETS = ("dice", "jaccard", "rogerstanimoto", "russellrao", "sokalsneath", "yule")


def set_distances(metric: str, X: Array, Y: Array) -> Array:
    """By the definitions, from counts."""
    x, y = X.astype(bool)[:, None].astype(int), Y.astype(bool)[None].astype(int)
    n = X.shape[1]
    both, neither = (x & y).sum(axis=2), ((1 - x) & (1 - y)).sum(axis=2)
    left, right = (x & (1 - y)).sum(axis=2), ((1 - x) & y).sum(axis=2)
    differ = left + right
    part, whole = {
        "dice": (differ, 2 * both + differ),
        "jaccard": (differ, both + differ),
        "rogerstanimoto": (2 * differ, both + neither + 2 * differ),
        "sokalmichener": (2 * differ, both + neither + 2 * differ),
        "russellrao": (n - both, n + 0 * both),
        "sokalsneath": (2 * differ, both + 2 * differ),
        "yule": (2 * left * right, both * neither + left * right),
    }[metric]
    return np.where(whole > 0, part / np.maximum(whole, 1), 0.0)


def braycurtis(X: Array, Y: Array) -> Array:
    x, y = X[:, None], Y[None]
    distances: Array = np.abs(x - y).sum(axis=2) / (np.abs(x) + np.abs(y)).sum(axis=2)
    return distances


METRICS: dict[str, tuple[dict[str, Any], Callable[[Array, Array], Array]]] = {
    "canberra": ({}, lambda X, Y: cdist(X, Y, "canberra")),
    "braycurtis": ({}, braycurtis),
    "correlation": ({}, lambda X, Y: cdist(X, Y, "correlation")),
    "hamming": ({}, lambda X, Y: cdist(X, Y, "hamming")),
    "seuclidean": ({"V": VARIANCES}, lambda X, Y: cdist(X, Y, "seuclidean", V=VARIANCES)),
    "mahalanobis": ({"VI": FORM}, lambda X, Y: cdist(X, Y, "mahalanobis", VI=FORM)),
    "minkowski": ({"p": 3.5, "w": VARIANCES}, lambda X, Y: cdist(X, Y, "minkowski", p=3.5, w=VARIANCES)),
}


def by_definition(distances: Array, k: int) -> tuple[Array, Array]:
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [1, 7, N_FEATURES])
def test_distances_are_those_of_the_definition(metric: str, dtype: Any, n_features: int) -> None:
    params, define = METRICS[metric]
    if n_features != N_FEATURES and params:
        pytest.skip("the numbers are those of all features")
    if n_features == 1 and metric == "correlation":
        pytest.skip("one number doesn't vary")
    points, queries = POINTS[:, :n_features].astype(dtype), QUERIES[:, :n_features].astype(dtype)
    if metric == "hamming":
        points, queries = points.round(), queries.round()
    model = NearestNeighbors(metric=metric, p=None, metric_params=params or None).fit(points)
    distances, indices = model.kneighbors(queries, 20)
    expected, order = by_definition(define(queries.astype(float), points.astype(float)), 20)
    # Sums of a dozen terms, each of a few roundings.
    np.testing.assert_allclose(distances, expected, rtol=1e-13, atol=1e-15)
    if metric != "hamming" and n_features > 1:
        np.testing.assert_array_equal(indices, order)
    radius = float(np.median(expected))
    runs = model.radius_neighbors(queries, radius)
    within = model.kneighbors(queries, len(points))
    for i in range(len(queries)):
        inside = np.sort(within[1][i][within[0][i] <= radius])
        np.testing.assert_array_equal(runs[1][i], inside)
    assert 0 < sum(map(len, runs[1])) < indices.size * 10


@pytest.mark.parametrize("metric", [*SETS, "sokalmichener"])
@pytest.mark.parametrize("dtype", [bool, float])
def test_metrics_of_sets(metric: str, dtype: Any) -> None:
    points, queries = (POINTS > 0.8).astype(dtype), (QUERIES > 0.8).astype(dtype)
    assert not queries.any(axis=1).all()
    model = NearestNeighbors(metric=metric)
    if dtype is bool:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(points)
    else:
        with pytest.warns(DataConversionWarning, match=f"converted to boolean for metric {metric}"):
            model.fit(points * 3.0)
    distances, indices = model.kneighbors(queries, 30)
    expected, order = by_definition(set_distances(metric, queries, points), 30)
    # The same quotients of integers: the same bits, and so the same ties.
    np.testing.assert_array_equal(distances, expected)
    np.testing.assert_array_equal(indices, order)


def test_haversine() -> None:
    places = np.radians(RNG.uniform([-90, -180], [90, 180], (300, 2)))
    model = NearestNeighbors(metric="haversine").fit(places)
    distances, indices = model.kneighbors(places[:50], 10)
    theirs = sklearn.neighbors.NearestNeighbors(metric="haversine").fit(places).kneighbors(places[:50], 10)
    np.testing.assert_allclose(distances, theirs[0], rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(indices, theirs[1])
    quarter = NearestNeighbors(n_neighbors=1, metric="haversine").fit([[0.0, 0.0]])
    assert quarter.kneighbors([[np.pi / 2, 0.3], [0.0, np.pi]])[0].ravel() == pytest.approx(
        [np.pi / 2, np.pi]
    )
    with pytest.raises(ValueError, match="Haversine distance only valid in 2 dimensions"):
        NearestNeighbors(metric="haversine").fit(POINTS).kneighbors(POINTS)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("weights", [None, VARIANCES])
def test_exponents_below_one(p: float, weights: Array | None) -> None:
    model = NearestNeighbors(p=p, metric_params=None if weights is None else {"w": weights})
    with pytest.warns(UserWarning, match="for 0 < p < 1, Minkowski metrics are not distance metrics"):
        model.fit(POINTS)
    distances, indices = model.kneighbors(QUERIES, 10)
    factors = 1.0 if weights is None else weights
    sums = (factors * np.abs(QUERIES[:, None] - POINTS[None]) ** p).sum(axis=2)
    expected, order = by_definition(sums, 10)
    np.testing.assert_allclose(distances, expected ** (1 / p), rtol=1e-12)
    np.testing.assert_array_equal(indices, order)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exponent", [-600, 600, 1000])
def test_magnitudes_that_overflow(metric: str, exponent: int) -> None:
    """Powers of two change the distances by a power of two, or not at all."""
    params, _ = METRICS[metric]
    model = NearestNeighbors(n_neighbors=8, metric=metric, p=None, metric_params=params or None)
    distances, indices = model.fit(POINTS).kneighbors(QUERIES)
    far, same = model.fit(np.ldexp(POINTS, exponent)).kneighbors(np.ldexp(QUERIES, exponent))
    np.testing.assert_array_equal(indices, same)
    scales = metric in ("seuclidean", "mahalanobis", "minkowski")
    np.testing.assert_allclose(far, np.ldexp(distances, exponent if scales else 0), rtol=1e-13)


@pytest.mark.parametrize("metric", ["canberra", "braycurtis"])
def test_sums_of_the_largest_numbers(metric: str) -> None:
    largest = np.finfo(np.float64).max
    model = NearestNeighbors(n_neighbors=3, metric=metric).fit(
        [[largest, 0.0], [-largest, 0.0], [largest, largest]]
    )
    distances, indices = model.kneighbors([[largest, 0.0]])
    assert indices.tolist() == [[0, 2, 1]] if metric == "braycurtis" else [[0, 1, 2]]
    assert distances.ravel() == pytest.approx([0, 1 / 3, 1] if metric == "braycurtis" else [0, 1, 1])


def test_rows_without_a_correlation_are_last() -> None:
    points = np.array([[1.0, 1.0, 1.0], [0.1, 0.1, 0.1], [3.0, 1.0, 2.0], [1.0, 2.0, 3.0]])
    distances, indices = (
        NearestNeighbors(n_neighbors=4, metric="correlation").fit(points).kneighbors([[2.0, 4.0, 6.0]])
    )
    assert indices.tolist() == [[3, 2, 0, 1]]
    assert distances[0, :2] == pytest.approx([0.0, 1.5])
    assert np.isnan(distances[0, 2:]).all()


def test_forms_that_are_not_positive() -> None:
    form = np.diag([1.0, -1.0])
    model = NearestNeighbors(n_neighbors=3, metric="mahalanobis", metric_params={"VI": form})
    distances, indices = model.fit([[0.0, 2.0], [1.0, 1.0], [3.0, 0.0]]).kneighbors([[0.0, 0.0]])
    assert indices.tolist() == [[1, 2, 0]]
    assert distances[0, :2].tolist() == [0.0, 3.0]
    assert np.isnan(distances[0, 2])
    # The form of a vector that a singular matrix takes to zero: in float64 it is a little below.
    singular = np.outer([0.5, 0.5, 0.7], [0.5, 0.5, 0.7])
    model = NearestNeighbors(n_neighbors=1, metric="mahalanobis", metric_params={"VI": singular})
    assert model.fit(np.zeros((1, 3))).kneighbors([[0.9, 0.1, -0.5 / 0.7]])[0] == 0


@pytest.mark.parametrize(
    ("metric", "params", "match"),
    [
        ("seuclidean", {}, "V': the variance of each feature"),
        ("seuclidean", {"V": [1.0, 0.0]}, "numbers from 1e-100 to 1e\\+100 expected as V"),
        ("seuclidean", {"V": [1.0]}, r"size of V must match the number of features \(2\)"),
        ("seuclidean", {"V": [[1.0, 2.0]]}, "one number per feature expected as V"),
        ("seuclidean", {"V": ["a", "b"]}, "numbers expected as V"),
        ("seuclidean", {"V": [1.0, np.nan]}, "finite numbers expected as V"),
        ("mahalanobis", {}, "Must provide either V or VI"),
        ("mahalanobis", {"VI": [[1.0, 2.0], [0.0, 1.0]]}, "symmetric matrix VI"),
        ("mahalanobis", {"V": [[1.0, 1.0], [1.0, 1.0]]}, "invertible matrix V"),
        ("mahalanobis", {"VI": np.eye(3)}, "size of V or VI must match"),
        ("mahalanobis", {"VI": np.ones((2, 3))}, "a square matrix expected as VI"),
        ("canberra", {"w": [1.0, 1.0]}, "which the metric 'canberra' does not take"),
        ("pyfunc", {}, "'func'"),
    ],
)
def test_numbers_of_metrics_are_checked(metric: str, params: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        NearestNeighbors(metric=metric, metric_params=params).fit([[0.0, 1.0], [1.0, 1.0]])


def test_covariances_are_inverted() -> None:
    one = NearestNeighbors(metric="mahalanobis", metric_params={"V": np.linalg.inv(FORM)}).fit(POINTS)
    other = NearestNeighbors(metric="mahalanobis", metric_params={"VI": FORM}).fit(POINTS)
    np.testing.assert_allclose(one.kneighbors(QUERIES)[0], other.kneighbors(QUERIES)[0], rtol=1e-10)


def test_sparse_points_and_queries_are_refused() -> None:
    for metric in ("canberra", "jaccard", "haversine"):
        with pytest.raises(ValueError, match=f"Metric '{metric}' not valid for sparse input"):
            NearestNeighbors(metric=metric).fit(csr_array(POINTS))
        model = NearestNeighbors(metric=metric).fit(POINTS > 0)
        with pytest.raises(ValueError, match="not valid for sparse input"):
            model.kneighbors(csr_array(QUERIES))


OBJECTS: dict[str, dict[str, Any]] = {
    "euclidean": {},
    "manhattan": {},
    "chebyshev": {},
    "minkowski": {"p": 3},
    "canberra": {},
    "braycurtis": {},
    "hamming": {},
    "seuclidean": {"V": VARIANCES},
    "mahalanobis": {"VI": FORM},
}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_objects_of_scikit_learn(name: str, dtype: Any) -> None:
    metric = DistanceMetric.get_metric(name, dtype, **OBJECTS[name])
    model = NearestNeighbors(metric=metric).fit(POINTS)
    p = OBJECTS[name].get("p", 2)
    params = {key: value for key, value in OBJECTS[name].items() if key != "p"}
    named = NearestNeighbors(metric=name, p=p, metric_params=params).fit(POINTS)
    for ours, expected in zip(model.kneighbors(QUERIES), named.kneighbors(QUERIES), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert model.effective_metric_ is metric
    assert (
        pickle.loads(pickle.dumps(model)).kneighbors(QUERIES)[1].tolist()
        == named.kneighbors(QUERIES)[1].tolist()
    )


def test_functions_by_name() -> None:
    def largest(x: Array, y: Array, scale: float = 1.0) -> float:
        return scale * float(np.abs(x - y).max())

    expected = NearestNeighbors(metric="chebyshev").fit(POINTS).kneighbors(QUERIES[:3])
    by_name = NearestNeighbors(metric="pyfunc", metric_params={"func": largest, "scale": 2.0}).fit(POINTS)
    by_object = NearestNeighbors(metric=DistanceMetric.get_metric("pyfunc", func=largest)).fit(POINTS)
    np.testing.assert_array_equal(by_name.kneighbors(QUERIES[:3])[0], 2 * expected[0])
    np.testing.assert_array_equal(by_object.kneighbors(QUERIES[:3])[1], expected[1])


@pytest.mark.parametrize("tree", [sklearn.neighbors.KDTree, sklearn.neighbors.BallTree])
def test_trees_are_points(tree: Any) -> None:
    expected = NearestNeighbors().fit(POINTS).kneighbors(QUERIES)[1]
    np.testing.assert_array_equal(NearestNeighbors().fit(tree(POINTS)).kneighbors(QUERIES)[1], expected)
    y = np.arange(len(POINTS)) % 3
    for model in (KNeighborsClassifier(), KNeighborsRegressor()):
        np.testing.assert_array_equal(model.fit(tree(POINTS), y).kneighbors(QUERIES)[1], expected)
    with pytest.raises(ValueError, match="a tree of the estimator's metric, 'minkowski', expected"):
        NearestNeighbors().fit(tree(POINTS, metric="manhattan"))
    taken = NearestNeighbors(metric="manhattan").fit(tree(POINTS, metric="manhattan"))
    assert taken.n_samples_fit_ == len(POINTS)


def test_models_by_these_metrics() -> None:
    y = (POINTS[:, 0] > 0).astype(int)
    for metric, (params, define) in METRICS.items():
        settings: dict[str, Any] = {"metric": metric, "p": None, "metric_params": params or None}
        nearest = by_definition(define(QUERIES, POINTS), 5)[1]
        classifier = KNeighborsClassifier(**settings).fit(POINTS, y)
        np.testing.assert_array_equal(classifier.predict(QUERIES), (y[nearest].sum(axis=1) > 2).astype(int))
        regressor = KNeighborsRegressor(weights="distance", **settings).fit(POINTS, y)
        assert regressor.predict(POINTS) == pytest.approx(y)
        assert LocalOutlierFactor(**settings).fit_predict(POINTS).shape == y.shape


def test_pickles_and_files_keep_the_metric(tmp_path: Path) -> None:
    for metric, (params, _) in METRICS.items():
        model = NearestNeighbors(metric=metric, p=None, metric_params=params or None).fit(POINTS)
        crowfly.save(model, tmp_path / "model")
        for copy in (pickle.loads(pickle.dumps(model)), crowfly.load(tmp_path / "model")):
            np.testing.assert_array_equal(copy.kneighbors(QUERIES)[0], model.kneighbors(QUERIES)[0])


# Rows of zeros, by the cosine.

ZEROS = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [-1.0, 0.0], [2.0, 0.0], [0.0, 0.0]])


def cosine_by_hand(X: Array, Y: Array) -> Array:
    """One from rows of zeros; one minus the cosine otherwise."""
    lengths = np.outer(np.linalg.norm(X, axis=1), np.linalg.norm(Y, axis=1))
    return np.where(lengths > 0, 1 - X @ Y.T / np.where(lengths > 0, lengths, 1), 1.0)


@pytest.mark.parametrize("sparse_points", [False, True])
@pytest.mark.parametrize("sparse_queries", [False, True])
@pytest.mark.parametrize("k", [1, 3, 6])
def test_rows_of_zeros_are_at_cosine_distance_one(sparse_points: bool, sparse_queries: bool, k: int) -> None:
    queries = np.array([[0.0, 0.0], [3.0, 3.0], [-2.0, -1.0], [0.0, 0.0], [1.0, 0.0]])
    asked = csr_array(queries) if sparse_queries else queries
    for points in (ZEROS, ZEROS[[0, 2]], ZEROS[[1, 3, 4, 1, 3, 4]]):
        count = min(k, len(points))
        model = NearestNeighbors(n_neighbors=count, metric="cosine")
        model.fit(csr_array(points) if sparse_points else points)
        distances, indices = model.kneighbors(asked)
        expected, order = by_definition(cosine_by_hand(queries, points).round(12), count)
        np.testing.assert_allclose(distances, expected, atol=1e-12)
        np.testing.assert_array_equal(indices, order)
        runs = model.radius_neighbors(asked, 1.0, sort_results=True)
        for run, row in zip(runs[1], cosine_by_hand(queries, points).round(12), strict=True):
            assert sorted(run.tolist()) == np.flatnonzero(row <= 1.0).tolist()
        assert not np.concatenate(model.radius_neighbors([[0.0, 0.0]], 0.999)[1]).size


def test_rows_of_zeros_without_themselves() -> None:
    model = NearestNeighbors(n_neighbors=3, metric="cosine").fit(ZEROS)
    distances, indices = model.kneighbors()
    every = cosine_by_hand(ZEROS, ZEROS).round(12)
    np.fill_diagonal(every, np.inf)
    expected, order = by_definition(every, 3)
    np.testing.assert_allclose(distances, expected, atol=1e-12)
    np.testing.assert_array_equal(indices, order)
    assert kneighbors_graph(ZEROS, 2, metric="cosine").nnz == 12


def test_predictions_with_rows_of_zeros() -> None:
    """The answers of scikit-learn, whose ties go to the lower index here."""
    y = [0, 1, 0, 1, 1, 0]
    for queries in (ZEROS, np.zeros((2, 2)), [[1.0, 0.5]]):
        ours = KNeighborsClassifier(1, metric="cosine").fit(ZEROS[[1, 3, 4]], [0, 1, 2])
        theirs = sklearn.neighbors.KNeighborsClassifier(1, metric="cosine").fit(ZEROS[[1, 3, 4]], [0, 1, 2])
        np.testing.assert_array_equal(ours.predict(queries), theirs.predict(queries))
    radius = RadiusNeighborsClassifier(1.0, metric="cosine").fit(ZEROS, y)
    other = sklearn.neighbors.RadiusNeighborsClassifier(1.0, metric="cosine").fit(ZEROS, y)
    np.testing.assert_allclose(radius.predict_proba(ZEROS), other.predict_proba(ZEROS))
    argmin, distances = pairwise_distances_argmin_min([[0.0, 0.0], [1.0, 1.0]], ZEROS, metric="cosine")
    assert argmin.tolist() == [0, 1]
    np.testing.assert_allclose(distances, [1.0, 0.0], atol=1e-15)


# Radii and their order.


def test_neighbours_within_a_radius_come_by_index_unless_sorted() -> None:
    model = NearestNeighbors(radius=1.6).fit([[0.0], [0.5], [1.0], [3.0]])
    distances, indices = model.radius_neighbors([[1.0]])
    assert (indices[0].tolist(), distances[0].tolist()) == ([0, 1, 2], [1.0, 0.5, 0.0])
    distances, indices = model.radius_neighbors([[1.0]], sort_results=True)
    assert (indices[0].tolist(), distances[0].tolist()) == ([2, 1, 0], [0.0, 0.5, 1.0])
    graph = model.radius_neighbors_graph([[1.0]], mode="distance")
    assert (graph.indices.tolist(), graph.data.tolist()) == ([0, 1, 2], [1.0, 0.5, 0.0])
    graph = model.radius_neighbors_graph([[1.0]], mode="distance", sort_results=True)
    assert (graph.indices.tolist(), graph.data.tolist()) == ([2, 1, 0], [0.0, 0.5, 1.0])


def test_a_radius_for_each_query() -> None:
    model = NearestNeighbors().fit(POINTS)
    radii = RNG.uniform(2.0, 4.0, len(QUERIES))
    distances, indices = model.radius_neighbors(QUERIES, radii)
    for i, radius in enumerate(radii):
        one = model.radius_neighbors(QUERIES[i : i + 1], radius)
        np.testing.assert_array_equal(indices[i], one[1][0])
        np.testing.assert_array_equal(distances[i], one[0][0])
    for wrong, match in (
        (radii[:5], "one for each of 40 queries"),
        (-radii, "numbers >= 0"),
        (radii * np.nan, ">= 0"),
    ):
        with pytest.raises(ValueError, match=f"radius: {match}" if "one" in match else match):
            model.radius_neighbors(QUERIES, wrong)


def test_formats_that_lose_stored_zeros_are_no_graphs() -> None:
    graph = np.array([[0.0, 1.0], [1.0, 0.0]])
    model = NearestNeighbors(n_neighbors=1, metric="precomputed").fit(graph)
    with pytest.raises(
        TypeError, match="'dok' format is not supported due to its handling of explicit zeros"
    ):
        model.kneighbors(dok_array(graph))


def test_scikit_learns_functions_take_fitted_estimators() -> None:
    ours = NearestNeighbors(n_neighbors=3, radius=3.0).fit(POINTS)
    theirs = sklearn.neighbors.NearestNeighbors(n_neighbors=3, radius=3.0).fit(POINTS)
    for function, argument in (
        (sklearn.neighbors.kneighbors_graph, 3),
        (sklearn.neighbors.radius_neighbors_graph, 3.0),
    ):
        expected = function(theirs, argument, mode="distance")
        np.testing.assert_allclose(function(ours, argument, mode="distance").toarray(), expected.toarray())


# Candidates for the haversine distance.


def direct_haversine(points: Array, queries: Array | None, k: int) -> tuple[Array, Array]:
    """By the core's search of all pairs."""
    search = PairSearch(points, "haversine")
    asked = points if queries is None else queries
    return search.query(asked, k, exclude_self=queries is None)


def places(kind: str, n: int) -> Array:
    rng = np.random.default_rng(5)
    latitude, longitude = rng.uniform(-90, 90, n), rng.uniform(-180, 180, n)
    if kind == "a town":
        latitude, longitude = 52 + rng.uniform(0, 1e-5, n), 13 + rng.uniform(0, 1e-5, n)
    elif kind == "a grain of sand":
        # Angles of 1e-14: unit vectors tell them apart hardly or not at all.
        latitude, longitude = 52 + rng.uniform(0, 1e-12, n), 13 + rng.uniform(0, 1e-12, n)
    elif kind == "repeated":
        latitude, longitude = latitude.round(-1), longitude.round(-1)
    elif kind == "the date line":
        longitude = rng.choice([-180.0, 180.0, 179.9999999], n)
        latitude = latitude.round(1)
    elif kind == "the poles":
        latitude = rng.choice([-90.0, 90.0, 89.9999999], n)
    elif kind == "beyond the poles":
        latitude = latitude * 2
    elif kind == "antipodes":
        latitude[n // 2 :], longitude[n // 2 :] = -latitude[: n - n // 2], longitude[: n - n // 2] - 180
    elif kind == "far round":
        longitude = longitude + 360 * rng.integers(-5, 5, n)
    return np.radians(np.stack([latitude, longitude], axis=1))


@pytest.mark.parametrize(
    "kind",
    [
        "anywhere",
        "a town",
        "a grain of sand",
        "repeated",
        "the date line",
        "the poles",
        "beyond the poles",
        "antipodes",
        "far round",
    ],
)
@pytest.mark.parametrize("k", [1, 7, 300])
def test_candidates_give_the_bits_of_the_direct_search(kind: str, k: int) -> None:
    points = places(kind, 1200)
    queries = places(kind, 1400)[1200:]
    model = NearestNeighbors(n_neighbors=k, metric="haversine").fit(points)
    for asked in (queries, None):
        for found, expected in zip(model.kneighbors(asked), direct_haversine(points, asked, k), strict=True):
            np.testing.assert_array_equal(found, expected)
    radius = float(model.kneighbors(queries)[0][:, -1].mean())
    for asked in (queries, None):
        runs = model.radius_neighbors(asked, radius, sort_results=True)
        search = PairSearch(points, "haversine")
        distances, indices, offsets = search.query_radius(
            points if asked is None else asked, radius, exclude_self=asked is None
        )
        np.testing.assert_array_equal(np.concatenate(runs[0]), distances)
        np.testing.assert_array_equal(np.concatenate(runs[1]), indices)
        assert [len(run) for run in runs[0]] == np.diff(offsets).tolist()


def test_most_haversine_distances_are_never_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    direct = PairSearch.query

    def counted(self: PairSearch, queries: Any, *rest: Any, **more: Any) -> Any:
        asked.append(len(queries))
        return direct(self, queries, *rest, **more)

    monkeypatch.setattr(PairSearch, "query", counted)
    NearestNeighbors(n_neighbors=5, metric="haversine").fit(places("anywhere", 2000)).kneighbors()
    assert sum(asked) == 0


@pytest.mark.parametrize(
    ("points", "offsets", "match"),
    [
        ([0, 5], [0, 2], "numbers of points"),
        ([0, -1], [0, 2], "numbers of points"),
        ([0, 1], [0, 3], "rising numbers"),
        ([0, 1], [1, 2], "rising numbers"),
        ([0, 1], [0, 1, 2], "one more than queries"),
    ],
)
def test_candidates_are_checked(points: list[int], offsets: list[int], match: str) -> None:
    index = _core.Index(np.zeros((3, 2)), "haversine", 2.0, None)
    with pytest.raises(ValueError, match=match):
        index.candidate_distances(np.zeros((1, 2)), np.array(points), np.array(offsets), 1)
