"""Every fact has its place in the audit; canonical bytes read back, and only with the patient's key when sealed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_audit.canonical import CanonicalUnreadable, canonical, read
from hub_audit.domain import KINDS, fact_of
from hub_contracts.envelope import Envelope
from hub_contracts.events import EVENT_TYPES
from hub_kit.security.aead import Box, Undecipherable, new_key

NOW = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[3] / "libs/contracts/src/hub_contracts/examples"
SALT = bytes(range(16))


def test_every_event_type_has_its_kind() -> None:
    assert set(KINDS) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_a_fact_says_who_what_when_and_carries_no_sealed_part(name: str) -> None:
    data = (EXAMPLES / name / "1.json").read_bytes()
    event = EVENT_TYPES[name].parse(data)
    fact = fact_of(Envelope(UUID(int=7), name, "source", NOW, event.key, data, producer_seq=5), event)
    assert (fact.event_id, fact.occurred_at, fact.source) == (UUID(int=7), NOW, "source")
    assert fact.class_ in {"access", "technical", "admin"}
    kind = KINDS[name]
    assert (fact.actor_id is not None) == (kind.actor is not None)
    if "act_id" in type(event).model_fields:
        assert fact.act_id is not None
    text = json.dumps(fact.body)
    assert "sealed" not in text
    assert fact.body["producer_seq"] == 5


def test_the_same_body_gives_the_same_bytes_whatever_the_order_of_its_keys() -> None:
    one = canonical(UUID(int=1), NOW, {"a": 1, "b": {"c": "é", "d": None}}, SALT, None)
    other = canonical(UUID(int=1), NOW, {"b": {"d": None, "c": "é"}, "a": 1}, SALT, None)
    assert one == other


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=20)), max_size=6))
def test_records_read_back(body: dict[str, object]) -> None:
    box = Box(new_key())
    for key in (None, box):
        record = read(canonical(UUID(int=9), NOW, body, SALT, key), key)
        assert (record.event_id, record.recorded_at, record.body) == (UUID(int=9), NOW, body)


def test_a_sealed_body_is_unreadable_without_its_key_and_bound_to_its_record() -> None:
    box = Box(new_key())
    data = canonical(UUID(int=9), NOW, {"secret": "mot"}, SALT, box)
    assert b"mot" not in data
    assert read(data).body is None
    with pytest.raises(Undecipherable):
        read(data, Box(new_key()))
    moved = data[:1] + UUID(int=10).bytes + data[17:]
    with pytest.raises(Undecipherable):
        read(moved, box)


@pytest.mark.parametrize("data", [b"", b"\x01" * 10, b"\x09" + bytes(60), b"\x01" + bytes(40) + b"\x07" + bytes(10)])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalUnreadable):
        read(data)
