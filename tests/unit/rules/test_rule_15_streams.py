"""Rule 15: a service writes only the streams whose topic file names it, and hears only those it is a consumer of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub_contracts.events import ActBlocked
from hub_contracts.events.operations import DeadItemsReplayed
from hub_contracts.topics import load_topics
from hub_kit.assembly import _declared
from hub_kit.service import UndeclaredStream

sys.path.insert(0, str(Path(__file__).parent))

from service_tables import ServiceTable, all_services

SERVICES = all_services()
TOPICS = {topic.name: topic for topic in load_topics()}
FROM_THE_KIT = {ActBlocked.event_type, DeadItemsReplayed.event_type}


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_what_a_service_hears_is_declared(service: ServiceTable) -> None:
    wrong = [
        (route.stream, route.model.event_type)
        for route in service.routes
        if service.name not in TOPICS[route.stream].consumers
        or route.model.event_type not in TOPICS[route.stream].events
    ]
    assert wrong == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_what_a_service_says_is_declared(service: ServiceTable) -> None:
    may = {event for topic in TOPICS.values() if service.name in topic.producers for event in topic.events}
    assert service.makes <= may
    if service.routes:
        own = TOPICS[service.stream]
        assert service.name in own.producers
        assert set(own.events) >= FROM_THE_KIT


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda t: t.name)
def test_every_declared_event_is_made_by_a_producer_and_every_producer_makes_one(topic: object) -> None:
    producers = [s for s in SERVICES if s.name in topic.producers]  # type: ignore[attr-defined]
    events = set(topic.events)  # type: ignore[attr-defined]
    kit = FROM_THE_KIT if any(s.stream == topic.name for s in producers) else set()  # type: ignore[attr-defined]
    assert events - kit == {e for s in producers for e in s.makes} & (events - kit)
    assert all(s.makes & events for s in producers)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda t: t.name)
def test_every_consumer_of_a_stream_has_a_use_for_it(topic: object) -> None:
    heard = {s.name for s in SERVICES if any(r.stream == topic.name for r in s.routes)}  # type: ignore[attr-defined]
    everywhere = {"hub.directory": {s.name for s in SERVICES}}.get(topic.name, set())  # type: ignore[attr-defined]
    assert set(topic.consumers) == heard | everywhere | {"audit"}  # type: ignore[attr-defined]


def test_a_service_that_listens_elsewhere_does_not_start() -> None:
    _declared("identity", {"hub.act", "hub.directory"})
    with pytest.raises(UndeclaredStream, match=r"identity is no consumer of hub\.consent"):
        _declared("identity", {"hub.act", "hub.consent"})
