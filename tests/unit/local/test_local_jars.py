"""Kafka's jars are used only when they are exactly those of the committed list."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub_local.errors import JarsRefused, JarsUnavailable
from hub_local.jars import KAFKA_VERSION, committed_list, ensure_jars, parse_list, verify

CONTENT = {"a.jar": b"first", "b.jar": b"second"}
EXPECTED = {name: hashlib.sha256(raw).hexdigest() for name, raw in CONTENT.items()}


def _write(folder: Path, content: dict[str, bytes] = CONTENT) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in content.items():
        (folder / name).write_bytes(raw)
    return [folder / name for name in content]


def test_the_exact_set_is_accepted(tmp_path: Path) -> None:
    _write(tmp_path)
    assert [jar.name for jar in verify(tmp_path, EXPECTED)] == ["a.jar", "b.jar"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "a.jar").unlink(), "missing: a.jar"),
        (lambda folder: (folder / "z.jar").write_bytes(b"more"), "unexpected: z.jar"),
        (lambda folder: (folder / "notes.txt").write_bytes(b"more"), "unexpected: notes.txt"),
        (lambda folder: (folder / "b.jar").write_bytes(b"secon"), "different content: b.jar"),
        (lambda folder: (folder / "b.jar").write_bytes(b""), "different content: b.jar"),
    ],
)
def test_another_set_is_refused_and_named(tmp_path: Path, spoil: object, told: str) -> None:
    _write(tmp_path)
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(JarsRefused, match=told):
        verify(tmp_path, EXPECTED)


def test_a_directory_in_place_of_a_jar_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"a.jar": b"first"})
    (tmp_path / "b.jar").mkdir()
    with pytest.raises(JarsRefused, match=r"different content: b\.jar"):
        verify(tmp_path, EXPECTED)


def test_jars_are_fetched_once_and_verified_every_time(tmp_path: Path) -> None:
    fetches: list[Path] = []

    def download(scratch: Path) -> list[Path]:
        fetches.append(scratch)
        return _write(scratch)

    folder = ensure_jars(tmp_path, EXPECTED, download)
    assert ensure_jars(tmp_path, EXPECTED, download) == folder
    assert len(fetches) == 1
    (folder / "a.jar").write_bytes(b"changed")
    with pytest.raises(JarsRefused):
        ensure_jars(tmp_path, EXPECTED, download)
    assert len(fetches) == 1


def test_a_wrong_download_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(JarsRefused, match=r"missing: b\.jar"):
        ensure_jars(tmp_path, EXPECTED, lambda scratch: _write(scratch, {"a.jar": b"first"}))
    assert not (tmp_path / f"kafka-{KAFKA_VERSION}").exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_network_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    def download(scratch: Path) -> list[Path]:
        raise ConnectionError("no route")

    with pytest.raises(JarsUnavailable, match="HUB_MAVEN_REPOSITORY"):
        ensure_jars(tmp_path, EXPECTED, download)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_the_committed_list_names_the_broker_and_its_log_binding() -> None:
    names = committed_list()
    assert f"kafka_2.13-{KAFKA_VERSION}.jar" in names
    assert f"kafka-clients-{KAFKA_VERSION}.jar" in names
    assert "log4j-slf4j-impl-2.25.4.jar" in names


@pytest.mark.parametrize("text", ["abc  a.jar", f"{'0' * 64} a.jar", f"{'0' * 64}  a.jar\n{'0' * 64}  a.jar"])
def test_a_malformed_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        parse_list(text)
