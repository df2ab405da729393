"""What of an INS is refused at once: a matricule that can't be one, or one of another environment.

A missing INS, a waiting number (NIA) or a status below *qualifiée* is no reason to refuse: identity makes the act wait.
"""

from __future__ import annotations

from hub_contracts.acts import Ins
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_interop.ins import Environment, check_ins

AT_ONCE = frozenset(
    {
        ErrorCode.INS_FORMAT_INVALID,
        ErrorCode.INS_KEY_INVALID,
        ErrorCode.INS_OID_UNKNOWN,
        ErrorCode.INS_OID_WRONG_ENVIRONMENT,
    }
)


def ins_problems(ins: Ins | None, environment: str) -> list[Problem]:
    """Problems of the INS's form, with pointers into the act (`/patient/ins/…`); `environment` is the hub's."""
    if ins is None:
        return []
    found = check_ins(ins.matricule, ins.oid, Environment(environment))
    return [
        Problem(code=item.code, pointer=f"/patient/{item.field}", text=item.text)
        for item in found
        if item.code in AT_ONCE
    ]
