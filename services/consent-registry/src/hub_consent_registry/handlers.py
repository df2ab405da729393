"""load / decide / apply of each event that consent-registry handles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from hub_consent_registry import domain, store
from hub_consent_registry.domain import Answer, Grounds, Opposition, Question
from hub_consent_registry.matrix import AlimentationMatrix
from hub_consent_registry.store import DecisionRow, OppositionRow
from hub_contracts.errors import ErrorClass, ErrorCode
from hub_contracts.events import ActEvent, ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised, AlimentationRenewed, DecisionVersions
from hub_contracts.events.consent import OppositionLifted, OppositionRecorded
from hub_contracts.events.identity import ActIdentified, PatientOppositionIdentified
from hub_contracts.events.publication import AuthorisationExpired
from hub_contracts.states import Stage
from hub_kit.db import Connection
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.model import Effects, Emit, RetryAt, Work

DIRECTORY_RETRY = timedelta(seconds=30)
DIRECTORY_GRACE = timedelta(minutes=15)
Asked = ActIdentified | AuthorisationExpired


@dataclass(frozen=True, slots=True)
class Alimentation:
    """May this act be fed? Asked when it is identified, and again when an authorisation has aged."""

    directory: Directory
    matrix: AlimentationMatrix
    validity: timedelta

    async def load(self, connection: Connection, works: Sequence[Work[Asked]]) -> Mapping[UUID, Grounds]:
        """Oppositions of the patients, and the authors from the directory."""
        await self.directory.fetch(connection, (f"professional:{w.event.author_id}" for w in works))
        stands = await store.oppositions(connection, (w.event.patient_id for w in works))
        return {
            w.id: Grounds(
                self.matrix,
                stands.get(w.event.patient_id, Opposition()),
                self.directory.professional(w.event.author_id),
            )
            for w in works
        }

    def decide(self, work: Work[Asked], grounds: Grounds, now: datetime) -> Effects[DecisionRow]:
        """Authorise or refuse; the decision is kept with the versions it used.

        An author our copy of the directory lacks is waited for: the gateway knew them, so our copy lags behind.
        """
        event = work.event
        if grounds.author is None and not grounds.opposition.opposed and now < work.arrived_at + DIRECTORY_GRACE:
            return Effects(retry=RetryAt(now + DIRECTORY_RETRY, ErrorCode.UPSTREAM_UNAVAILABLE, counts=False))
        answer = domain.may_feed(
            Question(event.act_type, event.occurred_at, event.expires_at), grounds, now, self.validity
        )
        row = _decision(work, grounds, answer, now)
        if answer.refusal is not None:
            return Effects(emit=(Emit(_refused(event, answer)),), rows=(row,))
        versions = DecisionVersions(
            alimentation_matrix=grounds.matrix.version, oppositions_revision=grounds.opposition.revision
        )
        emitted = (
            _authorised(event, row, versions) if isinstance(event, ActIdentified) else _renewed(event, row, versions)
        )
        return Effects(emit=(Emit(emitted),), rows=(row,))

    async def apply(self, connection: Connection, effects: Sequence[Effects[DecisionRow]]) -> None:
        """Keep the decisions."""
        await store.save_decisions(connection, [row for e in effects for row in e.rows])


def _decision(work: Work[Asked], grounds: Grounds, answer: Answer, now: datetime) -> DecisionRow:
    event = work.event
    return DecisionRow(
        decision_id=uuid5(work.id, "decision"),
        act_id=event.act_id,
        act_version=event.version,
        structure_id=event.structure_id,
        patient_id=event.patient_id,
        author_id=event.author_id,
        act_type=event.act_type,
        refusal=answer.refusal,
        alimentation_matrix=grounds.matrix.version,
        oppositions_revision=grounds.opposition.revision,
        decided_at=now,
        valid_until=answer.valid_until,
    )


def _refused(event: Asked, answer: Answer) -> ActEvent:
    code = answer.refusal
    assert code is not None
    return ActRefused(
        **event.about,
        stage=Stage.CONSENT,
        code=code,
        excluded=code.info.error_class is ErrorClass.EXCLUDED,
        patient_id=event.patient_id,
    )


def _authorised(event: ActIdentified, row: DecisionRow, versions: DecisionVersions) -> ActEvent:
    return AlimentationAuthorised(
        **event.about,
        patient_id=event.patient_id,
        decision_id=row.decision_id,
        act_type=event.act_type,
        author_id=event.author_id,
        occurred_at=event.occurred_at,
        expires_at=event.expires_at,
        valid_until=row.valid_until,
        versions=versions,
        sealed_act=event.sealed_act,
        sealed_identity=event.sealed_identity,
    )


def _renewed(event: AuthorisationExpired, row: DecisionRow, versions: DecisionVersions) -> ActEvent:
    return AlimentationRenewed(
        **event.about,
        patient_id=event.patient_id,
        decision_id=row.decision_id,
        valid_until=row.valid_until,
        versions=versions,
    )


@dataclass(frozen=True, slots=True)
class Oppositions:
    """A patient opposes feeding, or lifts the opposition."""

    async def load(
        self, connection: Connection, works: Sequence[Work[PatientOppositionIdentified]]
    ) -> Mapping[UUID, Opposition]:
        """The stand so far; events of one patient come one at a time."""
        stands = await store.oppositions(connection, (w.event.patient_id for w in works))
        return {w.id: stands.get(w.event.patient_id, Opposition()) for w in works}

    def decide(
        self, work: Work[PatientOppositionIdentified], before: Opposition, now: datetime
    ) -> Effects[OppositionRow]:
        """Keep the change and tell it; a declaration that changes nothing is told again, with the same revision."""
        event = work.event
        after = domain.changed(before, event.opposed, uuid5(work.id, "opposition"))
        opposition_id = after.opposition_id or uuid5(work.id, "opposition")
        common = {
            "patient_id": event.patient_id,
            "structure_id": event.structure_id,
            "declaration_id": event.declaration_id,
            "author_id": event.author_id,
            "revision": after.revision,
            "recorded_at": now,
        }
        emitted = (
            OppositionRecorded(opposition_id=opposition_id, **common) if event.opposed else OppositionLifted(**common)
        )
        stream = "hub.consent"
        if after is before:
            return Effects(emit=(Emit(emitted, stream=stream),))
        row = OppositionRow(
            patient_id=event.patient_id,
            revision=after.revision,
            opposed=after.opposed,
            opposition_id=opposition_id,
            declaration_id=event.declaration_id,
            structure_id=event.structure_id,
            author_id=event.author_id,
            declared_at=event.declared_at,
            recorded_at=now,
        )
        return Effects(emit=(Emit(emitted, stream=stream),), rows=(row,))

    async def apply(self, connection: Connection, effects: Sequence[Effects[OppositionRow]]) -> None:
        """Keep the changes."""
        await store.save_oppositions(connection, [row for e in effects for row in e.rows])
