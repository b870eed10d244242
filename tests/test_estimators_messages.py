# SPDX-License-Identifier: BSD-3-Clause
"""What estimators advise is something their user can do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import crowfly.linear_model
import crowfly.neighbors
from crowfly.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifierCV,
    RidgeCV,
)
from crowfly.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NearestCentroid,
    RadiusNeighborsClassifier,
)
from estimators import PAIRS, make

pandas = pytest.importorskip("pandas", reason="its frames are what is tested")
polars = pytest.importorskip("polars", reason="its frames are what is tested")

SEPARABLE = np.array([[0.0], [1.0], [2.0], [3.0]])
WIDE = sparse.random_array((20, 6001), density=0.01, random_state=0, format="csr")


@pytest.mark.parametrize("module", [crowfly.linear_model, crowfly.neighbors])
def test_parameters_that_are_none_name_the_class(module: Any) -> None:
    for name in module.__all__:
        if isinstance(getattr(module, name), type):
            with pytest.raises(TypeError, match=rf"^{name}\.__init__\(\) got an unexpected keyword"):
                getattr(module, name)(parameter=1)


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning", "ignore:Setting penalty:UserWarning")
def test_no_penalty_is_left_out_before_C_counts() -> None:
    with (
        pytest.warns(FutureWarning, match="'penalty' was deprecated"),
        pytest.warns(ConvergenceWarning, match=r"\(penalty=None\).*use a finite C without penalty=None"),
    ):
        LogisticRegression(penalty=None).fit(SEPARABLE, [0, 0, 1, 1])
    with pytest.warns(ConvergenceWarning, match=r"\(C=np\.inf\).*use a finite C\b(?! without)"):
        LogisticRegression(C=np.inf).fit(SEPARABLE, [0, 0, 1, 1])


def test_sparse_samples_of_many_features() -> None:
    with pytest.raises(ValueError, match=r"at most 6000 features .*; Ridge has no such limit"):
        LinearRegression().fit(WIDE, np.arange(20), sample_weight=np.arange(1, 21))
    # Independent samples without weights need no cross products.
    assert LinearRegression().fit(WIDE, np.arange(20)).coef_.shape == (6001,)
    with pytest.raises(ValueError, match=r"at most 6000 features .*; alpha > 0 has no such limit"):
        Ridge(alpha=0).fit(WIDE, np.arange(20))
    assert Ridge().fit(WIDE, np.arange(20)).coef_.shape == (6001,)


def test_no_steps_are_no_fit_but_for_scikit_learns_users() -> None:
    for fit in (crowfly.logistic, crowfly.logistic_path, crowfly.logit):
        with pytest.raises(ValueError, match="max_iter: from 1 to 2147483647 expected, got 0"):
            fit(SEPARABLE, [0, 1, 0, 1], max_iter=0)
    with pytest.warns(UserWarning, match="limit of 0 iterations"):
        assert LogisticRegression(max_iter=0).fit(SEPARABLE, [0, 1, 0, 1]).coef_ == 0


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.coo_matrix])
@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_:UserWarning")
def test_centroids_of_small_numbers(dtype: type, container: type) -> None:
    X = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    model = NearestCentroid().fit(container(X.astype(dtype)), [0, 0, 1, 1])
    assert model.centroids_.tolist() == [[1, 0.5, 0], [0, 0.5, 1]]
    assert model.predict(container(X.astype(dtype))).tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="zero variance"):
        NearestCentroid().fit(container(np.ones((4, 2), dtype)), [0, 0, 1, 1])


def test_ridge_names_the_solver_asked_for() -> None:
    X, y = np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)
    for solver in ("svd", "cholesky", "lsqr", "sag"):
        assert Ridge(solver=solver).fit(X, y).solver_ == solver
    assert Ridge().fit(X, y).solver_ in ("cholesky", "qr")
    for solver in ("svd", "cholesky", "saga"):
        with pytest.raises(
            ValueError, match=f"solver='{solver}' does not support fitting the intercept on sparse"
        ):
            Ridge(solver=solver).fit(sparse.csr_array(X), y)
        Ridge(solver=solver, fit_intercept=False).fit(sparse.csr_array(X), y)


def test_grids_of_penalties() -> None:
    X, y = np.random.default_rng(0).standard_normal((20, 3)), np.arange(20.0)
    for model in (LassoCV, ElasticNetCV):
        with pytest.raises(ValueError, match=r"alphas\[1\] == -1, must be >= 0\.0\."):
            model(alphas=(1, -1)).fit(X, y)
        with pytest.raises(TypeError, match=r"alphas\[2\] must be an instance of float, not str"):
            model(alphas=(1, 1.0, "1")).fit(X, y)
    with pytest.raises(ValueError, match="Automatic alpha grid generation is not supported for l1_ratio=0"):
        ElasticNetCV(l1_ratio=0).fit(X, y)
    with pytest.warns(FutureWarning, match="'svd' mode is not supported for sparse X"):
        RidgeCV(gcv_mode="svd").fit(sparse.csr_array(X), y)


RNG = np.random.default_rng(7)
X = RNG.standard_normal((60, 3))
Y = X @ [1.0, 2.0, 0.0] + 0.1 * RNG.standard_normal(60)
CODES = (X[:, 0] > 0).astype(int)


def test_numbers_too_large_for_penalties() -> None:
    for samples, target in ((X * 1e160, Y), (X, Y * 1e160), (X * 1e160, Y * 1e160)):
        for model in (LassoCV(), ElasticNetCV(), LassoCV(cv=[(np.arange(40), np.arange(20, 60))])):
            with pytest.raises(
                ValueError,
                match=r"^X and y: numbers so large that the grid .* divide X or y by a power of two",
            ):
                model.fit(samples, target)
    with pytest.warns(ConvergenceWarning, match=r"X has numbers up to \d+e\+160.*divide by a power of two"):
        LogisticRegression().fit(X * 1e160, CODES)
    search = LogisticRegressionCV(l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False)
    with pytest.raises(ValueError, match=r"^X: numbers up to \d+e\+160.*divide by a power of two"):
        search.fit(X * 1e160, CODES)


@pytest.mark.parametrize("name", PAIRS)
def test_dates_are_no_numbers(name: str) -> None:
    dates = np.full((60, 3), "2020-01-01", dtype="datetime64[D]")
    with pytest.raises(TypeError, match=r"X: real numbers expected, got dtype datetime64\[D\]"):
        make(name).fit(dates, CODES)
    with pytest.raises(TypeError, match=r"X: real numbers expected, got dtype timedelta64"):
        make(name).fit(dates - dates[0], CODES)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("column", "kind", "dtype"),
    [
        (["u", "v"] * 30, ValueError, "(str|object|String)"),
        (pandas.Series(["u", "v"] * 30, dtype="category"), ValueError, "(category|String|Categorical.*)"),
        (np.full(60, "2020-01-01", dtype="datetime64[s]"), TypeError, "datetime64"),
    ],
    ids=["strings", "categories", "dates"],
)
def test_the_column_without_numbers_is_named(
    name: str, column: Any, kind: type[Exception], dtype: str
) -> None:
    frame = pandas.DataFrame({"a": X[:, 0], "when": column})
    with pytest.raises(
        kind, match=rf"X: columns of real numbers expected, column 'when' is of dtype {dtype}"
    ):
        make(name).fit(frame, CODES)
    if kind is ValueError:
        with pytest.raises(
            ValueError, match=r"column 'when' is of dtype .*could not convert string to float: 'u'"
        ):
            make(name).fit(polars.DataFrame({"a": X[:, 0], "when": list(column)}), CODES)


class _Foreign:
    """What array_api_dispatch lets through validation."""

    dtype, ndim, shape = np.dtype(np.float64), 2, (60, 3)


@pytest.mark.parametrize("name", PAIRS)
def test_arrays_of_other_libraries(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def passed_on(estimator: Any, X: Any, *y: Any, **_: Any) -> Any:
        estimator.n_features_in_ = 3
        given = [part for part in y if part is not None and not isinstance(part, str)]
        return (X, *given) if given else X

    monkeypatch.setattr("sklearn.utils.validation.validate_data", passed_on)
    with pytest.raises(
        TypeError,
        match=r"X: an array of NumPy expected, got one of tests?[_a-z]*; convert it by numpy.asarray",
    ):
        make(name).fit(_Foreign(), CODES)


def test_functions_that_weigh() -> None:
    def nothing(distances: Any) -> Any:
        weights = np.ones_like(distances)
        weights[1] = 0
        return weights

    def lost(distances: Any) -> Any:
        weights = np.ones_like(distances)
        weights[2, 1] = np.nan
        return weights

    for model in (KNeighborsRegressor, KNeighborsClassifier):
        fitted = model(weights=nothing).fit(X, CODES)
        with pytest.raises(ValueError, match="only zeros for query 1"):
            fitted.predict(X[:3])
        with pytest.raises(ValueError, match="weights returned NaN for query 2"):
            fitted.set_params(weights=lost).predict(X[:3])

    def lost_run(distances: Any) -> Any:
        return np.array(
            [np.full(len(run), np.nan if i == 1 else 1.0) for i, run in enumerate(distances)], dtype=object
        )

    near = RadiusNeighborsClassifier(radius=2.0, weights=lost_run).fit(X, CODES)
    with pytest.raises(ValueError, match="weights returned NaN for query 1"):
        near.predict_proba(X[:3])


# --- Iterations ---


@pytest.mark.parametrize("model", [Lasso(alpha=0.01), ElasticNet(alpha=0.01), LassoCV(), ElasticNetCV()])
def test_more_steps_than_max_iter(model: Any) -> None:
    wide = np.random.default_rng(1).standard_normal((50, 25))
    target = wide[:, :5].sum(axis=1) + np.random.default_rng(2).standard_normal(50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = model.fit(wide, target)
        coef, steps = plain.coef_, plain.n_iter_
        model.set_params(max_iter=steps).fit(wide, target)
    assert steps > 1
    with pytest.warns(
        ConvergenceWarning, match=r"Objective did not converge. You might want to increase .* max_iter=1 "
    ) as caught:
        limited = model.set_params(max_iter=1).fit(wide, target)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(limited.coef_, coef)
    assert limited.n_iter_ == steps


@pytest.mark.parametrize("model", [Lasso(alpha=0), ElasticNet(alpha=0.0, l1_ratio=0.3)])
def test_no_penalty_is_warned_of_as_in_scikit_learn(model: Any) -> None:
    words = "With alpha=0, this algorithm does not converge well. You are advised to use the LinearRegression estimator"
    with pytest.warns(UserWarning, match=words):
        model.fit(X, Y)
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, Y).coef_, rtol=1e-13)


def test_gaps_are_warned_of_by_scikit_learns_class() -> None:
    with pytest.warns(ConvergenceWarning, match="a gap of inf could be certified"):
        Lasso().fit(X * 1e160, Y * 1e160)


def test_passes_are_counted_where_scikit_learn_counts() -> None:
    for solver in ("svd", "cholesky", "sparse_cg"):
        assert Ridge(solver=solver).fit(X, Y).n_iter_ is None
    for solver in ("auto", "lsqr", "sag", "saga"):
        assert Ridge(solver=solver).fit(X, Y).n_iter_.shape == (1,)


# --- Separated classes ---


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("tol", [1e-4, 1e-8, 0.0])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_separated_classes_get_probabilities_of_almost_one(classes: int, tol: float, container: Any) -> None:
    codes = CODES if classes == 2 else np.digitize(X[:, 0], [-0.5, 0.5])
    samples = container(X)
    weights = np.where(np.arange(60) % 7 == 0, 0.0, 2.0)
    model = LogisticRegression(C=np.inf, tol=tol)
    with pytest.warns(
        ConvergenceWarning, match="the class of each training sample a probability of about 1 - tol"
    ):
        model.fit(samples, codes, weights)
    own = model.predict_proba(samples)[np.arange(60), codes][weights > 0]
    assert own.min() >= 1 - 2 * max(tol, 2**-52)
    assert own.min() <= 1 - tol / 3
    # What is reported is of this model.
    loss = -2 * model.predict_log_proba(samples)[np.arange(60), codes][weights > 0].sum()
    assert model._result.objective == pytest.approx(loss, rel=1e-9)
    assert 0 < model.gradient_norm_ < 60 * max(tol, 1e-15) * 10
    assert model.optimality_gap_ == np.inf


def test_classes_that_a_plane_touches_keep_their_uncertainty() -> None:
    touched = np.array([[0.0], [1.0], [1.0], [2.0]])
    with pytest.warns(ConvergenceWarning, match="those at which the steps ended"):
        model = LogisticRegression(C=np.inf).fit(touched, [0, 0, 1, 1])
    assert model.predict_proba([[1.0]])[0, 0] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("classes", [3, 4])
def test_separated_classes_beside_one_without_weight(classes: int) -> None:
    codes = np.digitize(X[:, 0], [-0.5, 0.5] if classes == 3 else [-0.5, 0.0, 0.5])
    weights = {k: float(k < classes - 1) for k in range(classes)}
    with pytest.warns(ConvergenceWarning, match="separates classes"):
        model = LogisticRegression(C=np.inf, class_weight=weights).fit(X, codes)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (60, classes)
    assert (probabilities[:, -1] == 0).all()
    known = codes < classes - 1
    assert (model.predict(X)[known] == codes[known]).all()


def test_one_class_against_the_rest() -> None:
    three = np.digitize(X[:, 0] + RNG.standard_normal(60), [-0.5, 0.5])
    for codes in (three, (three > 0).astype(int)):
        model = LogisticRegression().fit(X, codes)
        theirs = PAIRS["LogisticRegression"][1](tol=1e-10).fit(X, codes)
        np.testing.assert_allclose(model._predict_proba_lr(X), theirs._predict_proba_lr(X), atol=1e-6)
    model.coef_, model.intercept_ = np.zeros((3, 3)), np.full(3, -1e4)
    model.classes_ = np.arange(3)
    np.testing.assert_array_equal(model._predict_proba_lr(X[:1]), np.full((1, 3), 1 / 3))


@pytest.mark.parametrize(
    "model", [RidgeCV(), RidgeClassifierCV(), RidgeCV(scoring="r2"), RidgeClassifierCV(scoring="accuracy")]
)
def test_routing_can_be_looked_at(model: Any) -> None:
    assert "scorer" in repr(model.get_metadata_routing())


def test_columns_of_times_are_named() -> None:
    numbers, days = np.arange(60.0), pandas.date_range("2020", periods=60)
    frames = {
        "datetime64": pandas.DataFrame({"a": numbers, "day": days}),
        "UTC": pandas.DataFrame({"a": numbers, "day": days.tz_localize("UTC")}),
        "period": pandas.DataFrame({"a": numbers, "day": days.to_period("D")}),
    }
    for dtype, frame in frames.items():
        for model in (Ridge(), KNeighborsRegressor()):
            with pytest.raises(TypeError, match=rf"X: columns of real numbers .*'day' is of dtype .*{dtype}"):
                model.fit(frame, numbers)
    lists = polars.DataFrame({"a": [[1.0, 2.0]] * 60})
    with pytest.raises(ValueError, match="column 'a' is of dtype List"):
        Ridge().fit(lists, numbers)
