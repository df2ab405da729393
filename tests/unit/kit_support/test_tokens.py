"""Access tokens (RFC 9068): each way to be wrong, and the caches."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from pydantic import ValidationError

from hub_contracts.errors import ErrorCode
from hub_kit.clock import ManualClock
from hub_kit.errors import HubError
from hub_kit.security.jwks import TokenIssuer
from hub_kit.security.tokens import TokenVerifier, require_scope

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ISSUER, AUDIENCE, URL = "https://issuer.test", "hub-dmp", "https://issuer.test/jwks"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
NEXT_KEY = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})


class Issuer:
    """A JWKS endpoint."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.fetches = 0
        self.down = False

    async def fetch(self, url: str) -> bytes:
        assert url == URL
        self.fetches += 1
        if self.down:
            raise OSError("down")
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, changed; a change to None removes the claim."""
    base = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "lgo-1",
        "client_id": "lgo-1",
        "jti": "j1",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
        "scope": "acts:write acts:read",
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def token(body: dict[str, Any] | None = None, key: Any = KEY, **header: Any) -> str:
    head = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid, **header}
    head = {name: value for name, value in head.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(head, body or claims(), key, algorithms=[head["alg"]], default_type=None)


def verifier(issuer: Issuer, clock: ManualClock | None = None, **options: Any) -> TokenVerifier:
    trusted = TokenIssuer(issuer=ISSUER, audience=AUDIENCE, jwks_url=URL)
    return TokenVerifier([trusted], clock or ManualClock(NOW), issuer.fetch, **options)


def _b64(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


async def refused(check: TokenVerifier, text: str) -> ErrorCode:
    with pytest.raises(HubError) as caught:
        await check.verify(text)
    assert text not in str(caught.value) or not text
    return caught.value.code


async def test_a_good_token() -> None:
    found = await verifier(Issuer(KEY)).verify_header(f"bearer {token()}")
    assert (found.client_id, found.subject, found.issuer) == ("lgo-1", "lgo-1", ISSUER)
    assert found.scopes == {"acts:write", "acts:read"}
    assert found.expires_at == NOW + timedelta(minutes=5)
    require_scope(found, "acts:read")
    with pytest.raises(HubError) as caught:
        require_scope(found, "admin")
    assert caught.value.code is ErrorCode.SCOPE_MISSING


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["a", "b"]},
        {"aud": None},
        {"sub": None},
        {"client_id": None},
        {"client_id": ""},
        {"jti": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": None},
        {"iat": int(NOW.timestamp()) + 31},
        {"nbf": int(NOW.timestamp()) + 31},
        {"scope": ["acts:read"]},
    ],
)
async def test_wrong_claims(changes: dict[str, Any]) -> None:
    assert await refused(verifier(Issuer(KEY)), token(claims(**changes))) is ErrorCode.TOKEN_INVALID


async def test_audience_in_a_list_and_no_scope_are_fine() -> None:
    found = await verifier(Issuer(KEY)).verify(token(claims(aud=["x", AUDIENCE], scope=None)))
    assert found.scopes == frozenset()


@pytest.mark.parametrize("typ", [None, "JWT", "id+jwt"])
async def test_wrong_type(typ: str | None) -> None:
    assert await refused(verifier(Issuer(KEY)), token(typ=typ)) is ErrorCode.TOKEN_INVALID


async def test_type_in_its_long_form() -> None:
    assert await verifier(Issuer(KEY)).verify(token(typ="application/at+jwt"))


async def test_wrong_algorithms_and_signatures() -> None:
    check = verifier(Issuer(KEY))
    head, body, signature = token().split(".")
    none = _b64({"alg": "none", "typ": "at+jwt"})
    confused = f"{_b64({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'k1'})}.{_b64(claims())}"
    mac = hmac.new(KEY.as_pem(private=False), confused.encode(), "sha256").digest()
    forged = _b64(claims(client_id="lgo-2"))
    for text in (
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.",
        f"{confused}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        token(alg="RS512"),
        token(key=RSAKey.generate_key(2048, {"kid": "k1"})),
        token(key=ECKey.generate_key("P-256", {"kid": "k1"}), alg="ES256"),
    ):
        assert await refused(check, text) is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "bnVsbA.bnVsbA.x", "x" * 9000])
async def test_not_a_token(text: str) -> None:
    assert await refused(verifier(Issuer(KEY)), text) is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5"])
async def test_missing(header: str | None) -> None:
    with pytest.raises(HubError) as caught:
        await verifier(Issuer(KEY)).verify_header(header)
    assert caught.value.code is ErrorCode.TOKEN_MISSING
    assert caught.value.headers == {"www-authenticate": "Bearer"}


async def test_expiry_with_thirty_seconds_of_leeway_also_from_the_cache() -> None:
    clock = ManualClock(NOW)
    check, text = verifier(Issuer(KEY), clock), token()
    await check.verify(text)
    clock.advance(329)
    await check.verify(text)
    clock.advance(2)
    assert await refused(check, text) is ErrorCode.TOKEN_EXPIRED
    assert await refused(check, text) is ErrorCode.TOKEN_EXPIRED
    assert await refused(check, token(claims(jti="fresh"))) is ErrorCode.TOKEN_EXPIRED


async def test_a_verified_token_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    check, text = verifier(Issuer(KEY), cache_size=2), token()
    await check.verify(text)
    calls = 0
    real = jwt.decode

    def counting(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*args, **options)

    monkeypatch.setattr(jwt, "decode", counting)
    await check.verify(text)
    assert calls == 0
    for number in range(2):
        await check.verify(token(claims(jti=str(number))))
    await check.verify(text)
    assert calls == 3, "the oldest of more than cache_size was dropped"


async def test_requests_that_come_together_at_the_start_all_wait_for_the_keys() -> None:
    issuer = Issuer(KEY)

    async def slow(url: str) -> bytes:
        await asyncio.sleep(0)
        return await issuer.fetch(url)

    tokens = TokenVerifier([TokenIssuer(issuer=ISSUER, audience=AUDIENCE, jwks_url=URL)], ManualClock(NOW), slow)
    read = await asyncio.gather(*(tokens.verify(token(claims(jti=f"j{n}"))) for n in range(5)))
    assert len(read) == 5
    assert issuer.fetches == 1


async def test_an_unknown_key_id_fetches_again_but_not_too_often() -> None:
    clock, issuer = ManualClock(NOW), Issuer(KEY)
    check = verifier(issuer, clock)
    await check.verify(token())
    issuer.keys.append(NEXT_KEY)
    rotated = token(key=NEXT_KEY)
    assert await refused(check, rotated) is ErrorCode.TOKEN_INVALID
    assert issuer.fetches == 1, "within 30 s of the last fetch"
    clock.advance(31)
    assert (await check.verify(rotated)).client_id == "lgo-1"
    for _ in range(20):
        await refused(check, token(kid="zz"))
    assert issuer.fetches == 2


async def test_a_key_that_goes_takes_its_tokens_along() -> None:
    clock, issuer = ManualClock(NOW), Issuer(KEY, NEXT_KEY)
    check, text = verifier(issuer, clock), token(claims(exp=int(NOW.timestamp()) + 3600))
    await check.verify(text)
    issuer.keys.remove(KEY)
    clock.advance(601)
    await check.verify(token(claims(jti="j2", exp=int(NOW.timestamp()) + 3600), key=NEXT_KEY))
    assert await refused(check, text) is ErrorCode.TOKEN_INVALID


async def test_an_issuer_that_is_down() -> None:
    clock, issuer = ManualClock(NOW), Issuer(KEY)
    issuer.down = True
    check = verifier(issuer, clock)
    with pytest.raises(HubError) as caught:
        await check.verify(token())
    assert caught.value.code is ErrorCode.SERVICE_UNAVAILABLE
    issuer.down = False
    clock.advance(31)
    await check.verify(token())
    issuer.down = True
    clock.advance(700)
    long = token(claims(jti="j3", exp=int(NOW.timestamp()) + 3600))
    assert (await check.verify(long)).token_id == "j3", "the keys we have stay in use"


async def test_keys_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    secret = OctKey.import_key(b"s" * 32, {"kid": "s"})
    file.write_text(json.dumps({"keys": [KEY.as_dict(private=False), secret.as_dict(private=True)]}))
    issuer = TokenIssuer(issuer=ISSUER, audience=AUDIENCE, jwks_file=file)
    check = TokenVerifier([issuer], ManualClock(NOW))
    assert await check.verify(token())
    assert await refused(check, token(key=secret, alg="HS256")) is ErrorCode.TOKEN_INVALID


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"jwks_url": "https://x", "jwks_file": "y"},
        {"jwks_url": "https://x", "algorithms": ["HS256"]},
        {"jwks_url": "https://x", "algorithms": ["none"]},
        {"jwks_url": "https://x", "algorithms": []},
    ],
)
def test_an_issuer_is_pinned_to_one_source_and_asymmetric_algorithms(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TokenIssuer(issuer=ISSUER, audience=AUDIENCE, **options)
