# SPDX-License-Identifier: BSD-3-Clause
"""The process that runs under callgrind: every kernel and every small call, a few times and more often. See bench/compare/instructions.py."""

from __future__ import annotations

import ctypes
import gc
import mmap
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from bench.compare.builds import import_crowfly_from
from bench.compare.calls import SMALL_CALLS

# valgrind.h, callgrind.h: requests are numbers, those of a tool start at its two letters.
CALLGRIND = (ord("C") << 24) | (ord("T") << 16)
ZERO_STATS, DUMP_STATS_AT, START, STOP = (CALLGRIND + i for i in (1, 3, 4, 5))
RUNNING_ON_VALGRIND = 0x1001

# The sequence by which valgrind.h speaks to valgrind on x86-64; it does nothing elsewhere. The request's address is in rax, the result in rdx.
REQUEST = bytes.fromhex(
    "4889f8"    # mov rax, rdi
    "31d2"      # xor edx, edx
    "48c1c703"  # rol rdi, 3
    "48c1c70d"  # rol rdi, 13
    "48c1c73d"  # rol rdi, 61
    "48c1c733"  # rol rdi, 51
    "4887db"    # xchg rbx, rbx
    "4889d0"    # mov rax, rdx
    "c3"        # ret
)  # fmt: skip

#: The interpreter specialises its bytecode during the first dozen calls.
WARM_UP = 50

#: Their difference is counted, over so many calls that what the allocators do now and then is in it with its share.
FEW, MANY = 1, 21


class Callgrind:
    """Starts, stops and names counts from within: nothing has to be compiled, so that it works on every build."""

    def __init__(self) -> None:
        if platform.machine() not in ("x86_64", "AMD64"):
            raise SystemExit(f"instructions are counted on x86-64 only, not on {platform.machine()}")
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(REQUEST)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(address)
        if self.request(RUNNING_ON_VALGRIND) == 0:
            raise SystemExit("valgrind doesn't run this process")

    def request(self, number: int, argument: int = 0) -> int:
        block = (ctypes.c_uint64 * 6)(number, argument)
        return int(self._call(ctypes.addressof(block)))

    def measure(self, name: str, run: Callable[[int], object]) -> None:
        """Count ``run(FEW)`` and ``run(MANY)``, after warming up."""
        for times in (FEW, MANY):
            label = ctypes.create_string_buffer(f"{name} * {times}".encode())
            run(WARM_UP)
            self.request(START)
            self.request(ZERO_STATS)
            run(times)
            self.request(DUMP_STATS_AT, ctypes.addressof(label))
            self.request(STOP)


def repeated(call: Callable[[], object]) -> Callable[[int], object]:
    def run(times: int) -> None:
        for _ in range(times):
            call()

    return run


def main(arguments: list[str]) -> None:
    """Count everything. Arguments: the folder of crowfly, if it isn't the installed one; ``--import-only``."""
    folders = [Path(argument) for argument in arguments if argument != "--import-only"]
    import_crowfly_from(folders[0] if folders else None)
    calls = {name: make() for name, make in SMALL_CALLS.items()}
    if "--import-only" in arguments:
        return
    callgrind = Callgrind()
    gc.disable()
    for name, call in calls.items():
        callgrind.measure(f"call {name}", repeated(call))
    from crowfly._core import _kernels

    if hasattr(_kernels, "KernelTimer"):
        for name, size in _kernels.timed_kernels():
            callgrind.measure(f"kernel {name}, {size}", _kernels.KernelTimer(name, size).run)


if __name__ == "__main__":
    main(sys.argv[1:])
