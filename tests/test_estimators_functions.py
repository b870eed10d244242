# SPDX-License-Identifier: BSD-3-Clause
"""Functions of scikit-learn's linear_model and neighbors: the same signature and results, warnings and refusals."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.neighbors
from scipy.sparse import coo_array, csc_array, csr_array, dok_array, random_array
from sklearn.datasets import load_diabetes
from sklearn.exceptions import EfficiencyWarning

import crowfly
from crowfly.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    Ridge,
    enet_path,
    lasso_path,
    ridge_regression,
)
from crowfly.neighbors import sort_graph_by_row_values
from estimators import SKLEARN

DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PROGRESS = PROGRESS - PROGRESS.mean()
RNG = np.random.default_rng(3)
SPARSE = random_array((60, 12), density=0.3, rng=4, format="csr")
TARGET = RNG.normal(size=60)

FUNCTIONS = {
    "enet_path": sklearn.linear_model,
    "lasso_path": sklearn.linear_model,
    "ridge_regression": sklearn.linear_model,
    "kneighbors_graph": sklearn.neighbors,
    "radius_neighbors_graph": sklearn.neighbors,
    "sort_graph_by_row_values": sklearn.neighbors,
}


@pytest.mark.skipif(SKLEARN < (1, 9), reason="signatures are those of scikit-learn 1.9")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures(name: str) -> None:
    ours = getattr(
        crowfly.neighbors if "neighbors" in name or "graph" in name else crowfly.linear_model, name
    )
    parts = [
        [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
        for function in (ours, getattr(FUNCTIONS[name], name))
    ]
    assert parts[0] == parts[1]


# --- Paths ---


def both(name: str, X: Any, y: Any, **options: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    ours = getattr(crowfly.linear_model, name)(X, y, **options)
    # 1.8 has another parameter for the number of alphas.
    if SKLEARN < (1, 9) and isinstance(options.get("alphas"), int):
        options["n_alphas"] = options.pop("alphas")
    theirs = getattr(sklearn.linear_model, name)(X, y, tol=1e-12, max_iter=100_000, **options)
    return ours, theirs


COLUMN = PROGRESS[:, np.newaxis]


@pytest.mark.parametrize("name", ["enet_path", "lasso_path"])
@pytest.mark.parametrize(
    ("y", "options"),
    [
        (PROGRESS, {}),
        (COLUMN, {}),
        (PROGRESS, {"alphas": 7, "eps": 0.01}),
        (PROGRESS, {"alphas": [0.1, 1.0, 0.01]}),
        (COLUMN, {"alphas": [0.1, 1.0, 0.01]}),
        (PROGRESS, {"alphas": [0.3]}),
        (PROGRESS, {"positive": True, "alphas": 8}),
        (PROGRESS, {"precompute": DIABETES.T @ DIABETES, "Xy": DIABETES.T @ PROGRESS, "alphas": 5}),
        (PROGRESS, {"coef_init": np.ones(10), "alphas": 5, "copy_X": False, "precompute": False}),
    ],
)
def test_paths_are_scikit_learns(name: str, y: Any, options: dict[str, Any]) -> None:
    X = DIABETES.copy()
    ours, theirs = both(name, X, y, return_n_iter=True, **options)
    np.testing.assert_array_equal(X, DIABETES)
    assert len(ours) == len(theirs) == 4
    for found, wanted in zip(ours[:3], theirs[:3], strict=True):
        assert found.shape == np.shape(wanted)
        assert found.dtype == np.float64
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-12)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5, atol=1e-4)
    assert (ours[2] >= 0).all()
    assert (ours[2] < 1e-8).all()
    assert isinstance(ours[3], list)
    assert len(ours[3]) == len(ours[0])


def test_elastic_nets_of_sparse_and_narrow_samples() -> None:
    ours, theirs = both("enet_path", SPARSE, TARGET, l1_ratio=0.8, alphas=6)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-8)
    for kind in (csc_array, coo_array):
        np.testing.assert_array_equal(enet_path(kind(SPARSE), TARGET, l1_ratio=0.8, alphas=6)[1], ours[1])
    narrow = enet_path(DIABETES.astype(np.float32), PROGRESS, alphas=3)[1]
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, enet_path(DIABETES, PROGRESS, alphas=3)[1], rtol=1e-4, atol=1e-2)


def test_no_intercept_is_fitted() -> None:
    shifted = PROGRESS + 100
    alphas, coefs, _ = lasso_path(DIABETES + 1, shifted, alphas=[0.5])
    model = Lasso(alpha=0.5, fit_intercept=False).fit(DIABETES + 1, shifted)
    np.testing.assert_array_equal(coefs[:, 0], model.coef_)
    assert alphas.tolist() == [0.5]


def test_a_target_that_nothing_explains() -> None:
    ours, theirs = both("lasso_path", DIABETES, np.zeros(len(PROGRESS)), alphas=3)
    for found, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_paths_are_methods_of_estimators() -> None:
    assert ElasticNet.path is Lasso.path is ElasticNetCV.path is enet_path
    assert LassoCV.path is lasso_path
    np.testing.assert_array_equal(
        LassoCV().path(DIABETES, PROGRESS, alphas=3)[1], lasso_path(DIABETES, PROGRESS, alphas=3)[1]
    )


def test_deprecated_parameters_of_paths() -> None:
    with pytest.warns(FutureWarning, match="'n_alphas' was deprecated"):
        alphas = lasso_path(DIABETES, PROGRESS, n_alphas=3)[0]
    np.testing.assert_array_equal(alphas, lasso_path(DIABETES, PROGRESS, alphas=3)[0])
    with pytest.warns(FutureWarning, match="'alphas=None' is deprecated"):
        assert len(enet_path(DIABETES, PROGRESS, alphas=None)[0]) == 100


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"y": np.column_stack([PROGRESS, PROGRESS])},
            "y: one target expected, got 2; crowfly.enet_path fits several",
        ),
        ({"y": PROGRESS[:, np.newaxis], "positive": True}, "positive=True is not allowed for multi-output"),
        ({"y": PROGRESS[:9]}, "inconsistent numbers of samples"),
        ({"y": np.where(PROGRESS > 0, PROGRESS, np.nan)}, "Input y contains NaN"),
        ({"sample_weight": np.ones(442)}, "Unexpected parameters in params: sample_weight"),
        ({"selection": "other"}, "selection should be either random or cyclic"),
        ({"random_state": "x"}, "cannot be used to seed"),
        ({"l1_ratio": 0}, "grid generation is not supported for l1_ratio=0"),
        ({"alphas": [1.0, -1.0]}, "alphas: numbers from 0 to"),
        ({"alphas": 0}, "The 'alphas' parameter of enet_path must be"),
        ({"coef_init": np.zeros(3)}, r"coef_init: one number per feature \(10\) expected, got shape \(3,\)"),
        ({"Xy": np.zeros((3, 1))}, r"Xy: one number per feature \(10\) expected"),
        ({"precompute": 2 * DIABETES.T @ DIABETES}, "Gram matrix passed in via 'precompute'"),
    ],
)
def test_what_paths_refuse(options: dict[str, Any], message: str) -> None:
    y = options.pop("y", PROGRESS)
    with pytest.raises(ValueError, match=message):
        enet_path(DIABETES, y, **options)


def test_solver_parameters_of_paths_change_nothing() -> None:
    plain = enet_path(DIABETES, PROGRESS, alphas=4)[1]
    options = {"tol": 1.0, "max_iter": 1, "random_state": 0, "selection": "random", "do_screening": False}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(enet_path(DIABETES, PROGRESS, alphas=4, **options)[1], plain)


# --- Ridge regression ---


@pytest.mark.parametrize("X", [RNG.normal(size=(60, 12)), SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("y", [TARGET, TARGET[:, np.newaxis], np.column_stack([TARGET, -(TARGET**2)])])
@pytest.mark.parametrize("weights", [None, 2.0, np.linspace(0.5, 2, 60)], ids=["none", "number", "array"])
def test_ridge_regression(X: Any, y: Any, weights: Any) -> None:
    coef = ridge_regression(X, y, 0.7, sample_weight=weights)
    wanted = sklearn.linear_model.ridge_regression(X, y, 0.7, sample_weight=weights, solver="cholesky")
    assert coef.shape == wanted.shape
    np.testing.assert_allclose(coef, wanted, rtol=1e-9, atol=1e-12)


def test_what_ridge_regression_returns() -> None:
    X, Y = RNG.normal(size=(60, 12)), np.column_stack([TARGET, -TARGET])
    coef = ridge_regression(X, Y, [0.5, 2.0])
    np.testing.assert_array_equal(coef, Ridge([0.5, 2.0], fit_intercept=False).fit(X, Y).coef_)
    again, n_iter = ridge_regression(X, Y, [0.5, 2.0], return_n_iter=True)
    np.testing.assert_array_equal(again, coef)
    assert n_iter.shape == (2,)
    model = Ridge(0.5).fit(X, TARGET)
    with_intercept, count, intercept = ridge_regression(
        X, TARGET, 0.5, return_intercept=True, return_n_iter=True
    )
    np.testing.assert_array_equal(with_intercept, model.coef_)
    assert (count.shape, intercept) == ((1,), model.intercept_)
    assert np.ndim(ridge_regression(X, TARGET[:, np.newaxis], 0.5, return_intercept=True)[1]) == 0
    assert ridge_regression(X, TARGET, 0.5, solver="svd", return_n_iter=True)[1] is None
    assert (ridge_regression(X, TARGET, 0.5, positive=True) >= 0).all()
    with pytest.raises(ValueError, match="only 'sag' solver can directly fit the intercept"):
        ridge_regression(X, TARGET, 0.5, solver="svd", return_intercept=True)
    with pytest.raises(ValueError, match="'lbfgs' solver can be used only when positive=True"):
        ridge_regression(X, TARGET, 0.5, solver="lbfgs")
    with pytest.raises(ValueError, match="only 'lbfgs' solver can be used"):
        ridge_regression(X, TARGET, 0.5, solver="cholesky", positive=True)
    with pytest.raises(ValueError, match="The 'alpha' parameter of ridge_regression"):
        ridge_regression(X, TARGET, -1.0)


# --- Graphs ---


@pytest.mark.parametrize("regular", [True, False])
def test_graphs_are_sorted_as_scikit_learn_sorts_them(regular: bool) -> None:
    X = RNG.integers(0, 4, size=(40, 2)).astype(float)
    graph = (
        sklearn.neighbors.kneighbors_graph(X, 5, mode="distance")
        if regular
        else sklearn.neighbors.radius_neighbors_graph(X, 1.5, mode="distance")
    )
    graph.sort_indices()
    before = graph.data.copy()
    with pytest.warns(EfficiencyWarning, match="was not sorted by row values"):
        ours = sort_graph_by_row_values(graph, copy=True)
    np.testing.assert_array_equal(graph.data, before)
    theirs = sklearn.neighbors.sort_graph_by_row_values(graph.copy(), warn_when_not_sorted=False)
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    assert sort_graph_by_row_values(ours) is ours
    assert sort_graph_by_row_values(graph, warn_when_not_sorted=False) is graph
    np.testing.assert_array_equal(graph.data, theirs.data)


def test_graphs_of_other_formats() -> None:
    graph = csr_array([[0.0, 3.0, 1.0], [3.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    for kind in (csc_array, coo_array):
        with pytest.raises(ValueError, match=r"not in CSR format\. Use copy=True"):
            sort_graph_by_row_values(kind(graph), warn_when_not_sorted=False)
        found = sort_graph_by_row_values(kind(graph), copy=True, warn_when_not_sorted=False)
        assert found.data.tolist() == [1, 3, 2, 3, 1, 2]
    with pytest.raises(TypeError, match="'dok' format is not supported"):
        sort_graph_by_row_values(dok_array(graph), copy=True, warn_when_not_sorted=False)
