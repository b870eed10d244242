# SPDX-License-Identifier: BSD-3-Clause
"""A child process that says what it is doing, watched: killed when one step takes too long."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

#: Of standard error, what may explain a death.
TAIL = 400


@dataclass
class Outcome:
    """How a child ended.

    `messages` are the JSON lines that it sent; `phase` the last step that it announced; `verdict` "ended", "killed" (over the limit) or "died".
    """

    verdict: str
    phase: str
    reason: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)


class _Reader:
    """Lines of JSON from a pipe, without blocking beyond a limit."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._rest = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe, selectors.EVENT_READ)

    def lines(self, deadline: float) -> list[bytes] | None:
        """Complete lines that arrived; None when nothing did before the deadline; an empty list at the end of the pipe."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                return None
            chunk = os.read(self._pipe.fileno(), 1 << 16)
            if not chunk:
                return []
            *complete, self._rest = (self._rest + chunk).split(b"\n")
            if complete:
                return complete


def _message(line: bytes) -> dict[str, Any] | None:
    """The message in a line; None for what a library has printed before its output was redirected."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


@contextlib.contextmanager
def _confined(cpus: int | None) -> Iterator[None]:
    """Start a child on so many CPUs: threads that libraries start when they are imported inherit that, later they could not be caught."""
    if cpus is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:cpus])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def _held_back(*signals: signal.Signals) -> Iterator[None]:
    """Let signals wait: one that came between the start of a child and the note of its number would leave the child behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    handlers = {number: signal.signal(number, lambda which, _: arrived.append(which)) for number in signals}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for which in arrived[:1]:
            signal.raise_signal(which)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and everything that it has started; close its pipe."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _reason_of_death(code: int, log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - TAIL))
    lines = log.read().decode("utf-8", "replace").strip().splitlines()
    last = f": {lines[-1]}" if lines else ""
    if code < 0:
        return f"died of {signal.Signals(-code).name}{last}"
    return f"ended with status {code}{last}"


def watch(
    arguments: list[str],
    environment: dict[str, str],
    limit: float,
    limit_of_all: float,
    cpus: int | None = None,
) -> Outcome:
    """Run ``python -m ...`` on so many CPUs until it ends, a step takes longer than `limit` seconds, or all of them longer than `limit_of_all`."""
    outcome = Outcome("ended", "start")
    end = time.monotonic() + limit_of_all
    with tempfile.TemporaryFile() as log, contextlib.ExitStack() as at_the_end:
        with _held_back(signal.SIGTERM, signal.SIGINT), _confined(cpus):
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                # A group of its own: Ctrl-C reaches the driver alone, which ends the child and what it has started.
                start_new_session=True,
            )
            at_the_end.callback(_end, process)
        assert process.stdout is not None
        reader = _Reader(process.stdout)
        try:
            while lines := reader.lines(min(end, time.monotonic() + limit)):
                for message in filter(None, map(_message, lines)):
                    outcome.messages.append(message)
                    outcome.phase = message.get("phase", outcome.phase)
            if lines is None:
                late = time.monotonic() >= end
                reason = (
                    f"the cell took longer than {limit_of_all:g} s" if late else f"longer than {limit:g} s"
                )
                outcome.verdict, outcome.reason = "killed", reason
            elif process.wait(limit) != 0:
                outcome.verdict, outcome.reason = "died", _reason_of_death(process.returncode, log)
        except subprocess.TimeoutExpired:
            outcome.verdict, outcome.reason = "killed", f"did not end within {limit:g} s"
    return outcome
