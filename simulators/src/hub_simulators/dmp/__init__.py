"""A strict simulator of the national DMP: TD0.2, TD2.1 and TD3.1b, with its own parsing and its own stores."""

from hub_simulators.dmp.server import DmpSimulator
from hub_simulators.dmp.settings import DmpSettings, RegisteredSoftware

__all__ = ["DmpSettings", "DmpSimulator", "RegisteredSoftware"]
