"""Rule 2: what an LGO sees is a function of what happened, not of the order in which it was heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked, ActEvent, ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised, DecisionVersions
from hub_contracts.events.document import ContentRef, DocumentBuilt
from hub_contracts.events.identity import ActAwaitingIdentity, ActIdentified
from hub_contracts.events.publication import PublicationConfirmed, PublicationPostponed, PublicationTransmitted
from hub_contracts.states import ActState, Stage
from hub_gateway.domain.progress import Position, Standing, step

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ACT: dict[str, Any] = {"act_id": UUID(int=1), "version": 1, "structure_id": UUID(int=2)}
BODY: dict[str, Any] = {
    **ACT, "patient_id": UUID(int=3), "act_type": "vaccination", "author_id": "8", "occurred_at": NOW,
    "expires_at": NOW,
}  # fmt: skip
SENT: dict[str, Any] = {**ACT, "patient_id": UUID(int=3), "document_unique_id": "2.25.1"}
CONTENT = ContentRef(id=UUID(int=6), sha256="0" * 64, sha1="0" * 40, size=1, media_type="text/xml")

BY_STAGE: dict[Stage, list[ActEvent]] = {
    Stage.IDENTITY: [
        ActAwaitingIdentity(**ACT, code=ErrorCode.INS_MISSING, expires_at=NOW),
        ActIdentified(**BODY, sealed_act="-", sealed_identity="-"),
    ],
    Stage.CONSENT: [
        AlimentationAuthorised(
            **BODY,
            sealed_act="-",
            sealed_identity="-",
            decision_id=UUID(int=4),
            valid_until=NOW,
            versions=DecisionVersions(alimentation_matrix="1", oppositions_revision=0),
        )
    ],
    Stage.DOCUMENT: [
        DocumentBuilt(
            **BODY,
            document_unique_id="2.25.1",
            document_type="87273-9",
            content=CONTENT,
            rules_checked=(),
            valid_until=NOW,
            sealed_entry="-",
        )
    ],
    Stage.PUBLICATION: [
        PublicationPostponed(**SENT, code=ErrorCode.DMP_UNREACHABLE, next_try_at=NOW),
        PublicationTransmitted(**SENT, code=ErrorCode.DMP_TIMEOUT, ask_at=NOW),
        PublicationConfirmed(**SENT, submission_set_unique_id="2.25.2", confirmed_at=NOW),
    ],
}
ENDS = {
    Stage.IDENTITY: ErrorCode.IDENTITY_WAIT_EXPIRED,
    Stage.CONSENT: ErrorCode.AUTHOR_MAY_NOT_FEED,
    Stage.DOCUMENT: ErrorCode.DOCUMENT_INVALID,
    Stage.PUBLICATION: ErrorCode.DMP_ABSENT,
}
START = Standing(ActState.RECUE, None, NOW, Position(1, False, 0, 0))


@dataclass(frozen=True)
class Told:
    """An event with its number and its moment, which do not depend on when it is heard."""

    event: ActEvent
    sequence: int
    at: datetime


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """What may become of an act, in the order of the facts: blocked and replayed, ended, anywhere or not yet."""
    told: list[Told] = []
    last = draw(st.sampled_from(list(BY_STAGE)))
    ended = draw(st.booleans())
    for stage, events in BY_STAGE.items():
        sequence = 0
        road = draw(st.lists(st.sampled_from(events[:-1]), max_size=3)) if len(events) > 1 else []
        for event in [*road, events[-1]]:
            blocked = ActBlocked(**ACT, stage=stage, code=ErrorCode.HANDLER_FAILED)
            for one in [blocked, event] if draw(st.integers(0, 5)) == 0 else [event]:
                sequence += 1
                told.append(Told(one, sequence, NOW + timedelta(seconds=len(told) + 1)))
        if stage is last:
            if ended and not isinstance(events[-1], PublicationConfirmed):
                refused = ActRefused(**ACT, stage=stage, code=ENDS[stage])
                told.append(Told(refused, sequence + 1, NOW + timedelta(seconds=len(told) + 1)))
            return told[: draw(st.integers(1, len(told)))]
    raise AssertionError("the last stage is one of the road")


def walk(told: list[Told]) -> tuple[ActState, str | None]:
    standing = START
    for one in told:
        taken = step(one.event, one.sequence, one.at, standing)
        if taken.applied:
            standing = Standing(taken.news.state, taken.news.code, one.at, taken.position)
    return standing.state, standing.code


@given(stories(), st.data())
def test_any_order_of_hearing_gives_the_state_of_the_facts(told: list[Told], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=5))))
    assert walk(shuffled) == walk(told)


@given(stories(), st.data())
def test_the_state_follows_the_newest_fact(told: list[Told], data: st.DataObject) -> None:
    heard = data.draw(st.permutations(told))
    newest = max(told, key=lambda t: t.at)
    state, _ = walk(heard)
    assert (state is ActState.BLOQUEE) == isinstance(newest.event, ActBlocked)
    assert state.final == isinstance(newest.event, ActRefused | PublicationConfirmed)
