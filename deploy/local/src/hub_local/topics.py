"""Brings a Kafka cluster to what the topic files declare: topics, their configuration, and who may do what.

Serves any cluster, not only the local one. A topic is never deleted and its partitions are never changed (that would
reorder keys): both are refused or reported, for a person to decide. Permissions that the files no longer declare are
removed, also those given by hand, inside the names this project owns (`<prefix>hub.…`); DENY rules are left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import kafka.errors
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from hub_contracts.topics import Topic, load_topics
from hub_local.acls import NAMESPACE, Acl, declared_acls
from hub_local.errors import TopicsRefused

MANAGED_SETTINGS = ("cleanup.policy", "retention.ms", "min.insync.replicas")
KINDS: dict[Literal["topic", "group"], Any] = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
READY_MILLISECONDS = 20_000
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was done, names with their prefix. `undeclared` topics exist but no file declares them: left as they are."""

    created: tuple[str, ...]
    altered: tuple[str, ...]
    acls_added: tuple[Acl, ...]
    acls_removed: tuple[Acl, ...]
    undeclared: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """False when the cluster already was as declared."""
        return bool(self.created or self.altered or self.acls_added or self.acls_removed)


def reconcile(
    client: KafkaAdminClient,
    topics: Sequence[Topic] | None = None,
    *,
    prefix: str = "",
    replication_factor: int = 1,
) -> Reconciliation:
    """Create, configure and authorise. `topics` defaults to all the contracts'. Running it twice changes nothing more.

    Raises TopicsRefused when a topic has another number of partitions or the cluster refuses a change; KafkaError when
    it can't be reached.
    """
    declared = load_topics() if topics is None else topics
    existing = _existing(client, prefix)
    wrong = [
        f"{prefix}{topic.name} has {existing[prefix + topic.name]} partitions, its file says {topic.partitions}"
        for topic in declared
        if existing.get(prefix + topic.name, topic.partitions) != topic.partitions
    ]
    if wrong:
        raise TopicsRefused(f"{'; '.join(wrong)}. Another number would send a key elsewhere: make a new topic instead")
    wanted = {prefix + topic.name: settings_of(topic, replication_factor) for topic in declared}
    # Permissions first: a topic is never there before it is known who may use it.
    added, removed = _reconcile_acls(client, declared_acls(declared, prefix), prefix)
    created = _create(client, [t for t in declared if prefix + t.name not in existing], prefix, replication_factor)
    altered = _configure(client, {name: config for name, config in wanted.items() if name in existing})
    undeclared = tuple(sorted(existing.keys() - wanted.keys()))
    return Reconciliation(created, altered, added, removed, undeclared)


def remove_prefixed(client: KafkaAdminClient, prefix: str) -> None:
    """Delete the topics and permissions of one test worker. Raises ValueError for an empty prefix."""
    if not prefix:
        raise ValueError("an empty prefix would delete the hub's own topics")
    _reconcile_acls(client, frozenset(), prefix)
    names = sorted(_existing(client, prefix))
    if names:
        client.delete_topics(names)


def settings_of(topic: Topic, replication_factor: int) -> dict[str, str]:
    """The topic settings this module owns. `retention.ms` is -1 when the file gives no retention."""
    values = (
        topic.cleanup_policy,
        str(-1 if topic.retention_ms is None else topic.retention_ms),
        str(max(1, replication_factor - 1)),
    )
    return dict(zip(MANAGED_SETTINGS, values, strict=True))


def _existing(client: KafkaAdminClient, prefix: str) -> dict[str, int]:
    """Topics of our namespace → number of partitions."""
    described: list[dict[str, Any]] = client.describe_topics()
    ours = prefix + NAMESPACE
    return {topic["name"]: len(topic["partitions"]) for topic in described if topic["name"].startswith(ours)}


def _create(client: KafkaAdminClient, missing: list[Topic], prefix: str, replication_factor: int) -> tuple[str, ...]:
    if not missing:
        return ()
    request = {
        prefix + topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": replication_factor,
            "configs": settings_of(topic, replication_factor),
        }
        for topic in missing
    }
    response: dict[str, Any] = client.create_topics(request, raise_errors=False)
    already = kafka.errors.TopicAlreadyExistsError.errno  # another process was quicker: fine
    refused = [topic for topic in response["topics"] if topic["error_code"] not in (0, already)]
    if refused:
        reasons = "; ".join(f"{topic['name']}: {topic['error_message']}" for topic in refused)
        raise TopicsRefused(f"the cluster did not create {reasons}")
    client.wait_for_topics(list(request), timeout_ms=READY_MILLISECONDS)
    return tuple(request)


def _configure(client: KafkaAdminClient, wanted: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """Set what differs and wait until it shows; the topics changed."""
    changes = _differences(client, wanted)
    if changes:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, settings) for name, settings in changes.items()]
        results: dict[str, str] = client.alter_configs(resources)["topic"]
        refused = [f"{name}: {result}" for name, result in results.items() if result != "OK"]
        if refused:
            raise TopicsRefused(f"the cluster did not take the settings of {'; '.join(refused)}")
        _wait_until(lambda: not _differences(client, wanted), "the new topic settings")
    return tuple(changes)


def _differences(client: KafkaAdminClient, wanted: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Topic → the wanted settings it doesn't have; topics that have them all are left out."""
    if not wanted:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, list(MANAGED_SETTINGS)) for name in wanted]
    present: dict[str, dict[str, Any]] = client.describe_configs(asked, config_filter="all")["topic"]
    found = {
        name: {key: value for key, value in settings.items() if present[name][key]["value"] != value}
        for name, settings in wanted.items()
    }
    return {name: settings for name, settings in found.items() if settings}


def _reconcile_acls(
    client: KafkaAdminClient, declared: frozenset[Acl], prefix: str
) -> tuple[tuple[Acl, ...], tuple[Acl, ...]]:
    """Make the ALLOW rules of our names exactly the declared ones and wait until they hold; what was (added, removed).

    Removals come first: no moment has more permissions than before and after.
    """
    given = _allowed(client, prefix)
    added, removed = sorted(declared - given), sorted(given - declared)
    if removed:
        _check(error for _, _, error in client.delete_acls([_filter(acl) for acl in removed]))
    if added:
        _check(client.create_acls([_rule(acl) for acl in added])["failed"])
    if added or removed:
        _wait_until(lambda: _allowed(client, prefix) == declared, "the new permissions")
    return tuple(added), tuple(removed)


def _allowed(client: KafkaAdminClient, prefix: str) -> frozenset[Acl]:
    """ALLOW rules on topics and groups whose name is one of ours."""
    found: set[Acl] = set()
    for kind, resource_type in KINDS.items():
        every = ResourcePatternFilter(resource_type, None, ACLResourcePatternType.ANY)
        rules, _ = client.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ALLOW, every))
        for rule in rules:
            pattern = rule.resource_pattern
            if pattern.resource_name.startswith(prefix + NAMESPACE):
                prefixed = pattern.pattern_type is ACLResourcePatternType.PREFIXED
                acl = Acl(rule.principal, kind, pattern.resource_name, prefixed, rule.operation.name, rule.host)
                found.add(acl)
    return frozenset(found)


def _rule(acl: Acl) -> ACL:
    resource = ResourcePattern(KINDS[acl.kind], acl.resource, _pattern(acl))
    return ACL(acl.principal, acl.host, ACLOperation[acl.operation], ACLPermissionType.ALLOW, resource)


def _filter(acl: Acl) -> ACLFilter:
    exact = ResourcePatternFilter(KINDS[acl.kind], acl.resource, _pattern(acl))
    return ACLFilter(acl.principal, acl.host, ACLOperation[acl.operation], ACLPermissionType.ALLOW, exact)


def _pattern(acl: Acl) -> ACLResourcePatternType:
    pattern: ACLResourcePatternType = (
        ACLResourcePatternType.PREFIXED if acl.prefixed else ACLResourcePatternType.LITERAL
    )
    return pattern


def _check(errors: Iterable[Any]) -> None:
    refused = sorted({error.__name__ for error in errors if error is not kafka.errors.NoError})
    if refused:
        raise TopicsRefused(f"the cluster refused a change of permissions: {', '.join(refused)}")


def _wait_until(holds: Callable[[], bool], what: str) -> None:
    """The controller has accepted; brokers learn of it a moment later."""
    deadline = time.monotonic() + READY_MILLISECONDS / 1000
    while not holds():
        if time.monotonic() > deadline:
            raise TopicsRefused(f"{what} do not show on the brokers after {READY_MILLISECONDS / 1000:g} s")
        time.sleep(POLL_SECONDS)
