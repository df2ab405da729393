"""Puts a service together: the same parts in the same order for all of them.

stop order: HTTP and consumer ─▶ worker and own tasks ─▶ relay ─▶ upkeep ─▶ pools
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from typing import TypeVar

import typer

from hub_contracts.topics import load_topics
from hub_kit import service, tasks
from hub_kit.cli import service_app
from hub_kit.clock import SystemClock
from hub_kit.db import Pool, open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.consumer import Consumer, Sink, WorkInbox
from hub_kit.messaging.directory import STREAM as DIRECTORY
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.kafka import KafkaBroker
from hub_kit.messaging.outbox import Outbox
from hub_kit.messaging.relay import Relay
from hub_kit.messaging.runner import Bench
from hub_kit.messaging.upkeep import Upkeep
from hub_kit.messaging.worker import Worker, build_runners
from hub_kit.run import Phase, Supervisor
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.sealed import Sealer
from hub_kit.security.tls import internal_server_context, kafka_client_context
from hub_kit.service import Identity, Parts, Resources
from hub_kit.settings import ServiceSettings
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.health import Health, skew_check
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web import HttpServer, create_app, create_internal_app

S = TypeVar("S", bound=ServiceSettings)
BuildParts = Callable[[S, Resources], Awaitable[Parts]]
KIT_MIGRATIONS = [("hub_kit", "migrations/service"), ("hub_kit", "migrations/subjects")]


def service_main(settings_class: type[S], identity: Identity, build: BuildParts[S]) -> typer.Typer:
    """The command line of a service, from its settings, its place on the road and its composition root."""
    package = settings_class.__module__.rsplit(".", 1)[0]

    async def assemble(settings: S, supervisor: Supervisor, health: Health, metrics: Metrics) -> None:
        await _Assembly(settings, identity, supervisor, health, metrics).build(build)

    return service_app(
        settings_class, assemble, migrations=[*KIT_MIGRATIONS, (package, "migrations")], stream=identity.stream
    )


class _Assembly:
    def __init__(
        self, settings: ServiceSettings, identity: Identity, supervisor: Supervisor, health: Health, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._supervisor = supervisor
        self._health = health
        self._metrics = metrics
        self._clock = SystemClock()
        self._broker = KafkaBroker(
            settings.kafka_bootstrap or "",
            kafka_client_context(
                settings.need_path("kafka_ca_file"),
                settings.need_path("kafka_cert_file"),
                settings.need_path("kafka_key_file"),
            ),
            client_id=f"hub-{settings.service}",
        )

    async def build(self, build: BuildParts[S]) -> None:
        resources, relay = await self._resources()
        parts = await build(self._settings, resources)  # type: ignore[arg-type]
        for closer in parts.closers:
            self._supervisor.resources.push_async_callback(closer)
        await tasks.load_directory(resources)
        worker = self._worker(parts, resources, relay)
        self._add_consumer(parts, resources, worker)
        self._supervisor.add("relay", relay.run, phase=Phase.RELAY, stop=relay.stop)
        upkeep = Upkeep(pool=resources.pool, clock=self._clock, metrics=self._metrics, wake=worker.wake)
        await upkeep.daily()
        self._supervisor.add("upkeep", upkeep.run, phase=Phase.WATCH, stop=upkeep.stop)
        for task in parts.tasks:
            self._supervisor.add(task.name, task.run, phase=Phase.WORK, stop=task.stop)
        self._serve(parts)

    async def _resources(self) -> tuple[Resources, Relay]:
        settings, name = self._settings, self._settings.service
        pool = await self._pool(settings.dsn, settings.worker_pool_size, name)
        api_pool = await self._pool(settings.api_dsn, settings.api_pool_size, f"{name}-api")
        keyring = await self._pool(settings.keyring_dsn, 2, f"{name}-keyring")
        wrapper = FileKeyWrapper.from_file(settings.need_path("kek_file"))
        transit = TransitKeys(keyring.acquire, wrapper)
        expiry = tasks.KeyExpiry(transit, self._clock)
        self._supervisor.add("key-expiry", expiry.run, phase=Phase.WATCH, stop=expiry.stop)
        sealer = Sealer(transit)
        await sealer.ready(self._clock.now())
        outbox = Outbox(
            stream=self._identity.stream,
            seals=sealer,
            new_id=lambda: uuid7(self._clock),
            topic_prefix=settings.topic_prefix,
        )
        relay = Relay(
            dsn=settings.dsn, broker=self._broker, clock=self._clock, metrics=self._metrics, source=settings.service
        )
        self._metrics.set(defs.BUILD_INFO, 1, settings.service, version("hub-kit"))
        self._health.add("database", skew_check(pool.acquire, self._clock, self._metrics))
        resources = Resources(
            clock=self._clock, pool=pool, api_pool=api_pool, keys=wrapper, sealer=sealer, outbox=outbox,
            directory=Directory(settings.topic_prefix), metrics=self._metrics, health=self._health,
            wake_relay=relay.wake,
        )  # fmt: skip
        return resources, relay

    async def _pool(self, dsn: str, size: int, name: str) -> Pool:
        pool = await open_pool(dsn, size=size, name=f"hub-{name}")
        self._supervisor.resources.push_async_callback(pool.close)
        return pool

    def _worker(self, parts: Parts, resources: Resources, relay: Relay) -> Worker:
        async def prepare() -> None:
            await resources.sealer.ready(self._clock.now())

        bench = Bench(
            pool=resources.pool, outbox=resources.outbox, clock=self._clock, stage=self._identity.stage,
            wake_relay=relay.wake, new_id=resources.new_id, prepare=prepare, metrics=self._metrics,
        )  # fmt: skip
        worker = Worker(build_runners(bench, parts.routes))

        async def tripped() -> str | None:
            return worker.tripped()

        self._health.add("handlers", tripped)
        if parts.routes:
            self._supervisor.add("worker", worker.run, phase=Phase.WORK, stop=worker.stop)
        return worker

    def _add_consumer(self, parts: Parts, resources: Resources, worker: Worker) -> None:
        prefix = self._settings.topic_prefix
        inbox = WorkInbox(parts.routes, worker.wake, prefix)
        directory = resources.directory
        streams = {route.stream for route in parts.routes} | set(parts.sink_streams) | {DIRECTORY}
        _declared(self._settings.service, streams)

        def after_commit() -> None:
            inbox.after_commit()
            directory.after_commit()

        sinks: Sequence[Sink] = [directory.sink, inbox, *parts.sinks]
        consumer = Consumer(
            broker=self._broker, pool=resources.pool, clock=self._clock, metrics=self._metrics,
            group=f"{prefix}hub.{self._settings.service}", topics=sorted(prefix + stream for stream in streams),
            sinks=sinks, after_commit=after_commit, linger_seconds=parts.linger_seconds,
        )  # fmt: skip

        async def connected() -> str | None:
            return None if consumer.connected else "no broker session"

        # who serves the public goes on without a broker: what is accepted waits in the outbox
        self._health.add("kafka", connected, decisive=not parts.public)
        self._supervisor.add("consumer", consumer.run, phase=Phase.INTAKE, stop=consumer.stop)
        refresher = tasks.DirectoryRefresher(resources)
        self._supervisor.add("directory", refresher.run, phase=Phase.WATCH, stop=refresher.stop)

    def _serve(self, parts: Parts) -> None:
        settings = self._settings
        common = {"clock": self._clock, "metrics": self._metrics, "max_body_bytes": settings.max_body_bytes}
        if parts.public and settings.http_port:
            public = create_app(settings.service, openapi_url="/v1/openapi.json", **common)  # type: ignore[arg-type]
            for router in parts.public:
                public.include_router(router)
            self._listen("http", HttpServer(public, settings.host, settings.http_port))
        internal = create_internal_app(settings.service, health=self._health, **common)  # type: ignore[arg-type]
        for router in parts.internal:
            internal.include_router(router)
        tls = internal_server_context(
            settings.need_path("internal_ca_file"),
            settings.need_path("internal_cert_file"),
            settings.need_path("internal_key_file"),
        )
        self._listen("internal", HttpServer(internal, settings.internal_host, settings.internal_port, tls=tls))

    def _listen(self, name: str, server: HttpServer) -> None:
        server.open()
        self._supervisor.add(name, server.run, phase=Phase.INTAKE, stop=server.stop)


def _declared(name: str, streams: set[str]) -> None:
    """A service listens only to streams whose topic file names it (design rule 15): a mistake shows at start."""
    allowed = {topic.name for topic in load_topics() if name in topic.consumers}
    if not streams <= allowed:
        raise service.UndeclaredStream(f"{name} is no consumer of {', '.join(sorted(streams - allowed))}")
