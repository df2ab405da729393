"""load / decide / apply of each event that identity handles.

load opens the sealed parts, locks the patients concerned and judges each item by what was known just before it, items
of the same batch included. decide only says what is stored and told: the waiting room alone releases acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from hub_contracts.acts import Act, Intent, Patient
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActEvent, ActRefused, Event
from hub_contracts.events.act import (
    ActReceived,
    PatientIdentityDeclared,
    PatientOppositionDeclared,
)
from hub_contracts.events.identity import (
    ActAwaitingIdentity,
    ActIdentified,
    PatientDeclarationRefused,
    PatientIdentityQualified,
    PatientOppositionIdentified,
)
from hub_contracts.states import Stage
from hub_identity.domain import Accepted, Book, Known, Reading, Refused, Verdict, judge, links_anew
from hub_identity.reading import Reader
from hub_identity.rows import Link, NewPatient, Overtaken, Row, WaitingAct
from hub_identity.store import Store
from hub_kit.db import Connection
from hub_kit.messaging.model import Effects, Emit, Fatal, Work
from hub_kit.security.sealed import Sealer, SealUnreadable, seal_place

E = TypeVar("E", bound=Event)
C = TypeVar("C", Act, Patient)
Wake = Callable[[Iterable[bytes]], None]


@dataclass(frozen=True, slots=True)
class Case(Generic[C]):
    """One item as load leaves it to decide: its opened content and the verdict on its patient."""

    content: C
    reading: Reading
    known: Known
    verdict: Verdict
    revision: UUID


@dataclass(frozen=True, slots=True)
class Desk:
    """What both handlers work with. `new_id` makes random ids: a pseudonym says nothing, not even when it was made."""

    store: Store
    reader: Reader
    sealer: Sealer
    new_id: Callable[[], UUID]
    wake: Wake

    async def cases(
        self,
        connection: Connection,
        items: Sequence[tuple[UUID, UUID, C | SealUnreadable, Patient | None]],
        waits: bool,
    ) -> dict[UUID, Case[C] | SealUnreadable]:
        """(work id, structure, content, patient) of each item, judged in order. `waits`: the refused ones wait."""
        cases: dict[UUID, Case[C] | SealUnreadable] = {}
        readings = {
            work_id: self.reader.read(patient, structure_id)
            for work_id, structure_id, _, patient in items
            if patient is not None
        }
        book = await self._open_book(connection, readings.values())
        for work_id, _, content, _ in items:
            if isinstance(content, SealUnreadable):
                cases[work_id] = content
                continue
            reading, revision = readings[work_id], self.new_id()
            known = book.known(reading, self.new_id())
            verdict = judge(reading, known)
            book.add(reading, known, verdict, revision)
            if waits and isinstance(verdict, Refused):
                book.waiting.add(reading.local_index)
            cases[work_id] = Case(content, reading, known, verdict, revision)
        return cases

    async def _open_book(self, connection: Connection, readings: Iterable[Reading]) -> Book:
        readings = list(readings)
        matricules = [r.matricule_index for r in readings if r.matricule_index is not None]
        locals_ = [r.local_index for r in readings]
        await self.store.lock(connection, [*matricules, *locals_])
        return await self.store.book(connection, matricules, locals_)

    async def apply(self, connection: Connection, effects: Sequence[Effects[Row]]) -> None:
        """Write the rows, and wake the waiting room for the local numbers concerned (it waits for our locks)."""
        rows = [row for effect in effects for row in effect.rows]
        links = [row for row in rows if isinstance(row, Link)]
        waiting = [row for row in rows if isinstance(row, WaitingAct)]
        await self.store.add_patients(connection, [row for row in rows if isinstance(row, NewPatient)])
        await self.store.add_links(connection, links)
        await self.store.add_waiting(connection, waiting)
        await self.store.drop_overtaken(connection, [row for row in rows if isinstance(row, Overtaken)])
        woken = {row.local_index for row in links} | {row.local_index for row in waiting if not row.told}
        if woken:
            self.wake(woken)


def kept_rows(case: Case[C], verdict: Accepted, structure_id: UUID, event_id: UUID, now: datetime) -> list[Row]:
    """What an accepted identity leaves behind: the patient when new, the link when it says something new."""
    rows: list[Row] = []
    reading = case.reading
    if verdict.new and reading.matricule_index is not None:
        rows.append(
            NewPatient(verdict.patient_id, reading.matricule_index, verdict.identity, structure_id, event_id, now)
        )
    if links_anew(verdict, case.known):
        rows.append(Link(reading.local_index, structure_id, verdict.patient_id, case.revision, event_id, now))
    return rows


def opened(case: Case[C] | SealUnreadable) -> Case[C]:
    """The case. Raises Fatal SEAL_UNREADABLE: a part that does not open today won't open tomorrow."""
    if isinstance(case, SealUnreadable):
        raise Fatal(ErrorCode.SEAL_UNREADABLE)
    return case


@dataclass(frozen=True, slots=True)
class Acts:
    """Whose act is it? Identified at once, or let in to the waiting room."""

    desk: Desk
    send_for: timedelta

    async def load(
        self, connection: Connection, works: Sequence[Work[ActReceived]]
    ) -> Mapping[UUID, Case[Act] | SealUnreadable]:
        """Acts opened and judged in the order of their arrival."""
        acts = await self.desk.sealer.open_many(
            [(w.event.sealed_act, Act, seal_place("sealed_act", w.event.key)) for w in works]
        )
        items = [
            (w.id, w.event.structure_id, act, act.patient if isinstance(act, Act) else None)
            for w, act in zip(works, acts, strict=True)
        ]
        return await self.desk.cases(connection, items, waits=True)

    def decide(self, work: Work[ActReceived], state: Case[Act] | SealUnreadable, now: datetime) -> Effects[Row]:
        """Identified; or waiting with its reason; or waiting in silence behind the acts that wait already."""
        case, event = opened(state), work.event
        if event.intent is not Intent.CREATE:
            return Effects(emit=(Emit(_refused(event, ErrorCode.ACT_INTENT_UNAVAILABLE)),))
        verdict = case.verdict
        if isinstance(verdict, Refused):
            return Effects(emit=(Emit(_awaiting(event, verdict)),), rows=(_waiting(work, case, now),))
        rows = kept_rows(case, verdict, event.structure_id, work.id, now)
        if case.known.waiting:
            return Effects(rows=(*rows, _waiting(work, case, now)))
        if event.version > 1:
            rows.append(Overtaken(event.act_id, event.version))
        identified = Emit(
            _identified(event, verdict.patient_id, now + self.send_for), seal={"sealed_identity": verdict.identity}
        )
        return Effects(emit=(identified,), rows=tuple(rows))

    async def apply(self, connection: Connection, effects: Sequence[Effects[Row]]) -> None:
        """Keep patients, links and waiting acts."""
        await self.desk.apply(connection, effects)


def _identified(event: ActReceived, patient_id: UUID, expires_at: datetime) -> ActEvent:
    return ActIdentified(
        **event.about,
        patient_id=patient_id,
        act_type=event.act_type,
        author_id=event.author_id,
        occurred_at=event.occurred_at,
        expires_at=expires_at,
        sealed_act=event.sealed_act,
        sealed_identity="",
    )


def _awaiting(event: ActReceived, verdict: Refused) -> ActEvent:
    return ActAwaitingIdentity(
        **event.about,
        code=verdict.code,
        problems=verdict.problems,
        expires_at=event.wait_until,
    )


def _refused(event: ActReceived, code: ErrorCode) -> ActEvent:
    return ActRefused(
        **event.about,
        stage=Stage.IDENTITY,
        code=code,
    )


def _waiting(work: Work[ActReceived], case: Case[Act], now: datetime) -> WaitingAct:
    event, refused = work.event, isinstance(case.verdict, Refused)
    return WaitingAct(
        act_id=event.act_id,
        act_version=event.version,
        event_id=work.id,
        structure_id=event.structure_id,
        local_index=case.reading.local_index,
        act_type=event.act_type,
        author_id=event.author_id,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        flow=event.flow.value,
        traceparent=work.envelope.traceparent,
        code=case.verdict.code.value if isinstance(case.verdict, Refused) else None,
        checked_revision=case.known.revision if refused else None,
        waiting_since=now,
        wait_until=event.wait_until,
        act=case.content,
    )


Declared = PatientIdentityDeclared | PatientOppositionDeclared


@dataclass(frozen=True, slots=True)
class Declarations:
    """What an LGO says of a patient outside any act: a better identity, an opposition."""

    desk: Desk

    async def load(
        self, connection: Connection, works: Sequence[Work[Declared]]
    ) -> Mapping[UUID, Case[Patient] | SealUnreadable]:
        """Patients opened and judged in the order of their arrival."""
        patients = await self.desk.sealer.open_many(
            [(w.event.sealed_patient, Patient, seal_place("sealed_patient", w.event.key)) for w in works]
        )
        items = [
            (w.id, w.event.structure_id, patient, patient if isinstance(patient, Patient) else None)
            for w, patient in zip(works, patients, strict=True)
        ]
        return await self.desk.cases(connection, items, waits=False)

    def decide(self, work: Work[Declared], state: Case[Patient] | SealUnreadable, now: datetime) -> Effects[Row]:
        """The patient is known and told by pseudonym, or the declaration is refused with its reasons."""
        case, event = opened(state), work.event
        verdict = case.verdict
        if isinstance(verdict, Accepted) and isinstance(event, PatientIdentityDeclared) and not verdict.declared:
            verdict = Refused(case.reading.code or ErrorCode.INS_MISSING, case.reading.problems)
        if isinstance(verdict, Refused):
            refused = PatientDeclarationRefused(
                declaration_id=event.declaration_id,
                structure_id=event.structure_id,
                code=verdict.code,
                problems=verdict.problems,
            )
            return Effects(emit=(Emit(refused),))
        return Effects(
            emit=(Emit(_told(event, verdict.patient_id)),),
            rows=tuple(kept_rows(case, verdict, event.structure_id, work.id, now)),
        )

    async def apply(self, connection: Connection, effects: Sequence[Effects[Row]]) -> None:
        """Keep patients and links."""
        await self.desk.apply(connection, effects)


def _told(event: Declared, patient_id: UUID) -> Event:
    if isinstance(event, PatientOppositionDeclared):
        return PatientOppositionIdentified(
            patient_id=patient_id,
            structure_id=event.structure_id,
            declaration_id=event.declaration_id,
            author_id=event.author_id,
            opposed=event.opposed,
            declared_at=event.declared_at,
        )
    return PatientIdentityQualified(
        patient_id=patient_id, structure_id=event.structure_id, declaration_id=event.declaration_id
    )
