"""The whole LGO API."""

from __future__ import annotations

from fastapi import APIRouter, Security

from hub_gateway.api.acts import add_reading, add_submission
from hub_gateway.api.attachments import add_attachments
from hub_gateway.api.declarations import add_declarations
from hub_gateway.api.docs import add_docs
from hub_gateway.api.feed import add_feed
from hub_gateway.api.gate import Gate
from hub_gateway.api.openapi import BEARER
from hub_gateway.api.preview import add_preview
from hub_gateway.handlers.declare import Declaring
from hub_gateway.handlers.intake import Intake
from hub_gateway.handlers.preview import Previewing
from hub_gateway.handlers.reading import Reading


def routers(
    gate: Gate, intake: Intake, previewing: Previewing, declaring: Declaring, reading: Reading, max_batch: int
) -> list[APIRouter]:
    """The API under its security scheme, and the page that documents it."""
    api = APIRouter(dependencies=[Security(BEARER)])
    add_submission(api, gate, intake, max_batch)
    add_attachments(api, gate, intake.attachments)
    add_preview(api, gate, previewing)
    add_feed(api, gate, reading)
    add_reading(api, gate, reading)
    add_declarations(api, gate, declaring, reading)
    pages = APIRouter()
    add_docs(pages)
    return [api, pages]
