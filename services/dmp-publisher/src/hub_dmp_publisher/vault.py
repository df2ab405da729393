"""The patient's entry of an open publication, kept under a key of its own (design rule 11: a content key).

The key goes, and with it the entry, when the publication is final. Transit keys can't do: a document may wait longer
for the DMP than topics remember.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from hub_contracts.sealed import SealedEntry
from hub_kit.security.aead import Box, new_key
from hub_kit.security.keywrap import KeyWrapper


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A wrapped key and what it encrypts."""

    wrapped_key: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


class EntryVault:
    """Closes and opens entries; bound to their act."""

    def __init__(self, wrapper: KeyWrapper) -> None:
        self._wrapper = wrapper

    def keep(self, act_id: UUID, entry: SealedEntry) -> KeptEntry:
        """The entry, encrypted under a new key."""
        key = new_key()
        ciphertext = Box(key).pack(entry.model_dump_json().encode(), _place(act_id).encode())
        return KeptEntry(self._wrapper.wrap(key, _place(act_id)), ciphertext)

    def open_(self, act_id: UUID, kept: KeptEntry) -> SealedEntry:
        """The entry. Raises hub_kit's Undecipherable."""
        box = Box(self._wrapper.unwrap(kept.wrapped_key, _place(act_id)))
        return SealedEntry.model_validate_json(box.unpack(kept.ciphertext, _place(act_id).encode()))


def _place(act_id: UUID) -> str:
    return f"publication-entry:{act_id}"
