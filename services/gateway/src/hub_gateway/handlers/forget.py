"""Answers kept by Idempotency-Key are forgotten after their time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from hub_gateway.store import requests
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.tasks import repeat
from hub_kit.telemetry import logs

log = logs.get_logger("hub.gateway")
EVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class AnswerPurge:
    """Drops answers older than `keep`, every hour."""

    pool: Pool
    clock: Clock
    keep: timedelta
    stopping: asyncio.Event

    def stop(self) -> None:
        """End."""
        self.stopping.set()

    async def run(self) -> None:
        """Until stopped."""
        await repeat(self._turn, every=EVERY_SECONDS, stopping=self.stopping, log=log, failed="answers.not_dropped")

    async def _turn(self) -> None:
        await requests.drop_old_answers(self.pool, self.clock.now() - self.keep)
