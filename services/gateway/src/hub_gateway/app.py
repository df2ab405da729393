"""Composition root of the gateway."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

from hub_contracts.states import Stage
from hub_gateway import consumers
from hub_gateway.api import internal
from hub_gateway.api.gate import Gate
from hub_gateway.api.router import routers
from hub_gateway.domain.admission import House
from hub_gateway.handlers.attachments import AttachmentPurge, Attachments
from hub_gateway.handlers.declare import Declaring
from hub_gateway.handlers.desk import Desk
from hub_gateway.handlers.follow_up import Declarations, FollowUp
from hub_gateway.handlers.forget import AnswerPurge
from hub_gateway.handlers.intake import Intake
from hub_gateway.handlers.preview import Previewing
from hub_gateway.handlers.reading import Reading
from hub_gateway.handlers.stuck import StuckWatch
from hub_gateway.settings import Settings
from hub_gateway.store import requests
from hub_gateway.store.feed import Heads
from hub_gateway.store.standing import Standings
from hub_gateway.upstreams import PreviewClient
from hub_kit.blobs import BlobStore
from hub_kit.security.jwks import http_fetch
from hub_kit.security.tls import internal_client_context
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
    blobs = BlobStore(resources.keys)
    attachments = Attachments(desk, blobs, settings.max_attachment_bytes)
    intake = Intake(desk, timedelta(days=settings.wait_days), attachments)
    previews = PreviewClient(settings.builder_url, _internal_context(settings), settings.preview_seconds)
    purge = AnswerPurge(resources.pool, clock, timedelta(hours=settings.idempotency_hours), asyncio.Event())
    files = AttachmentPurge(resources.pool, clock, blobs, asyncio.Event())
    stuck = StuckWatch(resources.pool, clock, heads, consumers.FOLLOW_UP, asyncio.Event())
    return Parts(
        routes=consumers.table(FollowUp(heads), Declarations()),
        public=routers(gate, intake, Previewing(intake, previews), Declaring(desk), Reading(desk), settings.max_batch),
        internal=[internal.router(resources.api_pool, blobs)],
        tasks=[
            OwnTask("feed-heads", heads.run, heads.stop),
            OwnTask("answer-purge", purge.run, purge.stop),
            OwnTask("attachment-purge", files.run, files.stop),
            OwnTask("stuck-acts", stuck.run, stuck.stop),
        ],
        linger_seconds=FOLLOW_UP_LINGER_SECONDS,
        closers=(previews.close,),
    )


def _internal_context(settings: Settings) -> ssl.SSLContext | None:
    """Mutual TLS towards document-builder, where it is named."""
    if settings.builder_url is None:
        return None
    return internal_client_context(
        settings.need_path("internal_ca_file"),
        settings.need_path("internal_cert_file"),
        settings.need_path("internal_key_file"),
    )
