"""What the emulated Vertex AI runs steps on where they run in their images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gcp.cloud import names
from tests.gcp.cloud.vertex.container import LABEL, ContainerMachine
from tests.gcp.cloud.vertex.task import Task
from tests.gcp.images.engine import docker
from tests.servers import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    path.write_text("trusted")
    return path


@pytest.fixture
def machine(network: str, tmp_path: Path, authority: Path) -> ContainerMachine:
    return ContainerMachine(network, {"SSL_CERT_FILE": str(authority)}, tmp_path)


def shell(image: str, script: str) -> Task:
    return Task("shell", image, ("sh", "-c", script), {})


def running(network: str) -> list[str]:
    return docker("ps", "--all", "--quiet", f"--filter=label={LABEL}={network}").split()


def test_a_container_has_the_cloud_s_hosts_its_authority_and_its_exit_code(
    machine: ContainerMachine, base_name: str, authority: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    script = (
        f"cat $SSL_CERT_FILE; echo; cat /etc/hosts; echo $MINE; ls {Path(__file__).parent}; exit 7"
    )
    replica = machine.start(shell(base_name, script), {"MINE": "two words"}, log)
    assert replica.wait(timeout=60) == 7
    said = log.read_text()
    assert said.startswith(authority.read_text())
    assert names.hosts_file() in said
    assert "two words\n" in said
    assert "No such file or directory" in said
    assert running(machine.beside) == []


def test_a_container_that_is_killed_is_gone(
    machine: ContainerMachine, base_name: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    replica = machine.start(shell(base_name, "echo up; exec sleep 1000"), {}, log)
    wait_until(lambda: "up" in log.read_text(), "the container runs", 60)
    replica.kill()
    assert replica.wait(timeout=10) != 0
    assert running(machine.beside) == []
