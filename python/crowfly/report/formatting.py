# SPDX-License-Identifier: BSD-3-Clause
"""Numbers as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from crowfly.report.risks import Interval
from crowfly.report.tasks import TaskKind


def number(value: float) -> str:
    """Three significant digits and no exponent where it can be helped: 0.0123, 3.21, 2770, 2.3e18."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    if 1000 <= abs(rounded) < 1e7:
        return f"{rounded:.0f}"
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{rounded:.3g}")


def power_of_two(exponent: float) -> str:
    """2 to any power, in words that can still be grasped: 4, 2770, about 10^19."""
    if exponent < math.log2(1e7):
        return number(2.0**exponent)
    return f"about 10^{exponent * math.log10(2):.0f}"


def risk(kind: TaskKind, value: float) -> str:
    """A risk: per cent for classification, a number for regression."""
    return f"{100 * value:.1f} %" if kind == "classification" else number(value)


def gap(kind: TaskKind, value: float) -> str:
    """A generalisation gap with its sign, unless it is 0 as far as it is shown."""
    text = risk(kind, abs(value))
    if text == risk(kind, 0):
        return text
    return f"-{text}" if value < 0 else f"+{text}"


def interval(kind: TaskKind, bounds: Interval) -> str:
    """The two ends of an interval of the risk."""
    if kind == "classification":
        return f"{100 * bounds.low:.1f} to {100 * bounds.high:.1f} %"
    return f"{number(bounds.low)} to {number(bounds.high)}"


def seconds(value: float) -> str:
    """A time with its unit."""
    if value < 1e-3:
        return f"{1e6 * value:.0f} µs"
    if value < 1:
        return f"{number(1e3 * value)} ms"
    return f"{number(value)} s"


def with_spread(values: NDArray[np.float64], render: Callable[[float], str], *, single: bool = False) -> str:
    """Mean of a few draws, and the smallest to the largest; ``single`` says that all draws are the same one."""
    mean = render(float(values.mean()))
    if single:
        return f"{mean} (one draw)"
    return f"{mean} ({render(float(values.min())).removesuffix(' %')} to {render(float(values.max()))})"


def listing(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
