# SPDX-License-Identifier: BSD-3-Clause
"""The command line of the report."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import results
from bench.report import summary


def main(argv: Sequence[str]) -> int:
    """Make the pages that the arguments describe.

    Returns
    -------
    int
        0, or 2 after one line on stderr that says what can't be used.
    """
    arguments = _parser().parse_args(argv)
    try:
        reasons = summary.load_reasons(arguments.reasons)
        found = [summary.summarise(results.load(path), reasons) for path in arguments.results]
        if arguments.html is not None:
            from bench.report import page  # Markdown needs neither Jinja nor Matplotlib

            _write(page.render(found), arguments.html)
        if arguments.markdown is not None:
            from bench.report import markdown

            before = arguments.markdown.read_text(encoding="utf-8") if arguments.markdown.exists() else ""
            _write(markdown.insert(before, markdown.render(found)), arguments.markdown)
    except (OSError, ValueError) as error:
        print(f"bench report: error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench report", description="Show results as pages.")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT.json")
    parser.add_argument("--html", type=Path, metavar="PATH", help="write one self-contained page")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="PATH",
        help="write the tables; in a file that has the two marks of an earlier report, only what is between them",
    )
    parser.add_argument(
        "--reasons",
        type=Path,
        default=summary.REASONS,
        metavar="PATH.toml",
        help="known reasons for losses (default: the one beside the report's code)",
    )
    return parser


def _write(text: str, path: Path) -> None:
    """Write to a temporary name beside `path`, then rename: no half page is ever left there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
