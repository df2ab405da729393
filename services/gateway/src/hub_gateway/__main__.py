"""`hub-gateway`: serve, migrate, replay, check, load-accounts."""

from __future__ import annotations

from hub_gateway import commands
from hub_gateway.app import IDENTITY, build
from hub_gateway.settings import Settings
from hub_kit.assembly import service_main

app = service_main(Settings, IDENTITY, build)
commands.add_to(app)

if __name__ == "__main__":
    app()
