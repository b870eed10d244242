# SPDX-License-Identifier: BSD-3-Clause
"""Counted things in words; below every other module of the report, so that all can say them."""

from __future__ import annotations


def count(n: int, noun: str) -> str:
    """``1 row``, ``2 rows``, ``2 classes``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{'es' if noun.endswith('s') else 's'}"
