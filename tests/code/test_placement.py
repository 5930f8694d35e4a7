"""What each step gets, in the words of the stacks' orchestrators."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from adclick.config import load_config
from adclick.errors import AdclickError
from adclick.resources import Resources, StepResources
from run import STARTER
from stacks.definition import StackDefinition, load_stack
from stacks.placement import kubernetes, placement, vertex

REPOSITORY = Path(__file__).resolve().parents[2]

STEPS = (STARTER, *sorted(path.stem for path in (REPOSITORY / "steps").glob("*.py")))


def stack(name: str) -> StackDefinition:
    named = yaml.safe_load((REPOSITORY / f"stacks/{name}.yaml").read_text(encoding="utf-8"))
    assert named["name"] == name
    required = (REPOSITORY / ".env.example").read_text(encoding="utf-8").partition("# Optional")[0]
    variables = [line[:-1] for line in required.splitlines() if line.endswith("=")]
    return load_stack(name, {**dict.fromkeys(variables, "something"), "ADCLICK_HOME": "/home"})


def test_the_example_names_each_variable_that_the_stacks_need() -> None:
    assert stack("gcp").server is not None
    assert stack("kubernetes").image is not None


def test_gpus_are_for_training_alone() -> None:
    resources = load_config(REPOSITORY / "configs/gcp.yaml").resources
    placed = placement(stack("gcp"), resources, STEPS)
    settings = {
        name: options["settings"]["orchestrator.vertex_workers"]["custom_job_parameters"]
        for name, options in placed["steps"].items()
    }
    assert [name for name, job in settings.items() if "accelerator_type" in job] == ["train"]
    assert settings["train"]["accelerator_count"] == 1
    assert {job["machine_type"] for job in settings.values()} >= {"n1-standard-4", "n1-standard-8"}


def test_workers_gpus_and_time_are_numbers_of_the_configuration() -> None:
    step = StepResources(
        machine="n1-standard-16", gpu="NVIDIA_TESLA_T4", gpus=2, workers=3, hours=1.5
    )
    job = vertex(step)["custom_job_parameters"]
    assert (job["accelerator_type"], job["accelerator_count"]) == ("NVIDIA_TESLA_T4", 2)
    training = job["additional_training_job_args"]
    assert (training["replica_count"], training["timeout"]) == (3, "5400s")
    assert (training["strategy"], training["restart_job_on_worker_restart"]) == ("STANDARD", True)


def test_what_changes_something_outside_is_tried_once() -> None:
    resources = load_config(REPOSITORY / "configs/gcp.yaml").resources
    steps = placement(stack("gcp"), resources, STEPS)["steps"]
    assert steps["deploy"]["retry"] is None
    assert steps["train"]["retry"]["max_retries"] == 3


def test_a_pod_asks_for_its_gpus_and_spot_nodes() -> None:
    pod = kubernetes(StepResources(cpus=6, memory_gb=24, gpu="t4", gpus=1, spot=True, retries=1))
    settings = pod["pod_settings"]
    assert settings["resources"]["requests"] == {"cpu": "6", "memory": "24Gi"}
    assert settings["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert settings["node_selectors"]["cloud.google.com/gke-accelerator"] == "t4"
    assert settings["tolerations"][0]["key"] == "cloud.google.com/gke-spot"


def test_of_pods_the_training_step_s_alone_asks_for_a_gpu() -> None:
    resources = load_config(REPOSITORY / "configs/kubernetes.yaml").resources
    placed = placement(stack("kubernetes"), resources, STEPS)
    limits = {
        name: options["settings"]["orchestrator.kubernetes_with_code"]["pod_settings"]["resources"][
            "limits"
        ]
        for name, options in placed["steps"].items()
    }
    assert {name: limit for name, limit in limits.items() if limit} == {
        "train": {"nvidia.com/gpu": "1"}
    }


def test_an_orchestrator_that_has_one_machine_a_step_refuses_workers() -> None:
    with pytest.raises(AdclickError, match="set workers to 1"):
        kubernetes(StepResources(workers=2))


def test_this_process_needs_no_placement() -> None:
    assert placement(stack("local"), Resources(), STEPS) == {}


def test_resources_of_an_unknown_step_are_refused() -> None:
    resources = Resources(steps={"trian": StepResources()})
    with pytest.raises(AdclickError, match=r"no step trian; steps are .*train"):
        placement(stack("gcp"), resources, STEPS)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"gpu": "NVIDIA_TESLA_T4"}, "gpu and gpus go together"),
        ({"gpus": 2}, "gpu and gpus go together"),
        ({"spot": True}, "set retries to 1 or more"),
        ({"disk_gb": 10}, "greater than or equal to 100"),
    ],
)
def test_resources_that_cannot_be_are_refused(given: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        StepResources.model_validate(given)


def test_steps_differ_from_the_default_in_what_they_name(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("resources: {default: {hours: 6}, steps: {train: {disk_gb: 500}}}")
    resources = load_config(file).resources
    assert (resources.of("train").hours, resources.of("train").disk_gb) == (6, 500)
    assert resources.of("split") == resources.default
