"""One data directory, ours or none."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub_local import ports
from hub_local.errors import AlreadyRunning, DataDirectoryError
from hub_local.layout import Layout, repository_root, write_private
from hub_local.passwords import role_passwords


def test_the_default_is_in_the_repository() -> None:
    layout = Layout.from_environment({})
    assert layout.data == repository_root() / ".data"
    assert layout.jar_cache == layout.data / "cache"


def test_the_environment_moves_it(tmp_path: Path) -> None:
    layout = Layout.from_environment({"HUB_DATA_DIR": str(tmp_path / "d"), "HUB_JAR_CACHE": str(tmp_path / "jars")})
    assert (layout.data, layout.jar_cache) == (tmp_path / "d", tmp_path / "jars")


def test_every_path_is_inside_the_data_directory(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "d")
    paths = (
        *(layout.jar_cache, layout.kafka, layout.postgres, layout.pki, layout.secrets, layout.logs),
        *(layout.state_file, layout.lock_file),
    )
    assert all(path.is_relative_to(layout.data) for path in paths)


def test_a_directory_of_somebody_else_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("precious")
    layout = Layout.at(tmp_path)
    with pytest.raises(DataDirectoryError):
        layout.create()
    with pytest.raises(DataDirectoryError):
        layout.remove()
    assert (tmp_path / "thesis.odt").exists()


def test_what_was_created_is_removed_whole(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "d")
    layout.create()
    layout.create()
    (layout.kafka / "file").write_text("x")
    layout.remove()
    assert list(tmp_path.iterdir()) == []
    layout.remove()


def test_secrets_are_private(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "d")
    layout.create()
    write_private(layout.secrets / "s", "x")
    assert stat.S_IMODE((layout.secrets / "s").stat().st_mode) == 0o600
    for folder in (layout.secrets, layout.pki, layout.logs, layout.kafka):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_one_supervisor_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout.at(tmp_path / "d")
    layout.create()
    assert not layout.is_running()
    with layout.lock(wait=0):
        assert layout.is_running()
        with pytest.raises(AlreadyRunning):
            layout.acquire_lock(wait=0)
        monkeypatch.setattr("hub_local.layout.LOCK_WAIT_SECONDS", 0)
        with pytest.raises(AlreadyRunning):
            layout.remove()
    assert not layout.is_running()


def test_the_state_is_merged_and_emptied(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "d")
    layout.create()
    assert layout.read_state() == {}
    layout.update_state(pid=1, ports={"kafka": 2})
    layout.update_state(pid=None, more=3)
    assert layout.read_state() == {"ports": {"kafka": 2}, "more": 3}


def test_preferred_ports_are_kept_while_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port != 20_001)
    monkeypatch.setattr(ports, "claim", lambda port: True)
    chosen = ports.pick_ports(("a", "b", "c"), {"a": 20_000, "b": 20_001})
    assert chosen["a"] == 20_000
    assert chosen["b"] != 20_001
    assert len(set(chosen.values())) == 3
    assert all(ports.FIRST <= port <= ports.LAST for port in chosen.values())


def test_two_names_never_share_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    monkeypatch.setattr(ports, "claim", lambda port: True)
    chosen = ports.pick_ports(("a", "b"), {"a": 20_000, "b": 20_000})
    assert chosen["a"] != chosen["b"]


@pytest.mark.skipif(sys.platform != "linux", reason="claims are abstract sockets, which only Linux has")
def test_a_picked_port_is_not_given_to_another_copy_before_its_server_listens() -> None:
    port = ports.pick_ports(("a",))["a"]
    ask = (
        "import sys; from hub_local import ports; print(ports.is_free(int(sys.argv[1])), ports.claim(int(sys.argv[1])))"
    )
    told = subprocess.run([sys.executable, "-c", ask, str(port)], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "False"]


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(OSError, match="no free port"):
        ports.pick_ports(("a",))


def test_passwords_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    first = role_passwords(file, ["a", "b"])
    again = role_passwords(file, ["b", "c"])
    assert again["b"] == first["b"]
    assert len({*first.values(), again["c"]}) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
