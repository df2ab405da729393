"""The consumers' tables of all services, built without their tools: only who hears what matters."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from hub_contracts.events import EVENT_TYPES
from hub_contracts.states import Stage
from hub_kit.messaging.model import Route

ROOT = Path(__file__).parents[3]
NAMES = ("gateway", "identity", "consent-registry", "document-builder", "dmp-publisher", "audit")
TABLE_ARGUMENTS = {"gateway": 2, "identity": 2, "consent-registry": 2, "document-builder": 4, "dmp-publisher": 3}


@dataclass(frozen=True)
class ServiceTable:
    """A service as its composition root shows it."""

    name: str
    stream: str
    stage: Stage
    routes: tuple[Route, ...]
    makes: frozenset[str]


def package(name: str) -> str:
    return f"hub_{name.replace('-', '_')}"


def all_services() -> list[ServiceTable]:
    return [_read(name) for name in NAMES]


def _read(name: str) -> ServiceTable:
    identity: Any = importlib.import_module(f"{package(name)}.app").IDENTITY
    routes: tuple[Route, ...] = ()
    if name in TABLE_ARGUMENTS:
        table = importlib.import_module(f"{package(name)}.consumers").table
        routes = tuple(table(*(MagicMock() for _ in range(TABLE_ARGUMENTS[name]))))
    return ServiceTable(name, identity.stream, identity.stage, routes, frozenset(_made(name)))


def _made(name: str) -> set[str]:
    """Types of the events that the service's code makes: calls of their models by name."""
    models = {model.__name__: event_type for event_type, model in EVENT_TYPES.items()}
    made = set()
    for file in (ROOT / "services" / name / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in models:
                made.add(models[called.id])
    return made
