"""Exceptions as the log may show them: type, code and frames, never a foreign exception's message.

asyncpg's DETAIL, pydantic's input, a KeyError's key: messages of other people's exceptions carry data. Ours carry none
by rule, so only exceptions defined in a `hub_` package keep their message.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

import asyncpg
from pydantic import ValidationError

from hub_kit.telemetry.redaction import scrub_text

MAX_FRAMES = 25
MAX_CHAIN = 4


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """A JSON-ready description: type, code, message (own exceptions only), frames, cause, members of a group."""
    shown: dict[str, Any] = {"type": type_name(error)}
    code = getattr(error, "code", None)
    if is_own(error):
        shown["message"] = scrub_text(str(error))
        if isinstance(code, str):
            shown["code"] = str(code)
    else:
        shown.update(_safe_facts(error))
    shown["frames"] = frames(error.__traceback__)
    if depth < MAX_CHAIN:
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            shown["cause"] = describe(cause, depth + 1)
        if isinstance(error, BaseExceptionGroup):
            shown["members"] = [describe(member, depth + 1) for member in error.exceptions[:5]]
    return shown


def type_name(error: BaseException) -> str:
    """`module.Class`, without `builtins`."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def is_own(error: BaseException) -> bool:
    """True for exceptions defined in the hub's own packages."""
    return type(error).__module__.startswith("hub_")


def frames(trace: TracebackType | None) -> list[str]:
    """`file:line:function`, innermost last, the last 25; paths shortened to their package."""
    found = []
    for frame, line in traceback.walk_tb(trace):
        found.append(f"{_short(frame.f_code.co_filename)}:{line}:{frame.f_code.co_name}")
    return found[-MAX_FRAMES:]


def _short(path: str) -> str:
    for mark in ("/site-packages/", "/src/", "/lib/python"):
        if mark in path:
            return path.rsplit(mark, 1)[1]
    return "/".join(path.split("/")[-2:])


def _safe_facts(error: BaseException) -> dict[str, Any]:
    """Facts of well-known foreign exceptions that are names of ours or fixed words, never data."""
    if isinstance(error, asyncpg.PostgresError):
        names = ("sqlstate", "schema_name", "table_name", "column_name", "constraint_name")
        return {name: value for name in names if isinstance(value := getattr(error, name, None), str)}
    if isinstance(error, ValidationError):
        kinds = sorted({item["type"] for item in error.errors(include_url=False, include_input=False)})
        return {"model": error.title, "kinds": kinds, "count": error.error_count()}
    if isinstance(error, OSError):
        facts: dict[str, Any] = {"errno": error.errno}
        for name in ("reason", "verify_message"):  # ssl.SSLError: OpenSSL's own words
            if isinstance(value := getattr(error, name, None), str):
                facts[name] = scrub_text(value)
        return facts
    return {}
