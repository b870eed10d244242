# SPDX-License-Identifier: BSD-3-Clause
"""The neighbour estimators behave as scikit-learn's, on its own data sets and in its own tools."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pytest
import sklearn
import sklearn.neighbors
from scipy.sparse import csr_array, issparse
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.metrics import accuracy_score, pairwise_distances
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import references
from assertions import EPS, assert_neighbors_equal
from crowfly import Index
from crowfly.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors

Array = npt.NDArray[Any]

# Two float64 sums of at most 64 terms differ by less than 64 eps of their value, 1.4e-14; the cosine is a difference
# from 1, so its error is absolute, and the smallest cosine distance in these data is 1e-4: 1.4e-10 relative.
RTOL = 1e-9

CLASSIFICATION = {
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
}
REGRESSION = {"diabetes": load_diabetes, "linnerud": load_linnerud}
METRICS: dict[str, dict[str, Any]] = {
    "default": {},
    "euclidean": {"metric": "euclidean"},
    "l2": {"metric": "l2"},
    "sqeuclidean": {"metric": "sqeuclidean"},
    "manhattan": {"metric": "manhattan"},
    "l1": {"metric": "l1"},
    "cityblock": {"metric": "cityblock"},
    "chebyshev": {"metric": "chebyshev"},
    "cosine": {"metric": "cosine"},
    "minkowski 1": {"p": 1},
    "minkowski 3": {"p": 3},
    "minkowski inf": {"p": np.inf},
}


def inverse_square(distances: Array) -> Array:
    return 1.0 / (1.0 + distances**2)


def split(name: str) -> tuple[Array, Array, Array]:
    """Training points and queries (every third row), and the targets of the former.

    Standardised, then rotated: measurements lie on a grid, where equal distances are common.
    """
    X, y = {**CLASSIFICATION, **REGRESSION}[name](return_X_y=True)
    X = StandardScaler().fit_transform(X)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(X.shape[1], X.shape[1])))
    X = X @ rotation
    query = np.arange(len(X)) % 3 == 0
    return X[~query], X[query], y[~query]


def unambiguous(distances: Array, k: int) -> npt.NDArray[np.bool_]:
    """Rows of a distance matrix whose k nearest columns don't depend on a tie."""
    ordered = np.sort(distances, axis=1)
    clear: npt.NDArray[np.bool_] = ordered[:, k] - ordered[:, k - 1] > RTOL * ordered[:, k]
    return clear


def metric_of(model: Any) -> dict[str, Any]:
    """Return the arguments of `pairwise_distances` for the metric which a fitted model says it uses."""
    params = {name: value for name, value in model.effective_metric_params_.items() if value is not None}
    return {"metric": model.effective_metric_, **params}


@pytest.mark.parametrize("k", [1, 6])
@pytest.mark.parametrize("weights", ["uniform", "distance", inverse_square])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("data", CLASSIFICATION)
def test_classifier_equals_scikit_learn(data: str, metric: str, weights: Any, k: int) -> None:
    points, queries, y = split(data)
    params = {"n_neighbors": k, "weights": weights, **METRICS[metric]}
    ours = KNeighborsClassifier(**params).fit(points, y)
    theirs = sklearn.neighbors.KNeighborsClassifier(**params).fit(points, y)
    assert ours.effective_metric_ == theirs.effective_metric_
    assert ours.effective_metric_params_ == theirs.effective_metric_params_
    clear = unambiguous(pairwise_distances(queries, points, **metric_of(ours)), k)
    assert clear.mean() > 0.9
    queries = queries[clear]
    ours_proba, theirs_proba = ours.predict_proba(queries), theirs.predict_proba(queries)
    assert isinstance(ours_proba, np.ndarray)
    assert ours_proba.dtype == np.float64
    np.testing.assert_allclose(ours_proba, theirs_proba, rtol=RTOL, atol=RTOL)
    top_two = np.sort(theirs_proba, axis=1)[:, -2:]
    decided = top_two[:, 1] - top_two[:, 0] > RTOL
    # Counted votes are exact, so that ties of the vote are decided alike; sums of weights are equal to rounding only.
    compared = np.full(len(queries), fill_value=True) if weights == "uniform" else decided
    np.testing.assert_array_equal(ours.predict(queries)[compared], theirs.predict(queries)[compared])


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("weights", ["uniform", "distance", inverse_square])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("data", REGRESSION)
def test_regressor_equals_scikit_learn(data: str, metric: str, weights: Any, k: int) -> None:
    points, queries, y = split(data)
    params = {"n_neighbors": k, "weights": weights, **METRICS[metric]}
    ours = KNeighborsRegressor(**params).fit(points, y)
    theirs = sklearn.neighbors.KNeighborsRegressor(**params).fit(points, y)
    clear = unambiguous(pairwise_distances(queries, points, **metric_of(ours)), k)
    assert clear.mean() > 0.9
    actual = ours.predict(queries[clear])
    expected = theirs.predict(queries[clear])
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=RTOL)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exclude_self", [False, True])
def test_kneighbors_equals_scikit_learn(metric: str, exclude_self: bool) -> None:
    points, queries, _ = split("wine")
    X = None if exclude_self else queries
    ours = NearestNeighbors(n_neighbors=7, **METRICS[metric]).fit(points)
    theirs = sklearn.neighbors.NearestNeighbors(n_neighbors=7, **METRICS[metric]).fit(points)
    distances, indices = ours.kneighbors(X)
    expected_distances, expected_indices = theirs.kneighbors(X)
    np.testing.assert_allclose(distances, expected_distances, rtol=RTOL)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_array_equal(ours.kneighbors(X, return_distance=False), indices)
    for mode in ("connectivity", "distance"):
        graph, expected = ours.kneighbors_graph(X, 3, mode), theirs.kneighbors_graph(X, 3, mode)
        assert type(graph) is type(expected)
        np.testing.assert_allclose(graph.toarray(), expected.toarray(), rtol=RTOL)


def test_points_at_the_radius_are_decided_by_the_definition() -> None:
    """On a grid of tenths many distances are 0.5 but for rounding; scikit-learn's own algorithms differ about them.

    Ours are those whose distance as documented, and as returned, is at most 0.5. An exact distance decides otherwise
    only where it is 0.5 to rounding: four differences of one rounding each, squares, three sums and a root.
    """
    X, _ = load_iris(return_X_y=True)
    expected = references.radius_neighbors(X, X, 0.5)
    assert_neighbors_equal(Index(X).query_radius(X, 0.5), expected)
    distances, indices = NearestNeighbors(radius=0.5).fit(X).radius_neighbors(X, sort_results=True)
    np.testing.assert_array_equal(np.concatenate(indices), expected[1])
    assert (np.concatenate(distances) == 0.5).any()

    tenths = np.rint(10 * X).astype(int)
    near = np.argwhere(np.square(tenths[:, None] - tenths).sum(axis=2) <= 26)
    within = {(i, int(j)) for i, run in enumerate(indices) for j in run}
    assert within <= {(int(i), int(j)) for i, j in near}
    rational = [[Fraction(value) for value in row] for row in X.tolist()]
    disputed = 0
    for i, j in near.tolist():
        differences = [a - b for a, b in zip(rational[i], rational[j], strict=True)]
        square = sum((d * d for d in differences), start=Fraction(0))
        if ((i, j) in within) != (square <= Fraction(1, 4)):
            disputed += 1
            assert abs(4 * square - 1) <= 8 * EPS
    assert disputed > 0


@pytest.mark.parametrize("exclude_self", [False, True])
def test_radius_neighbors_equals_scikit_learn(exclude_self: bool) -> None:
    points, queries, _ = split("wine")
    X = None if exclude_self else queries
    ours = NearestNeighbors(radius=2.5).fit(points)
    theirs = sklearn.neighbors.NearestNeighbors(radius=2.5).fit(points)
    distances, indices = ours.radius_neighbors(X, sort_results=True)
    expected_distances, expected_indices = theirs.radius_neighbors(X, sort_results=True)
    assert distances.dtype == indices.dtype == object
    assert len({len(run) for run in indices}) > 1
    for actual, expected in zip(indices, expected_indices, strict=True):
        np.testing.assert_array_equal(actual, expected)
    for actual, expected in zip(distances, expected_distances, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=RTOL)
    for actual, expected in zip(ours.radius_neighbors(X, return_distance=False), indices, strict=True):
        np.testing.assert_array_equal(actual, np.sort(expected))
    for mode in ("connectivity", "distance"):
        graph = ours.radius_neighbors_graph(X, 2.0, mode)
        expected_graph = theirs.radius_neighbors_graph(X, 2.0, mode)
        assert type(graph) is type(expected_graph)
        np.testing.assert_allclose(graph.toarray(), expected_graph.toarray(), rtol=RTOL)


def test_radius_neighbors_of_equal_number_stay_one_array_per_query() -> None:
    search = NearestNeighbors(radius=0.5).fit([[0.0], [0.1], [5.0], [5.1]])
    distances, indices = search.radius_neighbors([[0.0], [5.0]], sort_results=True)
    assert distances.shape == indices.shape == (2,)
    np.testing.assert_array_equal(indices[1], [2, 3])
    with pytest.raises(ValueError, match="return_distance must be True"):
        search.radius_neighbors([[0.0]], return_distance=False, sort_results=True)


def test_graphs_follow_the_sparse_interface() -> None:
    if "sparse_interface" not in sklearn.get_config():
        pytest.skip("this scikit-learn has no choice of sparse containers")
    search = NearestNeighbors(n_neighbors=1).fit([[0.0], [1.0]])
    with sklearn.config_context(sparse_interface="sparray"):
        assert isinstance(search.kneighbors_graph(), csr_array)
    assert issparse(search.kneighbors_graph())
    assert not isinstance(search.kneighbors_graph(), csr_array)


def test_self_is_excluded_by_index() -> None:
    """Duplicates of a point are its neighbours; scikit-learn promises no more than that one of them is left out."""
    search = NearestNeighbors(n_neighbors=2).fit([[0.0], [0.0], [0.0], [9.0]])
    np.testing.assert_array_equal(search.kneighbors(return_distance=False), [[1, 2], [0, 2], [0, 1], [0, 1]])
    neighbors = search.radius_neighbors(radius=0.0, return_distance=False)
    assert [list(run) for run in neighbors] == [[1, 2], [0, 2], [0, 1], []]


def test_weights_none_is_uniform() -> None:
    points, queries, y = split("wine")
    expected = KNeighborsClassifier().fit(points, y).predict_proba(queries)
    np.testing.assert_array_equal(
        KNeighborsClassifier(weights=None).fit(points, y).predict_proba(queries), expected
    )


def test_equal_distances_and_equal_votes() -> None:
    """The lower index is the nearer of two equally distant points; the lower label wins a tied vote."""
    points = [[1.0], [-1.0], [1.0], [-1.0]]
    labels = ["b", "a", "a", "b"]
    assert KNeighborsClassifier(n_neighbors=1).fit(points, labels).predict([[0.0]]) == ["b"]
    assert KNeighborsClassifier(n_neighbors=2).fit(points, labels).predict([[0.0]]) == ["a"]
    assert KNeighborsClassifier(n_neighbors=4, weights="distance").fit(points, labels).predict([[0.0]]) == [
        "a"
    ]


def test_points_at_distance_zero_outvote_all_others() -> None:
    points, labels = [[0.0], [0.0], [1e-150], [1.0]], [0, 1, 2, 2]
    classifier = KNeighborsClassifier(n_neighbors=4, weights="distance").fit(points, labels)
    np.testing.assert_array_equal(classifier.predict_proba([[0.0]]), [[0.5, 0.5, 0.0]])
    regressor = KNeighborsRegressor(n_neighbors=4, weights="distance").fit(points, labels)
    np.testing.assert_array_equal(regressor.predict([[0.0]]), [0.5])


def test_several_outputs() -> None:
    points, queries, y = split("iris")
    outputs = np.column_stack([y, (y + 1) % 2, y // 2])
    ours = KNeighborsClassifier(n_neighbors=3).fit(points, outputs)
    theirs = sklearn.neighbors.KNeighborsClassifier(n_neighbors=3).fit(points, outputs)
    clear = queries[unambiguous(pairwise_distances(queries, points), 3)]
    np.testing.assert_array_equal(ours.predict(clear), theirs.predict(clear))
    assert ours.predict(clear).dtype == theirs.predict(clear).dtype
    for actual, expected in zip(ours.predict_proba(clear), theirs.predict_proba(clear), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=RTOL)
    for actual, expected in zip(ours.classes_, theirs.classes_, strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert ours.outputs_2d_
    # Labels of several outputs may come as a sparse matrix of indicators.
    indicators = KNeighborsClassifier(n_neighbors=3).fit(points, csr_array(outputs % 2))
    np.testing.assert_array_equal(
        indicators.predict(clear), KNeighborsClassifier(n_neighbors=3).fit(points, outputs % 2).predict(clear)
    )


def test_column_of_labels_warns_and_is_one_output() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector"):
        classifier = KNeighborsClassifier(n_neighbors=1).fit([[0.0], [1.0]], [["a"], ["b"]])
    assert not classifier.outputs_2d_
    assert classifier.predict([[0.9]]).shape == (1,)


def test_score_of_none_is_leave_one_out() -> None:
    X, y = load_iris(return_X_y=True)
    classifier = KNeighborsClassifier(n_neighbors=5)
    assert classifier.fit(X, y).score(None, y) == cross_val_score(classifier, X, y, cv=LeaveOneOut()).mean()
    weight = np.arange(len(y))
    assert classifier.score(None, y, weight) == accuracy_score(
        y, classifier.predict(None), sample_weight=weight
    )
    regressor = KNeighborsRegressor(n_neighbors=1).fit([[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(regressor.predict(None), [1.0, 0.0, 1.0])


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_number_of_jobs_changes_nothing(n_jobs: int | None) -> None:
    points, queries, _ = split("breast_cancer")
    expected = NearestNeighbors().fit(points).kneighbors(queries)
    actual = NearestNeighbors(n_jobs=n_jobs).fit(points).kneighbors(queries)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make_copy", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("metric", ["default", "cosine", "minkowski 3"])
def test_copies_of_fitted_estimators(make_copy: Any, metric: str) -> None:
    points, queries, y = split("wine")
    classifier = KNeighborsClassifier(**METRICS[metric]).fit(points, y)
    expected = classifier.kneighbors(queries)
    # A parameter changed after the fit belongs to the next fit.
    copied = make_copy(classifier.set_params(metric="manhattan"))
    for actual, wanted in zip(copied.kneighbors(queries), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)
    assert copied.metric == "manhattan"
    assert not hasattr(make_copy(clone(classifier)), "n_samples_fit_")


def test_data_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [0, 1, 2, 3], "b": [0.0, 0.5, 1.0, 1.5]})
    classifier = KNeighborsClassifier(n_neighbors=1).fit(frame, pandas.Series(["u", "u", "v", "v"]))
    assert list(classifier.feature_names_in_) == ["a", "b"]
    assert list(classifier.predict(frame)) == ["u", "u", "v", "v"]
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame[["b", "a"]])
    with pytest.raises(ValueError, match=r"1 features.*expecting 2 features"):
        classifier.fit(frame.to_numpy(), frame["a"] > 1).predict([[0.0]])


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_in_scikit_learn_tools(backend: str) -> None:
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier()).set_output(transform="pandas")
    expected = cross_val_score(pipeline, X, y)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        np.testing.assert_array_equal(cross_val_score(pipeline, X, y), expected)
        search = GridSearchCV(
            pipeline, {"kneighborsclassifier__n_neighbors": [1, 5], "kneighborsclassifier__p": [1, 2]}
        )
        search.fit(X, y)
    assert search.best_score_ >= expected.mean()


def fitted() -> NearestNeighbors:
    return NearestNeighbors(n_neighbors=2).fit([[0.0], [1.0], [2.0]])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"n_neighbors": 0}, ValueError, "Expected n_neighbors > 0"),
        ({"n_neighbors": 2.0}, TypeError, "enter integer value"),
        ({"X": [[0.0]], "n_neighbors": 4}, ValueError, "Expected n_neighbors <= n_samples_fit"),
        ({"n_neighbors": 3}, ValueError, "Expected n_neighbors < n_samples_fit"),
        ({"X": [[np.nan]]}, ValueError, "NaN"),
        ({"X": [0.0]}, ValueError, "2D array"),
        ({"X": csr_array([[0.0, 1.0]])}, ValueError, "2 features"),
    ],
)
def test_refused_queries(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        fitted().kneighbors(**arguments)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"metric": "wminkowski"}, "'metric' parameter.*'euclidean'.*Got 'wminkowski'"),
        ({"metric": "precomputed"}, "must be square"),
        ({"metric": "canberra", "algorithm": "kd_tree"}, "not valid with algorithm='kd_tree'"),
        ({"metric": max, "algorithm": "kd_tree"}, "kd_tree does not support callable metric"),
        ({"metric": "cosine", "algorithm": "kd_tree"}, "not valid with algorithm='kd_tree'"),
        ({"p": 0.5, "algorithm": "kd_tree"}, "does not support 0 < p < 1"),
        ({"p": 0.5, "algorithm": "ball_tree"}, "does not support 0 < p < 1"),
        ({"p": -1}, "'p' parameter"),
        ({"metric_params": {"w": [1.0]}, "algorithm": "kd_tree"}, "kd_tree does not support the weights 'w'"),
        ({"metric_params": {"w": [1.0, 1.0]}}, "size of w must match the number of features"),
        ({"metric_params": {"w": [-1.0]}}, "negative weights"),
        ({"metric_params": {"w": [1.0]}, "p": np.inf}, "finite p"),
        ({"metric": "cosine", "metric_params": {"V": 1}}, "metric_params.*'V'"),
        ({"n_neighbors": 0}, "'n_neighbors' parameter"),
        ({"algorithm": "magic"}, "'algorithm' parameter"),
        ({"leaf_size": 0}, "'leaf_size' parameter"),
    ],
)
def test_refused_parameters(params: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        NearestNeighbors(**params).fit([[0.0], [1.0]])


def test_one_message_says_which_metrics_are_offered() -> None:
    messages = set()
    for metric in ("no such metric", "wminkowski"):
        with pytest.raises(ValueError, match="'metric' parameter") as caught:
            KNeighborsClassifier(metric=metric).fit([[0.0], [1.0]], [0, 1])
        messages.add(str(caught.value).replace(metric, "..."))
    assert len(messages) == 1


def test_true_is_no_number_of_neighbors() -> None:
    """The search refuses it, as that of scikit-learn's trees does; its fit and ours let this integer of Python's pass."""
    with pytest.raises(TypeError, match=r"n_neighbors does not take.*bool"):
        fitted().kneighbors([[0.0]], n_neighbors=True)
    for library in (sklearn.neighbors.KNeighborsClassifier, KNeighborsClassifier):
        classifier = library(n_neighbors=True, algorithm="kd_tree").fit([[0.0], [1.0]], [0, 1])
        with pytest.raises(TypeError, match="integer"):
            classifier.predict([[0.0]])


def test_errors_name_X() -> None:
    """Not "points" or "queries", which are the functional API's names."""
    y = [0, 1]
    cases: list[tuple[Array, dict[str, Any], str]] = [
        (np.full((2, 2), 2**60), {}, r"^X: integers from -2\*\*53 to 2\*\*53"),
        (np.full((2, 2), 2**60), {"metric": "canberra"}, r"^X: integers from -2\*\*53 to 2\*\*53"),
    ]
    for bad, params, match in cases:
        with pytest.raises(ValueError, match=match):
            KNeighborsClassifier(**params).fit(bad, y)
        model = KNeighborsClassifier(n_neighbors=1, **params).fit(np.eye(2), y)
        with pytest.raises(ValueError, match=match):
            model.predict(bad)
        search = NearestNeighbors(**params).fit(np.eye(2))
        with pytest.raises(ValueError, match=match):
            search.radius_neighbors(bad)
    with pytest.raises(TypeError, match=r"^X: real numbers expected, got dtype datetime64"):
        NearestNeighbors().fit(np.zeros((2, 2), dtype="datetime64[D]"))
    with pytest.raises(ValueError, match=r"^radius: "):
        fitted().radius_neighbors([[0.0]], radius=-1.0)


def test_any_number_of_jobs_is_taken() -> None:
    with joblib.parallel_config(backend="threading"):
        assert NearestNeighbors(n_neighbors=1, n_jobs=10**6).fit([[0.0], [1.0]]).kneighbors([[0.9]])[1] == 1


def test_sparse_training_points_with_gaps_are_refused() -> None:
    search = NearestNeighbors(metric="nan_euclidean")
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        search.fit(csr_array([[0.0], [1.0]]))
    assert not sklearn.utils.get_tags(search).input_tags.sparse


def test_exponent_in_metric_params_wins() -> None:
    points, queries, _ = split("iris")
    search = NearestNeighbors(metric_params={"p": 3})
    with pytest.warns(SyntaxWarning, match="metric_params"):
        search.fit(points)
    assert search.effective_metric_params_ == {"p": 3, "w": None}
    expected = NearestNeighbors(p=3).fit(points).kneighbors(queries)
    np.testing.assert_array_equal(search.kneighbors(queries)[0], expected[0])


@pytest.mark.parametrize("estimator", [KNeighborsClassifier, KNeighborsRegressor])
def test_weight_functions_are_checked(estimator: Any) -> None:
    X, y = [[0.0], [1.0], [2.0]], [0, 1, 1]
    with pytest.raises(ValueError, match=r"All neighbors of some sample is getting zero weights.*query 0"):
        estimator(n_neighbors=2, weights=np.zeros_like).fit(X, y).predict(X)
    with pytest.raises(ValueError, match=r"shape \(3,\), expected.*\(3, 2\)"):
        estimator(n_neighbors=2, weights=lambda distances: distances[:, 0]).fit(X, y).predict(X)


@pytest.mark.parametrize(
    "method", ["kneighbors", "kneighbors_graph", "radius_neighbors", "radius_neighbors_graph"]
)
def test_searches_need_a_fit(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(NearestNeighbors(), method)([[0.0]])


def test_graph_modes_are_checked() -> None:
    mode: Any = "no such mode"
    for graph in (fitted().kneighbors_graph, fitted().radius_neighbors_graph):
        with pytest.raises(ValueError, match="Unsupported mode"):
            graph(mode=mode)


@pytest.mark.parametrize("algorithm", ["auto", "kd_tree", "ball_tree"])
def test_points_that_change_after_fit_change_no_answer(algorithm: str) -> None:
    X, y = load_iris(return_X_y=True)
    mine = X.copy()
    model = KNeighborsClassifier(1, algorithm=algorithm).fit(mine, y)
    mine[:] = 0
    assert model.score(X, y) == 1
