# SPDX-License-Identifier: BSD-3-Clause
"""The page that compares parameters with scikit-learn's is what the code says today."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import sklearn

from crowfly.linear_model import Ridge

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "compatibility.py"))


def test_page_is_up_to_date(page: dict[str, Any]) -> None:
    committed = (DOCS / "compatibility.md").read_text(encoding="utf-8")
    release = ".".join(sklearn.__version__.split(".")[:2])
    if f"scikit-learn {release}." not in committed:
        pytest.skip(f"the page is of another release than scikit-learn {release}")
    assert page["write"]() == committed, "run: python docs/compatibility.py"


def test_differences_are_seen(page: dict[str, Any]) -> None:
    class Fewer:
        """A model.

        Parameters
        ----------
        alpha : float
            Strength.
        solver : str
            Has no effect: there is one.
        ours, too : int
            Something new. And more.
        """

        def __init__(self, alpha: float = 2.0, solver: str = "auto", ours: int = 1) -> None: ...

    rows = {name: (verdict, note) for name, verdict, note in page["compare"](Fewer, Ridge)}
    assert rows["alpha"] == ("Differs", "default 2.0 instead of 1.0")
    assert rows["solver"] == ("No effect", "Has no effect: there is one")
    assert rows["tol"] == ("Differs", "not taken")
    assert rows["ours"] == ("Ours alone", "Something new")
