# SPDX-License-Identifier: BSD-3-Clause
"""Numbers as people read them; all of them to three significant digits."""

from __future__ import annotations

import math
import re

from bench.report.growth import Fit

MISSING = "–"


def number(value: float) -> str:
    """Three significant digits, zeros kept, no exponent where it can be helped: 0.0120, 3.20, 320, 2770, 2.30e18."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    if 1e-3 <= abs(rounded) < 1e7:
        digits = max(0, 2 - math.floor(math.log10(abs(rounded))))
        return f"{rounded:.{digits}f}"
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{rounded:.2e}")


def count(value: float) -> str:
    """A size, exact, in groups of three from 10,000 on."""
    if value == int(value):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{value:g}"


def seconds(value: float | None) -> str:
    """A time with its unit: s, ms or µs."""
    if value is None:
        return MISSING
    rounded = float(f"{value:.3g}")
    if rounded >= 1:
        return f"{number(value)} s"
    return f"{number(1e3 * value)} ms" if rounded >= 1e-3 else f"{number(1e6 * value)} µs"


def memory(mib: float | None) -> str:
    """Memory with its unit: MiB or GiB."""
    if mib is None:
        return MISSING
    if mib < 1000:
        return f"{mib:.1f} MiB" if abs(mib) < 9.95 else f"{mib:.0f} MiB"
    return f"{number(mib / 1024)} GiB"


def ratio(value: float | None) -> str:
    """A factor: at least two decimals below 10, so that 0.99 and 1.00 differ."""
    if value is None:
        return MISSING
    if 0.1 <= value < 9.995:
        return f"{value:.2f}"
    return number(value)


def error(value: float | None) -> str:
    """An error: two digits are enough to compare, in one notation."""
    if value is None:
        return MISSING
    return "0" if value == 0 else re.sub(r"e([+-])0*(\d)", r"e\1\2", f"{value:.1e}").replace("e+", "e")


def percent(share: float | None) -> str:
    """A share, as a percentage."""
    if share is None:
        return MISSING
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"


def target(value: float | None) -> str:
    """An excess of the objective: 1e-6."""
    return "" if value is None else re.sub(r"e-0", "e-", f"{value:g}")


def rate(value: float | None, unit: str) -> str:
    """A rate with the prefix that leaves three digits before the point: 1.20 TFLOP/s, 12.3 GB/s."""
    if value is None:
        return MISSING
    rounded = float(f"{value:.3g}")
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rounded >= factor:
            return f"{number(value / factor)} {prefix}{unit}"
    return f"{number(value)} {unit}"


def exponent(fit: Fit | None) -> str:
    """An exponent with its standard error: 1.02 ± 0.03."""
    if fit is None:
        return MISSING
    # A cost that doesn't depend on the axis is 0.00, not -0.00.
    power = round(fit.exponent, 2) + 0.0
    return f"{power:.2f}" if fit.error is None else f"{power:.2f} ± {fit.error:.2f}"


def listing(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
