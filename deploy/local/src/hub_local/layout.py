"""The one data directory: where everything the local infrastructure writes lives.

Nothing is written outside it, with one named exception while PostgreSQL runs as root (see `postgres_home`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub_local.errors import AlreadyRunning, DataDirectoryError

DATA_DIR_VARIABLE = "HUB_DATA_DIR"
JAR_CACHE_VARIABLE = "HUB_JAR_CACHE"
MARKER = ".hub-data"
CACHE = "cache"
LOCK_WAIT_SECONDS = 20.0


def repository_root() -> Path:
    """The checkout this package runs from, or the working directory when it is installed elsewhere."""
    root = Path(__file__).resolve().parents[4]
    return root if (root / "deploy" / "local" / "pyproject.toml").is_file() else Path.cwd()


@dataclass(frozen=True, slots=True)
class Layout:
    """Absolute paths inside one data directory. `jar_cache` may be shared by several data directories."""

    data: Path
    jar_cache: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Layout:
        """`HUB_DATA_DIR` (default `<repository>/.data`) and `HUB_JAR_CACHE` (default inside the data directory)."""
        data = environ.get(DATA_DIR_VARIABLE)
        cache = environ.get(JAR_CACHE_VARIABLE)
        return cls.at(Path(data) if data else repository_root() / ".data", Path(cache) if cache else None)

    @classmethod
    def at(cls, data: Path, jar_cache: Path | None = None) -> Layout:
        """The layout of that directory; nothing is created."""
        data = data.expanduser().resolve()
        return cls(data=data, jar_cache=jar_cache.expanduser().resolve() if jar_cache else data / CACHE)

    @property
    def kafka(self) -> Path:
        """Kafka's configuration, data and temporary files."""
        return self.data / "kafka"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster, unless it had to be placed elsewhere (see `postgres_home`)."""
        return self.data / "postgres"

    @property
    def pki(self) -> Path:
        """The internal CA and its certificates."""
        return self.data / "pki"

    @property
    def secrets(self) -> Path:
        """Generated passwords (directory 0700, files 0600)."""
        return self.data / "secrets"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.data / "logs"

    @property
    def rules_cache(self) -> Path:
        """The official schematrons, rewritten; shared as the jars are."""
        return self.jar_cache / "rules"

    @property
    def state_file(self) -> Path:
        """`state.json`: process ids, ports and addresses of what runs here."""
        return self.data / "state.json"

    @property
    def lock_file(self) -> Path:
        """Held by the running supervisor and its keeper."""
        return self.data / "lock"

    def create(self) -> None:
        """Make the directories. As root the data directory itself is traversable (PostgreSQL runs as another user);
        what it holds is private either way.

        Raises DataDirectoryError when the path holds something that isn't ours.
        """
        if self.data.exists() and not self._is_ours():
            raise DataDirectoryError(
                f"{self.data} is not empty and is no hub data directory: choose another {DATA_DIR_VARIABLE}"
            )
        if not self.data.exists():
            self.data.mkdir(parents=True)
            self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (self.data / MARKER).touch()
        for folder in (self.kafka, self.pki, self.secrets, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.jar_cache.mkdir(parents=True, exist_ok=True)

    def _is_ours(self) -> bool:
        """Marked, empty, or holding nothing but the jar cache of another data directory."""
        return (self.data / MARKER).exists() or {path.name for path in self.data.iterdir()} <= {CACHE}

    def remove(self) -> None:
        """Delete the data directory and all it holds; nothing when there is none.

        Raises DataDirectoryError when it lacks our marker, AlreadyRunning when it is in use.
        """
        if not self.data.exists():
            return
        if not self._is_ours():
            raise DataDirectoryError(f"{self.data} is no hub data directory: delete it by hand if you mean to")
        with self.lock(wait=LOCK_WAIT_SECONDS):
            shutil.rmtree(self.data)

    @contextlib.contextmanager
    def lock(self, *, wait: float) -> Iterator[int]:
        """Hold the data directory; yields the lock's file descriptor, to be handed to the keeper.

        Raises AlreadyRunning after `wait` seconds.
        """
        descriptor = self.acquire_lock(wait=wait)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def acquire_lock(self, *, wait: float) -> int:
        """As `lock`, for the caller to close. A supervisor at work isn't waited for, a keeper that tidies up is."""
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline or self.running_supervisor() is not None:
                    os.close(descriptor)
                    raise AlreadyRunning(
                        f"{self.data} is in use: `make down` first, or set {DATA_DIR_VARIABLE}"
                    ) from None
                time.sleep(0.1)
            else:
                return descriptor

    def is_running(self) -> bool:
        """True while a supervisor, or the keeper that still cleans up after one, holds this directory."""
        if not self.lock_file.exists():
            return False
        try:
            os.close(self.acquire_lock(wait=0))
        except AlreadyRunning:
            return True
        return False

    def running_supervisor(self) -> int | None:
        """The process id of this directory's live supervisor.

        The id in `state.json` counts only when that process holds the lock file open, so that no other process is ever
        taken for it. Where the system has no /proc the written id is believed.
        """
        pid = self.read_run().get("pid")
        if not isinstance(pid, int):
            return None
        try:
            held = any(entry.resolve() == self.lock_file for entry in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            held = not Path("/proc/self/fd").exists()
        return pid if held else None

    def read_state(self) -> dict[str, Any]:
        """What `state.json` holds; empty when there is none."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return state

    def read_run(self) -> dict[str, Any]:
        """What the present run, or one that was killed, wrote about itself (see `LocalInfra.announce_ready`)."""
        run: dict[str, Any] = self.read_state().get("run", {})
        return run

    def update_state(self, **changes: Any) -> None:
        """Set these keys of `state.json` (None removes one), atomically."""
        state = self.read_state() | changes
        kept = {key: value for key, value in state.items() if value is not None}
        write_private(self.state_file, json.dumps(kept, indent=2, sort_keys=True) + "\n")


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file readable by its owner only (0600), atomically."""
    raw = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file while making something that several processes may want to make at once."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
