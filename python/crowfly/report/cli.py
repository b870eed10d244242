# SPDX-License-Identifier: BSD-3-Clause
"""``crowfly report``: arguments in, exit code out. Only the standard library is imported at the top."""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from crowfly.report.errors import ReportError
from crowfly.report.options import DATASETS, MODELS, TASKS, ReportOptions

REQUIRED = {
    "sklearn": "scikit-learn",
    "polars": "polars",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
    "rich": "rich",
}

DESCRIPTION = """\
Train nearest neighbours, least squares and logistic regression on a table and
see which of them generalises: training and test risk, the gap between them and
a verdict in words for each model, scikit-learn's own estimator beside it, and
the curse of dimensionality on these very data. Prints a summary and writes one
self-contained HTML page.

Without a TABLE it runs on a dataset that scikit-learn ships."""

EPILOG = """\
embedding steps, joined by '+' and applied in this order after standardising:
  none                the features as they are (alone)
  standardise         each feature to mean 0, variance 1
  polynomial[:DEGREE] all products of features up to DEGREE (default 2)
  fourier[:COUNT]     COUNT random Fourier features (default 300)
  pca[:COUNT]         the COUNT leading principal components (default 10)

what happens to the columns:
  text with few distinct values is one-hot encoded, missing text as a value of
  its own; other text is left out, and so are row labels such as "Unnamed: 0";
  missing numbers take the column's median; a missing target is an error. Each
  of these is said in the report.

examples:
  crowfly report
  crowfly report --dataset diabetes
  crowfly report houses.csv --target price --embed polynomial:2
  crowfly report events.parquet --target label --embed pca:5+polynomial:3
  crowfly report arrays.npz --output arrays.html      (arrays X and y)"""


def _test_size(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, is {text}")
    return value


def _at_least(minimum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None
        if value < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, is {text}")
        return value

    return parse


def _models(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in MODELS:
            raise argparse.ArgumentTypeError(f"unknown model {name!r}, choose from {', '.join(MODELS)}")
    return names


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``report`` command to the command line."""
    parser = commands.add_parser(
        "report",
        help="train, test and compare the models on a table; writes an HTML page",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    defaults = ReportOptions()

    data = parser.add_argument_group("data")
    data.add_argument("table", nargs="?", type=Path, metavar="TABLE", help="CSV, TSV, Parquet or NPZ file")
    data.add_argument(
        "--dataset",
        choices=DATASETS,
        metavar="NAME",
        help=f"instead of a TABLE: {', '.join(DATASETS)} (default: {defaults.dataset})",
    )
    data.add_argument("--target", metavar="COLUMN", help="column to predict (needed with a TABLE; NPZ: y)")
    data.add_argument(
        "--max-rows",
        type=_at_least(0),
        default=defaults.max_rows,
        metavar="N",
        help="take a random sample of larger tables; 0: take all rows (default: %(default)s)",
    )

    learning = parser.add_argument_group("learning")
    learning.add_argument(
        "--task", choices=TASKS, default=defaults.task, help="default: auto, the target column decides"
    )
    learning.add_argument(
        "--embed", default=defaults.embed, metavar="STEPS", help="see below (default: %(default)s)"
    )
    learning.add_argument(
        "--models",
        type=_models,
        default=defaults.models,
        metavar="LIST",
        help=f"comma-separated, from {', '.join(MODELS)} (default: all that fit the task)",
    )
    learning.add_argument(
        "--test-size",
        type=_test_size,
        default=defaults.test_size,
        metavar="SHARE",
        help="share of the rows kept for the test (default: %(default)s)",
    )
    learning.add_argument(
        "--seed",
        type=_at_least(0),
        default=defaults.seed,
        metavar="N",
        help="of every random choice (default: %(default)s)",
    )
    learning.add_argument(
        "--threads",
        type=_at_least(1),
        metavar="N",
        help="for crowfly and scikit-learn (default: all cores allowed)",
    )

    output = parser.add_argument_group("output")
    where = output.add_mutually_exclusive_group()
    where.add_argument(
        "--output",
        type=Path,
        default=defaults.output,
        metavar="FILE.html",
        help="HTML page to write (default: %(default)s)",
    )
    where.add_argument("--no-html", action="store_true", help="print the summary only")


def _options(arguments: argparse.Namespace) -> ReportOptions:
    if arguments.table is not None and arguments.dataset is not None:
        raise ReportError("give a TABLE or --dataset, not both")
    return ReportOptions(
        table=arguments.table,
        dataset=arguments.dataset or ReportOptions.dataset,
        target=arguments.target,
        task=arguments.task,
        embed=arguments.embed,
        models=arguments.models,
        test_size=arguments.test_size,
        max_rows=arguments.max_rows,
        seed=arguments.seed,
        threads=arguments.threads,
        output=None if arguments.no_html else arguments.output,
    )


def _check_extra() -> None:
    missing = [package for module, package in REQUIRED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ReportError(f"the report needs {', '.join(missing)}: pip install 'crowfly[report]'")


def _check_output(output: Path | None) -> None:
    """Refuse an impossible output before minutes are spent on computing."""
    if output is None:
        return
    if output.suffix.lower() not in {".html", ".htm"} and not output.is_dir():
        raise ReportError(f"--output {output}: expected a name that ends in .html, the page's only format")
    if output.is_dir():
        raise ReportError(f"--output {output} is a directory, expected a file name")
    if not output.parent.is_dir():
        raise ReportError(f"--output {output}: there is no directory {output.parent}")
    if not os.access(output.parent, os.W_OK):
        raise ReportError(f"--output {output}: the directory {output.parent} can't be written to")


def run(arguments: argparse.Namespace) -> int:
    """Make the report that the arguments describe.

    Parameters
    ----------
    arguments : argparse.Namespace
        What the parser of `add_parser` returned.

    Returns
    -------
    int
        0, or 2 after one line on stderr that says what can't be used.
    """
    try:
        options = _options(arguments)
        _check_extra()
        _check_output(options.output)
        _make_report(options)
    except (ReportError, ValueError, TypeError, OSError, MemoryError) as error:
        # The estimators and the file system explain themselves in these; anything else would be a defect.
        text = " ".join(str(error).split()) or type(error).__name__
        print(f"crowfly: error: {text}", file=sys.stderr)
        return 2
    return 0


def _make_report(options: ReportOptions) -> None:
    from crowfly.report import html, study, terminal

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A column name that the terminal's encoding lacks must not end the report.
        sys.stdout.reconfigure(errors="replace")
    with terminal.progress_bar() as progress:
        report = study.run(options, progress)
        if options.output is not None:
            progress.begin("drawing the page")
            html.write(report, options.output)
    terminal.print_report(report, options.output)
