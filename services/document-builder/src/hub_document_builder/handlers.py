"""load / decide / apply of each event that document-builder handles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.acts import DOCUMENT_TYPES, Act
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActEvent, ActRefused, Problem
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_contracts.events.document import ContentRef, DocumentBuilt
from hub_contracts.events.publication import PublicationConfirmed
from hub_contracts.sealed import QualifiedIdentity
from hub_contracts.states import Stage
from hub_document_builder.domain import MEDIA_TYPE, Built, Invalid, build, unknown_performer
from hub_document_builder.mapping import DocumentIds, Sources, ids_of
from hub_document_builder.rules import Rules
from hub_document_builder.store import DocumentRow, EndedRow, KeptDocument, Store
from hub_kit.blobs import NewBlob, content_ref
from hub_kit.db import Connection
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.model import Effects, Emit, Fatal, RetryAt, Work
from hub_kit.security.sealed import Sealer, SealUnreadable, seal_place

RULES_RETRY = timedelta(minutes=5)
DIRECTORY_RETRY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Materials:
    """What an authorised act brings: its parts, the people and the structure as far as known, what was built before."""

    act: Act | SealUnreadable
    identity: QualifiedIdentity | SealUnreadable
    structure: StructurePublished | None
    author: ProfessionalPublished | None
    performer: ProfessionalPublished | None
    kept: KeptDocument | None


@dataclass(frozen=True, slots=True)
class Documents:
    """An authorised act becomes a document, once: bytes are never rebuilt (design rule 12)."""

    directory: Directory
    sealer: Sealer
    store: Store
    rules: Rules

    async def load(
        self, connection: Connection, works: Sequence[Work[AlimentationAuthorised]]
    ) -> Mapping[UUID, Materials]:
        """Sealed parts opened, entries of the directory, documents built before."""
        acts = await self.sealer.open_many(
            [(w.event.sealed_act, Act, seal_place("sealed_act", w.event.key)) for w in works]
        )
        identities = await self.sealer.open_many(
            [(w.event.sealed_identity, QualifiedIdentity, seal_place("sealed_identity", w.event.key)) for w in works]
        )
        performers = [_performer_id(w.event, act) for w, act in zip(works, acts, strict=True)]
        people = {w.event.author_id for w in works} | set(performers)
        keys = {f"structure:{w.event.structure_id}" for w in works} | {f"professional:{person}" for person in people}
        await self.directory.fetch(connection, keys)
        kept = await self.store.documents(connection, [(w.event.act_id, w.event.version) for w in works])
        return {
            w.id: Materials(
                act,
                identity,
                self.directory.structure(w.event.structure_id),
                self.directory.professional(w.event.author_id),
                self.directory.professional(performer),
                kept.get((w.event.act_id, w.event.version)),
            )
            for w, act, identity, performer in zip(works, acts, identities, performers, strict=True)
        }

    def decide(self, work: Work[AlimentationAuthorised], materials: Materials, now: datetime) -> Effects[DocumentRow]:
        """The document, told and kept; or every problem at once; or later, when something of the hub's is missing."""
        event, kept = work.event, materials.kept
        if kept is not None:
            return _again(event, kept)
        if event.expires_at <= now:
            return Effects(emit=(Emit(_refused(event, ErrorCode.SEND_DEADLINE_PASSED)),))
        if not self.rules.may_build:
            return _later(now + RULES_RETRY, ErrorCode.DOCUMENT_RULES_UNAVAILABLE)
        act, identity = materials.act, materials.identity
        if isinstance(act, SealUnreadable) or isinstance(identity, SealUnreadable):
            raise Fatal(ErrorCode.SEAL_UNREADABLE)
        structure, author = materials.structure, materials.author
        if structure is None or author is None:  # our copy of the directory lags behind: consent-registry knew them
            return _later(now + DIRECTORY_RETRY, ErrorCode.UPSTREAM_UNAVAILABLE)
        if materials.performer is None:
            return Effects(emit=(Emit(_invalid(event, unknown_performer())),))
        ids = ids_of(event.act_id, event.version, act.content.vaccination_id)
        built = build(Sources(act, identity, structure, author, materials.performer), ids, self.rules, now)
        if isinstance(built, Invalid):
            return Effects(emit=(Emit(_invalid(event, built)),))
        row = self._row(event, ids, built, now)
        told = _built(event, content_ref(row.blob), row.unique_id, row.document_type, row.rules_checked)
        return Effects(emit=(Emit(told, seal={"sealed_entry": built.entry}),), rows=(row,))

    def _row(self, event: AlimentationAuthorised, ids: DocumentIds, built: Built, now: datetime) -> DocumentRow:
        return DocumentRow(
            act_id=event.act_id,
            act_version=event.version,
            structure_id=event.structure_id,
            patient_id=event.patient_id,
            unique_id=ids.unique_id,
            set_id=ids.set_id,
            document_type=DOCUMENT_TYPES[event.act_type],
            rules_checked=self.rules.checked,
            built_at=now,
            blob=NewBlob(ids.content_id, built.content, MEDIA_TYPE),
            entry=built.entry,
        )

    async def apply(self, connection: Connection, effects: Sequence[Effects[DocumentRow]]) -> None:
        """Keep bytes and rows."""
        await self.store.save(connection, [row for e in effects for row in e.rows])


def _performer_id(event: AlimentationAuthorised, act: Act | SealUnreadable) -> str:
    if isinstance(act, Act) and act.content.performer is not None:
        return act.content.performer.id
    return event.author_id


def _again(event: AlimentationAuthorised, kept: KeptDocument) -> Effects[DocumentRow]:
    """The same document told again, or nothing once it was purged: its act was final."""
    if kept.entry is None:
        return Effects()
    told = _built(event, kept.content, kept.unique_id, kept.document_type, kept.rules_checked)
    return Effects(emit=(Emit(told, seal={"sealed_entry": kept.entry}),))


def _later(when: datetime, code: ErrorCode) -> Effects[DocumentRow]:
    return Effects(retry=RetryAt(when, code, counts=False))


def _built(
    event: AlimentationAuthorised,
    content: ContentRef,
    unique_id: str,
    document_type: str,
    rules_checked: tuple[str, ...],
) -> ActEvent:
    return DocumentBuilt(
        **event.about,
        patient_id=event.patient_id,
        document_unique_id=unique_id,
        document_type=document_type,
        act_type=event.act_type,
        author_id=event.author_id,
        occurred_at=event.occurred_at,
        content=content,
        rules_checked=rules_checked,
        expires_at=event.expires_at,
        valid_until=event.valid_until,
        sealed_entry="",
    )


def _invalid(event: AlimentationAuthorised, invalid: Invalid) -> ActEvent:
    return _refused(event, ErrorCode.DOCUMENT_INVALID, invalid.problems)


def _refused(event: AlimentationAuthorised, code: ErrorCode, problems: tuple[Problem, ...] = ()) -> ActEvent:
    return ActRefused(
        **event.about,
        stage=Stage.DOCUMENT,
        code=code,
        problems=problems,
        patient_id=event.patient_id,
    )


Final = PublicationConfirmed | ActRefused


@dataclass(frozen=True, slots=True)
class Endings:
    """An act is final: the bytes of its document go some days later (design rule 12)."""

    store: Store
    keep: timedelta

    async def load(self, _connection: Connection, works: Sequence[Work[Final]]) -> Mapping[UUID, None]:
        """Nothing is needed."""
        return {w.id: None for w in works}

    def decide(self, work: Work[Final], _state: None, now: datetime) -> Effects[EndedRow]:
        """The act's versions up to this one are done with."""
        return Effects(rows=(EndedRow(work.event.act_id, work.event.version, now),))

    async def apply(self, connection: Connection, effects: Sequence[Effects[EndedRow]]) -> None:
        """Date the purge."""
        await self.store.end(connection, [row for e in effects for row in e.rows], self.keep)
