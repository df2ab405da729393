"""Who asks, and what for: the token, its account, the structures it may act for (design rule 14)."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from hub_contracts.errors import ErrorCode
from hub_gateway.domain.standing import Scope
from hub_gateway.handlers.desk import Visitor, available
from hub_gateway.store.standing import Standings
from hub_kit.clock import Clock
from hub_kit.errors import HubError
from hub_kit.security.tokens import TokenVerifier, require_scope
from hub_kit.telemetry.logs import annotate

MAX_KEY_CHARS = 200
NOT_REGISTERED = "Ce compte n'est pas inscrit dans le hub, ou il y est suspendu."


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks each request before anything else is looked at."""

    tokens: TokenVerifier
    standings: Standings
    clock: Clock

    async def enter(self, request: Request, scope: Scope) -> Visitor:
        """The visitor, with the structures for which both token and membership give `scope`.

        Raises HubError TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, SCOPE_MISSING, STRUCTURE_NOT_MEMBER (the account is
        unknown or suspended), SERVICE_UNAVAILABLE.
        """
        token = await self.tokens.verify_header(request.headers.get("authorization"))
        require_scope(token, scope)
        async with available():
            account = await self.standings.account(token.client_id)
        if account is None or not account.active or account.issuer not in (None, token.issuer):
            raise HubError(ErrorCode.STRUCTURE_NOT_MEMBER, detail=NOT_REGISTERED)
        annotate(account_id=str(account.account_id))
        return Visitor(account, account.structures(scope, self.clock.now()))


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header. Raises HubError REQUEST_INVALID when it is empty, too long or not printable ASCII."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not key or len(key) > MAX_KEY_CHARS or not (key.isascii() and key.isprintable()):
        detail = f"L'en-tête Idempotency-Key doit compter 1 à {MAX_KEY_CHARS} caractères imprimables."
        raise HubError(ErrorCode.REQUEST_INVALID, detail=detail)
    return key


__all__ = ["Gate", "Scope", "idempotency_key"]
