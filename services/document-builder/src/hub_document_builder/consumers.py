"""What document-builder listens to."""

from __future__ import annotations

from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.publication import PublicationConfirmed
from hub_document_builder.handlers.documents import Documents
from hub_document_builder.handlers.endings import Endings
from hub_document_builder.settings import Settings
from hub_kit.messaging.model import Local, Peer, Route

OTHER_SECONDS = 30.0
"""For all but the children: the file from the gateway, writing, the XSD."""


def table(settings: Settings, patience: float, documents: Documents, endings: Endings) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each. `patience`: the longest wait for a child, press or checker (s)."""
    build = Peer(
        "document",
        documents.load,
        documents.call,
        documents.decide,
        documents.apply,
        call_seconds=OTHER_SECONDS + 2 * patience,
        concurrency=settings.builds_at_once,
    )
    end = Local("ending", endings.load, endings.decide, endings.apply)
    return (
        Route("hub.alimentation", AlimentationAuthorised, build),
        Route("hub.alimentation", ActRefused, end),
        Route("hub.publication", ActRefused, end),
        Route("hub.publication", PublicationConfirmed, end),
    )
