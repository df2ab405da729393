"""The state machine of a publication: every transition, and the law of rule 8 for any sequence of outcomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_contracts.errors import ErrorCode
from hub_dmp_publisher import domain
from hub_dmp_publisher.domain import (
    Aged,
    Doubt,
    Excluded,
    Held,
    Nothing,
    NotSent,
    Outcome,
    Publication,
    Refused,
    Status,
    Step,
    Unsure,
    Waits,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WAITS = Waits(call=timedelta(seconds=85), ask=timedelta(seconds=60))
LATER = NOW + timedelta(hours=24)
NEW = Publication(Status.SENDING, valid_until=LATER, expires_at=LATER + timedelta(days=3), claimed_at=NOW)
IN_DOUBT = replace(NEW, status=Status.IN_DOUBT, ask_not_before=NOW + timedelta(seconds=60), claimed_at=None)
CODE = ErrorCode.DMP_UNREACHABLE
FINAL = [s for s in Status if s.final]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Held(found=False), Status.CONFIRMED),
        (Held(found=True), Status.CONFIRMED),
        (Refused(ErrorCode.DMP_REFUSED_DOCUMENT), Status.REFUSED),
        (Refused(ErrorCode.SEND_DEADLINE_PASSED), Status.EXPIRED),
        (Excluded(ErrorCode.DMP_ABSENT), Status.EXCLUDED),
        (NotSent(CODE), Status.TO_SEND),
        (Doubt(CODE), Status.IN_DOUBT),
        (Unsure(CODE), Status.IN_DOUBT),
        (Aged(), Status.AWAITING_AUTHORISATION),
        (Nothing(), Status.SENDING),
    ],
)
def test_what_each_outcome_leads_to(outcome: Outcome, status: Status) -> None:
    after = domain.after(NEW, outcome, NOW, WAITS)
    assert after.status is status
    assert after.claimed_at is None


def test_a_doubt_waits_twice_the_calls_timeout_and_a_longer_wait_is_kept() -> None:
    assert domain.after(NEW, Doubt(CODE), NOW, WAITS).ask_not_before == NOW + WAITS.ask
    long = replace(IN_DOUBT, ask_not_before=NOW + timedelta(hours=1))
    assert domain.after(long, Unsure(CODE), NOW, WAITS).ask_not_before == NOW + timedelta(hours=1)
    assert domain.after(long, Doubt(CODE), NOW, WAITS).ask_not_before == NOW + timedelta(hours=1)


def test_a_sure_absence_ends_the_doubt() -> None:
    assert domain.after(IN_DOUBT, NotSent(CODE), NOW, WAITS).ask_not_before is None


@pytest.mark.parametrize("status", [*FINAL, Status.AWAITING_AUTHORISATION])
def test_a_claim_leaves_what_is_finished_or_waits_for_others(status: Status) -> None:
    publication = replace(NEW, status=status, claimed_at=None)
    assert domain.claim(publication, NOW, WAITS) == publication
    assert domain.next_step(publication, NOW) is Step.NOTHING


def test_a_claim_marks_the_call_that_may_begin() -> None:
    claimed = domain.claim(replace(NEW, status=Status.TO_SEND, claimed_at=None), NOW, WAITS)
    assert (claimed.status, claimed.claimed_at) == (Status.SENDING, NOW)
    assert domain.next_step(claimed, NOW) is Step.SEND


@pytest.mark.parametrize("status", [Status.SENDING, Status.IN_DOUBT])
def test_a_call_that_never_told_its_end_is_a_doubt_from_its_latest_possible_send(status: Status) -> None:
    old = NOW - timedelta(seconds=100)
    claimed = domain.claim(replace(NEW, status=status, claimed_at=old), NOW, WAITS)
    assert claimed.status is Status.IN_DOUBT
    assert claimed.ask_not_before == old + WAITS.call + WAITS.ask
    assert claimed.claimed_at == NOW


def test_the_steps_of_a_claimed_publication() -> None:
    assert domain.next_step(NEW, NOW) is Step.SEND
    assert domain.next_step(NEW, LATER) is Step.AUTHORISATION_AGED
    assert domain.next_step(NEW, NEW.expires_at) is Step.TOO_LATE
    assert domain.next_step(IN_DOUBT, NOW) is Step.WAIT
    assert domain.next_step(IN_DOUBT, NOW + timedelta(seconds=60)) is Step.ASK
    assert domain.next_step(IN_DOUBT, NEW.expires_at) is Step.ASK, "a doubt is cleared before any deadline"


def test_only_a_publication_that_waits_for_it_is_renewed() -> None:
    new_end = LATER + timedelta(hours=5)
    waiting = replace(NEW, status=Status.AWAITING_AUTHORISATION, claimed_at=None)
    assert domain.renew(waiting, new_end) == replace(waiting, status=Status.TO_SEND, valid_until=new_end)
    for status in Status:
        if status is not Status.AWAITING_AUTHORISATION:
            other = replace(NEW, status=status, ask_not_before=NOW)
            assert domain.renew(other, new_end) == other


EVENTS = st.lists(
    st.sampled_from(["answered", "not_sent", "lost", "lost_but_stored", "crash_before", "crash_after", "mute", "wait"]),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(EVENTS, st.integers(min_value=0, max_value=200))
def test_never_sent_again_after_a_doubt_without_asking(events: list[str], pause: int) -> None:
    """A world with one DMP: whatever it does, a send that may be in it is followed by a question before another."""
    now, publication = NOW, replace(NEW, status=Status.TO_SEND, claimed_at=None)
    stored, may_be_there = 0, False
    sent_at: datetime | None = None
    for event in [*events, *["answered"] * 4]:
        if publication.status.final or publication.status is Status.AWAITING_AUTHORISATION:
            break
        publication = domain.claim(publication, now, WAITS)
        step, outcome = domain.next_step(publication, now), None
        if step is Step.ASK:
            assert sent_at is None or now >= sent_at + WAITS.ask, "asked too early"
            if event == "mute":
                outcome = Unsure(CODE)
            elif stored:
                outcome = Held(found=True)
            else:
                may_be_there = False
                step = domain.next_step(domain.absent(publication), now)
        if outcome is None and step is Step.WAIT:
            outcome = Unsure(CODE, not_before=publication.ask_not_before)
        if outcome is None and step is Step.TOO_LATE:
            outcome = Refused(ErrorCode.SEND_DEADLINE_PASSED)
        if outcome is None and step is Step.AUTHORISATION_AGED:
            outcome = Aged()
        if outcome is None and step is Step.SEND:
            assert not may_be_there, "sent again without asking"
            if event in {"not_sent", "mute", "wait", "crash_before"}:
                outcome = NotSent(CODE)
            else:
                sent_at, may_be_there = now, True
                stored += event in {"answered", "lost_but_stored", "crash_after"}
                outcome = Held(found=False) if event == "answered" else Doubt(CODE)
        assert outcome is not None
        if not event.startswith("crash"):
            publication = domain.after(publication, outcome, now, WAITS)
        now += timedelta(seconds=pause)
        if event == "wait":
            now += timedelta(seconds=300)
    assert stored <= 1
    if publication.status is Status.CONFIRMED:
        assert stored == 1
    if publication.status is Status.EXPIRED:
        assert stored == 0
