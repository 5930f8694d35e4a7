"""What invalidates a step's cached result: its own code and all of ours that it imports."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from zenml.config.cache_policy import CachePolicy
from zenml.steps import BaseStep

from steps.caching import depends_on_code

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    file.stem for file in (ROOT / "steps").glob("*.py") if "@step" in file.read_text("utf-8")
)
LOOKS_OUTWARD = {
    "collect_predictions",
    "decide_retraining",
    "deploy",
    "find_champion",
    "find_start",
    "ingest",
    "notify",
    "promote",
    "publish_reports",
    "register",
    "score",
    "send_traffic",
}


def files(module: str) -> set[str]:
    return set(depends_on_code(module).file_dependencies or ())


def step_of(name: str) -> BaseStep:
    found = getattr(importlib.import_module(f"steps.{name}"), name)
    assert isinstance(found, BaseStep)
    return found


def test_a_step_depends_on_itself_and_the_pinned_packages() -> None:
    assert {"steps/fit_encoder.py", "requirements.txt"} <= files("steps.fit_encoder")


def test_a_step_depends_on_what_it_imports_and_on_what_that_imports() -> None:
    assert {"adclick/encoding/fit.py", "adclick/schema.py", "adclick/errors.py"} <= files(
        "steps.fit_encoder"
    )


def test_a_step_depends_on_what_its_function_imports() -> None:
    assert {"adclick/training/train.py", "adclick/model/tower.py"} <= files("steps.train")


def test_a_step_depends_on_other_steps_helpers() -> None:
    assert "steps/model_versions.py" in files("steps.evaluate")


@pytest.mark.parametrize(
    "other", ["adclick/training/train.py", "adclick/monitoring/drift.py", "steps/train.py"]
)
def test_a_step_does_not_depend_on_what_it_does_not_import(other: str) -> None:
    assert (ROOT / other).is_file()
    assert other not in files("steps.fit_encoder")


@pytest.mark.parametrize("name", sorted(set(MODULES) - LOOKS_OUTWARD))
def test_a_step_that_computes_is_cached_until_its_code_changes(name: str) -> None:
    configuration = step_of(name).configuration
    assert configuration.enable_cache is not False
    policy = configuration.cache_policy
    assert policy is not None
    assert policy == depends_on_code(f"steps.{name}").model_copy(
        update={"file_dependencies": policy.file_dependencies}
    )
    assert files(f"steps.{name}") <= set(policy.file_dependencies or ())


def test_a_step_depends_on_what_runs_in_a_process_of_its_own() -> None:
    policy = step_of("check_serving").configuration.cache_policy
    assert policy is not None
    assert {"serving/app.py", "serving/worker.py"} <= set(policy.file_dependencies or ())


@pytest.mark.parametrize("name", sorted(LOOKS_OUTWARD))
def test_a_step_that_looks_outward_is_never_cached(name: str) -> None:
    assert step_of(name).configuration.enable_cache is False


def test_every_file_that_is_named_exists() -> None:
    policies = [step_of(name).configuration.cache_policy for name in MODULES]
    named = {file for policy in policies if policy for file in policy.file_dependencies or ()}
    assert len(named) > 20
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_the_policy_still_looks_at_inputs_and_parameters() -> None:
    changed = depends_on_code("steps.train").model_dump(exclude={"file_dependencies"})
    assert changed == CachePolicy.default().model_dump(exclude={"file_dependencies"})
