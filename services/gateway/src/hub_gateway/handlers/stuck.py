"""News that died here: its act is shown as blocked (design rule 19).

Other services' dead items come as `act.blocked`. Our own can't: later events of the act wait behind the dead one. So
the table of dead items is looked at now and then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked
from hub_contracts.states import Stage
from hub_gateway.domain import progress
from hub_gateway.handlers.follow_up import Heard, follow_up_row
from hub_gateway.store import acts
from hub_gateway.store.acts import ActStanding, FollowUpRow, Stuck
from hub_gateway.store.feed import Heads
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.tasks import repeat
from hub_kit.telemetry import logs

log = logs.get_logger("hub.gateway")
EVERY_SECONDS = 5.0
AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class StuckWatch:
    """Blocks the acts of this service's dead follow-up items. `handler` is the one whose items are looked at."""

    pool: Pool
    clock: Clock
    heads: Heads
    handler: str
    stopping: asyncio.Event

    def stop(self) -> None:
        """End."""
        self.stopping.set()

    async def run(self) -> None:
        """Until stopped."""
        await repeat(
            lambda: self.look(self.clock.now()),
            every=EVERY_SECONDS,
            stopping=self.stopping,
            log=log,
            failed="stuck.not_looked_at",
        )

    async def look(self, now: datetime) -> int:
        """Block what must be; how many acts were."""
        async with self.pool.acquire() as connection, connection.transaction():
            found = await acts.stuck(connection, self.handler, AT_A_TIME)
            standings = await acts.lock(connection, (one.act_id for one in found)) if found else {}
            rows = [_row(one, standings[one.act_id], now) for one in found]
            applied = [row for row in rows if row.applied]
            await acts.follow_up(connection, applied)
        self.heads.nudge({row.account_id for row in applied})
        return len(applied)


def _row(one: Stuck, standing: ActStanding, now: datetime) -> FollowUpRow:
    code = ErrorCode(one.code) if one.code in ErrorCode.__members__ else ErrorCode.HANDLER_FAILED
    event = ActBlocked(
        act_id=one.act_id,
        version=one.act_version,
        structure_id=standing.structure_id,
        stage=Stage.RECEIVED,
        code=code,
    )
    step = progress.step(event, 0, one.dead_at, standing.standing)
    return follow_up_row(standing, event, step, Heard(None, one.dead_at, now))
