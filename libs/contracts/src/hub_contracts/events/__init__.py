"""Event models, one module per stream, and the registry that finds a model by its type."""

from __future__ import annotations

from hub_contracts.events import (
    access,
    act,
    alimentation,
    consent,
    directory,
    document,
    identity,
    operations,
    publication,
)
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
    alimentation.AlimentationRenewed,
    consent.OppositionRecorded,
    consent.OppositionLifted,
    document.DocumentBuilt,
    publication.PublicationTransmitted,
    publication.PublicationPostponed,
    publication.PublicationConfirmed,
    publication.AuthorisationExpired,
    operations.DeadItemsReplayed,
    directory.StructurePublished,
    directory.ProfessionalPublished,
    directory.MembershipPublished,
)
EVENT_TYPES: dict[str, type[Event]] = {model.event_type: model for model in _MODELS}

__all__ = ["EVENT_TYPES", "ActBlocked", "ActEvent", "ActRefused", "Event", "Problem", "Sealed"]
