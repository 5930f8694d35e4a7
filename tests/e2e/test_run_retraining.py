"""run.py --pipeline retraining: from a verdict to a version that serves, and what refuses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adclick.retraining.outcome import Retraining
from serving.deployment import Status
from tests.e2e.runs import Place, Ran
from tests.e2e.shops import write_months, write_schema
from tests.e2e.test_run_promotion import LEARNING

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Asked:
    """A call of the pipeline, and what served and what ZenML kept after it."""

    run: Ran
    serving: Status
    stages: dict[str, str | None]

    @property
    def retraining(self) -> Retraining:
        retraining = self.run.done.retraining
        assert retraining is not None
        return retraining


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], Place]) -> Place:
    made = make_place("retraining")
    write_schema(made.folder)
    write_months(made.folder / "data", ["2024-01", "2024-02", "2024-03"])
    return made


def run(place: Place, pipeline: str, *words: str | Path, **options: Any) -> Ran:
    config = place.config(pipeline, **LEARNING, retraining=options)
    named = ("--data", place.folder / "data", "--schema", place.folder / "shops.yaml")
    return place.run("--config", config, "--pipeline", pipeline, *named, *words)


def ask(place: Place, **options: Any) -> Asked:
    ran = run(place, "retraining", **{"most_months": 3, **options})
    return Asked(ran, place.serving(), place.stages())


@pytest.fixture(scope="module")
def champion(place: Place) -> str:
    """A model of three months, in production."""
    run(place, "training").done  # noqa: B018
    run(place, "deployment").done  # noqa: B018
    version = place.serving().version
    assert version is not None
    return version


@pytest.fixture(scope="module")
def retrained(place: Place, champion: str) -> Asked:
    """Three months come after which the world has turned."""
    months = ["2024-04", "2024-05", "2024-06"]
    write_months(place.folder / "data", months, turned=True)
    return ask(place, cool_down_days=0)


def test_a_month_that_drifted_leads_to_a_new_version_that_serves(
    champion: str, retrained: Asked
) -> None:
    said = retrained.retraining
    assert (said.result, said.decision.verdict, said.decision.champion) == (
        *("promoted", "retrain"),
        champion,
    )
    assert said.decision.months == ("2024-04", "2024-05", "2024-06")
    assert said.version is not None and said.version != champion
    assert retrained.serving.version == said.version
    assert retrained.stages == {champion: "archived", said.version: "production"}
    assert f"promoted: {said.decision.reason}" in " ".join(retrained.run.output.split())


def test_the_chain_can_be_followed_from_each_of_its_ends(place: Place, retrained: Asked) -> None:
    said = retrained.retraining
    pipelines = [step.pipeline for step in retrained.run.done.steps]
    assert list(dict.fromkeys(pipelines)) == ["retraining", "training", "deployment"]
    (version,) = (one for one in place.store()["versions"] if one["name"] == said.version)
    for name in (said.monitored, said.trained, said.deployed):
        assert name is not None and name in version["metadata"]["retraining"]
    assert place.noted("retraining") == {said.monitored, said.trained, said.deployed}


@pytest.fixture(scope="module")
def cooling(place: Place, retrained: Asked) -> Asked:
    """A month later it has turned back, a minute after the last training."""
    write_months(place.folder / "data", ["2024-07"])
    return ask(place)


def test_a_second_one_within_the_cool_down_is_refused(retrained: Asked, cooling: Asked) -> None:
    said = cooling.retraining
    assert (said.result, said.decision.verdict) == ("refused", "retrain")
    assert "the cool-down of 20 days ends on" in said.decision.reason
    assert "because of 2024-07, auc" in said.decision.reason
    assert (said.trained, said.version) == (None, None)
    assert f"refused: {said.decision.reason}" in " ".join(cooling.run.output.split())
    assert (cooling.serving.version, cooling.stages) == (
        retrained.serving.version,
        retrained.stages,
    )


@pytest.fixture(scope="module")
def broken(place: Place, cooling: Asked) -> Asked:
    """A month whose prices are in cents, long after the last training."""
    write_months(place.folder / "data", ["2024-08"], turned=True, unit=100)
    return ask(place, cool_down_days=0)


def test_nothing_is_learned_from_what_is_broken(cooling: Asked, broken: Asked) -> None:
    said = broken.retraining
    assert (said.result, said.decision.verdict) == ("refused", "stop")
    assert "2024-08, price" in said.decision.reason
    assert {step.pipeline for step in broken.run.done.steps} == {"retraining"}
    assert (broken.serving.version, broken.stages) == (cooling.serving.version, cooling.stages)
