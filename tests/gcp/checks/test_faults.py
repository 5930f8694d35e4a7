"""Each check is seen to hold, and to fail with the command that mends what it found."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from stacks.checks import exit_code
from stacks.checks.check import Status
from tests.gcp.checks.cluster_faults import CLUSTER_FAULTS
from tests.gcp.checks.project_faults import ENABLE, PROJECT_FAULTS
from tests.gcp.checks.world import BUCKET, CLUSTER, IN_PROJECT, NAMESPACE, World
from tests.gcp.cloud.project import ACCOUNT

FAULTS = PROJECT_FAULTS | CLUSTER_FAULTS
# those that don't hide one another are looked for at once
AT_ONCE = (
    (
        "APIs off",
        "no bucket",
        "no repository",
        "no account",
        "no cluster",
        "no image",
        "gateway without a server",
        "server of another version",
    ),
    (
        "service usage off",
        "bucket elsewhere",
        "not for images",
        "account disabled",
        "cluster stops",
        "gateway gone",
        "server of this machine",
        "no right to see machines",
    ),
    (
        "no right to see APIs",
        "no right to see the bucket",
        "another registry",
        "may not act as it",
        "no right to see quotas",
        "cluster out of reach",
        "server gone",
    ),
    (
        "no rights",
        "no right to write",
        "no right to push",
        "quota 0",
        "no GPU in the region",
        "no Seldon",
        "no namespace",
        "wrong key",
    ),
    ("account without rights", "quota of no region", "no machine in the region", "may not deploy"),
)


def test_all_holds_where_nothing_is_missing(world: World) -> None:
    results = world.check()
    # this environment is the local one, whose lock is another
    results.pop("requirements")
    assert {name: r.found for name, r in results.items() if r.status != Status.HOLDS} == {}
    assert exit_code(list(results.values())) == 0
    assert results["credentials"].found == ACCOUNT
    assert list(results) == [
        "variables",
        "Python",
        "ZenML server",
        "ZenML account",
        "credentials",
        "APIs",
        "project rights",
        "pipeline account",
        "rights of pipeline account",
        "machine n1-standard-4",
        "machine n1-standard-16",
        "machine n1-standard-8 with 1 x NVIDIA_TESLA_T4",
        "quota of spot NVIDIA_TESLA_T4",
        BUCKET,
        f"rights to {BUCKET}",
        "registry",
        "serving image",
        CLUSTER,
        "Seldon",
        NAMESPACE,
        f"rights in {NAMESPACE}",
        "gateway",
    ]


@pytest.mark.parametrize("faults", AT_ONCE, ids=lambda faults: faults[0])
def test_each_fault_is_found_with_the_command_that_mends_it(
    world: World, faults: tuple[str, ...]
) -> None:
    for fault in faults:
        FAULTS[fault].act(world)
    results = world.check()
    for fault in (FAULTS[name] for name in faults):
        result = results[fault.check]
        assert result.status == Status.FAILS, fault
        assert fault.found in result.found
        assert (result.mend or "").startswith(fault.mend)
    assert exit_code(list(results.values())) == 2


def test_no_fault_is_left_out() -> None:
    assert {fault for faults in AT_ONCE for fault in faults} == FAULTS.keys()


@pytest.mark.slow
def test_gcloud_knows_each_command(tmp_path: Path) -> None:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        pytest.skip("gcloud is not installed")
    commands: set[str] = set()
    for fault in FAULTS.values():
        commands |= {part for part in fault.mend.split(" && ") if part.startswith("gcloud ")}
    commands.add(f"{ENABLE}compute.googleapis.com {IN_PROJECT}")
    commands.discard(ENABLE)
    listed = tmp_path / "commands.json"
    content = [{"command_string": command} for command in sorted(commands)]
    listed.write_text(json.dumps(content), encoding="utf-8")
    lint = [gcloud, "meta", "lint-gcloud-commands", f"--commands-file={listed}", "--format=json"]
    ran = subprocess.run(lint, capture_output=True, text=True, timeout=120, check=True)
    # a second list repeats the first
    verdicts, _ = json.JSONDecoder().raw_decode(ran.stdout)
    assert len(verdicts) == len(commands)
    assert [v["error_message"] for v in verdicts if not v["success"]] == []
