"""W3C Trace Context, the part we need: make, read, pass on (no SDK)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_current: ContextVar[Traceparent | None] = ContextVar("hub_traceparent", default=None)


@dataclass(frozen=True, slots=True)
class Traceparent:
    """`trace_id` 32 hex digits, `span_id` 16 hex digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> Traceparent:
        """A new span of the same trace."""
        return Traceparent(self.trace_id, secrets.token_hex(8), self.sampled)


def new_trace() -> Traceparent:
    """A trace that starts here."""
    return Traceparent(secrets.token_hex(16), secrets.token_hex(8))


def parse(text: str | None) -> Traceparent | None:
    """The traceparent in a header, None when absent or malformed (it is then ignored, W3C Trace Context §3.2)."""
    match = _FORM.fullmatch(text or "")
    if match is None:
        return None
    version, trace_id, span_id, flags = match.groups()
    if version == "ff" or trace_id == "0" * 32 or span_id == "0" * 16 or (version == "00" and len(text or "") != 55):
        return None
    return Traceparent(trace_id, span_id, bool(int(flags, 16) & 1))


def current() -> Traceparent | None:
    """The span this task works in, if any."""
    return _current.get()


def current_header() -> str | None:
    """The current span as a header value, to store with an event or send upstream."""
    span = _current.get()
    return None if span is None else str(span)


@contextmanager
def span(parent: str | None = None) -> Iterator[Traceparent]:
    """Work in a child of `parent` (a header value), else of the current span, else in a new trace."""
    above = parse(parent) or _current.get()
    here = above.child() if above is not None else new_trace()
    token = _current.set(here)
    try:
        yield here
    finally:
        _current.reset(token)
