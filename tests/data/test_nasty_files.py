"""Files as programs and people really write them, through the whole of ingestion."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from tests.logs import quarantined, schema_of

COLUMNS = {
    "id": {"role": "id"},
    "time": {"role": "time"},
    "clicked": {"role": "label"},
    "title": {"role": "categorical", "min_count": 1},
    "bid": {"role": "numeric", "min": 0},
}
HEADER = "id,time,clicked,title,bid\n"


def row(name: str, title: str = "Shoes", time: str = "2024-01-05T10:00:00Z") -> str:
    return f"{name},{time},0,{title},1.5\n"


@dataclass(frozen=True)
class Nasty:
    """A file, the ids that are kept of it, and the lines and problems of its bad rows."""

    content: bytes
    kept: tuple[str, ...]
    bad: tuple[tuple[int, str, str], ...] = ()


def text(*rows: str) -> bytes:
    return (HEADER + "".join(rows)).encode()


FILES = {
    "written by Excel: BOM and CRLF": Nasty(
        b"\xef\xbb\xbf" + text(row("a"), row("b")).replace(b"\n", b"\r\n"), ("a", "b")
    ),
    "all cells in quotes": Nasty(
        b'"id","time","clicked","title","bid"\n"a","2024-01-05T10:00:00Z","0","Shoes","1.5"\n',
        ("a",),
    ),
    "titles with line ends, commas and quotes": Nasty(
        text(row("a", '"Shoes,\n""red""\n\nnow"'), row("b", ""), row("c")),
        ("a", "c"),
        ((6, "title", "empty"),),
    ),
    "a quote as a sign for inches": Nasty(text(row("a", '19" screen'), row("b")), ("a", "b")),
    "a quote that nobody closed": Nasty(
        text(row("a", '"Shoes'), row("b"), row("c")),
        ("b", "c"),
        ((2, "", "a quote is opened and never closed"),),
    ),
    "Latin-1 among UTF-8": Nasty(
        text(row("a", "Schön")) + row("b", "Schön").encode("latin-1") + row("c", "靴").encode(),
        ("a", "c"),
        ((3, "", "not all of the row is UTF-8"),),
    ),
    "a title of a megabyte": Nasty(
        text(row("a", "x" * 1_000_000), row("b")),
        ("b",),
        ((2, "title", "longer than 1,000 characters"),),
    ),
    "another order of columns, and more of them": Nasty(
        b"note,bid,title,clicked,time,id,\nhm,1.5,Shoes,0,2024-01-05T10:00:00Z,a,\n", ("a",)
    ),
    "rows too short and too long": Nasty(
        text(row("a"), "b,2024-01-05T10:00:00Z,0\n", row("c")[:-1] + ",,\n", row("d")),
        ("a", "d"),
        (
            (3, "", "3 cells where the header has 5"),
            (4, "", "7 cells where the header has 5"),
        ),
    ),
    "a header in the middle, of files glued together": Nasty(
        text(row("a"), HEADER, row("b")), ("a", "b"), ((3, "time", "no time of the format iso"),)
    ),
    "blank lines": Nasty(b"\n" + text(row("a"), "\n", "\n", row("b"), "\n"), ("a", "b")),
    "no line end at the end": Nasty(text(row("a"), row("b")).rstrip(), ("a", "b")),
    "a file cut off in the middle of a row": Nasty(
        text(row("a"), row("b")[:20]), ("a",), ((3, "", "2 cells where the header has 5"),)
    ),
    "NUL bytes": Nasty(text(row("a\0b"), row("c")), ("a\0b", "c")),
    "spaces around cells": Nasty(text("  a , 2024-01-05T10:00:00Z , 0 , Shoes , 1.5 \n"), ("a",)),
    "ids that were floats once": Nasty(
        text(row("17.0"), row("18.0"), row("1.7976E+18")),
        ("17.0", "18.0"),
        ((4, "id", "a rounded number"),),
    ),
    "times with zones": Nasty(
        text(
            row("a", time="2024-01-31T23:30:00-02:00"),
            row("b", time="2024-02-01T01:30:00+0200"),
            row("c", time="2024-01-05 10:00"),
            row("d", time="2024-01-05T10:00:00.123Z"),
            row("e", time="05/01/2024 10:00"),
        ),
        ("b", "c", "d"),
        (
            (2, "time", "outside the month of its file"),
            (6, "time", "no time of the format iso"),
        ),
    ),
    "words for nothing": Nasty(
        text(row("a", "NULL"), "b,2024-01-05T10:00:00Z,0,Shoes,NaN\n", "c,,0,Shoes,1.5\n"),
        ("a",),
        ((3, "bid", "no finite number"), (4, "time", "no time of the format iso")),
    ),
    "numbers of another country": Nasty(
        text('a,2024-01-05T10:00:00Z,0,Shoes,"1,5"\n', row("b")),
        ("b",),
        ((2, "bid", "no finite number"),),
    ),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip in two": lambda content: gzip.compress(content[:31]) + gzip.compress(content[31:]),
    "zstd": lambda content: bytes(pa.compress(content, codec="zstd", asbytes=True)),
}


def log_of(
    folder: Path, content: bytes, columns: dict[str, dict[str, object]] | None = None
) -> AdLog:
    (folder / "2024-01").mkdir()
    (folder / "2024-01/rows.csv").write_bytes(content)
    schema = schema_of(columns or COLUMNS)
    unit_bytes = max(50, len(content) // 50)
    source = find_source(str(folder), schema)
    return ingest(source, schema, str(folder / "logs"), unit_bytes=unit_bytes)


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("name", FILES)
def test_good_rows_are_kept_and_bad_ones_told(tmp_path: Path, name: str, packed: str) -> None:
    file = FILES[name]
    log = log_of(tmp_path, PACKED[packed](file.content))
    assert tuple(log.table(log.everything()).column("id").to_pylist()) == file.kept
    found = tuple((bad["line"], bad["column"], bad["reason"]) for bad in quarantined(log))
    assert found == file.bad
    (month,) = log.months
    assert month.rows_in == len(file.kept) + len(file.bad)


EPOCH = {**COLUMNS, "time": {"role": "time", "format": "epoch"}}


def test_seconds_since_1970_are_times(tmp_path: Path) -> None:
    rows = [row("a", time="1704448800"), row("b", time="1704448800.5"), row("c", time="1.7e12")]
    log = log_of(tmp_path, text(*rows), EPOCH)
    assert log.table(log.everything()).column("id").to_pylist() == ["a", "b"]
    (bad,) = quarantined(log)
    assert (bad["column"], bad["reason"]) == ("time", "no time of the format epoch")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty: it needs a header and rows"),
        (HEADER.encode(), "month 2024-01 is empty: no good row"),
        (HEADER.replace(",", ";").encode(), "columns are separated by ';': write commas"),
        (text(row("a")).decode().encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        (text(row("a")).replace(b"\n", b"\r"), "lines end with a carriage return alone"),
        (gzip.compress(text(row("a")) * 99)[:-10], "broken gzip file: Truncated"),
    ],
    ids=["empty", "header only", "semicolons", "UTF-16", "old Mac", "truncated gzip"],
)
def test_a_file_without_rows_is_an_error_that_names_it(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    with pytest.raises(AdclickError) as caught:
        log_of(tmp_path, content)
    assert expected in str(caught.value)
    assert "2024-01" in str(caught.value)


@pytest.mark.parametrize("name", ["written by Excel: BOM and CRLF", "times with zones"])
def test_a_parquet_file_of_the_same_rows_makes_the_same_log(tmp_path: Path, name: str) -> None:
    for folder in ("csv", "parquet"):
        (tmp_path / folder).mkdir()
    plain = log_of(tmp_path / "csv", FILES[name].content)
    types = pacsv.ConvertOptions(column_types={"id": pa.string(), "time": pa.string()})
    table = pacsv.read_csv(tmp_path / "csv/2024-01/rows.csv", convert_options=types)
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, row_group_size=2)
    typed = log_of(tmp_path / "parquet", buffer.getvalue().to_pybytes())
    assert typed.table(typed.everything()).equals(plain.table(plain.everything()))
    # lines are counted with the header in CSV, and are rows in Parquet
    told = [
        [(bad["line"] - header, bad["reason"]) for bad in quarantined(log)]
        for log, header in ((plain, 1), (typed, 0))
    ]
    assert told[0] == told[1]
