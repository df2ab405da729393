"""Requests as they came (headers and body), for evidence in tests; memory is bounded, 0 bytes switches it off."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class RawRequest:
    """One request and what became of it; `outcome` is empty while it is being handled."""

    number: int
    received_at: datetime
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    client_structure: str
    outcome: str = ""
    check: str = ""
    status: int = 0
    operation: str = ""
    message_id: str = ""
    behaviour: str = ""


@dataclass(slots=True)
class Recorder:
    """The last requests within `max_bytes` and `max_count`."""

    max_bytes: int
    max_count: int
    _kept: deque[RawRequest] = field(default_factory=deque)
    _size: int = 0
    _next: int = 1

    def record(
        self, now: datetime, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes, structure: str
    ) -> RawRequest:
        """Return the record of a request; it is kept only when recording is on."""
        if self.max_bytes <= 0:
            return RawRequest(0, now, method, path, [], b"", structure)
        decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        entry = RawRequest(self._next, now, method, path, decoded, body, structure)
        self._next += 1
        self._kept.append(entry)
        self._size += len(body)
        while self._kept and (self._size > self.max_bytes or len(self._kept) > self.max_count):
            self._size -= len(self._kept.popleft().body)
        return entry

    def listing(self, after: int = 0) -> list[RawRequest]:
        """Return the kept requests with a number above `after`."""
        return [entry for entry in self._kept if entry.number > after]

    def get(self, number: int) -> RawRequest | None:
        """Return one kept request."""
        return next((entry for entry in self._kept if entry.number == number), None)

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()
        self._size = 0
