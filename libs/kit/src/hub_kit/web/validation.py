"""Validation errors as the sender may read them: JSON pointers and French sentences, never the value sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from hub_contracts.errors import ErrorCode
from hub_contracts.events.base import Problem

MAX_PROBLEMS = 100
_FALLBACK = "La valeur n'est pas acceptée."


def _load_texts() -> dict[str, str]:
    lines = (resources.files("hub_kit.web") / "validation_fr.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {kind.strip(): text.strip() for kind, text in pairs}


_TEXTS = _load_texts()


class CodedValueError(ValueError):
    """For validators of request models: the field breaks a rule that has a code of its own."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


def problems_of(errors: Iterable[Mapping[str, Any]], body: Any) -> list[Problem]:
    """pydantic's errors as problems, at most 100; `body` is the parsed request, against which pointers are made."""
    return [_problem(error, body) for error, _ in zip(errors, range(MAX_PROBLEMS), strict=False)]


def _problem(error: Mapping[str, Any], body: Any) -> Problem:
    loc: Sequence[str | int] = error["loc"]
    code, text = _code_and_text(error)
    where = loc[0] if loc else "body"
    if where == "body":
        return Problem(code=code, pointer=json_pointer(loc[1:], body), text=text)
    kind = {"query": "Paramètre", "path": "Élément d'adresse", "header": "En-tête", "cookie": "Cookie"}
    name = loc[1] if len(loc) > 1 else ""
    return Problem(code=code, pointer="", text=f"{kind.get(str(where), 'Champ')} « {name} » : {text}")


def _code_and_text(error: Mapping[str, Any]) -> tuple[str, str]:
    context: Mapping[str, Any] = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, CodedValueError):
        return cause.code.value, cause.code.text
    template = _TEXTS.get(error["type"], _FALLBACK)
    limits = {name: value for name, value in context.items() if name != "error"}
    try:
        return ErrorCode.REQUEST_INVALID.value, template.format_map(limits)
    except (KeyError, IndexError, ValueError):
        return ErrorCode.REQUEST_INVALID.value, _FALLBACK


def json_pointer(loc: Sequence[str | int], body: Any) -> str:
    """RFC 6901 pointer of a pydantic location.

    Steps that pydantic adds and that are not in the body (tags of unions, names of validators) are left out, except the
    last one, which names a missing field.
    """
    steps: list[str] = []
    node = body
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(node, dict) and isinstance(step, str) and (step in node or last):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
            node = node[step]
        else:
            continue
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in steps)
