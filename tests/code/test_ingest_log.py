from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.ingest import ingest as ingestion
from adclick.ingest.creatives import CreativeWriter
from adclick.ingest.ingest import LOG_FILE, ingest
from adclick.ingest.months import MonthWriter
from adclick.ingest.sources import find_source
from tests.logs import (
    COLUMNS,
    IMAGES,
    Row,
    as_csv,
    data_folder,
    encoded,
    good,
    ingested,
    many,
    picture,
    quarantined,
    schema_of,
)

SCHEMA = schema_of()
IMAGE_SCHEMA = schema_of({**COLUMNS, **IMAGES})
SPOILT: list[Row] = [{"clicked": "x"}, {"site": ""}, {"bid": "-1"}, {"time": "2024-09-09"}]


def with_image(folder: Path) -> Path:
    """A data folder of two months with one creative."""
    rows = {
        month: [good(i, month, ad="a", image="../a.jpg") for i in range(5)]
        for month in ("2024-01", "2024-02")
    }
    data_folder(folder, rows)
    (folder / "a.jpg").write_bytes(encoded(picture()))
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@given(
    spoilt=st.lists(st.none() | st.sampled_from([*SPOILT, b"1,few\n"]), min_size=1, max_size=30),
    repeat=st.booleans(),
)
def test_rows_in_are_kept_or_quarantined(
    tmp_path_factory: pytest.TempPathFactory, spoilt: list[Row | bytes | None], repeat: bool
) -> None:
    lines = [as_csv([good(999)]).split(b"\n")[0] + b"\n", as_csv([good(999)]).split(b"\n")[1]]
    lines.append(b"\n")
    for i, change in enumerate(spoilt):
        row = as_csv([good(i, **(change if isinstance(change, dict) else {}))]).split(b"\n")[1]
        lines.append(change if isinstance(change, bytes) else row + b"\n")
    if repeat:
        lines.append(lines[1] + b"\n")
    log = ingested(tmp_path_factory.mktemp("log"), {"2024-01": b"".join(lines)})
    (month,) = log.months
    bad = sum(change is not None for change in spoilt) + repeat
    assert (month.rows_in, month.rows_quarantined) == (1 + len(spoilt) + repeat, bad)
    assert log.table(log.everything()).num_rows == month.rows_kept
    assert Counter(row["reason"] for row in quarantined(log)) == month.reasons
    expected = [2 + i for i, change in enumerate(spoilt) if change is not None]
    assert [row["row"] for row in quarantined(log)] == [*expected, *([len(spoilt) + 2] * repeat)]


def test_quarantine_names_file_row_reason_and_text(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": [good(0), good(1, site="", age='a "b"')]})
    (row,) = quarantined(log)
    assert row == {
        "file": f"file://{tmp_path}/data/2024-01/rows.csv",
        "row": 2,
        "reason": "site: empty",
        "text": 'i1,2024-01-02T01:15:00,0,,mobile,"a ""b""",1.25,-1',
    }


def test_a_repeated_id_is_bad_within_a_month_only(tmp_path: Path) -> None:
    months = {"2024-01": [good(1), good(2), good(1)], "2024-02": [good(1, "2024-02")]}
    log = ingested(tmp_path, months)
    assert [(row["row"], row["reason"]) for row in quarantined(log)] == [
        (3, "id: already used in this month")
    ]


def test_the_id_of_a_bad_row_may_be_used_again(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": [good(1, site=""), good(1)]})
    assert [row["reason"] for row in quarantined(log)] == ["site: empty"]


def test_a_repeated_id_is_found_in_another_file_of_the_month(tmp_path: Path) -> None:
    data_folder(tmp_path / "data", {"2024-01": [good(1)]})
    (tmp_path / "data/2024-01/more.csv").write_bytes(as_csv([good(1)]))
    log = ingested(tmp_path, {}, schema_of(rows="{month}/*.csv"))
    assert (log.months[0].rows_kept, log.months[0].rows_quarantined) == (1, 1)


def test_months_are_counted(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": many(30), "2024-02": many(10, "2024-02")})
    first, second = log.months
    assert (first.month, first.rows_kept, first.impressions, first.clicks) == (
        "2024-01",
        30,
        30,
        10,
    )
    assert first.defaults == {"age": 10}
    assert second.click_rate == 0.4
    assert f"{second.first} {second.last}" == (
        "2024-02-01 00:15:00+00:00 2024-02-10 09:15:00+00:00"
    )


def test_rows_without_a_month_in_their_path_are_sorted_by_time(tmp_path: Path) -> None:
    rows = [good(0), good(1, "2023-12"), good(2), good(3, time="?"), good(4, "2023-12")]
    log = ingested(tmp_path, {"x": rows}, schema_of(rows="x/rows.csv"))
    assert {month.month: month.rows_kept for month in log.months} == {"2023-12": 2, "2024-01": 2}
    assert sum(month.rows_quarantined for month in log.months) == 1


def test_undeclared_columns_are_named_and_left_out(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": [good(0, note="x", user="7")]})
    assert log.undeclared_columns == ("note", "user")
    assert "note" not in log.table(log.everything()).column_names


def test_a_month_with_too_many_bad_rows_names_the_top_reasons(tmp_path: Path) -> None:
    rows = [*many(20), *(good(100 + i, site="") for i in range(3)), good(200, bid="x")]
    with pytest.raises(AdclickError) as caught:
        ingested(tmp_path, {"2024-01": rows}, schema_of(max_bad_share=0.1))
    assert str(caught.value) == (
        "month 2024-01: 16.7% of 24 rows are bad, more than max_bad_share 10.0%; "
        "most often site: empty (3), bid: no finite number (1)"
    )


def test_just_as_many_bad_rows_as_allowed_are_allowed(tmp_path: Path) -> None:
    rows = [*many(9), good(9, site="")]
    assert ingested(tmp_path, {"2024-01": rows}, schema_of(max_bad_share=0.1)).months


HEADER = as_csv([good()]).split(b"\n")[0] + b"\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER, "month 2024-02 is empty: no good row"),
        (HEADER + b"1,2\n3,4\n", "most often 2 cells where the header has 8 (2)"),
        (as_csv([good(0, "2024-02", clicked="x")] * 2), "most often clicked: neither 0 nor 1 (2)"),
        (as_csv([good(0, "2024-03")]), "most often time: outside the month of its file (1)"),
        (b"", "is empty: it needs a header and rows"),
    ],
    ids=["header only", "malformed", "labels", "another month", "empty"],
)
def test_a_month_without_a_good_row_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(AdclickError) as caught:
        ingested(tmp_path, {"2024-01": many(3), "2024-02": content})
    assert "2024-02" in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER, "no row below the headers"),
        (HEADER + b"1,2\n", "no row has as many cells as the header"),
        (as_csv([good(time="x")]), "no row has a readable time"),
    ],
)
def test_a_log_without_months_is_an_error(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(AdclickError, match=expected):
        ingested(tmp_path, {"x": content}, schema_of(rows="x/rows.csv"))


def test_a_part_file_without_rows_is_no_error(tmp_path: Path) -> None:
    data_folder(tmp_path / "data", {"2024-01": many(3)})
    (tmp_path / "data/2024-01/part-2.csv").write_bytes(HEADER)
    log = ingested(tmp_path, {}, schema_of(rows="{month}/*.csv"))
    assert log.months[0].rows_kept == 3


def test_what_was_ingested_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ingested(tmp_path, {"2024-01": many(3)})
    source = find_source(str(tmp_path / "data"), SCHEMA)
    monkeypatch.setattr(ingestion, "read_chunks", None)
    assert ingest(source, SCHEMA, str(tmp_path / "logs")) == first


def test_new_data_make_another_log(tmp_path: Path) -> None:
    first = ingested(tmp_path, {"2024-01": many(3)})
    more = ingested(tmp_path, {"2024-01": many(4)})
    assert first.root != more.root
    assert first.table(first.everything()).num_rows == 3


def test_a_new_schema_makes_another_log_of_the_same_data(tmp_path: Path) -> None:
    data = data_folder(tmp_path / "data", {"2024-01": [good(bid="7")]})
    source = find_source(str(data), SCHEMA)
    stricter = schema_of(COLUMNS | {"bid": {"role": "numeric", "max": 5}})
    ingest(source, SCHEMA, str(tmp_path / "logs"))
    with pytest.raises(AdclickError, match="bid: above 5"):
        ingest(source, stricter, str(tmp_path / "logs"))


def test_a_handle_is_found_in_the_log_it_names(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": many(3)})
    assert AdLog.model_validate_json((Path(log.root) / LOG_FILE).read_bytes()) == log


def test_a_log_may_lie_in_a_bucket(tmp_path: Path) -> None:
    folder = with_image(tmp_path)
    memory = fsspec.filesystem("memory")
    for name, content in files_of(folder).items():
        memory.pipe_file(f"/ingest-test/data/{name}", content)
    source = find_source("memory://ingest-test/data", IMAGE_SCHEMA)
    log = ingest(source, IMAGE_SCHEMA, "memory://ingest-test/logs")
    assert ingest(source, IMAGE_SCHEMA, "memory://ingest-test/logs") == log
    local = ingest(find_source(str(folder), IMAGE_SCHEMA), IMAGE_SCHEMA, str(tmp_path / "logs"))
    assert log.table(log.everything()).equals(local.table(local.everything()))
    there, here = log.creatives(), local.creatives()
    assert there is not None
    assert here is not None
    assert (there.ids, there.images.tolist()) == (here.ids, here.images.tolist())


class Killed(BaseException):
    """What no code catches."""


def killer(target: Callable[..., object], calls: int) -> Callable[..., object]:
    """`target`, but killed after so many calls."""
    left = iter(range(calls))

    def run(*args: object, **kwargs: object) -> object:
        if next(left, None) is None:
            raise Killed
        return target(*args, **kwargs)

    return run


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (MonthWriter, "keep"),
        (MonthWriter, "finish"),
        (CreativeWriter, "problems"),
        (ingestion, "columns_of"),
    ],
)
def test_a_killed_ingestion_stops_no_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, calls: int
) -> None:
    source = find_source(str(with_image(tmp_path / "data")), IMAGE_SCHEMA)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, name, killer(getattr(owner, name), calls))
        ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs"))
    log = ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs"))
    untouched = ingest(source, IMAGE_SCHEMA, str(tmp_path / "fresh"))
    assert files_of(Path(log.root)).keys() == files_of(Path(untouched.root)).keys()
    assert log.table(log.everything()).equals(untouched.table(untouched.everything()))


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_half_written_files_of_a_killed_ingestion_are_written_anew(
    tmp_path: Path, kept: int
) -> None:
    source = find_source(str(with_image(tmp_path / "data")), IMAGE_SCHEMA)
    root = Path(ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs")).root)
    whole = files_of(root)
    (root / LOG_FILE).rename(root / f"{LOG_FILE}.partial")
    for path in root.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:kept])
    ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs"))
    assert files_of(root) == whole


def test_the_logs_own_file_appears_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = type(fsspec.filesystem("file"))

    def half(self: object, path: str, value: bytes, **_: object) -> None:
        Path(path).write_bytes(value[: len(value) // 2])
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(local, "pipe_file", half)
        ingested(tmp_path, {"2024-01": many(3)})
    assert ingested(tmp_path, {"2024-01": many(3)}).months[0].rows_kept == 3
