# SPDX-License-Identifier: BSD-3-Clause
"""The report as one self-contained HTML page: styles and plots inside, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from bench.report import figures, formatting, wording
from bench.report.figures import Plot
from bench.report.rows import OURS, Row, common_unit, library_order, peer_status, within_noise
from bench.report.summary import NO_REASON, Summary

#: So many losses are in sight; the others unfold.
LOSSES_SHOWN = 30


@dataclass(frozen=True)
class Section:
    """A run on the page: `key` starts every id in it, `plots` has the drawings of each sweep."""

    key: str
    found: Summary
    plots: list[list[Plot]]


def render(summaries: Sequence[Summary]) -> str:
    """Return the page with one section per run."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        formatting=formatting,
        wording=wording,
        inline=Markup,  # our own SVG; matplotlib has escaped its text
        bar_place=bar_place,
        breakable=breakable,
        badge=badge,
        common_unit=common_unit,
        within_noise=within_noise,
        peer_status=peer_status,
        ours=OURS,
        no_reason=NO_REASON,
    )
    return environment.get_template("page.html.j2").render(
        sections=[_section(index, found) for index, found in enumerate(summaries, 1)],
        losses_shown=LOSSES_SHOWN,
    )


def _section(index: int, found: Summary) -> Section:
    libraries = library_order(found.run)
    plots = [
        figures.draw_sweep(sweep, libraries, f"r{index}-s{number}")
        for number, sweep in enumerate(found.sweeps, 1)
    ]
    return Section(f"r{index}", found, plots)


def breakable(name: str) -> Markup:
    """A name that may be broken after its slashes, where its parts end."""
    return Markup("/<wbr>").join(name.split("/"))


def bar_place(ratio: float, scale: float) -> str:
    """The place of a bar as CSS: from the middle, 1, to the ratio, on a logarithmic scale from 1 / scale to scale."""
    share = max(-1.0, min(1.0, math.log(ratio) / math.log(scale)))
    return f"left:{50 + 50 * min(share, 0):.1f}%;width:{50 * abs(share):.1f}%"


def badge(row: Row) -> str:
    """The CSS class of a row's ratio."""
    if row.best is not None and within_noise(row.best):
        return "even"
    return "won" if row.outcome == "won" else "lost"
