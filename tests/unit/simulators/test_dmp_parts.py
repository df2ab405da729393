"""Small parts on their own: formats, multipart, scripts, recorder, replays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from simulator_parts import NOW

from hub_simulators.dmp import formats
from hub_simulators.dmp.behaviours import Action, Behaviour, Script
from hub_simulators.dmp.multipart import MultipartProblem, content_id_of, media_type, split_parts
from hub_simulators.dmp.recorder import Recorder
from hub_simulators.dmp.soap import ReplayMemory
from hub_simulators.dmp.store import DocumentStore, StoredEntry


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("279035121518989", True),
        ("277076322082910", True),
        ("279035121518988", False),
        ("27903512151898", False),
        ("1790322A0100195", False),
    ],
)
def test_matricule(value: str, good: bool) -> None:
    assert formats.matricule_ok(value) is good


def test_corsican_keys_follow_the_19_and_18_rule() -> None:
    for letter, digits in (("2A", "19"), ("2B", "18")):
        key = 97 - int(f"17903{digits}001001") % 97
        assert formats.matricule_ok(f"17903{letter}001001{key:02d}")


@pytest.mark.parametrize("value", ["1330000001", "10B0123456", "312345678901234", "499700433156004"])
def test_structures(value: str) -> None:
    assert formats.structure_ok(value)


def test_times() -> None:
    assert formats.utc_digits("20261123093000") is not None
    assert formats.utc_digits("20261123") is None
    assert formats.utc_digits("20261123", reduced=True) is not None
    assert formats.utc_digits("20261323093000") is None
    assert formats.cda_time("20261123103000+0100") == formats.utc_digits("20261123093000")
    assert formats.cda_time("20261123103000") is None


def test_names_with_escapes() -> None:
    assert formats.dn_parts(r"CN=a\, b, O=c") == (("CN", "a, b"), ("O", "c"))
    assert formats.dn_parts("CN") is None


def test_media_type_and_parts() -> None:
    kind, parameters = media_type('multipart/related; type="a/b; c=\\"d\\""; boundary=x')
    assert (kind, parameters) == ("multipart/related", {"type": 'a/b; c="d"', "boundary": "x"})
    parts = split_parts(b"--x\r\nContent-ID: <a>\r\n\r\n1\r\n--x\r\nContent-ID: <b>\r\n\r\n\r\n--x--\r\n", b"x")
    assert [(part.content_id, part.content) for part in parts] == [("a", b"1"), ("b", b"")]
    with pytest.raises(MultipartProblem):
        split_parts(b"--x\r\nContent-ID: <a>\r\n\r\n1\r\n--x", b"x")
    assert content_id_of("cid:d-1@urn%3Aihe") == "d-1@urn:ihe"


def test_the_first_matching_behaviour_is_used_up() -> None:
    script = Script()
    script.add(Behaviour(Action.FAULT, operation="td2.1", count=2))
    script.add(Behaviour(Action.RESET, count=None))
    picked = [script.pick(operation, "s", "i") for operation in ("td2.1", "td0.2", "td2.1", "td2.1")]
    assert [b.action if b else None for b in picked] == [Action.FAULT, Action.RESET, Action.FAULT, Action.RESET]
    assert [b.action for b in script.pending] == [Action.RESET]


def test_the_recorder_is_bounded() -> None:
    recorder = Recorder(100, 3)
    for size in (10, 10, 10, 10, 90, 200):
        recorder.record(NOW, "POST", "/", [], b"x" * size, "s")
    assert recorder.listing() == []
    recorder.record(NOW, "POST", "/", [], b"x" * 90, "s")
    assert [len(entry.body) for entry in recorder.listing()] == [90]


def test_a_store_of_an_earlier_version_is_opened(tmp_path: Path) -> None:
    columns = (
        "seq INTEGER PRIMARY KEY AUTOINCREMENT, unique_id TEXT NOT NULL UNIQUE, entry_uuid TEXT NOT NULL UNIQUE, "
        "logical_id TEXT, submission_set TEXT, kind TEXT, status TEXT, hash TEXT, size INTEGER, ins TEXT, "
        "ins_oid TEXT, structure TEXT, author TEXT, type_code TEXT, vaccination_id TEXT, vaccination_key TEXT, "
        "set_id TEXT, version INTEGER, received_at TEXT, metadata BLOB NOT NULL, content BLOB"
    )
    with closing(sqlite3.connect(tmp_path / "dmp.sqlite", isolation_level=None)) as old:
        old.execute(f"CREATE TABLE entry ({columns})")
        old.execute("INSERT INTO entry (unique_id, entry_uuid, type_code, metadata) VALUES ('1.2', 'u', '87273-9', '')")
    for _ in range(2):
        store = DocumentStore(tmp_path)
        kept = store.by_unique_id("1.2")
        store.close()
        assert (kept.type_code, kept.title, kept.author_count, kept.confidentiality) == ("87273-9", "", 0, "")


def test_nothing_of_a_patient_or_a_document_is_shown_by_a_stored_entry() -> None:
    told = {"title": "TITRE", "content": b"OCTETS", "metadata": b"NOM", "ins": "MATRICULE"}
    entry = StoredEntry(**dict.fromkeys(StoredEntry.__slots__, "") | told)
    assert not [word for word in ("TITRE", "OCTETS", "NOM", "MATRICULE") if word in repr(entry)]


def test_replays_are_forgotten_after_a_while_and_bounded() -> None:
    memory = ReplayMemory(timedelta(minutes=15), limit=2)
    assert memory.first_sight("a", NOW)
    assert not memory.first_sight("a", NOW + timedelta(minutes=14))
    assert memory.first_sight("a", NOW + timedelta(minutes=16))
    for name in "bcd":
        memory.first_sight(name, NOW + timedelta(minutes=16))
    assert memory.first_sight("a", NOW + timedelta(minutes=16))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Relevés \\T\\ Cie", "Relevés & Cie"),
        ("\\E\\\\F\\\\S\\\\T\\\\R\\", "\\|^&~"),
        ("\\E\\T\\E\\", "\\T\\"),
        ("A\\X\\B", "A\\X\\B"),
        ("plain", "plain"),
    ],
)
def test_the_escapes_of_a_composite_are_read(written: str, said: str) -> None:
    device = formats.xcn(f"3330000001/88^{written}^{written}^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI", check_key=True)
    structure = formats.xon(f"{written}^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1330000001")
    patient = formats.cx(f"{written}^^^&1.2.3&ISO^PI")
    assert device is not None
    assert structure is not None
    assert patient is not None
    assert (device.family, device.given, structure.name, patient.id) == (said, said, said, said)


def test_a_separator_that_is_not_escaped_is_refused() -> None:
    assert formats.xcn("3330000001/88^A & B^X1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI", check_key=True) is None
    assert formats.xon("A & B^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1330000001") is None
    assert formats.cx("A&B^^^&1.2.3&ISO^PI") is None
