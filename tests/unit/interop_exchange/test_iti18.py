"""ITI-18 GetDocuments: from our uniqueIds to the registry's entries."""

from __future__ import annotations

import pytest
from exchange_samples import DOC_ID, make_entry
from lxml import etree

from hub_interop.soap.errors import MessageUnreadable, MessageUnwritable
from hub_interop.xds import codes, iti18
from hub_interop.xds.ebxml import document_entry_xml
from hub_interop.xds.iti18 import ReturnType

RIM, QUERY = f"{{{codes.RIM}}}", f"{{{codes.QUERY}}}"
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"


def _answer(objects: str, status: str = SUCCESS, errors: str = "") -> bytes:
    return (
        f'<query:AdhocQueryResponse xmlns:query="{codes.QUERY}" xmlns:rs="{codes.RS}" status="{status}">{errors}'
        f'<RegistryObjectList xmlns="{codes.RIM}">{objects}</RegistryObjectList></query:AdhocQueryResponse>'
    ).encode()


@pytest.mark.parametrize("return_type", list(ReturnType))
def test_the_query(return_type: ReturnType) -> None:
    root = etree.fromstring(iti18.build_get_documents(["1.2.3", "1.2.4"], return_type))
    option = root.find(f"{QUERY}ResponseOption")
    query = root.find(f"{RIM}AdhocQuery")
    assert option is not None
    assert query is not None
    assert (option.get("returnType"), option.get("returnComposedObjects")) == (return_type.value, "true")
    assert query.get("id") == "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
    slots = query.findall(f"{RIM}Slot")
    assert [slot.get("name") for slot in slots] == ["$XDSDocumentEntryUniqueId"]
    assert slots[0].findtext(f"{RIM}ValueList/{RIM}Value") == "('1.2.3','1.2.4')"


def test_td31b_asks_for_references_by_default() -> None:
    assert b'returnType="ObjectRef"' in iti18.build_get_documents(["1.2.3"])


@pytest.mark.parametrize(
    ("unique_ids", "code"),
    [([], "XDS_QUERY_SIZE"), ([f"1.{n}" for n in range(21)], "XDS_QUERY_SIZE"), (["1.2') or ('"], "XDS_OID")],
)
def test_wrong_queries_are_refused(unique_ids: list[str], code: str) -> None:
    with pytest.raises(MessageUnwritable) as caught:
        iti18.build_get_documents(unique_ids)
    assert caught.value.code == code


def test_references_come_back() -> None:
    answer = iti18.parse_response(_answer('<ObjectRef id="urn:uuid:a"/><ObjectRef id="urn:uuid:b"/>'))
    assert answer.result.ok
    assert answer.entry_ids == ("urn:uuid:a", "urn:uuid:b")
    assert answer.documents == ()


def test_entries_come_back_with_hash_and_status() -> None:
    approved = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    stored = make_entry(logical_id=DOC_ID, version="2", availability_status=approved, repository_unique_id="1.2.3")
    answer = iti18.parse_response(_answer(document_entry_xml(stored)))
    assert answer.entry_ids == (DOC_ID,)
    assert answer.documents == (stored,)
    assert answer.documents[0].availability_status == approved


def test_nothing_found_is_a_success_without_entries() -> None:
    answer = iti18.parse_response(_answer(""))
    assert (answer.result.ok, answer.entry_ids) == (True, ())
    bare = f'<q:AdhocQueryResponse xmlns:q="{codes.QUERY}" status="{SUCCESS}"/>'.encode()
    assert iti18.parse_response(bare).entry_ids == ()


def test_a_failure_tells_its_errors() -> None:
    errors = '<rs:RegistryErrorList><rs:RegistryError errorCode="XDSRegistryError"/></rs:RegistryErrorList>'
    answer = iti18.parse_response(_answer("", SUCCESS.replace("Success", "Failure"), errors))
    assert not answer.result.ok
    assert [error.code for error in answer.result.errors] == ["XDSRegistryError"]


def test_another_message_is_refused() -> None:
    with pytest.raises(MessageUnreadable, match="XDS_RESPONSE"):
        iti18.parse_response(f'<rs:RegistryResponse xmlns:rs="{codes.RS}" status="{SUCCESS}"/>'.encode())
