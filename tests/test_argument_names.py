# SPDX-License-Identifier: BSD-3-Clause
"""One name for one thing: `intercept` in functions, scikit-learn's `fit_intercept` where its names are."""

from __future__ import annotations

import inspect

import pytest

import crowfly
import crowfly.linear_model

FUNCTIONS = [name for name in crowfly.__all__ if inspect.isfunction(getattr(crowfly, name))]


def test_the_list_is_of_functions_that_fit() -> None:
    fitting = {
        name for name in FUNCTIONS if "intercept" in inspect.signature(getattr(crowfly, name)).parameters
    }
    assert fitting >= {
        "lstsq",
        "ridge_path",
        "enet_path",
        "lasso_path",
        "nnls",
        "logistic",
        "logistic_path",
        "ols",
        "logit",
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_intercept(name: str) -> None:
    assert "fit_intercept" not in inspect.signature(getattr(crowfly, name)).parameters


@pytest.mark.parametrize("name", crowfly.linear_model.__all__)
def test_what_has_scikit_learns_name_says_fit_intercept(name: str) -> None:
    assert "intercept" not in inspect.signature(getattr(crowfly.linear_model, name)).parameters
