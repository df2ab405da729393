"""INS: the matricule with its key and OID, the traits stricts, and whether they make an identity (RNIV 2.0)."""

from hub_interop.ins.coherence import nir_warnings
from hub_interop.ins.identity import Declared, InsProblem, check_identity, check_ins
from hub_interop.ins.matricule import Environment, InsKind, InsOid, MatriculeInvalid, ins_oid, nir_key, split_matricule
from hub_interop.ins.traits import (
    TraitRefused,
    birth_date_problem,
    comparison_key,
    corrected_birth_date,
    earliest_birth_date,
    first_name_fits,
    normalise,
)

__all__ = [
    "Declared",
    "Environment",
    "InsKind",
    "InsOid",
    "InsProblem",
    "MatriculeInvalid",
    "TraitRefused",
    "birth_date_problem",
    "check_identity",
    "check_ins",
    "comparison_key",
    "corrected_birth_date",
    "earliest_birth_date",
    "first_name_fits",
    "ins_oid",
    "nir_key",
    "nir_warnings",
    "normalise",
    "split_matricule",
]
