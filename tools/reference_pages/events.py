"""evenements.md: every event, its fields, who sends it and who acts on it."""

from __future__ import annotations

import types
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub_contracts.errors import ErrorCode
from hub_contracts.events import EVENT_TYPES, Event
from hub_contracts.topics import Topic, load_topics
from reference_pages.markdown import anchor, code, codes, first_sentence, table
from reference_pages.routes import DIRECTORY, handlers

TITLE = "Événements"
_PLAIN: dict[Any, str] = {
    str: "texte",
    int: "entier",
    bool: "booléen",
    UUID: "uuid",
    datetime: "date et heure",
}
INTRO = """Ce que les services se disent. Chaque événement est un CloudEvents 1.0 en mode binaire : la valeur Kafka est
le JSON ci-dessous, le reste est dans les en-têtes (`ce_id`, `ce_type`, `ce_source`, `ce_time`, `ce_partitionkey`,
`ce_sequence`, `ce_actversion`, `ce_lane`, `ce_flow`, `ce_causationid`, `ce_traceparent`, `ce_producerseq`). Les
schémas JSON sont dans [libs/contracts/schemas](../../libs/contracts/schemas). « scellé » : chiffré sous la clé de
transit du jour. `audit` enregistre tous les événements ; « traité par » dit qui d'autre agit. Les phrases sont celles
du code, en anglais.
"""


def body() -> str:
    """The page."""
    parts = [INTRO, "Par flux :\n"]
    parts += [f"- [{t.name}](#{anchor(t.name)}) : {codes(t.events)}" for t in load_topics()]
    parts.append("")
    shared = _shared()
    parts += [_stream(topic, shared) for topic in load_topics()]
    parts.append("## Dans plusieurs flux\n")
    parts += [_event(EVENT_TYPES[name], _places(name)) for name in sorted(shared)]
    parts.append("## Parties communes\n")
    parts += [_part(model) for model in _parts()]
    return "\n".join(parts)


def _shared() -> set[str]:
    """Events that several topics name."""
    counted = [name for topic in load_topics() for name in topic.events]
    return {name for name in counted if counted.count(name) > 1}


def _stream(topic: Topic, shared: set[str]) -> str:
    producers, consumers = codes(topic.producers), codes(topic.consumers)
    lines = [f"## {topic.name}\n", f"{topic.description} Écrit par {producers}, lu par {consumers}.\n"]
    others = sorted(set(topic.events) & shared)
    lines += [_event(EVENT_TYPES[name], [topic]) for name in topic.events if name not in shared]
    if others:
        lines.append(f"Et, décrits [plus bas](#{anchor('Dans plusieurs flux')}) : {codes(others)}.\n")
    return "\n".join(lines)


def _places(event_type: str) -> list[Topic]:
    return [topic for topic in load_topics() if event_type in topic.events]


def _event(model: type[Event], topics: list[Topic]) -> str:
    lines = [f"### {model.event_type}\n", " ".join((model.__doc__ or "").split()) + "\n", _acted_on(model, topics)]
    rows = [(code(name), kind(field), "oui" if field.is_required() else "") for name, field in _fields(model)]
    lines.append(table(("champ", "type", "obligatoire"), rows))
    return "\n".join(lines)


def _acted_on(model: type[Event], topics: list[Topic]) -> str:
    if topics[0].name == DIRECTORY:
        return "Traité par : la copie de l'annuaire de chaque service.\n"
    known = handlers()
    lines = []
    for topic in topics:
        acting = known.get((topic.name, model.event_type), [])
        where = f" dans {code(topic.name)}" if len(topics) > 1 else ""
        lines.append(f"- émis par {codes(topic.producers)}{where} ; traité par {', '.join(acting) or 'audit seul'}")
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel]) -> Iterable[tuple[str, FieldInfo]]:
    return model.model_fields.items()


def kind(field: FieldInfo) -> str:
    """What a field holds, in French."""
    extra = field.json_schema_extra
    if isinstance(extra, dict) and extra.get("x-pii") == "sealed":
        return "**scellé**"
    return _kind(field.annotation)


def _kind(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " ou ".join("nul" if a is type(None) else _kind(a) for a in arguments)
    if origin is tuple:
        return f"liste de {_kind(arguments[0])}"
    if origin is Literal:
        return " ou ".join(f"`{a}`" for a in arguments)
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__)
    if annotation is ErrorCode:
        return "[code d'erreur](erreurs.md)"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " ou ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{anchor(annotation.__name__)})"
    return _PLAIN.get(annotation, "date et heure" if "datetime" in str(annotation).lower() else str(annotation))


def _parts() -> list[type[BaseModel]]:
    """Models that fields hold, in name order."""
    found: dict[str, type[BaseModel]] = {}
    for event in EVENT_TYPES.values():
        for _, field in _fields(event):
            for model in _models_in(field.annotation):
                found[model.__name__] = model
    return [found[name] for name in sorted(found)]


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _part(model: type[BaseModel]) -> str:
    rows = [(code(name), kind(field), "oui" if field.is_required() else "") for name, field in _fields(model)]
    return f"### {model.__name__}\n\n{first_sentence(model.__doc__)}\n\n{table(('champ', 'type', 'obligatoire'), rows)}"
