# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's contract where parameters are not the defaults: tags, checks, routing, attributes, warnings, and what fits hand on."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest
import sklearn.datasets
import sklearn.linear_model
import sklearn.neighbors
from scipy.sparse import csr_array
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

import crowfly.linear_model
from crowfly.linear_model import (
    ElasticNet,
    ElasticNetCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeCV,
)
from crowfly.metrics import pairwise_distances_argmin_min
from crowfly.neighbors import (
    KNeighborsClassifier,
    LocalOutlierFactor,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    kneighbors_graph,
    radius_neighbors_graph,
)
from test_check_estimator import check_name


def test_tags_say_what_is_refused() -> None:
    """A state of parameters in which scikit-learn refuses samples or labels is one that the tags tell of."""
    assert not get_tags(LogisticRegression(solver="liblinear")).classifier_tags.multi_class
    assert get_tags(LogisticRegression()).classifier_tags.multi_class
    X, y = csr_array(np.eye(4)), np.arange(4.0)
    for model in (
        LinearRegression(),
        LinearRegression(positive=True),
        Ridge(),
        Ridge(solver="svd"),
        Ridge(solver="svd", fit_intercept=False),
        Ridge(positive=True),
    ):
        if get_tags(model).input_tags.sparse:
            model.fit(X, y)
        else:
            with pytest.raises((TypeError, ValueError), match=r"(?i)sparse"):
                model.fit(X, y)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(solver="liblinear"),
        LinearRegression(positive=True),
        Ridge(positive=True),
        Ridge(solver="svd"),
        ElasticNet(positive=True),
        RidgeCV(cv=3),
        RidgeClassifier(positive=True),
        KNeighborsClassifier(weights="distance", algorithm="brute"),
        RadiusNeighborsRegressor(radius=30.0, metric="manhattan"),
    ],
    ids=repr,
)
def test_scikit_learn_checks_of_other_parameters(model: Any) -> None:
    """But for those that its own class fails with them."""
    theirs = getattr(sklearn, type(model).__module__.split(".")[1])
    other = getattr(theirs, type(model).__name__)(**model.get_params())
    known = {check_name(check): (instance, check) for instance, check in estimator_checks_generator(other)}
    for instance, check in estimator_checks_generator(model):
        with contextlib.suppress(SkipTest), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                check(instance)
            except (AssertionError, TypeError, ValueError):
                same, its_check = known[check_name(check)]
                with pytest.raises((AssertionError, TypeError, ValueError)):
                    its_check(same)


@pytest.mark.skipif(
    not hasattr(sklearn.linear_model.LogisticRegression, "set_callbacks"),
    reason="routing of scikit-learn before 1.9 copies the estimator, iterators with it",
)
def test_routing_leaves_an_iterator_of_folds_whole() -> None:
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    search = LogisticRegressionCV(Cs=[1.0], l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False)
    with sklearn.config_context(enable_metadata_routing=True):
        search.set_params(cv=StratifiedKFold(3).split(X, y)).fit(X, y)
        ElasticNetCV(cv=KFold(3).split(X)).fit(X, y)
    assert search.scores_.shape == (3, 1, 1)


def test_attributes_of_a_search_are_of_the_dtype_given() -> None:
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    options: dict[str, Any] = {"Cs": [1, 10], "l1_ratios": (0,), "scoring": "accuracy"}
    for legacy in (True, False):
        ours, theirs = (
            package.LogisticRegressionCV(**options, use_legacy_attributes=legacy, max_iter=1000).fit(X, y)
            for package in (crowfly.linear_model, sklearn.linear_model)
        )
        for name in ("Cs_", "l1_ratios_", "l1_ratio_"):
            assert np.asarray(getattr(ours, name)).dtype == np.asarray(getattr(theirs, name)).dtype, name
    with pytest.raises(ValueError, match="class labels as keys"):
        LogisticRegressionCV(
            class_weight={0: 1, 9: 1}, l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False
        ).fit(X, y)


def test_a_warm_start_from_another_shape_is_refused() -> None:
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    model = LogisticRegression(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="Initialization coef is of shape"):
        model.fit(X[:, :2], y)
    model.fit(X, y)


@pytest.mark.parametrize("estimator", [NearestNeighbors, KNeighborsClassifier, RadiusNeighborsClassifier])
def test_warnings_name_the_line_of_the_caller(estimator: Any) -> None:
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    with pytest.warns(SyntaxWarning, match="metric_params") as caught:
        estimator(metric="minkowski", metric_params={"p": 3}).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


def test_what_an_earlier_fit_found_is_gone() -> None:
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 4
    assert not hasattr(model.set_params(positive=True).fit(X, y), "rank_")


def test_scores_of_nothing_are_refused() -> None:
    model = LocalOutlierFactor(novelty=True).fit(sklearn.datasets.load_iris().data)
    for method in (model.score_samples, model.decision_function):
        with pytest.raises(ValueError, match="samples expected, got None"):
            method(None)


def test_graphs_of_scikit_learn_s_own_searchers() -> None:
    X = sklearn.datasets.load_iris().data
    theirs = sklearn.neighbors.NearestNeighbors().fit(X)
    assert (kneighbors_graph(theirs, 3) != sklearn.neighbors.kneighbors_graph(theirs, 3)).nnz == 0
    # No distance is at the rim.
    assert (radius_neighbors_graph(theirs, 0.517) != radius_neighbors_graph(X, 0.517)).nnz == 0


def test_squares_of_lengths_are_taken_and_not_needed() -> None:
    X = sklearn.datasets.load_iris().data
    expected = pairwise_distances_argmin_min(X, X[:7])
    for norms in (
        {"Y_norm_squared": np.ones(7)},
        {"X_norm_squared": np.zeros((150, 1)), "Y_norm_squared": None},
    ):
        for got, wanted in zip(
            pairwise_distances_argmin_min(X, X[:7], metric_kwargs=norms), expected, strict=True
        ):
            np.testing.assert_array_equal(got, wanted)
    with pytest.raises(ValueError, match="Y_norm_squared of one number per row"):
        pairwise_distances_argmin_min(X, X[:7], metric_kwargs={"Y_norm_squared": np.ones(6)})
    squared = pairwise_distances_argmin_min(X, X[:7], metric="nan_euclidean", metric_kwargs={"squared": True})
    np.testing.assert_allclose(squared[1], expected[1] ** 2)


def test_frames_of_other_columns_than_before() -> None:
    """The way for frames of float64 with the names of the fit is taken by nothing else."""
    pytest.importorskip("pandas", reason="its frames are what is tested")
    X, y = sklearn.datasets.load_iris(return_X_y=True, as_frame=True)
    model = Ridge().fit(X, y)
    expected = model.predict(X)
    for frame in (
        X,
        X.astype("Float64"),
        X.astype(object),
        X.assign(**{X.columns[0]: X.iloc[:, 0].astype("Float64")}),
    ):
        np.testing.assert_array_equal(model.predict(frame), expected)
    for frame, words in (
        (X[X.columns[::-1]], "same order"),
        (X.rename(columns={X.columns[0]: "other"}), "unseen"),
        (X.iloc[:, :3], "missing"),
        (X.assign(**{X.columns[0]: np.nan}), "NaN"),
        (X.iloc[:0], "0 sample"),
    ):
        with pytest.raises(ValueError, match=words):
            model.predict(frame)
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X.to_numpy())
