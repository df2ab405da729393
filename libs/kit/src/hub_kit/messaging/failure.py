"""What a failed try leads to: another try later, or death (design rule 19: never silently)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub_contracts.acts import Flow
from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorClass, ErrorCode
from hub_contracts.events import ActBlocked
from hub_contracts.states import Stage
from hub_kit.db import database_away
from hub_kit.messaging.model import Emit, Fatal, RetryAt, Transient, Work

MAX_DELAY = timedelta(seconds=300)
BUG_ATTEMPTS = 5
MAX_CONSECUTIVE_DEAD = 20
MIN_LANES_DEAD = 2


def backoff(attempts: int, now: datetime, code: ErrorCode, rng: random.Random) -> RetryAt:
    """Wait 2^attempts seconds, at most five minutes, ± 20 %."""
    base = min(2.0 ** min(attempts, 16), MAX_DELAY.total_seconds())
    return RetryAt(now + timedelta(seconds=base * rng.uniform(0.8, 1.2)), code)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Either `retry`, or dead with `code`."""

    code: ErrorCode
    retry: RetryAt | None


def judge(error: Exception, work: Work[Any], now: datetime, rng: random.Random) -> Verdict:
    """What to do after `error`: a transient code is tried for ever (handlers know deadlines), a bug a few times.

    A database that is away, or that chose this transaction to end a deadlock, is no bug.
    """
    if database_away(error):
        error = Transient(ErrorCode.UPSTREAM_UNAVAILABLE)
    if isinstance(error, Fatal):
        return Verdict(error.code, None)
    if isinstance(error, Transient) and error.code.info.error_class is ErrorClass.TRANSIENT:
        return Verdict(error.code, backoff(work.attempts, now, error.code, rng))
    code = error.code if isinstance(error, Transient) else ErrorCode.HANDLER_FAILED
    if work.attempts + 1 >= BUG_ATTEMPTS:
        return Verdict(code, None)
    return Verdict(code, backoff(work.attempts, now, code, rng))


def blocked_event(envelope: Envelope, stage: Stage, code: ErrorCode) -> Emit | None:
    """The event that sets the act of a dead item to `bloquee`, None when the item isn't about an act.

    It is made from the envelope alone, so that it can be made for an event whose data can't be read.
    """
    if envelope.act_version == 0:
        return None
    try:
        act_id, structure_id = UUID(envelope.key), UUID(envelope.lane)
    except ValueError:  # no act of ours: the dead item itself is all there is to see
        return None
    return Emit(
        ActBlocked(
            act_id=act_id,
            version=envelope.act_version,
            structure_id=structure_id,
            flow=Flow(envelope.flow),
            stage=stage,
            code=code,
        )
    )


class DeadLimit:
    """Too many dead items in a row mean that the handler is broken, not the items: it stops claiming.

    Those of one structure alone mean nothing of the kind: what one software sends must not stop the others (rule 7).
    """

    def __init__(self, limit: int = MAX_CONSECUTIVE_DEAD) -> None:
        self._limit = limit
        self._in_a_row = 0
        self._lanes: set[str] = set()

    def dead(self, lane: str) -> None:
        """One more died, of that lane."""
        self._in_a_row += 1
        self._lanes.add(lane)

    def alive(self) -> None:
        """One went through."""
        self._in_a_row = 0
        self._lanes.clear()

    @property
    def tripped(self) -> bool:
        """True when the handler must stop."""
        return self._in_a_row >= self._limit and len(self._lanes) >= MIN_LANES_DEAD
