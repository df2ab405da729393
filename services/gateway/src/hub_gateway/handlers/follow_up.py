"""News of the road: each event moves its act's state, or is only recorded; declarations get their answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActEvent, Event
from hub_contracts.events.identity import PatientDeclarationRefused, PatientEvent
from hub_gateway.domain import progress
from hub_gateway.domain.progress import Step
from hub_gateway.store import acts, declarations
from hub_gateway.store.acts import ActStanding, FollowUpRow, dump_problems
from hub_gateway.store.declarations import Decision
from hub_gateway.store.feed import Heads
from hub_kit.db import Connection
from hub_kit.messaging.model import Effects, Fatal, Work

ACCEPTED, REFUSED = "acceptee", "refusee"


@dataclass(frozen=True, slots=True)
class Heard:
    """Which event was heard, when it happened, and when we recorded it."""

    event_id: UUID | None
    at: datetime
    recorded_at: datetime


def follow_up_row(standing: ActStanding, event: ActEvent, step: Step, heard: Heard) -> FollowUpRow:
    """The row that a step leaves."""
    return FollowUpRow(
        act_id=event.act_id,
        act_version=step.position.version,
        account_id=standing.account_id,
        structure_id=standing.structure_id,
        event_id=heard.event_id,
        event_type=event.event_type,
        at=heard.at,
        state=step.news.state,
        code=step.news.code,
        problems=dump_problems(step.news.problems),
        next_at=step.news.next_at,
        applied=step.applied,
        told=step.told,
        final=step.position.final,
        rank=step.position.rank,
        sequence=step.position.sequence,
        recorded_at=heard.recorded_at,
    )


@dataclass(frozen=True, slots=True)
class FollowUp:
    """State, history and feed of the acts that a batch of events speaks of; one event per act and batch."""

    heads: Heads

    async def load(self, connection: Connection, works: Sequence[Work[ActEvent]]) -> Mapping[UUID, ActStanding | None]:
        """Where the acts stand, locked."""
        found = await acts.lock(connection, (w.event.act_id for w in works))
        return {w.id: found.get(w.event.act_id) for w in works}

    def decide(self, work: Work[ActEvent], standing: ActStanding | None, now: datetime) -> Effects[FollowUpRow]:
        """The step the event is. Raises Fatal for an act the gateway never had."""
        event, envelope = work.event, work.envelope
        if standing is None:
            raise Fatal(ErrorCode.ACT_NOT_FOUND)
        step = progress.step(event, envelope.sequence, envelope.time, standing.standing)
        return Effects(rows=(follow_up_row(standing, event, step, Heard(work.id, envelope.time, now)),))

    async def apply(self, connection: Connection, effects: Sequence[Effects[FollowUpRow]]) -> None:
        """One statement; who waits for these accounts' feeds is told to look."""
        rows = [row for e in effects for row in e.rows]
        await acts.follow_up(connection, rows)
        self.heads.nudge({row.account_id for row in rows if row.told})


@dataclass(frozen=True, slots=True)
class Declarations:
    """What became of the LGO's declarations."""

    async def load(self, _connection: Connection, works: Sequence[Work[Event]]) -> Mapping[UUID, None]:
        """Nothing is needed: the first answer holds."""
        return {w.id: None for w in works}

    def decide(self, work: Work[Event], _state: None, _now: datetime) -> Effects[Decision]:
        """Accepted, or refused with its reason. Raises TypeError for an event that answers no declaration."""
        event, at = work.event, work.envelope.time
        if isinstance(event, PatientDeclarationRefused):
            problems = dump_problems(event.problems)
            return Effects(rows=(Decision(event.declaration_id, REFUSED, event.code.value, problems, at),))
        if isinstance(event, PatientEvent):
            return Effects(rows=(Decision(event.declaration_id, ACCEPTED, None, None, at),))
        raise TypeError(f"{type(event).__name__} answers no declaration")

    async def apply(self, connection: Connection, effects: Sequence[Effects[Decision]]) -> None:
        """Keep the answers; in the order of their ids, so that two batches can't deadlock."""
        rows = [row for e in effects for row in e.rows]
        await declarations.decide(connection, sorted(rows, key=lambda row: row.declaration_id))
