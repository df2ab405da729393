"""Composition root of audit."""

from __future__ import annotations

import asyncio

from hub_audit import api, store
from hub_audit.handlers import Calendar, Inquiry, Recorder, completeness
from hub_audit.settings import Settings
from hub_audit.store import Records
from hub_contracts.states import Stage
from hub_contracts.topics import load_topics
from hub_kit.security.jwks import http_fetch
from hub_kit.security.subject_keys import SubjectKeys
from hub_kit.security.tokens import TokenVerifier
from hub_kit.service import Identity, OwnTask, Parts, Resources

IDENTITY = Identity(stream="hub.access", stage=Stage.RECEIVED)


async def build(settings: Settings, resources: Resources) -> Parts:
    """Listen to every topic of the contracts; answer auditors."""
    records = Records(SubjectKeys(resources.keys))
    async with resources.pool.acquire() as connection:
        await store.maintain(connection, resources.clock.now().date())
    calendar = Calendar(resources.pool, resources.clock, asyncio.Event())
    resources.health.add("completeness", lambda: completeness(resources.pool, resources.clock), decisive=False)
    tokens = TokenVerifier(list(settings.issuers), resources.clock, http_fetch())
    inquiry = Inquiry(resources.pool, resources.clock, records)
    return Parts(
        public=[api.router(inquiry, tokens, settings.page_size)],
        sinks=[Recorder(records)],
        linger_seconds=settings.linger_seconds,
        sink_streams=[topic.name for topic in load_topics() if "audit" in topic.consumers],
        tasks=[OwnTask("calendar", calendar.run, calendar.stop)],
    )
