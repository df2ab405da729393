"""Subject keys: one per patient, in the schema of the service that stores the patient's data (design rule 11).

Erasing a key makes the patient's stored copies unreadable while proofs over the ciphertexts stay valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from hub_kit.db import Connection, load_queries
from hub_kit.security.aead import Box, new_key
from hub_kit.security.keywrap import KeyWrapper

_Q = load_queries("hub_kit.security")


class SubjectKeyGone(Exception):
    """The key of this patient was erased, or never existed: what it protected can't be read."""

    code = "SUBJECT_KEY_GONE"


class SubjectKeys:
    """Access to the table `subject_key` (migrations `hub_kit/migrations/subjects`) on the caller's connection."""

    def __init__(self, wrapper: KeyWrapper) -> None:
        self._wrapper = wrapper

    async def create(self, conn: Connection, subject_ids: Sequence[UUID], now: datetime) -> dict[UUID, Box]:
        """The keys of these patients, made where absent. Raises SubjectKeyGone if one was erased."""
        wanted = list(dict.fromkeys(subject_ids))
        wrapped = [self._wrapper.wrap(new_key(), _context(subject)) for subject in wanted]
        await conn.execute(_Q.subject_create, wanted, wrapped, now)
        found = await self.get_many(conn, wanted)
        if len(found) != len(wanted):
            raise SubjectKeyGone("a patient's key was erased: it is never made anew")
        return found

    async def get(self, conn: Connection, subject_id: UUID) -> Box:
        """The key of one patient. Raises SubjectKeyGone."""
        found = await self.get_many(conn, [subject_id])
        if subject_id not in found:
            raise SubjectKeyGone("no key for this patient: erased, or never made")
        return found[subject_id]

    async def get_many(self, conn: Connection, subject_ids: Iterable[UUID]) -> dict[UUID, Box]:
        """The keys that exist among those of these patients, in one query."""
        rows = await conn.fetch(_Q.subject_get, list(subject_ids))
        return {
            row["subject_id"]: Box(self._wrapper.unwrap(row["wrapped"], _context(row["subject_id"])))
            for row in rows
            if row["wrapped"] is not None
        }

    async def erase(self, conn: Connection, subject_ids: Iterable[UUID], now: datetime) -> list[UUID]:
        """Erase the keys of these patients for ever and return whose key existed until now."""
        rows = await conn.fetch(_Q.subject_erase, list(subject_ids), now)
        return [row["subject_id"] for row in rows]


def _context(subject_id: UUID) -> str:
    return f"subject:{subject_id}"
