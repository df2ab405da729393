"""The composition root's toolbox: from settings to a running service, the same way for all of them.

async def build(settings, start) -> Parts:          # services/<name>/app.py
    ...
Resources is what a service is given; Parts is what it gives back: its table, its routers, its own tasks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter

from hub_contracts.states import Stage
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.ids import uuid7
from hub_kit.messaging.consumer import Sink
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.model import Route
from hub_kit.messaging.outbox import Outbox
from hub_kit.security.keywrap import KeyWrapper
from hub_kit.security.sealed import Sealer
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Resources:
    """What every service is given. `pool` is the worker's, `api_pool` the one under row security."""

    clock: Clock
    pool: Pool
    api_pool: Pool
    keys: KeyWrapper
    sealer: Sealer
    outbox: Outbox
    directory: Directory
    metrics: Metrics
    health: Health
    wake_relay: Callable[[], None]

    def new_id(self) -> UUID:
        """A fresh UUIDv7."""
        return uuid7(self.clock)


Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A task of the service's own; `stop` makes `run` return."""

    name: str
    run: Task
    stop: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service adds to the kit: `stream` is where its events go, `stage` the part of the road it speaks for."""

    routes: Sequence[Route] = ()
    public: Sequence[APIRouter] = ()
    internal: Sequence[APIRouter] = ()
    sinks: Sequence[Sink] = ()
    sink_streams: Sequence[str] = ()
    tasks: Sequence[OwnTask] = ()
    linger_seconds: float = 0.1
    closers: Sequence[Callable[[], Awaitable[None]]] = field(default=())


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a service is on the road: its default stream and its stage."""

    stream: str
    stage: Stage


class UndeclaredStream(Exception):
    """A table names a stream whose topic file does not name the service."""
