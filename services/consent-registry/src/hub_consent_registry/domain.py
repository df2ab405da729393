"""Pure rules: may this act be fed (L.1111-15, R.1111-47), and what an opposition changes. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub_consent_registry.matrix import AlimentationMatrix
from hub_contracts.document_types import document_type
from hub_contracts.errors import ErrorCode
from hub_contracts.events.directory import ProfessionalPublished


@dataclass(frozen=True, slots=True)
class Opposition:
    """The patient's present stand on feeding. `revision` grows at each change, 0 when never asked."""

    opposed: bool = False
    revision: int = 0
    opposition_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: this author, this kind of act, on that day."""

    act_type: str
    occurred_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the answer rests on."""

    matrix: AlimentationMatrix
    opposition: Opposition
    author: ProfessionalPublished | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`refusal` None: authorised until `valid_until`."""

    refusal: ErrorCode | None
    valid_until: datetime


def may_feed(question: Question, grounds: Grounds, now: datetime, validity: timedelta) -> Answer:
    """The answer, with the patient's opposition before the author's right."""
    valid_until = min(now + validity, question.expires_at)
    if grounds.opposition.opposed:
        return Answer(ErrorCode.PATIENT_OPPOSED, valid_until)
    if grounds.author is None:
        return Answer(ErrorCode.AUTHOR_UNKNOWN, valid_until)
    document = document_type(question.act_type)
    if document is None:
        return Answer(ErrorCode.ACT_TYPE_UNKNOWN, valid_until)
    if not grounds.matrix.allows(grounds.author.profession, document.type, question.occurred_at.date()):
        return Answer(ErrorCode.AUTHOR_MAY_NOT_FEED, valid_until)
    return Answer(None, valid_until)


def changed(before: Opposition, opposed: bool, opposition_id: UUID) -> Opposition:
    """The opposition after a declaration; the same object when the declaration changes nothing."""
    if before.opposed == opposed:
        return before
    return Opposition(opposed, before.revision + 1, opposition_id)
