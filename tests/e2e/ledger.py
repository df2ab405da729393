"""What LGOs sent and were promised: published so that nothing gets lost on the way in, remembered for the judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from typing import Any
from uuid import uuid4

import httpx

from hub_contracts.document_types import document_types
from hub_contracts.states import ActState
from hub_local import documents
from hub_local.stack import Stack
from hub_local.world import Structure, patients, vaccination

from . import supplied_files as files

RETRY_SECONDS = 0.25
OTHERS = 5
GIVE_UP_SECONDS = 90
AGAIN = frozenset({500, 502, 503, 504})


@dataclass(slots=True)
class Sent:
    """One act: what was sent, the end it should come to, and the id that the hub gave it."""

    structure: Structure
    act: dict[str, Any]
    expected: ActState = ActState.CONFIRMEE
    act_id: str = ""

    @property
    def name(self) -> tuple[str, str, str]:
        """What names its document in the DMP: the vaccination's id, chosen by the LGO, or the type of others; the
        structure; the patient, who has no other act."""
        content, kind = self.act["content"], self.act["type"]
        word = str(content["vaccination_id"]) if "vaccination_id" in content else document_types()[kind].type
        return word.upper(), self.structure.national_id, self.ins

    @property
    def ins(self) -> str:
        """The patient's matricule."""
        return str(self.act["patient"]["ins"]["matricule"])


class Door:
    """LGO accounts that publish as the documentation asks: on no answer, the same again under the same key."""

    def __init__(self, clients: dict[str, httpx.AsyncClient]) -> None:
        self._clients = clients
        self.retries = 0

    def client(self, client_id: str) -> httpx.AsyncClient:
        """The HTTP client of an account."""
        return self._clients[client_id]

    async def publish(self, sent: Sequence[Sent]) -> None:
        """One request for acts of one account; each gets its id."""
        client = self._clients[sent[0].structure.client_id]
        answer = await self.insist(client, "/v1/acts", {"acts": [s.act for s in sent]})
        assert answer.status_code == 202, answer.text
        for one, verdict in zip(sent, answer.json()["verdicts"], strict=True):
            assert verdict["status"] == "accepted", verdict
            assert one.act_id in ("", verdict["act_id"])
            one.act_id = verdict["act_id"]

    async def insist(self, client: httpx.AsyncClient, path: str, body: Any) -> httpx.Response:
        """POST until there is an answer; the Idempotency-Key makes that safe."""
        headers = {"idempotency-key": uuid4().hex}
        async with asyncio.timeout(GIVE_UP_SECONDS):
            while True:
                try:
                    answer = await client.post(path, json=body, headers=headers)
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code not in AGAIN:
                    return answer
                self.retries += 1
                await asyncio.sleep(RETRY_SECONDS)


@asynccontextmanager
async def open_door(stack: Stack) -> AsyncIterator[Door]:
    """The region's LGO accounts with their tokens."""
    clients: dict[str, httpx.AsyncClient] = {}
    try:
        for client_id in stack.options.world.clients:
            headers = {"authorization": f"Bearer {await stack.token(client_id)}"}
            clients[client_id] = httpx.AsyncClient(base_url=stack.gateway_url, headers=headers, timeout=20)
        yield Door(clients)
    finally:
        for client in clients.values():
            await client.aclose()


@dataclass(slots=True)
class Writer:
    """Invents acts, each of a patient of its own: what the DMP then holds can be told one by one."""

    world: Sequence[Structure]
    seed: int
    people: Iterator[dict[str, Any]] = field(init=False)
    numbers: Iterator[int] = field(init=False)
    turns: Iterator[int] = field(init=False)
    pdf: dict[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.pdf = files.inline(files.PDF, files.pdfa())
        self.people = patients(self.seed)
        self.numbers, self.turns = count(1), count()

    def one(self, structure: Structure, expected: ActState = ActState.CONFIRMEE) -> Sent:
        """A vaccination of ten minutes ago."""
        when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        act = vaccination(structure, next(self.people), f"N{self.seed}-{next(self.numbers):05d}", when)
        act["content"]["vaccination_id"] = str(uuid4())
        return Sent(structure, act, expected)

    def other(self, structure: Structure) -> Sent:
        """An act of another type than vaccination, each in its turn: reports, tests, files."""
        when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        pharmacy = structure.sector == "SA33"
        contents = [*(documents.of_pharmacy if pharmacy else documents.of_cabinet)(when).items()]
        contents.append(("56445-0" if pharmacy else "PRESC-INF", self.pdf))
        kind, content = contents[next(self.turns) % len(contents)]
        external_id = f"N{self.seed}-{next(self.numbers):05d}"
        return Sent(structure, documents.act(kind, structure, next(self.people), external_id, when, content))

    def many(self, number: int) -> list[Sent]:
        """Acts of all structures in turn: vaccinations, and one in OTHERS of another type."""
        turns = enumerate(islice(cycle(self.world), number))
        return [self.other(s) if turn % OTHERS == OTHERS - 1 else self.one(s) for turn, s in turns]

    def refused(self, structure: Structure) -> Sent:
        """An act that document-builder refuses: no batch number."""
        sent = self.one(structure, ActState.REFUSEE)
        sent.act["content"]["vaccine"]["lot_number"] = ""
        return sent


async def flow(door: Door, sent: Iterable[Sent], per_second: float, together: int = 5) -> None:
    """Publish steadily, `together` acts of one account a request; retried requests don't hold the others up."""
    waiting: dict[str, list[Sent]] = {}
    async with asyncio.TaskGroup() as group:
        for one in sent:
            mine = waiting.setdefault(one.structure.client_id, [])
            mine.append(one)
            if len(mine) == together:
                group.create_task(door.publish(mine))
                waiting[one.structure.client_id] = []
                await asyncio.sleep(together / per_second)
        for rest in waiting.values():
            if rest:
                group.create_task(door.publish(rest))
