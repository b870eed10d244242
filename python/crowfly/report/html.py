# SPDX-License-Identifier: BSD-3-Clause
"""The report as one self-contained HTML page: styles and plots inside, nothing fetched."""

from __future__ import annotations

import os
import shlex
import tempfile
from functools import partial
from pathlib import Path

import jinja2
from markupsafe import Markup

from crowfly.report import figures, formatting, wording
from crowfly.report.options import ReportOptions
from crowfly.report.study import Report
from crowfly.report.verdicts import MATERIAL_SHARE, WIDE_GAP


def render(report: Report) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("crowfly.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        risk=formatting.risk,
        gap=formatting.gap,
        interval=formatting.interval,
        seconds=formatting.seconds,
        with_spread=formatting.with_spread,
        inline=Markup,  # our own SVG; matplotlib has escaped its text
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        kind=report.problem.kind,
        plots=figures.draw_all(report),
        summary=wording.data_summary(report),
        findings=wording.findings(report),
        dimension=wording.dimension_sentence(report),
        chosen=wording.chosen_parameters(report),
        plain_risk=partial(formatting.risk, report.problem.kind),
        spread=wording.SPREAD,
        risk_name=wording.RISK_NAMES[report.problem.kind],
        command=command_line(report.options),
        material_percent=round(100 * MATERIAL_SHARE),
        wide_gap=f"{WIDE_GAP:g}",
    )


def write(report: Report, path: Path) -> None:
    """Write the page to a temporary name beside ``path``, then rename it: no half page is ever left there."""
    page = render(report)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        # mkstemp makes the file private; a page gets the permissions that any new file has.
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def command_line(options: ReportOptions) -> str:
    """The command that makes this report again."""
    defaults = ReportOptions()
    words = ["crowfly", "report"]
    words += ["--dataset", options.dataset] if options.table is None else [str(options.table)]
    for flag, value, default in (
        ("--target", options.target, defaults.target),
        ("--task", options.task, defaults.task),
        ("--embed", options.embed, defaults.embed),
        ("--models", ",".join(options.models), ""),
        ("--test-size", options.test_size, defaults.test_size),
        ("--max-rows", options.max_rows, defaults.max_rows),
        ("--threads", options.threads, defaults.threads),
    ):
        if value != default:
            words += [flag, str(value)]
    words += ["--seed", str(options.seed)]
    return shlex.join(words)
