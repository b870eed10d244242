# SPDX-License-Identifier: BSD-3-Clause
"""Peak resident memory of one call, from Linux's own high-water mark; None elsewhere."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
MIB = 1024.0


def _status_kib(field: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return float(line.split()[1])
    raise OSError(f"/proc/self/status has no {field}")


def _start() -> float | None:
    """Give freed memory back, reset the high-water mark, return what is resident now."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        # Otherwise a call would be served from what the one before has freed and seem to need nothing.
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _status_kib("VmRSS")
    except OSError:
        return None


def peak_of(call: Callable[[], Result]) -> tuple[Result, float | None]:
    """Result of the call, and by how many MiB resident memory rose at most while it ran."""
    before = _start()
    result = call()
    if before is None:
        return result, None
    return result, max(0.0, (_status_kib("VmHWM") - before) / MIB)
