"""What goes through the two pipes: 4 bytes of length, then 4 of the request's number, 1 of kind, and the content."""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO

_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">IB")

READY, REQUEST, ANSWER, FAILURE = range(4)
"""Kinds of frames. A child says READY once, then one ANSWER or FAILURE for each REQUEST, with its number."""

MAX_CONTENT = 0xFFFFFFFF - _HEAD.size

Frame = tuple[int, int, bytes]
"""Number, kind, content."""


class FrameUnreadable(Exception):
    """What came through the pipe is no frame, or a larger one than agreed."""


def write_frame(number: int, kind: int, content: bytes) -> bytes:
    """The frame as bytes."""
    return _LENGTH.pack(_HEAD.size + len(content)) + _HEAD.pack(number, kind) + content


async def read_frame(stream: asyncio.StreamReader, largest: int) -> Frame:
    """The next frame, with at most `largest` bytes of content.

    Raises `FrameUnreadable`, and asyncio.IncompleteReadError when the child is gone.
    """
    size = _size(await stream.readexactly(_LENGTH.size), largest)
    number, kind = _HEAD.unpack(await stream.readexactly(_HEAD.size))
    return number, kind, await stream.readexactly(size)


def read_frame_blocking(stream: BinaryIO, largest: int) -> Frame | None:
    """The same for the child; None at the end of the stream, also in the middle of a frame."""
    start = stream.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        return None
    size = _size(start, largest)
    data = stream.read(_HEAD.size + size)
    if len(data) < _HEAD.size + size:
        return None
    number, kind = _HEAD.unpack_from(data)
    return number, kind, data[_HEAD.size :]


def _size(start: bytes, largest: int) -> int:
    (length,) = _LENGTH.unpack(start)
    size = int(length) - _HEAD.size
    if not 0 <= size <= largest:
        raise FrameUnreadable
    return size
