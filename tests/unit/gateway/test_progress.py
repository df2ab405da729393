"""The state an LGO sees is a monotonic function of what was heard."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_contracts.acts import Intent
from hub_contracts.errors import ErrorCode
from hub_contracts.events import EVENT_TYPES, ActBlocked, ActEvent, ActRefused
from hub_contracts.events.act import ActReceived
from hub_contracts.events.alimentation import AlimentationAuthorised, DecisionVersions
from hub_contracts.events.identity import ActAwaitingIdentity, ActIdentified
from hub_contracts.events.publication import (
    AuthorisationExpired,
    PublicationConfirmed,
    PublicationPostponed,
    PublicationTransmitted,
)
from hub_contracts.states import ActState, Stage
from hub_gateway.consumers import table
from hub_gateway.domain.progress import Position, Standing, Step, news_of, step
from hub_gateway.handlers.follow_up import Declarations, FollowUp

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ACT: dict[str, Any] = {"act_id": UUID(int=1), "version": 1, "structure_id": UUID(int=2)}
BODY: dict[str, Any] = {
    **ACT, "patient_id": UUID(int=3), "act_type": "vaccination", "author_id": "8", "occurred_at": NOW,
    "expires_at": NOW, "sealed_act": "-", "sealed_identity": "-",
}  # fmt: skip
SENT: dict[str, Any] = {**ACT, "patient_id": UUID(int=3), "document_unique_id": "2.25.1"}
START = Standing(ActState.RECUE, None, NOW, Position(1, False, 0, 0))

AWAITING = ActAwaitingIdentity(**ACT, code=ErrorCode.INS_MISSING, expires_at=NOW)
IDENTIFIED = ActIdentified(**BODY)
AUTHORISED = AlimentationAuthorised(
    **BODY, decision_id=UUID(int=4), valid_until=NOW,
    versions=DecisionVersions(alimentation_matrix="1", oppositions_revision=0),
)  # fmt: skip
POSTPONED = PublicationPostponed(**SENT, code=ErrorCode.DMP_UNREACHABLE, next_try_at=NOW)
TRANSMITTED = PublicationTransmitted(**SENT, code=ErrorCode.DMP_TIMEOUT, ask_at=NOW)
CONFIRMED = PublicationConfirmed(**SENT, submission_set_unique_id="2.25.2", confirmed_at=NOW)
ROAD: list[tuple[ActEvent, int]] = [
    (AWAITING, 1), (IDENTIFIED, 2), (AUTHORISED, 1), (POSTPONED, 1), (TRANSMITTED, 2), (POSTPONED, 3), (CONFIRMED, 4)
]  # fmt: skip


def after(before: Standing, taken: Step, at: datetime) -> Standing:
    return Standing(taken.news.state, taken.news.code, at, taken.position) if taken.applied else before


def walk(events: list[tuple[ActEvent, int]]) -> Standing:
    standing = START
    for number, (event, sequence) in enumerate(events):
        at = NOW + timedelta(seconds=number)
        standing = after(standing, step(event, sequence, at, standing), at)
    return standing


def test_in_order_each_event_moves_the_act() -> None:
    states = [walk(ROAD[:n]).state for n in range(len(ROAD) + 1)]
    assert states == [
        ActState.RECUE, ActState.EN_ATTENTE_IDENTITE, ActState.EN_FILE, ActState.EN_FILE, ActState.EN_FILE,
        ActState.TRANSMISE, ActState.EN_FILE, ActState.CONFIRMEE,
    ]  # fmt: skip


@given(st.permutations(ROAD * 2))
def test_in_any_order_and_repeated_the_act_ends_the_same(events: list[tuple[ActEvent, int]]) -> None:
    assert walk(events).state is ActState.CONFIRMEE


@given(st.lists(st.sampled_from(ROAD)))
def test_the_position_never_goes_back(events: list[tuple[ActEvent, int]]) -> None:
    positions = [walk(events[:n]).position for n in range(len(events) + 1)]
    assert all(a <= b for a, b in itertools.pairwise(positions))


def test_an_end_wins_over_all_that_came_later_on_the_road() -> None:
    refused = ActRefused(**ACT, stage=Stage.IDENTITY, code=ErrorCode.IDENTITY_WAIT_EXPIRED)
    assert walk([(POSTPONED, 9), (refused, 3)]).state is ActState.EXPIREE
    assert walk([(refused, 3), (POSTPONED, 9)]).state is ActState.EXPIREE
    assert walk([(refused, 3), (CONFIRMED, 9)]).state is ActState.CONFIRMEE


def test_a_repeat_of_the_state_is_not_told_again_but_a_new_reason_is() -> None:
    queued = after(START, step(IDENTIFIED, 1, NOW, START), NOW)
    same = step(AUTHORISED, 1, NOW, queued)
    assert (same.applied, same.told) == (True, False)
    assert step(POSTPONED, 1, NOW, after(queued, same, NOW)).told


@pytest.mark.parametrize("later", [POSTPONED, TRANSMITTED, CONFIRMED])
def test_whatever_comes_of_a_replay_moves_a_blocked_act(later: ActEvent) -> None:
    blocked = ActBlocked(**ACT, stage=Stage.PUBLICATION, code=ErrorCode.HANDLER_FAILED)
    standing = walk([(AUTHORISED, 1), (blocked, 1)])
    assert standing.state is ActState.BLOQUEE
    assert step(later, 2, NOW, standing).applied


def test_our_own_dead_item_blocks_an_act_that_has_not_ended_and_keeps_its_position() -> None:
    blocked = ActBlocked(**ACT, stage=Stage.RECEIVED, code=ErrorCode.HANDLER_FAILED)
    standing = walk([(POSTPONED, 3)])
    taken = step(blocked, 0, NOW + timedelta(hours=1), standing)
    assert (taken.applied, taken.told, taken.position) == (True, True, standing.position)
    assert not step(blocked, 0, NOW + timedelta(hours=1), walk([(CONFIRMED, 1)])).applied


def test_an_event_that_says_nothing_of_a_state_is_a_mistake_of_ours() -> None:
    received = ActReceived(
        **ACT, intent=Intent.CREATE, act_type="vaccination", account_id=UUID(int=5), author_id="8", occurred_at=NOW,
        received_at=NOW, wait_until=NOW, sealed_act="-",
    )  # fmt: skip
    with pytest.raises(TypeError):
        news_of(received)


def test_the_table_hears_every_event_that_can_change_an_act() -> None:
    routes = table(FollowUp(None), Declarations())  # type: ignore[arg-type]
    heard = {r.model for r in routes}
    about_acts = {m for m in EVENT_TYPES.values() if issubclass(m, ActEvent)}
    assert about_acts - heard == {ActReceived, AuthorisationExpired}
    streams = {m: {r.stream for r in routes if r.model is m} for m in (ActRefused, ActBlocked)}
    road = {"hub.identity", "hub.alimentation", "hub.document", "hub.publication"}
    assert streams == {ActRefused: road, ActBlocked: road}
