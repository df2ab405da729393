"""Topics as data: one reviewed YAML file per topic creates the topic, its ACLs and its page in the docs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import yaml

PersonalData = Literal["none", "pseudonym", "sealed"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as its file declares it (design rules 2 and 15)."""

    name: str
    description: str
    owner: str
    key: str
    partitions: int
    cleanup_policy: Literal["delete", "compact"]
    retention_ms: int | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    personal_data: PersonalData
    events: tuple[str, ...]


def _topic(raw: dict[str, Any]) -> Topic:
    days = raw.get("retention_days")
    return Topic(
        name=raw["name"],
        description=raw["description"],
        owner=raw["owner"],
        key=raw["key"],
        partitions=int(raw["partitions"]),
        cleanup_policy=raw["cleanup_policy"],
        retention_ms=None if days is None else int(days) * 86_400_000,
        producers=tuple(raw["producers"]),
        consumers=tuple(raw["consumers"]),
        personal_data=raw["personal_data"],
        events=tuple(raw["events"]),
    )


def load_topics() -> list[Topic]:
    """Every topic of the hub, in name order.

    Raises KeyError when a file lacks a field: a topic file is code and is tested as such.
    """
    folder = resources.files("hub_contracts") / "topics"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return [_topic(yaml.safe_load(f.read_text(encoding="utf-8"))) for f in files]
