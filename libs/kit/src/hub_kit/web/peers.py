"""Who calls over mutual TLS: the common name of the client's certificate, checked by the handshake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from hub_contracts.errors import ErrorCode
from hub_kit.errors import HubError


def require_peer(*names: str) -> Callable[[Request], Awaitable[str]]:
    """A FastAPI dependency: the caller's name, which must be one of `names`.

    Raises HubError PEER_NOT_ALLOWED for anybody else, also when there was no client certificate.
    """
    allowed = frozenset(names)

    async def dependency(request: Request) -> str:
        peer = getattr(request.state, "peer", None)
        if peer not in allowed:
            raise HubError(ErrorCode.PEER_NOT_ALLOWED)
        return str(peer)

    return dependency


def common_name(certificate: dict[str, Any] | None) -> str | None:
    """The CN of a certificate as `ssl` gives it, None when there isn't exactly one."""
    subject = (certificate or {}).get("subject", ())
    names = [value for group in subject for key, value in group if key == "commonName"]
    return names[0] if len(names) == 1 else None
