"""The issuer in the running event loop."""

from __future__ import annotations

import ssl
from types import TracebackType

from fastapi import FastAPI

from hub_simulators.clock import Clock, SystemClock
from hub_simulators.issuer.accounts import AccountBook
from hub_simulators.issuer.app import IssuerSettings, build_issuer
from hub_simulators.issuer.keys import KeyRing
from hub_simulators.serving import Listener, free_port


class TokenIssuer:
    """`async with TokenIssuer(settings) as issuer: issuer.url` is its base address and, by default, its `iss`."""

    def __init__(self, settings: IssuerSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.accounts = AccountBook(settings.accounts)
        self.keys = KeyRing(settings.directory, self.clock.now())
        port = settings.port or free_port(settings.host)
        scheme = "https" if settings.certificate else "http"
        host = "localhost" if settings.certificate and settings.host == "127.0.0.1" else settings.host
        self.url = f"{scheme}://{host}:{port}"
        self.app: FastAPI = build_issuer(settings, settings.issuer or self.url, self.accounts, self.keys, self.clock)
        self._listener = Listener(self.app, settings.host, port, tls=self._tls if settings.certificate else None)

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(self.settings.certificate), str(self.settings.key))
        return context

    async def start(self) -> None:
        """Listen."""
        await self._listener.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._listener.stop()

    async def __aenter__(self) -> TokenIssuer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
