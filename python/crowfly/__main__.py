# SPDX-License-Identifier: BSD-3-Clause
"""The command line: ``crowfly`` and ``python -m crowfly``."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

EXIT_OK = 0
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class UsageError(Exception):
    """A command line that can't be understood."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are exceptions, so that the caller can say them in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    from crowfly import __version__
    from crowfly.report import cli as report_cli

    parser: argparse.ArgumentParser = OneLineParser(
        prog="crowfly",
        description="Nearest neighbours, least squares and logistic regression: exact and fast.",
        epilog="Begin with: crowfly report",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"crowfly {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    report_cli.add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit code: 0, 2 for input that can't be used (said in one line on stderr), 130 after Ctrl-C.
    """
    try:
        parser = build_parser()
        arguments = parser.parse_args(argv)
        if not hasattr(arguments, "run"):
            parser.print_help()
            return EXIT_OK
        return int(arguments.run(arguments))
    except UsageError as error:
        print(f"crowfly: error: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("crowfly: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
