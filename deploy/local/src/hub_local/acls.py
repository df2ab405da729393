"""Which access each service has to Kafka, computed from the topic files alone (design rule 15). No network here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from hub_local.pki import principal

NAMESPACE = "hub."


class DeclaredTopic(Protocol):
    """What this module reads of `hub_contracts.topics.Topic`."""

    @property
    def name(self) -> str:
        """Topic name, `hub.…`."""
        ...

    @property
    def producers(self) -> tuple[str, ...]:
        """Services that may write it."""
        ...

    @property
    def consumers(self) -> tuple[str, ...]:
        """Services that may read it."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """One permission given: `principal` may do `operation` (Kafka's name for it) on `resource` from `host`.

    `prefixed`: the resource is every name that starts with it.
    """

    principal: str
    kind: Literal["topic", "group"]
    resource: str
    prefixed: bool
    operation: str
    host: str = "*"


def group_name(service: str, prefix: str = "") -> str:
    """The consumer group of a service; its groups all start with it."""
    return f"{prefix}{NAMESPACE}{service}"


def declared_acls(topics: Iterable[DeclaredTopic], prefix: str = "") -> frozenset[Acl]:
    """Every ACL the topic files ask for: producers WRITE, consumers READ, both DESCRIBE, consumers their own groups.

    WRITE on one topic is what an idempotent producer needs; no cluster permission is given to any service.
    """
    found: set[Acl] = set()
    for topic in topics:
        resource = prefix + topic.name
        for service in topic.producers:
            found.add(Acl(principal(service), "topic", resource, False, "WRITE"))
            found.add(Acl(principal(service), "topic", resource, False, "DESCRIBE"))
        for service in topic.consumers:
            found.add(Acl(principal(service), "topic", resource, False, "READ"))
            found.add(Acl(principal(service), "topic", resource, False, "DESCRIBE"))
            found.add(Acl(principal(service), "group", group_name(service, prefix), True, "READ"))
    return frozenset(found)
