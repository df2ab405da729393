"""The key that wraps all others (KEK): a file today, PKCS#11 or a vault by the same protocol later."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Protocol

from hub_kit.errors import ConfigurationError
from hub_kit.security.aead import KEY_BYTES, Box, Undecipherable, new_key

_FORMAT = b"\x01"
_ID_BYTES = 8


class KeyWrapper(Protocol):
    """Wraps keys and other small secrets. `context` says what the secret is and must be the same to unwrap.

    Synchronous: an implementation that talks to a vault fetches or unwraps its working key once, when it is opened.
    """

    def wrap(self, secret: bytes, context: str) -> bytes:
        """The secret, wrapped, fit for a database column."""
        ...

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The secret. Raises Undecipherable when the KEK or the context is another or the bytes were altered."""
        ...


class FileKeyWrapper:
    """AES-256-GCM under a key read from a file.

    The file holds one key per line (32 bytes in base64): the first wraps, all of them unwrap, so a KEK is replaced by
    putting the new one on top and removing the old one when nothing wrapped by it is left.
    """

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError("a KEK is 32 bytes")
        self._boxes = {_key_id(key): Box(key) for key in keys}
        self._current = _key_id(keys[0])

    @classmethod
    def from_file(cls, path: Path) -> FileKeyWrapper:
        """Read the file. Raises ConfigurationError, which never shows its content."""
        try:
            lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
            keys = [base64.b64decode(line, validate=True) for line in lines]
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the KEK file can't be read ({type(error).__name__})") from None
        except (binascii.Error, ValueError):
            raise ConfigurationError("the KEK file is not base64, one key per line") from None
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError("the KEK file must hold 32 random bytes in base64 (`openssl rand -base64 32`)")
        return cls(keys)

    def wrap(self, secret: bytes, context: str) -> bytes:
        """Format byte, id of the KEK (8 bytes), nonce (12), ciphertext and tag."""
        return _FORMAT + self._current + self._boxes[self._current].pack(secret, _aad(context))

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The secret. Raises Undecipherable."""
        box = self._boxes.get(wrapped[1 : 1 + _ID_BYTES])
        if wrapped[:1] != _FORMAT or box is None:
            raise Undecipherable("wrapped by a KEK that is not in the file")
        return box.unpack(wrapped[1 + _ID_BYTES :], _aad(context))


def make_kek_file(path: Path) -> None:
    """Write a new random KEK, mode 0600. Raises FileExistsError: a KEK is never overwritten."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(base64.b64encode(new_key()).decode() + "\n", encoding="ascii")


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"hub-kek-id" + key).digest()[:_ID_BYTES]


def _aad(context: str) -> bytes:
    return b"hub-wrap:" + context.encode()
