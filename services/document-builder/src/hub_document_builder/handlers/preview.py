"""What the patient would see of an act that isn't sent yet. Nothing is kept."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import BaseModel

from hub_contracts.acts import Act, InsStatus, SuppliedDocument, Visibility
from hub_contracts.document_types import DocumentType, document_type
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.events.directory import StructurePublished
from hub_contracts.sealed import QualifiedIdentity
from hub_document_builder.domain import unknown_performer
from hub_document_builder.drafting import (
    DocumentIds,
    Sources,
    has_own_report,
    header_of,
    ids_of,
    people_of,
    report_of,
)
from hub_document_builder.handlers.workshop import Workshop
from hub_document_builder.upstreams.press import PressBusy
from hub_interop.cda import Body, DocumentHeader, UnstructuredBody, build_document
from hub_interop.report import (
    Bullets,
    Fields,
    Flag,
    Notice,
    Paragraph,
    Report,
    Table,
    flagged_words,
    report_from_cda,
    report_html,
)
from hub_interop.terminologies import value_set
from hub_kit.blob_client import BlobClient, BlobGone, BlobUnavailable
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.errors import HubError
from hub_kit.messaging.directory import Directory

AT_ONCE = 4
"""Previews in the making at a time: documents need the press as well."""
LATER = {"retry-after": "2"}
VISIBLE_PATIENT = "Visible par le patient dans Mon espace santé."
HIDDEN_PATIENT = "Non visible par le patient : à n'employer que le temps d'une consultation d'annonce."
VISIBLE_PROFESSIONALS = "Visible par les professionnels de santé autorisés par le patient."
MASKED_PROFESSIONALS = "Masqué aux professionnels de santé, sauf à l'auteur et au médecin traitant."
HIDDEN_REPRESENTATIVES = "Non visible par les représentants légaux du patient."


class WordFlag(BaseModel):
    """A word to read again before sending."""

    word: str
    reason: str
    advice: str
    where: str


class PreviewView(BaseModel):
    """What the patient would see; `pdf` is base64."""

    document_type: str
    label: str
    title: str
    visibility: tuple[str, ...]
    html: str | None
    pdf: str | None
    flags: tuple[WordFlag, ...]
    problems: tuple[Problem, ...]


class PreviewRequest(BaseModel):
    """An act that passed the gateway's door."""

    structure_id: UUID
    act: Act


@dataclass(frozen=True, slots=True)
class Previews:
    """Makes previews as documents are made, from the declared identity."""

    pool: Pool
    directory: Directory
    workshop: Workshop
    attachments: BlobClient | None
    file_bytes: int
    clock: Clock
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def preview(self, asked: PreviewRequest) -> PreviewView:
        """The preview. Raises HubError SERVICE_UNAVAILABLE when something of the hub's is missing or busy."""
        kind = document_type(asked.act.type)
        if kind is None:
            raise HubError(ErrorCode.ACT_TYPE_UNKNOWN)
        keys = {f"structure:{asked.structure_id}"} | {f"professional:{name}" for name in people_of(asked.act)}
        async with self.pool.acquire() as connection:
            await self.directory.fetch(connection, keys)
        structure = self.directory.structure(asked.structure_id)
        people = {name: known for name in people_of(asked.act) if (known := self.directory.professional(name))}
        if structure is None or set(asked.act.people) - people.keys():
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE)
        if set(people_of(asked.act)) - people.keys():
            return _view(kind, asked.act, kind.title, None, None, unknown_performer().problems)
        sources = Sources(kind, asked.act, QualifiedIdentity.of(asked.act.patient), structure, people)
        if self.room.locked():
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers=LATER)
        try:
            async with self.room:
                return await self._made(sources, asked.act, structure)
        except (PressBusy, BlobUnavailable):
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers=LATER) from None

    async def _made(self, sources: Sources, act: Act, structure: StructurePublished) -> PreviewView:
        now, ids = self.clock.now(), ids_of(structure.structure_id, 1)
        header = header_of(sources, ids, now)
        try:
            file = await self._file(act)
        except (BlobGone, ValueError):
            gone = Problem(
                code=ErrorCode.ATTACHMENT_UNKNOWN.value, pointer="/content/file", text=ErrorCode.ATTACHMENT_UNKNOWN.text
            )
            return _view(sources.kind, act, header.title, None, None, (gone,))
        problems, body = await self.workshop.draft(sources, header, ids, file, now)
        problems = tuple(p for p in problems if not _awaits_identity(act, p))
        report = self._report(sources, header, ids, None if problems else body)
        pdf = await self._pdf(report, header, body)
        return _view(sources.kind, act, header.title, report, pdf, problems)

    def _report(self, sources: Sources, header: DocumentHeader, ids: DocumentIds, body: Body | None) -> Report | None:
        """What is shown as HTML: the hub's own report, or the document's narrative. None for a file."""
        if has_own_report(sources.act):
            return report_of(header, sources.act.content)
        if body is None or isinstance(body, UnstructuredBody):
            return None
        return report_from_cda(build_document(header, body))

    async def _pdf(self, report: Report | None, header: DocumentHeader, body: Body | None) -> bytes | None:
        if isinstance(body, UnstructuredBody):
            return body.content if body.media_type == "application/pdf" else None
        if report is None:
            return None
        return await self.workshop.press.report(report, header.created_at, header.unique_id)

    async def _file(self, act: Act) -> bytes | None:
        content = act.content
        if not isinstance(content, SuppliedDocument):
            return None
        if content.file.data is not None:
            return inline_file(content.file.data)
        if self.attachments is None or content.file.attachment is None:
            raise BlobGone
        return await self.attachments.read_named(content.file.attachment, self.file_bytes)


def inline_file(data: str) -> bytes:
    """The file that came inside an act, in base64 with or without line ends. Raises ValueError."""
    return base64.b64decode("".join(data.split()), validate=True)


def visibility_sentences(visibility: Visibility) -> tuple[str, ...]:
    """Who will see the document, in sentences for the counter (EX_2.1-1050)."""
    return (
        HIDDEN_PATIENT if visibility.hidden_from_patient else VISIBLE_PATIENT,
        MASKED_PROFESSIONALS if visibility.masked_from_professionals else VISIBLE_PROFESSIONALS,
        *((HIDDEN_REPRESENTATIVES,) if visibility.hidden_from_legal_representatives else ()),
    )


def _awaits_identity(act: Act, problem: Problem) -> bool:
    """An identity that isn't qualified yet will be asked for: no fault of the document."""
    return act.patient.ins_status is not InsStatus.QUALIFIEE and problem.pointer.startswith("/patient/")


def _texts(report: Report) -> Iterator[tuple[str, str]]:
    """Every text that a person wrote, with the heading above it."""
    for section in report.sections:
        for block in section.blocks:
            match block:
                case Paragraph() | Notice():
                    yield section.heading, block.text
                case Fields():
                    yield from ((section.heading, text) for item in block.items for text in item)
                case Bullets():
                    yield from ((section.heading, text) for text in block.items)
                case Table():
                    yield from ((section.heading, text) for row in block.rows for text in row)


def _view(
    kind: DocumentType,
    act: Act,
    title: str,
    report: Report | None,
    pdf: bytes | None,
    problems: tuple[Problem, ...],
) -> PreviewView:
    known = value_set("document_type").get(kind.type)
    flags: tuple[Flag, ...] = flagged_words(_texts(report)) if report is not None else ()
    return PreviewView(
        document_type=kind.type,
        label=known.label if known else kind.label,
        title=title,
        visibility=visibility_sentences(act.visibility),
        html=None if report is None else report_html(report),
        pdf=None if pdf is None else base64.b64encode(pdf).decode("ascii"),
        flags=tuple(WordFlag(word=f.word, reason=f.reason, advice=f.advice, where=f.where) for f in flags),
        problems=problems,
    )
