# SPDX-License-Identifier: BSD-3-Clause
"""Fitted attributes and results have scikit-learn's names, shapes and dtypes, for every kind of samples and targets; what differs is listed here."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from scipy.sparse import coo_array, csc_matrix, csr_array, issparse
from sklearn.exceptions import ConvergenceWarning

from estimators import OPTIONS, PAIRS, SKLEARN

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

if SKLEARN < (1, 9):
    pytest.skip("attributes are those of scikit-learn 1.9", allow_module_level=True)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
SPARSE = X * (RNG.random(X.shape) < 0.6)
Y = X @ [1.0, 2.0, -1.0, 0.5] + 0.1 * RNG.normal(size=90)
CODES = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=90), [-0.5, 0.5])
NAMES = np.array(["a", "bb", "ccc"])[CODES]
TWO = (CODES > 0).astype(int)
COLUMNS = ["a", "b", "c", "d"]

SAMPLES = {
    "float64": X,
    "float32": X.astype(np.float32),
    "float16": X.astype(np.float16),
    "by columns": np.asfortranarray(X),
    "integers": np.round(10 * X).astype(np.int64),
    "booleans": X > 0,
    "lists": X.tolist(),
    "pandas": pandas.DataFrame(X, columns=COLUMNS),
    "pandas float32": pandas.DataFrame(X.astype(np.float32), columns=COLUMNS),
    "polars": polars.DataFrame(X, schema=COLUMNS),
    "CSR": csr_array(SPARSE),
    "CSR float32": csr_array(SPARSE.astype(np.float32)),
    "CSC": csc_matrix(SPARSE),
    "COO": coo_array(SPARSE),
}
REGRESSION: dict[str, Any] = {
    "one": Y,
    "float32": Y.astype(np.float32),
    "integers": np.round(10 * Y).astype(np.int64),
    "booleans": Y > 0,
    "lists": Y.tolist(),
    "series": pandas.Series(Y, name="t"),
    "column": Y[:, np.newaxis],
    "several": np.column_stack([Y, -Y]),
    "several float32": np.column_stack([Y, -Y]).astype(np.float32),
    "frame": pandas.DataFrame({"s": Y, "t": -Y}),
}
LABELS: dict[str, Any] = {
    "three": CODES,
    "two": TWO,
    "booleans": TWO.astype(bool),
    "floats": TWO.astype(float),
    "int8": CODES.astype(np.int8),
    "strings": NAMES,
    "objects": NAMES.astype(object),
    "lists": CODES.tolist(),
    "series": pandas.Series(NAMES),
    "categories": pandas.Series(NAMES).astype("category"),
    "column": TWO[:, np.newaxis],
    "several": np.column_stack([TWO, CODES]),
    "indicators": np.column_stack([TWO, 1 - TWO]),
}
# Without targets, and those that are tried for all samples and all parameters.
NONE = {"none": None}
ALWAYS = ("none", "one", "three", "several")
ALL_TARGETS = ("float64", "float32", "CSR float32")
WITH_PARAMETERS = ("float64", "float32", "CSR", "CSR float32")

_SEARCH = {"cv": 3, "Cs": 3, "l1_ratios": (0.0,), "scoring": "accuracy", "solver": "newton-cholesky"}
MORE_PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "KNeighborsClassifier": [{"weights": "distance"}],
    "KNeighborsRegressor": [{"weights": "distance"}],
    "RadiusNeighborsRegressor": [{"weights": "distance", "radius": 5.0}],
    "KNeighborsTransformer": [{"mode": "connectivity"}],
    "RadiusNeighborsTransformer": [{"mode": "connectivity", "radius": 5.0}],
    "LocalOutlierFactor": [{"novelty": False}, {"contamination": 0.1, "novelty": True}],
    "NearestCentroid": [{"metric": "manhattan"}, {"shrink_threshold": 0.1}, {"priors": "empirical"}],
    "LinearRegression": [{"fit_intercept": False}, {"positive": True}],
    "Ridge": [
        {"fit_intercept": False},
        {"positive": True},
        *({"solver": solver} for solver in ("svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga")),
    ],
    "RidgeCV": [
        {"store_cv_results": True},
        {"cv": 3},
        {"alpha_per_target": True},
        {"scoring": "r2"},
        {"fit_intercept": False},
    ],
    "RidgeClassifier": [{"class_weight": "balanced"}, {"fit_intercept": False}, {"positive": True}],
    "RidgeClassifierCV": [{"store_cv_results": True}, {"cv": 3}, {"scoring": "accuracy"}],
    "Lasso": [{"alpha": 0.1}, {"fit_intercept": False}],
    "LassoCV": [{"fit_intercept": False, "cv": 3, "alphas": [0.1, 0.01]}],
    "ElasticNetCV": [{"l1_ratio": [0.2, 0.7], "cv": 3, "alphas": 10}],
    "LogisticRegression": [
        {"solver": "liblinear"},
        {"solver": "newton-cholesky"},
        {"fit_intercept": False},
        {"solver": "saga", "l1_ratio": 0.5},
    ],
    "LogisticRegressionCV": [
        {**_SEARCH, "use_legacy_attributes": True},
        {**_SEARCH, "use_legacy_attributes": False, "refit": False},
    ],
}

#: Certificates, which scikit-learn doesn't have.
MORE = {
    "LogisticRegression": {"gradient_norm_", "n_reads_", "optimality_gap_"},
    "LogisticRegressionCV": {"gradient_norm_", "n_reads_", "optimality_gap_"},
    # There with dense samples only.
    "LinearRegression": {"rank_"},
    "LassoCV": {"sparse_coef_"},
    "ElasticNetCV": {"sparse_coef_"},
}
#: float64 here where scikit-learn has float32: bounds that rounding would make wrong, errors, and distances (in scikit-learn those of sparse samples only).
WIDER = {
    "dual_gap_",
    "mse_path_",
    "cv_results_",
    "kneighbors",
    "transform",
}
#: Samples of float32 for which scikit-learn's results are float64 (LinearRegression without an intercept only): not for arrays of the same numbers.
FLOAT64_THERE = {("LinearRegression", "CSR float32"), ("RidgeCV", "pandas float32")}
#: One target in a column is one target here.
OTHER = {("RidgeCV", "best_score_", "column")}
#: Passes are counted by default, since scikit-learn's checks ask for a count; its own default solver has none.
COUNTED = {("Ridge", "n_iter_"), ("RidgeClassifier", "n_iter_")}
#: What scikit-learn's own can't be fitted to: it subtracts booleans.
ONLY_OURS = {("NearestCentroid", "booleans")}

METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score_samples",
    "kneighbors",
    "radius_neighbors",
    "transform",
)


def described(value: Any) -> Any:
    """Kind, dtype and shape; of numbers whether they are NumPy's."""
    if isinstance(value, np.ndarray):
        return "array", value.dtype.name if value.dtype.kind != "U" else "str", value.shape
    if issparse(value):
        return "sparse", value.format, value.dtype.name, value.shape
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *map(described, value))
    if isinstance(value, dict):
        return ("dict", *((key, described(item)) for key, item in value.items()))
    if isinstance(value, float):
        # NumPy's float64 is a float of Python's.
        return "float"
    return type(value).__name__


def fitted_attributes(model: Any) -> dict[str, Any]:
    names = {
        *vars(model),
        *(
            name
            for name in dir(type(model))
            if isinstance(getattr(type(model), name), (property, cached_property))
        ),
    }
    public = (
        name for name in names if name.endswith("_") and not name.startswith("_") and hasattr(model, name)
    )
    return {name: described(getattr(model, name)) for name in public}


def found(kind: Any, parameters: dict[str, Any], samples: Any, targets: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (ConvergenceWarning, UserWarning, FutureWarning, RuntimeWarning))
        try:
            model = kind(**parameters).fit(samples, targets)
        except (TypeError, ValueError) as error:
            return {"fit": type(error).__name__}
        results = fitted_attributes(model)
        new = samples if isinstance(samples, (list, coo_array)) else samples[:20]
        results.update(
            {name: described(getattr(model, name)(new)) for name in METHODS if hasattr(model, name)}
        )
    return results


def with_dtypes(description: Any, dtypes: dict[str, str]) -> Any:
    if isinstance(description, tuple):
        return tuple(with_dtypes(part, dtypes) for part in description)
    return dtypes.get(description, description) if isinstance(description, str) else description


def alike(name: str, attribute: str, data: tuple[str, str], ours: Any, theirs: Any) -> bool:
    samples, targets = data
    if ours is None:
        return False
    if theirs is None:
        return attribute in MORE.get(name, set())
    if (name, attribute) in COUNTED and "NoneType" in (ours, theirs):
        return True
    dtypes = {"float32": "float64", "float": "float64"}
    if samples == "float16":
        # scikit-learn's ridge solves such problems in half precision.
        dtypes = {"float16": "float64", "float": "float64"}
        if attribute == "singular_":
            # And SciPy's singular values of half precision are in single.
            dtypes["float32"] = "float64"
    if samples == "float16" or attribute in WIDER or (name, samples) in FLOAT64_THERE:
        ours, theirs = with_dtypes(ours, dtypes), with_dtypes(theirs, dtypes)
    return ours == theirs or (name, attribute, targets) in OTHER


def cases(name: str) -> list[tuple[dict[str, Any], str, str]]:
    given = OPTIONS.get(name, {})
    if name == "LogisticRegressionCV":
        given = {**given, "l1_ratios": (0.0,)}
    targets = targets_of(name)
    return [
        (parameters, samples, target)
        for parameters in (given, *MORE_PARAMETERS.get(name, []))
        for samples in SAMPLES
        for target in targets
        if (parameters is given or samples in WITH_PARAMETERS)
        and (samples in ALL_TARGETS or target in ALWAYS)
    ]


def targets_of(name: str) -> dict[str, Any]:
    if any(part in name for part in ("Transformer", "Outlier", "NearestNeighbors")):
        return NONE
    return LABELS if any(part in name for part in ("Classifier", "Logistic", "Centroid")) else REGRESSION


@pytest.mark.parametrize("name", PAIRS)
def test_names_shapes_and_dtypes(name: str) -> None:
    ours, theirs = PAIRS[name]
    different = []
    for parameters, samples, targets in cases(name):
        data = SAMPLES[samples], targets_of(name)[targets]
        if (name, samples) in ONLY_OURS:
            assert "fit" in found(theirs, parameters, *data)
            continue
        mine, others = found(ours, parameters, *data), found(theirs, parameters, *data)
        different += [
            (parameters, samples, targets, attribute, mine.get(attribute), others.get(attribute))
            for attribute in sorted({*mine, *others})
            if not alike(name, attribute, (samples, targets), mine.get(attribute), others.get(attribute))
        ]
    assert different == [], "\n".join(map(str, different[:20]))
