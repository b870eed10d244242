# SPDX-License-Identifier: BSD-3-Clause
"""The file format: a JSON header and arrays, all checksummed. docs/design/files.md describes every byte."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import stat
import struct
import sys
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
    """Write a file in the place of whatever is there, all of it or nothing; an OSError names it."""
    try:
        _write(path, container)
    except OSError as error:
        if error.errno is None:
            raise OSError(f"{path}: {error}") from error
        # Of the class that belongs to the number: FileNotFoundError, PermissionError.
        raise OSError(error.errno, error.strerror, str(path)) from error


def _place(path: Path) -> tuple[Path, int | None]:
    """Where the file is, through links, and who may read it: those who could before; None for what the user's umask says."""
    try:
        path = path.resolve()
    except RuntimeError:
        # Python 3.12 and before.
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        return path, None
    if not stat.S_ISREG(found) and not stat.S_ISDIR(found):
        raise OSError(errno.EINVAL, "a regular file expected in its place")
    return path, stat.S_IMODE(found)


def _write(path: Path, container: Container) -> None:
    entries, arrays = _entries(container.arrays)
    header = json.dumps({"tree": container.tree, "arrays": entries}, allow_nan=False).encode()
    path, mode = _place(path)
    beside = path.with_name(f".{secrets.token_hex(12)}.crowfly")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(beside, flags, 0o666 if mode is None else mode & 0o600), "wb") as file:
        try:
            if mode is not None:
                beside.chmod(mode)
            file.write(_PREFIX.pack(MAGIC, VERSION, zlib.crc32(header), len(header)))
            file.write(header)
            file.write(bytes(_padding(_PREFIX.size + len(header))))
            for array in arrays:
                file.write(_bytes_of(array))
                file.write(bytes(_padding(array.nbytes)))
            file.flush()
            os.fsync(file.fileno())
            file.close()
            beside.replace(path)
        except BaseException:
            file.close()
            with suppress(OSError):
                beside.unlink()
            raise


def read(path: Path, *, mapped: bool = True) -> Container:
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
    _require_padding(path, content, begin)
    data = content[begin + _padding(begin) :]
    arrays, position = [], 0
    for entry in entries:
        array = _array(path, data, entry, position)
        arrays.append(array if mapped and array.nbytes >= MAPPED_BYTES else array.copy())
        position += arrays[-1].nbytes
        _require_padding(path, data, position)
        position += _padding(position)
    if data.size < position:
        raise ValueError(f"{path}: the file is truncated: its last bytes are missing")
    if data.size > position:
        raise ValueError(f"{path}: the file is damaged: {data.size} bytes of arrays, {position} described")
    return Container(tree, arrays)


def _require_padding(path: Path, content: NDArray[np.uint8], position: int) -> None:
    """Zeros up to the next multiple of 64 bytes, which no checksum is of."""
    if content[position : position + _padding(position)].any():
        raise ValueError(f"{path}: the file is damaged: bytes between its parts are not zero")


def _holds_values(stored: NDArray[np.uint8], dtype: np.dtype[Any]) -> bool:
    """Not every byte is a boolean, nor every four a character."""
    if dtype.kind == "b":
        return bool((stored <= 1).all())
    characters = stored.view("<u4" if dtype.byteorder != ">" else ">u4") if dtype.kind == "U" else stored
    return dtype.kind != "U" or bool((characters <= sys.maxunicode).all())


def _array(path: Path, data: NDArray[np.uint8], entry: Any, position: int) -> NDArray[Any]:
    """The array that `write` has put at this position: one after the other, so that no part of the file is read twice."""
    try:
        dtype, shape = np.dtype(str(entry["dtype"])), tuple(entry["shape"])
        offset, checksum = entry["offset"], entry["checksum"]
        # NumPy's limit counts the axes of empty arrays, too.
        extent = math.prod(max(1, axis) for axis in shape) * dtype.itemsize
        known = (
            dtype.kind in _KINDS
            and all(type(number) is int for number in (*shape, offset, checksum))
            and 0 < dtype.itemsize <= extent <= np.iinfo(np.intp).max
            and len(shape) <= 32
            and min(shape, default=0) >= 0
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        known = False
    if not known:
        raise ValueError(f"{path}: an array is described in a way that crowfly.save doesn't")
    size = math.prod(shape) * dtype.itemsize
    if offset != position:
        raise ValueError(f"{path}: an array is described in a way that crowfly.save doesn't")
    if offset + size > data.size:
        raise ValueError(f"{path}: the file is truncated: an array ends beyond its end")
    stored = data[offset : offset + size]
    if zlib.crc32(_bytes_of(stored)) != checksum:
        raise ValueError(f"{path}: the file is damaged: an array doesn't match its checksum")
    if not _holds_values(stored, dtype):
        raise ValueError(f"{path}: an array holds bytes that are no {dtype}")
    # A plain view: NumPy's memmap class would spread to whatever is computed from it.
    return np.asarray(stored).view(dtype).reshape(shape) if size else np.empty(shape, dtype)
