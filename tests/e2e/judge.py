"""The one judge of "nothing lost, nothing doubled". It only reads, and only where outsiders read: the simulated DMP's
store, the LGO API and its feed, the auditors' API."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from hub_contracts.states import ActState
from hub_local.stack import Stack

from .ledger import Door, Sent

FINAL = {state.value for state in ActState if state.final}
ON_THE_WAY = {"en_attente_identite", "en_file", "transmise"}
ROAD = {
    ("act.receive", "accepted"),
    ("act.identify", "done"),
    ("alimentation.decide", "authorised"),
    ("document.build", "done"),
    ("document.publish", "confirmed"),
}
REFUSED_ROAD = {("act.receive", "accepted"), ("act.process", "refused")}
EXCLUDED_ROAD = {("act.receive", "accepted"), ("act.process", "excluded")}
CALM_SECONDS = 30
Records = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Picture:
    """All that outsiders can see of a hub: documents of the DMP, feeds by account, states by act, audit records by
    event id (without those of the judge's own questions)."""

    documents: list[dict[str, Any]]
    feeds: dict[str, list[dict[str, Any]]]
    states: dict[str, str]
    records: Records
    completeness: list[dict[str, Any]]


async def judge(stack: Stack, door: Door, sent: Sequence[Sent], seconds: float = 150) -> Picture:
    """Wait until every act is final and audit has heard of it; then nothing may be lost and nothing doubled."""
    await _until_final(stack, door, sent, seconds)
    picture = await calm_picture(stack, door, sent)
    verdict(picture, sent)
    return picture


def verdict(picture: Picture, sent: Sequence[Sent]) -> None:
    """Raises AssertionError when anything is lost, doubled, out of order or untold."""
    _states_are_as_expected(picture, sent)
    _documents_are_there_once(picture, sent)
    _audit_holds_every_fact_once(picture, sent)
    _feeds_are_dense_and_in_order(picture, sent)


async def look(stack: Stack, door: Door) -> Picture:
    """The picture of this moment."""
    clients = stack.options.world.clients
    async with httpx.AsyncClient(base_url=stack.dmp_control_url, timeout=30) as dmp:
        documents = await _pages_of_documents(dmp)
    feeds = {client_id: await read_feed(door.client(client_id)) for client_id in clients}
    states: dict[str, str] = {}
    for client_id in clients:
        states |= await _states(door.client(client_id))
    headers = {"authorization": f"Bearer {await stack.token(stack.options.world.auditor)}"}
    async with httpx.AsyncClient(base_url=stack.audit_url, headers=headers, timeout=30) as audit:
        records = await _records(audit)
        answer = await audit.get("/v1/audit/completeness")
        answer.raise_for_status()
    return Picture(documents, feeds, states, records, answer.json())


async def read_feed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The whole feed of an account."""
    events: list[dict[str, Any]] = []
    after = 0
    while True:
        answer = await client.get("/v1/acts/events", params={"after": after, "limit": 500})
        answer.raise_for_status()
        page = answer.json()
        if not page["events"]:
            return events
        events += page["events"]
        after = page["next"]


async def _until_final(stack: Stack, door: Door, sent: Sequence[Sent], seconds: float) -> None:
    """Follow the feeds, as LGO do."""
    cursors = dict.fromkeys(stack.options.world.clients, 0)
    open_acts = {s.act_id for s in sent}
    assert "" not in open_acts
    last: dict[str, str] = {}
    try:
        async with asyncio.timeout(seconds):
            while open_acts:
                for client_id in cursors:
                    params = {"after": cursors[client_id], "limit": 500}
                    answer = await door.client(client_id).get("/v1/acts/events", params=params)
                    answer.raise_for_status()
                    page = answer.json()
                    cursors[client_id] = page["next"]
                    for event in page["events"]:
                        last[event["act_id"]] = f"{event['state']}/{event['code']}"
                        if event["final"]:
                            open_acts.discard(event["act_id"])
                await asyncio.sleep(0.3)
    except TimeoutError:
        stuck = Counter(last.get(act_id, "never told of") for act_id in open_acts)
        raise AssertionError(f"{len(open_acts)} of {len(sent)} acts are not final: {stuck}") from None


async def calm_picture(stack: Stack, door: Door, sent: Sequence[Sent] = ()) -> Picture:
    """Audit hears of things a moment later than LGO: the picture once it has caught up, else the last one."""
    deadline = asyncio.get_running_loop().time() + CALM_SECONDS
    while True:
        picture = await look(stack, door)
        facts = _facts(picture)
        known = all(_road(s) <= set(facts[s.act_id]) for s in sent)
        complete = all(source["complete_to"] == source["highest"] for source in picture.completeness)
        if (known and complete) or asyncio.get_running_loop().time() > deadline:
            return picture
        await asyncio.sleep(0.5)


def _states_are_as_expected(picture: Picture, sent: Sequence[Sent]) -> None:
    wrong = [(s.act["external_id"], picture.states.get(s.act_id)) for s in sent]
    wrong = [w for w, s in zip(wrong, sent, strict=True) if w[1] != s.expected.value]
    assert wrong == []


def _documents_are_there_once(picture: Picture, sent: Sequence[Sent]) -> None:
    held = Counter(_name(document) for document in picture.documents)
    assert [name for name, number in held.items() if number > 1] == [], "documents held more than once"
    wanted = {s.name for s in sent if s.expected == "confirmee"}
    assert wanted - set(held) == set(), "documents that the DMP doesn't hold"
    words = {s.name[0] for s in sent if s.expected != "confirmee"}
    assert words & {name[0] for name in held} == set(), "documents that should not be in the DMP"
    mine, told = {s.ins for s in sent}, {s.name[0] for s in sent if "vaccination_id" in s.act["content"]}
    about = [d for d in picture.documents if d["ins"] in mine or _word(d) in told]
    assert len(about) == len(wanted)
    assert len({document["unique_id"] for document in picture.documents}) == len(picture.documents)


def _audit_holds_every_fact_once(picture: Picture, sent: Sequence[Sent]) -> None:
    facts = _facts(picture)
    for one in sent:
        found = facts[one.act_id]
        counts = {fact: found[fact] for fact in _road(one)}
        assert set(counts.values()) == {1}, f"{one.act['external_id']}: {counts}"
        ends = [f for f in found if f in {("document.publish", "confirmed"), ("act.process", "refused")}]
        assert len(ends) <= 1
    gaps = [s for s in picture.completeness if s["complete_to"] != s["highest"]]
    assert gaps == []
    assert {s["source"] for s in picture.completeness} >= {
        "gateway", "identity", "consent-registry", "document-builder", "dmp-publisher",
    }  # fmt: skip


def _feeds_are_dense_and_in_order(picture: Picture, sent: Sequence[Sent]) -> None:
    steps: defaultdict[str, list[str]] = defaultdict(list)
    for client_id, feed in picture.feeds.items():
        assert [event["seq"] for event in feed] == list(range(1, len(feed) + 1)), client_id
        for event in feed:
            steps[event["act_id"]].append(event["state"])
    for one in sent:
        told = steps[one.act_id]
        assert told[0] == "recue", told
        assert told[-1] == one.expected.value, told
        assert set(told[1:-1]) <= ON_THE_WAY, told
        assert len([state for state in told if state in FINAL]) == 1, told


def _road(one: Sent) -> set[tuple[str, str]]:
    return {"confirmee": ROAD, "exclue": EXCLUDED_ROAD}.get(one.expected.value, REFUSED_ROAD)


def _facts(picture: Picture) -> defaultdict[str, Counter[tuple[str, str]]]:
    facts: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for record in picture.records.values():
        if record["act_id"] is not None:
            facts[record["act_id"]][record["action"], record["outcome"]] += 1
    return facts


def _name(document: dict[str, Any]) -> tuple[str, str, str]:
    """As `Sent.name`."""
    return _word(document), document["structure"], document["ins"]


def _word(document: dict[str, Any]) -> str:
    return str(document["vaccination_id"] or document["document_type"]).upper()


async def _pages_of_documents(dmp: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await dmp.get("/documents", params={"after": after, "limit": 5000})).json()
        found += page["documents"]
        after = page["next"]
    return found


async def _states(client: httpx.AsyncClient) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        answer = await client.get("/v1/acts", params={"limit": 100, **({"cursor": cursor} if cursor else {})})
        answer.raise_for_status()
        page = answer.json()
        found |= {act["act_id"]: act["state"] for act in page["acts"]}
        cursor = page["next"]
        if cursor is None:
            return found


async def _records(audit: httpx.AsyncClient) -> Records:
    """Every record of the last hours but the readings that watching leaves: this judge's questions and LGO's looks."""
    now = datetime.now(UTC)
    period = {"since": (now - timedelta(hours=6)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    found: Records = {}
    for record_class in ("access", "technical", "admin"):
        before: str | None = None
        while True:
            query = {**period, "reason": "test", "limit": "1000", "class": record_class}
            answer = await audit.get("/v1/audit/records", params={**query, **({"before": before} if before else {})})
            answer.raise_for_status()
            page = answer.json()
            for record in page["records"]:
                assert record["event_id"] not in found
                found[record["event_id"]] = record
            before = page["next"]
            if before is None:
                break
    return {key: record for key, record in found.items() if record["action"] not in ("audit.query", "act.read")}
