"""uvicorn inside our own event loop: no signal handlers of its own, ordered stop, peer name on every request."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub_kit.web.peers import common_name


class PeerProtocol(HttpToolsProtocol):
    """Puts the client certificate's common name in `request.state.peer` for all requests of the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read the certificate once, after the handshake."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        peer = common_name(tls.getpeercert()) if tls is not None else None
        self.app_state = {**self.app_state, "peer": peer}


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the supervisor's."""
        yield


class HttpServer:
    """One listening server. `open()` binds (so that port 0 is known), `run()` serves until `stop()`."""

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        grace_seconds: int = 3,
        keep_alive_seconds: int = 75,
    ) -> None:
        self._app = app
        self._host = host
        self._wanted_port = port
        self._tls = tls
        self._socket: socket.socket | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                http=PeerProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                timeout_keep_alive=keep_alive_seconds,
                timeout_graceful_shutdown=grace_seconds,
                ssl_context_factory=None if tls is None else (lambda _config, _default: tls),
            )
        )
        self.stopping = asyncio.Event()
        app.state.stopping = self.stopping

    def open(self) -> None:
        """Bind and listen. Raises OSError when the address is taken."""
        infos = socket.getaddrinfo(self._host, self._wanted_port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        family, _, protocol, _, address = infos[0]
        listener = socket.socket(family, socket.SOCK_STREAM, protocol)  # asyncio sets TCP_NODELAY only then
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        self._socket = listener

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._socket is not None, "open() first"
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """`http(s)://host:port`."""
        return f"{'http' if self._tls is None else 'https'}://{self._host}:{self.port}"

    async def run(self) -> None:
        """Serve until `stop()`: requests under way have `grace_seconds` to end."""
        if self._socket is None:
            self.open()
        assert self._socket is not None
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Take no more requests; `run()` returns when those under way have ended. Long polls watch `stopping`."""
        self.stopping.set()
        self._server.should_exit = True

    @property
    def started(self) -> bool:
        """True once connections are taken."""
        return bool(self._server.started)


def request_stopping(state: Any) -> asyncio.Event:
    """The event that is set when the server stops, for long polls: `request_stopping(request.app.state)`."""
    event: asyncio.Event = state.stopping
    return event
