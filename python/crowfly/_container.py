# SPDX-License-Identifier: BSD-3-Clause
"""The file format: a JSON header and arrays, all checksummed. docs/design/files.md describes every byte."""

from __future__ import annotations

import json
import math
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"crowfly\n"
VERSION = 1
_PREFIX = struct.Struct("<8sIIQ")  # magic, version, checksum of the header, bytes of the header
_ALIGNMENT = 64
_KINDS = "biufU"
#: Arrays from this size on are mapped, not read.
MAPPED_BYTES = 2**20


@dataclass(frozen=True)
class Container:
    """What a file holds: a tree of JSON values, and the arrays that it refers to by number."""

    tree: Any
    arrays: list[NDArray[Any]]


def _padding(position: int) -> int:
    return -position % _ALIGNMENT


def _entries(arrays: Iterable[NDArray[Any]]) -> tuple[list[dict[str, Any]], list[NDArray[Any]]]:
    entries, stored, offset = [], [], 0
    for array in arrays:
        data = np.ascontiguousarray(array).reshape(array.shape)
        entries.append(
            {
                "dtype": data.dtype.str,
                "shape": list(data.shape),
                "offset": offset,
                "checksum": zlib.crc32(_bytes_of(data)),
            }
        )
        stored.append(data)
        offset += data.nbytes + _padding(data.nbytes)
    return entries, stored


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")


def write(path: Path, container: Container) -> None:
    """Write a file in the place of whatever is there, all of it or nothing."""
    entries, arrays = _entries(container.arrays)
    header = json.dumps({"tree": container.tree, "arrays": entries}, allow_nan=False).encode()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(_PREFIX.pack(MAGIC, VERSION, zlib.crc32(header), len(header)))
            file.write(header)
            file.write(bytes(_padding(_PREFIX.size + len(header))))
            for array in arrays:
                file.write(_bytes_of(array))
                file.write(bytes(_padding(array.nbytes)))
            file.flush()
            os.fsync(file.fileno())
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            file.close()
            with suppress(OSError):
                Path(file.name).unlink()
            raise


def read(path: Path) -> Container:
    """Read and check a file; ValueError in a sentence for anything that `write` wouldn't have written.

    Nothing is allocated from a size that the file states: all are held against the file's own.
    """
    if path.stat().st_size < _PREFIX.size:
        raise ValueError(f"{path}: a file of crowfly.save expected, this one is too short")
    content: NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
    magic, version, checksum, length = _PREFIX.unpack(content[: _PREFIX.size].tobytes())
    if magic != MAGIC:
        raise ValueError(f"{path}: a file of crowfly.save expected, this one begins differently")
    if version != VERSION:
        raise ValueError(f"{path}: version {VERSION} of the format expected, the file has {version}")
    if length > content.size - _PREFIX.size:
        raise ValueError(f"{path}: the file is truncated: its header is incomplete")
    header = content[_PREFIX.size : _PREFIX.size + length].tobytes()
    if zlib.crc32(header) != checksum:
        raise ValueError(f"{path}: the file is damaged: its header doesn't match its checksum")
    try:
        parsed = json.loads(header)
        tree, entries = parsed["tree"], list(parsed["arrays"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(f"{path}: the file's header is none of crowfly.save's") from None
    begin = _PREFIX.size + length
    data = content[begin + _padding(begin) :]
    return Container(tree, [_array(path, data, entry) for entry in entries])


def _array(path: Path, data: NDArray[np.uint8], entry: Any) -> NDArray[Any]:
    try:
        dtype, shape = np.dtype(str(entry["dtype"])), tuple(map(int, entry["shape"]))
        offset, checksum = int(entry["offset"]), int(entry["checksum"])
        # NumPy's limit counts the axes of empty arrays, too.
        extent = math.prod(max(1, axis) for axis in shape) * dtype.itemsize
        known = (
            dtype.kind in _KINDS
            and 0 < dtype.itemsize <= extent <= np.iinfo(np.intp).max
            and len(shape) <= 32
            and min(shape, default=0) >= 0
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        known = False
    if not known:
        raise ValueError(f"{path}: an array is described in a way that crowfly.save doesn't")
    size = math.prod(shape) * dtype.itemsize
    if offset < 0 or offset % _ALIGNMENT or offset + size > data.size:
        raise ValueError(f"{path}: the file is truncated: an array ends beyond its end")
    stored = data[offset : offset + size]
    if zlib.crc32(_bytes_of(stored)) != checksum:
        raise ValueError(f"{path}: the file is damaged: an array doesn't match its checksum")
    # A plain view: NumPy's memmap class would spread to whatever is computed from it.
    array: NDArray[Any] = np.asarray(stored).view(dtype).reshape(shape) if size else np.empty(shape, dtype)
    return array if size >= MAPPED_BYTES else array.copy()
