"""AES-256-GCM with a random 96-bit nonce: the one cipher of the kit."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_TAG_BYTES = 16


class Undecipherable(Exception):
    """The ciphertext, its key or its context is not the right one; says no more, on purpose."""


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


class Box:
    """Encryption under one key. `aad` binds a ciphertext to its place: elsewhere it does not open."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("a key is 32 bytes")
        self._cipher = AESGCM(key)

    def encrypt(self, plain: bytes, aad: bytes) -> tuple[bytes, bytes]:
        """(nonce, ciphertext with its tag)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce, self._cipher.encrypt(nonce, plain, aad)

    def decrypt(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """The plain bytes. Raises Undecipherable."""
        if len(nonce) != NONCE_BYTES or len(ciphertext) < _TAG_BYTES:
            raise Undecipherable("not a ciphertext of ours")
        try:
            return self._cipher.decrypt(nonce, ciphertext, aad)
        except InvalidTag:
            raise Undecipherable("wrong key, wrong context or altered bytes") from None

    def pack(self, plain: bytes, aad: bytes) -> bytes:
        """Nonce and ciphertext in one string of bytes, for a column."""
        nonce, ciphertext = self.encrypt(plain, aad)
        return nonce + ciphertext

    def unpack(self, packed: bytes, aad: bytes) -> bytes:
        """What `pack` packed. Raises Undecipherable."""
        return self.decrypt(packed[:NONCE_BYTES], packed[NONCE_BYTES:], aad)
