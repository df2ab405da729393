"""`hub-consent-registry`: serve, migrate, replay, check."""

from __future__ import annotations

from hub_consent_registry.app import IDENTITY, build
from hub_consent_registry.settings import Settings
from hub_kit.assembly import service_main

app = service_main(Settings, IDENTITY, build)

if __name__ == "__main__":
    app()
