"""What dmp-publisher listens to."""

from __future__ import annotations

from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationRenewed
from hub_contracts.events.consent import OppositionLifted, OppositionRecorded
from hub_contracts.events.document import DocumentBuilt
from hub_dmp_publisher.handlers import Endings, Publish, Stops
from hub_dmp_publisher.settings import Settings
from hub_kit.messaging.model import Local, Peer, Route


def table(settings: Settings, publish: Publish, stops: Stops) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each."""
    to_dmp = Peer(
        "publish",
        publish.load,
        publish.call,
        publish.decide,
        publish.apply,
        call_seconds=settings.call_seconds,
        concurrency=settings.calls_at_once,
        per_lane=settings.calls_per_structure,
    )
    stop = Local("stop", stops.load, stops.decide, stops.apply)
    endings = Endings()
    end = Local("ending", endings.load, endings.decide, endings.apply)
    return (
        Route("hub.document", DocumentBuilt, to_dmp),
        Route("hub.alimentation", AlimentationRenewed, to_dmp),
        Route("hub.alimentation", ActRefused, end),
        Route("hub.consent", OppositionRecorded, stop),
        Route("hub.consent", OppositionLifted, stop),
    )
