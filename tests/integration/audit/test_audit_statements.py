"""Design rule 5: audit writes many facts with the statements of one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from statement_log import StatementLog

from hub_kit.security.subject_keys import SubjectKeys

from .test_audit_store import confirmed, keys, pool, record, taken  # noqa: F401 - fixtures


async def test_many_facts_cost_the_statements_of_one(pool: Any, keys: SubjectKeys, statements: StatementLog) -> None:  # noqa: F811
    counts = []
    for facts in (1, 150):
        events = [taken(confirmed(uuid4(), uuid4()), number=n + 1) for n in range(facts)]
        statements.take()
        await record(pool, keys, events)
        counts.append(statements.take())
    assert counts[0] == counts[1]
    assert set(counts[1].values()) == {1}
