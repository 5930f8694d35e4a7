"""run.py schema: a first schema of a user's data, without stack or state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adclick.ingest.sources import find_source
from adclick.schema import load_schema
from tests.e2e.runs import Place, assert_refused
from tests.logs import data_folder, many


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], Place]) -> Place:
    """Where nothing was run before."""
    return make_place("schema")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    months = {month: many(60, month) for month in ("2024-01", "2024-02")}
    return data_folder(tmp_path_factory.mktemp("schema") / "my ads", months)


def test_a_schema_is_written_and_the_next_line_is_told(place: Place, data: Path) -> None:
    told = place.run("schema", "--data", data)
    assert (told.code, told.errors) == (0, "")
    assert told.output.startswith("schema.yaml: id id, time time, label clicked, ")
    assert told.output.endswith(f"run.py --data '{data}' --schema schema.yaml\n")
    schema = load_schema(place.folder / "schema.yaml")
    assert len(find_source(str(data), schema).files) == 2
    assert not place.state.exists()


def test_a_schema_that_is_there_is_kept(place: Place, data: Path) -> None:
    (place.folder / "mine.yaml").write_text("mine", encoding="utf-8")
    assert_refused(place.run("schema", "--data", data, "--out", "mine.yaml"), "mine.yaml", "--out")
    assert (place.folder / "mine.yaml").read_text(encoding="utf-8") == "mine"


def test_what_the_command_needs_and_what_only_it_takes(place: Place) -> None:
    assert_refused(place.run("schema"), "schema of what", "--data")
    told = place.run("status", "--out", "schema.yaml")
    assert told.code == 2
    assert "--out: only `schema`" in told.errors.splitlines()[-1]
