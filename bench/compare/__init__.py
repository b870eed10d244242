# SPDX-License-Identifier: BSD-3-Clause
"""Did a change make crowfly slower? Builds, calls by turns, instruction counts, one verdict."""

from bench.compare.options import main

__all__ = ["main"]
