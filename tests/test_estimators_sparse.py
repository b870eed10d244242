# SPDX-License-Identifier: BSD-3-Clause
"""The neighbour estimators on sparse samples: as on their dense copies, and as scikit-learn's."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn.metrics
import sklearn.neighbors
from sklearn.base import clone

import crowfly
from assertions import assert_same_bits
from crowfly import metrics, neighbors
from strategies import Generator

RNG: Generator = np.random.default_rng(0)


def samples(n: int, seed: int) -> Any:
    """Rows of 40 features, each with some entries."""
    rng = np.random.default_rng(seed)
    stored = rng.random((n, 40)) < 0.15
    stored[np.arange(n), rng.integers(0, 40, n)] = True
    return scipy.sparse.csr_array(rng.random((n, 40)) * stored)


X, QUERIES = samples(120, 1), samples(50, 2)
Y = RNG.integers(0, 3, 120)
TARGETS = RNG.random((120, 2))
CONTAINERS = ("csr_array", "csr_matrix", "csc_array", "coo_matrix", "lil_array", "dok_matrix")

# Sums of at most 40 terms differ by less than 40 eps of the largest; scikit-learn's expanded squares lose some digits to cancellation: the smallest distance here is 0.1,
# of rows with norms below 3, so 40 * 2.2e-16 * 9 / 0.1^2.
RTOL = 1e-11

SUPERVISED: dict[str, tuple[dict[str, Any], Any]] = {
    "KNeighborsClassifier": ({"n_neighbors": 4, "weights": "distance"}, Y),
    "KNeighborsRegressor": ({"n_neighbors": 4, "weights": "distance"}, TARGETS),
    "RadiusNeighborsClassifier": ({"radius": 1.9, "outlier_label": 1}, Y),
    "RadiusNeighborsRegressor": ({"radius": 2.2}, TARGETS),
}


def dense(value: Any) -> Any:
    return value.toarray() if scipy.sparse.issparse(value) else value


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", SUPERVISED)
def test_predictions(name: str, container: str) -> None:
    parameters, y = SUPERVISED[name]
    make = getattr(scipy.sparse, container)
    ours = getattr(neighbors, name)(**parameters).fit(make(X), y)
    expected = clone(ours).fit(X.toarray(), y)
    theirs = getattr(sklearn.neighbors, name)(**parameters).fit(make(X), y)
    for queries in (make(QUERIES), QUERIES.toarray()):
        assert_same_bits(ours.predict(queries), expected.predict(QUERIES.toarray()))
        assert_same_bits(expected.predict(queries), ours.predict(queries))
        np.testing.assert_allclose(ours.predict(queries), theirs.predict(queries), rtol=RTOL)
    if hasattr(ours, "predict_proba"):
        assert_same_bits(ours.predict_proba(make(QUERIES)), expected.predict_proba(QUERIES.toarray()))
    assert ours.score(make(X), y) == expected.score(X.toarray(), y)
    assert_same_bits(ours.predict(None), expected.predict(None))


@pytest.mark.parametrize(
    "weights", ["uniform", lambda distances: 1 / (distances + 1)], ids=["uniform", "function"]
)
@pytest.mark.parametrize("metric", ["euclidean", "l1", "cosine", "chebyshev"])
def test_metrics_and_weights(metric: str, weights: Any) -> None:
    ours = neighbors.KNeighborsClassifier(metric=metric, weights=weights).fit(X, Y)
    expected = clone(ours).fit(X.toarray(), Y)
    np.testing.assert_array_equal(ours.predict_proba(QUERIES), expected.predict_proba(QUERIES.toarray()))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_searches_and_graphs(metric: str) -> None:
    ours = neighbors.NearestNeighbors(n_neighbors=6, radius=0.9, metric=metric).fit(X)
    theirs = sklearn.neighbors.NearestNeighbors(n_neighbors=6, radius=0.9, metric=metric).fit(X)
    for queries in (QUERIES, None):
        distances, indices = ours.kneighbors(queries)
        far, near = theirs.kneighbors(queries)
        np.testing.assert_array_equal(indices, near)
        np.testing.assert_allclose(distances, far, rtol=RTOL)
        for mode in ("connectivity", "distance"):
            got, expected = (
                ours.kneighbors_graph(queries, mode=mode),
                theirs.kneighbors_graph(queries, mode=mode),
            )
            np.testing.assert_allclose(got.toarray(), expected.toarray(), rtol=RTOL)
            got = ours.radius_neighbors_graph(queries, mode=mode)
            expected = theirs.radius_neighbors_graph(queries, mode=mode)
            np.testing.assert_allclose(got.toarray(), expected.toarray(), rtol=RTOL)
    graph = neighbors.kneighbors_graph(X, 3, metric=metric, include_self=True)
    assert (graph.toarray().diagonal() == 1).all()


def test_transformers() -> None:
    for transformer in (neighbors.KNeighborsTransformer(), neighbors.RadiusNeighborsTransformer(radius=1.5)):
        got, expected = transformer.fit_transform(X), clone(transformer).fit_transform(X.toarray())
        assert_same_bits(got.toarray(), expected.toarray())


def test_local_outlier_factor() -> None:
    ours = neighbors.LocalOutlierFactor(novelty=True).fit(X)
    expected = clone(ours).fit(X.toarray())
    assert_same_bits(ours.negative_outlier_factor_, expected.negative_outlier_factor_)
    assert_same_bits(ours.score_samples(QUERIES), expected.score_samples(QUERIES.toarray()))


def test_functions_get_rows_as_matrices() -> None:
    def product(x: Any, y: Any) -> float:
        assert scipy.sparse.issparse(x)
        assert x.shape == y.shape == (1, 40)
        return float(3 - (x @ y.T).sum())

    ours = neighbors.NearestNeighbors(n_neighbors=3, metric=product).fit(X)
    theirs = sklearn.neighbors.NearestNeighbors(n_neighbors=3, metric=product).fit(X)
    np.testing.assert_allclose(ours.kneighbors(QUERIES)[0], theirs.kneighbors(QUERIES)[0], rtol=RTOL)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_trees_are_told_of(algorithm: str) -> None:
    search = neighbors.NearestNeighbors(algorithm=algorithm)
    with pytest.warns(UserWarning, match="cannot use tree with sparse input: using brute force"):
        assert_same_bits(
            search.fit(X).kneighbors(QUERIES)[1], neighbors.NearestNeighbors().fit(X).kneighbors(QUERIES)[1]
        )
    with pytest.raises(ValueError, match=f"{algorithm} does not work with sparse matrices"):
        search.fit(X.toarray()).kneighbors(QUERIES)


@pytest.mark.parametrize("name", SUPERVISED)
def test_copies_and_files(name: str, tmp_path: Path) -> None:
    parameters, y = SUPERVISED[name]
    model = getattr(neighbors, name)(**parameters).fit(X, y)
    crowfly.save(model, tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(model)), crowfly.load(tmp_path / "model")):
        assert_same_bits(again.predict(QUERIES), model.predict(QUERIES))


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
@pytest.mark.parametrize("axis", [0, 1])
def test_argmin(metric: str, axis: int) -> None:
    got = metrics.pairwise_distances_argmin_min(X, QUERIES, axis=axis, metric=metric)
    expected = metrics.pairwise_distances_argmin_min(X.toarray(), QUERIES.toarray(), axis=axis, metric=metric)
    mixed = metrics.pairwise_distances_argmin_min(X, QUERIES.toarray(), axis=axis, metric=metric)
    for one, other, third in zip(got, expected, mixed, strict=True):
        assert_same_bits(one, other)
        assert_same_bits(third, other)
    theirs = sklearn.metrics.pairwise_distances_argmin(X, QUERIES, axis=axis, metric=metric)
    np.testing.assert_array_equal(got[0], theirs)


class TestCentroids:
    @pytest.mark.parametrize("shrink", [None, 0.3])
    @pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
    def test_dense_copies(self, metric: str, shrink: float | None) -> None:
        samples = X.copy()
        samples.data -= 0.4  # both signs
        sparse = neighbors.NearestCentroid(metric, shrink_threshold=shrink, priors="empirical").fit(
            samples, Y
        )
        written_out = clone(sparse).fit(samples.toarray(), Y)
        # Sums of 120 terms below one, in other orders: 120 eps of their size.
        for name in ("centroids_", "deviations_", "within_class_std_dev_", "class_prior_"):
            np.testing.assert_allclose(
                getattr(sparse, name), getattr(written_out, name), rtol=1e-12, atol=120 * 2.3e-16
            )
        for queries in (QUERIES, QUERIES.toarray(), QUERIES.tocsc()):
            np.testing.assert_array_equal(sparse.predict(queries), written_out.predict(QUERIES.toarray()))
        if metric == "euclidean":
            np.testing.assert_allclose(
                sparse.predict_log_proba(QUERIES),
                written_out.predict_log_proba(QUERIES.toarray()),
                rtol=1e-9,
                atol=1e-12,
            )

    def test_scikit_learn(self) -> None:
        theirs = sklearn.neighbors.NearestCentroid().fit(X, Y)
        ours = neighbors.NearestCentroid().fit(X, Y)
        np.testing.assert_allclose(ours.centroids_, theirs.centroids_, rtol=1e-13, atol=1e-16)
        np.testing.assert_array_equal(ours.predict(QUERIES), theirs.predict(QUERIES))

    @pytest.mark.parametrize("seed", range(20))
    def test_medians(self, seed: int) -> None:
        """Of few values, so that zeros are stored, left out, and between the others in every way."""
        rng = np.random.default_rng(seed)
        values = rng.choice([-2.0, -1.0, 0.0, 0.0, 1.0, 3.0], (rng.integers(4, 30), 6))
        y = np.arange(len(values)) % 2
        stored = scipy.sparse.csr_array(np.where(values == 0, 9.0, values) * (rng.random(values.shape) < 0.7))
        stored.data[stored.data == 9.0] = 0.0
        got = neighbors.NearestCentroid("manhattan").fit(stored, y).centroids_
        assert_same_bits(got, neighbors.NearestCentroid("manhattan").fit(stored.toarray(), y).centroids_)

    def test_constant_features(self) -> None:
        constant = scipy.sparse.csr_array(np.tile([0.0, 2.0], (4, 1)))
        with pytest.raises(ValueError, match="zero variance"):
            neighbors.NearestCentroid().fit(constant, [0, 0, 1, 1])
        with pytest.raises(ValueError, match="zero variance"):
            neighbors.NearestCentroid().fit(scipy.sparse.csr_array((4, 2)), [0, 0, 1, 1])
