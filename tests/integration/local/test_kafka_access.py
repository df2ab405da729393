"""On the real broker a certificate may do what the topic files say, and nothing else (design rule 15)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from hub_contracts.topics import load_topics
from hub_local import topics
from hub_local.errors import TopicsRefused
from hub_local.infra import LocalInfra
from hub_local.kafka import admin_client, client_context

pytestmark = pytest.mark.infra


@pytest.fixture
def admin(own_infra: LocalInfra) -> Iterator[KafkaAdminClient]:
    client = admin_client(own_infra.kafka_bootstrap, own_infra.kafka_admin)
    yield client
    client.close()


@asynccontextmanager
async def _producer(infra: LocalInfra, service: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=infra.kafka_bootstrap,
        security_protocol="SSL",
        ssl_context=client_context(infra.kafka_credential(service)),
        enable_idempotence=True,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def _consumer(infra: LocalInfra, service: str, topic: str, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=infra.kafka_bootstrap,
        security_protocol="SSL",
        ssl_context=client_context(infra.kafka_credential(service)),
        group_id=group,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def test_a_producer_writes_its_stream_and_a_consumer_reads_it(own_infra: LocalInfra) -> None:
    async with _producer(own_infra, "gateway") as producer:
        await producer.send_and_wait("hub.act", b"value", key=b"key")
    async with _consumer(own_infra, "identity", "hub.act", "hub.identity") as consumer:
        record = await asyncio.wait_for(consumer.getone(), 30)
    assert (record.key, record.value) == (b"key", b"value")


async def test_a_service_cannot_write_another_ones_stream(own_infra: LocalInfra) -> None:
    async with _producer(own_infra, "gateway") as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("hub.publication", b"forged")
    async with _producer(own_infra, "identity") as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("hub.act", b"forged")


async def test_a_service_cannot_read_a_stream_it_is_no_consumer_of(own_infra: LocalInfra) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        async with _consumer(own_infra, "document-builder", "hub.act", "hub.document-builder") as consumer:
            await asyncio.wait_for(consumer.getone(), 30)


async def test_a_service_cannot_join_another_ones_group(own_infra: LocalInfra) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        async with _consumer(own_infra, "identity", "hub.act", "hub.audit") as consumer:
            await asyncio.wait_for(consumer.getone(), 30)


async def test_nobody_connects_without_a_certificate(own_infra: LocalInfra) -> None:
    context = client_context(own_infra.kafka_admin)
    anonymous = type(context)(context.protocol)
    anonymous.load_verify_locations(own_infra.pki.authority)
    producer = AIOKafkaProducer(
        bootstrap_servers=own_infra.kafka_bootstrap, security_protocol="SSL", ssl_context=anonymous
    )
    try:
        with pytest.raises(KafkaConnectionError):
            await producer.start()
    finally:
        await producer.stop()


def test_topics_are_as_their_files_say_and_the_second_time_changes_nothing(
    own_infra: LocalInfra, admin: KafkaAdminClient
) -> None:
    described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    assert {name: n for name, n in described.items() if name.startswith("hub.")} == {
        topic.name: topic.partitions for topic in load_topics()
    }
    assert not own_infra.reconcile_topics().changed


def test_a_changed_file_changes_the_topic_but_never_its_partitions(admin: KafkaAdminClient) -> None:
    act = next(topic for topic in load_topics() if topic.name == "hub.act")
    topics.reconcile(admin, [act], prefix="evolve.")
    shorter = dataclasses.replace(act, retention_ms=3_600_000)
    assert topics.reconcile(admin, [shorter], prefix="evolve.").altered == ("evolve.hub.act",)
    assert not topics.reconcile(admin, [shorter], prefix="evolve.").changed
    with pytest.raises(TopicsRefused, match="file says 13"):
        topics.reconcile(admin, [dataclasses.replace(act, partitions=13)], prefix="evolve.")
    assert topics.reconcile(admin, [], prefix="evolve.").undeclared == ("evolve.hub.act",)
    topics.remove_prefixed(admin, "evolve.")


def test_permissions_no_longer_declared_are_removed_and_foreign_ones_kept(
    own_infra: LocalInfra, admin: KafkaAdminClient
) -> None:
    def allow(topic: str, operation: ACLOperation = ACLOperation.WRITE) -> ACL:
        pattern = ResourcePattern(ResourceType.TOPIC, topic, ACLResourcePatternType.LITERAL)
        return ACL("User:intruder", "*", operation, ACLPermissionType.ALLOW, pattern)

    given = [allow("hub.act"), allow("hub.act", ACLOperation.ALL), allow("lgo.a.acts")]
    assert admin.create_acls(given)["failed"] == []
    removed = own_infra.reconcile_topics().acls_removed
    assert sorted((acl.resource, acl.operation) for acl in removed) == [("hub.act", "ALL"), ("hub.act", "WRITE")]
    assert not own_infra.reconcile_topics().changed
    kept, _ = admin.describe_acls(allow("lgo.a.acts"))
    assert kept == [allow("lgo.a.acts")]


async def test_each_test_worker_has_topics_and_groups_of_its_own(
    own_infra: LocalInfra, admin: KafkaAdminClient
) -> None:
    assert own_infra.reconcile_topics(prefix="w1.").changed
    async with _producer(own_infra, "gateway") as producer:
        await producer.send_and_wait("w1.hub.act", b"mine")
    async with _consumer(own_infra, "identity", "w1.hub.act", "w1.hub.identity") as consumer:
        assert (await asyncio.wait_for(consumer.getone(), 30)).value == b"mine"
    assert not own_infra.reconcile_topics().changed
    topics.remove_prefixed(admin, "w1.")
    assert not [name for name in admin.list_topics() if name.startswith("w1.")]
    with pytest.raises(ValueError, match="empty prefix"):
        topics.remove_prefixed(admin, "")
