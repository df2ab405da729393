"""What the gateway listens to."""

from __future__ import annotations

from hub_contracts.events import ActBlocked, ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised, AlimentationRenewed
from hub_contracts.events.consent import OppositionLifted, OppositionRecorded
from hub_contracts.events.document import DocumentBuilt
from hub_contracts.events.identity import (
    ActAwaitingIdentity,
    ActIdentified,
    PatientDeclarationRefused,
    PatientIdentityQualified,
)
from hub_contracts.events.publication import PublicationConfirmed, PublicationPostponed, PublicationTransmitted
from hub_gateway.handlers.follow_up import Declarations, FollowUp
from hub_kit.messaging.model import Local, Route

FOLLOW_UP = "follow-up"
ROAD = ("hub.identity", "hub.alimentation", "hub.document", "hub.publication")


def table(follow_up: FollowUp, declarations: Declarations) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each."""
    follow = Local(FOLLOW_UP, follow_up.load, follow_up.decide, follow_up.apply, batch=200, per_lane=50)
    declared = Local("declarations", declarations.load, declarations.decide, declarations.apply)
    return (
        Route("hub.identity", ActIdentified, follow),
        Route("hub.identity", ActAwaitingIdentity, follow),
        Route("hub.alimentation", AlimentationAuthorised, follow),
        Route("hub.alimentation", AlimentationRenewed, follow),
        Route("hub.document", DocumentBuilt, follow),
        Route("hub.publication", PublicationPostponed, follow),
        Route("hub.publication", PublicationTransmitted, follow),
        Route("hub.publication", PublicationConfirmed, follow),
        *(Route(stream, ActRefused, follow) for stream in ROAD),
        *(Route(stream, ActBlocked, follow) for stream in ROAD),
        Route("hub.identity", PatientIdentityQualified, declared),
        Route("hub.identity", PatientDeclarationRefused, declared),
        Route("hub.consent", OppositionRecorded, declared),
        Route("hub.consent", OppositionLifted, declared),
    )
