from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.errors import AdclickError
from adclick.ingest import reading
from adclick.schema import Schema
from tests.logs import chunks_of, schema_of

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
    "quoted newline": '{id},2024-01-01,0,"a\n\nb, c"\n',
    "blank line": "\n{id},2024-01-01,0,news\n",
    "few": "{id},x\n",
    "many": "{id},2024-01-01,0,news,1,2\n",
    "few, with newline": '{id},"a\nb"\n',
}
GOOD = {"good", "quoted newline", "blank line"}


def read(file: Path, content: bytes, schema: Schema = TINY) -> dict[int, str | None]:
    """Ids by row number, None for malformed rows."""
    found: dict[int, str | None] = {}
    for chunk in chunks_of(file, content, schema):
        found |= dict.fromkeys(malformed.row for malformed in chunk.malformed)
        if chunk.cells.num_rows:
            found |= zip(chunk.rows.tolist(), chunk.cells.column("id").to_pylist(), strict=True)
    return dict(sorted(found.items()))


@pytest.mark.parametrize("block", [120, 1 << 20])
@given(kinds=st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=30))
def test_every_row_keeps_its_number(
    tmp_path_factory: pytest.TempPathFactory, block: int, kinds: list[str]
) -> None:
    content = HEADER + "".join(LINES[kind].format(id=i) for i, kind in enumerate(kinds, 1)).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK_BYTES", block)
        found = read(tmp_path_factory.getbasetemp() / "rows.csv", content)
    expected = {i: str(i) if kind in GOOD else None for i, kind in enumerate(kinds, 1)}
    assert found == expected


def test_a_malformed_row_is_kept_as_it_was_written(tmp_path: Path) -> None:
    (chunk,) = chunks_of(tmp_path / "rows.csv", HEADER + b'1,"a, b"\n2,t,0,x\n', TINY)
    (malformed,) = chunk.malformed
    assert malformed.text == '1,"a, b"'
    assert malformed.reason == "2 cells where the header has 4"


def test_cells_are_text_as_written(tmp_path: Path) -> None:
    (chunk,) = chunks_of(tmp_path / "rows.csv", HEADER + b'007, NA ,"","say ""hi"""\n', TINY)
    assert chunk.cells.to_pylist() == [
        {"id": "007", "time": " NA ", "clicked": "", "site": 'say "hi"'}
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HEADER + b"1,t,0,news\n",
        (HEADER + b"1,t,0,news\n").replace(b"\n", b"\r\n"),
        (HEADER + b"1,t,0,news\n").replace(b"\n", b"\r"),
        HEADER + b"1,t,0,news",
        b"site,extra,clicked,time,id\nnews,5,0,t,1\n",
        b"id,time,clicked,site,q,q\n1,t,0,news,5,6\n",
    ],
    ids=["BOM", "CRLF", "CR", "no last newline", "other order", "a foreign column twice"],
)
def test_files_of_all_kinds_of_programs_are_read(tmp_path: Path, content: bytes) -> None:
    (chunk,) = chunks_of(tmp_path / "rows.csv", content, TINY)
    assert chunk.cells.select(["id", "site"]).to_pylist() == [{"id": "1", "site": "news"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty: it needs a header and rows"),
        (b"id,time,clicked\n1,t,0\n", "has no column 'site' that schema small names"),
        (HEADER.replace(b",", b";"), "has no column 'id'"),
        (b"id,time,clicked,site,site\n1,t,0,a,b\n", "has column 'site' more than once"),
        (HEADER + b"1,t,0,\xff\n", "no CSV file in UTF-8"),
        (HEADER + b"1,t,0,a\n" * 20_000 + b"1,t,0,\xff\n", "Row #20002"),
        (HEADER.decode().encode("utf-16"), "no CSV file in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "rows.csv"
    with pytest.raises(AdclickError) as caught:
        chunks_of(file, content, TINY)
    assert str(file) in str(caught.value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_memory_is_bounded_by_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1000)
    chunks = chunks_of(tmp_path / "rows.csv", HEADER + b"1,2024-01-01,0,a\n" * 1000, TINY)
    assert max(chunk.cells.num_rows for chunk in chunks) < 100
    assert sum(chunk.cells.num_rows for chunk in chunks) == 1000
