"""run.py on sample data: what a run leaves, what the next one repeats, and stopping."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from adclick.evaluation.metrics import METRICS
from serving.client import PREDICTIONS
from serving.deployment import Status
from tests.e2e.conftest import First
from tests.e2e.runs import REPOSITORY, Place, Ran
from tests.receiver import receiver
from tests.servers import refuses

pytestmark = pytest.mark.slow

LOOKS_OUTWARD = {
    "ingest",
    "find_champion",
    "register",
    "deploy",
    "promote",
    "send_traffic",
    "collect_predictions",
    "publish_reports",
    "notify",
}
LOADED = {
    "ad_log": "AdLog",
    "statistics": "LogStatistics",
    "validation": "Validation",
    "split": "Split",
    "feature_encoder": "FeatureEncoder",
    "click_model": "Trained",
    "model_fingerprint": "str",
    "baseline": "Baselines",
    "serving_bundle": "ServingBundle",
    "champion": "Champion",
    "explanation": "Explanation",
    "evaluation": "Evaluation",
    "serving_figures": "ServingFigures",
    "decision": "Decision",
    "model_card": "ModelCard",
    "release": "Release",
    "deployment": "Deployment",
    "canary_trial": "CanaryTrial",
    "promotion": "Release",
    "traffic": "TrafficReport",
    "reference_profile": "Reference",
    "month_reports": "DriftReports",
    "logged_predictions": "LabelledPredictions",
    "prediction_reports": "DriftReports",
    "judgement": "Judgement",
    "reports_published": "int",
    "notified": "bool",
}
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


@pytest.fixture(scope="session")
def store(first: First) -> dict[str, Any]:
    assert first.run.code == 0, first.run.errors
    return first.place.store()


def test_a_first_run_says_nothing_on_stderr(first: First) -> None:
    assert (first.run.code, first.run.errors) == (0, "")


def test_every_artifact_loads_back(store: dict[str, Any]) -> None:
    assert store["loaded"] == LOADED


def test_what_people_look_at_has_a_page(store: dict[str, Any]) -> None:
    with_page = {name for name, kinds in store["pages"].items() if kinds == ["html"]}
    data = {"ad_log", "statistics", "validation", "feature_encoder"}
    judged = {"click_model", "explanation", "evaluation", "serving_figures", "decision"}
    monitored = {"reference_profile", "month_reports", "prediction_reports", "judgement"}
    assert with_page == data | judged | monitored | {"canary_trial"}
    assert store["pages"]["model_card"] == ["html", "markdown"]


def test_the_version_is_in_production_with_its_figures(first: First, store: dict[str, Any]) -> None:
    (version,) = store["versions"]
    model = first.run.done.model
    assert model is not None
    assert (version["model"], version["name"]) == (model.name, model.version)
    assert version["stage"] == "production"
    auc = model.metrics["challenger"]["auc"].value
    assert float(version["metadata"]["auc"]) == auc
    assert {"logloss", "calibration", "ece", "reason"} <= version["metadata"].keys()
    linked = {"ad_log", "split", "serving_bundle", "explanation", "evaluation", "model_card"}
    linked.add("reference_profile")
    assert linked <= set(version["artifacts"])


def test_the_version_says_where_it_comes_from(store: dict[str, Any]) -> None:
    (version,) = store["versions"]
    data, schema, code, config = (
        ast.literal_eval(version["metadata"][name]) for name in ("data", "schema", "code", "config")
    )
    assert list(data["months"]) == list(MONTHS)
    assert data["tested_on"] == MONTHS[-1]
    assert (schema["name"], schema["time"]) == ("sample", ["time"])
    assert config["training"]["epochs"] == 4
    command = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
    assert code["commit"] == head.stdout.decode().strip()
    assert isinstance(code["dirty"], bool)


def test_the_server_was_tried_before_the_decision(store: dict[str, Any]) -> None:
    (version,) = store["versions"]
    serving = ast.literal_eval(version["metadata"]["serving"])
    assert (serving["failed"], serving["skew"]) == (0, "")
    assert serving["max_skew"] < 1e-6
    assert 0 < serving["p50_ms"] <= serving["p99_ms"]


def test_the_summary_has_each_step_with_its_seconds(first: First) -> None:
    steps = first.run.done.steps
    assert {step.pipeline for step in steps} == {
        *("sample data", "training", "deployment", "traffic", "monitoring")
    }
    assert all(step.seconds > 0 and not step.cached for step in steps)


def test_the_summary_has_metrics_with_intervals(first: First) -> None:
    model = first.run.done.model
    assert model is not None and model.champion is None
    assert first.run.done.canary is None
    baselines = {"tabular twin", "gradient boosting", "logistic regression", "constant"}
    assert set(model.metrics) == {"challenger", *baselines}
    for figures in model.metrics.values():
        assert set(figures) == set(METRICS)
        assert all(figure.low <= figure.high for figure in figures.values())


def test_the_summary_has_the_decision_with_its_conditions(first: First) -> None:
    decision = first.run.done.decision
    assert decision is not None and decision.promote
    assert all(condition.holds for condition in decision.conditions)
    assert decision.reason.startswith("no champion yet")


def test_the_summary_has_drift_of_each_month_and_of_predictions(first: First) -> None:
    summary = first.run.done
    assert summary.serving is not None
    predictions = f"predictions {summary.serving.version}"
    assert [one.name for one in summary.drift] == [*MONTHS, predictions]


def test_the_summary_has_what_serves_and_what_to_open(first: First) -> None:
    summary, port = first.run.done, first.place.port
    assert summary.serving is not None
    assert summary.serving.url == summary.urls["seldon"] == f"http://127.0.0.1:{port}"
    assert (summary.serving.golden_checked, summary.serving.requests) == (16, 550)
    assert set(summary.urls) == {"zenml", "evidently", "seldon"}
    (project,) = [path.name for path in first.place.workspace.iterdir() if path.is_dir()]
    assert summary.urls["evidently"].endswith(f"/projects/{project}")


def test_the_summary_is_printed(first: First) -> None:
    summary, printed = first.run.done, first.run.output
    assert summary.decision is not None and summary.curl is not None
    for text in (summary.decision.reason, summary.curl, *summary.urls.values()):
        assert text in re.sub(r"\s+", " ", printed)


def test_the_workspace_has_a_project_with_a_snapshot_a_report(first: First) -> None:
    (project,) = [path for path in first.place.workspace.iterdir() if path.is_dir()]
    assert json.loads((project / "metadata.json").read_text())["name"] == "adclick-sample"
    assert len(first.place.snapshots()) == len(MONTHS) + 1


def test_status_tells_what_serves(first: First) -> None:
    told = first.place.run("status")
    serving = first.place.serving()
    champion = serving.champion
    assert told.code == 0 and champion
    address, _, row, log = told.output.splitlines()
    assert address == f"serving at {serving.url}"
    assert row.split()[:5] == [champion.version, "champion", "100", "%", "yes"]
    assert log == f"log of {champion.version}: {champion.log} (pid {champion.pid})"


def test_nothing_is_left_in_the_home_folder_or_among_temporary_files(first: First) -> None:
    assert first.run.code == 0
    place = first.place
    left = [str(path) for folder in (place.user, place.temporary) for path in folder.rglob("*")]
    assert left == []


@dataclass(frozen=True)
class Again:
    """A further run: what served and what was published before it, and it."""

    before: Status
    snapshots: list[str]
    run: Ran
    after: Status


def again(place: Place, *words: str) -> Again:
    before, snapshots = place.serving(), place.snapshots()
    return Again(before, snapshots, place.run_small(*words), place.serving())


@pytest.fixture(scope="session")
def second(first: First, store: dict[str, Any]) -> Again:
    """The same once more; `store` was read before."""
    return again(first.place)


def test_a_second_run_repeats_exactly_what_looks_outward(second: Again) -> None:
    assert second.run.ran == LOOKS_OUTWARD


def test_a_second_run_finds_nothing_new(first: First, second: Again) -> None:
    decision = second.run.done.decision
    assert decision is not None and not decision.promote
    version = first.place.serving().version
    assert decision.reason == f"nothing new was trained: {version} is in production already"
    assert second.run.done.model == first.run.done.model
    assert second.run.done.drift == first.run.done.drift


def test_a_second_run_leaves_the_server_alone(second: Again) -> None:
    before, after = second.before.champion, second.after.champion
    assert before and after and before.pid == after.pid is not None


def test_a_second_run_publishes_nothing_twice(first: First, second: Again) -> None:
    assert second.run.code == 0
    assert first.place.snapshots() == second.snapshots


@pytest.fixture(scope="session")
def stopped(first: First, second: Again) -> Ran:
    return first.place.run("stop")


def test_stop_frees_the_port_and_says_what_it_stopped(
    first: First, second: Again, stopped: Ran
) -> None:
    assert (stopped.code, stopped.output) == (0, f"{second.after.version} stopped\n")
    assert refuses(first.place.port)
    told = first.place.run("status")
    assert (told.code, told.output) == (0, "nothing serves\n")


@pytest.fixture(scope="session")
def uncached(first: First, stopped: Ran) -> Again:
    """Everything again, and from a stopped server."""
    return again(first.place, "--no-cache")


def test_no_cache_runs_every_step(uncached: Again) -> None:
    assert uncached.run.cached == {"generate"}


def test_no_cache_comes_to_the_same_model(first: First, uncached: Again) -> None:
    summary = uncached.run.done
    assert summary.decision is not None and not summary.decision.promote
    assert summary.decision.reason.startswith("nothing new was trained")
    assert summary.model == first.run.done.model
    assert summary.drift == first.run.done.drift
    assert summary.serving is not None
    assert first.place.stages() == {summary.serving.version: "production"}


def test_a_run_after_a_stop_serves_again(first: First, second: Again, uncached: Again) -> None:
    assert uncached.before == Status()
    assert uncached.after.version == second.after.version
    assert requests.get(f"{uncached.after.url}/health/status", timeout=10).ok
    assert PREDICTIONS in (uncached.run.done.curl or "")


def test_the_curl_line_gets_a_probability(uncached: Again) -> None:
    curl = uncached.run.done.curl
    assert curl is not None
    asked = curl + " --silent --write-out '\\n%{http_code}'"
    told = subprocess.run(["bash", "-c", asked], check=True, capture_output=True, text=True)
    body, code = told.stdout.rsplit("\n", 1)
    assert code == "200"
    (score,) = json.loads(body)["jsonData"].values()
    assert 0 < score[0] < 1


@dataclass(frozen=True)
class Told:
    """A run with bounds that nothing keeps, what its webhook was sent, and a run without one."""

    run: Ran
    posted: list[Any]
    secret: str
    after: Ran


@pytest.fixture(scope="session")
def told(first: First, uncached: Again) -> Told:
    place = first.place
    strict = place.config("strict", monitoring={"min_rows": 1_000_000})
    words = ("--pipeline", "monitoring", "--fail-on")
    with receiver("/hooks/secret-of-this-chat") as chat:
        env = place.environment(ADCLICK_WEBHOOK=chat.address)
        run = place.run(*words, "watch", "--config", strict, env=env)
        posted = list(chat.posted)
        after = place.run(*words, "retrain", "--config", strict)
        assert chat.posted == posted
    return Told(run, posted, "secret-of-this-chat", after)


def test_a_bad_verdict_is_an_exit_code_if_asked_for(told: Told) -> None:
    assert told.run.code == 3, told.run.errors
    assert told.after.code == 0, told.after.errors


def test_a_bad_verdict_comes_first_with_what_to_look_at(told: Told) -> None:
    summary = told.run.summary
    assert summary is not None and summary.monitoring is not None
    assert summary.monitoring.verdict == "watch"
    assert all("too few to judge" in reason for reason in summary.monitoring.reasons)
    printed = told.run.output[told.run.output.rindex("watch: ") :]
    assert printed.index("too few to judge") < printed.index("seconds")


def test_a_bad_verdict_is_posted_once_where_the_stack_has_a_webhook(told: Told) -> None:
    (message,) = told.posted
    assert message["text"].startswith("adclick-sample: WATCH - ")
    assert "1. " in message["text"] and "too few to judge" in message["text"]


def test_the_address_of_the_webhook_is_kept_nowhere(first: First, told: Told) -> None:
    assert told.posted
    secret = told.secret.encode()
    assert secret not in (told.run.output + told.run.errors).encode()
    kept = [path for path in first.place.state.rglob("*") if path.is_file()]
    assert [path for path in kept if secret in path.read_bytes()] == []
