"""Clocks that differ, acts in the future, dates at the ends of the calendar: told once or not at all, no crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from document_samples import FULL_NOTE, GP, N1_HEADER, PDF, TROD_HEADER, Sample, trod
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from note_samples import BY_NURSE, BY_PHARMACIST, HEADER, NOTE, NOW, PARIS_WINTER, START

from hub_interop.cda import Participant, UnstructuredBody, check_document

AHEAD = NOW + timedelta(minutes=4, seconds=59)
LATE = NOW + timedelta(minutes=5, seconds=1)
FILE = UnstructuredBody(PDF, "application/pdf")


def found(sample: Sample, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in check_document(*sample, now)]


def at(moment: datetime, sample: Sample) -> Sample:
    """The act that begins at that moment and has no end, documented then."""
    header, body = sample
    return replace(header, service_start=moment, service_stop=None, created_at=moment), body


def test_a_clock_that_is_a_little_ahead_refuses_nothing() -> None:
    known = Participant(GP, "INF", "PCP", AHEAD)
    assert found(at(AHEAD, (replace(N1_HEADER, participants=(known,)), FILE))) == []
    assert found(at(AHEAD, (TROD_HEADER, trod(sampled_at=AHEAD)))) == []


def test_a_clock_that_is_ahead_at_midnight_dates_the_vaccination_of_the_next_day() -> None:
    now = datetime(2026, 11, 24, 22, 58, tzinfo=UTC)  # 23:58 in Paris
    start = datetime(2026, 11, 25, 0, 1, tzinfo=PARIS_WINTER)
    reaction = replace(FULL_NOTE.reactions[0], date=start.date())
    body = replace(NOTE, date=start.date(), reactions=(reaction,))
    assert found(at(start, (HEADER, body)), now) == []
    assert found(at(start, (HEADER, body)), now - timedelta(minutes=5)) != []


@pytest.mark.parametrize(
    ("start", "stop", "created", "sampled", "refused"),
    [
        (0, 25, 30, 25, False),
        (0, 25, 30, 29, False),  # within the tolerance
        (0, 25, 30, 31, True),
        (0, None, 10, 14, False),
        (0, None, 10, 16, True),
        (10, None, 0, 10, False),  # the act begins after the document is dated: the clocks differ
        (10, None, 0, 14, False),
        (10, None, 0, 16, True),
    ],
)
def test_a_test_is_done_within_the_act(start: int, stop: int | None, created: int, sampled: int, refused: bool) -> None:
    def minute(count: int) -> datetime:
        return START + timedelta(minutes=count)

    header = replace(
        TROD_HEADER,
        service_start=minute(start),
        service_stop=None if stop is None else minute(stop),
        created_at=minute(created),
    )
    told = [("TROD_SAMPLED_AFTER_ACT", "/content/sampled_at")] if refused else []
    assert found((header, trod(sampled_at=minute(sampled)))) == told


@pytest.mark.parametrize(
    "sample",
    [(N1_HEADER, FILE), (TROD_HEADER, trod(sampled_at=LATE)), (HEADER, replace(NOTE, date=LATE.date()))],
    ids=["file", "rapid test", "note"],
)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=400)])
def test_an_act_in_the_future_is_one_problem(sample: Sample, later: timedelta) -> None:
    header, body = sample
    if body is not FILE:
        dated = {"sampled_at": LATE + later} if header is TROD_HEADER else {"date": (LATE + later).date()}
        body = replace(body, **dated)  # type: ignore[arg-type]
    assert found(at(LATE + later, (header, body))) == [("ACT_START_IN_FUTURE", "/occurred_at")]


_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_NEAR = (timedelta(0), timedelta(microseconds=1), timedelta(minutes=5), timedelta(hours=14), timedelta(days=1))
_ENDS = st.sampled_from([moment for step in _NEAR for moment in (_FIRST + step, _LAST - step)])
_ZONES = st.one_of(
    st.none(),
    st.sampled_from([UTC, ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Guadeloupe")]),
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
_MOMENTS = st.builds(
    lambda moment, zone: moment.replace(tzinfo=zone),
    st.one_of(_ENDS, st.datetimes(timezones=st.just(UTC)), st.just(START)),
    _ZONES,
)
_DAYS = st.one_of(st.sampled_from([date.min, date.max]), st.dates())
_BIRTHS = st.sampled_from(["0001-01-01", "9999-12-31", "1850-01-01", "2200-12-31", "2200-00-00", "1979-03-28", ""])


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(moments=st.lists(_MOMENTS, min_size=7, max_size=7), days=st.lists(_DAYS, min_size=3, max_size=3), birth=_BIRTHS)
def test_no_date_makes_the_rules_fail(moments: list[datetime], days: list[date], birth: str) -> None:
    start, stop, created, sampled, since, first, second = moments
    prescription = FULL_NOTE.prescription
    assert prescription is not None
    bodies = (
        (HEADER, replace(
            FULL_NOTE, date=days[0], reactions=(replace(FULL_NOTE.reactions[0], date=days[1]),),
            prescription=replace(prescription, date=days[2]),
        )),
        (TROD_HEADER, trod(sampled_at=sampled)),
        (N1_HEADER, FILE),
    )  # fmt: skip
    for base, body in bodies:
        for end in (None, stop):
            header = replace(
                base, service_start=start, service_stop=end, created_at=created,
                participants=(Participant(GP, "INF", "PCP", since),),
                authors=(replace(BY_PHARMACIST, time=first), replace(BY_NURSE, time=second)),
                patient=replace(base.patient, birth_date=birth),
            )  # fmt: skip
            check_document(header, body, NOW)


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("hours", [-14, 0, 14])
def test_the_ends_of_the_calendar_are_refused(year: int, hours: int) -> None:
    moment = (_FIRST if year == 1 else _LAST).replace(tzinfo=timezone(timedelta(hours=hours)))
    code = "ACT_START_BEFORE_BIRTH" if year == 1 else "ACT_START_IN_FUTURE"
    for sample in (
        (N1_HEADER, FILE),
        (TROD_HEADER, trod(sampled_at=moment)),
        (HEADER, replace(NOTE, date=moment.date())),
    ):
        assert (code, "/occurred_at") in found(at(moment, sample))
