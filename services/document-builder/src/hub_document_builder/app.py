"""Composition root of document-builder."""

from __future__ import annotations

from datetime import timedelta

from hub_contracts.states import Stage
from hub_document_builder import api, consumers
from hub_document_builder.handlers import Documents, Endings
from hub_document_builder.purge import Purge
from hub_document_builder.rules import Rules, load_rules
from hub_document_builder.settings import Settings
from hub_document_builder.store import Store
from hub_kit.service import Identity, OwnTask, Parts, Resources

IDENTITY = Identity(stream="hub.document", stage=Stage.DOCUMENT)


async def build(settings: Settings, resources: Resources) -> Parts:
    """The rules in force, the two handlers, the purge, and the bytes for the publisher."""
    required = settings.environment == "production" and not settings.allow_unchecked
    rules = load_rules(settings.rules_dir, required=required)
    store = Store(resources.keys)
    purge = Purge(resources.pool, resources.clock, store, settings.purge_poll_seconds)
    resources.health.add("official-rules", lambda: _rules_problem(rules), decisive=False)
    return Parts(
        routes=consumers.table(
            Documents(resources.directory, resources.sealer, store, rules),
            Endings(store, timedelta(days=settings.keep_days)),
        ),
        internal=[api.router(resources.pool, store, rules)],
        tasks=[OwnTask("purge", purge.run, purge.stop)],
    )


async def _rules_problem(rules: Rules) -> str | None:
    return rules.problem()
