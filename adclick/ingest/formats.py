"""What a source file is, told by its first bytes: CSV, CSV in gzip or zstd, or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, cast

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from adclick.adlog import SourceFile
from adclick.errors import AdclickError

BOM = b"\xef\xbb\xbf"
LONGEST_HEADER = 1 << 20


class Format(StrEnum):
    """How a file's rows are written."""

    CSV = "csv"
    GZIP = "gzip"
    ZSTD = "zstd"
    PARQUET = "parquet"


SIGNS = {b"\x1f\x8b": Format.GZIP, b"\x28\xb5\x2f\xfd": Format.ZSTD, b"PAR1": Format.PARQUET}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Header:
    """A file's column names; in a CSV file also how many bytes and lines they take."""

    names: tuple[str, ...]
    size: int = 0
    lines: int = 0


def format_of(file: SourceFile) -> Format:
    """The file's format; raises AdclickError for an empty file and for text in UTF-16."""
    filesystem, path = fsspec.core.url_to_fs(file.uri)
    first = cast(bytes, filesystem.cat_file(path, start=0, end=4)) if file.size else b""
    if not first:
        raise AdclickError(f"{file.uri} is empty: it needs a header and rows")
    if first.startswith(UTF_16):
        raise AdclickError(f"{file.uri} is text in UTF-16: save it as UTF-8")
    return next((SIGNS[sign] for sign in SIGNS if first.startswith(sign)), Format.CSV)


@contextmanager
def open_text(file: SourceFile, form: Format) -> Iterator[BinaryIO]:
    """A CSV file's bytes as a stream, unpacked; reading it raises AdclickError where it is broken.

    Use it for formats other than Parquet.
    """
    with fsspec.open(file.uri, "rb") as packed:
        if form is Format.CSV:
            yield packed
            return
        try:
            with pa.CompressedInputStream(packed, form.value) as stream:
                yield cast(BinaryIO, stream)
        except OSError as error:
            raise AdclickError(f"{file.uri}: broken {form} file: {error}") from error


@contextmanager
def open_parquet(file: SourceFile) -> Iterator[pq.ParquetFile]:
    """A Parquet file; opening and reading it raises AdclickError where it is broken."""
    with fsspec.open(file.uri, "rb") as stream:
        try:
            yield pq.ParquetFile(stream)
        except (pa.ArrowInvalid, OSError) as error:
            raise AdclickError(f"{file.uri}: broken Parquet file: {error}") from error


def header_of(file: SourceFile, form: Format) -> Header:
    """The names of the file's columns; raises AdclickError when there are none or no UTF-8."""
    if form is Format.PARQUET:
        with open_parquet(file) as parquet:
            return Header(tuple(parquet.schema_arrow.names))
    with open_text(file, form) as stream:
        head = stream.read(LONGEST_HEADER)
    if b"\r" in head and b"\n" not in head:
        raise AdclickError(f"{file.uri}: lines end with a carriage return alone: save it with \\n")
    start = len(BOM) if head.startswith(BOM) else 0
    lines = io.StringIO(head[start:].decode("utf-8", "surrogateescape"), newline="")
    reader = csv.reader(lines)
    try:
        names = next((row for row in reader if row), [])
    except csv.Error as error:
        raise AdclickError(f"{file.uri}: the header is no CSV: {error}") from error
    if not names:
        raise AdclickError(f"{file.uri} is empty: it needs a header and rows")
    _check_names(file, names)
    size = _end_of_line(head, start, reader.line_num)
    return Header(tuple(names), size, reader.line_num)


def _end_of_line(data: bytes, position: int, lines: int) -> int:
    for _ in range(lines):
        end = data.find(b"\n", position)
        position = len(data) if end < 0 else end + 1
    return position


def _check_names(file: SourceFile, names: list[str]) -> None:
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise AdclickError(f"{file.uri}: the header is no text in UTF-8") from error
    if len(names) == 1 and (mark := next((mark for mark in ";\t|" if mark in names[0]), None)):
        raise AdclickError(f"{file.uri}: columns are separated by {mark!r}: write commas")
