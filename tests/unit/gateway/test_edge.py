"""Parsing at the edge, pages, digests and the words of the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.states import ActState
from hub_gateway.api import examples, models, views
from hub_gateway.api.bodies import parse_acts, parse_json
from hub_gateway.api.paging import ListQuery, act_filter, cursor_of
from hub_gateway.domain.admission import principal_code
from hub_gateway.domain.standing import Account, Membership
from hub_kit.errors import HubError

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text()
ANY_JSON = st.recursive(SCALARS, lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=20)


@given(ANY_JSON | st.builds(lambda some: {"acts": some}, ANY_JSON))
def test_any_json_is_an_act_or_has_its_problems(document: Any) -> None:
    try:
        submissions, _ = parse_acts(document, 500)
    except HubError as error:
        refused = error
    else:
        assert all((s.act is None) == bool(s.problems) for s in submissions)
        return
    assert refused.code in (ErrorCode.REQUEST_INVALID, ErrorCode.BATCH_TOO_LARGE)


@given(st.sampled_from(sorted(examples.ACT)), st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_a_damaged_field_is_named_by_its_pointer(name: str, value: Any) -> None:
    [submission], batch = parse_acts({**examples.ACT, name: value}, 500)
    assert not batch
    assert all(p.pointer == f"/{name}" or p.pointer.startswith(f"/{name}/") for p in submission.problems)
    assert all("PAT-TROIS" not in p.text for p in submission.problems)


def test_numbers_are_read_the_same_alone_and_in_a_batch() -> None:
    alone, _ = parse_acts(parse_json(b'{"dose": 1}'), 500)
    assert alone[0].problems
    one, _ = parse_acts(examples.ACT, 500)
    many, _ = parse_acts({"acts": [examples.ACT]}, 500)
    assert one[0].act == many[0].act == Act.model_validate(examples.ACT)


@given(st.uuids())
def test_a_cursor_leads_back_to_its_act(act_id: UUID) -> None:
    assert act_filter(ListQuery(cursor=cursor_of(act_id)), []).before == act_id


@pytest.mark.parametrize("cursor", ["", "a", "é", "AAAA", "x" * 64, cursor_of(UUID(int=1)) + "AA"])
def test_any_other_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(HubError) as refused:
        act_filter(ListQuery(cursor=cursor), [])
    assert refused.value.code is ErrorCode.CURSOR_INVALID


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_moment_gives_a_bound(moment: datetime) -> None:
    wanted = act_filter(ListQuery(since=moment, until=moment), [])  # type: ignore[call-arg]
    assert wanted.since_id is not None
    assert wanted.until_id is not None
    assert wanted.since_id <= wanted.until_id


@pytest.mark.parametrize(
    ("codes", "principal"),
    [
        (["INS_KEY_INVALID"], ErrorCode.INS_KEY_INVALID),
        (["INS_KEY_INVALID", "INS_KEY_INVALID"], ErrorCode.INS_KEY_INVALID),
        (["INS_KEY_INVALID", "AUTHOR_UNKNOWN"], ErrorCode.REQUEST_INVALID),
        (["INS_KEY_INVALID", "STRUCTURE_NOT_MEMBER"], ErrorCode.STRUCTURE_NOT_MEMBER),
    ],
)
def test_one_code_stands_for_all(codes: list[str], principal: ErrorCode) -> None:
    assert principal_code(tuple(Problem(code=c, text="") for c in codes)) is principal


def test_a_membership_gives_its_scopes_between_its_dates() -> None:
    until = NOW.replace(hour=12)
    account = Account(
        UUID(int=1), "c", None, True, (Membership(UUID(int=2), frozenset({"acts:read"}), NOW, until),)
    )  # fmt: skip
    assert account.structures("acts:read", NOW) == {UUID(int=2)}
    assert account.structures("acts:write", NOW) == set()
    assert account.structures("acts:read", NOW.replace(hour=9)) == set()
    assert account.structures("acts:read", until) == set()


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (models.ActAccepted, examples.ACCEPTED),
        (models.BatchAnswer, examples.BATCH_ANSWER),
        (models.ActView, examples.VIEW),
        (models.FeedPage, examples.FEED),
        (models.Declaration, examples.DECLARATION),
        (models.DeclarationAccepted, examples.DECLARATION_ACCEPTED),
        (models.DeclarationView, examples.DECLARATION_VIEW),
        (models.ActBatch, examples.BATCH),
    ],
)
def test_every_example_has_the_shape_of_its_model(model: type[Any], example: dict[str, Any]) -> None:
    model.model_validate(example)


@pytest.mark.parametrize("state", list(ActState))
@pytest.mark.parametrize("code", ["DMP_UNREACHABLE", "DOCUMENT_INVALID", "A_CODE_OF_TOMORROW", None])
def test_a_reason_is_never_missing_its_words(state: ActState, code: str | None) -> None:
    reason = views.cause(state, code)
    assert reason["code"] == code
    if code in ErrorCode.__members__:
        assert reason["text"]
        assert reason["fixer"]
    assert not (reason["retried"] and (state.final or state is ActState.BLOQUEE))
