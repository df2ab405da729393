"""The tools on the desk of whoever handles a request, and the transaction it works in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.events.access import ActRead
from hub_gateway.domain.admission import House
from hub_gateway.domain.standing import Account
from hub_gateway.store.feed import Heads
from hub_gateway.store.standing import Standings
from hub_kit.clock import Clock
from hub_kit.db import AWAY_ERRORS, Connection, Pool
from hub_kit.errors import HubError
from hub_kit.messaging.model import Emit
from hub_kit.messaging.outbox import Outbox
from hub_kit.security.sealed import Sealer
from hub_kit.telemetry import tracing

ACQUIRE_SECONDS = 5.0
ACTS_PER_TRACE = 100
_RETRY = {"retry-after": "5"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: an LGO account, and the structures for which it has the right this request needs."""

    account: Account
    structures: frozenset[UUID]

    @property
    def account_id(self) -> UUID:
        """The account's id."""
        return self.account.account_id


@dataclass(frozen=True, slots=True)
class Desk:
    """What every request handler is given. `pool` is the one under row security."""

    clock: Clock
    pool: Pool
    outbox: Outbox
    sealer: Sealer
    standings: Standings
    heads: Heads
    house: House
    wake_relay: Callable[[], None]
    new_id: Callable[[], UUID]
    digest_key: bytes = field(repr=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction of the HTTP role. Raises HubError SERVICE_UNAVAILABLE while the database is away."""
        with_connection = self.pool.acquire(timeout=ACQUIRE_SECONDS)
        async with available(), with_connection as connection, connection.transaction():
            yield connection

    def digest(self, kind: str, content: bytes) -> bytes:
        """HMAC-SHA256 of a content, 32 bytes: tells equal from different, and nothing else."""
        return hmac.digest(self.digest_key, kind.encode() + b"\0" + content, hashlib.sha256)

    async def trace_reading(
        self, connection: Connection, visitor: Visitor, shown: Iterable[tuple[UUID, UUID]], now: datetime
    ) -> None:
        """Say on hub.access which acts, given as (act, structure), were shown; nothing when none was."""
        by_structure: dict[UUID, dict[UUID, None]] = {}
        for act_id, structure_id in shown:
            by_structure.setdefault(structure_id, {})[act_id] = None
        facts = [
            ActRead(
                access_id=self.new_id(),
                account_id=visitor.account_id,
                structure_id=structure_id,
                act_ids=tuple(chunk),
                read_at=now,
            )
            for structure_id, acts in by_structure.items()
            for chunk in _chunks(list(acts))
        ]
        if facts:
            emits = [Emit(fact, stream="hub.access") for fact in facts]
            await self.outbox.emit(connection, emits, now, tracing.current_header())


@asynccontextmanager
async def available() -> AsyncIterator[None]:
    """Turns the absence of a database into HubError SERVICE_UNAVAILABLE; mistakes of ours stay what they are."""
    try:
        yield
    except (OSError, *AWAY_ERRORS) as error:
        if isinstance(error, ValueError):  # asyncpg's own word for a value of the wrong type
            raise
        raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers=_RETRY) from error


def _chunks(acts: list[UUID]) -> Iterable[list[UUID]]:
    return (acts[i : i + ACTS_PER_TRACE] for i in range(0, len(acts), ACTS_PER_TRACE))
