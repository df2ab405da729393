"""What an event means for the state an LGO sees: a monotonic function of (version, final, stage, sequence).

An event that comes late is recorded in the history and changes nothing (design rule 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked, ActEvent, ActRefused, Problem
from hub_contracts.events.alimentation import AlimentationAuthorised, AlimentationRenewed
from hub_contracts.events.document import DocumentBuilt
from hub_contracts.events.identity import ActAwaitingIdentity, ActIdentified
from hub_contracts.events.publication import PublicationConfirmed, PublicationPostponed, PublicationTransmitted
from hub_contracts.states import ActState, Stage

EXPIRY_CODES = frozenset({ErrorCode.SEND_DEADLINE_PASSED, ErrorCode.IDENTITY_WAIT_EXPIRED})


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far an act has come; positions of one act are compared, the greater one is the newer."""

    version: int
    final: bool
    rank: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The present state of an act, and the moment of the event it rests on."""

    state: ActState
    code: str | None
    since: datetime
    position: Position


@dataclass(frozen=True, slots=True)
class News:
    """What an event says of its act. `next_at`: when the hub tries or asks again, or until when it waits."""

    state: ActState
    stage: Stage
    code: str | None = None
    problems: tuple[Problem, ...] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of the act. `applied`: the state follows; `told`: the LGO's feed gets it."""

    news: News
    position: Position
    applied: bool
    told: bool


def news_of(event: ActEvent) -> News:
    """What the event says. Raises TypeError for an event that says nothing of an act's state."""
    match event:
        case ActRefused():
            return News(_end(event), event.stage, event.code.value, event.problems)
        case ActBlocked():
            return News(ActState.BLOQUEE, event.stage, event.code.value)
        case ActAwaitingIdentity():
            state = ActState.EN_ATTENTE_IDENTITE
            return News(state, Stage.IDENTITY, event.code.value, event.problems, event.expires_at)
        case ActIdentified():
            return News(ActState.EN_FILE, Stage.IDENTITY)
        case AlimentationAuthorised() | AlimentationRenewed():
            return News(ActState.EN_FILE, Stage.CONSENT)
        case DocumentBuilt():
            return News(ActState.EN_FILE, Stage.DOCUMENT)
        case PublicationPostponed():
            return News(ActState.EN_FILE, Stage.PUBLICATION, event.code.value, next_at=event.next_try_at)
        case PublicationTransmitted():
            return News(ActState.TRANSMISE, Stage.PUBLICATION, event.code.value, next_at=event.ask_at)
        case PublicationConfirmed():
            return News(ActState.CONFIRMEE, Stage.PUBLICATION)
        case _:
            raise TypeError(f"{type(event).__name__} says nothing of an act's state")


def step(event: ActEvent, sequence: int, at: datetime, before: Standing) -> Step:
    """The step that the event is, from where the act stands; `at` is the event's moment.

    A dead item blocks its act wherever that stands (design rule 19), also when an earlier service gave up on work that
    a later one had sent back: then its moment tells whether it is news. The act keeps its position, so that whatever
    comes of a replay moves it forward.
    """
    news = news_of(event)
    position = Position(event.version, news.state.final, news.stage.rank, sequence)
    applied = position > before.position
    if isinstance(event, ActBlocked) and not applied:
        applied = not before.position.final and event.version == before.position.version and at > before.since
        position = before.position if applied else position
    changed = (news.state, news.code) != (before.state, before.code)
    return Step(news, position, applied, applied and changed)


def _end(event: ActRefused) -> ActState:
    if event.excluded:
        return ActState.EXCLUE
    return ActState.EXPIREE if event.code in EXPIRY_CODES else ActState.REFUSEE
