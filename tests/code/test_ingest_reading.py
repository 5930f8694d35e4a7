from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.adlog import SourceFile
from adclick.errors import AdclickError
from adclick.ingest import reading
from adclick.ingest.reading import UnitReader
from adclick.ingest.units import RowUnit, plan_units
from adclick.schema import Schema
from tests.logs import schema_of

TINY = schema_of(
    {
        "id": {"role": "id"},
        "time": {"role": "time"},
        "clicked": {"role": "label"},
        "site": {"role": "categorical"},
    }
)
HEADER = b"id,time,clicked,site\n"
LINES = {
    "good": "{id},2024-01-01,0,news\n",
    "quoted": '{id},2024-01-01,0,"a ""b"", c"\n',
    "quoted newlines": '{id},2024-01-01,0,"a\n\nb, c"\n',
    "stray quote": '{id},2024-01-01,0,5" wide\n',
    "blank line": "\n{id},2024-01-01,0,news\n",
    "other letters": "{id},2024-01-01,0,Łódź\n",
    "few": "{id},x\n",
    "many": "{id},2024-01-01,0,news,1,2\n",
    "few, with newline": '{id},"a\nb"\n',
}
BAD = {"few", "many", "few, with newline"}


@dataclass(frozen=True, order=True)
class Read:
    """A row as it was read: its line in the file, its text, its cells and what is wrong."""

    line: int
    text: str
    cells: tuple[str, ...]
    flaw: str


def source_file(file: Path, content: bytes) -> SourceFile:
    file.write_bytes(content)
    return SourceFile(uri=f"file://{file}", month=None, size=len(content), generation="1")


def read_unit(unit: RowUnit, lines_before: int) -> tuple[list[Read], UnitReader]:
    reader, found = UnitReader(unit, tuple(TINY.columns)), []
    for rows in reader:
        texts = rows.text(np.arange(rows.cells.num_rows))
        for i, cells in enumerate(rows.cells.to_pylist()):
            line = int(rows.lines[i]) + lines_before
            found.append(Read(line, texts[i], tuple(cells.values()), rows.flaws.get(i, "")))
        found += [Read(bad.line + lines_before, bad.text, (), bad.reason) for bad in rows.malformed]
    return found, reader


def read_all(file: SourceFile, unit_bytes: int = 1 << 20) -> list[Read]:
    """All rows, read unit by unit as ingestion does: one that began within a row again."""
    found: list[Read] = []
    units = plan_units(file, TINY, unit_bytes)
    end, before = units[0].begin, units[0].first_line
    for unit in units:
        if unit.end is not None and end >= unit.end:
            continue
        rows, reader = read_unit(unit, before)
        if reader.begin != end:
            exact = unit.model_copy(update={"begin": end, "exact": True})
            rows, reader = read_unit(exact, before)
        found += rows
        end, before = reader.end, before + reader.lines
    return sorted(found)


def csv_of(kinds: list[str], line_end: str = "\n") -> bytes:
    rows = "".join(LINES[kind].format(id=i) for i, kind in enumerate(kinds))
    return HEADER + rows.replace("\n", line_end).encode()


KINDS = st.lists(st.sampled_from(sorted(LINES)), max_size=30)


@pytest.fixture(autouse=True)
def little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SLACK_BYTES", 50)
    monkeypatch.setattr(reading, "UNIT_BYTES", 80)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 60)


@given(kinds=KINDS, unit_bytes=st.integers(1, 200), packed=st.booleans())
def test_rows_do_not_depend_on_how_the_file_is_cut(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], unit_bytes: int, packed: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole = read_all(source_file(folder / "whole.csv", csv_of(kinds)))
    content = gzip.compress(csv_of(kinds)) if packed else csv_of(kinds)
    assert read_all(source_file(folder / "cut.csv", content), unit_bytes) == whole


@given(kinds=KINDS, line_end=st.sampled_from(["\n", "\r\n"]))
def test_rows_are_those_of_a_csv_reader_with_their_lines_and_text(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], line_end: str
) -> None:
    content = csv_of(kinds, line_end)
    file = source_file(tmp_path_factory.getbasetemp() / "lines.csv", content)
    found = read_all(file)
    expected = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if row][1:]
    assert [bool(row.cells) for row in found] == [kind not in BAD for kind in kinds]
    for row, cells in zip(found, expected, strict=True):
        assert list(row.cells) == (cells if len(cells) == 4 else [])
        assert next(csv.reader(io.StringIO(row.text, newline=""))) == cells
        line = content.decode().split("\n")[row.line].rstrip("\r")
        assert row.text.split("\n")[0].rstrip("\r") == line


def read(folder: Path, content: bytes) -> list[Read]:
    return read_all(source_file(folder / "rows.csv", content))


def test_a_malformed_row_is_kept_as_it_was_written(tmp_path: Path) -> None:
    bad, good = read(tmp_path, HEADER + b'1,"a, b"\n2,t,0,x\n')
    assert bad == Read(1, '1,"a, b"', (), "2 cells where the header has 4")
    assert good.cells == ("2", "t", "0", "x")


def test_cells_are_text_as_written(tmp_path: Path) -> None:
    (row,) = read(tmp_path, HEADER + b'007, NA ,"","say ""hi"""\n')
    assert row.cells == ("007", " NA ", "", 'say "hi"')


def test_a_quote_that_is_never_closed_spoils_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONGEST_ROW", 200)
    after = b"".join(b"%d,t,0,x\n" % i for i in range(100))
    first, *others = read(tmp_path, HEADER + b'a,t,0,"x\n' + after)
    assert first == Read(1, 'a,t,0,"x', (), "a quote is opened and never closed")
    assert [row.cells[0] for row in others] == [str(i) for i in range(100)]


def test_a_row_that_is_no_utf_8_is_flawed_and_its_neighbours_are_not(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + "1,t,0,é\n".encode() + b"2,t,0,\xe9\n3,t,0,x\n")
    assert [row.flaw for row in rows] == ["", "not all of the row is UTF-8", ""]
    assert [row.text for row in rows] == ["1,t,0,é", "2,t,0,\\xe9", "3,t,0,x"]


def test_a_carriage_return_within_a_row_is_a_flaw(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + b"1,t,0,a\rb\n2,t,0,x\n")
    assert [row.flaw for row in rows] == ["a carriage return within the row", ""]
    assert rows[0].text == "1,t,0,a\rb"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HEADER + b"1,t,0,news\n",
        (HEADER + b"1,t,0,news\n").replace(b"\n", b"\r\n"),
        HEADER + b"1,t,0,news",
        b"\n\n" + HEADER + b"1,t,0,news\n\n\n",
        b"site,extra,clicked,time,id\nnews,5,0,t,1\n",
        b"id,time,clicked,site,q,q\n1,t,0,news,5,6\n",
        b'"id","time","clicked","site"\n"1","t","0","news"\n',
        gzip.compress(HEADER) + gzip.compress(b"1,t,0,news\n"),
        pa.compress(HEADER + b"1,t,0,news\n", codec="zstd", asbytes=True),
    ],
    ids=[
        "BOM",
        "CRLF",
        "no last newline",
        "blank lines",
        "other order",
        "a foreign column twice",
        "quotes",
        "gzip in pieces",
        "zstd",
    ],
)
def test_files_of_all_kinds_of_programs_are_read(tmp_path: Path, content: bytes) -> None:
    (row,) = read(tmp_path, content)
    assert row.cells == ("1", "t", "0", "news")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty: it needs a header and rows"),
        (b"\n\n", "is empty: it needs a header and rows"),
        (b"id,time,clicked\n1,t,0\n", "has no column 'site' that schema small names"),
        (HEADER.replace(b",", b";"), "columns are separated by ';': write commas"),
        (b"id,time,clicked,site,site\n1,t,0,a,b\n", "has column 'site' more than once"),
        (b"id,time,clicked,s\xefte\n1,t,0,a\n", "the header is no text in UTF-8"),
        (HEADER.decode().encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        (HEADER.replace(b"\n", b"\r") + b"1,t,0,a\r", "lines end with a carriage return alone"),
        (gzip.compress(HEADER + b"1,t,0,a\n" * 999, mtime=0)[:-9], "broken gzip file: Truncated"),
        (pa.compress(HEADER * 999, codec="zstd", asbytes=True)[:-9], "broken zstd file"),
        (b"PAR1" + bytes(99), "broken Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(AdclickError) as caught:
        read(tmp_path, content)
    assert str(tmp_path / "rows.csv") in str(caught.value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_without_end_is_no_row_of_a_csv_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONGEST_ROW", 100)
    with pytest.raises(AdclickError, match="a line of more than 100 bytes"):
        read(tmp_path, gzip.compress(HEADER + b"x" * 1000 + b"\n"))


def test_memory_is_bounded_by_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "UNIT_BYTES", 1000)
    content = gzip.compress(HEADER + b"1,2024-01-01,0,a\n" * 1000)
    (unit,) = plan_units(source_file(tmp_path / "rows.csv.gz", content), TINY)
    sizes = [rows.cells.num_rows for rows in UnitReader(unit, tuple(TINY.columns))]
    assert max(sizes) < 100
    assert sum(sizes) == 1000


def parquet(file: Path, table: pa.Table, **options: int) -> SourceFile:
    pq.write_table(table, file, **options)
    return source_file(file, file.read_bytes())


def test_typed_cells_of_a_parquet_file_are_read_as_a_csv_file_has_them(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2]),
            "time": pa.array([0, None], pa.timestamp("us", "UTC")),
            "clicked": pa.array([True, False]),
            "site": pa.array(["a,b", None]).dictionary_encode(),
            "more": pa.array([0.1, 1e300]),
            "list": pa.array([[1], None]),
        }
    )
    first, second = read_all(parquet(tmp_path / "rows.parquet", table))
    assert first.cells == ("1", "1970-01-01 00:00:00.000000Z", "1", "a,b")
    assert second.cells == ("2", "", "0", "")
    assert first.text == '1,1970-01-01 00:00:00.000000Z,1,"a,b",0.1,[1]'


def test_a_parquet_file_is_cut_by_row_groups(tmp_path: Path) -> None:
    table = pa.table({name: [str(i) for i in range(10)] for name in TINY.columns})
    file = parquet(tmp_path / "rows.parquet", table, row_group_size=3)
    assert len(plan_units(file, TINY)) == 4
    rows = read_all(file)
    assert [(row.line, row.cells[0]) for row in rows] == [(i, str(i)) for i in range(10)]


def schema_with(name: str) -> Schema:
    return schema_of({**TINY.columns, name: {"role": "numeric"}})


def test_a_column_that_a_parquet_file_lacks_is_named(tmp_path: Path) -> None:
    table = pa.table({name: ["1"] for name in TINY.columns})
    with pytest.raises(AdclickError, match="no column 'bid'"):
        plan_units(parquet(tmp_path / "rows.parquet", table), schema_with("bid"))
