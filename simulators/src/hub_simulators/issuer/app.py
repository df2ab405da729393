"""The issuer's endpoints: /token (RFC 6749 §4.4), /jwks.json, metadata (RFC 8414), /control/rotate."""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt

from hub_simulators.clock import Clock
from hub_simulators.issuer.accounts import Account, AccountBook
from hub_simulators.issuer.keys import KeyRing

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """`issuer` is the exact `iss`; `audience` the `aud` of every token; `lifetime` in seconds.

    `directory` keeps the signing keys across restarts (None: in memory). With `certificate` and `key` the issuer
    speaks HTTPS.
    """

    accounts: Path
    audience: str
    issuer: str = ""
    lifetime: int = 300
    directory: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None


class OAuthRefusal(Exception):
    """An OAuth2 error response."""

    def __init__(self, error: str, status: int, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.status = status
        self.description = description


def build_issuer(settings: IssuerSettings, issuer: str, accounts: AccountBook, keys: KeyRing, clock: Clock) -> FastAPI:
    """Return the application; `issuer` is the base address that tokens carry."""
    app = FastAPI(title="Émetteur de jetons (simulé)", version="1")

    @app.exception_handler(OAuthRefusal)
    async def refuse(_request: Request, problem: Exception) -> JSONResponse:
        if not isinstance(problem, OAuthRefusal):
            raise problem
        headers = dict(_NO_STORE)
        if problem.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="issuer"'
        content = {"error": problem.error, "error_description": problem.description}
        return JSONResponse(content, problem.status, headers)

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        """Issue an access token to an LGO account (grant_type=client_credentials)."""
        form = _form(await request.body(), request.headers.get("content-type", ""))
        account = _authenticate(form, request.headers.get("authorization", ""), accounts)
        if form.get("grant_type") != "client_credentials":
            raise OAuthRefusal("unsupported_grant_type", 400, "client_credentials seulement")
        scope = _scope(account, form.get("scope"))
        if form.get("resource", settings.audience) != settings.audience:
            raise OAuthRefusal("invalid_target", 400, "ressource inconnue")
        value = access_token(account.client_id, scope, settings, issuer, keys, clock)
        answer = {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": settings.lifetime,
            "scope": " ".join(sorted(scope)),
        }
        return JSONResponse(answer, headers=_NO_STORE)

    _public_routes(app, issuer, keys, clock)
    return app


def _public_routes(app: FastAPI, issuer: str, keys: KeyRing, clock: Clock) -> None:
    @app.get("/jwks.json")
    async def jwks() -> dict[str, Any]:
        """Public keys."""
        return keys.jwks()

    @app.get("/.well-known/oauth-authorization-server")
    async def metadata() -> dict[str, Any]:
        """RFC 8414 metadata."""
        return {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    @app.post("/control/rotate")
    async def rotate() -> dict[str, str]:
        """Sign with a new key from now on; the former stays in the JWKS for a day."""
        return {"kid": keys.rotate(clock.now())}

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Ready to serve."""
        return {"status": "ok"}


def access_token(
    client_id: str, scope: frozenset[str], settings: IssuerSettings, issuer: str, keys: KeyRing, clock: Clock
) -> str:
    """Return an RFC 9068 access token (`typ: at+jwt`, ES256)."""
    now = clock.now()
    claims = {
        "iss": issuer,
        "aud": settings.audience,
        "sub": client_id,
        "client_id": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=settings.lifetime)).timestamp()),
        "jti": str(uuid.uuid4()),
        "scope": " ".join(sorted(scope)),
    }
    key = keys.current
    return jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": key.kid}, claims, key)


def _form(body: bytes, content_type: str) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise OAuthRefusal("invalid_request", 400, "application/x-www-form-urlencoded attendu")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=20)
    except ValueError:
        raise OAuthRefusal("invalid_request", 400, "formulaire illisible") from None
    if any(len(values) > 1 for values in fields.values()):
        raise OAuthRefusal("invalid_request", 400, "paramètre répété")
    return {name: values[0] for name, values in fields.items()}


def _authenticate(form: dict[str, str], header: str, accounts: AccountBook) -> Account:
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    kind, _, credentials = header.partition(" ")
    if kind.lower() == "basic":
        if "client_secret" in form:
            raise OAuthRefusal("invalid_request", 400, "une seule méthode d'authentification")
        try:
            name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, colon, password = "", "", ""
        client_id, secret = (unquote_plus(name), unquote_plus(password)) if colon else ("", "")
    account = accounts.authenticate(client_id, secret) if client_id and secret else None
    if account is None:
        raise OAuthRefusal("invalid_client", 401, "compte inconnu ou secret faux")
    return account


def _scope(account: Account, asked: str | None) -> frozenset[str]:
    if asked is None:
        return account.scopes
    scope = frozenset(asked.split())
    if not scope or not scope <= account.scopes:
        raise OAuthRefusal("invalid_scope", 400, "périmètre non accordé à ce compte")
    return scope
