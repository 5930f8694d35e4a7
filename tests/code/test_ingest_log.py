from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as pacsv

from adclick.adlog import CLICKS, AdLog
from adclick.errors import AdclickError
from adclick.ingest import duplicates, image_unit, month_unit, row_unit, storage
from adclick.ingest.executor import Threads
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.ingest.units import RowUnit
from tests.logs import (
    COLUMNS,
    IMAGES,
    Row,
    as_csv,
    data_folder,
    encoded,
    files_of,
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
    told = Counter(
        ": ".join(filter(None, (row["column"], row["reason"]))) for row in quarantined(log)
    )
    assert told == month.reasons
    expected = [3 + i for i, change in enumerate(spoilt) if change is not None]
    assert [row["line"] for row in quarantined(log)] == [*expected, *([len(spoilt) + 3] * repeat)]
    texts = {line.decode().strip() for line in lines}
    assert all(row["text"] in texts for row in quarantined(log))


def test_quarantine_names_file_line_column_reason_and_text(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": [good(0), good(1, site="", age='a "b"')]})
    (row,) = quarantined(log)
    assert row == {
        "file": f"file://{tmp_path}/data/2024-01/rows.csv",
        "line": 3,
        "column": "site",
        "reason": "empty",
        "text": 'i1,2024-01-02T01:15:00,0,,mobile,"a ""b""",1.25,-1',
    }


def test_a_repeated_id_is_bad_within_a_month_only(tmp_path: Path) -> None:
    months = {"2024-01": [good(1), good(2), good(1)], "2024-02": [good(1, "2024-02")]}
    log = ingested(tmp_path, months)
    assert [(row["line"], row["column"], row["reason"]) for row in quarantined(log)] == [
        (4, "id", "same row as before")
    ]


def test_the_id_of_a_bad_row_may_be_used_again(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": [good(1, site=""), good(1)]})
    assert [row["column"] for row in quarantined(log)] == ["site"]


def test_of_different_rows_with_one_id_none_is_kept(tmp_path: Path) -> None:
    rows = [good(1), good(2), good(1, bid="9"), good(1)]
    log = ingested(tmp_path, {"2024-01": rows})
    assert [(row["line"], row["reason"]) for row in quarantined(log)] == [
        (line, "used by different rows") for line in (2, 4, 5)
    ]
    assert log.table(log.everything()).column("id").to_pylist() == ["i2"]


def as_parquet(content: bytes) -> bytes:
    options = pacsv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()))
    buffer = pa.BufferOutputStream()
    parse = pacsv.ParseOptions(newlines_in_values=True)
    pq.write_table(pacsv.read_csv(pa.BufferReader(content), None, parse, options), buffer)
    return bytes(buffer.getvalue())


# texts are of CSV without its line ends, in which Parquet has none
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "no end": lambda content: content.removesuffix(b"\n"),
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress,
    "parquet": as_parquet,
}


@pytest.mark.parametrize("form", FORMS)
def test_repeated_rows_are_told_apart_in_every_form(tmp_path: Path, form: str) -> None:
    rows = [
        good(1, site="a,\nb", age=""),
        good(2),
        good(3, site="é"),
        good(1, site="a,\nb", age=" "),  # alike once it is read
        good(3, site="e"),
        good(4),
        good(2),
    ]
    log = ingested(tmp_path, {"2024-01": FORMS[form](as_csv(rows))})
    ids = [row["text"].split(",")[0] for row in quarantined(log)]
    reasons = [row["reason"] for row in quarantined(log)]
    different, same = "used by different rows", "same row as before"
    assert list(zip(ids, reasons, strict=True)) == [
        ("i3", different),
        ("i1", same),
        ("i3", different),
        ("i2", same),
    ]
    (month,) = log.months
    kept = log.table(log.everything())
    assert kept.column("id").to_pylist() == ["i1", "i2", "i4"]
    assert month.defaults == {"age": 1}
    times = kept.column("time").to_pylist()
    assert (month.first, month.last) == (min(times), max(times))


@given(order=st.permutations(range(8)), cut=st.integers(0, 8))
def test_repeated_ids_are_judged_without_regard_to_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    rows = [good(1), good(1), good(1, bid="9"), good(2), good(2), good(3), good(4), good(5)]
    shuffled = [rows[i] for i in order]
    folder = tmp_path_factory.mktemp("order")
    data_folder(folder / "data", {"2024-01": [*shuffled[:cut], good(9)]})
    (folder / "data/2024-01/more.csv").write_bytes(as_csv([*shuffled[cut:], good(10)]))
    log = ingested(folder, {}, schema_of(rows="{month}/*.csv"))
    kept = log.table(log.everything()).to_pylist()
    assert {row["id"] for row in kept} == {"i2", "i3", "i4", "i5", "i9", "i10"}
    (month,) = log.months
    assert (month.rows_kept, month.rows_quarantined) == (6, 4)
    assert (month.impressions, month.clicks) == (6, sum(row[CLICKS] for row in kept))
    assert month.defaults == {"age": sum(row["age"] == "unknown" for row in kept)}
    assert (month.first, month.last) == (
        min(row["time"] for row in kept),
        max(row["time"] for row in kept),
    )


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
        "most often site: empty (3), bid: no finite number (1); all are in "
        f"{next((tmp_path / 'logs').glob('*/months/*/quarantine.parquet'))}"
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
        (HEADER + b"1,2\n", "no row can be read: 2 cells where the header has 8"),
        (as_csv([good(time="x")]), "no row can be read: time: no time of the format iso"),
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
    folder = with_image(tmp_path / "data")
    source = find_source(str(folder), IMAGE_SCHEMA)
    first = ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs"))
    for module, name in ((row_unit, "UnitReader"), (image_unit, "decode_image")):
        monkeypatch.setattr(module, name, None)
    assert ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs")) == first


def units_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[AdLog, list[str], list[str]]:
    """The log of a data folder, and which files' units and which creatives were read for it."""
    files, creatives = [], []
    reader, decode = row_unit.UnitReader, image_unit._decoded

    def note_file(unit: RowUnit, *columns: Any) -> object:
        files.append(unit.file.uri.removeprefix(f"file://{folder}/"))
        return reader(unit, *columns)

    def note_image(*arguments: Any) -> object:
        creatives.append("")
        return decode(*arguments)

    schema = IMAGE_SCHEMA.model_copy(update={"rows": "{month}/*.csv"})
    with monkeypatch.context() as patch:
        patch.setattr(row_unit, "UnitReader", note_file)
        patch.setattr(image_unit, "_decoded", note_image)
        log = ingest(find_source(str(folder), schema), schema, str(folder / "logs"), Threads(1))
    return log, files, creatives


def test_a_late_file_adds_to_its_month_and_nothing_else_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_image(tmp_path)
    first, files, creatives = units_read(folder, monkeypatch)
    assert (sorted(files), len(creatives)) == (["2024-01/rows.csv", "2024-02/rows.csv"], 1)
    late = [good(i, "2024-02", ad="a", image="../a.jpg") for i in (3, 77)]
    (folder / "2024-02/late.csv").write_bytes(as_csv(late))
    log, files, creatives = units_read(folder, monkeypatch)
    assert (files, creatives) == (["2024-02/late.csv"], [])
    assert log.months[0] == first.months[0]
    assert (log.months[1].rows_kept, log.months[1].rows_quarantined) == (6, 1)
    # what a log names never changes
    assert first.table(first.everything()).num_rows == 10


def test_a_mended_image_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = with_image(tmp_path)
    rows = [good(i, "2024-02", ad="b", image="../b.jpg") for i in (50, 51)]
    (folder / "2024-02/more.csv").write_bytes(as_csv(rows))
    (folder / "b.jpg").write_bytes(b"no image")
    log, _, _ = units_read(folder, monkeypatch)
    assert log.months[1].rows_quarantined == 2
    (folder / "b.jpg").write_bytes(encoded(picture(3)))
    log, files, _ = units_read(folder, monkeypatch)
    assert (files, log.months[1].rows_quarantined) == ([], 0)


def test_a_change_of_a_file_is_seen(tmp_path: Path) -> None:
    first = ingested(tmp_path, {"2024-01": many(3)})
    more = ingested(tmp_path, {"2024-01": many(4)})
    assert [log.table(log.everything()).num_rows for log in (first, more)] == [3, 4]


def test_a_new_schema_makes_another_log_of_the_same_data(tmp_path: Path) -> None:
    data = data_folder(tmp_path / "data", {"2024-01": [good(bid="7")]})
    source = find_source(str(data), SCHEMA)
    stricter = schema_of(COLUMNS | {"bid": {"role": "numeric", "max": 5}})
    ingest(source, SCHEMA, str(tmp_path / "logs"))
    with pytest.raises(AdclickError, match="bid: above 5"):
        ingest(source, stricter, str(tmp_path / "logs"))


def test_a_log_is_described_in_its_store(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": many(3)})
    (manifest,) = Path(log.root).glob("logs/*.json")
    assert AdLog.model_validate_json(manifest.read_bytes()) == log.model_copy(update={"root": "."})


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


@pytest.mark.parametrize("calls", [0, 1, 2, 3, 5])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (storage, "read_document"),
        (storage, "write_document"),
        (row_unit, "check_rows"),
        (image_unit, "decode_image"),
        (month_unit, "find_repeated"),
    ],
)
def test_a_killed_ingestion_stops_no_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, calls: int
) -> None:
    source = find_source(str(with_image(tmp_path / "data")), IMAGE_SCHEMA)
    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(owner, name, killer(getattr(owner, name), calls))
        ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs"))
    log = ingest(source, IMAGE_SCHEMA, str(tmp_path / "logs"))
    untouched = ingest(source, IMAGE_SCHEMA, str(tmp_path / "fresh"))
    assert files_of(Path(log.root)) == files_of(Path(untouched.root))


# any letters, signs, quotes and line ends: csv.writer puts them in quotes where it must
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=20)
TIMES = st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 31, 23, 59, 59))
CLEAN = st.fixed_dictionaries(
    {
        "time": TIMES.map(datetime.isoformat) | TIMES.map(lambda time: f"{time:%Y-%m-%d %H:%M}Z"),
        "clicked": st.sampled_from(["0", "1", " 1", "0.0", "1e0"]),
        "site": TEXT.filter(str.strip),
        "device": st.sampled_from(["desktop", " mobile "]),
        "age": TEXT | st.just(""),
        "bid": st.floats(0, 100).map(repr) | st.integers(0, 100).map(str),
        "offset": st.floats(-3e38, 3e38).map(repr) | st.sampled_from(["", "+5", ".5", "7."]),
    }
)


@given(rows=st.lists(CLEAN, min_size=1, max_size=20), unit_bytes=st.integers(20, 500))
def test_no_clean_row_is_ever_quarantined(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], unit_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("clean")
    written = [{"id": f"i{i}", **row} for i, row in enumerate(rows)]
    data = data_folder(folder / "data", {"2024-01": written})
    source = find_source(str(data), SCHEMA)
    log = ingest(source, SCHEMA, str(folder / "logs"), unit_bytes=unit_bytes)
    assert quarantined(log) == []
    kept = log.table(log.everything()).to_pylist()
    for row, cells in zip(kept, written, strict=True):
        assert row["id"] == cells["id"]
        assert row["site"] == trimmed(cells["site"])
        assert row["age"] == (trimmed(cells["age"]) or "unknown")
        assert row["bid"] == float(cells["bid"])
        assert row["offset"] == float(cells["offset"] or 0.5)
        assert row[CLICKS] == float(cells["clicked"])


def trimmed(text: str) -> str:
    """A cell without spaces around it, as Arrow understands spaces."""
    return str(pc.utf8_trim_whitespace(pa.scalar(text)))


def test_a_file_that_is_there_twice_stops_the_run(tmp_path: Path) -> None:
    data = data_folder(tmp_path / "data", {"2024-01": many(40)})
    (data / "2024-01/copy.csv").write_bytes((data / "2024-01/rows.csv").read_bytes())
    with pytest.raises(AdclickError) as caught:
        ingested(tmp_path, {}, schema_of(rows="{month}/*.csv", max_bad_share=0.1))
    assert str(caught.value) == (
        "month 2024-01: 40 of 80 rows repeat the id of another, more than max_bad_share 10.0%: "
        "is a file there twice?"
    )


def test_ids_are_compared_in_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "HASHES_AT_ONCE", 7)
    rows = [*many(100), *many(100)[::10]]
    (month,) = ingested(tmp_path, {"2024-01": rows}).months
    assert (month.rows_kept, month.reasons) == (100, {"id: same row as before": 10})
