"""Reads an LGO's patient: is the INS one that may be used (matricule, key, OID, NIA, traits), and where is it found?"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub_contracts.acts import InsStatus, Patient
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.sealed import QualifiedIdentity
from hub_identity.blind_index import BlindIndex
from hub_identity.domain import Reading
from hub_interop.ins import Declared, Environment, check_identity


@dataclass(frozen=True, slots=True)
class Reader:
    """Pure: the same patient is always read the same way. `environment` is `test` or `production`."""

    index: BlindIndex
    environment: str

    def read(self, patient: Patient, structure_id: UUID) -> Reading:
        """The reading, with all that is wrong at once (RNIV EXI SI 07/08: only a qualified identity is used)."""
        local = self.index.local_number(structure_id, patient.local_id)
        if patient.ins is None:
            problem = Problem(code=ErrorCode.INS_MISSING.value, pointer="/patient/ins", text=ErrorCode.INS_MISSING.text)
            return Reading(patient, local, None, None, ErrorCode.INS_MISSING, (problem,))
        matricule = self.index.matricule(patient.ins.oid, patient.ins.matricule)
        problems = self._problems(patient)
        if problems:
            return Reading(patient, local, matricule, None, _main_code(problems), tuple(problems))
        return Reading(patient, local, matricule, QualifiedIdentity.of(patient))

    def _problems(self, patient: Patient) -> list[Problem]:
        assert patient.ins is not None
        declared = Declared(
            matricule=patient.ins.matricule,
            oid=patient.ins.oid,
            birth_name=patient.birth_name,
            birth_given_names=patient.birth_given_names,
            first_birth_given_name=patient.first_birth_given_name,
            sex=patient.sex,
            birth_date=patient.birth_date,
            birth_place_code=patient.birth_place_code or "",
        )
        problems = [
            Problem(code=p.code, pointer=f"/patient/{p.field}", text=p.text)
            for p in check_identity(declared, Environment(self.environment))
        ]
        if patient.ins_status is not InsStatus.QUALIFIEE:
            # traits that a provisional identity lacks are no fault of the software: the status says it all
            problems = [p for p in problems if p.pointer.startswith("/patient/ins/")]
            code = ErrorCode.INS_NOT_QUALIFIED
            problems.append(Problem(code=code.value, pointer="/patient/ins_status", text=code.text))
        return problems


def _main_code(problems: list[Problem]) -> ErrorCode:
    """The code that names the wait: what the software must mend comes before what the user must."""
    return ErrorCode(problems[0].code)
