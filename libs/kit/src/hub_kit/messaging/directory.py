"""The kit's copy of hub.directory: structures, professionals and memberships in every schema (design rule 13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from hub_contracts.envelope import Envelope
from hub_contracts.events.directory import MembershipPublished, ProfessionalPublished, StructurePublished
from hub_kit.db import Connection, Pool
from hub_kit.messaging.consumer import Taken
from hub_kit.messaging.outbox import QUERIES
from hub_kit.telemetry import logs

log = logs.get_logger("hub.messaging")
STREAM = "hub.directory"
Entry = StructurePublished | ProfessionalPublished | MembershipPublished
T = TypeVar("T", StructurePublished, ProfessionalPublished, MembershipPublished)
_MODELS: dict[str, type[Entry]] = {
    m.event_type: m for m in (StructurePublished, ProfessionalPublished, MembershipPublished)
}


class Directory:
    """Entries by key, kept in memory behind the table; the table is written by the consumer of this process or another.

    An entry not in memory is read from the table; one in memory is replaced when this process consumes a newer one, and
    read again after `refresh`.
    """

    def __init__(self, topic_prefix: str = "") -> None:
        self._topic = topic_prefix + STREAM
        self._entries: dict[str, Entry] = {}
        self._touched: set[str] = set()

    @property
    def topic(self) -> str:
        """The topic to subscribe to."""
        return self._topic

    async def sink(self, connection: Connection, events: Sequence[Taken], now: datetime) -> None:
        """Keep the newest state of each entry; one that can't be read is left, the state before it holds."""
        latest: dict[str, Envelope] = {}
        for envelope in (t.envelope for t in events if t.record.topic == self._topic and _readable(t.envelope)):
            known = latest.get(envelope.key)
            if known is None or known.time <= envelope.time:  # an older state told again must not hide a newer one
                latest[envelope.key] = envelope
        if not latest:
            return
        items = [latest[key] for key in sorted(latest)]
        await connection.execute(
            QUERIES.upsert_directory,
            [e.key for e in items],
            [e.type for e in items],
            [e.time for e in items],
            [e.data.decode() for e in items],
        )
        self._touched |= set(latest)

    def after_commit(self) -> None:
        """Forget in memory what the sink just wrote."""
        for key in self._touched:
            self._entries.pop(key, None)
        self._touched.clear()

    async def fetch(self, connection: Connection, keys: Iterable[str]) -> None:
        """Have these entries in memory, as far as they exist."""
        missing = [key for key in set(keys) if key not in self._entries]
        if not missing:
            return
        for row in await connection.fetch(QUERIES.read_directory, missing):
            self._entries[row["key"]] = _MODELS[row["type"]].model_validate_json(row["data"], extra="ignore")

    async def refresh(self, pool: Pool) -> None:
        """Read all entries anew: another process may have consumed what this one has in memory."""
        rows = await pool.fetch(QUERIES.all_directory)
        self._entries = {r["key"]: _MODELS[r["type"]].model_validate_json(r["data"], extra="ignore") for r in rows}

    def structure(self, structure_id: UUID) -> StructurePublished | None:
        """The structure, None when unknown (or not fetched)."""
        return self._get(f"structure:{structure_id}", StructurePublished)

    def professional(self, professional_id: str) -> ProfessionalPublished | None:
        """The professional by PS_IdNat, None when unknown (or not fetched)."""
        return self._get(f"professional:{professional_id}", ProfessionalPublished)

    def membership(self, account_id: UUID, structure_id: UUID) -> MembershipPublished | None:
        """What the account may do for the structure, None when nothing (or not fetched)."""
        return self._get(f"membership:{account_id}:{structure_id}", MembershipPublished)

    def structures(self) -> list[StructurePublished]:
        """All structures in memory; complete after `refresh`."""
        return [e for e in self._entries.values() if isinstance(e, StructurePublished)]

    def memberships(self) -> list[MembershipPublished]:
        """All memberships in memory; complete after `refresh`."""
        return [e for e in self._entries.values() if isinstance(e, MembershipPublished)]

    def _get(self, key: str, model: type[T]) -> T | None:
        entry = self._entries.get(key)
        return entry if isinstance(entry, model) else None


def _readable(envelope: Envelope) -> bool:
    """The entry is what its type says, and jsonb takes it (it has no NUL)."""
    model = _MODELS.get(envelope.type)
    try:
        if model is not None and b"\\u0000" not in envelope.data:
            model.parse(envelope.data)
            return True
    except ValidationError:
        pass
    log.warning("directory.entry_unreadable", event_id=str(envelope.id), type=envelope.type)
    return False
