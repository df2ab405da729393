"""Composition root of document-builder."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from hub_contracts.states import Stage
from hub_document_builder import api, consumers
from hub_document_builder.handlers.documents import Documents
from hub_document_builder.handlers.endings import Endings
from hub_document_builder.handlers.preview import Previews
from hub_document_builder.handlers.workshop import Workshop
from hub_document_builder.purge import Purge
from hub_document_builder.rules import Profile, Rules, load_rules
from hub_document_builder.settings import Settings
from hub_document_builder.store import Store
from hub_document_builder.upstreams.press import Press
from hub_document_builder.upstreams.schematrons import CHECKER, Schematrons
from hub_interop.ins.matricule import Environment
from hub_kit.blob_client import BlobClient
from hub_kit.children import ChildLimits, ChildPool
from hub_kit.children.metrics import watching
from hub_kit.errors import ConfigurationError
from hub_kit.security.tls import internal_client_context
from hub_kit.service import Identity, OwnTask, Parts, Resources
from hub_kit.telemetry.metrics import Metrics
from hub_kit.value_sets import use_value_sets

IDENTITY = Identity(stream="hub.document", stage=Stage.DOCUMENT)
PRESS = "hub_document_builder.workers.press"
CHECKER_BYTES, PRESS_BYTES, PRESS_SPACE = 650 << 20, 300 << 20, 2 << 30
FILE_SECONDS = 10.0
QUEUE_SECONDS = 10.0


async def build(settings: Settings, resources: Resources) -> Parts:
    """Rules in force, the workshop with its children, the two handlers, the purge; bytes and previews for others."""
    use_value_sets(settings.value_sets_dir, resources.clock)
    rules = rules_of(settings, resources.metrics)
    presses = press_pool(settings, resources.metrics)
    await presses.start()
    press = Press(presses, patience(settings))
    workshop = Workshop(rules, press, Environment(settings.environment))
    store = Store(resources.keys)
    files = _attachments(settings)
    documents = Documents(
        resources.directory, resources.sealer, store, workshop, files, settings.max_file_bytes, resources.clock
    )
    purge = Purge(resources.pool, resources.clock, store, settings.purge_poll_seconds)
    _watch(resources, rules, press)
    tasks = [OwnTask("purge", purge.run, purge.stop)]
    if rules.schematrons is not None:
        tasks.append(OwnTask("schematrons", rules.schematrons.run, rules.schematrons.stop))
    previews = Previews(resources.pool, resources.directory, workshop, files, settings.max_file_bytes, resources.clock)
    return Parts(
        routes=consumers.table(
            settings, patience(settings), documents, Endings(store, timedelta(days=settings.keep_days))
        ),
        internal=[api.router(resources.pool, store, rules, previews)],
        tasks=tasks,
        closers=(presses.close, *((files.close,) if files is not None else ())),
    )


def rules_of(settings: Settings, metrics: Metrics | None = None) -> Rules:
    """The rules in force. Raises ConfigurationError for a folder without rules, and for `off` in production."""
    production = settings.environment == "production"
    if production and settings.profile is Profile.OFF and not settings.allow_unchecked:
        raise ConfigurationError("HUB_DOCUMENT_BUILDER_PROFILE: off is not allowed in production")
    schematrons = None
    if settings.rules_dir is not None and settings.profile is not Profile.OFF:
        pools = partial(checker_pool, settings, metrics=metrics)
        schematrons = Schematrons(settings.rules_dir, settings.rules_cache_dir, pools, patience(settings))
    required = production and not settings.allow_unchecked
    return load_rules(
        settings.rules_dir,
        schematrons,
        settings.profile,
        required=required,
        one_in=settings.sample_one_in,
        unchecked_allowed=settings.allow_unchecked,
    )


def patience(settings: Settings) -> float:
    """How long to wait for a child's answer, the queue before it included (s)."""
    return 2 * settings.child_seconds + QUEUE_SECONDS


def checker_pool(settings: Settings, folder: Path, metrics: Metrics | None = None) -> ChildPool:
    """The children that run the official schematrons."""
    return ChildPool(
        "schematrons",
        (sys.executable, "-m", CHECKER, str(folder)),
        size=settings.checkers,
        queue=settings.builds_at_once,
        limits=ChildLimits(seconds=settings.child_seconds, resident=CHECKER_BYTES),
        on_event=watching(metrics),
    )


def press_pool(settings: Settings, metrics: Metrics | None = None) -> ChildPool:
    """The children that print and examine."""
    return ChildPool(
        "press",
        (sys.executable, "-m", PRESS, str(settings.max_file_bytes), str(settings.max_pages)),
        size=settings.presses,
        queue=settings.builds_at_once,
        limits=ChildLimits(
            seconds=settings.child_seconds,
            largest_answer=4 * settings.max_file_bytes,
            resident=PRESS_BYTES,
            address_space=PRESS_SPACE,
        ),
        on_event=watching(metrics),
    )


def _attachments(settings: Settings) -> BlobClient | None:
    if settings.gateway_url is None:
        return None
    context = internal_client_context(
        settings.need_path("internal_ca_file"),
        settings.need_path("internal_cert_file"),
        settings.need_path("internal_key_file"),
    )
    return BlobClient(f"{settings.gateway_url.rstrip('/')}/internal/attachments", context, FILE_SECONDS)


def _watch(resources: Resources, rules: Rules, press: Press) -> None:
    """What an operator sees of rules and children."""

    async def rules_problem() -> str | None:
        return rules.problem()

    async def press_problem() -> str | None:
        return press.problem()

    resources.health.add("official-rules", rules_problem, decisive=False)
    resources.health.add("press", press_problem, decisive=False)
