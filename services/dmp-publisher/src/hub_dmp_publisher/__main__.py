"""`hub-dmp-publisher`: serve, migrate, replay, check, and the commands about certificates and lanes."""

from __future__ import annotations

from hub_dmp_publisher.app import IDENTITY, build
from hub_dmp_publisher.commands import add_commands
from hub_dmp_publisher.settings import Settings
from hub_kit.assembly import service_main

app = service_main(Settings, IDENTITY, build)
add_commands(app)

if __name__ == "__main__":
    app()
