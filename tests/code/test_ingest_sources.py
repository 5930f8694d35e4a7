from __future__ import annotations

import os
from pathlib import Path

import fsspec
import pytest

from adclick.errors import AdclickError
from adclick.ingest.sources import find_source
from tests.logs import as_csv, data_folder, good, schema_of

SCHEMA = schema_of()


def months_found(folder: Path, pattern: str) -> list[str | None]:
    return [file.month for file in find_source(str(folder), schema_of(rows=pattern)).files]


def test_files_are_found_by_month_in_order(tmp_path: Path) -> None:
    folder = data_folder(tmp_path, {"2024-02": [good()], "2023-12": [good()], "2024-01": [good()]})
    source = find_source(str(folder), SCHEMA)
    assert [file.month for file in source.files] == ["2023-12", "2024-01", "2024-02"]
    assert source.files[0].uri == f"file://{folder}/2023-12/rows.csv"
    assert source.files[0].size == len(as_csv([good()]))


@pytest.mark.parametrize(
    ("pattern", "months"),
    [
        ("*/rows.csv", [None, None]),
        ("{month}/*.csv", ["2024-01", "2024-02"]),
        ("**/rows.csv", [None, None]),
        ("2024-01/rows.csv", [None]),
    ],
)
def test_a_pattern_chooses_files(tmp_path: Path, pattern: str, months: list[str | None]) -> None:
    data_folder(tmp_path, {"2024-01": [good()], "2024-02": [good()]})
    assert months_found(tmp_path, pattern) == months


def test_a_month_may_stand_in_a_files_name(tmp_path: Path) -> None:
    (tmp_path / "clicks-2024-03.csv").write_bytes(b"x")
    assert months_found(tmp_path, "clicks-{month}.csv") == ["2024-03"]


@pytest.mark.parametrize("name", ["plain", "with space", "a#b%20c", "data [1]", "März"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = data_folder(tmp_path / name, {"2024-01": [good()]})
    (file,) = find_source(str(folder), SCHEMA).files
    with fsspec.open(file.uri) as stream:
        assert stream.read() == as_csv([good()])


def test_equal_sources_hold_the_same_data(tmp_path: Path) -> None:
    folder = data_folder(tmp_path, {"2024-01": [good()]})
    first = find_source(str(folder), SCHEMA)
    assert find_source(str(folder), SCHEMA) == first
    data_folder(tmp_path, {"2024-01": [good(site="maps")]})
    os.utime(folder / "2024-01/rows.csv", (1, 1))
    assert find_source(str(folder), SCHEMA) != first


def test_a_bucket_is_a_folder_too() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/sources-test/2024-01/rows.csv", b"x")
    (file,) = find_source("memory://sources-test", SCHEMA).files
    assert (file.uri, file.month) == ("memory:///sources-test/2024-01/rows.csv", "2024-01")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdclickError, match=r"data folder .*/nowhere does not exist"):
        find_source(str(tmp_path / "nowhere"), SCHEMA)


@pytest.mark.parametrize("uri", ["s3://bucket/log", "unheard-of://bucket/log"])
def test_an_address_that_this_environment_cannot_read_is_refused(uri: str) -> None:
    with pytest.raises(AdclickError, match=f"{uri} cannot be read here .*: name a folder"):
        find_source(uri, SCHEMA)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdclickError, match=r"no file \{month\}/rows.csv below"):
        find_source(str(tmp_path), SCHEMA)


def test_an_empty_month_folder_is_named(tmp_path: Path) -> None:
    data_folder(tmp_path, {"2024-01": [good()]})
    (tmp_path / "2024-02").mkdir()
    with pytest.raises(AdclickError, match=r"month 2024-02 is empty: no file rows.csv in"):
        find_source(str(tmp_path), SCHEMA)


def test_a_month_that_does_not_exist_is_named(tmp_path: Path) -> None:
    data_folder(tmp_path, {"2024-13": [good()]})
    with pytest.raises(AdclickError, match=r"file 2024-13/rows.csv: its path names no month"):
        find_source(str(tmp_path), SCHEMA)
