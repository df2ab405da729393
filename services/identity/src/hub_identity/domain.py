"""Pure rules: whose act is this, may it go on, does it wait. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub_contracts.acts import Patient
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.sealed import QualifiedIdentity
from hub_identity.traits import differing_traits

UNQUALIFIED = frozenset({ErrorCode.INS_MISSING, ErrorCode.INS_NOT_QUALIFIED})
"""Why an identity is not usable by itself though nothing in it is wrong: the kept one may stand in for it."""
POINTER_MATRICULE = "/patient/ins/matricule"


@dataclass(frozen=True, slots=True)
class Reading:
    """What an LGO's patient amounts to: `identity` when it is an acceptable qualified INS, else `code` and `problems`.

    `matricule_index` is of the declared INS whether acceptable or not, None when there is none.
    """

    patient: Patient
    local_index: bytes
    matricule_index: bytes | None
    identity: QualifiedIdentity | None
    code: ErrorCode | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A patient whose qualified identity is kept."""

    patient_id: UUID
    matricule_index: bytes
    identity: QualifiedIdentity


@dataclass(frozen=True, slots=True)
class Known:
    """What was known just before: by the declared matricule, by the local number; and who waits.

    `waiting`: acts of that local number wait. `fresh_patient_id` is minted for a patient never seen.
    """

    by_matricule: Kept | None
    by_local: Kept | None
    revision: UUID | None
    waiting: bool
    fresh_patient_id: UUID


@dataclass(frozen=True, slots=True)
class Accepted:
    """The patient is known with a qualified identity. `new`: the identity is to be kept."""

    patient_id: UUID
    identity: QualifiedIdentity
    new: bool
    declared: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No usable identity, and why."""

    code: ErrorCode
    problems: tuple[Problem, ...]


Verdict = Accepted | Refused


def judge(reading: Reading, known: Known) -> Verdict:
    """Whose identity it is.

    A declared qualified INS is taken unless the traits differ from those kept for that matricule (RNIV). Without one,
    the identity kept at the first connection stands in, if the local number is the same and so are the traits.
    """
    if reading.identity is not None:
        return _by_declaration(reading.identity, known)
    if reading.code not in UNQUALIFIED or known.by_local is None:
        return Refused(reading.code or ErrorCode.INS_MISSING, reading.problems)
    if reading.matricule_index not in (None, known.by_local.matricule_index):
        return _differ((POINTER_MATRICULE,))
    return _by_kept(reading, known.by_local)


def judge_waiting(reading: Reading, known: Known) -> Verdict:
    """The same for an act that waits: a qualified identity declared since then makes up for whatever was wrong.

    Never a patient that is new: an act's own identity was kept when the act came in.
    """
    if reading.identity is not None:
        verdict = _by_declaration(reading.identity, known)
        if isinstance(verdict, Accepted) and not verdict.new:
            return verdict
    if known.by_local is None:
        return Refused(reading.code or ErrorCode.INS_NOT_QUALIFIED, reading.problems)
    return _by_kept(reading, known.by_local)


def _by_declaration(identity: QualifiedIdentity, known: Known) -> Verdict:
    kept = known.by_matricule
    if kept is None:
        return Accepted(known.fresh_patient_id, identity, new=True, declared=True)
    differing = differing_traits(identity, kept.identity)
    if differing:
        return _differ(differing)
    return Accepted(kept.patient_id, identity, new=False, declared=True)


def _by_kept(reading: Reading, kept: Kept) -> Verdict:
    differing = differing_traits(reading.patient, kept.identity)
    if differing:
        return _differ(differing)
    identity = kept.identity.model_copy(
        update={
            "local_id": reading.patient.local_id,
            "used_name": reading.patient.used_name or kept.identity.used_name,
            "used_given_name": reading.patient.used_given_name or kept.identity.used_given_name,
        }
    )
    return Accepted(kept.patient_id, identity, new=False, declared=False)


def _differ(pointers: tuple[str, ...]) -> Refused:
    code = ErrorCode.INS_TRAITS_DIFFER
    return Refused(code, tuple(Problem(code=code.value, pointer=pointer, text=code.text) for pointer in pointers))


def links_anew(verdict: Accepted, known: Known) -> bool:
    """True when the local number is to be linked: never seen, another patient's so far, or acts wait for this news."""
    if not verdict.declared:
        return False
    return known.by_local is None or known.by_local.patient_id != verdict.patient_id or known.waiting


@dataclass(slots=True)
class Book:
    """The picture of the patients of one batch: what is stored, then what each item of the batch adds to it.

    `by_local` gives the patient and the revision of the link; `waiting` the local numbers whose acts wait.
    """

    by_matricule: dict[bytes, Kept]
    by_local: dict[bytes, tuple[Kept, UUID]]
    waiting: set[bytes]

    def known(self, reading: Reading, fresh_patient_id: UUID) -> Known:
        """What is known about this patient at this moment of the batch."""
        kept, revision = self.by_local.get(reading.local_index, (None, None))
        by_matricule = self.by_matricule.get(reading.matricule_index) if reading.matricule_index else None
        return Known(by_matricule, kept, revision, reading.local_index in self.waiting, fresh_patient_id)

    def add(self, reading: Reading, known: Known, verdict: Verdict, revision: UUID) -> None:
        """Take in the patient and the link that an item brought; `revision` is the link's if it is made anew."""
        if isinstance(verdict, Refused) or not verdict.declared or reading.matricule_index is None:
            return
        new = Kept(verdict.patient_id, reading.matricule_index, verdict.identity)
        kept = self.by_matricule.setdefault(reading.matricule_index, new)
        if links_anew(verdict, known):
            self.by_local[reading.local_index] = (kept, revision)
