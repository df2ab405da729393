"""`POST /v1/documents/preview`: what the patient would see of an act that isn't sent yet. Nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass

from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_gateway.domain.admission import principal_code
from hub_gateway.domain.outcomes import Submission
from hub_gateway.handlers.desk import Visitor
from hub_gateway.handlers.intake import Intake
from hub_gateway.upstreams import PreviewClient
from hub_kit.errors import HubError


@dataclass(frozen=True, slots=True)
class Previewing:
    """The door's rules are the same as for an act that is sent."""

    intake: Intake
    client: PreviewClient

    async def preview(self, visitor: Visitor, submission: Submission) -> bytes:
        """The preview as JSON.

        Raises HubError with every problem of the door, SERVICE_UNAVAILABLE when document-builder does not answer.
        """
        act, problems = submission.act, submission.problems
        if act is None:
            raise _refusal(problems)
        problems, structure_id = await self.intake.judge_one(visitor, act)
        if problems or structure_id is None:
            raise _refusal(problems)
        return await self.client.preview(structure_id, act)


def _refusal(problems: tuple[Problem, ...]) -> HubError:
    return HubError(principal_code(problems) if problems else ErrorCode.REQUEST_INVALID, problems=problems)
