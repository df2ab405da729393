"""Contracts: schemas as published, golden examples, topics as data, the error catalogue."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest

from hub_contracts.compatibility import breaking_changes
from hub_contracts.envelope import Envelope, EnvelopeUnreadable
from hub_contracts.errors import ErrorCode
from hub_contracts.events import EVENT_TYPES
from hub_contracts.schemas import event_schemas, render
from hub_contracts.states import ActState, Stage
from hub_contracts.topics import load_topics

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "libs/contracts/schemas"
EXAMPLES = ROOT / "libs/contracts/src/hub_contracts/examples"
SERVICES = {"gateway", "identity", "consent-registry", "document-builder", "dmp-publisher", "audit"}


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_a_published_schema_is_not_broken(name: str) -> None:
    published = json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))
    new = event_schemas()[name]
    assert breaking_changes(published, new) == []
    assert render(new) == render(published), "a compatible change: publish it with `make schemas`"


def test_every_published_schema_has_its_event() -> None:
    assert {p.stem for p in PUBLISHED.glob("*.json")} == set(EVENT_TYPES)


def test_the_gate_sees_what_breaks() -> None:
    published = event_schemas()["publication.confirmed.v1"]

    def changed(edit: str) -> list[str]:
        new = copy.deepcopy(published)
        match edit:
            case "removed":
                del new["properties"]["confirmed_at"]
            case "required":
                new["properties"]["more"] = {"type": "string"}
                new["required"].append("more")
            case "type":
                new["properties"]["document_unique_id"] = {"type": "integer"}
            case "enum":
                new["$defs"]["Flow"]["enum"] = ["live"]
            case "narrowed":
                new["properties"]["document_unique_id"]["maxLength"] = 3
            case "optional":
                new["properties"]["more"] = {"type": "string", "default": ""}
        return breaking_changes(published, new)

    for edit in ("removed", "required", "type", "enum", "narrowed"):
        assert changed(edit), edit
    assert changed("optional") == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.json")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_golden_examples_are_read_and_fit_their_schema(path: Path) -> None:
    name = path.parent.name
    event = EVENT_TYPES[name].parse(path.read_bytes())
    jsonschema.validate(json.loads(path.read_text("utf-8")), event_schemas()[name])
    assert EVENT_TYPES[name].parse(event.model_dump_json().encode()) == event


def test_every_event_has_a_golden_example_and_none_was_edited() -> None:
    known = dict(line.split()[::-1] for line in (EXAMPLES / "SHA256SUMS").read_text().splitlines())
    found = {str(p.relative_to(EXAMPLES)): hashlib.sha256(p.read_bytes()).hexdigest() for p in EXAMPLES.rglob("*.json")}
    assert found == known
    assert {name.split("/")[0] for name in found} == set(EVENT_TYPES)


def test_a_consumer_ignores_what_a_newer_producer_adds() -> None:
    path = EXAMPLES / "act.refused.v1" / "1.json"
    data = json.loads(path.read_text("utf-8")) | {"of_the_future": {"a": 1}}
    assert EVENT_TYPES["act.refused.v1"].parse(json.dumps(data).encode())


def test_topics_name_services_and_events_that_exist() -> None:
    named: set[str] = set()
    for topic in load_topics():
        assert set(topic.producers) | set(topic.consumers) | {topic.owner} <= SERVICES, topic.name
        assert topic.owner in topic.producers
        assert "audit" in topic.consumers, "audit listens to every topic"
        assert set(topic.events) <= set(EVENT_TYPES), topic.name
        assert (topic.retention_ms is None) == (topic.cleanup_policy == "compact")
        named |= set(topic.events)
    assert named == set(EVENT_TYPES)


def test_only_declared_streams_carry_sealed_parts() -> None:
    sealed = {n for n, m in EVENT_TYPES.items() if any(f.startswith("sealed_") for f in m.model_fields)}
    for topic in load_topics():
        assert (topic.personal_data == "sealed") == bool(sealed & set(topic.events)), topic.name


def test_no_event_has_a_field_for_a_trait_in_clear() -> None:
    forbidden = re.compile(r"birth|matricule|(^|_)ins($|_)|sex$|lot_number|local_id|address|phone")
    allowed = {"structure.published.v1": {"address", "phone"}}
    for name, model in EVENT_TYPES.items():
        bad = {f for f in model.model_fields if forbidden.search(f)} - allowed.get(name, set())
        assert not bad, name


def test_the_error_catalogue_is_complete_and_in_french() -> None:
    for code in ErrorCode:
        assert code.info.text.endswith("."), code
        assert re.search(r"[a-zéèàê] ", code.text), code
        assert 400 <= code.info.http_status < 600, code


def test_states_say_that_the_act_is_not_in_the_dmp_until_confirmed() -> None:
    for state in ActState:
        says_not = re.search(r"pas (encore )?dans le DMP|attendue", state.label)
        assert bool(says_not) != (state is ActState.CONFIRMEE), state
    assert [s.rank for s in Stage] == [0, 1, 2, 3, 4]


def test_an_envelope_survives_the_headers() -> None:
    path = EXAMPLES / "act.blocked.v1" / "1.json"
    event = EVENT_TYPES["act.blocked.v1"].parse(path.read_bytes())
    from datetime import UTC, datetime

    envelope = Envelope(
        id=UUID(int=1), type=event.event_type, source="identity", time=datetime(2026, 11, 24, tzinfo=UTC),
        key=event.key, data=path.read_bytes(), sequence=4, act_version=1, lane=event.lane, flow="backlog",
        causation_id=UUID(int=2),
        traceparent="00-a-b-01", producer_seq=77,
    )  # fmt: skip
    assert Envelope.read(envelope.headers(), envelope.data) == envelope


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_time", "ce_partitionkey"])
def test_an_envelope_without_a_required_header_is_unreadable(name: str) -> None:
    from datetime import UTC, datetime

    good = Envelope(UUID(int=1), "t", "s", datetime(2026, 11, 24, tzinfo=UTC), "k", b"{}")
    with pytest.raises(EnvelopeUnreadable) as caught:
        Envelope.read([h for h in good.headers() if h[0] != name], b"{}")
    assert name in str(caught.value)
