# SPDX-License-Identifier: BSD-3-Clause
"""Whatever comes in, a result or an error that blames it comes out: anything at all, and numbers at the ends of float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import crowfly
from assertions import assert_same_bits
from bad_input import expect
from references import METRICS

weird_arrays = st.one_of(
    hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)),
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.longdouble, np.float16, np.int64, np.uint64, np.bool_]),
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5),
    ),
    st.lists(st.one_of(st.floats(), st.text(max_size=2), st.none(), st.lists(st.integers())), max_size=4),
)
weird_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-1, 4),
    st.floats(),
    st.text(max_size=2),
    st.complex_numbers(),
)


def survives(call: Callable[[], Any]) -> None:
    """A result, or an error that blames the input; a fit may also stop early and say so."""
    try:
        with np.errstate(all="ignore"):
            call()
    except (TypeError, ValueError, crowfly.ConvergenceWarning):
        pass


@given(
    a=weird_arrays,
    b=weird_arrays,
    k=weird_scalars,
    p=weird_scalars,
    metric=st.sampled_from([*METRICS, "", None]),
)
def test_neighbors_survive_anything(a: Any, b: Any, k: Any, p: Any, metric: Any) -> None:
    survives(lambda: crowfly.nearest(a, b, k, metric=metric, p=p))
    survives(lambda: crowfly.nearest(a, b, metric="minkowski", p=p))
    survives(lambda: crowfly.nearest(a, a))
    survives(lambda: crowfly.Index(a).query_radius(b, k))
    survives(lambda: crowfly.Index(a, "cosine").query(a, 2, exclude_self=True))
    survives(lambda: crowfly.pairwise_distances(a, b, metric=metric))


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
@given(a=weird_arrays, b=weird_arrays, weights=st.one_of(st.none(), weird_arrays), alpha=weird_scalars)
def test_fits_survive_anything(a: Any, b: Any, weights: Any, alpha: Any) -> None:
    survives(lambda: crowfly.lstsq(a, b, sample_weight=weights, alpha=alpha))
    survives(lambda: crowfly.lstsq(a, b))
    survives(lambda: crowfly.logistic(a, b, sample_weight=weights, alpha=alpha))
    survives(lambda: crowfly.logistic(a, b, tol=alpha, max_iter=5))


def test_minkowski_exponents_end_where_float64_does() -> None:
    points = np.array([[0.0], [1.9], [5.0], [0.95]])
    expect(ValueError, "p", lambda: crowfly.Index(points, "minkowski", p=501.0))
    distances, indices = crowfly.nearest([[0.0]], points, 4, metric="minkowski", p=500.0)
    assert indices.tolist() == [[0, 3, 1, 2]]
    np.testing.assert_allclose(distances, [[0.0, 0.95, 1.9, 5.0]], rtol=1e-12)


@pytest.mark.parametrize("X", [[[1.7e308], [-1e308], [0.0]], [[1.7e308], [1.7e308], [1.6e308]]])
def test_magnitudes_at_the_end_of_float64(X: list[list[float]]) -> None:
    expect(ValueError, "X", lambda: crowfly.lstsq(X, [1.0, 2, 4]))
    expect(ValueError, "X", lambda: crowfly.logistic(X, [0, 1, 1]))


@pytest.mark.parametrize("weight", [1e-320, 1e-150, 1e200, 1e308])
def test_weights_all_far_from_one(weight: float) -> None:
    X, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    weights = np.full(20, weight)
    expect(ValueError, "sample_weight", lambda: crowfly.lstsq(X, y, sample_weight=weights))
    expect(ValueError, "sample_weight", lambda: crowfly.logistic(X, y, sample_weight=weights))


def test_penalties_far_from_one() -> None:
    X, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    expect(ValueError, "alpha", lambda: crowfly.lstsq(X, y, alpha=1e101))
    expect(ValueError, "alpha", lambda: crowfly.logistic(X, y, alpha=1e101))


def test_columns_of_scales_that_no_norm_can_join() -> None:
    X = np.array(
        [[1e-24, 1e-22, 1e24, 0], [-1e-24, 0, 1e24, 0], [2e-24, 0, 2e24, 0.1], [-1e-24, 1e-22, -1e24, 0.1]]
    )
    fit: Any = crowfly.lstsq(X, [1.0, 2, 3, 4])
    assert fit.rank < 4
    assert np.isfinite(fit.coef).all()


@pytest.mark.parametrize("weight_row", [1e200, 1e300])
def test_a_row_without_weight_may_be_as_large_as_it_likes(weight_row: float) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 2)), np.arange(30) % 2
    weights = np.append(np.ones(30), 0.0)
    with_row = np.vstack([X, [[weight_row, 1.0]]])
    for fit in (crowfly.lstsq, crowfly.logistic):
        got: Any = fit(with_row, np.append(y, 1), sample_weight=weights)
        want: Any = fit(X, y, sample_weight=np.ones(30))
        assert_same_bits(got.coef, want.coef)


def test_probabilities_of_predictors_that_overflow() -> None:
    X = np.random.default_rng(0).standard_normal((30, 2))
    fit = crowfly.logistic(X, X[:, 0] + X[:, 1] > 0.1)
    far = np.array([[1e308, 1e308]])
    assert np.isinf(fit.decision_function(far)).all() or fit.decision_function(far)[0] > 1e300
    np.testing.assert_array_equal(fit.predict_proba(far), [[0.0, 1.0]])
