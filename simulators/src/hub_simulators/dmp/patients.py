"""The patients' DMP as the control plane sets them; anyone else has the default state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

DmpState = Literal["active", "none", "terminated"]
Authorisation = Literal["VALIDE", "EXPIRE", "INTERDIT", "NON_EXISTE"]
DMP_STATES: tuple[str, ...] = get_args(DmpState)
AUTHORISATIONS: tuple[str, ...] = get_args(Authorisation)


@dataclass(frozen=True, slots=True)
class PatientState:
    """`dmp`: active, none (TD0.2 answers NF) or terminated; `authorisation`: one of AUTHORISATIONS."""

    dmp: str = "active"
    authorisation: str = "NON_EXISTE"
    closure_reason: str = "FERMETURE_DEMANDE_PATIENT"
    linked_to_mes: bool = True


class Patients:
    """State of each DMP by matricule INS."""

    def __init__(self, default_dmp: str, default_authorisation: str) -> None:
        self._default = PatientState(dmp=default_dmp, authorisation=default_authorisation)
        self.known: dict[str, PatientState] = {}

    @property
    def default(self) -> PatientState:
        """State of a patient nobody described."""
        return self._default

    def state(self, ins: str) -> PatientState:
        """Return the state of the DMP of this matricule."""
        return self.known.get(ins, self._default)

    def set(self, ins: str, **changes: object) -> PatientState:
        """Change some fields of a patient's state and return it. Raises ValueError on an unknown value."""
        updated: PatientState = replace(self.state(ins), **changes)  # type: ignore[arg-type]
        if updated.dmp not in DMP_STATES or updated.authorisation not in AUTHORISATIONS:
            raise ValueError("état de DMP ou d'autorisation inconnu")
        self.known[ins] = updated
        return updated

    def reset(self) -> None:
        """Forget every patient."""
        self.known.clear()
