"""What never reaches a log: values under telling keys, and values that look like a person's or a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from importlib import resources
from pathlib import PurePath
from typing import Any
from uuid import UUID

HIDDEN = "[masqué]"
MAX_DEPTH = 6
MAX_TEXT = 2000

DENIED_KEYS = frozenset((resources.files("hub_kit.telemetry") / "denied_keys.txt").read_text(encoding="utf-8").split())

_SECRET = re.compile(
    r"-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)"  # PEM
    r"|\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*){0,3}"  # JWT, JWE
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password@ in an address
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
)
_LONG_NUMBER = re.compile(r"[1-8][\dAaBb .\u00a0\u202f]{12}")
_GAP = r"[ .\u00a0\u202f]?"
_NIR = re.compile(  # NIR, NIA: 13 or 15 digits, Corsica's 2A and 2B, written with or without gaps
    rf"(?<![0-9a-f])[1-8]{_GAP}\d\d{_GAP}\d\d{_GAP}(?:\d\d|2[AaBb]){_GAP}\d{{3}}{_GAP}\d{{3}}(?:{_GAP}\d\d)?(?![0-9a-f])"
)
_SHORTEST = 6
_LONGEST_PLAIN_KEY = 12  # shorter than any matricule
_SMALLEST_NIR = 10**12


def scrub_text(text: str) -> str:
    """`text` with everything that looks personal or secret replaced, cut at 2,000 characters."""
    if len(text) < _SHORTEST:
        return text
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    if "@" in text or "eyJ" in text or "-----BEGIN" in text:  # what each alternative of _SECRET holds
        text = _SECRET.sub(HIDDEN, text)
    if _LONG_NUMBER.search(text):
        text = _NIR.sub(HIDDEN, text)
    return text


def denied(key: str) -> bool:
    """True for a key whose value is never shown (case and dashes don't matter)."""
    return key in DENIED_KEYS or key.replace("-", "_").lower() in DENIED_KEYS


def scrub(value: Any, depth: int = 0) -> Any:
    """`value` made fit for JSON and for the log. Objects that are not plain data show only their type."""
    kind = type(value)
    if kind is str:
        return scrub_text(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return HIDDEN if value >= _SMALLEST_NIR and scrub_text(str(value)) == HIDDEN else value
    return _scrub_other(value, depth)


def _scrub_other(value: Any, depth: int) -> Any:
    if isinstance(value, UUID | datetime | date):
        return str(value)
    if isinstance(value, Enum):
        return scrub(value.value, depth)
    if isinstance(value, str):
        return scrub_text(str(value))
    if isinstance(value, int | float):
        return scrub(float(value) if isinstance(value, float) else int(value))
    if isinstance(value, PurePath):
        return scrub_text(str(value))
    if depth >= MAX_DEPTH:
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return scrub_mapping(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(item, depth + 1) for item in value]
    return f"<{type(value).__name__}>"


def scrub_mapping(values: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """A mapping with denied keys' values hidden, the others scrubbed; keys are scrubbed too."""
    shown: dict[str, Any] = {}
    for key, value in values.items():
        name = key if isinstance(key, str) else str(scrub(key, MAX_DEPTH))
        if len(name) > _LONGEST_PLAIN_KEY or not name.isidentifier():
            name = scrub_text(name)
        shown[name] = HIDDEN if denied(name) and value is not None else scrub(value, depth + 1)
    return shown
