"""Sealed parts of events: `<YYYYMMDD>.<nonce>.<ciphertext>` (base64url), AES-256-GCM under the day's transit key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hub_contracts.errors import ErrorCode
from hub_kit.errors import HubError
from hub_kit.security.aead import Box, Undecipherable
from hub_kit.security.keyring import TransitKeys, day_of

M = TypeVar("M", bound=BaseModel)


class SealUnreadable(HubError):
    """A sealed part that can't be read; `reason` is malformed, key_destroyed, altered (or in another place), shape."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorCode.SEAL_UNREADABLE)
        self.reason = reason


class SealerNotReady(Exception):
    """`seal` was called before `ready`: a mistake of the program."""


def seal_place(field: str, key: str) -> str:
    """The `aad` of a sealed part: the field it is in and the aggregate it is about.

    Not the event's type: a part travels on from event to event of its act without being opened.
    """
    return f"{field}/{key}"


class Sealer:
    """Seals and opens. Call `ready(now)` at the start of each batch or request that will seal."""

    def __init__(self, keys: TransitKeys) -> None:
        self._keys = keys
        self._day: date | None = None
        self._box: Box | None = None

    async def ready(self, now: datetime) -> None:
        """Fetch the present day's key unless it is already here. Raises what the keyring's database raises."""
        day = day_of(now)
        if day != self._day:
            self._box = await self._keys.box_of(now)
            self._day = day

    def seal(self, model: BaseModel, aad: str) -> str:
        """The model, sealed; it opens only with the same `aad`. Raises SealerNotReady."""
        if self._box is None or self._day is None:
            raise SealerNotReady("call `await sealer.ready(now)` first")
        label = self._day.strftime("%Y%m%d")
        nonce, ciphertext = self._box.encrypt(model.model_dump_json().encode(), _bound(label, aad))
        return f"{label}.{_encode(nonce)}.{_encode(ciphertext)}"

    async def open_(self, sealed: str, model_type: type[M], aad: str) -> M:
        """The model. Raises SealUnreadable."""
        day, nonce, ciphertext = _parse(sealed)
        box = self._keys.cached(day) or (await self._keys.boxes([day])).get(day)
        return _open(box, day, nonce, ciphertext, model_type, aad)

    async def open_many(self, parts: Sequence[tuple[str, type[M], str]]) -> list[M | SealUnreadable]:
        """Each (sealed, model type, aad) opened, or why not, in order; the keys are fetched in one query."""
        parsed: list[tuple[date, bytes, bytes] | SealUnreadable] = []
        for sealed, _, _ in parts:
            try:
                parsed.append(_parse(sealed))
            except SealUnreadable as error:
                parsed.append(error)
        boxes = await self._keys.boxes({item[0] for item in parsed if not isinstance(item, SealUnreadable)})
        opened: list[M | SealUnreadable] = []
        for item, (_, model_type, aad) in zip(parsed, parts, strict=True):
            if isinstance(item, SealUnreadable):
                opened.append(item)
                continue
            try:
                opened.append(_open(boxes.get(item[0]), *item, model_type, aad))
            except SealUnreadable as error:
                opened.append(error)
        return opened


def _open(box: Box | None, day: date, nonce: bytes, ciphertext: bytes, model_type: type[M], aad: str) -> M:
    if box is None:
        raise SealUnreadable("key_destroyed")
    try:
        plain = box.decrypt(nonce, ciphertext, _bound(day.strftime("%Y%m%d"), aad))
    except Undecipherable:
        raise SealUnreadable("altered") from None
    try:
        return model_type.model_validate_json(plain)
    except ValidationError:
        raise SealUnreadable("shape") from None


def _parse(sealed: str) -> tuple[date, bytes, bytes]:
    try:
        label, nonce, ciphertext = sealed.split(".")
        return date(int(label[:4]), int(label[4:6]), int(label[6:8])), _decode(nonce), _decode(ciphertext)
    except (ValueError, AttributeError, binascii.Error):
        raise SealUnreadable("malformed") from None


def _bound(label: str, aad: str) -> bytes:
    return f"hub-seal:{label}:{aad}".encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
