"""`POST /v1/patients/declarations`: an identity, an opposition or its lifting goes to the services that own them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contracts.acts import AuthorRef, Patient
from hub_contracts.events.act import PatientDeclaration, PatientIdentityDeclared, PatientOppositionDeclared
from hub_gateway.domain import admission
from hub_gateway.domain.admission import Known
from hub_gateway.handlers.desk import Desk, Visitor, available
from hub_gateway.handlers.idempotent import Keyed, once
from hub_gateway.store import declarations as store
from hub_gateway.store.declarations import NewDeclaration
from hub_gateway.store.requests import Answer
from hub_kit.db import Connection
from hub_kit.errors import HubError
from hub_kit.messaging.model import Emit
from hub_kit.telemetry import tracing

IDENTITY, OPPOSITION, OPPOSITION_LIFTED = "identity", "opposition", "opposition_lifted"
Render = Callable[[UUID, datetime], Answer]


@dataclass(frozen=True, slots=True)
class Declared:
    """What an LGO declares. `declared_at` None: now."""

    kind: str
    structure: str
    author: AuthorRef
    patient: Patient
    declared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Declaring:
    """The door for declarations."""

    desk: Desk

    async def submit(self, visitor: Visitor, declared: Declared, keyed: Keyed, render: Render) -> Answer:
        """Take the declaration; `render` makes the answer from its id and the moment.

        Raises HubError with all problems, IDEMPOTENCY_KEY_REUSED or SERVICE_UNAVAILABLE.
        """
        desk, now = self.desk, self.desk.clock.now()
        moment = declared.declared_at or now
        async with available():
            outside = await desk.standings.outside([declared.structure], [declared.author.id])
            await desk.sealer.ready(now)
        known = Known(outside.structures, outside.authors, visitor.structures)
        verdict = admission.judge_declaration(
            declared.structure, declared.author, moment, declared.patient, known, desk.house, now
        )
        structure_id = verdict.structure_id
        if structure_id is None:
            raise HubError(admission.principal_code(verdict.problems), problems=verdict.problems)
        row = NewDeclaration(
            desk.new_id(), visitor.account_id, structure_id, declared.kind, declared.author.id, moment, now
        )

        async def work(connection: Connection) -> Answer:
            await store.save(connection, row)
            emit = Emit(_event(row), seal={"sealed_patient": declared.patient})
            await desk.outbox.emit(connection, [emit], now, tracing.current_header())
            return render(row.declaration_id, now)

        answer, done = await once(desk, visitor, keyed, work)
        if done:
            desk.wake_relay()
        return answer


def _event(row: NewDeclaration) -> PatientDeclaration:
    if row.kind == IDENTITY:
        return PatientIdentityDeclared(
            declaration_id=row.declaration_id,
            structure_id=row.structure_id,
            account_id=row.account_id,
            author_id=row.author_id,
            declared_at=row.declared_at,
            sealed_patient="",
        )
    return PatientOppositionDeclared(
        declaration_id=row.declaration_id,
        structure_id=row.structure_id,
        account_id=row.account_id,
        author_id=row.author_id,
        declared_at=row.declared_at,
        opposed=row.kind == OPPOSITION,
        sealed_patient="",
    )
