# SPDX-License-Identifier: BSD-3-Clause
"""The README's Python code runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn", reason="the README shows the estimators too")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)  # noqa: S102  our own text
    assert namespace["indices"].shape == (100, 5)
    distances, indices = namespace["hours"].query([[1.0]])
    assert (distances.item(), indices.item()) == (1.5, 1)
    assert "nan" not in capsys.readouterr().out
