# SPDX-License-Identifier: BSD-3-Clause
"""Builds of git revisions, one folder each, and how a process imports crowfly from one of them."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

__all__ = ["BuildError", "build", "import_crowfly_from", "resolve"]

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "build" / "bench-compare"
BUILD_SECONDS = 1800


class BuildError(Exception):
    """One sentence for the user."""


def git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git there, whatever comes of it."""
    try:
        return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise BuildError("git isn't on the path: give result files instead of revisions") from None


def resolve(revision: str, repository: Path = ROOT) -> str:
    """The commit that a name, tag or abbreviation means.

    Raises
    ------
    BuildError
        If there is none.
    """
    found = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise BuildError(f"{revision}: neither a file nor a revision of the git repository {repository}")
    return found.stdout.decode().strip()


def build(commit: str, repository: Path = ROOT, cache: Path = CACHE) -> Path:
    """The folder with crowfly as of `commit`, compiled for this Python; built on the first call.

    The files come from ``git archive``: nothing in the repository is touched, and nothing is left there when the build is interrupted.

    Raises
    ------
    BuildError
        With the last line of pip, if it can't be built.
    """
    target = cache / commit / (sys.implementation.cache_tag or "python")
    if target.is_dir():
        return target
    archive = git(repository, "archive", "--format=tar", commit)
    if archive.returncode != 0:
        raise BuildError(f"{commit}: {archive.stderr.decode().strip()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        source, unfinished = Path(folder) / "source", Path(folder) / "target"
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(source, filter="data")
        install(source, unfinished, commit)
        # Under its name only when complete: an interrupted build is never taken for one.
        if not target.is_dir():
            shutil.move(unfinished, target)
    return target


def install(source: Path, target: Path, commit: str) -> None:
    """Compile `source` into `target`."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    command += ["--target", str(target), str(source)]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BuildError(f"{commit}: not built after {BUILD_SECONDS} s") from None
    if finished.returncode != 0:
        lines = [line for line in finished.stderr.splitlines() if "error" in line.lower()]
        raise BuildError(f"{commit} can't be built: {(lines or ['pip failed'])[0].strip()}")


def import_crowfly_from(target: Path | None) -> None:
    """Import crowfly from this folder and from nowhere else; None: whatever is installed.

    An editable install puts a finder of its own before the path, which would win over any folder.
    """
    if target is not None:
        # The interpreter's own finders are classes.
        sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]
        sys.path.insert(0, str(target))
    import crowfly

    if target is not None and not Path(crowfly.__file__).resolve().is_relative_to(target.resolve()):
        raise ImportError(f"crowfly comes from {crowfly.__file__} instead of {target}")
