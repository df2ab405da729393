"""Composition root of the gateway."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

from hub_contracts.states import Stage
from hub_gateway import consumers
from hub_gateway.api.gate import Gate
from hub_gateway.api.router import routers
from hub_gateway.domain.admission import House
from hub_gateway.handlers.declare import Declaring
from hub_gateway.handlers.desk import Desk
from hub_gateway.handlers.follow_up import Declarations, FollowUp
from hub_gateway.handlers.forget import AnswerPurge
from hub_gateway.handlers.intake import Intake
from hub_gateway.handlers.reading import Reading
from hub_gateway.handlers.stuck import StuckWatch
from hub_gateway.settings import Settings
from hub_gateway.store import requests
from hub_gateway.store.feed import Heads
from hub_gateway.store.standing import Standings
from hub_kit.security.jwks import http_fetch
from hub_kit.security.tokens import TokenVerifier
from hub_kit.service import Identity, OwnTask, Parts, Resources

FOLLOW_UP_LINGER_SECONDS = 0.15  # four events an act: worth gathering, and no reader sees the difference
IDENTITY = Identity(stream="hub.act", stage=Stage.RECEIVED)


async def build(settings: Settings, resources: Resources) -> Parts:
    """The LGO API, the follow-up of the road, and two tasks: who waits for news, and old answers that go."""
    clock = resources.clock
    ca_file = settings.issuer_ca_file
    fetch = http_fetch(ssl.create_default_context(cafile=None if ca_file is None else str(ca_file)))
    heads = Heads(resources.api_pool, settings.max_long_polls)
    standings = Standings(resources.api_pool, clock, settings.standing_seconds)
    desk = Desk(
        clock=clock,
        pool=resources.api_pool,
        outbox=resources.outbox,
        sealer=resources.sealer,
        standings=standings,
        heads=heads,
        house=House(settings.environment, timedelta(minutes=settings.future_minutes)),
        wake_relay=resources.wake_relay,
        new_id=resources.new_id,
        digest_key=await requests.digest_key(resources.pool, resources.keys),
    )
    gate = Gate(TokenVerifier(list(settings.issuers), clock, fetch), standings, clock)
    intake = Intake(desk, timedelta(days=settings.wait_days))
    purge = AnswerPurge(resources.pool, clock, timedelta(hours=settings.idempotency_hours), asyncio.Event())
    stuck = StuckWatch(resources.pool, clock, heads, consumers.FOLLOW_UP, asyncio.Event())
    return Parts(
        routes=consumers.table(FollowUp(heads), Declarations()),
        public=routers(gate, intake, Declaring(desk), Reading(desk), settings.max_batch),
        tasks=[
            OwnTask("feed-heads", heads.run, heads.stop),
            OwnTask("answer-purge", purge.run, purge.stop),
            OwnTask("stuck-acts", stuck.run, stuck.stop),
        ],
        linger_seconds=FOLLOW_UP_LINGER_SECONDS,
    )
