"""run.py on a user's log: pipelines one by one, better models promoted, worse ones kept back."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adclick.evaluation.decision import Decision
from serving.client import PredictionClient
from serving.deployment import Status
from tests.e2e.runs import SMALL, Place, Ran, assert_refused
from tests.e2e.shops import COLUMNS, write_months, write_schema

pytestmark = pytest.mark.slow

AVAZU = Path(__file__).resolve().parents[2] / "../shared/data/avazu"
# wide intervals: what is decided here is decided clearly
LEARNING: dict[str, Any] = {
    "training": {"epochs": 6, "batch_size": 64, "learning_rate": 0.005, "warm_start": True},
    "evaluation": {"confidence": 0.999, "resamples": 2000},
}
AVAZU_SCHEMA = Path(__file__).resolve().parents[2] / "configs/schemas/avazu.yaml"


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], Place]) -> Place:
    """A shop's newsletter: three months, and three more after which the world has turned."""
    made = make_place("shops")
    write_schema(made.folder)
    write_months(made.folder / "before", ["2024-01", "2024-02", "2024-03"])
    write_months(made.folder / "after", ["2024-04", "2024-05", "2024-06"], turned=True)
    return made


@dataclass(frozen=True)
class Moment:
    """A run, and what served and what ZenML kept after it."""

    run: Ran
    serving: Status
    stages: dict[str, str | None]

    @property
    def decision(self) -> Decision:
        decision = self.run.done.decision
        assert decision is not None
        return decision

    @property
    def trained(self) -> str:
        model = self.run.done.model
        assert model is not None
        return model.version


def run(place: Place, *words: str | Path, **settings: Any) -> Ran:
    return place.run("--config", place.config("learning", **LEARNING), *words, **settings)


def moment(place: Place, ran: Ran) -> Moment:
    return Moment(ran, place.serving(), place.stages())


@pytest.fixture(scope="module")
def trained(place: Place) -> Moment:
    """Training alone, from a relative path, with a relative state folder."""
    words = ("--pipeline", "training", "--data", "before", "--schema", "shops.yaml")
    environment = place.environment(ADCLICK_HOME=place.state.name)
    return moment(place, run(place, *words, env=environment))


def test_training_alone_stages_a_version_and_serves_nothing(trained: Moment) -> None:
    assert trained.decision.promote
    assert trained.stages == {trained.trained: "staging"}
    summary = trained.run.done
    assert {step.pipeline for step in summary.steps} == {"training"}
    assert (summary.serving, summary.drift, summary.curl) == (None, (), None)
    assert trained.serving == Status()


def test_a_port_that_a_stranger_holds_is_named_with_what_to_do(
    place: Place, trained: Moment
) -> None:
    words = ("--pipeline", "deployment", "--schema", "shops.yaml")
    with socket.create_server(("127.0.0.1", place.port)):
        told = run(place, *words)
    assert_refused(told, f"port {place.port} is in use by pid ", "ADCLICK_SELDON_PORT")
    assert "--port" not in told.errors
    assert place.serving() == Status()


@pytest.fixture(scope="module")
def strict(place: Place, trained: Moment) -> Moment:
    """Everything again, under a policy that the same model does not meet."""
    config = place.config("strict", **LEARNING, policy={"bounds": {"auc": {"least": 0.95}}})
    words = ("--config", config, "--data", "before", "--schema", "shops.yaml")
    return moment(place, place.run(*words))


def test_nothing_serves_while_the_only_model_is_kept_back(strict: Moment) -> None:
    assert not strict.decision.promote
    assert "bound: at least 0.95" in strict.decision.reason
    assert {step.pipeline for step in strict.run.done.steps} == {"training"}
    assert (strict.run.done.serving, strict.run.done.curl) == (None, None)
    assert strict.serving == Status()


def test_a_model_that_is_kept_back_no_longer_waits_for_deployment(
    trained: Moment, strict: Moment
) -> None:
    assert strict.stages == {trained.trained: "archived"}


@pytest.fixture(scope="module")
def deployed(place: Place, strict: Moment) -> Moment:
    """Training as at first, and then deployment alone."""
    words = ("--data", "before", "--schema", "shops.yaml")
    assert run(place, "--pipeline", "training", *words).done
    return moment(place, run(place, "--pipeline", "deployment", "--schema", "shops.yaml"))


def test_deployment_alone_serves_what_was_trained(trained: Moment, deployed: Moment) -> None:
    assert deployed.run.ran == {"deploy", "promote"}
    assert deployed.serving.version == trained.trained
    assert deployed.serving.healthy
    assert deployed.stages == {trained.trained: "production"}


@pytest.fixture(scope="module")
def grown(place: Place, deployed: Moment) -> Ran:
    """Training once more after it snowed in all of the newest month, whose rows train nothing."""
    write_months(place.folder / "before", ["2024-03"], weather=["snow"])
    words = ("--data", "before", "--schema", "shops.yaml")
    return run(place, "--pipeline", "training", *words)


def test_rows_that_train_nothing_make_no_new_version(
    place: Place, deployed: Moment, grown: Ran
) -> None:
    assert grown.done.decision is not None
    assert grown.done.decision.reason.startswith("nothing new was trained")
    assert place.stages() == deployed.stages


def test_monitoring_alone_reports_the_newest_data_and_no_predictions_where_nothing_was_asked(
    place: Place, grown: Ran
) -> None:
    assert grown.code == 0
    told = run(place, "--pipeline", "monitoring", "--schema", "shops.yaml")
    verdicts = {one.name: one.verdict for one in told.done.drift}
    assert verdicts == {"2024-01": "fine", "2024-02": "fine", "2024-03": "stop"}
    assert len(place.snapshots()) == 3


@pytest.fixture(scope="module")
def better(place: Place, deployed: Moment, grown: Ran) -> Moment:
    """The world has turned, and a model is trained on what it is now; from another folder."""
    words = ("--data", str(place.folder / "after"), "--schema", str(place.folder / "shops.yaml"))
    return moment(place, run(place, *words, cwd="/"))


def test_a_better_model_is_promoted(deployed: Moment, better: Moment) -> None:
    assert better.decision.promote
    assert better.decision.reason == (
        f"better than champion {deployed.serving.version} on rows that neither was trained on"
    )
    assert better.stages == {
        deployed.serving.version: "archived",
        better.trained: "production",
    }


def test_it_began_with_the_weights_of_the_champion(
    trained: Moment, deployed: Moment, better: Moment
) -> None:
    assert "begins with: nothing, no version is of earlier months" in trained.run.output
    assert f"begins with: {deployed.serving.version}" in better.run.output
    assert f"begun with {deployed.serving.version}; new are no values" in better.run.output


def test_its_canary_got_requests_and_held(deployed: Moment, better: Moment) -> None:
    trial = better.run.done.canary
    assert trial is not None
    assert (trial.champion, trial.version) == (deployed.serving.version, better.trained)
    assert trial.outcome == "promoted"
    assert trial.replayed >= 200
    # it was never asked by anyone else
    assert trial.replayed_from == f"16 golden requests of version {trial.champion}"
    assert f"canary promoted: {trial.reason}" in " ".join(better.run.output.split())


def test_a_promoted_model_serves_instead_of_the_champion(deployed: Moment, better: Moment) -> None:
    assert better.serving.version == better.trained != deployed.serving.version
    before, after = deployed.serving.champion, better.serving.champion
    assert before and after and before.pid != after.pid
    assert better.serving.url == deployed.serving.url
    request = {"shop": "bread", "weather": "sun", "price": 3.0, "shown at": 1_717_200_000}
    assert better.serving.url is not None
    with PredictionClient(better.serving.url) as client:
        bread = client.predict([request]).scores[0]
        books = client.predict([request | {"shop": "books"}]).scores[0]
    assert bread < books, "the world that it learned has turned"


def test_the_summary_compares_with_the_champion(deployed: Moment, better: Moment) -> None:
    model = better.run.done.model
    assert model is not None
    assert model.champion == deployed.serving.version
    champion, challenger = model.metrics["champion"], model.metrics["challenger"]
    assert champion["logloss"].low > challenger["logloss"].high


@pytest.fixture(scope="module")
def worse(place: Place, better: Moment) -> Moment:
    """A model of months before the world turned anew; of these alone, a column more, by a URL."""
    config = place.config("worse", training={"learning_rate": 0.006})
    later = place.folder / "later"
    write_months(later, ["2024-06", "2024-07"], colour="red")
    data = write_months(later, ["2024-08"], turned=True, colour="red")
    columns = COLUMNS | {"colour": {"role": "categorical"}}
    schema = write_schema(place.folder / "later", name="shops", columns=columns)
    return moment(
        place, place.run("--config", config, "--data", f"file://{data}", "--schema", schema)
    )


def test_a_worse_model_is_kept_back(better: Moment, worse: Moment) -> None:
    assert not worse.decision.promote
    assert worse.trained != better.trained
    assert worse.stages[better.trained] == "production"
    assert worse.stages[worse.trained] is None


def test_the_reason_names_the_figure_and_its_bound(worse: Moment) -> None:
    missed = [condition for condition in worse.decision.conditions if not condition.holds]
    assert "logloss minus the champion's" in [condition.name for condition in missed]
    failed = [condition for condition in missed if condition.verdict == "fails"]
    assert failed[0].figure in worse.decision.reason
    assert failed[0].bound in worse.decision.reason
    assert worse.decision.reason in " ".join(worse.run.output.split())


def test_the_champion_serves_on_while_a_worse_model_is_kept_back(
    better: Moment, worse: Moment
) -> None:
    assert worse.serving.version == better.trained
    before, after = better.serving.champion, worse.serving.champion
    assert before and after and before.pid == after.pid
    assert worse.run.done.serving is not None and worse.run.done.serving.requests == 550


def test_drift_is_measured_against_what_the_champion_learned_though_it_is_no_longer_there(
    worse: Moment,
) -> None:
    names = [one.name for one in worse.run.done.drift]
    assert names == ["2024-06", "2024-07", "2024-08", f"predictions {worse.serving.version}"]


def test_the_curl_line_suits_the_champion(worse: Moment) -> None:
    curl = worse.run.done.curl
    assert curl is not None and "colour" not in curl
    assert (
        b'"click_probability"'
        in subprocess.run(["bash", "-c", curl], check=True, capture_output=True).stdout
    )


@pytest.fixture(scope="module")
def taken_back(place: Place, worse: Moment) -> Moment:
    """The version that serves is rolled back by hand, and then trained once more."""
    told = place.run("rollback")
    assert told.code == 0, told.errors
    words = ("--pipeline", "training", "--data", "after", "--schema", "shops.yaml")
    return moment(place, run(place, *words))


def test_a_version_that_was_taken_back_is_not_staged_again(
    deployed: Moment, better: Moment, worse: Moment, taken_back: Moment
) -> None:
    assert taken_back.serving.version == deployed.serving.version
    assert taken_back.trained == better.trained
    assert taken_back.stages == {
        deployed.serving.version: "production",
        better.trained: "archived",
        worse.trained: None,
    }
    assert not taken_back.decision.promote
    assert taken_back.decision.reason == (
        f"nothing new was trained, and {better.trained} was taken back: rolled back by hand"
    )


def test_it_was_compared_with_the_champion_that_came_back(
    deployed: Moment, taken_back: Moment
) -> None:
    model = taken_back.run.done.model
    assert model is not None and model.champion == deployed.serving.version


@pytest.fixture(scope="module")
def mad(place: Place, taken_back: Moment) -> Moment:
    """A version that the decision lets through, and whose canary may not score otherwise."""
    canary = {**SMALL["deployment"]["canary"], "score_ratio": 1.0001, "longest_minutes": 0.25}
    training = {**LEARNING["training"], "learning_rate": 0.006}
    config = place.config(
        "mad", **{**LEARNING, "training": training}, deployment={"canary": canary}
    )
    words = ("--config", config, "--data", "after", "--schema", "shops.yaml")
    return moment(place, place.run(*words))


def test_a_canary_that_does_not_hold_leaves_the_champion_in_production(
    taken_back: Moment, mad: Moment
) -> None:
    assert mad.decision.promote
    before, after = taken_back.serving.champion, mad.serving.champion
    assert before and after and before.pid == after.pid
    assert mad.serving.trial is None
    assert mad.stages == {**taken_back.stages, mad.trained: "archived"}


def test_the_run_says_why_the_canary_was_rolled_back(taken_back: Moment, mad: Moment) -> None:
    summary, champion = mad.run.done, taken_back.serving.version
    assert summary.canary is not None and summary.serving is not None
    assert (summary.canary.outcome, summary.canary.champion) == ("rolled back", champion)
    assert "mean score over the champion's: " in summary.canary.reason
    assert f"canary rolled back: {summary.canary.reason}" in " ".join(mad.run.output.split())
    assert (summary.serving.version, summary.serving.requests) == (champion, 550)


def one_month(place: Place) -> tuple[Path, Path]:
    schema = write_schema(place.folder, name="month", holdout={"calibration": 0.1, "test": 0.25})
    return write_months(place.folder / "month", ["2024-01"], rows=4000), schema


def avazu(_: Place) -> tuple[Path, Path]:
    if not (AVAZU / "train.csv").is_file():
        pytest.skip("no ../shared/data/avazu/train.csv on this machine")
    return AVAZU, AVAZU_SCHEMA


@pytest.mark.parametrize("log", [one_month, avazu])
def test_a_log_of_one_month_goes_all_the_way(
    make_place: Callable[[str], Place], log: Callable[[Place], tuple[Path, Path]]
) -> None:
    place = make_place(log.__name__)
    data, schema = log(place)
    config = place.config("tuned", **LEARNING, tuning={"trials": 2})
    ran = place.run("--config", config, "--data", data, "--schema", schema)
    summary = ran.done
    assert summary.decision is not None and summary.decision.promote
    assert "tune" in ran.ran and "best of 2: logloss" in ran.output
    assert summary.serving is not None and summary.serving.requests == 550
    month, predictions = summary.drift
    assert predictions.name == f"predictions {summary.serving.version}"
    assert month.verdict == "fine"
