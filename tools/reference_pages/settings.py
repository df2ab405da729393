"""parametres.md: the settings of every service, those of all of them first."""

from __future__ import annotations

from hub_audit.settings import Settings as Audit
from hub_consent_registry.settings import Settings as ConsentRegistry
from hub_dmp_publisher.settings import Settings as DmpPublisher
from hub_document_builder.settings import Settings as DocumentBuilder
from hub_gateway.settings import Settings as Gateway
from hub_identity.settings import Settings as Identity
from hub_kit.settings import ServiceSettings
from hub_kit.settings_check import reference_table

TITLE = "Paramètres"
SERVICES: tuple[type[ServiceSettings], ...] = (
    Gateway,
    Identity,
    ConsentRegistry,
    DocumentBuilder,
    DmpPublisher,
    Audit,
)
INTRO = """Lus dans l'environnement, vérifiés tous ensemble au démarrage (`hub-<service> check` les vérifie sans
démarrer, `hub-<service> check --table` les liste). Une valeur est cherchée sous `HUB_<SERVICE>_<NOM>`, puis sous
`HUB_<NOM>` ; un secret peut être dans un fichier, nommé par `…_FILE`. Le tiret du nom d'un service devient un
souligné : `HUB_DMP_PUBLISHER_DMP_URL`. Les phrases sont celles du code, en anglais.
"""


def body() -> str:
    """The page."""
    shared = reference_table(ServiceSettings)
    parts = [INTRO, "## De tous les services\n", shared]
    for service in SERVICES:
        parts += [f"## {service.service}\n", _own(service, shared)]
    return "\n".join(parts)


def _own(service: type[ServiceSettings], shared: str) -> str:
    """The rows that differ from those of all services."""
    lines = reference_table(service).splitlines()
    rows = [line for line in lines[2:] if line not in shared.splitlines()]
    return "\n".join([*lines[:2], *rows]) + "\n"
