"""Plans: hours from measured rates, money from dated prices, and what neither knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.config import RunConfig, load_config
from adclick.errors import AdclickError
from adclick.planning.estimate import step_seconds
from adclick.planning.growth import GENERATE, GROWTH, Growth
from adclick.planning.plan import MEASURED, PRICES, Plan, make_plan
from adclick.planning.prices import Prices, load_prices
from adclick.planning.ranges import Range
from adclick.planning.rates import RUN, Rates, load_rates
from adclick.planning.size import Size, sample_size
from adclick.planning.workload import Quantity, Workload
from adclick.resources import Resources, StepResources
from adclick.views.plan import print_plan

REPOSITORY = Path(__file__).parents[2]
RATES = load_rates(REPOSITORY / MEASURED)
PRICED = load_prices(REPOSITORY / PRICES / "gcp.yaml")
LOCAL = load_config(REPOSITORY / "configs" / "local.yaml")
GCP = load_config(REPOSITORY / "configs" / "gcp.yaml")
SAMPLE = sample_size(LOCAL.sample_data)
NO_STEP = {"__init__", "caching", "model_versions", "stages", "standing"}
# of pipelines that are no part of a run, and off by default
NO_PLAN = {"score", "decide_retraining", "find_start", "tune"}
STEPS = {growth.step: growth for growth in GROWTH}

rows = st.floats(1e3, 1e10)
steps = st.sampled_from(GROWTH)


def size_of(impressions: float, creatives: float = 500) -> Size:
    months = {f"2026-{month:02}": impressions / 5 for month in range(1, 6)}
    return Size(months, creatives, about=True)


def plan_of(
    size: Size = SAMPLE,
    config: RunConfig = GCP,
    prices: Prices | None = PRICED,
    region: str = "us-central1",
    pipelines: tuple[Growth, ...] = GROWTH,
) -> Plan:
    return make_plan("gcp", region, "gs://b/data", size, pipelines, config, RATES, prices, here=2)


def with_train(**changes: Any) -> RunConfig:
    resources = Resources(
        default=StepResources(machine="n1-standard-4"),
        steps={"train": StepResources(machine="n1-standard-8", **changes)},
    )
    return GCP.model_copy(update={"resources": resources})


def printed(plan: Plan, capsys: pytest.CaptureFixture[str]) -> str:
    print_plan(plan)
    return " ".join(capsys.readouterr().out.split())


def test_the_table_has_every_step_once() -> None:
    assert len(STEPS) == len(GROWTH)
    assert set(STEPS) == {p.stem for p in (REPOSITORY / "steps").glob("*.py")} - NO_STEP - NO_PLAN


def test_the_measured_run_is_planned_as_it_was_measured() -> None:
    """Consistency, not timing: at the measured size the estimate is the measurement."""
    results = json.loads((REPOSITORY / MEASURED).read_text(encoding="utf-8"))
    measured = {figure["name"]: figure["value"] for figure in results["figures"]}
    plan = plan_of(RATES.work.size, LOCAL, None, pipelines=(GENERATE, *GROWTH))
    assert measured[RUN] / 2 < plan.seconds.typical < measured[RUN] * 2
    assert plan.seconds.low <= measured[RUN] <= plan.seconds.high
    for step in plan.steps:
        took = measured[f"{step.pipeline}/{step.step}"]
        assert took / 2 < step.seconds.typical < took * 2


@given(rows, st.floats(1, 1000), steps)
def test_more_rows_never_take_less(fewer: float, times: float, growth: Growth) -> None:
    def seconds(impressions: float) -> Range:
        work = Workload.of(size_of(impressions), GCP, RATES.share_of_epochs)
        return step_seconds(growth, RATES, work, GCP.resources.of(growth.step), 8).range

    small, large = seconds(fewer), seconds(fewer * times)
    assert small.low <= small.typical <= small.high
    tiny = 1 - 1e-9
    assert large.low >= small.low * tiny
    assert large.typical >= small.typical * tiny
    assert large.high >= small.high * tiny


@given(rows, st.floats(1, 1000))
def test_more_rows_never_cost_less(fewer: float, times: float) -> None:
    small, large = plan_of(size_of(fewer)).cost, plan_of(size_of(fewer * times)).cost
    assert small
    assert large
    assert 0 < small.low <= small.typical <= small.high
    assert large.typical >= small.typical * (1 - 1e-9)


@given(rows)
def test_zero_prices_cost_nothing(impressions: float) -> None:
    free = PRICED.model_dump(by_alias=True)
    free["pipeline_run"]["price"] = 0
    for region in free["regions"].values():
        region["disk_gb_month"]["price"] = 0
        for part in ("machines", "gpus"):
            for price in region[part]["types"].values():
                price["on_demand"] = price["spot"] = 0
    plan = plan_of(size_of(impressions), prices=Prices.model_validate(free))
    assert plan.cost == Range.exactly(0)
    assert plan.complete


def test_training_alone_grows_with_epochs_and_stops_early() -> None:
    size = size_of(1e6)
    work = Workload.of(size, LOCAL, share_of_epochs=0.8)
    training, (_, epochs) = 8e5 * 0.85, LOCAL.training.epochs_over_rows(has_images=True)
    assert work.amount(Quantity.EPOCHS).low == pytest.approx(training * (2 + 14))
    assert work.amount(Quantity.EPOCHS).typical == pytest.approx(training * epochs * 0.8)
    assert work.amount(Quantity.EPOCHS).high == pytest.approx(training * epochs)
    assert work.amount(Quantity.TEST_ROWS) == Range.exactly(2e5)
    assert work.amount(Quantity.BASELINE_ROWS) == Range.exactly(500_000)
    assert work.amount(Quantity.COMPARED_ROWS) == Range.exactly(5 * 10_000)


def test_a_log_without_creatives_grows_with_its_rows_alone() -> None:
    with_images = Workload.of(size_of(1.4e6), LOCAL, 0.5)
    without = Workload.of(size_of(1.4e6, creatives=0), LOCAL, 0.5)
    ingest = STEPS["ingest"]
    took = [
        step_seconds(ingest, RATES, work, StepResources(), 2).range
        for work in (with_images, without)
    ]
    assert took[1].typical > took[0].typical
    assert took[1].high == took[0].high


def test_more_cores_help_no_more_than_was_measured() -> None:
    work = RATES.work
    train = STEPS["train"]
    two, many = (step_seconds(train, RATES, work, StepResources(), n).range for n in (2, 96))
    assert 0 < RATES.parallel < 1
    assert two.low * (1 - RATES.parallel) <= many.low < two.low
    assert many.high == two.high
    decide = STEPS["decide"]
    one, other = (step_seconds(decide, RATES, work, StepResources(), n).range for n in (2, 96))
    assert one == other


def test_an_accelerator_gets_no_speed_that_nobody_measured() -> None:
    cpu = {step.step: step for step in plan_of(config=with_train()).steps}["train"]
    gpu_plan = plan_of(config=with_train(gpu="NVIDIA_TESLA_T4", gpus=2, workers=3))
    gpu = {step.step: step for step in gpu_plan.steps}["train"]
    assert (gpu.seconds.typical, gpu.seconds.high) == (cpu.seconds.typical, cpu.seconds.high)
    assert gpu.seconds.low < cpu.seconds.low
    assert cpu.notes == ()
    assert gpu.notes == (
        "not measured on 3 workers: CPU rate taken as upper bound",
        "not measured on NVIDIA_TESLA_T4: CPU rate taken as upper bound",
    )
    assert gpu.machine == "3 x n1-standard-8 + 2 NVIDIA_TESLA_T4"


def test_a_step_that_may_not_finish_in_time_says_so() -> None:
    train = {s.step: s for s in plan_of(size_of(1e9), with_train(hours=2)).steps}["train"]
    assert train.notes == ("may pass its limit of 2 hours",)


@pytest.mark.parametrize("region", ["us-central1", "europe-west4"])
def test_the_shipped_configuration_has_all_its_prices(region: str) -> None:
    plan = plan_of(region=region)
    assert plan.complete
    assert all(step.cost and step.cost.low > 0 for step in plan.steps)
    assert plan.fees == pytest.approx(4 * PRICED.pipeline_run.price)


@pytest.mark.parametrize(
    ("changes", "region", "missing"),
    [
        ({}, "mars-north1", "region mars-north1"),
        ({"gpu": "NVIDIA_X", "gpus": 1}, "us-central1", "NVIDIA_X"),
    ],
)
def test_what_has_no_price_is_named_and_not_guessed(
    changes: dict[str, Any], region: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_of(config=with_train(**changes), region=region)
    train = {step.step: step for step in plan.steps}["train"]
    assert (train.cost, train.no_price) == (None, (missing,))
    assert not plan.complete
    said = printed(plan, capsys)
    assert "at least about" in said
    assert "no price for" in said


def test_without_prices_time_alone_is_planned(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(config=LOCAL, prices=None)
    assert plan.cost is None
    assert {step.machine for step in plan.steps} == {"this machine"}
    said = printed(plan, capsys)
    assert "cost" not in said.split("pipeline")[0]
    assert "USD" not in said


def test_the_sum_comes_first_then_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(size_of(1e9))
    said = printed(plan, capsys)
    assert plan.cost
    assert f"cost about {plan.cost.typical:,.2f} USD ({plan.cost.low:,.2f} to" in said
    assert f"time about {plan.seconds.typical / 3600:,.1f} h (" in said
    assert "about 1,000,000,000 rows in 5 months, about 500 creatives" in said
    assert said.index("time") < said.index("ingest")
    assert "without cache" in said
    assert "not measured on NVIDIA_TESLA_T4: CPU rate" in said
    assert f"the oldest read on {PRICED.oldest}" in said


def test_a_figure_that_was_not_measured_is_named(tmp_path: Path) -> None:
    results = json.loads((REPOSITORY / MEASURED).read_text(encoding="utf-8"))
    results["figures"] = [f for f in results["figures"] if f["name"] != "training/train"]
    file = tmp_path / "run.json"
    file.write_text(json.dumps(results), encoding="utf-8")
    with pytest.raises(AdclickError, match=r"no figure 'training/train': .* `make bench-run`"):
        load_rates(file)
    with pytest.raises(AdclickError, match="make bench-run"):
        load_rates(tmp_path / "nowhere.json")


def test_rates_on_one_core_say_nothing_of_others(tmp_path: Path) -> None:
    results = json.loads((REPOSITORY / MEASURED).read_text(encoding="utf-8"))
    results["machine"]["cores"] = 1
    file = tmp_path / "run.json"
    file.write_text(json.dumps(results), encoding="utf-8")
    rates: Rates = load_rates(file)
    assert rates.parallel == 0
