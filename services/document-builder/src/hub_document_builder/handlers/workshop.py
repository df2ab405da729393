"""Where a document is made: header ─▶ body (note, report printed, file examined) ─▶ rules ─▶ bytes ─▶ official rules.

Printing, examining files and the official schematrons run in child processes; whatever is missing or busy is a wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub_contracts.acts import SuppliedDocument
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.sealed import QualifiedIdentity, SealedEntry, SealedPerson
from hub_document_builder.domain import (
    Built,
    DocumentBroken,
    Invalid,
    Made,
    Waiting,
    content_problems,
    told,
    type_problems,
)
from hub_document_builder.drafting import (
    DocumentIds,
    Sources,
    has_own_report,
    header_of,
    report_of,
    structured_body,
)
from hub_document_builder.rules import ChecksUnavailable, Rules
from hub_document_builder.upstreams.press import FileUnusable, Press, PressBusy
from hub_document_builder.workers.jobs import ExamineJob
from hub_interop.cda import Body, DocumentHeader, UnstructuredBody, VaccinationNote, build_document, check_document
from hub_interop.ins.matricule import Environment
from hub_interop.xds.from_cda import PersonFacts, entry_facts
from hub_kit.blobs import maybe_in_thread

BUSY_SECONDS = 2.0
CHECKS_SECONDS = 5.0
RULES_SECONDS = 300.0
_ANY_PDF = UnstructuredBody(b"%PDF-1.4", "application/pdf")
"""Stands for a file that isn't there yet, so that the header's problems are known before it is printed."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes documents. `environment`: whose matricules may be in them, None for any."""

    rules: Rules
    press: Press
    environment: Environment | None = None

    async def make(self, sources: Sources, ids: DocumentIds, file: bytes | None, now: datetime) -> Made:
        """The document, everything that keeps it from being made, or a wait. Raises DocumentBroken."""
        header = header_of(sources, ids, now)
        try:
            problems, body = await self.draft(sources, header, ids, file, now)
        except PressBusy:
            return Waiting(ErrorCode.DOCUMENT_RULES_UNAVAILABLE, BUSY_SECONDS)
        if problems or body is None:
            return Invalid(problems)
        content = await _written(header, body)
        checked = await self._checked(ids, content)
        if isinstance(checked, Waiting):
            return checked
        return Built(content, entry_of(sources.identity, header, body, ids), checked)

    async def draft(
        self, sources: Sources, header: DocumentHeader, ids: DocumentIds, file: bytes | None, now: datetime
    ) -> tuple[tuple[Problem, ...], Body | None]:
        """Every problem of the act, and the body when there is none. Raises PressBusy."""
        act = sources.act
        problems = type_problems(sources.kind, act, sources.people)
        body: Body | None = structured_body(act, ids)
        if body is not None:
            return _distinct(*problems, *self._problems(header, body, now)), body
        if has_own_report(act):
            problems = (*problems, *content_problems(act, now), *self._problems(header, _ANY_PDF, now))
            if problems:
                return _distinct(*problems), None
            pdf = await self.press.report(report_of(header, act.content), header.created_at, ids.unique_id)
            return (), UnstructuredBody(pdf, "application/pdf")
        assert isinstance(act.content, SuppliedDocument)
        try:
            body = await self._supplied(act.content, header, file or b"")
        except FileUnusable as unusable:
            found = tuple(Problem(code=p.code, pointer="/content/file", text=p.text) for p in unusable.problems)
            return _distinct(*problems, *self._problems(header, _ANY_PDF, now), *found), None
        return _distinct(*problems, *self._problems(header, body, now)), body

    def _problems(self, header: DocumentHeader, body: Body, now: datetime) -> tuple[Problem, ...]:
        return told(check_document(header, body, now, self.environment))

    async def _supplied(self, content: SuppliedDocument, header: DocumentHeader, file: bytes) -> UnstructuredBody:
        author = header.author.organisation.name
        job = ExamineJob(content.file.media_type, header.title, author, header.created_at, header.unique_id)
        media_type, kept = await self.press.examine(file, job)
        return UnstructuredBody(kept, media_type, content.language)

    async def _checked(self, ids: DocumentIds, content: bytes) -> tuple[str, ...] | Waiting:
        """What the document was checked against. Raises DocumentBroken."""
        try:
            errors = await self.rules.errors(ids.unique_id, content)
        except ChecksUnavailable as error:
            return Waiting(ErrorCode.DOCUMENT_RULES_UNAVAILABLE, BUSY_SECONDS if error.busy else RULES_SECONDS)
        if errors:
            raise DocumentBroken(errors)
        return self.rules.checked_for(ids.unique_id)


def entry_of(identity: QualifiedIdentity, header: DocumentHeader, body: Body, ids: DocumentIds) -> SealedEntry:
    """What the DMP's metadata need of this document, from the model that its bytes come from."""
    facts = entry_facts(header, body)
    return SealedEntry(
        identity=identity,
        local_oid=facts.patient.local_oid,
        title=facts.title,
        format=facts.format,
        language=facts.language,
        creation_time=facts.created_at,
        service_start=facts.service_start,
        service_stop=facts.service_stop,
        authors=tuple(_person(author) for author in facts.authors),
        legal_authenticator=_person(facts.legal_authenticator),
        facility=facts.facility,
        practice_setting=facts.practice_setting,
        confidentiality=facts.confidentiality,
        vaccination_id=str(ids.vaccination_id).upper() if isinstance(body, VaccinationNote) else None,
    )


def _person(person: PersonFacts) -> SealedPerson:
    return SealedPerson(**{name: getattr(person, name) for name in SealedPerson.model_fields})


def _distinct(*problems: Problem) -> tuple[Problem, ...]:
    return tuple({(p.code, p.pointer): p for p in problems}.values())


async def _written(header: DocumentHeader, body: Body) -> bytes:
    size = len(body.content) if isinstance(body, UnstructuredBody) else 0
    return await maybe_in_thread(size, build_document, header, body)
