"""The signing keys of token issuers: fetched, kept, fetched again when an unknown key id turns up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from ssl import SSLContext
from typing import Annotated, Any, Literal
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, build_opener

import orjson
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub_contracts.errors import ErrorCode
from hub_kit.clock import Clock
from hub_kit.errors import HubError
from hub_kit.telemetry.logs import get_logger

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
Fetch = Callable[[str], Awaitable[bytes]]
"""GET of a JWKS address: the body, or any exception."""

FETCH_TIMEOUT_SECONDS = 5.0
MAX_JWKS_BYTES = 1024 * 1024
REFRESH_SECONDS = 600.0
RETRY_SECONDS = 30.0
_log = get_logger("hub_kit.jwks")


class TokenIssuer(BaseModel):
    """An issuer the hub trusts: its `iss`, the `aud` its tokens must carry, where its keys are, which algorithms."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    issuer: str
    audience: str
    jwks_url: str | None = None
    jwks_file: Path | None = None
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "PS256", "ES256")

    @model_validator(mode="after")
    def _one_source(self) -> TokenIssuer:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("give jwks_url or jwks_file, one of them")
        return self


class IssuerKeys:
    """The keys of one issuer.

    Fetched at first use, again every 10 minutes, and when a token names a key we don't know, at most every 30 s. While
    the issuer does not answer, the keys we have stay in use. `changed` is told when a key has gone.
    """

    def __init__(self, issuer: TokenIssuer, clock: Clock, fetch: Fetch | None, changed: Callable[[str], None]) -> None:
        self.issuer = issuer
        self._clock = clock
        self._fetch = fetch
        self._changed = changed
        self._lock = asyncio.Lock()
        self._keys: KeySet | None = None
        self._kids: frozenset[str] = frozenset()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    async def for_kid(self, kid: str | None) -> KeySet:
        """The issuer's keys, fresh enough to hold `kid` if the issuer has it. Raises HubError SERVICE_UNAVAILABLE."""
        if self._keys is None or self._must_fetch(kid):
            async with self._lock:  # also waits for the first fetch of another request
                if self._must_fetch(kid):
                    await self._refresh()
        if self._keys is None:
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers={"retry-after": str(int(RETRY_SECONDS))})
        return self._keys

    def _must_fetch(self, kid: str | None) -> bool:
        now = self._clock.monotonic()
        if self._tried_at is not None and now - self._tried_at < RETRY_SECONDS:
            return False
        stale = self._fetched_at is None or now - self._fetched_at >= REFRESH_SECONDS
        return stale or (kid is not None and kid not in self._kids)

    async def _refresh(self) -> None:
        self._tried_at = self._clock.monotonic()
        try:
            keys = KeySet.import_key_set(orjson.loads(await self._read()))
            keys = KeySet([key for key in keys if key.key_type != "oct"])
            kids = frozenset(str(key.kid) for key in keys)
        except Exception as error:
            _log.error("jwks.unreadable", issuer=self.issuer.issuer, exc_info=error)
            return
        gone = bool(self._kids - kids)
        self._keys, self._kids, self._fetched_at = keys, kids, self._clock.monotonic()
        if gone:
            self._changed(self.issuer.issuer)

    async def _read(self) -> bytes:
        if self.issuer.jwks_file is not None:
            return await asyncio.to_thread(self.issuer.jwks_file.read_bytes)
        if self._fetch is None or self.issuer.jwks_url is None:
            raise HubError(ErrorCode.SERVICE_UNAVAILABLE)
        return await self._fetch(self.issuer.jwks_url)


class _NoRedirect(HTTPRedirectHandler):
    """Keys come from the address that is configured, or not at all."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


def http_fetch(context: SSLContext | None = None) -> Fetch:
    """A `Fetch` for http and https addresses: 5 s at most, no proxy, no redirect, in a thread (once in ten minutes).

    `context` says whom to trust; the system's authorities when None. The call raises OSError, or ValueError for an
    address of another kind or an answer of more than 1 MiB.
    """
    opener = build_opener(ProxyHandler({}), _NoRedirect(), HTTPSHandler(context=context))

    def get(url: str) -> bytes:
        if not url.startswith(("http://", "https://")):
            raise ValueError("a JWKS address starts with https:// or http://")
        with closing(opener.open(url, timeout=FETCH_TIMEOUT_SECONDS)) as answer:
            body: bytes = answer.read(MAX_JWKS_BYTES + 1)
        if len(body) > MAX_JWKS_BYTES:
            raise ValueError("the JWKS is larger than 1 MiB")
        return body

    async def fetch(url: str) -> bytes:
        return await asyncio.to_thread(get, url)

    return fetch
