"""What identity listens to."""

from __future__ import annotations

from hub_contracts.events.act import ActReceived, PatientIdentityDeclared, PatientOppositionDeclared
from hub_identity.handlers import Acts, Declarations
from hub_kit.messaging.model import Local, Route

STREAM = "hub.act"


def table(acts: Acts, declarations: Declarations) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each."""
    identify = Local("act", acts.load, acts.decide, acts.apply)
    declare = Local("declaration", declarations.load, declarations.decide, declarations.apply)
    return (
        Route(STREAM, ActReceived, identify),
        Route(STREAM, PatientIdentityDeclared, declare),
        Route(STREAM, PatientOppositionDeclared, declare),
    )
