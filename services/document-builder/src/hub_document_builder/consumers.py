"""What document-builder listens to."""

from __future__ import annotations

from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.publication import PublicationConfirmed
from hub_document_builder.handlers import Documents, Endings
from hub_kit.messaging.model import Local, Route

BATCH = 25
"""Building takes milliseconds of CPU a document: a small batch leaves the loop to others in between."""


def table(documents: Documents, endings: Endings) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each."""
    build = Local("document", documents.load, documents.decide, documents.apply, batch=BATCH)
    end = Local("ending", endings.load, endings.decide, endings.apply)
    return (
        Route("hub.alimentation", AlimentationAuthorised, build),
        Route("hub.alimentation", ActRefused, end),
        Route("hub.publication", ActRefused, end),
        Route("hub.publication", PublicationConfirmed, end),
    )
