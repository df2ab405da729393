"""Rule 19: refusals carry code, sentence, fixer and whether they are tried again; nothing dies silently anywhere."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorClass, ErrorCode, Fixer
from hub_contracts.events import EVENT_TYPES, ActBlocked, ActEvent
from hub_contracts.states import ActState
from hub_gateway.api import views
from hub_kit.messaging.failure import blocked_event

sys.path.insert(0, str(Path(__file__).parent))

from service_tables import ServiceTable, all_services

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "libs/contracts/src/hub_contracts/examples"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SERVICES = {s.name: s for s in all_services()}
HANDLES_ACTS = [s for s in SERVICES.values() if any(issubclass(r.model, ActEvent) for r in s.routes)]


def feed_row(code: ErrorCode, state: ActState) -> dict[str, Any]:
    return {
        "feed_seq": 1, "act_id": UUID(int=1), "external_id": "A", "structure_id": UUID(int=2), "act_version": 1,
        "at": NOW, "state": state.value, "code": code.value, "problems": None, "next_at": None,
    }  # fmt: skip


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_refusal_is_told_whole_in_the_feed(code: ErrorCode) -> None:
    shown = views.feed_event(feed_row(code, ActState.REFUSEE))
    assert shown["code"] == code.value
    assert len(shown["text"]) > 15
    assert shown["text"][-1] == "."
    assert shown["fixer"] in {fixer.value for fixer in Fixer}
    assert (shown["retried"], shown["final"]) == (False, True)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_only_what_the_hub_tries_again_by_itself_is_said_to_be_retried(code: ErrorCode) -> None:
    waiting = views.feed_event(feed_row(code, ActState.EN_FILE))
    assert waiting["retried"] is (code.info.error_class is ErrorClass.TRANSIENT)
    assert views.feed_event(feed_row(code, ActState.BLOQUEE))["retried"] is False


def test_the_five_services_of_the_road_are_looked_at() -> None:
    assert {s.name for s in HANDLES_ACTS} == set(SERVICES) - {"audit"}


@pytest.mark.parametrize("service", HANDLES_ACTS, ids=lambda s: s.name)
def test_a_dead_item_of_any_service_reaches_the_act(service: ServiceTable) -> None:
    """As `act.blocked` on the service's stream, which the gateway hears; it looks after its own (StuckWatch)."""
    blocked = {r.stream for r in SERVICES["gateway"].routes if r.model is ActBlocked}
    assert service.name == "gateway" or service.stream in blocked


@pytest.mark.parametrize(
    ("service", "event_type"),
    [(s, r.model.event_type) for s in HANDLES_ACTS for r in s.routes if issubclass(r.model, ActEvent)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_any_event_about_an_act_can_be_told_as_blocked_from_its_envelope_alone(
    service: ServiceTable, event_type: str
) -> None:
    files = list((EXAMPLES / event_type).glob("*.json"))
    assert files
    for file in files:
        event = EVENT_TYPES[event_type].parse(file.read_bytes())
        assert isinstance(event, ActEvent)
        envelope = Envelope(
            uuid4(), event_type, "test", NOW, event.key, b"unreadable", act_version=event.act_version, lane=event.lane
        )
        emit = blocked_event(envelope, service.stage, ErrorCode.HANDLER_FAILED)
        assert emit is not None
        told = ActBlocked.model_validate(json.loads(emit.event.model_dump_json()))
        assert (told.act_id, told.version, told.structure_id) == (event.act_id, event.version, event.structure_id)
        assert told.stage is service.stage
