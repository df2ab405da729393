"""OAuth 2 access tokens as RFC 9068 writes them, checked against the JWKS of configured issuers."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from hub_contracts.errors import ErrorCode
from hub_kit.clock import Clock
from hub_kit.errors import HubError
from hub_kit.security.jwks import Fetch, IssuerKeys, TokenIssuer

LEEWAY_SECONDS = 30
MAX_TOKEN_CHARS = 8192
_TYPES = frozenset({"at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token says: the LGO's account, the subject, its scopes, when it ends (UTC)."""

    issuer: str
    client_id: str
    subject: str
    scopes: frozenset[str]
    expires_at: datetime
    token_id: str


class TokenVerifier:
    """Verifies tokens; each one's result is kept, under its hash, until it expires (at most `cache_size` of them)."""

    def __init__(
        self, issuers: list[TokenIssuer], clock: Clock, fetch: Fetch | None = None, cache_size: int = 4096
    ) -> None:
        self._clock = clock
        self._issuers = {issuer.issuer: IssuerKeys(issuer, clock, fetch, self._forget) for issuer in issuers}
        self._cache: OrderedDict[bytes, AccessToken] = OrderedDict()
        self._cache_size = cache_size

    async def verify_header(self, authorization: str | None) -> AccessToken:
        """The token of an `Authorization` header. Raises HubError TOKEN_MISSING, and what `verify` raises."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise HubError(ErrorCode.TOKEN_MISSING, headers={"www-authenticate": "Bearer"})
        return await self.verify(token.strip())

    async def verify(self, token: str) -> AccessToken:
        """What the token says.

        Raises HubError TOKEN_INVALID (form, type, algorithm, signature, issuer, audience, claims, not yet valid),
        TOKEN_EXPIRED, or SERVICE_UNAVAILABLE when the issuer's keys can't be had.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._cache.get(digest)
        if known is None:
            known = await self._verify(token)
            self._cache[digest] = known
            if len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(digest)
        if self._clock.now().timestamp() > known.expires_at.timestamp() + LEEWAY_SECONDS:
            self._cache.pop(digest, None)
            raise _expired()
        return known

    def _forget(self, issuer: str) -> None:
        """An issuer changed its keys: what it signed before is checked again."""
        for digest in [digest for digest, token in self._cache.items() if token.issuer == issuer]:
            del self._cache[digest]

    async def _verify(self, token: str) -> AccessToken:
        header, claims = _peek(token)
        keys = self._issuers.get(claims["iss"]) if isinstance(claims.get("iss"), str) else None
        if keys is None or str(header.get("typ", "")).lower() not in _TYPES:
            raise _invalid()
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in keys.issuer.algorithms or not (kid is None or isinstance(kid, str)):
            raise _invalid()
        key_set = await keys.for_kid(kid)
        algorithms: list[str] = list(keys.issuer.algorithms)
        try:
            verified = jwt.decode(token, key_set, algorithms=algorithms, registry=_registry(algorithms))
        except (JoseError, ValueError, TypeError, KeyError):
            raise _invalid() from None
        return self._read(verified.claims, keys.issuer)

    def _read(self, claims: dict[str, Any], issuer: TokenIssuer) -> AccessToken:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        texts = [claims.get(name) for name in ("sub", "client_id", "jti")]
        if claims.get("iss") != issuer.issuer or issuer.audience not in audiences or not _texts(texts):
            raise _invalid()
        now = self._clock.now().timestamp()
        expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
        if expires is None or issued is None:
            raise _invalid()
        if max(issued, begins or 0) > now + LEEWAY_SECONDS:
            raise _invalid()
        if now > expires + LEEWAY_SECONDS:
            raise _expired()
        scope = claims.get("scope", "")
        if not isinstance(scope, str):
            raise _invalid()
        subject, client_id, token_id = (str(text) for text in texts)
        return AccessToken(
            issuer=issuer.issuer,
            client_id=client_id,
            subject=subject,
            scopes=frozenset(scope.split()),
            expires_at=datetime.fromtimestamp(expires, UTC),
            token_id=token_id,
        )


def require_scope(token: AccessToken, scope: str) -> None:
    """Raises HubError SCOPE_MISSING when the token does not give `scope`."""
    if scope not in token.scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise HubError(ErrorCode.SCOPE_MISSING, headers={"www-authenticate": challenge})


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims before any verification, only to choose issuer and key."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARS:
        raise _invalid()
    try:
        header, claims = (orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, binascii.Error):
        raise _invalid() from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _invalid()
    return header, claims


def _registry(algorithms: list[str]) -> JWSRegistry:
    return JWSRegistry(algorithms=algorithms, strict_check_header=False)


def _texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) and value for value in values)


def _seconds(value: Any) -> float | None:
    plausible = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 253_402_300_800
    return float(value) if plausible else None


def _invalid() -> HubError:
    return HubError(ErrorCode.TOKEN_INVALID, headers={"www-authenticate": 'Bearer error="invalid_token"'})


def _expired() -> HubError:
    return HubError(ErrorCode.TOKEN_EXPIRED, headers={"www-authenticate": 'Bearer error="invalid_token"'})
