"""The topic files alone say who may do what in Kafka (design rule 15)."""

from __future__ import annotations

from dataclasses import dataclass

from hub_contracts.topics import load_topics
from hub_local.acls import Acl, declared_acls
from hub_local.kafka import Listener, server_properties
from hub_local.layout import Layout
from hub_local.pki import SERVICES
from hub_local.topics import settings_of


@dataclass(frozen=True)
class Declared:
    name: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]


ACT = Declared("hub.act", ("gateway",), ("identity", "audit"))


def test_producers_write_and_consumers_read_with_their_own_groups() -> None:
    assert declared_acls([ACT]) == {
        Acl("User:gateway", "topic", "hub.act", False, "WRITE"),
        Acl("User:gateway", "topic", "hub.act", False, "DESCRIBE"),
        Acl("User:identity", "topic", "hub.act", False, "READ"),
        Acl("User:identity", "topic", "hub.act", False, "DESCRIBE"),
        Acl("User:identity", "group", "hub.identity", True, "READ"),
        Acl("User:audit", "topic", "hub.act", False, "READ"),
        Acl("User:audit", "topic", "hub.act", False, "DESCRIBE"),
        Acl("User:audit", "group", "hub.audit", True, "READ"),
    }


def test_a_prefix_reaches_topics_and_groups_and_nothing_else() -> None:
    acls = declared_acls([ACT], "w1.")
    assert {acl.resource for acl in acls} == {"w1.hub.act", "w1.hub.identity", "w1.hub.audit"}
    assert {acl.principal for acl in acls} == {"User:gateway", "User:identity", "User:audit"}
    assert declared_acls([]) == frozenset()


def test_of_the_real_topics_only_listed_producers_may_write() -> None:
    topics = load_topics()
    writers = {(acl.resource, acl.principal) for acl in declared_acls(topics) if acl.operation == "WRITE"}
    assert writers == {(topic.name, f"User:{service}") for topic in topics for service in topic.producers}
    assert not any(acl.prefixed for acl in declared_acls(topics) if acl.kind == "topic")


def test_every_service_named_by_a_topic_has_a_certificate() -> None:
    named = {service for topic in load_topics() for service in (*topic.producers, *topic.consumers)}
    assert named <= set(SERVICES)


def test_topic_settings_follow_the_file() -> None:
    by_name = {topic.name: topic for topic in load_topics()}
    act = settings_of(by_name["hub.act"], replication_factor=3)
    assert act == {"cleanup.policy": "delete", "retention.ms": str(7 * 86_400_000), "min.insync.replicas": "2"}
    assert settings_of(by_name["hub.directory"], replication_factor=1)["cleanup.policy"] == "compact"


def test_the_broker_has_no_listener_without_a_client_certificate() -> None:
    folder = Layout.at(Layout.from_environment({}).data).kafka
    text = server_properties(folder, (Listener("INTERNAL", 1),), Listener("CONTROLLER", 2))
    settings = dict(line.split("=", 1) for line in text.splitlines())
    protocols = dict(part.split(":") for part in settings["listener.security.protocol.map"].split(","))
    assert set(protocols.values()) == {"SSL"}
    assert settings["ssl.client.auth"] == "required"
    assert settings["allow.everyone.if.no.acl.found"] == "false"
    assert "ANONYMOUS" not in settings["super.users"]
    assert all("127.0.0.1" in address for address in settings["listeners"].split(","))
