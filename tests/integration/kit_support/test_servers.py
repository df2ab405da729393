"""Real servers on the loopback: mutual TLS and peer names, the body limit, ordered stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fastapi import Body, Depends, FastAPI, Request
from fastapi.responses import RedirectResponse

from hub_kit.clock import SystemClock
from hub_kit.security.jwks import http_fetch
from hub_kit.security.tls import client_context_from_memory, internal_client_context, internal_server_context
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web import HttpServer, create_app, require_peer
from hub_kit.web.server import request_stopping

LIMIT = 100_000
MIB = 1024 * 1024


@dataclass(frozen=True)
class Paths:
    """PEM files of one holder."""

    cert: Path
    key: Path


class Authority:
    """A small authority for the hub's own services, made at run time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.ca = folder / "ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        self.ca.write_bytes(self._certificate(self._name, self._key.public_key(), ca=True))

    def _certificate(self, subject: x509.Name, public: Any, *, ca: bool = False) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def issue(self, name: str) -> Paths:
        key = ec.generate_private_key(ec.SECP256R1())
        paths = Paths(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        paths.cert.write_bytes(self._certificate(subject, key.public_key()))
        paths.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths


async def started(server: HttpServer) -> asyncio.Task[None]:
    """The server, running; connections queue from `open()` on, so nobody has to wait for more."""
    server.open()
    return asyncio.create_task(server.run())


@asynccontextmanager
async def serving(app: FastAPI, **options: Any) -> AsyncIterator[HttpServer]:
    server = HttpServer(app, "localhost", 0, **options)
    task = await started(server)
    try:
        yield server
    finally:
        server.stop()
        await asyncio.wait_for(task, 20)


def demo_app() -> FastAPI:
    app = create_app("demo", clock=SystemClock(), metrics=Metrics(process=False), max_body_bytes=LIMIT)

    @app.get("/bytes", dependencies=[Depends(require_peer("dmp-publisher"))])
    async def content(request: Request) -> dict[str, str]:
        return {"peer": request.state.peer}

    @app.post("/any")
    async def anything(body: Any = Body()) -> dict[str, int]:  # noqa: B008
        return {"size": len(json.dumps(body))}

    @app.get("/wait")
    async def wait(request: Request) -> dict[str, bool]:
        await request_stopping(request.app.state).wait()
        return {"stopped": True}

    return app


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "hub-authority")


def tls_of(authority: Authority) -> ssl.SSLContext:
    own = authority.issue("document-builder")
    return internal_server_context(authority.ca, own.cert, own.key)


async def test_the_peer_is_known_on_every_request_of_a_kept_connection(authority: Authority) -> None:
    publisher, other = authority.issue("dmp-publisher"), authority.issue("gateway")
    async with serving(demo_app(), tls=tls_of(authority)) as server:
        context = internal_client_context(authority.ca, publisher.cert, publisher.key)
        async with httpx.AsyncClient(verify=context, base_url=server.url) as client:
            streams = set()
            for _ in range(3):
                async with client.stream("GET", "/bytes") as response:
                    streams.add(response.extensions["network_stream"].get_extra_info("client_addr"))
                    assert (response.status_code, json.loads(await response.aread())) == (
                        200,
                        {"peer": "dmp-publisher"},
                    )
            assert len(streams) == 1, "one connection served all"
        context = internal_client_context(authority.ca, other.cert, other.key)
        async with httpx.AsyncClient(verify=context, base_url=server.url) as client:
            response = await client.get("/bytes")
            assert (response.status_code, response.json()["code"]) == (403, "PEER_NOT_ALLOWED")


async def test_a_key_from_memory_works_as_client(authority: Authority) -> None:
    publisher = authority.issue("dmp-publisher")
    context = client_context_from_memory(
        publisher.cert.read_bytes(), publisher.key.read_bytes(), authority.ca.read_bytes()
    )
    async with serving(demo_app(), tls=tls_of(authority)) as server, httpx.AsyncClient(verify=context) as client:
        assert (await client.get(f"{server.url}/bytes")).json() == {"peer": "dmp-publisher"}


async def test_no_certificate_or_another_authoritys_gets_nowhere(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other-authority").issue("dmp-publisher")
    nobody = ssl.create_default_context(cafile=str(authority.ca))
    forged = internal_client_context(authority.ca, stranger.cert, stranger.key)
    async with serving(demo_app(), tls=tls_of(authority)) as server:
        for context in (nobody, forged):
            async with httpx.AsyncClient(verify=context) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(f"{server.url}/bytes")
        publisher = authority.issue("dmp-publisher")
        good = internal_client_context(authority.ca, publisher.cert, publisher.key)
        async with httpx.AsyncClient(verify=good) as client:
            assert (await client.get(f"{server.url}/bytes")).status_code == 200


def pieces(total: int) -> Callable[[], AsyncIterator[bytes]]:
    async def generate() -> AsyncIterator[bytes]:
        for _ in range(total // 65536):
            yield b"x" * 65536

    return generate


async def test_sixty_mebibytes_are_refused_and_the_service_stays_up() -> None:
    headers = {"content-type": "application/json"}
    async with serving(demo_app()) as server, httpx.AsyncClient(base_url=server.url) as client:
        announced = {**headers, "content-length": str(60 * MIB)}
        response = await client.post("/any", content=pieces(60 * MIB)(), headers=announced)
        assert (response.status_code, response.json()["code"]) == (413, "REQUEST_TOO_LARGE")
        assert "connection" not in response.headers
        assert (await client.post("/any", json="small")).json() == {"size": 7}
        response = await client.post("/any", content=pieces(60 * MIB)(), headers=headers)
        assert (response.status_code, response.json()["code"]) == (413, "REQUEST_TOO_LARGE")
        assert response.headers["connection"] == "close"
        assert (await client.post("/any", json="small")).json() == {"size": 7}


async def raw(server: HttpServer, *writes: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("localhost", server.port)
    try:
        for data in writes:
            writer.write(data)
            await writer.drain()
        return await asyncio.wait_for(reader.read(4096), 10)
    finally:
        writer.close()


async def test_broken_http_does_no_harm() -> None:
    head = b"POST /any HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    async with serving(demo_app()) as server, httpx.AsyncClient(base_url=server.url) as client:
        too_long = head + b"content-length: 5\r\n\r\n" + b"x" * 50
        assert (await raw(server, too_long)).startswith(b"HTTP/1.1 400")
        assert b" 400 " in await raw(server, b"\x16\x03\x01 not http\r\n\r\n")
        both = head + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        assert b" 400 " in await raw(server, both)
        expecting = head + b"content-length: 9999999\r\nexpect: 100-continue\r\n\r\n"
        assert (await raw(server, expecting)).startswith(b"HTTP/1.1 413")
        reader, writer = await asyncio.open_connection("localhost", server.port)
        writer.write(head + b"content-length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()
        del reader
        assert (await client.post("/any", json="small")).json() == {"size": 7}


async def test_a_long_poll_ends_when_the_server_stops() -> None:
    server = HttpServer(demo_app(), "localhost", 0)
    task = await started(server)
    async with httpx.AsyncClient(base_url=server.url) as client:
        waiting = asyncio.create_task(client.get("/wait"))
        await asyncio.sleep(0.1)
        server.stop()
        assert (await waiting).json() == {"stopped": True}
        await asyncio.wait_for(task, 10)
        with pytest.raises(httpx.ConnectError):
            await client.get("/wait")


async def test_keys_are_fetched_over_http() -> None:
    app = demo_app()
    app.add_api_route("/moved", lambda: RedirectResponse("/openapi.json"))
    async with serving(app) as server:
        document = json.loads(await http_fetch()(f"{server.url}/openapi.json"))
        assert document["openapi"].startswith("3.")
        with pytest.raises(OSError):
            await http_fetch()(f"{server.url}/absent")
        with pytest.raises(OSError):
            await http_fetch()(f"{server.url}/moved")
    with pytest.raises(ValueError, match="https"):
        await http_fetch()("file:///etc/hostname")


async def test_a_taken_port_is_an_error() -> None:
    async with serving(demo_app()) as server:
        with pytest.raises(OSError):
            HttpServer(demo_app(), "localhost", server.port).open()


_PROGRAM = """
import asyncio, sys
from hub_kit.run import Supervisor, Phase, run_loop
from hub_kit.telemetry.logs import configure_logs
configure_logs("demo")

async def main():
    supervisor = Supervisor(stop_seconds=5)
    asked = asyncio.Event()
    async def work():
        print("ready", flush=True)
        if "die" in sys.argv:
            raise KeyError("ZZMARQUEE")
        await asked.wait()
    supervisor.add("work", work, phase=Phase.WORK, stop=asked.set)
    return await supervisor.run()

sys.exit(run_loop(main))
"""


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (None, 70)])
async def test_signals_and_deaths_end_the_process_in_order(how: signal.Signals | None, code: int) -> None:
    arguments = [] if how is not None else ["die"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    if how is not None:
        os.kill(process.pid, how)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == code
    assert b"process.stopped" in out
    assert b"ZZMARQUEE" not in out + err
