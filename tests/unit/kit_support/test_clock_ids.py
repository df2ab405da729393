"""Time and identifiers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from hub_kit import ids
from hub_kit.clock import ManualClock, SystemClock, measure_skew, skew_problem
from hub_kit.ids import oid_from_uuid, uuid7, uuid7_time

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Database:
    """Answers clock_timestamp() with what it is told."""

    def __init__(self, clock: ManualClock, ahead: float, trip: float) -> None:
        self.clock, self.ahead, self.trip = clock, ahead, trip

    async def fetchval(self, _query: str) -> datetime:
        self.clock.advance(self.trip / 2)
        answer = self.clock.now() + timedelta(seconds=self.ahead)
        self.clock.advance(self.trip / 2)
        return answer


async def test_sleepers_wake_in_order_and_only_when_due() -> None:
    clock = ManualClock(START)
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [asyncio.create_task(sleeper("late", 10)), asyncio.create_task(sleeper("early", 5))]
    await asyncio.sleep(0)
    clock.advance(4.9)
    await asyncio.sleep(0)
    assert woken == []
    assert clock.sleeping == 2
    clock.advance(20)
    await asyncio.gather(*tasks)
    assert woken == ["early", "late"]
    assert clock.now() == START + timedelta(seconds=24.9)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(START)
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    clock.advance(10)
    assert clock.sleeping == 0


def test_a_manual_clock_wants_aware_times_and_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001
    clock = ManualClock(START)
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1)
    clock.set_now(START - timedelta(minutes=10))
    assert clock.now() == START - timedelta(minutes=10)
    assert clock.monotonic() == 0


def test_the_system_clock_is_aware_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(("ahead", "red"), [(0.0, False), (1.9, False), (2.1, True), (-2.1, True), (-600.0, True)])
async def test_skew_is_measured_without_the_round_trip_and_red_above_two_seconds(ahead: float, red: bool) -> None:
    clock = ManualClock(START)
    skew = await measure_skew(cast(Any, Database(clock, ahead, trip=3.0)), clock)
    assert skew == pytest.approx(ahead)
    assert (skew_problem(skew) is not None) is red


def test_uuid7_form_and_time() -> None:
    value = uuid7(START)
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert uuid7_time(value) == START
    with pytest.raises(ValueError, match="UUIDv7"):
        uuid7_time(UUID(int=0))


def test_uuid7_grows_within_a_millisecond_and_when_the_clock_steps_back_a_little() -> None:
    clock = ManualClock(START + timedelta(days=1))
    made = [uuid7(clock) for _ in range(5000)]
    clock.set_now(clock.now() - timedelta(seconds=5))
    made += [uuid7(clock) for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_uuid7_follows_a_large_correction() -> None:
    uuid7(START + timedelta(days=400))
    assert uuid7_time(uuid7(START)) == START


def test_uuid7_spills_into_the_next_millisecond_when_the_counter_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    at = START + timedelta(days=2)
    first = uuid7(at)
    monkeypatch.setattr(ids, "_last_counter", (1 << 42) - 1)
    second = uuid7(at)
    assert second > first
    assert uuid7_time(second) == at + timedelta(milliseconds=1)


def test_oid_of_a_uuid() -> None:
    assert oid_from_uuid(UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")) == "2.25.329800735698586629295641978511506172918"
