"""JSON Schemas of the events, generated from the models: `python -m hub_contracts.schemas FOLDER` writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hub_contracts.events import EVENT_TYPES


def event_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each event type, as a consumer may rely on it."""
    return {
        name: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:hub-dmp:event:{name}",
            **model.model_json_schema(mode="serialization"),
        }
        for name, model in sorted(EVENT_TYPES.items())
    }


def render(schema: dict[str, Any]) -> str:
    """The text of a schema file."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write(folder: Path) -> None:
    """Write one file per event type."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in event_schemas().items():
        (folder / f"{name}.json").write_text(render(schema), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
