"""Bad input: one line that names it and what to do, and exit code 2."""

from __future__ import annotations

import fcntl
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.runs import RUN, Place, Ran, assert_refused
from tests.e2e.shops import COLUMNS, write_months, write_schema

OLD_PYTHONS = sorted(Path.home().glob(".pyenv/versions/3.1[01].*/bin/python"))
MONTHS = ("2024-01", "2024-02")


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], Place]) -> Place:
    """Where nothing was run before, and nothing is by these tests."""
    return make_place("errors")


def train(place: Place, data: object, schema: object) -> Ran:
    words = ("--pipeline", "training", "--data", str(data), "--schema", str(schema))
    return place.run_small(*words)


def test_help_needs_neither_state_nor_environment(place: Place) -> None:
    told = place.run("--help")
    assert (told.code, told.errors) == (0, "")
    pipelines = "{all,training,deployment,traffic,monitoring,scoring,retraining}"
    assert f"--pipeline {pipelines}" in told.output
    assert not place.state.exists()


def test_an_unknown_pipeline(place: Place) -> None:
    told = place.run("--pipeline", "flying")
    assert told.code == 2
    assert "invalid choice: 'flying'" in told.errors.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("promote", "--shadow"), "--shadow: only `deploy` can have it"),
        (("--traffic", "10"), "--traffic: only `deploy` can have it"),
        (("promote", "--version", "v1"), "--version: only `deploy`, `rollback`, `run`, `export`"),
        (("--to", "onnx"), "--to: only `export` can have it"),
        (("status", "--fail-on", "stop"), "--fail-on: only `run`, `schedule` can have it"),
        (
            ("--pipeline", "training", "--fail-on", "stop"),
            "--fail-on: of pipelines only `all`, `monitoring`, `retraining` can have it",
        ),
        (("--version", "v1"), "--version: of pipelines only `scoring` can have it"),
        (("deploy", "--traffic", "few"), "argument --traffic: invalid int value: 'few'"),
    ],
)
def test_an_option_of_another_command(place: Place, words: tuple[str, ...], why: str) -> None:
    told = place.run(*words)
    assert told.code == 2
    assert why in told.errors.splitlines()[-1]


def test_deploying_before_anything_was_trained(place: Place) -> None:
    assert_refused(place.run("deploy"), "adclick-sample has no staged version", "training")


def test_an_unknown_stack(place: Place) -> None:
    assert_refused(place.run("--stack", "moon"), "stack 'moon'", "local", "--stack")
    assert_refused(place.run("status", "--stack", "moon"), "stack 'moon'", "local", "--stack")


def test_a_missing_configuration(place: Place) -> None:
    assert_refused(place.run("--config", "none.yaml"), "none.yaml", "--config")


def test_an_unknown_setting(place: Place) -> None:
    config = place.config("unknown", training={"epoch": 3})
    assert_refused(place.run("--config", config), "unknown.yaml", "training.epoch: ")


def test_data_without_a_schema(place: Place) -> None:
    assert_refused(place.run("--data", "ads"), "ads", "--schema")


def test_a_missing_schema(place: Place) -> None:
    told = place.run("--data", "ads", "--schema", "none.yaml")
    assert_refused(told, "schema none.yaml does not exist", "--schema")


def test_a_schema_with_an_unknown_role(place: Place) -> None:
    columns = COLUMNS | {"price": {"role": "money"}}
    schema = write_schema(place.folder, name="money", columns=columns)
    told = place.run("--data", "ads", "--schema", schema)
    assert_refused(told, "money.yaml", "columns.price", "'money'", "'numeric'")


def test_a_missing_data_folder(place: Place) -> None:
    told = train(place, "none", write_schema(place.folder))
    assert_refused(told, str(place.folder / "none"), "does not exist", "--data")


def test_a_data_folder_without_a_month_s_file(place: Place) -> None:
    (place.folder / "bare").mkdir()
    told = train(place, "bare", write_schema(place.folder))
    assert_refused(told, str(place.folder / "bare"), "log-{month}.csv", "schema shops")


def test_a_month_without_a_file(place: Place) -> None:
    schema = write_schema(place.folder, name="folders", rows="{month}/log.csv")
    data = write_months(place.folder / "gap", MONTHS)
    for month in MONTHS:
        (data / month).mkdir()
    (data / f"log-{MONTHS[0]}.csv").rename(data / MONTHS[0] / "log.csv")
    assert_refused(train(place, data, schema), f"month {MONTHS[1]} is empty", "log.csv")


def test_a_month_of_a_header_alone(place: Place) -> None:
    data = write_months(place.folder / "headers", MONTHS)
    (data / "log-2024-02.csv").write_text(",".join(COLUMNS) + "\n")
    assert_refused(train(place, data, write_schema(place.folder)), "2024-02")


def test_a_column_that_the_files_do_not_have(place: Place) -> None:
    columns = COLUMNS | {"colour": {"role": "categorical"}}
    schema = write_schema(place.folder, name="coloured", columns=columns)
    data = write_months(place.folder / "colourless", MONTHS)
    assert_refused(train(place, data, schema), "log-2024-01.csv", "'colour'")


def test_labels_beyond_0_and_1_in_too_many_rows(place: Place) -> None:
    data = write_months(place.folder / "counts", MONTHS)
    file = data / "log-2024-02.csv"
    file.write_text(re.sub(r"(?m)^(2024-02/\d*7,\d+),\d", r"\1,2", file.read_text()))
    told = train(place, data, write_schema(place.folder))
    assert_refused(told, "2024-02", "10.0%", "bought: neither 0 nor 1", "max_bad_share")


def test_a_stack_s_setting_that_its_component_refuses(place: Place) -> None:
    told = place.run("status", env=place.environment(ADCLICK_SELDON_PORT="high"))
    assert_refused(told, "stack local", "port: Input should be a valid integer", "local.yaml")


def test_state_in_a_folder_that_cannot_be_made(place: Place) -> None:
    (place.folder / "file").write_text("")
    told = place.run_small(env=place.environment(ADCLICK_HOME=str(place.folder / "file")))
    assert_refused(told, str(place.folder / "file"), "ADCLICK_HOME")


@pytest.mark.parametrize("pipeline", ["deployment", "monitoring", "retraining"])
def test_a_pipeline_before_anything_was_trained(place: Place, pipeline: str) -> None:
    told = place.run_small("--pipeline", pipeline)
    assert_refused(told, "adclick-sample", "version", "run --pipeline training")


def test_a_second_run_at_the_same_time(place: Place) -> None:
    place.state.mkdir(exist_ok=True)
    with (place.state / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_refused(place.run_small(), "another run", str(place.state), "ADCLICK_HOME")


def test_debug_shows_where(place: Place) -> None:
    told = place.run("--debug", "--data", "ads", "--schema", "none.yaml")
    assert told.code == 1
    assert told.errors.startswith("Traceback")
    assert "schema none.yaml does not exist" in told.errors.splitlines()[-1]


@pytest.mark.skipif(not OLD_PYTHONS, reason="pyenv has no Python 3.10 or 3.11 on this machine")
def test_an_old_python(place: Place) -> None:
    words = [str(OLD_PYTHONS[0]), str(RUN)]
    environment = place.environment()
    told = subprocess.run(words, check=False, capture_output=True, text=True, env=environment)
    assert_refused(Ran(told.returncode, told.stdout, told.stderr, None), "3.12", "make run")
