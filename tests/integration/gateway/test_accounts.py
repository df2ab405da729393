"""The accounts file becomes accounts, memberships and directory events; loading it again changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from gateway_world import ACCOUNTS, CABINET, PHARMACY, SCHOOL, World, act

from hub_gateway.domain.accounts_file import AccountsRefused
from hub_gateway.handlers.accounts import Loaded, load_accounts


async def load(world: World, path: Path, text: str) -> Loaded:
    await asyncio.to_thread(path.write_text, text)
    async with world.resources.pool.acquire() as connection:
        return await load_accounts(connection, path, world.resources.outbox, world.clock.now())


async def test_loading_publishes_each_membership_once(world: World, tmp_path: Path) -> None:
    told = await world.outbox("membership.published.v1")
    assert {t["topic"] for t in told} == {"hub.directory"}
    assert {t["event"]["structure_id"] for t in told} == {str(s) for s in (PHARMACY, SCHOOL, CABINET)}
    assert len(told) == 4
    assert await load(world, tmp_path / "a.yaml", ACCOUNTS) == Loaded(0, 0)
    assert len(await world.outbox("membership.published.v1")) == 4


async def test_a_change_is_published_and_what_is_left_out_ends(world: World, tmp_path: Path) -> None:
    before = await world.admin.fetchval("select account_id from account where client_id = 'lgo-officine'")
    world.clock.advance(60)
    fewer = """
accounts:
  - client_id: lgo-officine
    name: LGO Officine
    memberships:
      - {structure: "1330000001", scopes: [acts:read], since: 2026-01-01T00:00:00Z}
"""
    assert await load(world, tmp_path / "a.yaml", fewer) == Loaded(1, 2)
    told = {t["event"]["structure_id"]: t["event"] for t in (await world.outbox("membership.published.v1"))[-2:]}
    assert told[str(PHARMACY)]["scopes"] == ["acts:read"]
    assert told[str(SCHOOL)]["until"].startswith("2026-11-24T10:01:00")
    assert await world.admin.fetchval("select account_id from account where client_id = 'lgo-officine'") == before
    assert (await world.post(act())).json()["code"] == "STRUCTURE_NOT_MEMBER"
    world.clock.advance(60)
    assert await load(world, tmp_path / "a.yaml", fewer) == Loaded(0, 0)
    assert await world.admin.fetchval("select count(*) from membership where structure_id = $1", CABINET) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("accounts: [", "YAML"),
        ("accounts: 3", "accounts"),
        ("accounts: [{client_id: a}]", "accounts.0.name"),
        ("accounts: [{client_id: a, name: A}, {client_id: a, name: B}]", "twice"),
        (
            'accounts: [{client_id: a, name: A, memberships: [{structure: "1999999999", scopes: ["acts:read"], '
            "since: 2026-01-01T00:00:00Z}]}]",
            "1999999999",
        ),
        (
            'accounts: [{client_id: a, name: A, memberships: [{structure: "1330000001", scopes: ["acts:all"], '
            "since: 2026-01-01T00:00:00Z}]}]",
            "scopes",
        ),
    ],
)
async def test_a_wrong_file_changes_nothing_and_says_why(world: World, tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(AccountsRefused, match=reason):
        await load(world, tmp_path / "a.yaml", text)
    assert await world.admin.fetchval("select count(*) from account") == 2


async def test_a_membership_counts_from_its_day_on(world: World, tmp_path: Path) -> None:
    begins = (world.clock.now() + timedelta(hours=1)).isoformat()
    text = ACCOUNTS.replace("2026-01-01T00:00:00Z", begins)
    await load(world, tmp_path / "a.yaml", text)
    assert (await world.post(act())).json()["code"] == "STRUCTURE_NOT_MEMBER"
    world.clock.advance(3600)
    assert (await world.post(act())).status_code == 202
