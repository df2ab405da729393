"""Pure state machine of a publication (design rules 8 and 9). No I/O, no clock.

    to_send ─claim─▶ sending ─▶ confirmed | refused | excluded | expired | awaiting_authorisation | to_send
                        └─doubt─▶ in_doubt ─asked─▶ confirmed, or absent ─▶ sending
One law above all: after a doubt nothing is sent again before the DMP was asked and said that it holds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem


class Status(StrEnum):
    """Where a publication stands. `SENDING`: a call may be under way; found at a claim it means an interrupted call."""

    TO_SEND = "to_send"
    SENDING = "sending"
    IN_DOUBT = "in_doubt"
    AWAITING_AUTHORISATION = "awaiting_authorisation"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    EXCLUDED = "excluded"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        """True when nothing more happens."""
        return self in _FINAL


_FINAL = {Status.CONFIRMED, Status.REFUSED, Status.EXCLUDED, Status.EXPIRED}


@dataclass(frozen=True, slots=True)
class Publication:
    """What the machine knows of a publication. `claimed_at` is set from a claim until what the call led to is kept."""

    status: Status
    valid_until: datetime
    expires_at: datetime
    ask_not_before: datetime | None = None
    claimed_at: datetime | None = None
    doubt_told: bool = False
    told_code: ErrorCode | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The identifiers of one publication, fixed before the first call. `fixed_at` dates the submission and its
    signature."""

    document_unique_id: str
    submission_set_unique_id: str
    signature_unique_id: str
    submission_set_entry_id: str
    document_entry_id: str
    signature_entry_id: str
    fixed_at: datetime


class Transaction(StrEnum):
    """The DMP's transactions that feeding needs."""

    TD02 = "TD0.2"
    TD21 = "TD2.1"
    TD31B = "TD3.1b"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Evidence of one call: ids, times and outcome, nothing about the patient."""

    transaction: Transaction
    message_id: str
    assertion_id: str
    sent_at: datetime
    duration_ms: int
    http_status: int | None
    outcome: str
    upstream_code: str | None


@dataclass(frozen=True, slots=True)
class Waits:
    """Times that protect from sending twice: the longest call, and the wait before asking after a doubtful send."""

    call: timedelta
    ask: timedelta


class Step(Enum):
    """What to do next with a claimed publication."""

    NOTHING = auto()
    WAIT = auto()
    ASK = auto()
    TOO_LATE = auto()
    AUTHORISATION_AGED = auto()
    SEND = auto()


def claim(publication: Publication, now: datetime, waits: Waits) -> Publication:
    """The publication as a worker takes it. A call that never told its end (crash, lost lease) leaves a doubt."""
    if publication.status.final or publication.status is Status.AWAITING_AUTHORISATION:
        return publication
    if publication.claimed_at is not None or publication.status is Status.SENDING:
        since = publication.claimed_at or now
        publication = _doubt(publication, since + waits.call + waits.ask)
    elif publication.status is Status.TO_SEND:
        publication = replace(publication, status=Status.SENDING)
    return replace(publication, claimed_at=now)


def renew(publication: Publication, valid_until: datetime) -> Publication:
    """A new authorisation: a publication that waited for it may be sent again."""
    if publication.status is not Status.AWAITING_AUTHORISATION:
        return publication
    return replace(publication, status=Status.TO_SEND, valid_until=valid_until)


def absent(publication: Publication) -> Publication:
    """The DMP was asked and holds nothing: the doubt is over."""
    return replace(publication, status=Status.SENDING, ask_not_before=None)


def next_step(publication: Publication, now: datetime) -> Step:
    """What to do next. A doubt is cleared before anything else, deadlines included: nothing is ever guessed."""
    if publication.status is Status.IN_DOUBT:
        due = publication.ask_not_before is not None and now >= publication.ask_not_before
        return Step.ASK if due else Step.WAIT
    if publication.status is not Status.SENDING:
        return Step.NOTHING
    if now >= publication.expires_at:
        return Step.TOO_LATE
    if now >= publication.valid_until:
        return Step.AUTHORISATION_AGED
    return Step.SEND


@dataclass(frozen=True, slots=True)
class Held:
    """The DMP holds the document. `found`: TD3.1b told so, not the answer to TD2.1."""

    found: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not be in the DMP."""

    code: ErrorCode
    upstream_code: str | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """A rule keeps it out of the DMP."""

    code: ErrorCode
    upstream_code: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not in the DMP this time. `pause`: nobody's document of that structure can go; `not_before`: when to
    try again if that is known (the try is then not counted)."""

    code: ErrorCode
    upstream_code: str | None = None
    pause: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """It left, or may have: nobody knows whether the DMP holds it."""

    code: ErrorCode
    upstream_code: str | None = None


@dataclass(frozen=True, slots=True)
class Unsure:
    """The doubt stands: too early to ask, or the question got no answer."""

    code: ErrorCode
    upstream_code: str | None = None
    pause: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Aged:
    """The authorisation ended before the send (design rule 9)."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There was nothing to do."""


Outcome = Held | Refused | Excluded | NotSent | Doubt | Unsure | Aged | Nothing


def after(publication: Publication, outcome: Outcome, now: datetime, waits: Waits) -> Publication:
    """The publication once a call has led to `outcome`. `doubt_told` and `told_code` follow what will be told."""
    done = replace(publication, claimed_at=None)
    match outcome:
        case Held():
            return replace(done, status=Status.CONFIRMED)
        case Refused(code=ErrorCode.SEND_DEADLINE_PASSED):
            return replace(done, status=Status.EXPIRED)
        case Refused():
            return replace(done, status=Status.REFUSED)
        case Excluded():
            return replace(done, status=Status.EXCLUDED)
        case NotSent():
            return replace(done, status=Status.TO_SEND, ask_not_before=None, told_code=outcome.code)
        case Doubt():
            return replace(_doubt(done, now + waits.ask), doubt_told=True)
        case Unsure():
            return replace(_doubt(done, done.ask_not_before or now + waits.ask), doubt_told=True)
        case Aged():
            return replace(done, status=Status.AWAITING_AUTHORISATION, ask_not_before=None)
        case Nothing():
            return done


def _doubt(publication: Publication, ask_not_before: datetime) -> Publication:
    """In doubt; a wait that is already longer is kept."""
    kept = publication.ask_not_before if publication.status is Status.IN_DOUBT else None
    later = max(ask_not_before, kept) if kept else ask_not_before
    return replace(publication, status=Status.IN_DOUBT, ask_not_before=later)
