"""Composition root of dmp-publisher."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub_contracts.states import Stage
from hub_dmp_publisher import api, consumers, store
from hub_dmp_publisher.domain import Waits
from hub_dmp_publisher.handlers import Publish, Stops
from hub_dmp_publisher.handlers.road import Road
from hub_dmp_publisher.identities import IdentityOpener
from hub_dmp_publisher.messages import Installation
from hub_dmp_publisher.settings import Settings
from hub_dmp_publisher.upstreams.breaker import Breaker, BreakerState
from hub_dmp_publisher.upstreams.catalogue import error_catalogue
from hub_dmp_publisher.upstreams.dmp import DmpClient, SkewWatch, Timeouts
from hub_dmp_publisher.upstreams.transport import Transport
from hub_dmp_publisher.vault import EntryVault
from hub_interop.vihf.assertion import Spelling
from hub_interop.vihf.model import Software
from hub_kit.blob_client import BlobClient
from hub_kit.security.tls import internal_client_context
from hub_kit.service import Identity, Parts, Resources
from hub_kit.value_sets import use_value_sets

IDENTITY = Identity(stream="hub.publication", stage=Stage.PUBLICATION)
EXPIRY_NOTICE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Connections:
    """What the service opens towards others."""

    transport: Transport
    documents: BlobClient
    breaker: Breaker
    skew: SkewWatch


async def build(settings: Settings, resources: Resources) -> Parts:
    """The DMP's client, the road of a document, the stop list, and the follow-up that others may read."""
    use_value_sets(settings.value_sets_dir, resources.clock)
    connections = connect(settings, resources)
    publish = publisher(settings, resources, connections)
    watch(resources, connections)
    return Parts(
        routes=consumers.table(settings, publish, Stops()),
        internal=[api.router(resources.api_pool)],
        closers=(connections.transport.close, connections.documents.close),
    )


def connect(settings: Settings, resources: Resources) -> Connections:
    """The HTTP clients, opened at their first use."""
    context = internal_client_context(
        settings.need_path("internal_ca_file"),
        settings.need_path("internal_cert_file"),
        settings.need_path("internal_key_file"),
    )
    address = f"{settings.builder_url.rstrip('/')}/internal/documents"
    return Connections(
        Transport(connect_seconds=settings.connect_timeout_seconds, max_answer_bytes=settings.max_answer_bytes),
        BlobClient(address, context, settings.builder_timeout_seconds),
        Breaker(resources.clock.monotonic, settings.breaker_failures, settings.breaker_seconds),
        SkewWatch(settings.clock_skew_seconds),
    )


def publisher(settings: Settings, resources: Resources, connections: Connections) -> Publish:
    """The handler of documents."""
    timeouts = Timeouts(settings.td02_timeout_seconds, settings.td21_timeout_seconds, settings.td31b_timeout_seconds)
    dmp = DmpClient(
        settings.dmp_url, connections.transport, connections.breaker, error_catalogue(), resources.clock,
        resources.metrics, timeouts, connections.skew,
    )  # fmt: skip
    opener = IdentityOpener(resources.keys, settings.dmp_ca_file.read_bytes(), settings.identities_in_memory)
    road = Road(
        dmp, connections.documents, opener, installation(settings), connections.skew, resources.pool, resources.clock,
        resources.new_id,
    )  # fmt: skip
    waits = Waits(
        call=timedelta(seconds=settings.call_seconds), ask=timedelta(seconds=2 * settings.td21_timeout_seconds)
    )
    vault = EntryVault(resources.keys)
    return Publish(road, resources.directory, resources.sealer, vault, resources.clock, waits, settings.lps_oid)


def installation(settings: Settings) -> Installation:
    """This hub as the DMP knows it."""
    return Installation(
        software=Software(
            settings.lps_name, settings.lps_version, settings.homologation_number.get_secret_value(), settings.lps_oid
        ),
        oid=settings.lps_oid,
        production=settings.environment == "production",
        authn_context=settings.authn_context,
        spelling=Spelling(settings.vihf_mode_attribute),
        algorithm=settings.submission_set_algorithm,
    )


def watch(resources: Resources, connections: Connections) -> None:
    """Readiness: our clock against the DMP's; and what an operator should see: DMP down, certificates that end."""

    async def clock() -> str | None:
        if not connections.skew.beyond:
            return None
        seconds = connections.skew.skew.total_seconds()
        return f"CLOCK_SKEW: the DMP's clock is {seconds:+.0f} s from ours: check NTP, nothing is sent meanwhile"

    async def dmp() -> str | None:
        state = connections.breaker.state
        return None if state is BreakerState.CLOSED else "the DMP does not answer: documents wait"

    async def certificates() -> str | None:
        async with resources.pool.acquire() as connection:
            rows = await store.expiring_identities(connection, resources.clock.now() + EXPIRY_NOTICE)
        if not rows:
            return None
        return f"{len(rows)} certificates of structures end within {EXPIRY_NOTICE.days} days or have ended"

    resources.health.add("dmp_clock", clock)
    resources.health.add("dmp", dmp, decisive=False)
    resources.health.add("certificates", certificates, decisive=False)
