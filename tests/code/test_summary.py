"""A run's summary: as JSON and back, and as a person reads it."""

from __future__ import annotations

import pytest

from adclick.canary.trial import CanaryTrial
from adclick.evaluation.condition import Condition
from adclick.evaluation.decision import Decision
from adclick.evaluation.intervals import Figure
from adclick.summary import (
    DriftSummary,
    ModelSummary,
    RunSummary,
    ScoringSummary,
    ServingSummary,
    StepTime,
)
from adclick.views.summary import print_summary

FIGURE = Figure(value=0.61234, low=0.5987, high=0.6321)
METRICS = dict.fromkeys(("auc", "logloss", "calibration", "ece"), FIGURE)
STEPS = (
    StepTime(pipeline="training", step="ingest", seconds=12.345, cached=False),
    StepTime(pipeline="training", step="train", seconds=0.0, cached=True),
    StepTime(pipeline="deployment", step="deploy", seconds=1.0, cached=False),
)
EMPTY = RunSummary(stack="local", pipeline="all", seconds=61.26, steps=STEPS)
MODEL = ModelSummary(
    name="adclick-ads",
    version="2024-03.0a1b2c3d",
    tested_on="2024-04",
    impressions=12_345,
    clicks=678,
    confidence=0.95,
    champion="2024-02.ffffffff",
    metrics={"challenger": METRICS, "champion": METRICS, "constant": METRICS},
)
DECISION = Decision(
    promote=True,
    reason="better than champion",
    conditions=(Condition(name="AUC", figure="0.6", bound="at least 0.55", holds=True),),
)
CURL = "curl http://127.0.0.1:9000/api --data '[bold]{\"a\": [1]}[/bold]'" + "x" * 200
FULL = EMPTY.model_copy(
    update={
        "model": MODEL,
        "decision": DECISION,
        "canary": CanaryTrial(
            version="2024-03.0a1b2c3d",
            champion="2024-02.ffffffff",
            outcome="rolled back",
            reason="share of errors: 5.00%",
            seconds=12.4,
            replayed=1234,
        ),
        "serving": ServingSummary(
            version="v", url="u", golden_checked=16, requests=600, p50_ms=1.25, p99_ms=9.96
        ),
        "scoring": ScoringSummary(version="v", rows_in=1_300, rows_scored=1_200, root="/scores"),
        "drift": (
            DriftSummary(name="2024-03", verdict="fine", problems=()),
            DriftSummary(name="2024-04", verdict="retrain", problems=("site: moved", "age: moved")),
        ),
        "urls": {"zenml": "http://one", "seldon": "http://two"},
        "curl": CURL,
    }
)


@pytest.fixture
def printed(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_summary(getattr(request, "param", FULL))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def line(printed: list[str], start: str) -> list[str]:
    """The words of the one line that starts so."""
    (found,) = [text.split() for text in printed if text.strip().startswith(start)]
    return found


@pytest.mark.parametrize("summary", [EMPTY, FULL], ids=["least", "most"])
def test_json_gives_the_summary_back(summary: RunSummary) -> None:
    assert RunSummary.model_validate_json(summary.model_dump_json()) == summary


def test_each_step_has_seconds_or_came_from_the_cache(printed: list[str]) -> None:
    assert line(printed, "training") == ["training", "ingest", "12.35"]
    assert line(printed, "train ") == ["train", "cached"]
    assert line(printed, "deployment") == ["deployment", "deploy", "1.00"]


def test_figures_have_intervals_a_model_a_column(printed: list[str]) -> None:
    figure = ["0.6123", "[0.5987,", "0.6321]"]
    assert line(printed, "AUC") == ["AUC", *figure * 3]
    assert line(printed, "95% intervals") == [
        *("95%", "intervals", "challenger"),
        *("champion", "2024-02.ffffffff", "constant"),
    ]


def test_the_model_says_what_it_was_tested_on(printed: list[str]) -> None:
    said = " ".join(line(printed, "adclick-ads"))
    assert said == (
        "adclick-ads 2024-03.0a1b2c3d, tested on 2024-04: 12,345 impressions, 678 clicks"
    )


def test_the_decision_comes_with_its_reason(printed: list[str]) -> None:
    assert " ".join(line(printed, "decision")) == "decision promote: better than champion"


def test_a_canary_comes_with_its_reason(printed: list[str]) -> None:
    assert " ".join(line(printed, "canary")) == (
        "canary rolled back: share of errors: 5.00% (12 s; 1,234 requests replayed)"
    )


def test_drift_has_a_line_a_report(printed: list[str]) -> None:
    assert line(printed, "drift") == ["drift", "2024-03", "fine"]
    assert " ".join(line(printed, "2024-04")) == "2024-04 retrain site: moved; age: moved"


def test_serving_tells_what_was_checked(printed: list[str]) -> None:
    assert " ".join(line(printed, "serving")) == (
        "serving v, 16 golden requests answered right; 600 requests, p50 1.2 ms, p99 10.0 ms"
    )


def test_scoring_tells_how_many_rows_have_a_score(printed: list[str]) -> None:
    said = " ".join(line(printed, "scores"))
    assert said == "scores 1,200 of 1,300 rows scored by v: /scores"


def test_the_curl_line_is_one_line_to_copy(printed: list[str]) -> None:
    assert CURL in printed


@pytest.mark.parametrize("printed", [EMPTY], indirect=True)
def test_parts_that_were_not_made_are_not_shown(printed: list[str]) -> None:
    shown = {text.split()[0] for text in printed if text and not text.startswith(" ")}
    assert shown == {"pipeline", "training", "deployment", "took"}
    assert line(printed, "took") == ["took", "61.3", "s"]
