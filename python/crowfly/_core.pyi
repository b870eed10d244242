# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

# Row starts, columns, values and width.
_Sparse: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], int]

__version__: str
compiler: str
_kernels: ModuleType

class NotFiniteError(ValueError): ...

class Restriction:
    def __init__(
        self,
        exclude_self: bool,
        query_groups: NDArray[np.int64] | None,
        point_groups: NDArray[np.int64] | None,
        mask: NDArray[np.bool_] | None,
    ) -> None: ...

class Searched:
    def query(
        self, queries: Any, k: int, restriction: Restriction, num_threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
    def explain(self, n_queries: int, k: int, num_threads: int) -> tuple[str, str, int, bool, int, int]: ...
    def query_radius(
        self, queries: Any, radius: float, restriction: Restriction, num_threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]: ...
    def votes(
        self,
        queries: Any,
        reach: float,  # an int: so many neighbours; a float: a radius
        restriction: Restriction,
        classes: Sequence[NDArray[np.int32]],
        n_classes: Sequence[int],
        by_distance: bool,
        weights: NDArray[np.float64] | None,
        num_threads: int,
    ) -> list[NDArray[np.float64]]: ...
    def means(
        self,
        queries: Any,
        reach: float,  # an int: so many neighbours; a float: a radius
        restriction: Restriction,
        targets: NDArray[np.float64],
        by_distance: bool,
        weights: NDArray[np.float64] | None,
        num_threads: int,
    ) -> NDArray[np.float64]: ...
    def leave_one_out(
        self,
        k: int,
        restriction: Restriction,
        classes: NDArray[np.int32],
        n_classes: int,
        by_distance: bool,
        num_threads: int,
    ) -> list[int]: ...
    def count_radius(
        self, queries: Any, radius: float, restriction: Restriction, num_threads: int
    ) -> NDArray[np.int64]: ...

class Index(Searched):
    @overload
    def __init__(
        self,
        points: NDArray[Any],
        metric: str,
        p: float,
        numbers: NDArray[np.float64] | None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        points: NDArray[Any],
        metric: str,
        p: float,
        box: NDArray[np.float64] | None,
        max_abs: float,
        algorithm: str,
    ) -> None: ...
    def candidate_distances(
        self,
        queries: NDArray[Any],
        points: NDArray[np.int64],
        offsets: NDArray[np.int64],
        num_threads: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def extended(self, points: NDArray[Any], max_abs: float) -> Index: ...

class SparseIndex(Searched):
    def __init__(
        self,
        points: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], int],
        metric: str,
        p: float,
        max_abs: float,
        algorithm: str,
    ) -> None: ...

def pairwise_distances(
    X: NDArray[Any],
    Y: NDArray[Any],
    metric: str,
    p: float,
    box: NDArray[np.float64] | None,
    num_threads: int,
) -> NDArray[np.float64]: ...
def least_squares(
    X: NDArray[Any],
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alpha: Sequence[float],
    num_threads: int,
    keep_reduced: bool = False,
    name_suspects: bool = False,
) -> dict[str, Any]: ...
def ridge_path(
    X: NDArray[Any] | _Sparse,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alphas: Sequence[float],
    penalty_factor: Sequence[float],
    refine: bool,
    errors: bool,
    num_threads: int,
) -> dict[str, Any]: ...
def sparse_ridge(
    X: _Sparse,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alphas: Sequence[float],
    num_threads: int,
) -> dict[str, Any]: ...
def sparse_shortest(
    X: _Sparse, y: NDArray[Any], intercept: bool, num_threads: int
) -> dict[str, Any] | None: ...
def ridge_fold_errors(
    X: NDArray[Any] | _Sparse,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alphas: Sequence[float],
    offsets: Sequence[int],
    num_threads: int,
) -> NDArray[np.float64] | None: ...
def elastic_net_path(
    X: NDArray[Any],
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    positive: bool,
    l1_ratio: float,
    penalty_factor: Sequence[float],
    alphas: Sequence[float],
    n_alphas: int,
    eps: float,
    num_threads: int,
) -> dict[str, Any]: ...
def sparse_elastic_net_path(
    X: _Sparse,
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    positive: bool,
    l1_ratio: float,
    penalty_factor: Sequence[float],
    alphas: Sequence[float],
    n_alphas: int,
    eps: float,
    num_threads: int,
) -> dict[str, Any]: ...
def elastic_net_cv(
    X: Sequence[NDArray[Any]],
    y: Sequence[NDArray[Any]],
    sample_weight: Sequence[NDArray[np.float64] | None],
    intercept: bool,
    positive: bool,
    l1_ratio: Sequence[float],
    alphas: Sequence[float],
    n_alphas: int,
    eps: float,
    num_threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def gram_pays(n: int, p: int, n_alphas: int) -> bool: ...

class Moments:
    def __init__(self, n_features: int, n_targets: int) -> None: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def total_weight(self) -> float: ...
    def update(
        self, X: NDArray[Any], y: NDArray[Any], sample_weight: NDArray[np.float64] | None, num_threads: int
    ) -> None: ...
    def downdate(
        self, X: NDArray[Any], y: NDArray[Any], sample_weight: NDArray[np.float64] | None, num_threads: int
    ) -> None: ...
    def merge(self, other: Moments, num_threads: int) -> None: ...
    def solve(self, intercept: bool, alpha: Sequence[float], num_threads: int) -> dict[str, Any]: ...
    def state(
        self,
    ) -> tuple[int, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
    def restore(
        self,
        n_rows: int,
        scale: Sequence[float],
        peak: Sequence[float],
        high: NDArray[np.float64],
        low: NDArray[np.float64],
    ) -> None: ...

def rolling_least_squares(
    X: NDArray[Any],
    y: NDArray[Any],
    window: int,
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alpha: Sequence[float],
    num_threads: int,
) -> dict[str, NDArray[Any]]: ...
def grouped_least_squares(
    X: NDArray[Any],
    y: NDArray[Any],
    rows: NDArray[np.int64],
    offsets: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alpha: Sequence[float],
    num_threads: int,
) -> dict[str, NDArray[Any]]: ...
def logistic(
    X: NDArray[Any],
    classes: NDArray[np.int32],
    n_classes: int,
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    alpha: float,
    penalty_factor: Sequence[float],
    tol: float,
    max_iter: int,
    num_threads: int,
) -> dict[str, Any]: ...
def logistic_path(
    X: NDArray[Any],
    classes: NDArray[np.int32],
    n_classes: int,
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    l1_ratio: float,
    penalty_factor: Sequence[float],
    alphas: Sequence[float],
    n_alphas: int,
    eps: float,
    tol: float,
    max_iter: int,
    num_threads: int,
) -> tuple[NDArray[np.float64], list[dict[str, Any]]]: ...
def sparse_logistic_path(
    X: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], int],
    transposed: bool,
    classes: NDArray[np.int32],
    n_classes: int,
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    l1_ratio: float,
    penalty_factor: Sequence[float],
    alphas: Sequence[float],
    n_alphas: int,
    eps: float,
    tol: float,
    max_iter: int,
    num_threads: int,
) -> tuple[NDArray[np.float64], list[dict[str, Any]]]: ...
def sparse_correlations(
    columns: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], int],
    residual: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def firth_logistic(
    X: NDArray[Any],
    classes: NDArray[np.int32],
    n_classes: int,
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    max_iter: int,
    num_threads: int,
    two_vectors: bool = False,
) -> dict[str, Any]: ...
def logistic_information(
    X: NDArray[Any],
    classes: NDArray[np.int32],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    coef: NDArray[np.float64],
    constant: float,
    num_threads: int,
) -> tuple[float, NDArray[np.float64] | None, float]: ...
def linear_predictor(
    X: NDArray[Any], coef: NDArray[np.float64], intercept: NDArray[np.float64], num_threads: int
) -> NDArray[np.float64]: ...
def class_probabilities(
    predictors: NDArray[np.float64], n_classes: int, logarithm: bool, num_threads: int
) -> NDArray[np.float64]: ...
def regression_inference(
    X: NDArray[Any],
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    intercept: bool,
    coef: NDArray[np.float64],
    constant: float,
    power: int | None,
    groups: NDArray[np.int32] | None,
    n_groups: int,
    num_threads: int,
) -> dict[str, Any]: ...
def row_lengths(
    X: NDArray[Any],
    shift: NDArray[np.float64],
    scale: NDArray[np.float64],
    factor: NDArray[np.float64],
    start: NDArray[np.float64],
    num_threads: int,
) -> NDArray[np.float64]: ...
def fit_polynomial(
    x: NDArray[Any],
    y: NDArray[Any],
    sample_weight: NDArray[np.float64] | None,
    degree: int,
    num_threads: int,
) -> dict[str, Any]: ...
def evaluate_polynomial(
    x: NDArray[Any],
    chebyshev: NDArray[np.float64],
    centre: float,
    inverse_range: float,
    num_threads: int,
) -> NDArray[np.float64]: ...
def set_num_threads(n: int) -> None: ...
def get_num_threads() -> int: ...
def cpu_budget() -> int: ...
def active_isa() -> str: ...
def available_isas() -> list[str]: ...
def install_lapack(routines: Mapping[str, object]) -> None: ...
def scan(array: NDArray[Any]) -> tuple[float, int, int]: ...
