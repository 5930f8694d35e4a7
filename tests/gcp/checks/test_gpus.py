"""GPUs: their quotas, and the machines that they go with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adclick.config import RunConfig
from adclick.resources import StepResources
from stacks.checks.check import Status
from stacks.checks.google import Google
from stacks.checks.machines import machine_check
from stacks.checks.quotas import NAMES
from stacks.checks.running import make_checks
from tests.gcp.checks.world import World
from tests.gcp.cloud import discovered, names


def test_spot_and_other_gpus_have_quotas_of_their_own(world: World) -> None:
    world.config = _with_gpus(
        {"machine": "g2-standard-8", "gpu": "NVIDIA_L4", "gpus": 1, "workers": 3},
        {"machine": "n1-standard-8", "gpu": "NVIDIA_TESLA_T4", "gpus": 2, "workers": 3},
        {"machine": "n1-standard-8", "gpu": "NVIDIA_T5", "gpus": 1, "spot": True, "retries": 1},
    )
    world.project.quotas["aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus"] = {
        "": 1,
        names.REGION: -1,
    }
    results = world.check()
    found = {name: r.found for name, r in results.items() if name.startswith("quota")}
    assert found.pop("quota of spot NVIDIA_T5").startswith("Vertex AI trains on no NVIDIA_T5;")
    assert found == {
        "quota of NVIDIA_L4": f"unlimited in {names.REGION}, 3 asked for",
        "quota of NVIDIA_TESLA_T4": f"4 in {names.REGION}, 6 asked for",
    }


@pytest.mark.parametrize(
    ("machine", "gpu", "gpus", "problem"),
    [
        ("g2-standard-8", "NVIDIA_L4", 1, None),
        ("g2-standard-8", "NVIDIA_L4", 2, "g2-standard-8 has 1 x nvidia-l4, built in"),
        ("e2-standard-8", "NVIDIA_TESLA_T4", 1, "e2-standard-8 takes no NVIDIA_TESLA_T4"),
        ("n1-standard-8", "NVIDIA_L4", 1, "n1-standard-8 takes no NVIDIA_L4"),
        ("n1-standard-8", "NVIDIA_TESLA_T4", 3, "takes 1 or 2 or 4 of NVIDIA_TESLA_T4, not 3"),
        ("n1-standard-32", "NVIDIA_TESLA_T4", 1, "takes 2 or 4 of NVIDIA_TESLA_T4, not 1"),
        ("n1-standard-32", "NVIDIA_TESLA_T4", 2, None),
    ],
)
def test_gpus_fit_the_machine(
    world: World, machine: str, gpu: str, gpus: int, problem: str | None
) -> None:
    google = Google(world.web, names.PROJECT)
    google.sign_in()
    step = StepResources(machine=machine, gpu=gpu, gpus=gpus)
    (result,) = make_checks([replace(machine_check(google, names.REGION, step), needs=())], ())
    assert (result.status == Status.HOLDS) == (problem is None)
    assert problem is None or problem in result.found


def test_vertex_knows_the_gpus_that_have_a_quota() -> None:
    if not discovered.available():
        pytest.skip("no discovery documents: make .venv-gcp/installed")
    known = discovered.enumeration(
        "aiplatform.v1", "GoogleCloudAiplatformV1MachineSpec", "acceleratorType"
    )
    assert NAMES.keys() <= set(known)


def _with_gpus(*steps: dict[str, Any]) -> RunConfig:
    return RunConfig.model_validate(
        {"resources": {"steps": {f"step_{i}": step for i, step in enumerate(steps)}}}
    )
