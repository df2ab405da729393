"""The token issuer: RFC 9068 tokens for known accounts only, keys that rotate, secrets never in clear."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from simulator_messages import FixedClock
from simulator_parts import NOW

from hub_simulators.issuer import AccountBook, IssuerSettings, KeyRing, build_issuer
from hub_simulators.issuer.accounts import AccountFileProblem

ISSUER = "https://issuer.test"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "lgo-1", "client_secret": "un secret"}


@pytest.fixture
def accounts(tmp_path: Path) -> AccountBook:
    book = AccountBook(tmp_path / "accounts.json")
    book.add("lgo-1", "un secret", ["acts:write", "acts:read"])
    return book


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(None, NOW)


@pytest.fixture
async def client(accounts: AccountBook, keys: KeyRing, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = IssuerSettings(tmp_path / "accounts.json", "hub", lifetime=300)
    app = build_issuer(settings, ISSUER, accounts, keys, FixedClock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as made:
        yield made


async def test_a_token_is_an_rfc_9068_access_token(client: httpx.AsyncClient) -> None:
    answer = await client.post("/token", data=CREDENTIALS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 300)
    jwks = KeySet.import_key_set((await client.get("/jwks.json")).json())
    token = jwt.decode(answer.json()["access_token"], jwks, algorithms=["ES256"])
    assert (token.header["typ"], token.header["alg"]) == ("at+jwt", "ES256")
    claims = token.claims
    assert (claims["iss"], claims["aud"], claims["sub"], claims["client_id"]) == (ISSUER, "hub", "lgo-1", "lgo-1")
    assert claims["scope"] == "acts:read acts:write"
    assert (claims["iat"], claims["exp"]) == (int(NOW.timestamp()), int(NOW.timestamp()) + 300)
    assert claims["jti"]


async def test_basic_authentication_and_a_narrower_scope(client: httpx.AsyncClient) -> None:
    basic = base64.b64encode(b"lgo-1:un+secret").decode()
    form = {"grant_type": "client_credentials", "scope": "acts:read"}
    answer = await client.post("/token", data=form, headers={"Authorization": f"Basic {basic}"})
    assert (answer.status_code, answer.json()["scope"]) == (200, "acts:read")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "autre"}, 401, "invalid_client"),
        ({"client_id": "lgo-2"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "admin"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"resource": "autre"}, 400, "invalid_target"),
    ],
)
async def test_refusals(client: httpx.AsyncClient, change: dict[str, str], status: int, error: str) -> None:
    answer = await client.post("/token", data=CREDENTIALS | change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_malformed_requests(client: httpx.AsyncClient) -> None:
    json_body = await client.post("/token", json=CREDENTIALS)
    twice = await client.post(
        "/token",
        content="grant_type=client_credentials&grant_type=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    both = await client.post("/token", data=CREDENTIALS, headers={"Authorization": "Basic eDp5"})
    assert [a.json()["error"] for a in (json_body, twice, both)] == ["invalid_request"] * 3


async def test_a_verified_secret_stops_working_once_changed(client: httpx.AsyncClient, accounts: AccountBook) -> None:
    assert (await client.post("/token", data=CREDENTIALS)).status_code == 200
    accounts.add("lgo-1", "un autre secret", ["acts:read"])
    assert (await client.post("/token", data=CREDENTIALS)).status_code == 401


async def test_rotation_keeps_the_former_key_for_a_while(client: httpx.AsyncClient, keys: KeyRing) -> None:
    old = (await client.post("/token", data=CREDENTIALS)).json()["access_token"]
    kid = (await client.post("/control/rotate")).json()["kid"]
    new = (await client.post("/token", data=CREDENTIALS)).json()["access_token"]
    jwks = KeySet.import_key_set((await client.get("/jwks.json")).json())
    assert jwt.decode(new, jwks, algorithms=["ES256"]).header["kid"] == kid
    assert jwt.decode(old, jwks, algorithms=["ES256"]).header["kid"] != kid
    keys.rotate(NOW + timedelta(hours=23))
    assert len(keys.jwks()["keys"]) == 3
    keys.rotate(NOW + timedelta(hours=48))
    assert kid not in {key["kid"] for key in keys.jwks()["keys"]}
    assert len(keys.jwks()["keys"]) == 2  # the new one, and the one that signed until now


def test_keys_survive_a_restart_in_a_private_file(tmp_path: Path) -> None:
    first = KeyRing(tmp_path, NOW)
    assert KeyRing(tmp_path, NOW).current.kid == first.current.kid
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    assert all("d" not in key for key in first.jwks()["keys"])


def test_the_accounts_file_holds_no_secret_in_clear(accounts: AccountBook, tmp_path: Path) -> None:
    content = (tmp_path / "accounts.json").read_text()
    assert "un secret" not in content
    assert (tmp_path / "accounts.json").stat().st_mode & 0o077 == 0
    (tmp_path / "accounts.json").write_text(json.dumps([{"client_id": "x", "secret": "clair", "scopes": []}]))
    with pytest.raises(AccountFileProblem) as caught:
        accounts.authenticate("x", "clair")
    assert "clair" not in str(caught.value).replace("en clair", "")


async def test_metadata(client: httpx.AsyncClient) -> None:
    described = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert (described["issuer"], described["jwks_uri"]) == (ISSUER, f"{ISSUER}/jwks.json")
