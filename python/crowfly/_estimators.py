# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's conventions, translated into the functional API's arguments: shared by all estimators."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias, TypeVar

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.model_selection import check_cv
from sklearn.utils import validation
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    check_consistent_length,
)

from crowfly import _core
from crowfly._sparse import check_structure
from crowfly._validation import LARGEST_EXACT_INTEGER, refuse_lazy

MatrixLike: TypeAlias = Any
"""Whatever scikit-learn's ``check_array`` makes a matrix of: arrays, nested lists, data frames."""

FloatArray: TypeAlias = NDArray[np.float64]
IndexArray: TypeAlias = NDArray[np.int64]

Fit = TypeVar("Fit", bound=Callable[..., Any])

# The functional API takes no larger number, and no machine has use for one.
_MOST_THREADS = 4096

# What an array of objects may hold for float64 to stand for it; NumPy's numbers are registered as Real, its bool isn't.
_REAL_OBJECTS = (Real, Decimal, np.bool_)

# How errors of NumPy begin that say nothing of where in a data frame.
_NO_NUMBERS = (
    "could not convert",
    "The DType",
    "dtype='numeric' is not compatible",
    "float() argument must be",
    "The truth value of an array",
)

# scikit-learn's own check of targets without that of their values: it makes NaN of None and numbers of strings before
# anyone has seen them, and lets arrays of strings and dates pass.
_SHAPE_OF_TARGETS = {"ensure_all_finite": False, "ensure_2d": False, "dtype": None}


def validates_parameters(fit: Fit) -> Fit:
    """Decorate `fit`: check the estimator's parameters first, as scikit-learn does."""
    checked: Fit = _fit_context(prefer_skip_nested_validation=True)(fit)
    return checked


def with_sparse(X: MatrixLike) -> dict[str, Any]:
    """Arguments of validation where samples may be sparse; those are converted to what the core takes, dense ones as for all other models."""
    dtypes = {"dtype": [np.float64, np.float32]} if issparse(X) else {}
    return {"accept_sparse": ["csr", "csc"], **dtypes}


class AcceptsSparse:
    """Tags of estimators whose samples may be sparse."""

    def __sklearn_tags__(self) -> Any:
        """Say that samples may be sparse."""
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        return tags


def as_number(value: Any) -> Any:
    """A parameter that is checked already: to scikit-learn True and False are numbers, to the functional API mistakes."""
    return float(value) if isinstance(value, bool) else value


def num_threads(n_jobs: int | None) -> int | None:
    """Number of threads that ``n_jobs`` stands for: None is the current setting, -1 all processors.

    joblib counts, so that nested parallelism (a search that already runs one process per processor)
    does not over-subscribe the machine.
    """
    return None if n_jobs is None else min(int(effective_n_jobs(n_jobs)), _MOST_THREADS)


def router_of(cv: Any) -> Any:
    """The splitter among what `cv` may be, for metadata routing: a number of folds asks for none, an iterator of them must stay whole."""
    return cv if hasattr(cv, "get_metadata_routing") else None


def splits_of(cv: Any, X: Any, y: Any, *, classifier: bool = False, **params: Any) -> list[tuple[Any, Any]]:
    """Pairs of training and test rows, as `check_cv` makes splitters.

    Raises
    ------
    ValueError
        If there is no pair.
    """
    splits = list(check_cv(cv, y, classifier=classifier).split(X, y, **params))
    if not splits:
        raise ValueError("cv: at least one pair of training and test rows expected, got none")
    return splits


def checked_sample_weight(sample_weight: Any, X: MatrixLike) -> FloatArray | None:
    """Weights of the rows of `X` as float64, or None where all rows weigh the same.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, all are zero, or their number is not that of the rows.
    """
    if sample_weight is None:
        return None
    refuse_lazy("sample_weight", sample_weight)
    weights: FloatArray = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def rounded_for(X: Any, values: Any) -> Any:
    """What a fit to `X` has found, in scikit-learn's dtype: float32 for samples of float32, rounded at the very end."""
    return np.asarray(values, dtype=np.float32)[()] if X.dtype == np.float32 else values


def predictions_for(X: Any, coef: Any, values: FloatArray) -> FloatArray:
    """Predictions in scikit-learn's dtype: float32 where samples and coefficients are."""
    narrow = X.dtype == coef.dtype == np.float32
    return values.astype(np.float32) if narrow else values


def dense_targets(y: Any) -> NDArray[Any]:
    """Targets as an array: scikit-learn's validation lets sparse indicator matrices pass."""
    return np.asarray(y.toarray() if issparse(y) else y)


def validate_data(estimator: Any, X: Any, *y: Any, **settings: Any) -> Any:
    """scikit-learn's function, after a look at the index arrays of sparse samples, which conversions trust; the column that is no numbers is named."""
    for name, value in zip(("X", "y"), (X, *y), strict=False):
        refuse_lazy(name, value)
    if issparse(X) and X.format in ("csr", "csc", "coo") and X.ndim == 2:
        check_structure("X", X)
    try:
        return _validated(estimator, X, *y, **settings)
    except (TypeError, ValueError) as error:
        column = _column_of_other_things(X)
        if column is None or not str(error).startswith(_NO_NUMBERS):
            raise
        kind: type[Exception] = ValueError if isinstance(error, ValueError) else TypeError
        words = f": {error}" if kind is ValueError else ""
        raise kind(f"X: columns of real numbers expected, {column}{words}") from None


def _validated(estimator: Any, X: Any, *y: Any, **settings: Any) -> Any:
    validated = validation.validate_data(estimator, X, *y, **settings)
    if isinstance(validated, tuple):
        return (_as_floats(validated[0], settings), *validated[1:])
    return _as_floats(validated, settings)


def _column_of_other_things(X: Any) -> str | None:
    """The first column of a data frame whose dtype is none of numbers, in words."""
    if not hasattr(X, "columns"):
        return None
    for name, dtype in zip(X.columns, X.dtypes, strict=False):
        numeric = (
            dtype.is_numeric() if hasattr(dtype, "is_numeric") else getattr(dtype, "kind", "O") in "buif"
        )
        if not numeric and str(dtype) != "Boolean":
            return f"column {name!r} is of dtype {dtype}"
    return None


def _as_floats(X: Any, settings: dict[str, Any]) -> Any:
    """Samples among which None stands for what is missing, as scikit-learn has them; the functional API refuses these, and integers that float64 rounds."""
    if not isinstance(X, np.ndarray) and not issparse(X):
        raise TypeError(
            f"X: an array of NumPy expected, got one of {type(X).__module__.partition('.')[0]}; convert it by numpy.asarray, or leave array_api_dispatch off"
        )
    if type(X) is not np.ndarray or X.dtype != object:
        if X.dtype.kind in "mM":
            raise TypeError(
                f"X: real numbers expected, got dtype {X.dtype}; make numbers of them, such as the days since a date"
            )
        return X
    floats = X.astype(np.float64)
    if np.any(np.abs(floats) >= LARGEST_EXACT_INTEGER):
        return X
    own = settings.get("validate_separately")
    allowed = (own[0] if own else settings).get("ensure_all_finite", True)
    if allowed is not False:
        assert_all_finite(floats, allow_nan=allowed == "allow-nan", input_name="X")
    return floats


def validated_samples(estimator: Any, X: MatrixLike, **samples: Any) -> Any:
    """Validate samples to predict for, as `validate_data` does.

    Arrays that it would pass on as they are pass at once: for one row it takes ten times as long as the prediction.
    """
    names = getattr(estimator, "feature_names_in_", None)
    values = X if names is None else _numbers_of_frame(X, names)
    as_it_is = (
        type(values) is np.ndarray
        and values.ndim == 2
        and values.dtype in (np.float64, np.float32)
        and len(values) > 0
        and values.shape[1] == getattr(estimator, "n_features_in_", None)
        and _core.scan(values)[1] < 0
    )
    return values if as_it_is else validate_data(estimator, X, reset=False, **samples)


def _numbers_of_frame(X: Any, names: NDArray[Any]) -> Any:
    """The numbers of a pandas frame of float64 with these names in this order, without a copy where it holds them so; None of anything else."""
    if type(X).__module__.partition(".")[0] != "pandas" or getattr(X, "ndim", 0) != 2:
        return None
    columns = X.columns.to_numpy()
    if columns.shape != names.shape or not np.array_equal(columns, names):
        return None
    return X.to_numpy() if all(dtype == np.float64 for dtype in X.dtypes) else None


def validated_regression_data(
    estimator: Any,
    X: MatrixLike,
    y: Any,
    *,
    ensure_all_finite: bool | str = True,
    **samples: Any,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Validate `X`, whose numbers are finite or may be missing ("allow-nan"), and targets of one or several columns.

    Raises
    ------
    ValueError
        As scikit-learn, and if `y` holds strings, or is an array of objects one of which is no real number.
    TypeError
        As scikit-learn, and if `y` is sparse, or holds dates or other things that are no real numbers.
    """
    X, y = validate_data(
        estimator,
        X,
        y,
        validate_separately=(
            {"ensure_all_finite": ensure_all_finite, **samples},
            _SHAPE_OF_TARGETS,
        ),
    )
    check_consistent_length(X, y)
    targets = np.asarray(y)
    if targets.dtype.kind == "O":
        targets = _floats_of_objects(targets)
    if targets.dtype.kind in "US":
        raise ValueError(
            f"y: real numbers expected, got strings of dtype {targets.dtype}; make numbers of them by .astype(float)"
        )
    if targets.dtype.kind not in "buif":
        raise TypeError(f"y: real numbers expected, got dtype {targets.dtype}")
    assert_all_finite(targets, input_name="y")
    return X, targets


def _floats_of_objects(targets: NDArray[np.object_]) -> FloatArray:
    wrong = {kind for kind in set(map(type, targets.flat)) if not issubclass(kind, _REAL_OBJECTS)}
    if wrong:
        place, value = next(entry for entry in np.ndenumerate(targets) if type(entry[1]) in wrong)
        raise ValueError(f"y: real numbers expected, y{list(place)} is {value!r}")
    try:
        return targets.astype(np.float64)
    except OverflowError:
        raise ValueError("y: numbers within the range of float64 expected") from None


def require_class_labels(labels: NDArray[Any]) -> None:
    """Refuse what are no class labels.

    Raises
    ------
    ValueError
        As scikit-learn, and if a label is NaT: it refuses missing labels of every other dtype.
    TypeError
        As scikit-learn, if labels can't be sorted.
    """
    if labels.dtype.kind in "mM" and np.isnat(labels).any():
        raise ValueError("Input y contains NaT.")
    try:
        check_classification_targets(labels)
    except TypeError:
        kinds = sorted({kind.__name__ for kind in set(map(type, labels.flat))})
        if len(kinds) == 1:
            raise
        raise TypeError(
            f"y: labels of one kind that can be sorted expected, got {' and '.join(kinds)}"
        ) from None


def csr_container() -> Any:
    """Class of the CSR matrices that scikit-learn's configuration asks for (since 1.9; matrices before)."""
    return csr_array if get_config().get("sparse_interface") == "sparray" else csr_matrix
