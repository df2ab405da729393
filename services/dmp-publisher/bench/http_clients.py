"""CPU of one mutual-TLS multipart POST (~30 KB) by HTTP client: `python services/dmp-publisher/bench/http_clients.py`.

The server runs in another process; only the client's CPU is counted. Keep-alive, 8 calls at a time, TLS 1.3.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from hub_kit.security.tls import client_context_from_memory
from hub_simulators.pki import TestPki

CALLS, PARALLEL = 3000, 8
BODY = os.urandom(30_000)
HEADERS = {"Content-Type": 'multipart/related; boundary="uuid:b"'}

Post = Callable[[str], Awaitable[int]]


async def _app(_scope: dict[str, object], receive: Callable[[], Awaitable[dict[str, object]]], send: object) -> None:
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/soap+xml"), (b"content-length", b"900")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"x" * 900})  # type: ignore[operator]


async def serve(pki: Path) -> None:
    """The other process: prints its port, then serves until killed."""
    from hub_simulators.serving import Listener, mutual_tls

    listener = Listener(
        _app, "127.0.0.1", 0, tls=lambda: mutual_tls(pki / "server.crt.pem", pki / "server.key.pem", pki / "trust.pem")
    )
    await listener.start()
    sys.stdout.write(f"{listener.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def _measure(name: str, post: Post, url: str) -> None:
    await asyncio.gather(*(post(url) for _ in range(PARALLEL)))
    gate = asyncio.Semaphore(PARALLEL)

    async def one() -> None:
        async with gate:
            assert await post(url) == 200

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CALLS)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    sys.stdout.write(f"{name:16} {1000 * cpu / CALLS:6.3f} CPU-ms/call  {CALLS / wall:7.0f} calls/s\n")


async def main() -> None:
    """Measure the three clients in turn."""
    with tempfile.TemporaryDirectory() as folder:
        pki = TestPki.create(Path(folder))
        files = pki.issue_structure("1330000001", "PHARMACIE TEST").auth
        context = client_context_from_memory(
            files.certificate.read_bytes(), files.key.read_bytes(), pki.trust_file.read_bytes()
        )
        server = subprocess.Popen([sys.executable, __file__, "serve", folder], stdout=subprocess.PIPE, text=True)  # noqa: S603, ASYNC220
        assert server.stdout is not None
        try:
            url = f"https://localhost:{server.stdout.readline().strip()}/x"
            async with httpx.AsyncClient(verify=context, timeout=30) as client:
                await _measure("httpx", lambda u: _httpx(client, u), url)
            async with httpx.AsyncClient(transport=AiohttpTransport(verify=context), timeout=30) as client:
                await _measure("httpx-aiohttp", lambda u: _httpx(client, u), url)
            async with aiohttp.ClientSession() as session:
                await _measure("aiohttp", lambda u: _aiohttp(session, u, context), url)
        finally:
            server.kill()


async def _httpx(client: httpx.AsyncClient, url: str) -> int:
    answer = await client.post(url, content=BODY, headers=HEADERS)
    return answer.status_code


async def _aiohttp(session: aiohttp.ClientSession, url: str, context: object) -> int:
    async with session.post(url, data=BODY, headers=HEADERS, ssl=context, allow_redirects=False) as answer:  # type: ignore[arg-type]
        await answer.read()
        return answer.status


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[2])) if sys.argv[1:2] == ["serve"] else main())
