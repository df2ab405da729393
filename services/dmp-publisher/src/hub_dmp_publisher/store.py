"""All SQL of dmp-publisher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.events.document import ContentRef
from hub_dmp_publisher.domain import Exchange, Named, Publication, Status
from hub_dmp_publisher.identities import IdentityRef, Kind, NewIdentity, StoredIdentity
from hub_dmp_publisher.sender import Sender
from hub_dmp_publisher.vault import KeptEntry
from hub_kit.db import Connection, load_queries

QUERIES = load_queries("hub_dmp_publisher")
Key = tuple[UUID, int]
"""An act's id and version."""


@dataclass(frozen=True, slots=True)
class Record:
    """A publication as it is kept."""

    act_id: UUID
    act_version: int
    structure_id: UUID
    patient_id: UUID
    author_id: str
    act_type: str
    occurred_at: datetime
    document_type: str
    named: Named
    content: ContentRef
    sender: Sender | None
    sign_fingerprint: str | None
    kept: KeptEntry | None = field(repr=False)
    publication: Publication

    @property
    def key(self) -> Key:
        """Its key in the table."""
        return self.act_id, self.act_version


@dataclass(frozen=True, slots=True)
class Change:
    """What a call led to, for the table. `pause` is the reason why the structure's lane stops, if it does."""

    record: Record
    publication: Publication
    code: ErrorCode | None
    upstream_code: str | None
    exchanges: tuple[Exchange, ...]
    pause: ErrorCode | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StopRow:
    """A patient's stand, in the order of the table's columns."""

    patient_id: UUID
    opposed: bool
    revision: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class EndedRow:
    """How a publication that waited for an authorisation ends."""

    act_id: UUID
    act_version: int
    status: str
    code: str
    at: datetime


async def claim_new(connection: Connection, records: Sequence[Record], now: datetime) -> set[Key]:
    """Insert those that are not there yet, as being sent; the keys inserted. One statement."""
    if not records:
        return set()
    rows = [_columns_of(record) for record in records]
    inserted = await connection.fetch(QUERIES.claim_new, *_transposed(rows), now)
    return {(row["act_id"], row["act_version"]) for row in inserted}


async def lock(connection: Connection, keys: Iterable[Key]) -> dict[Key, Record]:
    """The publications of these keys, locked in the order of their keys."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await connection.fetch(QUERIES.lock_publications, [k[0] for k in wanted], [k[1] for k in wanted])
    return {(row["act_id"], row["act_version"]): _record(row) for row in rows}


async def mark_claimed(connection: Connection, records: Sequence[Record], now: datetime) -> None:
    """Keep the claimed state of publications; one statement."""
    if not records:
        return
    rows = [
        (
            r.act_id,
            r.act_version,
            r.publication.status.value,
            r.publication.ask_not_before,
            r.publication.valid_until,
            r.publication.claimed_at,
            _sender_json(r),
            r.sign_fingerprint,
        )
        for r in records
    ]
    await connection.execute(QUERIES.mark_claimed, *_transposed(rows), now)


async def save_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Keep what calls led to and their evidence; one statement."""
    if not changes:
        return
    rows = [
        (
            c.record.act_id,
            c.record.act_version,
            c.publication.status.value,
            c.publication.ask_not_before,
            c.publication.doubt_told,
            c.publication.told_code,
            c.code,
            c.upstream_code,
            c.at,
            c.publication.status.final,
        )
        for c in changes
    ]
    evidence = [
        (
            c.record.act_id,
            c.record.act_version,
            e.transaction.value,
            e.message_id,
            e.assertion_id,
            e.sent_at,
            e.duration_ms,
            e.http_status,
            e.outcome,
            e.upstream_code,
        )
        for c in changes
        for e in c.exchanges
    ]
    await connection.execute(
        QUERIES.save_changes, *_transposed(rows), *(_transposed(evidence) if evidence else [[] for _ in range(10)])
    )


async def is_stopped(connection: Connection, patient_id: UUID) -> bool:
    """True when the patient opposes feeding, as far as this service has heard."""
    return bool(await connection.fetchval(QUERIES.is_stopped, patient_id))


async def save_stops(connection: Connection, rows: Sequence[StopRow]) -> None:
    """Keep patients' stands; an older revision changes nothing. One statement."""
    if rows:
        await connection.execute(QUERIES.save_stops, *_transposed([astuple(row) for row in rows]))


async def end_waiting(connection: Connection, rows: Sequence[EndedRow]) -> None:
    """End those of these that wait for an authorisation; their entries and keys go. One statement."""
    if rows:
        await connection.execute(QUERIES.end_waiting, *_transposed([astuple(row) for row in rows]))


async def current_identities(
    connection: Connection, structures: Iterable[UUID], now: datetime
) -> dict[UUID, dict[Kind, IdentityRef]]:
    """The certificates in force (or the last that were) of each structure, by use."""
    found: dict[UUID, dict[Kind, IdentityRef]] = {}
    for row in await connection.fetch(QUERIES.current_identities, list(set(structures)), now):
        ref = IdentityRef(Kind(row["kind"]), row["fingerprint"], row["subject_ou"], row["not_before"], row["not_after"])
        found.setdefault(row["structure_id"], {})[ref.kind] = ref
    return found


async def read_identities(
    connection: Connection, structure_id: UUID, fingerprints: Iterable[str]
) -> Mapping[str, StoredIdentity]:
    """The rows of these certificates of a structure, by fingerprint."""
    rows = await connection.fetch(QUERIES.read_identities, structure_id, list(fingerprints))
    return {
        row["fingerprint"]: StoredIdentity(
            Kind(row["kind"]), row["fingerprint"], row["certificate_pem"], row["sealed_key"]
        )
        for row in rows
    }


async def save_identity(connection: Connection, identity: NewIdentity, now: datetime) -> None:
    """Keep a certificate; the same one again changes nothing."""
    ref = identity.ref
    await connection.execute(
        QUERIES.save_identity,
        identity.structure_id,
        ref.kind.value,
        ref.fingerprint,
        identity.certificate_pem,
        identity.sealed_key,
        ref.subject_ou,
        ref.not_before,
        ref.not_after,
        now,
    )


async def expiring_identities(connection: Connection, before: datetime) -> list[dict[str, Any]]:
    """structure_id, kind, subject_ou and not_after of certificates that end before that moment, the soonest first."""
    return [dict(row) for row in await connection.fetch(QUERIES.expiring_identities, before)]


async def publications_of_act(connection: Connection, act_id: UUID) -> list[dict[str, Any]]:
    """The publications of an act, by version."""
    return [dict(row) for row in await connection.fetch(QUERIES.publication_of_act, act_id)]


async def exchanges_of_act(connection: Connection, act_id: UUID) -> list[dict[str, Any]]:
    """The evidence of an act's exchanges with the DMP, in order."""
    return [dict(row) for row in await connection.fetch(QUERIES.exchanges_of_act, act_id)]


def _columns_of(r: Record) -> tuple[object, ...]:
    named, content, kept = r.named, r.content, r.kept
    return (
        r.act_id,
        r.act_version,
        r.structure_id,
        r.patient_id,
        r.author_id,
        r.act_type,
        r.occurred_at,
        r.document_type,
        named.document_unique_id,
        named.submission_set_unique_id,
        named.signature_unique_id,
        named.submission_set_entry_id,
        named.document_entry_id,
        named.signature_entry_id,
        content.id,
        content.sha256,
        content.sha1,
        content.size,
        content.media_type,
        _sender_json(r),
        r.sign_fingerprint,
        kept.wrapped_key if kept else None,
        kept.ciphertext if kept else None,
        r.publication.valid_until,
        r.publication.expires_at,
    )


def _sender_json(record: Record) -> str | None:
    return record.sender.model_dump_json() if record.sender is not None else None


def _record(row: Any) -> Record:
    sealed = row["sealed_entry"]
    sender = row["sender_json"]
    told = row["told_code"]
    return Record(
        act_id=row["act_id"],
        act_version=row["act_version"],
        structure_id=row["structure_id"],
        patient_id=row["patient_id"],
        author_id=row["author_id"],
        act_type=row["act_type"],
        occurred_at=row["occurred_at"],
        document_type=row["document_type"],
        named=Named(
            row["document_unique_id"],
            row["submission_set_unique_id"],
            row["signature_unique_id"],
            row["submission_set_entry_id"],
            row["document_entry_id"],
            row["signature_entry_id"],
            row["fixed_at"],
        ),
        content=ContentRef(
            id=row["content_id"],
            sha256=row["content_sha256"],
            sha1=row["content_sha1"],
            size=row["content_size"],
            media_type=row["content_media_type"],
        ),
        sender=Sender.model_validate_json(sender) if sender else None,
        sign_fingerprint=row["sign_fingerprint"],
        kept=KeptEntry(row["entry_key"], sealed) if sealed is not None else None,
        publication=Publication(
            status=Status(row["status"]),
            valid_until=row["valid_until"],
            expires_at=row["expires_at"],
            ask_not_before=row["ask_not_before"],
            claimed_at=row["claimed_at"],
            doubt_told=row["doubt_told"],
            told_code=ErrorCode(told) if told else None,
        ),
    )


def _transposed(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
