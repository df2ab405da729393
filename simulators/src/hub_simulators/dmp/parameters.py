"""What the DMP's operator changes while the service runs: its value sets and its parameter file."""

from __future__ import annotations

from dataclasses import dataclass

from hub_simulators.dmp.settings import DmpSettings
from hub_simulators.dmp.valuesets import ValueSets


@dataclass(slots=True)
class Parameters:
    """`value_sets`: the year of the JDV in force; `allow_invisible_and_masked`: cumul-invisible_patient-masque_ps."""

    value_sets: ValueSets
    allow_invisible_and_masked: bool

    @classmethod
    def of(cls, settings: DmpSettings) -> Parameters:
        """Return the parameters the simulator starts with."""
        return cls(settings.value_sets, settings.allow_invisible_and_masked)

    def restore(self, settings: DmpSettings) -> None:
        """Come back to the parameters of the start."""
        self.value_sets = settings.value_sets
        self.allow_invisible_and_masked = settings.allow_invisible_and_masked
