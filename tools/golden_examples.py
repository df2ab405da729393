"""Writes a golden example for each event type that has none. They are never edited: consumers rely on them."""

from __future__ import annotations

import json
import types
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid5

from pydantic import BaseModel

from hub_contracts.events import EVENT_TYPES

FOLDER = Path(__file__).parents[1] / "libs/contracts/src/hub_contracts/examples"
_SPACE = UUID("0192d3a8-0000-7000-8000-000000000000")
_TEXTS = {
    "author_id": "801234567897",
    "professional_id": "801234567897",
    "document_unique_id": "2.25.275412345678901234567890123456789012345",
    "submission_set_unique_id": "2.25.275412345678901234567890123456789012346",
    "document_type": "87273-9",
    "act_type": "vaccination",
    "media_type": "text/xml",
    "sector": "SA33",
    "practice_setting": "AMBULATOIRE",
    "profession": "21",
    "client_id": "lgo-exemple",
    "alimentation_matrix": "2026-01",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sha1": "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    "name": "PHARMACIE D'EXEMPLE",
    "family_name": "EXEMPLE",
    "given_name": "Camille",
    "value": "1330000001",
    "pointer": "/content/vaccine/lot_number",
    "code": "VAC_LOT_NUMBER_MISSING",
    "text": "Le numéro de lot du vaccin manque.",
    "who": "exploitant@exemple",
    "why": "certificat renouvelé",
}


def example(annotation: Any, name: str) -> Any:
    """A plausible value of that type."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return example(get_args(annotation)[0], name)
    if origin is tuple:
        return [example(get_args(annotation)[0], name)]
    if origin is Literal:
        return get_args(annotation)[0]
    if isinstance(annotation, type):
        return _of_class(annotation, name)
    return example(get_args(annotation)[0], name)


def _of_class(annotation: type[Any], name: str) -> Any:
    if issubclass(annotation, BaseModel):
        return {n: example(f.annotation, n) for n, f in annotation.model_fields.items()}
    if issubclass(annotation, Enum):
        return next(iter(annotation)).value
    if annotation is UUID:
        return str(uuid5(_SPACE, name))
    if annotation is bool:
        return False
    if annotation is int:
        return 1
    if annotation is str:
        return "20261124.bm9uY2Vub25jZQ.c2NlbGzDqQ" if name.startswith("sealed_") else _TEXTS.get(name, name)
    return datetime(2026, 11, 24, 9, 30, tzinfo=UTC).isoformat()


def main() -> None:
    """Write what is missing."""
    for name, model in sorted(EVENT_TYPES.items()):
        path = FOLDER / name / "1.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(_of_class(model, name), ensure_ascii=False, indent=2)
            model.parse(text.encode())
            path.write_text(text + "\n", encoding="utf-8")
            print(path.relative_to(FOLDER))


if __name__ == "__main__":
    main()
