"""`hub-identity`: serve, migrate, replay, check, load-annuaire."""

from __future__ import annotations

from hub_identity import commands
from hub_identity.app import IDENTITY, build
from hub_identity.settings import Settings
from hub_kit.assembly import service_main

app = service_main(Settings, IDENTITY, build)
commands.add_commands(app)

if __name__ == "__main__":
    app()
