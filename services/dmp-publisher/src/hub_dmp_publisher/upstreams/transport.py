"""One POST to the DMP over a structure's own mutual TLS: what surely did not leave is told from what may have.

One connection pool for all: aiohttp keys connections by TLS context, and each structure has a context of its own, so
that no connection is ever shared between structures. Idle connections close after 20 s, before the DMP closes them.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp

from hub_interop.soap.envelope import SoapRequest

IDLE_SECONDS = 20.0


class NeverSent(Exception):
    """The request did not leave: no connection. `text` is the TLS library's, without any content of ours."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.text = text


class OutcomeUnknown(Exception):
    """Bytes may have left and no complete answer came: `timeout`, `dropped`, `too_large`. `text`: the TLS library's."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.text = text


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer. `date` is the DMP's clock (to the second), None when it doesn't tell."""

    status: int
    content_type: str
    date: datetime | None
    body: bytes = field(repr=False)


class Transport:
    """The HTTP client. Open it inside the event loop; `close()` at the end."""

    def __init__(self, *, connect_seconds: float, max_answer_bytes: int) -> None:
        self._connect_seconds = connect_seconds
        self._limit = max_answer_bytes
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, context: ssl.SSLContext, request: SoapRequest, seconds: float) -> HttpAnswer:
        """The answer, redirects not followed. Raises NeverSent, OutcomeUnknown."""
        timeout = aiohttp.ClientTimeout(total=seconds, connect=self._connect_seconds)
        headers = {"Content-Type": request.content_type, "Accept-Encoding": "identity"}
        try:
            async with self._opened().post(
                url, data=request.body, headers=headers, ssl=context, allow_redirects=False, timeout=timeout
            ) as answer:
                body = await self._read(answer)
                return HttpAnswer(
                    answer.status, answer.headers.get("Content-Type", ""), _date(answer.headers.get("Date")), body
                )
        except aiohttp.ConnectionTimeoutError:
            raise NeverSent("connect_timeout") from None
        except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorCertificateError) as error:
            raise NeverSent("connect", _tls_text(error)) from None
        except TimeoutError:
            raise OutcomeUnknown("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise OutcomeUnknown("dropped", _tls_text(error)) from None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ttl_dns_cache=60)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > self._limit:
                answer.close()
                raise OutcomeUnknown("too_large")
        return bytes(body)


def _tls_text(error: BaseException) -> str:
    """The TLS library's words (`[SSL: …] tlsv13 alert certificate required`), "" when TLS had no part in it."""
    seen: BaseException | None = error
    while seen is not None:
        for candidate in (seen, getattr(seen, "os_error", None)):
            reason = getattr(candidate, "reason", None)
            if isinstance(candidate, ssl.SSLError) and isinstance(reason, str):
                return reason.replace("_", " ")
        seen = seen.__cause__ or seen.__context__
    return ""


def _date(header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
