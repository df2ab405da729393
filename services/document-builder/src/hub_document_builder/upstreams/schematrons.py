"""The official schematrons at run time: installed once from the operator's copy, then run by child processes.

While they are being installed, or when no child answers, a document waits: it is never sent unchecked.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hub_contracts.document_types import Level, document_types
from hub_document_builder.upstreams.asking import NoAnswerNow, asked
from hub_interop.schematron import ManifestUnreadable, Progress, read_manifest, verdict_from_json
from hub_interop.schematron.volets import WITHOUT_SCHEMATRON
from hub_kit.children import ChildFailed, ChildPool, bare_environment
from hub_kit.telemetry import logs

log = logs.get_logger("hub.document-builder")
INSTALLER = "hub_document_builder.workers.install_rules"
CHECKER = "hub_document_builder.workers.schematron"
INSTALL_SECONDS = 600.0
AGAIN_SECONDS = 60.0
LOOK_SECONDS, HOPELESS_SECONDS = 2.0, 60.0


class ChecksUnavailable(Exception):
    """The schematrons can't look at the document now. `busy`: soon; else an operator has to act."""

    def __init__(self, *, busy: bool) -> None:
        super().__init__("busy" if busy else "not ready")
        self.busy = busy


class State(StrEnum):
    """Where the schematrons are."""

    INSTALLING = "installing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Installed:
    """Rules that were rewritten for the children: where, and the digest of all that they come from."""

    folder: Path
    digest: str


class InstallFailed(Exception):
    """The operator's copy could not be installed; the text is for the operator."""


Pools = Callable[[Path], ChildPool]
"""Makes the children that check with the rules installed in that folder."""


class Schematrons:
    """Installs what is missing, keeps the children running, asks them."""

    def __init__(self, source: Path, cache: Path, pools: Pools, patience: float = 60.0) -> None:
        self._source = source
        self._cache = cache
        self._pools = pools
        self._patience = patience
        self.pool: ChildPool | None = None
        self._stopping = asyncio.Event()
        self._failure = ""
        self._lacking: tuple[str, ...] = ()
        self.state = State.INSTALLING
        self.digest = ""

    @property
    def ready(self) -> bool:
        """True when documents can be checked."""
        return self.state is State.READY

    def problem(self) -> str | None:
        """A sentence for the operator while documents wait for the schematrons."""
        if self.state is State.READY:
            alive = self.pool is not None and self.pool.state().alive
            if not alive:
                return "no child process checks documents with the official schematrons: documents wait"
            if self._lacking:
                return f"official schematrons lack {', '.join(self._lacking)}: such documents wait"
            return None
        if self.state is State.INSTALLING:
            return "official schematrons are being installed: documents wait"
        return f"official schematrons not installed ({self._failure}): documents wait"

    def stop(self) -> None:
        """End."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped: install, then keep the children. What fails is tried again every minute."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._start()
                    await self._until_broken()
                except (InstallFailed, ChildFailed, OSError, ValueError, ManifestUnreadable) as error:
                    self.state, self._failure = State.FAILED, str(error)
                    log.warning("schematrons.not_installed", reason=str(error))
                    await _pause(self._stopping, AGAIN_SECONDS)
        finally:
            await self._close()

    async def _start(self) -> None:
        installed = await install(self._source, self._cache, self._stopping)
        if installed is None:
            return
        await self._close()
        self.pool = self._pools(installed.folder)
        await self.pool.start()
        self._lacking = lacking(installed.folder)
        self.digest, self.state = installed.digest[:16], State.READY
        log.info("schematrons.ready", digest=self.digest)

    async def _until_broken(self) -> None:
        """Return when told to stop, or when no child could be started for a while: then all is installed anew."""
        without = 0.0
        while not self._stopping.is_set() and without < HOPELESS_SECONDS:
            await _pause(self._stopping, LOOK_SECONDS)
            alive = self.pool is not None and self.pool.state().alive
            without = 0.0 if alive else without + LOOK_SECONDS
        if not self._stopping.is_set():
            self.state = State.INSTALLING
            log.warning("schematrons.lost")

    async def _close(self) -> None:
        if self.pool is not None:
            await self.pool.close()
            self.pool = None

    async def errors(self, document: bytes) -> tuple[str, ...]:
        """Rules broken (the XSD's too), as `schematron: place: rule`, without values.

        Raises ChecksUnavailable; ChildFailed when this very document breaks the checker, which is our bug.
        """
        if self.pool is None or self.state is not State.READY:
            raise ChecksUnavailable(busy=self.state is not State.FAILED)
        try:
            answer = await asked(self.pool, document, self._patience)
        except NoAnswerNow:
            raise ChecksUnavailable(busy=True) from None
        found = verdict_from_json(answer)
        if any(f.code == WITHOUT_SCHEMATRON for f in found.findings):
            raise ChecksUnavailable(busy=False)
        return tuple(f"{f.schematron or f.code}: {f.location}: {f.text}" for f in found.errors)


def lacking(folder: Path) -> tuple[str, ...]:
    """The models of the hub's own documents that no installed schematron checks. Raises ManifestUnreadable."""
    served = {(one.root, one.extension) for one in read_manifest(folder).volets()}
    wanted = {(k.template.root, k.template.extension) for k in document_types().values() if k.level is Level.N3}
    return tuple(sorted(f"{root} {extension}" for root, extension in wanted - served))


async def install(
    source: Path, cache: Path, stopping: asyncio.Event, progress: Callable[[Progress], None] = lambda _: None
) -> Installed | None:
    """Run the installer in a child process (it keeps its memory to itself); None when it was stopped.

    Raises InstallFailed.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", INSTALLER, str(source), str(cache), stdout=asyncio.subprocess.PIPE, env=bare_environment()
    )
    assert child.stdout is not None
    reading = asyncio.create_task(_last_line(child.stdout, progress))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({reading, stopped}, timeout=INSTALL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            return None
        if not reading.done():
            raise InstallFailed("trop long")
        last = await reading
    finally:
        reading.cancel()
        stopped.cancel()
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
        await child.wait()
    if "installed" not in last:
        raise InstallFailed(str(last.get("error", "l'installation s'est interrompue")))
    folder = Path(str(last["installed"]))
    return Installed(folder, folder.name)


async def _last_line(lines: asyncio.StreamReader, progress: Callable[[Progress], None]) -> dict[str, object]:
    """What the installer said last; its steps are passed on."""
    last: dict[str, object] = {}
    async for line in lines:
        last = json.loads(line)
        if "step" in last:
            progress(Progress(str(last["step"]), int(str(last["done"])), int(str(last["total"]))))
    return last


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
