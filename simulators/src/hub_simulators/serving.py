"""uvicorn run inside somebody else's event loop: no signal handlers, ports known once started, ordered stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class MutualTlsProtocol(HttpToolsProtocol):
    """Hands the peer's certificate (DER) and the transport to the application, in the scope's `state`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read the certificate once per connection."""
        connection = transport.get_extra_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True) if connection is not None else None
        self.app_state = {**self.app_state, "peer_certificate": certificate, "transport": transport}
        super().connection_made(transport)


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to its owner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


class Listener:
    """One port and its application."""

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        date_header: bool = True,
    ) -> None:
        """`date_header` False: the application dates its answers itself."""
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=MutualTlsProtocol if tls else "httptools",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
            server_header=False,
            date_header=date_header,
            ssl_context_factory=(lambda _config, _default: tls()) if tls else None,
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._task = asyncio.get_running_loop().create_task(self._serve())
        while not self._server.started:
            if self._task.done():
                await self._task
                raise OSError("the server stopped while it was starting")
            await asyncio.sleep(0.005)

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit as problem:
            raise OSError("the port could not be opened") from problem

    @property
    def port(self) -> int:
        """The port really used."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening; idle connections are cut, requests in progress have one second."""
        self._server.should_exit = True
        for connection in list(self._server.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is None or cycle.response_complete:
                connection.transport.abort()
        if self._task is not None:
            await self._task


def mutual_tls(certificate: Path, key: Path, trust: Path) -> ssl.SSLContext:
    """Return a server context (TLS 1.2 or 1.3) that demands a client certificate of the trusted authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(trust)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def free_port(host: str) -> int:
    """Return a port that is free now, for addresses that must be known before listening."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
