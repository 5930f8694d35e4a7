"""The emulated cloud: the real clients in it, and the machine around it, which stays as it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from adclick.errors import AdclickError
from tests.bundles import GOLDEN, tiny_bundle
from tests.gcp.cloud import names
from tests.gcp.cloud.faults import StorageFaults
from tests.gcp.cloud.options import Seed
from tests.gcp.cloud.running import PYTHON, REPOSITORY, Cloud, cannot, emulated_cloud
from tests.servers import gone, wait_until

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))

OWN_WAY_OUT = "mkdir /app && (setsid sleep 1000 &) && read -r code && exit $code"


def machine() -> dict[str, Any]:
    """What a cloud must leave as it is; other programs may mount and connect what is theirs."""
    return {
        "root": sorted(path.name for path in Path("/").iterdir()),
        "hosts": Path("/etc/hosts").read_text(encoding="utf-8"),
        "authorities": Path("/etc/ssl/certs/ca-certificates.crt").stat().st_mtime_ns,
        "addresses": sorted(found.address for found in psutil.net_if_addrs()["lo"]),
        "mounts": [mount for mount in mounts() if is_of_a_cloud(*mount.split()[:2])],
    }


def mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()


def is_of_a_cloud(device: str, place: str) -> bool:
    return device in ("emulated-cloud", "container") or "/pytest-of-" in place


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return machine()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, before: dict[str, Any]) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    (folder / "data/2024-01").mkdir(parents=True)
    (folder / "data/2024-01/rows.csv").write_text("id\n1\n")
    seeds = (f"{folder}/data=gs://{names.BUCKET}/ads",)
    with emulated_cloud(folder / "state", seeds, ("bash", "-c", OWN_WAY_OUT)) as running:
        yield running


@pytest.fixture
def faultless(cloud: Cloud) -> Iterator[None]:
    yield
    StorageFaults().set(cloud.state)


def told(cloud: Cloud, module: str, *words: object, **environment: str) -> dict[str, Any]:
    """What a module of tests/gcp/in_cloud prints."""
    command = [PYTHON, "-m", f"tests.gcp.in_cloud.{module}", *map(str, words)]
    ran = cloud.run(command, **environment)
    assert ran.returncode == 0, ran.stderr[-3000:]
    facts: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return facts


def asked_of_storage(cloud: Cloud, status: int) -> int:
    log = (cloud.state / "logs/storage-requests.log").read_text(encoding="utf-8")
    return sum(line.startswith(f"{status} ") for line in log.splitlines())


def test_storage_clients_work_by_its_real_name_with_the_machine_s_account(cloud: Cloud) -> None:
    facts = told(cloud, "storage", "plain", 20)
    assert facts["project"] == names.PROJECT
    assert facts["account"] == facts["signed_in"] == "google.auth.compute_engine.credentials"
    assert facts["same"] == [True, True, True]
    assert facts["listed"] == 20
    bucket = f"{names.BUCKET}/plain"
    assert facts["left"] == [f"{bucket}/large", f"{bucket}/piecewise"]


def test_clients_try_again_what_storage_refuses(cloud: Cloud, faultless: None) -> None:
    StorageFaults(error_share=0.2).set(cloud.state)
    refused = asked_of_storage(cloud, 503)
    facts = told(cloud, "storage", "refused", 8)
    assert facts["same"] == [True, True, True]
    assert asked_of_storage(cloud, 503) > refused


def test_slow_objects_are_slow(cloud: Cloud, faultless: None) -> None:
    StorageFaults(delay_seconds=0.1).set(cloud.state)
    assert told(cloud, "storage", "slow", 10)["seconds"] >= 1.0


def test_data_lies_in_the_bucket_and_nobody_reads_it_without_a_token(cloud: Cloud) -> None:
    url = f"https://{names.STORAGE_HOST}/storage/v1/b/{names.BUCKET}/o/ads%2F2024-01%2Frows.csv"
    token = f"Authorization: Bearer {names.TOKEN}"
    curl = ["curl", "--silent", "--show-error", f"{url}?alt=media"]
    assert cloud.run([*curl, "--header", token]).stdout == "id\n1\n"
    assert json.loads(cloud.run(curl).stdout)["error"]["code"] == 401


def test_a_job_of_vertex_ai_writes_to_the_bucket_from_a_machine_without_our_files(
    cloud: Cloud,
) -> None:
    facts = told(cloud, "vertex")
    assert facts == {"state": "PIPELINE_STATE_SUCCEEDED", "written": "hello, []"}


@pytest.mark.parametrize(("file", "status"), [("Dockerfile", "SUCCESS"), ("run.py", "FAILURE")])
def test_cloud_build_takes_a_source_with_a_dockerfile(cloud: Cloud, file: str, status: str) -> None:
    facts = told(cloud, "build", file)
    assert facts["status"] == status
    assert facts["digest"].startswith("sha256:")
    noted = json.loads(Path(facts["log"].removeprefix("file://")).read_text(encoding="utf-8"))
    assert noted == {"images": [f"{names.REGISTRY}/steps:1"], "files": [file]}


def test_all_checks_of_the_gcp_stack_hold(cloud: Cloud) -> None:
    found = told(cloud, "checks")
    assert {check: found[check] for check in found if found[check][0] != "holds"} == {}
    assert {"credentials", "ZenML account", f"cluster {names.CLUSTER}"} <= found.keys()


@pytest.mark.slow
def test_a_stack_keeps_artifacts_in_the_bucket_and_serves_on_the_cluster(cloud: Cloud) -> None:
    bundle = tiny_bundle(cloud.state / "bundle", "v1")
    home = cloud.state / "home"
    home.mkdir()
    facts = told(cloud, "project", home, bundle.path)
    assert facts["server"] == f"https://{names.ZENML_HOST}"
    assert facts["artifact"].startswith(f"gs://{names.BUCKET}/artifacts/make/")
    assert facts["value"] == "kept in a bucket"
    assert facts["secrets_left"] == 0
    assert "ZenML has no secret 'small': `zenml secret create small" in facts["unknown_secret"]
    assert (facts["deployed"], facts["golden_checked"]) == ("v1", len(GOLDEN))
    assert facts["bundle"] == f"gs://{names.BUCKET}/bundles/adclick/v1"
    resources = facts["resources"]
    assert resources["gcs-bucket"] == [f"gs://{names.BUCKET}"]
    assert resources["kubernetes-cluster"] == [names.CLUSTER]
    assert names.REGISTRY in resources["docker-registry"]


def test_its_end_is_its_command_s_and_the_machine_is_as_before(
    cloud: Cloud, before: dict[str, Any]
) -> None:
    """The last test, for it ends the cloud."""
    processes = psutil.Process(cloud.process.pid).children(recursive=True)
    assert any("sleep" in process.cmdline() for process in processes)
    assert cloud.run(["ls", "/app"]).returncode == 0
    assert cloud.process.stdin
    cloud.process.stdin.write(b"7\n")
    cloud.process.stdin.flush()
    assert cloud.process.wait(timeout=10) == 7
    wait_until(lambda: gone(processes), "its processes are gone")
    assert machine() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_cloud_that_is_killed(
    number: signal.Signals, tmp_path: Path, before: dict[str, Any]
) -> None:
    command = [PYTHON, "-m", "tests.gcp.cloud", "--state", tmp_path, "--", "sleep", "1000"]
    with subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True) as started:
        outside = psutil.Process(started.pid)
        wait_until(lambda: "zenml-server" in servers(tmp_path), "its servers start")
        wait_until(lambda: len(outside.children(recursive=True)) >= 5, "its servers run")
        processes = outside.children(recursive=True)
        started.send_signal(number)
    wait_until(lambda: gone(processes), "its processes are gone")
    assert machine() == before


def servers(state: Path) -> list[str]:
    return [path.stem for path in (state / "logs").glob("*.log")]


@pytest.mark.parametrize("text", ["/nowhere=gs://b/p", "/tmp", "/tmp=s3://b/p", "/tmp=gs://B"])
def test_wrong_data_is_refused(text: str) -> None:
    with pytest.raises(AdclickError, match="must be LOCAL_FOLDER=gs://bucket/prefix"):
        Seed.parse(text)
    words = ["--state", "/tmp", "--data", text, "--", "true"]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.gcp.cloud", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: --data ")
