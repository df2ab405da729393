"""What document-builder listens to."""

from __future__ import annotations

from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.publication import PublicationConfirmed
from hub_document_builder.handlers.documents import Documents
from hub_document_builder.handlers.endings import Endings
from hub_document_builder.settings import Settings
from hub_kit.messaging.model import Local, Peer, Route

FILE_SECONDS = 15.0
CHILDREN_ASKED = 3
"""Children asked one after another for a document, at most: file or report twice, schematrons."""


def table(settings: Settings, documents: Documents, endings: Endings) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each."""
    build = Peer(
        "document",
        documents.load,
        documents.call,
        documents.decide,
        documents.apply,
        call_seconds=FILE_SECONDS + CHILDREN_ASKED * settings.child_seconds,
        concurrency=settings.builds_at_once,
    )
    end = Local("ending", endings.load, endings.decide, endings.apply)
    return (
        Route("hub.alimentation", AlimentationAuthorised, build),
        Route("hub.alimentation", ActRefused, end),
        Route("hub.publication", ActRefused, end),
        Route("hub.publication", PublicationConfirmed, end),
    )
