"""The walls of a running hub, tried from the wrong side: Kafka's and PostgreSQL's permissions, row-level security, the
internal servers' certificates, the clock and the structures' certificates (design rules 1, 7, 14, 15, 17)."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from hub_contracts.topics import load_topics
from hub_local.client import Lgo
from hub_local.kafka import client_context
from hub_local.pki import SERVICES, InternalPki
from hub_local.stack import Stack
from hub_local.world import Structure
from hub_simulators.pki import StructureCertificates, TestPki

from .conftest import new_act, stored, typed_act, until_final
from .supplied_files import PDF, deposited, pdfa

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


# ── Kafka ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def kafka_options(stack: Stack, service: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": stack.infra.kafka_bootstrap,
        "security_protocol": "SSL",
        "ssl_context": client_context(stack.infra.kafka_credential(service)),
    }


@pytest.mark.parametrize("service", SERVICES)
async def test_a_certificate_writes_no_stream_of_others(stack: Stack, service: str) -> None:
    others = [topic for topic in load_topics() if service not in topic.producers]
    assert len(others) >= 5
    producer = AIOKafkaProducer(**kafka_options(stack, service))
    await producer.start()
    try:
        for topic in others:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(stack.options.topic_prefix + topic.name, b"forged", key=b"forged")
    finally:
        await producer.stop()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_certificate_reads_with_no_group_of_others(stack: Stack, service: str) -> None:
    prefix = stack.options.topic_prefix
    mine = next(topic for topic in load_topics() if service in topic.consumers)
    for other in SERVICES:
        if other == service:
            continue
        with pytest.raises(GroupAuthorizationFailedError):
            await read(stack, service, prefix + mine.name, f"{prefix}hub.{other}")


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "audit"])
async def test_a_certificate_reads_no_stream_it_is_no_consumer_of(stack: Stack, service: str) -> None:
    prefix = stack.options.topic_prefix
    for topic in load_topics():
        if service not in topic.consumers and service not in topic.producers:
            with pytest.raises(TopicAuthorizationFailedError):
                await read(stack, service, prefix + topic.name, f"{prefix}hub.{service}-other")


async def read(stack: Stack, service: str, topic: str, group: str) -> None:
    consumer = AIOKafkaConsumer(
        topic, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, **kafka_options(stack, service)
    )
    try:
        await consumer.start()
        await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def as_superuser(stack: Stack) -> str:
    return urlunsplit(urlsplit(stack.infra.database_admin_url)._replace(path=f"/{stack.databases.name}"))


@pytest.mark.parametrize("role", ["owner", "worker", "api"])
@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_reads_no_table_of_others(stack: Stack, service: str, role: str) -> None:
    own = stack.databases.services[service]
    async with connected(as_superuser(stack)) as admin:
        tables = await admin.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables "
            "where schemaname = any($1::text[]) and schemaname <> $2",
            [each.schema for each in stack.databases.services.values()],
            own.schema,
        )
    assert len(tables) > 40
    async with connected(getattr(own, role)) as connection:
        for table in tables:
            for statement in (f"select 1 from {table['name']} limit 1", f"delete from {table['name']} where false"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)


@pytest.mark.parametrize("table", ["act", "act_history", "declaration"])
async def test_the_role_of_requests_sees_only_the_structures_it_is_set_for(
    stack: Stack, lgos: dict[str, Lgo], table: str
) -> None:
    mine, other = stack.options.world.structures[0], stack.options.world.structures[2]
    for structure in (mine, other):
        lgo, act = lgos[structure.client_id], new_act(structure, f"RLS-{table}-{structure.national_id}")
        await until_final(lgo, (await lgo.publish([act]))[0]["act_id"])
        await lgo.declare("identity", structure.national_id, structure.author.id, act["patient"])
    gateway = stack.databases.services["gateway"]
    count = f"select count(*) from {table}"
    count_other = f"{count} where structure_id <> $1"
    async with connected(gateway.worker) as worker:
        assert await worker.fetchval(count_other, mine.structure_id) > 0
        columns = await worker.fetchval(
            "select string_agg(quote_ident(column_name), ', ') from information_schema.columns "
            "where table_schema = 'gateway' and table_name = $1 and is_identity = 'NO'",
            table,
        )
    async with connected(gateway.api) as api:
        assert await api.fetchval(count) == 0
        async with api.transaction():
            await api.execute("select set_config('hub.structures', $1, true)", str(mine.structure_id))
            assert await api.fetchval(count) > 0
            assert await api.fetchval(count_other, mine.structure_id) == 0
            changed = await api.execute(f"update {table} set state = state where structure_id = $1", other.structure_id)
            assert changed == "UPDATE 0"
        assert await api.fetchval(count) == 0, "the setting ends with its transaction"
        picked = columns.replace("structure_id", f"'{other.structure_id}'::uuid")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with api.transaction():
                await api.execute("select set_config('hub.structures', $1, true)", str(mine.structure_id))
                await api.execute(f"insert into {table} ({columns}) select {picked} from {table} limit 1")
        for escape in ("set role gateway_worker", "set role gateway_owner", "set row_security = off"):
            with pytest.raises(asyncpg.PostgresError):
                await api.execute(escape)
                await api.fetchval(count)


@pytest.mark.parametrize("role", ["worker", "api"])
async def test_no_role_of_audit_changes_a_record(stack: Stack, role: str) -> None:
    audit = stack.databases.services["audit"]
    async with connected(as_superuser(stack)) as admin:
        tables = await admin.fetch(
            "select relname as name from pg_class where relkind in ('r', 'p') and relname like 'audit_record%' "
            "and relnamespace = 'audit'::regnamespace"
        )
    assert len(tables) >= 3
    async with connected(getattr(audit, role)) as connection:
        assert await connection.fetchval("select count(*) from audit_record") > 0
        for name in [table["name"] for table in tables]:
            for statement in (
                f"update {name} set outcome = 'forged'",
                f"delete from {name}",
                f"truncate {name}",
                f"drop table {name}",
                f"alter table {name} disable trigger all",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_destroys_no_transit_key_in_use(stack: Stack, service: str) -> None:
    async with connected(stack.databases.services[service].keyring) as connection:
        tables = await connection.fetch("select tablename as name from pg_tables where schemaname = current_schema()")
        assert tables
        for table in tables:
            for statement in (f"delete from {table['name']}", f"truncate {table['name']}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)


# ── internal servers ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_enters_an_internal_server_without_a_certificate_of_ours(
    stack: Stack, service: str, tmp_path: Path
) -> None:
    authority = str(stack.infra.pki.authority)
    anonymous = ssl.create_default_context(cafile=authority)
    stranger = InternalPki(tmp_path)
    stranger.ensure(datetime.now(UTC), [service])
    forged = ssl.create_default_context(cafile=authority)
    forged.load_cert_chain(stranger.credential(service).certificate, stranger.credential(service).key)
    for context in (anonymous, forged):
        for path in ("/metrics", "/readyz", "/internal/status"):
            async with httpx.AsyncClient(verify=context, timeout=10) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(stack.internal_url(service) + path)


@pytest.mark.parametrize(
    ("service", "method", "path", "allowed"),
    [
        ("gateway", "GET", "/internal/attachments/{id}", {"document-builder"}),
        ("document-builder", "GET", "/internal/documents/{id}", {"dmp-publisher"}),
        ("document-builder", "POST", "/internal/preview", {"gateway"}),
        ("document-builder", "GET", "/internal/status", {"gateway", "admin"}),
        ("dmp-publisher", "GET", "/internal/publications/{id}", {"gateway", "audit", "admin"}),
    ],
)
async def test_an_internal_address_is_for_those_it_names(
    stack: Stack, service: str, method: str, path: str, allowed: set[str]
) -> None:
    for peer in (*SERVICES, "admin"):
        async with httpx.AsyncClient(verify=stack.internal_tls(peer), timeout=10) as client:
            answer = await client.request(method, stack.internal_url(service) + path.format(id=uuid4()))
        code = answer.json().get("code")
        if peer in allowed:
            assert (answer.status_code, code) != (403, "PEER_NOT_ALLOWED"), peer
        else:
            assert (answer.status_code, code) == (403, "PEER_NOT_ALLOWED"), peer


async def test_a_deposited_file_is_shown_to_document_builder_alone(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure, supplied = stack.options.world.structures[0], pdfa()
    http = lgos[structure.client_id]._http
    answer = await http.post("/v1/attachments", content=supplied, headers={"content-type": PDF})
    attachment, inside = answer.json()["attachment_id"], stack.internal_url("gateway")
    for peer in (*SERVICES, "admin"):
        async with httpx.AsyncClient(verify=stack.internal_tls(peer), timeout=10) as client:
            answer = await client.get(f"{inside}/internal/attachments/{attachment}")
        if peer == "document-builder":
            assert (answer.status_code, answer.content) == (200, supplied)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "PEER_NOT_ALLOWED"), peer
    for path in (f"/internal/attachments/{attachment}", f"/v1/attachments/{attachment}", "/internal/preview"):
        assert (await http.get(path)).status_code in (404, 405), "the public server has no such address"


async def test_another_accounts_file_does_not_exist(stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient) -> None:
    mine, other = stack.options.world.structures[0], stack.options.world.structures[2]
    assert mine.client_id != other.client_id
    answer = await lgos[mine.client_id]._http.post(
        "/v1/attachments", content=pdfa("Le mien."), headers={"content-type": PDF}
    )
    content = deposited(PDF, answer.json()["attachment_id"])
    before = len(await stored(dmp))
    stolen = typed_act(other, "61357-0", content)
    for path in ("/v1/acts", "/v1/documents/preview"):
        answer = await lgos[other.client_id]._http.post(path, json=stolen)
        assert (answer.status_code, answer.json()["code"]) == (422, "ATTACHMENT_UNKNOWN"), path
        assert [p["pointer"] for p in answer.json()["problems"]] == ["/content/file/attachment"]
    used = (await lgos[mine.client_id].publish([typed_act(mine, "61357-0", content)]))[0]["act_id"]
    assert (await until_final(lgos[mine.client_id], used))["state"] == "confirmee"
    answer = await lgos[other.client_id]._http.post("/v1/acts", json=stolen)
    assert (answer.status_code, answer.json()["code"]) == (422, "ATTACHMENT_UNKNOWN"), "also once it was used"
    assert len(await stored(dmp)) == before + 1


@pytest.mark.parametrize("path", ["/v1/attachments", "/v1/documents/preview"])
async def test_files_and_previews_need_a_token_that_may_publish(stack: Stack, path: str) -> None:
    auditor = {"authorization": f"Bearer {await stack.token(stack.options.world.auditor)}"}
    for headers, statuses in (({}, {401}), ({"authorization": "Bearer x.y.z"}, {401}), (auditor, {401, 403})):
        async with httpx.AsyncClient(base_url=stack.gateway_url, headers=headers) as client:
            answer = await client.post(path, content=pdfa(), headers={"content-type": PDF})
        assert answer.status_code in statuses


# ── clock and certificates of the structures ─────────────────────────────────────────────────────────────────────────


async def until_held(lgo: Lgo, act_ids: Sequence[str], code: str, seconds: float = 60) -> None:
    """Return once one of the acts waits, and says why: whichever came first held the others back."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        acts = [await lgo.act(act_id) for act_id in act_ids]
        assert [act["state"] for act in acts if act["final"]] == []
        held = [act for act in acts if act["code"] == code]
        if held:
            assert {act["state"] for act in held} == {"en_file"}
            return
        assert asyncio.get_running_loop().time() < deadline, [(act["state"], act["code"]) for act in acts]
        await asyncio.sleep(0.2)


async def readiness(stack: Stack) -> httpx.Response:
    async with httpx.AsyncClient(verify=stack.internal_tls(), timeout=10) as client:
        return await client.get(stack.internal_url("dmp-publisher") + "/readyz")


async def test_a_clock_off_by_ten_minutes_holds_everything_until_it_is_right(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient
) -> None:
    structure = stack.options.world.structures[0]
    lgo = lgos[structure.client_id]
    before = len(await stored(dmp))
    (await dmp.put("/clock", json={"offset_seconds": 600})).raise_for_status()
    try:
        ids = [v["act_id"] for v in await lgo.publish([new_act(structure, f"CLOCK-{n}") for n in range(3)])]
        for act_id in ids:
            await until_held(lgo, [act_id], "CLOCK_SKEW")
        async with asyncio.timeout(20):
            while (answer := await readiness(stack)).status_code != 503:
                await asyncio.sleep(0.2)
        assert "CLOCK_SKEW" in answer.json()["problems"]["dmp_clock"]
        assert len(await stored(dmp)) == before
    finally:
        await dmp.put("/clock", json={"offset_seconds": 0})
    ended = await asyncio.gather(*(until_final(lgo, act_id, 120) for act_id in ids))
    assert [act["state"] for act in ended] == ["confirmee"] * 3
    assert len(await stored(dmp)) == before + 3
    async with asyncio.timeout(20):
        while (await readiness(stack)).status_code != 200:
            await asyncio.sleep(0.2)


async def import_identity(stack: Stack, structure: Structure, pair: StructureCertificates) -> None:
    """As an operator does it."""
    arguments = {
        "--structure": structure.structure_id,
        "--struct-id": structure.national_id,
        "--auth-cert": pair.auth.certificate,
        "--auth-key": pair.auth.key,
        "--sign-cert": pair.sign.certificate,
        "--sign-key": pair.sign.key,
    }
    words = [str(word) for pair_ in arguments.items() for word in pair_]
    assert await publisher_command(stack, "import-identity", *words) == "imported\n"


async def publisher_command(stack: Stack, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub_dmp_publisher", *words,
        env=stack.service_environment("dmp-publisher"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode()


async def test_an_expired_certificate_holds_its_structure_and_no_other(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient
) -> None:
    structure, other = stack.options.world.structures[2], stack.options.world.structures[0]
    lgo, pki = lgos[structure.client_id], TestPki.create(stack.home / "igc")
    now = datetime.now(UTC)
    expired = pki.issue_structure(
        structure.national_id, structure.name, label="expired",
        not_before=now - timedelta(hours=12), not_after=now - timedelta(hours=1),
    )  # fmt: skip
    await import_identity(stack, structure, expired)
    before = len(await stored(dmp))
    ids = [v["act_id"] for v in await lgo.publish([new_act(structure, f"EXPIRED-{n}") for n in range(3)])]
    await until_held(lgo, ids, "CERTIFICATE_EXPIRED")
    elsewhere = lgos[other.client_id]
    goes_on = (await elsewhere.publish([new_act(other, "EXPIRED-OTHER")]))[0]["act_id"]
    assert (await until_final(elsewhere, goes_on))["state"] == "confirmee"
    lanes = await publisher_command(stack, "lanes")
    assert f"{structure.structure_id}  CERTIFICATE_EXPIRED" in lanes
    assert len(lanes.splitlines()) == 1
    assert [(await lgo.act(act_id))["final"] for act_id in ids] == [False] * 3
    assert len(await stored(dmp)) == before + 1
    good = pki.issue_structure(structure.national_id, structure.name, label="new", not_before=now)
    await import_identity(stack, structure, good)
    ended = await asyncio.gather(*(until_final(lgo, act_id) for act_id in ids))
    assert [act["state"] for act in ended] == ["confirmee"] * 3
    assert await publisher_command(stack, "lanes") == ""
    assert len(await stored(dmp)) == before + 4
