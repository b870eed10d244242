# SPDX-License-Identifier: BSD-3-Clause
"""Examples in docstrings run as they stand, and give what they show."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import crowfly

PACKAGE = Path(crowfly.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = pytest.importorskip(name, exc_type=ImportError, reason="the estimators need scikit-learn")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0, capsys.readouterr().out
