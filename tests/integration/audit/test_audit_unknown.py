"""Design rules 16 and 20: an event of a type audit doesn't know yet is a fact, and no gap."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from hub_audit.handlers import completeness
from hub_kit.clock import ManualClock
from hub_kit.security.subject_keys import SubjectKeys

from .test_audit_store import NOW, confirmed, keys, pool, record, taken  # noqa: F401 - fixtures


async def test_an_event_of_the_future_is_recorded_and_counted(pool: Any, keys: SubjectKeys) -> None:  # noqa: F811
    future = taken(confirmed(), number=2)
    future = dataclasses.replace(future, envelope=dataclasses.replace(future.envelope, type="of.the.future.v9"))
    await record(pool, keys, [taken(confirmed(), number=1), future, taken(confirmed(), number=3)])
    row = await pool.fetchrow("select action, outcome, code from audit_record where code is not null")
    assert tuple(row) == ("event.read", "unreadable", "EVENT_TYPE_UNKNOWN")
    assert await completeness(pool, ManualClock(NOW + timedelta(hours=1))) is None
    assert await pool.fetchval("select count(*) from source_ahead") == 0
