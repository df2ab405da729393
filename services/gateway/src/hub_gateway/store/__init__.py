"""All SQL of the gateway, by subject."""

from __future__ import annotations

from hub_kit.db import load_queries

QUERIES = load_queries("hub_gateway")
