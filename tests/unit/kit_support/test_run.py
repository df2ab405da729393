"""Supervision: order of stopping, deaths, hurry, failpoints, the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from typer.testing import CliRunner

from hub_kit import cli
from hub_kit.clock import SystemClock
from hub_kit.faults import InjectedFault, reach, set_faults
from hub_kit.run import EXIT_OK, EXIT_SLOW_STOP, EXIT_TASK_DIED, Phase, Supervisor, run_loop
from hub_kit.settings import ServiceSettings
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics


class Member:
    """A task that ends when told, and writes down that it did."""

    def __init__(self, name: str, journal: list[str], *, stubborn: bool = False) -> None:
        self.name, self.journal, self.stubborn = name, journal, stubborn
        self.asked = asyncio.Event()

    async def run(self) -> None:
        try:
            await self.asked.wait()
            if self.stubborn:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.journal.append(f"{self.name} cancelled")
            raise
        self.journal.append(f"{self.name} ended")

    def stop(self) -> None:
        self.asked.set()


@asynccontextmanager
async def resource(journal: list[str]) -> AsyncIterator[None]:
    yield
    journal.append("pool closed")


async def test_the_order_is_intake_work_relay_watch_resources() -> None:
    journal: list[str] = []
    metrics = Metrics(process=False)
    supervisor = Supervisor(metrics=metrics)
    await supervisor.resources.enter_async_context(resource(journal))
    for phase in (Phase.RELAY, Phase.INTAKE, Phase.WORK):
        member = Member(phase.name, journal)
        supervisor.add(phase.name, member.run, phase=phase, stop=member.stop)
    supervisor.add("watch", Member("watch", journal).run, phase=Phase.WATCH)
    running = asyncio.create_task(supervisor.run(signals=False))
    await asyncio.sleep(0.01)
    assert metrics.value(defs.TASKS_RUNNING) == 5
    supervisor.request_stop()
    assert await running == EXIT_OK
    assert journal == ["INTAKE ended", "WORK ended", "RELAY ended", "watch cancelled", "pool closed"]


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_one_dies_all_stop(how: str) -> None:
    journal: list[str] = []
    health = Health(SystemClock())
    supervisor = Supervisor(health=health)
    member = Member("other", journal)
    supervisor.add("other", member.run, phase=Phase.WORK, stop=member.stop)

    async def dying() -> None:
        await asyncio.sleep(0)
        if how == "raises":
            raise KeyError("x")

    supervisor.add("dying", dying, phase=Phase.INTAKE)
    assert await supervisor.run(signals=False) == EXIT_TASK_DIED
    assert journal == ["other ended"]
    assert (await health.report()).problems == {"process": "stopping"}


async def test_who_does_not_end_in_time_is_cancelled_and_said_so() -> None:
    journal: list[str] = []
    supervisor = Supervisor(stop_seconds=0.2)
    slow, good = Member("slow", journal, stubborn=True), Member("good", journal)
    supervisor.add("slow", slow.run, phase=Phase.INTAKE, stop=slow.stop)
    supervisor.add("good", good.run, phase=Phase.WORK, stop=good.stop)
    supervisor.request_stop()
    assert await supervisor.run(signals=False) == EXIT_SLOW_STOP
    assert journal == ["slow cancelled", "good ended"]


async def test_a_second_request_hurries() -> None:
    journal: list[str] = []
    supervisor = Supervisor(stop_seconds=3600)
    slow = Member("slow", journal, stubborn=True)
    supervisor.add("slow", slow.run, phase=Phase.INTAKE, stop=slow.stop)
    running = asyncio.create_task(supervisor.run(signals=False))
    await asyncio.sleep(0.01)
    supervisor.request_stop()
    await asyncio.sleep(0.01)
    supervisor.request_stop()
    assert await running == EXIT_SLOW_STOP
    assert journal == ["slow cancelled"]


async def test_a_failure_while_stopping_does_not_keep_the_rest_from_stopping() -> None:
    journal: list[str] = []
    asked = asyncio.Event()

    async def fails() -> None:
        await asked.wait()
        raise KeyError("x")

    supervisor = Supervisor()
    good = Member("good", journal)
    supervisor.add("fails", fails, phase=Phase.INTAKE, stop=asked.set)
    supervisor.add("good", good.run, phase=Phase.RELAY, stop=good.stop)
    supervisor.request_stop()
    assert await supervisor.run(signals=False) == EXIT_OK
    assert journal == ["good ended"]


@pytest.fixture
def no_faults() -> Iterator[None]:
    yield
    set_faults("")


def test_failpoints(no_faults: None) -> None:
    reach("after_claim")
    set_faults("after_claim=raise, other=hang")
    with pytest.raises(InjectedFault):
        reach("after_claim")
    reach("elsewhere")
    with pytest.raises(ValueError, match="unknown action"):
        set_faults("x=explode")


class Demo(ServiceSettings):
    """A service's settings."""

    service: ClassVar[str] = "cli-demo"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(cli, "configure_logs", lambda *_: None)
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://u:tres-secret@127.0.0.1:1/x")


def test_the_command_line(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    async def build(settings: Demo, supervisor: Supervisor, health: Health, metrics: Metrics) -> None:
        built.append(settings.service)
        supervisor.request_stop()

    app = cli.service_app(Demo, build, migrations=[("hub_kit", "migrations/service")], stream="hub.act")
    runner = CliRunner()
    assert runner.invoke(app, ["serve"]).exit_code == 0
    assert built == ["cli-demo"]
    assert runner.invoke(app, ["check"]).exit_code == 0
    assert "| `HUB_KEK_FILE` |" in runner.invoke(app, ["check", "--table"]).output
    assert runner.invoke(app, ["replay", "--who", "o", "--why", "w"]).exit_code == 2
    monkeypatch.setenv("HUB_HTTP_PORT", "tres-secret")
    wrong = runner.invoke(app, ["serve"])
    assert wrong.exit_code == cli.EXIT_CONFIG
    assert "HTTP_PORT" in wrong.output
    assert "tres-secret" not in wrong.output


def test_a_service_that_cannot_start_closes_what_it_opened(environment: None) -> None:
    journal: list[str] = []

    async def build(settings: Demo, supervisor: Supervisor, health: Health, metrics: Metrics) -> None:
        await supervisor.resources.enter_async_context(resource(journal))
        raise OSError("no database")

    app = cli.service_app(Demo, build, migrations=[])
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == cli.EXIT_CONFIG
    assert journal == ["pool closed"]
    assert "no database" not in result.output


def test_the_loop_is_uvloop() -> None:
    async def main() -> int:
        return 3 if "uvloop" in type(asyncio.get_running_loop()).__module__ else 4

    assert run_loop(main) == 3
