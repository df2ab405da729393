"""An authorised act becomes a document: load / call / decide / apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.acts import Act, SuppliedDocument, Vaccination
from hub_contracts.document_types import DocumentType, document_type
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActEvent, ActRefused, Problem
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.directory import Mode, ProfessionalPublished, StructurePublished
from hub_contracts.events.document import ContentRef, DocumentBuilt
from hub_contracts.sealed import QualifiedIdentity
from hub_contracts.states import Stage
from hub_document_builder.domain import MEDIA_TYPE, Built, Invalid, Made, Waiting, unknown_performer
from hub_document_builder.drafting import DocumentIds, Sources, ids_of, people_of, performer_of
from hub_document_builder.handlers.workshop import CHECKS_SECONDS, RULES_SECONDS, Workshop
from hub_document_builder.store import DocumentRow, KeptDocument, Store
from hub_kit.blob_client import BlobClient, BlobGone, BlobUnavailable
from hub_kit.blobs import NewBlob, content_ref
from hub_kit.clock import Clock
from hub_kit.db import Connection
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.model import Effects, Emit, Fatal, RetryAt, Transient, Work
from hub_kit.security.sealed import Sealer, SealUnreadable, seal_place

DIRECTORY_SECONDS = 30.0
GONE = "Le fichier n'est plus conservé par le hub : déposez-le à nouveau."


@dataclass(frozen=True, slots=True)
class Materials:
    """What an authorised act brings: its parts, the people and the structure as far as known, what was built before."""

    act: Act | SealUnreadable
    identity: QualifiedIdentity | SealUnreadable
    structure: StructurePublished | None
    people: Mapping[str, ProfessionalPublished]
    kept: KeptDocument | None


@dataclass(frozen=True, slots=True)
class Documents:
    """An authorised act becomes a document, once: bytes are never rebuilt (design rule 12).

    `attachments` gives the files that LGOs deposited, None where there is no gateway to ask; `file_bytes` is the most
    that is read of one.
    """

    directory: Directory
    sealer: Sealer
    store: Store
    workshop: Workshop
    attachments: BlobClient | None
    file_bytes: int
    clock: Clock

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
        names = [people_of(act) if isinstance(act, Act) else () for act in acts]
        keys = {f"structure:{w.event.structure_id}" for w in works} | {
            f"professional:{n}" for some in names for n in some
        }
        await self.directory.fetch(connection, keys)
        kept = await self.store.documents(connection, [(w.event.act_id, w.event.version) for w in works])
        return {
            w.id: Materials(
                act,
                identity,
                self.directory.structure(w.event.structure_id),
                {name: known for name in some if (known := self.directory.professional(name)) is not None},
                kept.get((w.event.act_id, w.event.version)),
            )
            for w, act, identity, some in zip(works, acts, identities, names, strict=True)
        }

    async def call(self, work: Work[AlimentationAuthorised], materials: Materials) -> Made | None:
        """The document made, or why not; None when there is nothing to make. Raises Fatal, Transient."""
        event, now = work.event, self.clock.now()
        if materials.kept is not None or event.expires_at <= now:
            return None
        act, identity, kind = materials.act, materials.identity, document_type(event.act_type)
        if isinstance(act, SealUnreadable) or isinstance(identity, SealUnreadable):
            raise Fatal(ErrorCode.SEAL_UNREADABLE)
        if kind is None:
            raise Fatal(ErrorCode.ACT_TYPE_UNKNOWN)
        lacking = self._hindrance(event, kind, act, materials)
        if lacking is not None or materials.structure is None:
            return lacking or Waiting(ErrorCode.UPSTREAM_UNAVAILABLE, DIRECTORY_SECONDS)
        try:
            file = await self._file(act)
        except BlobGone:
            code = ErrorCode.ATTACHMENT_UNKNOWN.value
            return Invalid((Problem(code=code, pointer="/content/file/attachment", text=GONE),))
        except BlobUnavailable:
            raise Transient(ErrorCode.UPSTREAM_UNAVAILABLE) from None
        sources = Sources(kind, act, identity, materials.structure, materials.people)
        return await self.workshop.make(sources, ids_for(event, act), file, now)

    def _hindrance(
        self, event: AlimentationAuthorised, kind: DocumentType, act: Act, materials: Materials
    ) -> Made | None:
        """What keeps the document from being begun: rules that are not there, people or structure not known yet."""
        structure, rules = materials.structure, self.workshop.rules
        if structure is None:
            return Waiting(ErrorCode.UPSTREAM_UNAVAILABLE, DIRECTORY_SECONDS)
        if not rules.may_build(production=structure.mode is Mode.PRODUCTION) or rules.too_old_for(kind.type):
            return Waiting(ErrorCode.DOCUMENT_RULES_UNAVAILABLE, RULES_SECONDS)
        if not rules.available(ids_for(event, act).unique_id):
            return Waiting(ErrorCode.DOCUMENT_RULES_UNAVAILABLE, CHECKS_SECONDS)
        return _lacking(act, materials)

    async def _file(self, act: Act) -> bytes | None:
        """What the LGO supplied. Raises BlobGone, BlobUnavailable."""
        content = act.content
        if not isinstance(content, SuppliedDocument):
            return None
        if self.attachments is None or content.file.attachment is None:
            raise BlobGone
        return await self.attachments.read_named(content.file.attachment, self.file_bytes)

    def decide(
        self, work: Work[AlimentationAuthorised], materials: Materials, made: Made | None, now: datetime
    ) -> Effects[DocumentRow]:
        """The document, told and kept; or every problem at once; or later, when something of the hub's is missing."""
        event, kept = work.event, materials.kept
        if kept is not None:
            return _again(event, kept)
        if made is None:
            return Effects(emit=(Emit(_refused(event, ErrorCode.SEND_DEADLINE_PASSED)),))
        if isinstance(made, Waiting):
            return Effects(retry=RetryAt(now + timedelta(seconds=made.seconds), made.code, counts=False))
        if isinstance(made, Invalid):
            return Effects(emit=(Emit(_refused(event, ErrorCode.DOCUMENT_INVALID, made.problems)),))
        row = _row(event, materials, made, now)
        document = _built(event, content_ref(row.blob), row.unique_id, row.document_type, row.rules_checked)
        return Effects(emit=(Emit(document, seal={"sealed_entry": made.entry}),), rows=(row,))

    async def apply(self, connection: Connection, effects: Sequence[Effects[DocumentRow]]) -> None:
        """Keep bytes and rows."""
        await self.store.save(connection, [row for e in effects for row in e.rows])


def ids_for(event: AlimentationAuthorised, act: Act) -> DocumentIds:
    """The identifiers of the document of this version of the act."""
    vaccination_id = act.content.vaccination_id if isinstance(act.content, Vaccination) else None
    return ids_of(event.act_id, event.version, vaccination_id)


def _lacking(act: Act, materials: Materials) -> Made | None:
    """A performer that nobody knows is the act's fault; who wrote was known at the door: our copy lags behind."""
    missing = set(people_of(act)) - materials.people.keys()
    if not missing:
        return None
    if missing == {performer_of(act)} - set(act.people):
        return unknown_performer()
    return Waiting(ErrorCode.UPSTREAM_UNAVAILABLE, DIRECTORY_SECONDS)


def _row(event: AlimentationAuthorised, materials: Materials, made: Built, now: datetime) -> DocumentRow:
    assert isinstance(materials.act, Act)
    ids, kind = ids_for(event, materials.act), document_type(event.act_type)
    assert isinstance(kind, DocumentType)
    return DocumentRow(
        act_id=event.act_id,
        act_version=event.version,
        structure_id=event.structure_id,
        patient_id=event.patient_id,
        unique_id=ids.unique_id,
        set_id=ids.set_id,
        document_type=kind.type,
        rules_checked=made.checked,
        built_at=now,
        blob=NewBlob(ids.content_id, made.content, MEDIA_TYPE),
        entry=made.entry,
    )


def _again(event: AlimentationAuthorised, kept: KeptDocument) -> Effects[DocumentRow]:
    """The same document told again, or nothing once it was purged: its act was final."""
    if kept.entry is None:
        return Effects()
    told = _built(event, kept.content, kept.unique_id, kept.document_type, kept.rules_checked)
    return Effects(emit=(Emit(told, seal={"sealed_entry": kept.entry}),))


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


def _refused(event: AlimentationAuthorised, code: ErrorCode, problems: tuple[Problem, ...] = ()) -> ActEvent:
    return ActRefused(
        **event.about,
        stage=Stage.DOCUMENT,
        code=code,
        problems=problems,
        patient_id=event.patient_id,
    )
