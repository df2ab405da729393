"""Event models, one module per stream, and the registry that finds a model by its type."""

from __future__ import annotations

from hub_contracts.events import access, act, alimentation, consent, directory, document, identity, publication
from hub_contracts.events.base import ActBlocked, ActEvent, ActRefused, Event, Problem, Sealed

_MODELS: tuple[type[Event], ...] = (
    ActRefused,
    ActBlocked,
    access.ActRead,
    act.ActReceived,
    act.PatientIdentityDeclared,
    act.PatientOppositionDeclared,
    identity.ActIdentified,
    identity.ActAwaitingIdentity,
    identity.PatientIdentityQualified,
    identity.PatientOppositionIdentified,
    identity.PatientDeclarationRefused,
    alimentation.AlimentationAuthorised,
    consent.OppositionRecorded,
    consent.OppositionLifted,
    document.DocumentBuilt,
    publication.PublicationTransmitted,
    publication.PublicationPostponed,
    publication.PublicationConfirmed,
    publication.AuthorisationExpired,
    directory.StructurePublished,
    directory.ProfessionalPublished,
    directory.MembershipPublished,
)
EVENT_TYPES: dict[str, type[Event]] = {model.event_type: model for model in _MODELS}

__all__ = ["EVENT_TYPES", "ActBlocked", "ActEvent", "ActRefused", "Event", "Problem", "Sealed"]
