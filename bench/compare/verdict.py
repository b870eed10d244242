# SPDX-License-Identifier: BSD-3-Clause
"""When is a change a change: thresholds and spread."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["RULE", "Row", "Side", "Thresholds", "judge", "lines"]

#: same: within one of the thresholds. undecided: beyond both, but the two ranges overlap. Those after it fail the comparison.
Verdict = Literal["same", "faster", "undecided", "slower", "unequal", "failed", "lost"]
FAILING: frozenset[str] = frozenset({"slower", "unequal", "failed", "lost"})

RULE = (
    "Slower: beyond the relative and the absolute threshold, and the two ranges don't overlap; "
    "undecided: beyond both, but the ranges overlap, so measure again on a quieter machine"
)


@dataclass(frozen=True)
class Thresholds:
    """Both have to be exceeded. `absolute` is in the unit of what is compared, seconds or instructions."""

    relative: float
    absolute: float

    def exceeded(self, base: float, head: float) -> bool:
        """Whether `head` is beyond `base`."""
        return head > base * (1 + self.relative) and head - base > self.absolute


@dataclass(frozen=True)
class Side:
    """A median and the range that its repetitions leave it."""

    median: float
    low: float
    high: float

    @classmethod
    def from_spread(cls, median: float, spread: float) -> Side:
        """From (largest - smallest) / median: where in it the median lies isn't known, so it is taken to be in the middle."""
        return cls(median, median * (1 - spread / 2), median * (1 + spread / 2))

    @classmethod
    def from_times(cls, times: Sequence[float]) -> Side:
        """Median and quartiles, which one disturbed repetition doesn't move."""
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        return cls(median, low, high)

    @classmethod
    def together(cls, sides: Iterable[Side]) -> Side:
        """Several measurements of the same, in processes of their own: medians of all three."""
        found = list(sides)
        return cls(
            *(statistics.median(getattr(s, part) for s in found) for part in ("median", "low", "high"))
        )


@dataclass(frozen=True)
class Row:
    """One comparison; a side is None where it has no time."""

    name: str
    base: Side | None
    head: Side | None
    verdict: Verdict
    detail: str = ""

    @property
    def fails(self) -> bool:
        """Whether it makes the comparison fail."""
        return self.verdict in FAILING


def judge(base: Side, head: Side, thresholds: Thresholds) -> Verdict:
    """What the change from `base` to `head` is."""
    if thresholds.exceeded(base.median, head.median):
        return "slower" if head.low > base.high else "undecided"
    if thresholds.exceeded(head.median, base.median):
        return "faster" if base.low > head.high else "undecided"
    return "same"


def lines(rows: Iterable[Row], unit: str, scale: float, digits: int) -> Iterable[str]:
    """A printed table. Numbers are multiplied by `scale`."""

    def shown(side: Side | None) -> str:
        return "-" if side is None else f"{side.median * scale:,.{digits}f}"

    yield f"{'':<58} {'base ' + unit:>16} {'head ' + unit:>16} {'change':>8}"
    for row in rows:
        change = ""
        if row.base is not None and row.head is not None and row.base.median > 0:
            change = f"{100 * (row.head.median / row.base.median - 1):+.1f} %"
        verdict = "" if row.verdict == "same" else row.verdict
        line = f"{row.name:<58} {shown(row.base):>16} {shown(row.head):>16} {change:>8}  {verdict}"
        yield f"{line}{': ' + row.detail if row.detail else ''}".rstrip()
