"""Blind indexes: a matricule or a local number becomes 32 bytes that only identity can make (design rule 10)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from hub_kit.errors import ConfigurationError

KEY_BYTES = 32


class BlindIndex:
    """HMAC-SHA-256 under identity's own key; each kind of number has its own domain."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ConfigurationError("HUB_IDENTITY_BLIND_INDEX_KEY must hold 32 random bytes in base64")
        self._key = key

    @classmethod
    def from_base64(cls, text: str) -> BlindIndex:
        """The index of a key written in base64. Raises ConfigurationError, which never shows the key."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise ConfigurationError("HUB_IDENTITY_BLIND_INDEX_KEY is not base64") from None

    def matricule(self, oid: str, matricule: str) -> bytes:
        """Where the patient of this matricule INS is found. A matricule is nothing without its OID."""
        return self._mac(b"ins", oid.encode(), matricule.upper().encode())

    def local_number(self, structure_id: UUID, local_id: str) -> bytes:
        """Where the patient of this local number of that structure is found."""
        return self._mac(b"local", structure_id.bytes, local_id.encode())

    def _mac(self, *parts: bytes) -> bytes:
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)


def lock_number(index: bytes) -> int:
    """The 64-bit number of the PostgreSQL advisory lock that stands for this index."""
    return int.from_bytes(index[:8], "big", signed=True)
