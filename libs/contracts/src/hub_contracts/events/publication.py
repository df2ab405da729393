"""Stream hub.publication: what became of a document in the DMP."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from hub_contracts.errors import ErrorCode
from hub_contracts.events.base import ActEvent


class PublicationEvent(ActEvent):
    """About one document on its way to the DMP."""

    patient_id: UUID
    document_unique_id: str


class PublicationTransmitted(PublicationEvent):
    """Sent, outcome not known yet: the hub will ask the DMP before anything else (design rule 8)."""

    event_type: ClassVar[str] = "publication.transmitted.v1"
    code: ErrorCode
    ask_at: AwareDatetime


class PublicationPostponed(PublicationEvent):
    """Not sent this time; the hub tries again by itself at `next_try_at`."""

    event_type: ClassVar[str] = "publication.postponed.v1"
    code: ErrorCode
    next_try_at: AwareDatetime


class PublicationConfirmed(PublicationEvent):
    """The DMP holds the document. `found` when TD3.1b told so rather than the answer to TD2.1."""

    event_type: ClassVar[str] = "publication.confirmed.v1"
    submission_set_unique_id: str
    confirmed_at: AwareDatetime
    found: bool = False


class AuthorisationExpired(PublicationEvent):
    """`valid_until` passed before the send: the act goes back to consent-registry (design rule 9)."""

    event_type: ClassVar[str] = "authorisation.expired.v1"
    act_type: str
    author_id: str
    occurred_at: AwareDatetime
    expires_at: AwareDatetime
    valid_until: AwareDatetime
