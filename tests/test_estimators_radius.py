# SPDX-License-Identifier: BSD-3-Clause
"""Prediction by radius, distances of the user's own, graphs and transformers: as scikit-learn's."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sklearn
import sklearn.neighbors
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, load_linnerud, load_wine
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import StandardScaler

import crowfly
from crowfly import Index, neighbors

Array = npt.NDArray[Any]

RTOL = 1e-9  # as in test_estimators_neighbors
METRICS: list[dict[str, Any]] = [
    {},
    {"metric": "sqeuclidean"},
    {"metric": "l1"},
    {"metric": "chebyshev"},
    {"metric": "cosine"},
    {"p": 3},
]
BOTH = [
    (neighbors.RadiusNeighborsClassifier, sklearn.neighbors.RadiusNeighborsClassifier),
    (neighbors.RadiusNeighborsRegressor, sklearn.neighbors.RadiusNeighborsRegressor),
]


def squared(distances: Array) -> Any:
    """Weights of a kind that works on an array of arrays, as scikit-learn calls it."""
    return distances**2 + 1.0


def problem(load: Any, metric: dict[str, Any]) -> tuple[Array, Array, Array, float]:
    """Training points, queries, targets, and a radius that no distance is near."""
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    train, query = X[::2], X[1::2]
    kind = metric.get("metric", "minkowski")
    extra = {"p": metric.get("p", 2)} if kind == "minkowski" else {}
    ordered = np.sort(pairwise_distances(query, train, metric=kind, **extra), axis=None)
    middle = slice(len(ordered) // 50, len(ordered) // 10)
    widest = int(np.argmax(np.diff(ordered[middle]))) + middle.start
    return train, query, y[::2], float((ordered[widest] + ordered[widest + 1]) / 2)


@pytest.mark.parametrize("weights", ["uniform", "distance", squared, None])
@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_classifier_equals_scikit_learn(load: Any, metric: dict[str, Any], weights: Any) -> None:
    points, queries, y, radius = problem(load, metric)
    params: dict[str, Any] = {
        "radius": radius,
        "weights": weights,
        "outlier_label": "most_frequent",
        **metric,
    }
    ours = neighbors.RadiusNeighborsClassifier(**params).fit(points, y)
    theirs = sklearn.neighbors.RadiusNeighborsClassifier(**params).fit(points, y)
    assert ours.outlier_label_ == theirs.outlier_label_
    shares: Any = ours.predict_proba(queries)
    np.testing.assert_allclose(shares, theirs.predict_proba(queries), rtol=RTOL, atol=RTOL)
    top = np.sort(shares, axis=1)
    clear = top[:, -1] - top[:, -2] > RTOL
    np.testing.assert_array_equal(ours.predict(queries)[clear], theirs.predict(queries)[clear])
    np.testing.assert_allclose(
        np.asarray(ours.predict_proba(None)), theirs.predict_proba(None), rtol=RTOL, atol=RTOL
    )


@pytest.mark.filterwarnings("ignore:One or more samples have no neighbors")
@pytest.mark.parametrize("weights", ["uniform", "distance", squared, None])
@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("load", [load_diabetes, load_linnerud])
def test_regressor_equals_scikit_learn(load: Any, metric: dict[str, Any], weights: Any) -> None:
    points, queries, y, radius = problem(load, metric)
    params: dict[str, Any] = {"radius": radius, "weights": weights, **metric}
    ours = neighbors.RadiusNeighborsRegressor(**params).fit(points, y)
    theirs = sklearn.neighbors.RadiusNeighborsRegressor(**params).fit(points, y)
    for X in (queries, None):
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=RTOL)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_core_and_runs_give_the_same_bits(weights: str) -> None:
    """What the core adds up equals what is added up from the lists of a matrix of the same distances."""
    points, queries, y, radius = problem(load_wine, {})
    exact = crowfly.pairwise_distances
    params: dict[str, Any] = {"radius": radius, "weights": weights}
    fused = neighbors.RadiusNeighborsRegressor(**params).fit(points, y.astype(float) / 7)
    listed = neighbors.RadiusNeighborsRegressor(metric="precomputed", **params).fit(exact(points), y / 7)
    inside = Index(points).count_radius(queries, radius) > 0
    np.testing.assert_array_equal(
        fused.predict(queries[inside]), listed.predict(exact(queries[inside], points))
    )


def test_votes_by_radius_are_those_of_the_neighbors() -> None:
    rng = np.random.default_rng(3)
    points, queries = rng.normal(size=(300, 3)), rng.normal(size=(41, 3))
    labels, targets = rng.integers(0, 4, 300), rng.normal(size=(300, 2))
    heavy = rng.random(300) * (rng.random(300) > 0.3)
    index = Index(points)
    distances, indices, offsets = index.query_radius(queries, 0.9, mask=heavy > 0)
    classes, votes = index.votes_radius(queries, 0.9, labels, weights="distance", sample_weight=heavy)
    means = index.means_radius(queries, 0.9, targets, weights="distance", sample_weight=heavy)
    assert np.diff(offsets).min() == 0
    for i, (begin, end) in enumerate(pairwise(offsets)):
        expected, total, mean = np.zeros(4), 0.0, np.zeros(2)
        for point, distance in zip(indices[begin:end], distances[begin:end], strict=True):
            weight = 1 / distance * heavy[point]
            expected[labels[point]] += weight
            total += weight
            mean += weight * targets[point]
        np.testing.assert_array_equal(votes[i], expected)
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(means[i], mean / total)
    assert classes.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("radius", "match"), [(-1.0, "radius: a number >= 0"), (np.nan, "radius: "), ("1", "radius")]
)
def test_radii_that_cannot_be(radius: Any, match: str) -> None:
    index = Index(np.zeros((3, 1)))
    for call in (index.votes_radius, index.means_radius):
        with pytest.raises((TypeError, ValueError), match=match):
            call([[0.0]], radius, [0, 1, 1])


def test_outliers_without_a_label_are_refused() -> None:
    classifier = neighbors.RadiusNeighborsClassifier(radius=0.5).fit([[0.0], [1.0]], [3, 4])
    assert classifier.predict([[0.2]]).tolist() == [3]
    with pytest.raises(ValueError, match=r"No neighbors found for test samples array\(\[1\]\)"):
        classifier.predict([[0.2], [9.0]])


def test_outlier_labels() -> None:
    X, y = [[0.0], [1.0], [1.1]], np.array([[3, 1], [4, 2], [4, 2]])
    single = neighbors.RadiusNeighborsClassifier(radius=0.5, outlier_label=3).fit(X, y[:, 0])
    assert single.predict([[9.0]]).tolist() == [3]
    assert single.predict_proba([[9.0]]).tolist() == [[1.0, 0.0]]  # type: ignore[union-attr]
    unknown = neighbors.RadiusNeighborsClassifier(radius=0.5, outlier_label=7).fit(X, y[:, 0])
    with pytest.warns(UserWarning, match="Outlier label 7 is not in training classes"):
        assert unknown.predict([[9.0], [1.0]]).tolist() == [7, 4]
    with pytest.warns(UserWarning, match="Outlier label 7"):
        assert unknown.predict_proba([[9.0]]).tolist() == [[0.0, 0.0]]  # type: ignore[union-attr]
    several = neighbors.RadiusNeighborsClassifier(radius=0.5, outlier_label=[3, 2]).fit(X, y)
    assert several.predict([[9.0], [0.0]]).tolist() == [[3, 2], [3, 1]]
    frequent = neighbors.RadiusNeighborsClassifier(radius=0.5, outlier_label="most_frequent").fit(X, y)
    assert frequent.predict([[9.0]]).tolist() == [[4, 2]]


@pytest.mark.parametrize(
    ("label", "error", "match"),
    [
        ("a", TypeError, "dtype of outlier_label a is inconsistent"),
        ([1, 2], ValueError, "length of outlier_label"),
        ([[1, 2]], TypeError, "supposed to be a scalar"),
        (0.5, ValueError, "'outlier_label' parameter"),
    ],
)
def test_outlier_labels_that_cannot_be(label: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        neighbors.RadiusNeighborsClassifier(outlier_label=label).fit([[0.0], [1.0]], [0, 1])


def test_regressor_without_neighbors_warns() -> None:
    regressor = neighbors.RadiusNeighborsRegressor(radius=0.5).fit([[0.0], [1.0]], [[3, 1], [4, 2]])
    with pytest.warns(UserWarning, match="predicting NaN"):
        predicted = regressor.predict([[9.0], [1.0]])
    np.testing.assert_array_equal(predicted, [[np.nan, np.nan], [4.0, 2.0]])


def test_weight_functions_by_radius_are_checked() -> None:
    for estimator in (neighbors.RadiusNeighborsClassifier, neighbors.RadiusNeighborsRegressor):
        fitted = estimator(weights=lambda distances: distances * 0).fit([[0.0], [1.0]], [0, 1])
        with pytest.raises(ValueError, match="only zeros for query 0"):
            fitted.predict([[0.0]])
        fitted.weights = lambda distances: [np.ones(1) for _ in distances]
        with pytest.raises(ValueError, match=r"query 0's of shape \(1,\)"):
            fitted.predict([[0.5]])


def test_means_of_huge_targets_do_not_overflow() -> None:
    regressor = neighbors.RadiusNeighborsRegressor(weights=squared)
    assert regressor.fit([[0.0], [0.0]], [1.7e308, 1.7e308]).predict([[0.0]])[0] == pytest.approx(1.7e308)


# Distances of the user's own.

PRECOMPUTED = [
    neighbors.KNeighborsClassifier(n_neighbors=3),
    neighbors.KNeighborsClassifier(n_neighbors=3, weights="distance"),
    neighbors.KNeighborsRegressor(n_neighbors=3, weights="distance"),
    neighbors.RadiusNeighborsClassifier(radius=2.5, outlier_label="most_frequent"),
    neighbors.RadiusNeighborsRegressor(radius=2.5, weights="distance"),
]


def on_a_grid() -> tuple[Array, Array, Array]:
    """Points with many equal distances and repeated rows."""
    rng = np.random.default_rng(5)
    return rng.integers(0, 4, (60, 3)), rng.integers(0, 4, (17, 3)), rng.integers(0, 3, 60)


def manhattan(x: Array, y: Array) -> float:
    return float(np.abs(x - y).sum())


@pytest.mark.parametrize("estimator", PRECOMPUTED, ids=str)
def test_precomputed_and_callable_equal_the_metric_ties_included(estimator: Any) -> None:
    points, queries, y = on_a_grid()
    expected = clone(estimator).set_params(metric="manhattan").fit(points, y)
    called = clone(estimator).set_params(metric=manhattan).fit(points, y)
    dense = clone(estimator).set_params(metric="precomputed")
    sparse = clone(dense)
    d_points = pairwise_distances(points, metric="manhattan")
    d_queries = pairwise_distances(queries, points, metric="manhattan")
    dense.fit(d_points, y)
    sparse.fit(graph_of(d_points), y)
    for answer in (
        called.predict(queries),
        dense.predict(d_queries),
        sparse.predict(graph_of(d_queries)),
        pickle.loads(pickle.dumps(dense)).predict(d_queries),
    ):
        np.testing.assert_array_equal(answer, expected.predict(queries))
    for model in (called, dense, sparse):
        np.testing.assert_array_equal(model.predict(None), expected.predict(None))


def graph_of(matrix: Array) -> Any:
    """A sparse matrix with all entries stored, zeros, too."""
    n, m = matrix.shape
    return csr_matrix((matrix.ravel(), np.tile(np.arange(m), n), np.arange(0, n * m + 1, m)), shape=(n, m))


@pytest.mark.parametrize("k", [1, 2, 30, 59])
def test_selection_from_distances_has_the_tie_rule(k: int) -> None:
    points, queries, _ = on_a_grid()
    index = Index(points, "l1")
    search = neighbors.NearestNeighbors(n_neighbors=k, metric="precomputed")
    search.fit(pairwise_distances(points, metric="l1"))
    given = pairwise_distances(queries, points, metric="l1")
    for actual, wanted in (
        (search.kneighbors(given), index.query(queries, k)),
        (search.kneighbors(), index.query(points, k, exclude_self=True)),
    ):
        np.testing.assert_array_equal(actual[0], wanted[0])
        np.testing.assert_array_equal(actual[1], wanted[1])
    found = search.radius_neighbors(given, radius=3.0, sort_results=True)
    distances, indices, offsets = index.query_radius(queries, 3.0)
    np.testing.assert_array_equal(np.concatenate(found[0]), distances)
    np.testing.assert_array_equal(np.concatenate(found[1]), indices)
    assert [len(run) for run in found[0]] == np.diff(offsets).tolist()


def test_functions_are_called_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    points, queries, _ = on_a_grid()
    whole = neighbors.NearestNeighbors(n_neighbors=4, metric=manhattan).fit(points)
    expected = whole.kneighbors(), whole.kneighbors(queries), whole.radius_neighbors(radius=2.0)
    monkeypatch.setattr("crowfly.neighbors._distances._PAIRS_AT_A_TIME", 150)
    for got, wanted in zip(
        (whole.kneighbors(), whole.kneighbors(queries), whole.radius_neighbors(radius=2.0)),
        expected,
        strict=True,
    ):
        for part, other in zip(got, wanted, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(part, other, strict=True))


def test_only_stored_entries_of_a_graph_are_neighbors() -> None:
    entries = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2], [2, 1], [2, 2]]).T
    graph = csr_array((np.array([0.0, 1.0, 1.0, 0.0, 2.0, 2.0, 0.0]), tuple(entries)), shape=(3, 3))
    search = neighbors.NearestNeighbors(n_neighbors=1, metric="precomputed").fit(graph)
    assert search.kneighbors()[1].tolist() == [[1], [0], [1]]
    with pytest.raises(
        ValueError, match="3 neighbors per samples are required, but some samples have only 2"
    ):
        search.kneighbors(n_neighbors=2)
    # As in scikit-learn a row's own point has to be among its neighbours.
    search.fit(csr_array(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]])))
    with pytest.raises(
        ValueError, match="2 neighbors per samples are required, but some samples have only 1"
    ):
        search.kneighbors()


def test_distances_that_cannot_be() -> None:
    search = neighbors.NearestNeighbors(n_neighbors=1, metric="precomputed")
    with pytest.raises(ValueError, match="Precomputed matrix must be square"):
        search.fit(np.ones((2, 3)))
    with pytest.raises(ValueError, match="Negative values"):
        search.fit(-np.ones((2, 2)))
    with pytest.raises(ValueError, match="features"):
        search.fit(np.ones((2, 2))).kneighbors(np.ones((1, 3)))
    tags = sklearn.utils.get_tags(search).input_tags
    assert tags.pairwise
    assert tags.sparse
    broken = neighbors.NearestNeighbors(n_neighbors=1, metric=lambda *_: float("nan"))
    with pytest.raises(ValueError, match="returned NaN for query 0 and training point 0"):
        broken.fit([[0.0], [1.0]]).kneighbors()


def test_keywords_reach_the_function() -> None:
    def scaled(x: Array, y: Array, by: float = 1.0) -> float:
        return by * manhattan(x, y)

    search = neighbors.NearestNeighbors(n_neighbors=1, metric=scaled, metric_params={"by": 3.0})
    assert search.fit([[0.0], [2.0]]).kneighbors()[0].tolist() == [[6.0], [6.0]]
    assert search.effective_metric_ is scaled
    assert search.effective_metric_params_ == {"by": 3.0}


# Graphs and transformers.


@pytest.mark.parametrize("mode", ["distance", "connectivity"])
@pytest.mark.parametrize("include_self", [True, False, "auto"])
def test_graphs_equal_scikit_learn(mode: Any, include_self: Any) -> None:
    X = load_iris(return_X_y=True)[0][::3] + np.random.default_rng(0).normal(size=(50, 4))
    for ours, theirs, reach in (
        (neighbors.kneighbors_graph, sklearn.neighbors.kneighbors_graph, 4),
        (neighbors.radius_neighbors_graph, sklearn.neighbors.radius_neighbors_graph, 1.3),
    ):
        arguments: dict[str, Any] = {"mode": mode, "include_self": include_self, "metric": "manhattan"}
        got, wanted = ours(X, reach, **arguments), theirs(X, reach, **arguments)
        assert type(got) is type(wanted)
        np.testing.assert_allclose(got.toarray(), wanted.toarray(), rtol=RTOL)


def test_graphs_of_a_fitted_search() -> None:
    search = neighbors.NearestNeighbors(metric="manhattan").fit([[0.0], [1.0], [3.0]])
    graph = neighbors.kneighbors_graph(search, 1, metric="manhattan", mode="distance")
    assert graph.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 2, 0]]
    with pytest.raises(ValueError, match="Got euclidean for metric, while the estimator has manhattan"):
        neighbors.radius_neighbors_graph(search, 1.0, metric="euclidean")


@pytest.mark.parametrize("mode", ["distance", "connectivity"])
@pytest.mark.parametrize(
    ("name", "params"),
    [("KNeighborsTransformer", {"n_neighbors": 3}), ("RadiusNeighborsTransformer", {"radius": 1.5})],
)
def test_transformers_equal_scikit_learn(name: str, params: dict[str, Any], mode: str) -> None:
    X = np.random.default_rng(1).normal(size=(40, 3))
    ours = getattr(neighbors, name)(mode=mode, **params).fit(X[:30])
    theirs = getattr(sklearn.neighbors, name)(mode=mode, **params).fit(X[:30])
    for queries in (X, X[:30]):
        got = ours.transform(queries)
        assert issparse(got)
        np.testing.assert_allclose(got.toarray(), theirs.transform(queries).toarray(), rtol=RTOL)
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    assert ours.fit_transform(X).shape == (40, 40)


@pytest.mark.parametrize(("ours", "theirs"), BOTH)
def test_copies_and_signatures(ours: Any, theirs: Any) -> None:
    assert ours().get_params() == theirs().get_params()
    model = ours(radius=2.0).fit([[0.0], [1.0], [5.0]], [0, 1, 1])
    for made in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(made.predict([[0.2]]), model.predict([[0.2]]))
    assert clone(model).get_params() == model.get_params()
    assert "RadiusNeighbors" in model._repr_html_()


def test_docstrings_have_their_common_parts() -> None:
    for name in neighbors.__all__:
        if name == "sort_graph_by_row_values":
            continue
        text = getattr(neighbors, name).__doc__
        assert "|" not in text
        assert "metric : " in text or "metric, " in text
