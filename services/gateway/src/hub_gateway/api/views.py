"""Rows of the store as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import Response

from hub_contracts.errors import ErrorClass, ErrorCode
from hub_contracts.periods import covers
from hub_contracts.states import ActState
from hub_gateway.store.acts import load_problems

Row = dict[str, Any]


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(dump(content), status_code=status, headers=headers, media_type="application/json")


def dump(content: Any) -> bytes:
    """JSON; moments in UTC, ended by Z."""
    return orjson.dumps(content, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> str:
    """asyncpg's own UUID class, which orjson doesn't know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def cause(state: ActState, code: str | None, problems: str | None = None, next_at: datetime | None = None) -> Row:
    """Why an act is in that state, who can fix it, whether the hub tries again by itself (design rule 19)."""
    known = ErrorCode(code) if code is not None and code in ErrorCode.__members__ else None
    transient = known is not None and known.info.error_class is ErrorClass.TRANSIENT
    return {
        "code": code,
        "text": known.text if known else None,
        "fixer": known.info.fixer.value if known else None,
        "retried": transient and not state.final and state is not ActState.BLOQUEE,
        "next_at": next_at,
        "problems": load_problems(problems),
    }


def step(row: Row) -> Row:
    """A step of the follow-up, from a history row."""
    state = ActState(row["state"])
    reason = cause(state, row["code"], row["problems"], row["next_at"])
    return {"state": state, "label": state.label, "at": row["at"], **reason}


def history_step(row: Row) -> Row:
    """A step of an act's history."""
    return {
        **step(row),
        "event": row["event_type"],
        "recorded_at": row["recorded_at"],
        "applied": row["applied"],
    }


def feed_event(row: Row) -> Row:
    """An entry of the feed."""
    return {
        **step(row),
        "seq": row["feed_seq"],
        "act_id": row["act_id"],
        "external_id": row["external_id"],
        "structure_id": row["structure_id"],
        "version": row["act_version"],
        "final": ActState(row["state"]).final,
    }


def summary(row: Row) -> Row:
    """An act of a list."""
    state = ActState(row["state"])
    reason = cause(state, row["code"])
    return {
        "act_id": row["act_id"],
        "external_id": row["external_id"],
        "structure_id": row["structure_id"],
        "type": row["act_type"],
        "flow": row["flow"],
        "author": row["author_id"],
        "occurred_at": row["occurred_at"],
        "received_at": row["received_at"],
        "version": row["act_version"],
        "state": state,
        "label": state.label,
        "final": state.final,
        "code": reason["code"],
        "text": reason["text"],
        "changed_at": row["changed_at"],
    }


def act(row: Row, history: list[Row]) -> Row:
    """An act with its history, and the identifier its structure wore on the day of the act."""
    return {
        **summary(row),
        "structure": _worn(row["identifiers"], row["occurred_at"]),
        "history": [history_step(entry) for entry in history],
    }


def declaration(row: Row) -> Row:
    """The follow-up of a declaration."""
    code = row["code"]
    known = ErrorCode(code) if code is not None and code in ErrorCode.__members__ else None
    return {
        "declaration_id": row["declaration_id"],
        "structure_id": row["structure_id"],
        "kind": row["kind"],
        "author": row["author_id"],
        "declared_at": row["declared_at"],
        "received_at": row["received_at"],
        "state": row["state"],
        "code": code,
        "text": known.text if known else None,
        "problems": load_problems(row["problems"]),
        "decided_at": row["decided_at"],
    }


def _worn(identifiers: str | None, moment: datetime) -> str | None:
    for item in orjson.loads(identifiers) if identifiers else ():
        since = datetime.fromisoformat(item["since"])
        until = datetime.fromisoformat(item["until"]) if item.get("until") else None
        if covers(since, until, moment):
            return str(item["value"])
    return None
