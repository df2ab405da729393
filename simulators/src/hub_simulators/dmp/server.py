"""The simulator as a whole: services behind mutual TLS on one port, control plane on another."""

from __future__ import annotations

from types import TracebackType

from hub_simulators.clock import OffsetClock
from hub_simulators.dmp.app import DmpApplication
from hub_simulators.dmp.behaviours import Script
from hub_simulators.dmp.control import build_control
from hub_simulators.dmp.engine import DmpEngine
from hub_simulators.dmp.recorder import Recorder
from hub_simulators.dmp.settings import SERVICES_PATH, DmpSettings
from hub_simulators.serving import Listener, mutual_tls


class DmpSimulator:
    """A simulated DMP in the running event loop: `async with DmpSimulator(settings) as dmp: …`."""

    def __init__(self, settings: DmpSettings, clock: OffsetClock | None = None) -> None:
        self.settings = settings
        self.engine = DmpEngine(settings, clock)
        self.script = Script()
        self.recorder = Recorder(settings.record_bytes, settings.record_count)
        self.application = DmpApplication(self.engine, self.script, self.recorder)
        pki = settings.pki_directory
        self._service = Listener(
            self.application,
            settings.host,
            settings.port,
            tls=lambda: mutual_tls(pki / "server.crt.pem", pki / "server.key.pem", pki / "trust.pem"),
            date_header=False,
        )
        self._control = Listener(build_control(self.application), "127.0.0.1", settings.control_port)

    async def start(self) -> None:
        """Listen on both ports."""
        await self._service.start()
        await self._control.start()

    async def stop(self) -> None:
        """Stop both ports, drop the late stores, close the database."""
        await self._service.stop()
        await self._control.stop()
        await self.application.close()
        self.engine.close()

    @property
    def base_url(self) -> str:
        """Base of the services (`…/si-dmp-server/v2/services`), to which `/patients`… is added."""
        host = "localhost" if self.settings.host in {"127.0.0.1", "::1"} else self.settings.host
        return f"https://{host}:{self._service.port}{SERVICES_PATH}"

    @property
    def control_url(self) -> str:
        """Base of the control plane."""
        return f"http://127.0.0.1:{self._control.port}"

    async def __aenter__(self) -> DmpSimulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
