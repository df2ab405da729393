"""The canonical bytes of a record: what is stored, and what the Merkle log will hash.

    version(1) ‖ event_id(16) ‖ recorded_at, µs since 1970 (8) ‖ salt(16) ‖ form(1) ‖ body

`form` 1: the body is canonical JSON; 2: it is nonce ‖ ciphertext of that JSON under the patient's subject key, so that
erasing the key makes the body unreadable while every proof over these bytes stays valid.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hub_kit.security.aead import Box

VERSION = 1
CLEAR, SEALED = 1, 2
_HEAD = struct.Struct(">B16sQ16sB")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CanonicalUnreadable(Exception):
    """Bytes that are no record of ours, or a body whose key is not the one given."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record read back. `body` is None when it is sealed and no key was given."""

    event_id: UUID
    recorded_at: datetime
    body: dict[str, Any] | None


def canonical(event_id: UUID, recorded_at: datetime, body: dict[str, Any], salt: bytes, box: Box | None) -> bytes:
    """The bytes of a record; sealed when `box` is given."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    form = CLEAR if box is None else SEALED
    head = _HEAD.pack(VERSION, event_id.bytes, (recorded_at - _EPOCH) // timedelta(microseconds=1), salt, form)
    return head + (text if box is None else box.pack(text, head))


def read(data: bytes, box: Box | None = None) -> Record:
    """The record in these bytes. Raises CanonicalUnreadable."""
    if len(data) < _HEAD.size:
        raise CanonicalUnreadable("too short")
    version, event_id, micros, _, form = _HEAD.unpack_from(data)
    if version != VERSION or form not in (CLEAR, SEALED):
        raise CanonicalUnreadable("unknown version or form")
    moment = _EPOCH + timedelta(microseconds=micros)
    rest = data[_HEAD.size :]
    if form == SEALED:
        if box is None:
            return Record(UUID(bytes=event_id), moment, None)
        rest = box.unpack(rest, data[: _HEAD.size])
    return Record(UUID(bytes=event_id), moment, json.loads(rest))
