"""What consent-registry listens to."""

from __future__ import annotations

from hub_consent_registry.handlers import Alimentation, Oppositions
from hub_contracts.events.identity import ActIdentified, PatientOppositionIdentified
from hub_contracts.events.publication import AuthorisationExpired
from hub_kit.messaging.model import Local, Route


def table(alimentation: Alimentation, oppositions: Oppositions) -> tuple[Route, ...]:
    """(stream, event model, handler), one line each."""
    decide = Local("alimentation", alimentation.load, alimentation.decide, alimentation.apply)
    oppose = Local("opposition", oppositions.load, oppositions.decide, oppositions.apply)
    return (
        Route("hub.identity", ActIdentified, decide),
        Route("hub.publication", AuthorisationExpired, decide),
        Route("hub.identity", PatientOppositionIdentified, oppose),
    )
