"""Composition root of identity."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from hub_contracts.states import Stage
from hub_identity import api, consumers
from hub_identity.blind_index import BlindIndex
from hub_identity.handlers import Acts, Declarations, Desk
from hub_identity.reading import Reader
from hub_identity.settings import Settings
from hub_identity.store import Store
from hub_identity.waiting_room import WaitingRoom
from hub_kit.service import Identity, OwnTask, Parts, Resources

IDENTITY = Identity(stream="hub.identity", stage=Stage.IDENTITY)


async def build(settings: Settings, resources: Resources) -> Parts:
    """The two handlers at one desk, and the waiting room that they wake."""
    store = Store(resources.keys)
    reader = Reader(BlindIndex.from_base64(settings.blind_index_key.get_secret_value()), settings.environment)
    send_for = timedelta(hours=settings.send_hours)
    room = WaitingRoom(
        pool=resources.pool,
        clock=resources.clock,
        store=store,
        reader=reader,
        outbox=resources.outbox,
        sealer=resources.sealer,
        wake_relay=resources.wake_relay,
        send_for=send_for,
        poll_seconds=settings.waiting_room_poll_seconds,
    )
    desk = Desk(store, reader, resources.sealer, uuid4, room.wake)
    return Parts(
        routes=consumers.table(Acts(desk, send_for), Declarations(desk)),
        internal=[api.router(resources.pool)],
        tasks=[OwnTask("waiting-room", room.run, room.stop)],
    )
