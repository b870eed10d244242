# SPDX-License-Identifier: BSD-3-Clause
"""What /proc/cpuinfo says of the CPU; nothing elsewhere than on Linux."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path


@cache
def cpu_entries() -> dict[str, str]:
    """Entries of the first processor."""
    entries: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            entries.setdefault(name.strip(), value.strip())
    return entries


def cpu_features() -> frozenset[str]:
    """Names of the CPU's features."""
    return frozenset(cpu_entries().get("flags", "").split())
