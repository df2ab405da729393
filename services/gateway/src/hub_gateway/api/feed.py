"""`GET /v1/acts/events`: the account's feed, by long poll: the road for software behind a NAT."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub_contracts.errors import ErrorCode
from hub_gateway.api import examples, views
from hub_gateway.api.gate import Gate, Scope
from hub_gateway.api.models import FeedPage
from hub_gateway.api.openapi import errors, example
from hub_gateway.handlers.reading import Reading

MAX_AFTER = 2**63 - 1
FEED_DOC = """Les nouvelles de tous les actes du compte, dans l'ordre, numérotées sans trou par `seq`.

Appeler avec `after` = le `next` de la réponse précédente (0 la première fois), une fois ces nouvelles gardées. S'il n'y
en a pas, la réponse attend jusqu'à `wait` secondes la première qui vient, puis rend une liste vide. Rien n'est perdu si
une réponse se perd : il suffit de redemander avec le même `after`. Une réponse qui montre des actes laisse une trace
d'accès."""


def add_feed(api: APIRouter, gate: Gate, reading: Reading) -> None:
    """Declared before `/v1/acts/{act_id}`, which would take `events` for an id."""

    @api.get(
        "/v1/acts/events",
        tags=["suivi"],
        summary="Lire le fil des nouvelles",
        description=FEED_DOC,
        responses={
            200: {"model": FeedPage, "content": example(examples.FEED)},
            **errors(ErrorCode.REQUEST_INVALID),
        },
        operation_id="lire_fil",
    )
    async def events(
        request: Request,
        after: Annotated[int, Query(ge=0, le=MAX_AFTER, description="Dernier numéro déjà gardé")] = 0,
        wait: Annotated[float, Query(ge=0, le=60, description="Attente au plus, en secondes (25 conseillé)")] = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="Nouvelles au plus")] = 100,
    ) -> Response:
        visitor = await gate.enter(request, Scope.ACTS_READ)
        stopping = getattr(request.app.state, "stopping", None)
        rows, following = await reading.news(visitor, after, limit, wait, stopping)
        return views.json_response({"events": [views.feed_event(row) for row in rows], "next": following})
