# SPDX-License-Identifier: BSD-3-Clause
"""The report on the terminal: a progress bar on stderr while it is made, then tables on stdout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import rich.box
import rich.progress
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crowfly.report import wording
from crowfly.report.formatting import gap, interval, risk, seconds, with_spread
from crowfly.report.study import Report

VERDICT_STYLES = {"overfits": "red", "underfits": "yellow", "neither": "green"}


class ProgressBar:
    """A `crowfly.report.study.Progress` drawn by rich."""

    def __init__(self, bar: rich.progress.Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)
        self._begun = False

    def plan(self, n_steps: int) -> None:
        """Set the length of the bar."""
        self._bar.update(self._task, total=n_steps, completed=0)
        self._begun = False

    def begin(self, what: str) -> None:
        """Count the step before as done and name the next."""
        self._bar.update(self._task, description=what, advance=1 if self._begun else 0)
        self._begun = True


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """Show a progress bar on stderr; nothing at all where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (
        rich.progress.SpinnerColumn(),
        rich.progress.BarColumn(bar_width=24),
        rich.progress.TextColumn("{task.description}", markup=False),
    )
    with rich.progress.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield ProgressBar(bar)


def print_report(report: Report, page: Path | None, console: Console | None = None) -> None:
    """Print the summary.

    Parameters
    ----------
    report : Report
        What to print.
    page : Path or None
        Where the HTML page was written, if it was.
    console : rich.console.Console, optional
        By default stdout with its own width.
    """
    console = console or Console(highlight=False)
    _heading(console, f"crowfly report: {report.title}")
    for line in wording.data_summary(report):
        _item(console, line)
    for note in report.notes:
        _item(console, f"note: {note}")

    _heading(console, f"Risk ({wording.RISK_NAMES[report.problem.kind]})")
    console.print(_risk_table(report))
    for result in report.results:
        _item(console, Text.assemble((result.name, "bold"), ": ", result.verdict.reason))
    for line in wording.chosen_parameters(report):
        _item(console, line)

    _heading(console, "crowfly beside scikit-learn (median time of the estimator alone)")
    console.print(_peer_table(report))
    for result in report.results:
        if not result.evaluation.agreement.agrees:
            _item(console, Text.assemble((result.name, "bold"), ": ", result.evaluation.agreement.detail))

    _heading(console, "The curse of dimensionality on these data")
    _item(console, wording.SPREAD)
    console.print(_features_table(report))
    console.print(_points_table(report))
    _item(console, wording.dimension_sentence(report))
    if page is not None:
        console.print()
        console.print(Text(f"Page with plots and explanations: {page}"), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _item(console: Console, text: str | Text) -> None:
    row = Table.grid(padding=(0, 1))
    row.add_row("-", Text(text) if isinstance(text, str) else text)
    console.print(Padding(row, (0, 0, 0, 1)))


def _table(*columns: tuple[str, JustifyMethod]) -> Table:
    """An empty table whose first column gives way when the terminal is narrow."""
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="")
    for position, (name, justify) in enumerate(columns):
        table.add_column(name, justify=justify, no_wrap=position > 0, overflow="fold")
    return table


def _risk_table(report: Report) -> Table:
    kind = report.problem.kind
    table = _table(
        ("model", "left"),
        ("training", "right"),
        ("test", "right"),
        ("95 % interval", "right"),
        ("gap", "right"),
        ("verdict", "left"),
    )
    for result in report.results:
        word = result.verdict.word
        table.add_row(
            result.name,
            risk(kind, result.training),
            risk(kind, result.test.value),
            interval(kind, result.test),
            gap(kind, result.gap.value),
            Text(word, style=VERDICT_STYLES[word]),
        )
    trivial = report.trivial
    table.add_row(report.trivial_name, "", risk(kind, trivial.value), interval(kind, trivial), "", "trivial")
    return table


def _peer_table(report: Report) -> Table:
    table = _table(
        ("model", "left"),
        ("fit\ncrowfly", "right"),
        ("\nsklearn", "right"),
        ("predict\ncrowfly", "right"),
        ("\nsklearn", "right"),
        ("same\nanswers", "left"),
    )
    for result in report.results:
        ours, peer = result.evaluation.timing, result.evaluation.peer_timing
        table.add_row(
            result.name,
            seconds(ours.fit),
            seconds(peer.fit),
            seconds(ours.predict),
            seconds(peer.predict),
            "yes" if result.evaluation.agreement.agrees else "no",
        )
    return table


def _features_table(report: Report) -> Table:
    kind, measured = report.problem.kind, report.curse_by_features
    table = _table(
        ("features\nused, d", "right"),
        ("nearest / typical\ndistance", "right"),
        ("law\nn^(-1/d)", "right"),
        ("test risk\nof 1-NN", "right"),
    )
    for size, distance, law, risks in zip(
        measured.sizes, measured.distance, measured.law, measured.risk, strict=True
    ):
        single = bool(size == measured.sizes[-1])
        table.add_row(
            str(size),
            with_spread(distance, "{:.2f}".format, single=single),
            f"{law:.2f}",
            with_spread(risks, partial(risk, kind), single=single),
        )
    return table


def _points_table(report: Report) -> Table:
    kind, measured = report.problem.kind, report.curse_by_points
    table = _table(
        ("training\npoints, n", "right"),
        ("nearest / typical\ndistance", "right"),
        ("fitted\nlaw", "right"),
        ("test risk\nof 1-NN", "right"),
    )
    for size, distance, law, risks in zip(
        measured.sizes, measured.distance, measured.fitted, measured.risk, strict=True
    ):
        single = bool(size == measured.sizes[-1])
        table.add_row(
            str(size),
            with_spread(distance, "{:.2f}".format, single=single),
            f"{law:.2f}" if measured.can_fit else "-",
            with_spread(risks, partial(risk, kind), single=single),
        )
    return table
