"""Logs without persons, metrics, traces, health."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import structlog
from pydantic import BaseModel

from hub_contracts.errors import ErrorCode
from hub_kit.clock import ManualClock
from hub_kit.errors import HubError
from hub_kit.telemetry import logs, tracing
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.errors import describe
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics
from hub_kit.telemetry.redaction import HIDDEN, scrub, scrub_text

MARKED_NAME = "ZZMARQUEE-DUPONTEL"
MARKED_INS = "279035121518989"


class Output:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue().decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def output() -> Iterator[Output]:
    """Logs of this test, at all levels; the session's configuration comes back afterwards."""
    captured = Output()
    saved = dict(structlog.get_config())
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure_logs("test", "DEBUG", captured.stream)
    yield captured
    structlog.configure(**saved)
    root.handlers[:] = handlers
    root.setLevel(level)


class Person(BaseModel):
    """A model with a strict field."""

    name: int


def marked_failure() -> None:
    """An exception chain full of personal data, as libraries make them."""
    try:
        try:
            Person.model_validate({"name": MARKED_NAME})
        except ValueError as error:
            raise KeyError(MARKED_NAME + MARKED_INS) from error
    except KeyError as error:
        raise asyncpg.UniqueViolationError(f"Key (name)=({MARKED_NAME}) already exists.") from error


@pytest.mark.parametrize(
    "text",
    [
        MARKED_INS,
        "2 79 03 51 215 189 89",
        "2 79 03 51 215 189",
        "2790351215189",
        "1 85 12 2A 004 123 45",
        "185122B00412345",
        f"patient={MARKED_INS}^^^&1.2.250.1.213.1.4.10&ISO^NH",
        "ecrire à jeanne.durand+x@exemple.test svp",
        "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
        "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE cut",
        "postgresql://user:motdepasse@host/db",
    ],
)
def test_values_that_look_personal_or_secret_are_hidden(text: str) -> None:
    shown = scrub_text(text)
    assert HIDDEN in shown
    for piece in ("215", "189", "004", "eyJ", "jeanne", "MIIE", "motdepasse"):
        assert piece not in shown


@pytest.mark.parametrize(
    "text",
    [
        "0193a5f2-7c1e-7d3a-9b1f-279035121518",
        "2026-11-24T09:00:00.123+00:00",
        "2.25.329800735698586629295641978511506172918",
        "801234567897",
        "1330000001",
        "a3f1279035121518989b" + "0" * 44,
        "hub.act",
    ],
)
def test_identifiers_of_ours_stay(text: str) -> None:
    assert scrub_text(text) == text


def test_numbers_bytes_and_objects() -> None:
    assert scrub(int(MARKED_INS)) == HIDDEN
    assert scrub(1_234_567) == 1_234_567
    assert scrub(True) is True
    assert scrub(MARKED_NAME.encode()) == "<bytes>"
    assert scrub(Person(name=3)) == "<Person>"
    assert scrub(ErrorCode.DMP_CLOSED) == "DMP_CLOSED"
    deep: dict[str, Any] = {}
    node = deep
    for _ in range(20):
        node["x"] = {"matricule": MARKED_INS}
        node = node["x"]
    assert MARKED_INS not in json.dumps(scrub(deep))


def test_denied_keys_are_hidden_at_every_depth(output: Output) -> None:
    logs.get_logger("t").info(
        "act.received",
        act_id=UUID(int=7),
        matricule=MARKED_INS,
        details=[{"Birth-Name": MARKED_NAME, "fine": 1}],
        token="abc",
    )
    (line,) = output.lines
    assert line["act_id"] == str(UUID(int=7))
    assert (line["matricule"], line["token"]) == (HIDDEN, HIDDEN)
    assert line["details"] == [{"Birth-Name": HIDDEN, "fine": 1}]
    assert line["event"] == "act.received"
    assert line["service"] == "test"


def test_foreign_exceptions_show_type_code_and_frames_only(output: Output) -> None:
    try:
        marked_failure()
    except asyncpg.UniqueViolationError:
        logs.get_logger("t").error("boom", exc_info=True)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        logging.getLogger("aiokafka").error("failed: %s", ValueError(MARKED_NAME))
        as_asyncio_does = "\n".join(("Task exception was never retrieved", f"future: <{MARKED_NAME}>"))
        logging.getLogger("asyncio").error(as_asyncio_does)
        logging.getLogger("other").error(ValueError(MARKED_NAME))
    assert MARKED_NAME not in output.text
    assert MARKED_INS not in output.text
    first = output.lines[0]["error"]
    assert first["type"] == "asyncpg.exceptions.UniqueViolationError"
    assert first["sqlstate"] == "23505"
    assert first["frames"][-1].endswith(":marked_failure")
    assert first["cause"]["type"] == "KeyError"
    assert first["cause"]["cause"]["kinds"] == ["int_parsing"]
    assert output.lines[2]["text"] == "failed: ValueError"
    assert output.lines[3]["text"] == "Task exception was never retrieved"


def test_own_exceptions_keep_code_and_sentence() -> None:
    shown = describe(HubError(ErrorCode.DMP_CLOSED))
    assert shown["code"] == "DMP_CLOSED"
    assert "fermé" in shown["message"]


def test_exception_groups_show_their_members() -> None:
    shown = describe(ExceptionGroup(MARKED_NAME, [ValueError(MARKED_NAME), HubError(ErrorCode.DMP_CLOSED)]))
    assert MARKED_NAME not in json.dumps(shown)
    assert [member["type"] for member in shown["members"]] == ["ValueError", "hub_kit.errors.HubError"]


def test_the_canonical_line_gathers_facts_and_failures(output: Output) -> None:
    log = logs.get_logger("t")
    with logs.bind(request_id="r1"), logs.canonical_line("event.handled", log, kind="x"):
        logs.annotate(act_id="a1")
    with pytest.raises(ValueError), logs.canonical_line("event.handled", log):
        raise ValueError(MARKED_NAME)
    logs.annotate(nobody="listens")
    good, bad = output.lines
    assert (good["kind"], good["act_id"], good["request_id"], good["level"]) == ("x", "a1", "r1", "info")
    assert good["duration_ms"] >= 0
    assert (bad["level"], bad["error"]["type"]) == ("error", "ValueError")
    assert MARKED_NAME not in output.text


def test_a_line_that_cannot_be_written_is_not_shown_either(output: Output, capsys: Any) -> None:
    output.stream.close()
    logging.getLogger("other").error("%s", MARKED_NAME)
    assert capsys.readouterr().err == "a log line of other could not be written\n"


def test_lines_go_to_standard_output_as_json() -> None:
    program = (
        "from hub_kit.telemetry.logs import *; import logging; configure_logs('s');"
        "get_logger('x').info('hello', n=1); logging.getLogger('lib').warning('there')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["hello", "log"]
    assert done.stderr == ""


def test_metrics_are_typed_named_and_rendered() -> None:
    own = defs.CounterDef("hub_demo_total", "Demo.", ("kind",))
    metrics = Metrics([own], process=False)
    metrics.inc(own, "a", amount=2)
    metrics.set(defs.OUTBOX_PENDING, 4)
    metrics.observe(defs.LOOP_LAG_SECONDS, 0.02)
    metrics.replace(defs.DEAD_ITEMS, {("x",): 3})
    metrics.replace(defs.DEAD_ITEMS, {("y",): 1})
    assert metrics.value(own, "a") == 2
    assert metrics.value(defs.LOOP_LAG_SECONDS) == 1
    assert metrics.value(defs.DEAD_ITEMS, "x") == 0
    body, content_type = metrics.render()
    assert b'hub_demo_total{kind="a"} 2.0' in body
    assert b"hub_outbox_pending 4.0" in body
    assert content_type.startswith("text/plain")
    with pytest.raises(KeyError):
        metrics.inc(defs.CounterDef("hub_stranger_total", "Not in a catalogue."))
    with pytest.raises(ValueError, match="hub_"):
        defs.GaugeDef("other", "")


def test_catalogue_names_are_unique_and_no_label_can_name_a_person() -> None:
    names = [definition.name for definition in defs.CATALOGUE]
    assert len(names) == len(set(names)) > 20
    labels = {label for definition in defs.CATALOGUE for label in definition.labels}
    assert not labels & {"act_id", "patient_id", "matricule", "structure_id", "path", "url"}


def test_traceparent_is_read_made_and_passed_on() -> None:
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with tracing.span(header) as outer:
        assert outer.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert outer.span_id != "00f067aa0ba902b7"
        with tracing.span() as inner:
            assert inner.trace_id == outer.trace_id
            assert tracing.current_header() == str(inner)
            assert tracing.parse(str(inner)) == inner
    assert tracing.current() is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
    ],
)
def test_a_bad_traceparent_is_ignored(header: str | None) -> None:
    assert tracing.parse(header) is None


async def test_health_names_what_fails_and_keeps_results_a_moment() -> None:
    clock = ManualClock(datetime(2026, 11, 24, tzinfo=UTC))
    metrics = Metrics(process=False)
    health = Health(clock, metrics, limit_seconds=0.05)
    calls = 0
    answer: list[str | None] = [None]

    async def database() -> str | None:
        nonlocal calls
        calls += 1
        return answer[0]

    async def raises() -> str | None:
        raise ValueError(MARKED_NAME)

    async def hangs() -> str | None:
        await asyncio.sleep(60)
        return None

    health.add("database", database)
    assert (await health.report()).ready
    answer[0] = "down"
    assert (await health.report()).ready, "kept for a second"
    clock.advance(1.5)
    assert (await health.report()).problems == {"database": "down"}
    assert calls == 2
    assert metrics.value(defs.READY) == 0
    health.add("raises", raises, decisive=False)
    health.add("hangs", hangs)
    report = await health.report()
    assert report.degraded == {"raises": "failed: ValueError"}
    assert report.problems["hangs"].startswith("no answer")
    with pytest.raises(ValueError, match="twice"):
        health.add("hangs", hangs)
    assert health.alive is None
    health.dying("loop stuck")
    assert health.alive == "loop stuck"
    health.stopping()
    assert (await health.report()).problems == {"process": "stopping"}
