"""JSON lines on standard output: one canonical line per request or event, nothing personal in any of them."""

from __future__ import annotations

import io
import logging
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from hub_kit.telemetry import tracing
from hub_kit.telemetry.errors import describe, is_own
from hub_kit.telemetry.redaction import scrub, scrub_mapping

Logger = structlog.typing.FilteringBoundLogger
_QUIET = {
    "uvicorn.access": None,
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "asyncio": "WARNING",
    "aiokafka": "WARNING",
}
_line: ContextVar[CanonicalLine | None] = ContextVar("hub_canonical_line", default=None)


def get_logger(name: str) -> Logger:
    """A logger; the event's name is the first argument (`"relay.sent"`), facts are keyword arguments."""
    logger: Logger = structlog.get_logger(component=name)
    return logger


def configure_logs(service: str, level: str = "INFO", stream: BinaryIO | None = None) -> None:
    """Route structlog and the standard library's logging to `stream` (standard output) as JSON lines."""
    out = stream if stream is not None else _stdout_bytes()
    shared = _processors(service)
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(out),
        cache_logger_on_first_use=stream is None,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ForeignHandler(shared, out)]
    root.setLevel(number)
    for name, wanted in _QUIET.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = wanted is not None
        if wanted is not None:
            logger.setLevel(max(number, logging.getLevelNamesMapping()[wanted]))
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _stdout_bytes() -> BinaryIO:
    buffer = getattr(sys.stdout, "buffer", None)
    return buffer if buffer is not None else io.BytesIO()


def _processors(service: str) -> list[Processor]:
    def add_common(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["at"] = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
        event["level"] = event.get("level", method)
        event["service"] = service
        span = tracing.current()
        if span is not None:
            event.setdefault("trace_id", span.trace_id)
        return event

    return [add_common, _show_exception, _redact, _render]


def _show_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = error
    return event


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    error = event.get("error")
    if isinstance(error, BaseException):
        event["error"] = None
    shown = scrub_mapping(event)
    if isinstance(error, BaseException):
        shown["error"] = describe(error)
    return shown


def _render(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)


class _ForeignHandler(logging.Handler):
    """Lines of libraries that use `logging`: the message's first line; exceptions in its arguments are only named."""

    def __init__(self, processors: list[Processor], out: BinaryIO) -> None:
        super().__init__()
        self._processors = processors
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        event: Any = {"event": "log", "component": record.name, "level": record.levelname.lower()}
        try:
            event["text"] = _foreign_text(record)
            if record.exc_info and record.exc_info[1] is not None:
                event["exc_info"] = record.exc_info[1]
            for processor in self._processors:
                event = processor(None, event["level"] if isinstance(event, MutableMapping) else "", event)
            self._out.write(event + b"\n")
            self._out.flush()
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say that a line was lost, without the line."""
        sys.stderr.write(f"a log line of {record.name} could not be written\n")


def _foreign_text(record: logging.LogRecord) -> str:
    args = record.args
    if isinstance(args, tuple):
        args = tuple(_plain(arg) for arg in args)
    elif isinstance(args, dict):
        args = {key: _plain(value) for key, value in args.items()}
    try:
        text = str(record.msg) % args if args else str(record.msg)
    except (TypeError, ValueError, KeyError):
        text = str(record.msg)
    if isinstance(record.msg, BaseException):
        text = type(record.msg).__name__
    return text.split("\n", 1)[0]


def _plain(arg: Any) -> Any:
    """An argument of a foreign line: numbers and scrubbed text; other objects only by their type."""
    if isinstance(arg, BaseException):
        return str(arg) if is_own(arg) else type(arg).__name__
    return arg if isinstance(arg, int | float) else scrub(arg)


class CanonicalLine:
    """Facts gathered while a request or an event is handled, written as one line at its end."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def add(self, **facts: Any) -> None:
        """Add or replace facts."""
        self.facts.update(facts)


def annotate(**facts: Any) -> None:
    """Add facts to the canonical line of the present request or event; nothing happens outside one."""
    line = _line.get()
    if line is not None:
        line.add(**facts)


@contextmanager
def gathering() -> Iterator[CanonicalLine]:
    """Gather facts (`annotate` reaches them from below) for a line that the caller writes itself."""
    line = CanonicalLine()
    token = _line.set(line)
    try:
        yield line
    finally:
        _line.reset(token)


@contextmanager
def canonical_line(
    event: str, logger: Logger, monotonic: Callable[[], float] = time.monotonic, **facts: Any
) -> Iterator[CanonicalLine]:
    """Gather facts and write one line at the end, with `duration_ms` and, if it fails, the exception (re-raised)."""
    started = monotonic()
    failure: BaseException | None = None
    with gathering() as line:
        line.add(**facts)
        try:
            yield line
        except BaseException as error:
            failure = error
            raise
        finally:
            line.add(duration_ms=round((monotonic() - started) * 1000, 2))
            if failure is None:
                logger.info(event, **line.facts)
            else:
                logger.error(event, **line.facts, exc_info=failure)


def bind(**facts: Any) -> Any:
    """A context manager: `request_id`, `act_id`… go on every line written inside it."""
    return bound_contextvars(**facts)
