"""Composition root of consent-registry."""

from __future__ import annotations

from datetime import timedelta

from hub_consent_registry import api, consumers
from hub_consent_registry.handlers import Alimentation, Oppositions
from hub_consent_registry.matrix import load_matrix
from hub_consent_registry.settings import Settings
from hub_contracts.states import Stage
from hub_kit.service import Identity, Parts, Resources

IDENTITY = Identity(stream="hub.alimentation", stage=Stage.CONSENT)


async def build(settings: Settings, resources: Resources) -> Parts:
    """The matrix in force, the two handlers, and the decisions that others may read."""
    matrix = load_matrix(settings.alimentation_matrix_file)
    alimentation = Alimentation(resources.directory, matrix, timedelta(hours=settings.authorisation_hours))
    return Parts(
        routes=consumers.table(alimentation, Oppositions()),
        internal=[api.router(resources.pool, matrix)],
    )
