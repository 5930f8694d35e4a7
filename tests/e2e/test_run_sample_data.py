"""run.py sample-data: a log of a chosen size, without stack or state."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.e2e.runs import Place, assert_refused


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], Place]) -> Place:
    """Where nothing was run before."""
    return make_place("sample")


def test_sample_data_of_the_wanted_size_is_made_and_the_next_line_is_told(place: Place) -> None:
    size = ("--impressions", "300", "--months", "4")
    told = place.run("sample-data", *size, "--out", "my ads")
    assert (told.code, told.errors) == (0, "")
    folder = place.folder / "my ads"
    options = json.loads((folder / "options.json").read_bytes())["options"]
    assert (options["impressions"], options["months"]) == (300, 4)
    rows = [file.read_text().splitlines() for file in folder.glob("data/*/impressions.csv")]
    assert sum(len(lines) - 1 for lines in rows) == 300
    assert f"--data '{folder / 'data'}'" in told.output.splitlines()[-1]
    assert not place.state.exists()


def test_a_size_that_cannot_be_is_refused_and_a_folder_that_is_there_is_kept(place: Place) -> None:
    assert_refused(
        place.run("sample-data", "--months", "3"), "months", "greater than or equal to 4"
    )
    assert_refused(place.run("sample-data", "--months", "latest:3"), "months", "integer")
    (place.folder / "mine").mkdir()
    (place.folder / "mine" / "file").write_text("mine", encoding="utf-8")
    assert_refused(place.run("sample-data", "--out", "mine"), "mine holds something else", "remove")
