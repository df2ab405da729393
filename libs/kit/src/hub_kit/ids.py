"""Identifiers the hub mints: UUIDv7 (RFC 9562 §5.7), monotonic within a process."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hub_kit.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_COUNTER_BITS = 42  # rand_a (12) and the top 30 bits of rand_b, used as one counter (RFC 9562 §6.2, method 2)
_TAIL_BITS = 32
_ABSORBED_MS = 10_000  # a clock that steps back by more was corrected on purpose: ids follow it
_lock = threading.Lock()
_last_ms = -1
_last_counter = 0


def _milliseconds(moment: Clock | datetime | int) -> int:
    if isinstance(moment, int):
        return moment
    at = moment if isinstance(moment, datetime) else moment.now()
    return (at - _EPOCH) // _MILLISECOND


def uuid7(moment: Clock | datetime | int) -> UUID:
    """A UUIDv7 of `moment` (a clock, an aware datetime or Unix milliseconds).

    Ids made in one process grow, also within one millisecond and when the clock steps back by up to 10 s (more is a
    correction that ids follow); 32 random bits and a random counter start keep them apart between processes.
    """
    global _last_ms, _last_counter
    wanted = _milliseconds(moment)
    with _lock:
        if wanted > _last_ms or wanted < _last_ms - _ABSORBED_MS:
            _last_ms, _last_counter = wanted, secrets.randbits(_COUNTER_BITS - 1)
        else:
            _last_counter += 1 + secrets.randbits(8)
            if _last_counter >> _COUNTER_BITS:
                _last_ms, _last_counter = _last_ms + 1, secrets.randbits(_COUNTER_BITS - 1)
        ms, counter = _last_ms, _last_counter
    value = (ms & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (counter >> 30) << 64
    value |= 0b10 << 62 | (counter & ((1 << 30) - 1)) << _TAIL_BITS | secrets.randbits(_TAIL_BITS)
    return UUID(int=value)


def uuid7_time(value: UUID) -> datetime:
    """The moment (UTC, to the millisecond) a UUIDv7 carries. Raises ValueError for another version."""
    if value.version != 7:
        raise ValueError("not a UUIDv7")
    return _EPOCH + timedelta(milliseconds=value.int >> 80)


def oid_from_uuid(value: UUID) -> str:
    """The OID of a UUID, `2.25.<integer>` (ITU-T X.667), as HL7 and XDS identifiers want it."""
    return f"2.25.{value.int}"
