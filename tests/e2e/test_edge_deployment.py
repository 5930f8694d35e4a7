"""A guarded edge as a deployment makes it: keys that change, and secrets that stay secret."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import trustme

from adclick.errors import AdclickError
from adclick.feedback import feedback_root
from adclick.prediction_log.names import CANDIDATE, CLICKED, REQUEST
from adclick.records.reading import read_records
from serving.access import Access
from serving.client import PREDICTIONS, PredictionClient
from serving.deployment import Deployment
from serving.edge_options import EdgeOptions
from serving.local.edge import Edge
from serving.local.folders import Folders
from serving.local.keeper import MODULE
from serving.process_table import process_with, server_processes
from serving.processes import LocalSeldon
from serving.traffic import send_traffic
from tests.bundles import example, tiny_bundle, tiny_schema
from tests.load import load
from tests.servers import free_port, wait_until

FIRST, SECOND = "the-first-key-of-the-api", "the-second-key-of-the-api"
FEEDBACK = "/api/v1.0/feedback"


@dataclass(frozen=True)
class Local:
    """A place to deploy to; what already serves there need not be started again."""

    folder: Path
    port: int

    @property
    def folders(self) -> Folders:
        return Folders(self.folder.resolve() / "state")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def manager(self, **edge: Any) -> LocalSeldon:
        options = EdgeOptions.model_validate(edge)
        return LocalSeldon(self.folders.root, self.port, self.log, workers=1, edge=options)

    def deploy(self, version: str = "v1", traffic: int = 100, **edge: Any) -> Deployment:
        bundle = tiny_bundle(self.folder / version, version)
        return self.manager(**edge).deploy(bundle, traffic)

    def processes(self) -> list[psutil.Process]:
        """Envoy, the keeper and the servers."""
        envoy = Edge(self.folders.edge).process()
        keeper = process_with(MODULE, "--state", str(self.folders.root))
        assert envoy and keeper
        return [envoy, keeper, *server_processes(self.folders.versions)]

    def answers(self, key: str | None = None) -> int:
        headers = {"x-api-key": key} if key else {}
        url = f"http://127.0.0.1:{self.port}{PREDICTIONS}"
        body = {"jsonData": example()}
        return requests.post(url, json=body, headers=headers, timeout=10).status_code


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    made = Local(tmp_path_factory.mktemp("edge"), free_port())
    yield made
    made.manager().stop()
    assert not {path.name for path in made.folders.edge.iterdir()} & {
        "keys",
        "access.json",
        "certificate.json",
    }


def test_by_default_nothing_listens_but_on_loopback(local: Local) -> None:
    local.deploy()
    listening = [
        connection.laddr.ip
        for process in local.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 2 and set(listening) == {"127.0.0.1"}


def test_other_settings_are_taken_over_while_clients_ask(local: Local) -> None:
    with load(local.deploy().url) as asked, requests.Session() as session:
        asked.wait_for_more(20)
        health = f"http://127.0.0.1:{local.port}/health/ping"
        assert "connection" not in session.get(health, timeout=10).headers
        local.deploy(body_mib=1, rate={"requests": 10_000})
        assert session.get(health, timeout=10).headers["connection"] == "close"
        assert "connection" not in session.get(health, timeout=10).headers
        asked.wait_for_more(20)
        large = {"jsonData": "x" * 2**20}
        url = f"http://127.0.0.1:{local.port}{PREDICTIONS}"
        assert requests.post(url, json=large, timeout=10).status_code == 413
        local.deploy()
        asked.wait_for_more(20)


def test_a_key_is_changed_while_clients_ask(local: Local) -> None:
    local.keys.write_text(FIRST)
    deployed = local.deploy(keys={"file": str(local.keys)})
    before = {process.pid for process in local.processes()}
    assert (local.answers(), local.answers(SECOND), local.answers(FIRST)) == (401, 401, 200)
    with load(deployed.url, access=Access(key=FIRST)) as first:
        first.wait_for_more(20)
        local.keys.write_text(f"{FIRST}\n{SECOND}\n")
        wait_until(lambda: local.answers(SECOND) == 200, "the second key is taken", seconds=5)
        first.wait_for_more(20)
    with load(deployed.url, access=Access(key=SECOND)) as second:
        second.wait_for_more(20)
        local.keys.write_text(SECOND)
        wait_until(lambda: local.answers(FIRST) == 401, "the first key is refused", seconds=5)
        second.wait_for_more(20)
    assert {process.pid for process in local.processes()} == before
    # what is no key file changes nothing, and does not keep anyone from a roll-out
    local.keys.write_text("short")
    said = "the edge stays as it was: edge.keys: key 1 of"
    wait_until(lambda: said in local.folders.keeper_log.read_text(), "the keeper says so")
    assert local.answers(SECOND) == 200
    local.keys.write_text(SECOND)


def test_keys_from_a_variable_are_in_one_file_of_their_owner_s(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.manager().stop()
    monkeypatch.setenv("ADS_KEYS", FIRST)
    monkeypatch.setenv("ADCLICK_API_KEY", FIRST)
    deployed = local.deploy(keys={"variable": "ADS_KEYS"})
    assert (local.answers(), local.answers(FIRST)) == (401, 200)
    rows = [{**example(), "impression": f"traffic-{number}"} for number in range(4)]
    report = send_traffic(deployed.url, tiny_schema(), rows, connections=2)
    assert report.requests == len(rows)
    assert FIRST not in repr((deployed, local.manager().status(), report))
    listed = subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout
    assert str(local.folders.edge) in listed and FIRST not in listed
    for process in local.processes():
        assert FIRST not in repr((process.cmdline(), process.environ()))
    holding = {
        path.relative_to(local.folder): path.stat().st_mode & 0o777
        for path in local.folder.rglob("*")
        if path.is_file() and FIRST.encode() in path.read_bytes()
    }
    assert holding == {
        Path("state/edge/keys"): 0o600,
        Path("state/edge/access.json"): 0o600,
    }
    monkeypatch.setenv("ADS_KEYS", SECOND)
    assert not local.deploy(keys={"variable": "ADS_KEYS"}).started
    assert (local.answers(FIRST), local.answers(SECOND)) == (401, 200)
    monkeypatch.delenv("ADS_KEYS")
    with pytest.raises(AdclickError, match="ADS_KEYS is not set"):
        local.deploy(keys={"variable": "ADS_KEYS"})
    assert local.answers(SECOND) == 200


def told(local: Local) -> set[tuple[str, int, bool]]:
    tables = read_records(feedback_root(str(local.log)), [REQUEST, CANDIDATE, CLICKED])
    rows = [row for table in tables for row in table.to_pylist()]
    return {(row[REQUEST], row[CANDIDATE], row[CLICKED]) for row in rows}


def test_feedback_reaches_the_log_whoever_answered(local: Local) -> None:
    local.keys.write_text(FIRST)
    keys = {"file": str(local.keys)}
    url = local.deploy(keys=keys).url
    headers = {"x-api-key": FIRST}
    wanted: set[tuple[str, int, bool]] = set()
    for share in (100, 50):
        if share < 100:
            local.deploy("v2", traffic=share, keys=keys)
        for number in range(8):
            clicked = number % 2
            name = f"told-{share}-{number}"
            body = {"jsonData": example(), "meta": {"puid": name}}
            answer = requests.post(url + PREDICTIONS, json=body, headers=headers, timeout=10).json()
            message = {"response": answer, "reward": clicked}
            assert requests.post(url + FEEDBACK, json=message, timeout=10).status_code == 401
            accepted = requests.post(url + FEEDBACK, json=message, headers=headers, timeout=10)
            assert accepted.json() == {"meta": {"tags": {"accepted": 1}}}
            wanted.add((name, 0, bool(clicked)))
    wait_until(lambda: wanted <= told(local), "all of it is logged")
    assert {name for name, _, _ in told(local)} == {name for name, _, _ in wanted}
    local.manager(keys=keys).rollback()
    assert local.answers() == 401


def test_an_edge_for_other_machines(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    ca, mine = local.folder / "ca.pem", local.folder / "mine.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert("ads@example.org").private_key_and_cert_chain_pem.write_to_path(mine)
    proof = authority.issue_cert("127.0.0.1")
    tls = {"certificate": local.folder / "certificate.pem", "key": local.folder / "key.pem"}
    proof.cert_chain_pems[0].write_to_path(tls["certificate"])
    proof.private_key_pem.write_to_path(tls["key"])
    tls["client_ca"] = ca
    address = {"address": "0.0.0.0", "tls": tls}

    local.deploy()
    monkeypatch.setenv("ADCLICK_API_CERTIFICATE", str(mine))
    with pytest.raises(AdclickError, match=r"would have to close for edge\.address 0\.0\.0\.0"):
        local.deploy(**address)
    local.manager().stop()
    monkeypatch.delenv("ADCLICK_API_CERTIFICATE")
    with pytest.raises(AdclickError, match="lets only clients with a certificate in: set ADCLICK"):
        local.deploy(**address)
    monkeypatch.setenv("ADCLICK_API_CERTIFICATE", str(mine))
    deployed = local.deploy(**address)
    assert deployed.url == f"https://127.0.0.1:{local.port}"
    monkeypatch.delenv("ADCLICK_API_CERTIFICATE")
    status = local.manager(**address).status()
    assert (status.url, status.healthy) == (deployed.url, True)
    with PredictionClient(deployed.url, access=Access(ca=ca, certificate=mine)) as client:
        assert client.predict([example()]).version == "v1"
    with PredictionClient(deployed.url, access=Access(ca=ca)) as stranger:
        assert not stranger.is_healthy()
