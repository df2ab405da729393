"""Starts, stops, restarts and sudden deaths of the infrastructure, as a user meets them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from hub_local.errors import AlreadyRunning, JarsRefused, ProcessFailed
from hub_local.infra import LocalInfra
from hub_local.kafka import admin_client, client_context
from hub_local.layout import Layout
from hub_local.ports import pick_ports
from hub_local.postgres import LocalPostgres
from hub_local.supervisor import ProcessSpec, Supervisor

pytestmark = pytest.mark.infra
NOWHERE = "http://127.0.0.1:9"
LIMIT_SECONDS = 60.0


@pytest.fixture
def layout(shared_jars: Path, tmp_path: Path) -> Layout:
    return Layout.at(tmp_path / "data", shared_jars)


def _elsewhere(layout: Layout) -> Path | None:
    """The directory outside the data directory that PostgreSQL runs in (root only, see postgres_home), if any."""
    record = layout.data / "postgres-elsewhere"
    return Path(record.read_text()) if record.exists() else None


def _nothing_left(layout: Layout, elsewhere: Path | None) -> bool:
    return _elsewhere(layout) is None and (elsewhere is None or not elsewhere.exists())


def _environ(layout: Layout) -> dict[str, str]:
    """A user's environment without a network: every proxy leads nowhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"), NOWHERE)
    return kept | proxies | {"HUB_DATA_DIR": str(layout.data), "HUB_JAR_CACHE": str(layout.jar_cache)}


def _hub_local(layout: Layout, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub_local", *arguments]
    return subprocess.run(command, env=_environ(layout), capture_output=True, text=True, timeout=180, check=False)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _family(state: dict[str, Any]) -> set[int]:
    """The keeper, its children and their children."""
    parents = {
        int(folder.name): int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and (folder / "stat").exists()
    }
    family: set[int] = {state["keeper_pid"]}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


async def _sql(infra: LocalInfra, statement: str) -> Any:
    connection = await asyncpg.connect(infra.database_admin_url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def _kafka_options(infra: LocalInfra, service: str) -> dict[str, Any]:
    context = client_context(infra.kafka_credential(service))
    return {"bootstrap_servers": infra.kafka_bootstrap, "security_protocol": "SSL", "ssl_context": context}


def _publish(infra: LocalInfra, value: bytes) -> None:
    producer = KafkaProducer(**_kafka_options(infra, "gateway"))
    producer.send("hub.act", value, partition=0).get(30)
    producer.close()


def _published(infra: LocalInfra) -> list[bytes]:
    consumer = KafkaConsumer(
        **_kafka_options(infra, "audit"), group_id="hub.audit", auto_offset_reset="earliest", enable_auto_commit=False
    )
    partition = TopicPartition("hub.act", 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    for _ in range(int(LIMIT_SECONDS)):
        values += [record.value for batch in consumer.poll(1000).values() for record in batch]
        if len(values) >= end:
            break
    consumer.close()
    return values


def _pause_and_resume(infra: LocalInfra) -> None:
    """Both servers stop and start again in place, as a chaos test has them do."""
    addresses = (infra.kafka_bootstrap, infra.database_admin_url)
    assert infra.kafka is not None
    assert infra.postgres is not None
    infra.kafka.pause()
    infra.postgres.pause()
    assert infra.supervisor.status() == {}
    infra.kafka.resume()
    infra.postgres.resume()
    assert (infra.kafka_bootstrap, infra.database_admin_url) == addresses


def test_a_restart_keeps_data_even_on_other_ports(layout: Layout) -> None:
    with LocalInfra(layout, environ={}) as infra:
        infra.reconcile_topics()
        _publish(infra, b"kept")
        asyncio.run(_sql(infra, "create table kept as select 42 as answer"))
        _pause_and_resume(infra)
        assert _published(infra) == [b"kept"]
        elsewhere = _elsewhere(layout)
    assert _nothing_left(layout, elsewhere)
    layout.update_state(ports=None)
    with LocalInfra(layout, environ={}) as infra:
        assert not infra.reconcile_topics().changed
        assert _published(infra) == [b"kept"]
        assert asyncio.run(_sql(infra, "select answer from kept")) == 42
        elsewhere = _elsewhere(layout)
    assert _nothing_left(layout, elsewhere)


@pytest.mark.parametrize("victim", ["pid", "keeper_pid"])
def test_no_process_outlives_the_supervisor_nor_the_keeper(layout: Layout, victim: str) -> None:
    started = _hub_local(layout, "infra-up", "--detach")  # offline: the jars are there
    assert started.returncode == 0, started.stderr
    state = layout.read_run()
    family, elsewhere = _family(state), _elsewhere(layout)
    assert len(family) >= 4, "the keeper, the broker, the database and its workers"
    os.kill(state[victim], signal.SIGKILL)
    _wait_until(lambda: not any(map(_alive, family)), "every process gone")
    _wait_until(lambda: not layout.is_running(), "the data directory free")
    assert _hub_local(layout, "down").returncode == 0  # brings the cluster back
    assert _nothing_left(layout, elsewhere)
    assert (layout.postgres / "cluster" / "PG_VERSION").exists()


def test_commands_say_what_runs_and_leave_nothing(layout: Layout) -> None:
    assert _hub_local(layout, "status").returncode == 3
    assert _hub_local(layout, "infra-up", "--detach").returncode == 0
    state = layout.read_run()
    assert set(state["processes"]) == {"kafka", "postgres"}
    status = _hub_local(layout, "status")
    assert (status.returncode, state["kafka_bootstrap"] in status.stdout) == (0, True)
    second = _hub_local(layout, "infra-up")
    assert second.returncode == 1
    assert "LOCAL_ALREADY_RUNNING" in second.stderr
    elsewhere = _elsewhere(layout)
    os.kill(state["pid"], signal.SIGKILL)  # clean tidies up after a killed run too
    cleaned = _hub_local(layout, "clean")
    assert cleaned.returncode == 0, cleaned.stderr
    assert not layout.data.exists()
    assert _nothing_left(layout, elsewhere)


def test_the_foreground_run_stops_in_order_on_ctrl_c(layout: Layout) -> None:
    command = [sys.executable, "-m", "hub_local", "infra-up"]
    process = subprocess.Popen(command, env=_environ(layout), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _wait_until(lambda: "ready" in layout.read_run() or process.poll() is not None, "a start")
    family = _family(layout.read_run())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, errors
    assert not any(map(_alive, family))
    assert set(layout.read_state()) == {"ports"}
    assert "database system is shut down" in (layout.logs / "postgres.log").read_text()


def test_a_server_that_dies_ends_the_run_and_is_named(layout: Layout) -> None:
    command = [sys.executable, "-m", "hub_local", "infra-up"]
    process = subprocess.Popen(command, env=_environ(layout), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _wait_until(lambda: "ready" in layout.read_run() or process.poll() is not None, "a start")
    family = _family(layout.read_run())
    os.kill(layout.read_run()["processes"]["kafka"], signal.SIGKILL)
    _, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 1
    assert b"kafka (status -9) ended by itself" in errors
    assert not any(map(_alive, family))


def test_another_jar_is_refused_before_anything_starts(layout: Layout, tmp_path: Path) -> None:
    own = Layout.at(layout.data, tmp_path / "jars")
    shutil.copytree(layout.jar_cache, own.jar_cache)
    jar = next(own.jar_cache.glob("kafka-*/kafka-clients-*.jar"))
    jar.write_bytes(jar.read_bytes()[:-1])
    with pytest.raises(JarsRefused, match=rf"different content: {jar.name}"):
        LocalInfra(own, environ={}).start()
    assert not own.is_running()
    assert not (own.logs / "kafka.log").exists()


def test_two_supervisors_do_not_share_a_directory_and_others_attach(layout: Layout) -> None:
    with LocalInfra(layout, environ={}) as infra:
        infra.reconcile_topics()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hub_local.infra.LOCK_WAIT_SECONDS", 0.0)
            with pytest.raises(AlreadyRunning):
                LocalInfra(layout, environ={}).start()
        state = layout.read_state()
        with LocalInfra(environ=infra.environment(), shared=True) as attached:
            assert attached.kafka is None
            assert attached.postgres is None
            assert attached.supervisor.status() == {}
            assert not attached.reconcile_topics().changed
            ours = asyncio.run(attached.provision_databases())
        assert layout.read_state() == state
        assert asyncio.run(infra.provision_databases()) == ours
        client = admin_client(infra.kafka_bootstrap, infra.kafka_admin)
        assert len(client.list_topics()) > 0
        client.close()


def test_secrets_are_in_no_log_and_no_state(layout: Layout) -> None:
    with LocalInfra(layout, environ={}) as infra:
        infra.reconcile_topics()
        asyncio.run(infra.provision_databases())
        infra.announce_ready()
        roles = json.loads(infra.passwords_file.read_text())
        secrets = {(layout.secrets / "postgres-admin").read_text(), *roles.values()}
        seen = [layout.state_file, *layout.logs.iterdir()]
        assert [path.name for path in seen for secret in secrets if secret in path.read_text()] == []
        commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in _family(layout.read_run())]
        assert not any(secret.encode() in command for command in commands for secret in secrets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_programs_in_a_private_home_are_copied_and_travel_with_the_cluster(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub_local.postgres_home.reachable_by_others", lambda path: False)
    layout.create()
    for _ in range(2):
        with Supervisor(layout.logs) as supervisor:
            postgres = LocalPostgres(layout, supervisor, pick_ports(["postgres"])["postgres"])
            postgres.start()
            elsewhere = _elsewhere(layout)
            assert elsewhere is not None
            running = Path(f"/proc/{supervisor.status()['postgres'].pid}/exe").resolve()
            assert running.is_relative_to(elsewhere)
        postgres.release()
        assert _nothing_left(layout, elsewhere)
        assert (layout.postgres / "cluster" / "PG_VERSION").exists()


def test_a_program_that_cannot_start_is_said(layout: Layout) -> None:
    layout.create()
    with Supervisor(layout.logs) as supervisor:
        with pytest.raises(ProcessFailed, match="FileNotFoundError"):
            supervisor.start(ProcessSpec("ghost", ["/nowhere/ghost"]))
        supervisor.start(ProcessSpec("quick", [sys.executable, "-c", "print('last words')"]))
        with pytest.raises(ProcessFailed, match="last words"):
            supervisor.wait_until("quick", lambda: False, seconds=30, what="anything")
        slow = ProcessSpec("slow", [sys.executable, "-c", "import time; time.sleep(60)"])
        supervisor.start(slow)
        with pytest.raises(ProcessFailed, match="already runs"):
            supervisor.start(slow)
    with pytest.raises(ProcessFailed, match="closed"):
        supervisor.start(slow)
