"""`python -m hub_simulators …` as a user types it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from simulator_messages import Sender
from simulator_tls import client_context

from hub_simulators.pki import TestPki

COMMAND = [sys.executable, "-m", "hub_simulators"]


def run(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def started(*arguments: str) -> Iterator[dict[str, str]]:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.wait()


def test_pki_then_dmp(tmp_path: Path) -> None:
    directory = tmp_path / "pki"
    run("pki", "create", "--directory", str(directory))
    issued = json.loads(run("pki", "issue", "--directory", str(directory), "--structure", "1330000001", "--name", "P"))
    assert Path(issued["auth"][0]).exists()
    pki = TestPki.create(directory)
    sender = Sender(pki.structure("1330000001"), now=datetime.now(UTC))
    options = [
        "--pki",
        str(directory),
        "--directory",
        str(tmp_path / "store"),
        "--software",
        "HUB TEST;;DCP-000000-test",
    ]
    with started("dmp", *options) as ready:
        verify = client_context(pki, sender.certificates.auth)
        with httpx.Client(verify=verify) as client, httpx.Client(base_url=ready["control_url"]) as control:
            for action, refused in ((None, False), ("reset", True), ("store_then_drop", True), (None, False)):
                if action:
                    control.post("/behaviours", json={"action": action})
                wire = sender.td21() if action == "store_then_drop" else sender.td02()
                url = ready["base_url"] + "/" + wire.path.rpartition("/")[2]
                headers = {"Content-Type": wire.content_type}
                if refused:
                    with pytest.raises(httpx.TransportError):
                        client.post(url, content=wire.body, headers=headers)
                else:
                    assert client.post(url, content=wire.body, headers=headers).status_code == 200
            assert control.get("/statistics").json()["documents"] == 1
    run("pki", "revoke", "--directory", str(directory), "--structure", "1330000001")


def test_account_then_issuer(tmp_path: Path) -> None:
    accounts = str(tmp_path / "accounts.json")
    run("account", "--accounts", accounts, "--client-id", "lgo", "--scope", "acts:write", "--secret", "s")
    with started("issuer", "--accounts", accounts, "--audience", "hub", "--directory", str(tmp_path / "keys")) as ready:
        form = {"grant_type": "client_credentials", "client_id": "lgo", "client_secret": "s"}
        answer = httpx.post(ready["token_endpoint"], data=form)
        assert answer.json()["scope"] == "acts:write"
        assert len(httpx.get(ready["jwks_uri"]).json()["keys"]) == 1


def test_a_wrong_software_option_is_explained(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "dmp", "--pki", str(tmp_path), "--software", "X"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "NOM;VERSION;NUMERO" in done.stderr


def test_many_structures(tmp_path: Path) -> None:
    run("pki", "issue-many", "--directory", str(tmp_path), "--first", "1330000100", "--count", "20", "--key-pool", "2")
    assert len(list((tmp_path / "structures").iterdir())) == 20
