"""An LGO as seen from the hub's public API: what the demo, the bench and the end-to-end tests publish with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from hub_local.stack import Stack

FINAL = frozenset({"confirmee", "refusee", "exclue", "expiree", "annulee", "bloquee"})


class Lgo:
    """One LGO account with its token."""

    def __init__(self, http: httpx.AsyncClient, client_id: str) -> None:
        self._http = http
        self.client_id = client_id
        self.cursor = 0

    async def publish(self, acts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Publish up to 500 acts in one request; the verdict on each, in order. Raises httpx.HTTPStatusError."""
        answer = await self._http.post("/v1/acts", json={"acts": list(acts)}, headers={"idempotency-key": uuid4().hex})
        answer.raise_for_status()
        verdicts: list[dict[str, Any]] = answer.json()["verdicts"]
        return verdicts

    async def declare(self, kind: str, structure: str, author: str, patient: dict[str, Any]) -> str:
        """Declare an identity, an opposition or its lifting; the declaration's id."""
        body = {"kind": kind, "structure": structure, "author": {"id": author}, "patient": patient}
        answer = await self._http.post("/v1/patients/declarations", json=body)
        answer.raise_for_status()
        return str(answer.json()["declaration_id"])

    async def declaration(self, declaration_id: str) -> dict[str, Any]:
        """A declaration and its state."""
        answer = await self._http.get(f"/v1/patients/declarations/{declaration_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def settled(self, declaration_id: str, seconds: float = 30) -> dict[str, Any]:
        """The declaration, once it is accepted or refused. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.declaration(declaration_id)
                if found["state"] != "recue":
                    return found
                await asyncio.sleep(0.2)

    async def act(self, act_id: str) -> dict[str, Any]:
        """An act with its history."""
        answer = await self._http.get(f"/v1/acts/{act_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def events(self, wait: float = 0, limit: int = 500) -> list[dict[str, Any]]:
        """What is new in the account's feed since the last call."""
        query = {"after": self.cursor, "wait": wait, "limit": limit}
        answer = await self._http.get("/v1/acts/events", params=query, timeout=wait + 10)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # as documented: ask again later
            await asyncio.sleep(1)
            return []
        answer.raise_for_status()
        page = answer.json()
        self.cursor = page["next"]
        events: list[dict[str, Any]] = page["events"]
        return events


@asynccontextmanager
async def open_lgos(stack: Stack) -> AsyncIterator[dict[str, Lgo]]:
    """The region's LGO accounts, by client id."""
    clients: list[httpx.AsyncClient] = []
    lgos: dict[str, Lgo] = {}
    try:
        for client_id in stack.options.world.clients:
            token = await stack.token(client_id)
            http = httpx.AsyncClient(
                base_url=stack.gateway_url, headers={"authorization": f"Bearer {token}"}, timeout=30
            )
            clients.append(http)
            lgos[client_id] = Lgo(http, client_id)
        yield lgos
    finally:
        for http in clients:
            await http.aclose()
