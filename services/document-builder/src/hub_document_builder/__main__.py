"""`hub-document-builder`: serve, migrate, replay, check; build, validate, render, install-rules, value-sets."""

from __future__ import annotations

from hub_document_builder import commands
from hub_document_builder.app import IDENTITY, build
from hub_document_builder.settings import Settings
from hub_kit.assembly import service_main

app = service_main(Settings, IDENTITY, build)
commands.add_to(app)

if __name__ == "__main__":
    app()
