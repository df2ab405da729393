"""What a fact becomes in the audit: class, who, structure, patient, what, why, outcome. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub_contracts.envelope import Envelope
from hub_contracts.events import Event

_SEALED = re.compile(r"^sealed_")


@dataclass(frozen=True, slots=True)
class Fact:
    """One audit record before it is written. `body` is the event without its sealed parts."""

    event_id: UUID
    occurred_at: datetime
    class_: str
    action: str
    outcome: str
    source: str
    structure_id: UUID | None
    actor_id: str | None
    patient_id: UUID | None
    act_id: UUID | None
    code: str | None
    reason: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a type of event is told in the audit. `actor` names the field that says who."""

    class_: str
    action: str
    outcome: str
    actor: str | None = None


_TECHNICAL, _ACCESS, _ADMIN = "technical", "access", "admin"

KINDS: dict[str, Kind] = {
    "act.received.v1": Kind(_ACCESS, "act.receive", "accepted", "author_id"),
    "act.identified.v1": Kind(_TECHNICAL, "act.identify", "done", "author_id"),
    "act.awaiting-identity.v1": Kind(_TECHNICAL, "act.identify", "waiting"),
    "act.refused.v1": Kind(_TECHNICAL, "act.process", "refused"),
    "act.blocked.v1": Kind(_TECHNICAL, "act.process", "blocked"),
    "act.read.v1": Kind(_ACCESS, "act.read", "done", "account_id"),
    "patient.identity-declared.v1": Kind(_ACCESS, "identity.declare", "accepted", "author_id"),
    "patient.opposition-declared.v1": Kind(_ACCESS, "opposition.declare", "accepted", "author_id"),
    "patient.identity-qualified.v1": Kind(_TECHNICAL, "identity.qualify", "done"),
    "patient.opposition-identified.v1": Kind(_TECHNICAL, "opposition.identify", "done", "author_id"),
    "patient.declaration-refused.v1": Kind(_TECHNICAL, "declaration.process", "refused"),
    "opposition.recorded.v1": Kind(_ACCESS, "opposition.record", "done", "author_id"),
    "opposition.lifted.v1": Kind(_ACCESS, "opposition.lift", "done", "author_id"),
    "alimentation.authorised.v1": Kind(_ACCESS, "alimentation.decide", "authorised", "author_id"),
    "alimentation.renewed.v1": Kind(_ACCESS, "alimentation.decide", "renewed"),
    "authorisation.expired.v1": Kind(_TECHNICAL, "alimentation.expire", "expired", "author_id"),
    "document.built.v1": Kind(_TECHNICAL, "document.build", "done", "author_id"),
    "publication.transmitted.v1": Kind(_ACCESS, "document.publish", "unknown"),
    "publication.postponed.v1": Kind(_TECHNICAL, "document.publish", "postponed"),
    "publication.confirmed.v1": Kind(_ACCESS, "document.publish", "confirmed"),
    "structure.published.v1": Kind(_ADMIN, "directory.publish", "done"),
    "professional.published.v1": Kind(_ADMIN, "directory.publish", "done"),
    "membership.published.v1": Kind(_ADMIN, "directory.publish", "done"),
    "dead-items.replayed.v1": Kind(_ADMIN, "dead-items.replay", "done", "who"),
}
"""Every event type of the hub: a test holds this table against the contracts."""


def fact_of(envelope: Envelope, event: Event) -> Fact:
    """The fact that an event tells. Raises KeyError for a type not in KINDS."""
    kind = KINDS[envelope.type]
    data = event.model_dump(mode="json")
    actor = data.get(kind.actor) if kind.actor else None
    return Fact(
        event_id=envelope.id,
        occurred_at=envelope.time,
        class_=kind.class_,
        action=kind.action,
        outcome="excluded" if data.get("excluded") else kind.outcome,
        source=envelope.source,
        structure_id=getattr(event, "structure_id", None),
        actor_id=actor,
        patient_id=getattr(event, "patient_id", None),
        act_id=getattr(event, "act_id", None),
        code=data.get("code"),
        reason=data.get("why"),
        body={
            "type": envelope.type,
            "sequence": envelope.sequence,
            "producer_seq": envelope.producer_seq,
            "causation_id": None if envelope.causation_id is None else str(envelope.causation_id),
            "data": {name: value for name, value in data.items() if not _SEALED.match(name)},
        },
    )
