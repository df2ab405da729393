"""Who does what with which event, read from the services' own tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from unittest.mock import MagicMock

from hub_consent_registry import consumers as consent_registry
from hub_contracts.topics import Topic, load_topics
from hub_dmp_publisher import consumers as dmp_publisher
from hub_document_builder import consumers as document_builder
from hub_gateway import consumers as gateway
from hub_identity import consumers as identity
from hub_kit.messaging.model import Route

SERVICES = ("gateway", "identity", "consent-registry", "document-builder", "dmp-publisher", "audit")
DIRECTORY = "hub.directory"


def tables() -> dict[str, Sequence[Route]]:
    """The table of each service. Handlers are stand-ins: only their names and the lines of the tables are read."""
    return {
        "gateway": gateway.table(MagicMock(), MagicMock()),
        "identity": identity.table(MagicMock(), MagicMock()),
        "consent-registry": consent_registry.table(MagicMock(), MagicMock()),
        "document-builder": document_builder.table(MagicMock(), 1.0, MagicMock(), MagicMock()),
        "dmp-publisher": dmp_publisher.table(MagicMock(), MagicMock(), MagicMock()),
        "audit": (),
    }


def handlers() -> Mapping[tuple[str, str], list[str]]:
    """(stream, event type) → `service (handler)` of those that act on it, audit's recording apart."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for service, routes in tables().items():
        for route in routes:
            found[(route.stream, route.model.event_type)].append(f"{service} ({route.handler.name})")
    return found


def streams_of(event_type: str) -> list[Topic]:
    """The topics whose file names the event."""
    return [topic for topic in load_topics() if event_type in topic.events]
