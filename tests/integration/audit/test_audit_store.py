"""Audit on a real PostgreSQL: once per fact, partitions, completeness, and a query that records itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub_audit import store
from hub_audit.handlers import Auditor, Inquiry, Recorder, completeness
from hub_audit.store import Records, Search
from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events.act import ActReceived
from hub_contracts.events.publication import PublicationConfirmed, PublicationPostponed
from hub_kit.clock import ManualClock
from hub_kit.db import migrate, open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken
from hub_kit.security.aead import new_key
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.subject_keys import SubjectKeys

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ACT, PATIENT, STRUCTURE = uuid4(), uuid4(), uuid4()


@pytest.fixture
async def pool(service_db: Any) -> AsyncIterator[Any]:
    await migrate(service_db.dsn, [("hub_kit", "migrations/subjects"), ("hub_audit", "migrations")])
    opened = await open_pool(service_db.dsn, size=4, name="test")
    async with opened.acquire() as connection:
        await store.maintain(connection, NOW.date())
    yield opened
    await opened.close()


@pytest.fixture
def keys() -> SubjectKeys:
    return SubjectKeys(FileKeyWrapper([new_key()]))


def taken(event: Any, at: datetime = NOW, number: int | None = None, source: str = "dmp-publisher") -> Taken:
    data = event.model_dump_json().encode()
    envelope = Envelope(uuid7(at), event.event_type, source, at, event.key, data, producer_seq=number)
    return Taken(envelope, Record("t", 0, 0, b"", envelope.headers(), data))


def confirmed(act: UUID = ACT, patient: UUID = PATIENT) -> PublicationConfirmed:
    return PublicationConfirmed(
        act_id=act, version=1, structure_id=STRUCTURE, patient_id=patient, document_unique_id="2.25.1",
        submission_set_unique_id="2.25.2", confirmed_at=NOW,
    )  # fmt: skip


def received(act: UUID = ACT) -> ActReceived:
    return ActReceived(
        act_id=act, version=1, structure_id=STRUCTURE, intent="create", act_type="vaccination", account_id=uuid4(),
        author_id="801234567897", occurred_at=NOW, received_at=NOW, wait_until=NOW, sealed_act="jour.nonce.secret",
    )  # fmt: skip


async def record(pool: Any, keys: SubjectKeys, events: list[Taken]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await Recorder(Records(keys))(connection, events, NOW)


def inquiry(pool: Any, keys: SubjectKeys) -> Inquiry:
    return Inquiry(pool, ManualClock(NOW + timedelta(minutes=1)), Records(keys))


PERIOD = (NOW - timedelta(days=1), NOW + timedelta(days=1))
WHO = Auditor("auditrice", "console", "plainte 12")


async def test_a_fact_told_many_times_is_one_record(pool: Any, keys: SubjectKeys) -> None:
    fact = taken(confirmed())
    await record(pool, keys, [fact, fact])
    await record(pool, keys, [fact])
    assert await pool.fetchval("select count(*) from audit_record") == 1


async def test_a_patients_records_include_the_whole_road_of_their_acts(pool: Any, keys: SubjectKeys) -> None:
    other = uuid4()
    await record(pool, keys, [taken(received()), taken(confirmed()), taken(confirmed(uuid4(), other))])
    found = await inquiry(pool, keys).ask(WHO, Search(*PERIOD, patient_id=PATIENT), 100, uuid7(NOW))
    assert {row["action"] for row in found} == {"act.receive", "document.publish", "audit.query"}
    assert all(row["patient_id"] != other for row in found)
    published = next(row for row in found if row["action"] == "document.publish")
    assert published["body"]["data"]["submission_set_unique_id"] == "2.25.2"


async def test_a_query_is_itself_on_record_with_its_reason(pool: Any, keys: SubjectKeys) -> None:
    await inquiry(pool, keys).ask(WHO, Search(*PERIOD, actor_id="801234567897"), 10, uuid7(NOW))
    row = await pool.fetchrow("select class, action, actor_id, reason from audit_record")
    assert dict(row) == {"class": "access", "action": "audit.query", "actor_id": "auditrice", "reason": "plainte 12"}


@pytest.mark.parametrize(
    ("criteria", "wanted"),
    [
        ({"act_id": ACT}, 2),
        ({"structure_id": STRUCTURE}, 3),
        ({"actor_id": "801234567897"}, 1),
        ({"action": "document.publish", "outcome": "postponed"}, 1),
        ({"class_": "access"}, 2),
    ],
)
async def test_criteria(pool: Any, keys: SubjectKeys, criteria: dict[str, Any], wanted: int) -> None:
    postponed = PublicationPostponed(
        act_id=uuid4(), version=1, structure_id=STRUCTURE, patient_id=uuid4(), document_unique_id="2.25.9",
        code=ErrorCode.DMP_UNREACHABLE, next_try_at=NOW,
    )  # fmt: skip
    await record(pool, keys, [taken(received()), taken(confirmed()), taken(postponed)])
    found = await inquiry(pool, keys).ask(WHO, Search(*PERIOD, **criteria), 100, uuid7(NOW))
    assert len([row for row in found if row["action"] != "audit.query"]) == wanted


async def test_pages_go_back_in_time_without_gap_or_repeat(pool: Any, keys: SubjectKeys) -> None:
    await record(pool, keys, [taken(confirmed(uuid4()), NOW + timedelta(seconds=n)) for n in range(25)])
    seen: list[UUID] = []
    before = uuid7(NOW + timedelta(hours=1))
    while page := await inquiry(pool, keys).ask(
        WHO, Search(*PERIOD, before=before, action="document.publish"), 10, uuid7(NOW)
    ):
        seen += [row["event_id"] for row in page]
        before = seen[-1]
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, reverse=True)


async def test_an_erased_key_leaves_the_record_and_hides_its_body(pool: Any, keys: SubjectKeys) -> None:
    await record(pool, keys, [taken(confirmed())])
    async with pool.acquire() as connection:
        await keys.erase(connection, [PATIENT], NOW)
    await record(pool, keys, [taken(confirmed(), NOW + timedelta(seconds=5))])  # the patient is heard of again
    found = await inquiry(pool, keys).ask(WHO, Search(*PERIOD, action="document.publish"), 10, uuid7(NOW))
    assert [row["body"] for row in found] == [None, None]


async def test_records_lie_in_the_partition_of_their_month(pool: Any, keys: SubjectKeys) -> None:
    await record(pool, keys, [taken(confirmed()), taken(confirmed(uuid4()), datetime(2026, 12, 3, tzinfo=UTC))])
    rows = await pool.fetch(
        "select tableoid::regclass::text as part, count(*) as n from audit_record group by 1 order by 1"
    )
    assert {r["part"]: r["n"] for r in rows} == {"audit_record_202611": 1, "audit_record_202612": 1}


async def test_numbers_without_a_gap_are_complete_whatever_their_order(pool: Any, keys: SubjectKeys) -> None:
    await record(pool, keys, [taken(confirmed(uuid4()), number=n) for n in (2, 1, 5)])
    await record(pool, keys, [taken(confirmed(uuid4()), number=n) for n in (3,)])
    async with pool.acquire() as connection:
        state = (await store.progress(connection))[0]
    assert (state.complete_to, state.highest) == (3, 5)
    await record(pool, keys, [taken(confirmed(uuid4()), number=n) for n in (4, 4, 2)])
    async with pool.acquire() as connection:
        state = (await store.progress(connection))[0]
    assert (state.complete_to, state.highest) == (5, 5)
    assert await pool.fetchval("select count(*) from source_ahead") == 0


async def test_a_gap_is_told_after_a_minute(pool: Any, keys: SubjectKeys) -> None:
    await record(pool, keys, [taken(confirmed(uuid4()), number=n, source="identity") for n in (1, 3)])
    assert await completeness(pool, ManualClock(NOW + timedelta(seconds=30))) is None
    sentence = await completeness(pool, ManualClock(NOW + timedelta(seconds=90)))
    assert sentence is not None
    assert "identity" in sentence
