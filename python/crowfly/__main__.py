# SPDX-License-Identifier: BSD-3-Clause
"""The command line: ``crowfly`` and ``python -m crowfly``."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from pathlib import Path
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
        epilog="Begin with: crowfly report. A script, or a folder with a __main__.py, runs with crowfly's estimators in the place of scikit-learn's: "
        "crowfly SCRIPT.py [ARGUMENT ...], or crowfly -m MODULE [ARGUMENT ...].",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"crowfly {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    report_cli.add_parser(commands)
    return parser


def is_script(arguments: list[str]) -> bool:
    """Whether the command line names a program of the user's: a module, or a file or folder by a name that is no command's."""
    if not arguments:
        return False
    first = arguments[0]
    return (
        first == "-m" or first.endswith((".py", "/", os.sep)) or (first != "report" and Path(first).exists())
    )


def run_script(arguments: list[str]) -> int:
    """Run a script, or a module after ``-m``, as Python would, with scikit-learn patched; what it raises is its own."""
    import crowfly

    if arguments[0] == "-m" and len(arguments) == 1:
        raise UsageError("-m: a module expected")
    if arguments[0] != "-m":
        _require_program(Path(arguments[0]), arguments[0])
    try:
        crowfly.patch()
    except ImportError as error:
        raise UsageError(str(error)) from None
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path.insert(0, "")
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        # Of a folder Python's own way puts the folder itself there.
        if Path(arguments[0]).is_file():
            sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
        runpy.run_path(arguments[0], run_name="__main__")
    return EXIT_OK


def _require_program(path: Path, given: str) -> None:
    if path.is_dir():
        if not (path / "__main__.py").is_file():
            raise UsageError(f"{given}: a folder with a __main__.py expected, or a script in it")
    elif not path.is_file():
        raise UsageError(f"{given}: no such file")


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


def start() -> int:
    """Run the command of the process: a script's exit codes and tracebacks are its own, so they pass."""
    arguments = sys.argv[1:]
    if not is_script(arguments):
        return main()
    try:
        return run_script(arguments)
    except UsageError as error:
        print(f"crowfly: error: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT


if __name__ == "__main__":
    sys.exit(start())
