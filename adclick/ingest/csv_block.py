"""A block of CSV bytes parsed into rows, each with the line that it begins on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from adclick.arrays import Array, Int64
from adclick.ingest.rows import Malformed, Rows

NOT_UTF_8 = "not all of the row is UTF-8"
LONE_RETURN = "a carriage return within the row"
# a row of its own for the parser, unless a quote before it is still open
END = b"\0end of block\0\n"


@dataclass
class _Skipped:
    """Rows that have not as many cells as the header; the parser calls this for each."""

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    at_end: bool = False

    def __call__(self, row: pacsv.InvalidRow) -> str:
        if row.text.encode() == END[:-1]:
            self.at_end = True
            return "skip"
        self.numbers.append(row.number - 1)
        self.texts.append(row.text)
        self.reasons.append(
            f"{row.actual_columns} cells where the header has {row.expected_columns}"
        )
        return "skip"


class Block:
    """The whole lines in data[start:end], beginning with a row; the last row may lack its end.

    `names` are the file's columns; of those in `wanted` the cells are kept, in these types (text or
    dictionaries of text). Clean bytes are not copied.
    """

    def __init__(
        self,
        data: bytes,
        start: int,
        end: int,
        names: tuple[str, ...],
        wanted: Mapping[str, pa.DataType],
    ) -> None:
        self._names = names
        self._raw = pa.py_buffer(data).slice(start, end - start)
        self._clean, self._flaws = self._raw, dict[int, str]()
        if data.find(b"\r", start, end) >= 0 or not _is_ascii(self._raw):
            mended, self._flaws = _mended(data[start:end])
            self._clean = pa.py_buffer(mended)
        self._quoted = data.find(b'"', start, end) >= 0
        # whether a quote is open at the end, only a row after it tells
        marked = self._quoted or start == end
        self._skipped = _Skipped(at_end=not marked)
        gap = b"\n" if end > start and data[end - 1] != ord("\n") else b""
        after = gap + END if marked else gap
        self._text = pa.py_buffer(b"".join((self._clean, after))) if after else self._clean
        self._cells = self._parsed(wanted, self._skipped)
        self.open = not self._skipped.at_end

    def rows(self, owned: int, first_byte: int, first_line: int) -> tuple[Rows, int, int]:
        """The rows that begin in the first `owned` bytes, and the bytes and lines that they take.

        A row with an open quote at the end is none of them. Bytes and lines are counted from
        `first_byte` and `first_line`.
        """
        starts = self._starts
        last = int(np.searchsorted(self._line_starts, owned))
        count = int(np.searchsorted(starts, last))
        if self.open:
            count = min(count, len(starts) - 1)
        end = self._end_line(count, last)
        skipped = np.asarray(self._skipped.numbers, np.int64)
        kept = np.delete(np.arange(len(starts)), skipped)
        kept = kept[kept < count]
        lines = starts[kept]
        ends = self._ends[kept]
        begins = self._line_starts[lines]
        malformed = tuple(
            Malformed(int(starts[number]) + first_line, text, reason)
            for number, text, reason in zip(
                skipped.tolist(), self._skipped.texts, self._skipped.reasons, strict=True
            )
            if number < count
        )
        rows = Rows(
            self._cells.slice(0, len(kept)),
            lines + first_line,
            begins + first_byte,
            self._line_starts[ends] - begins,
            malformed,
            self._flawed(lines, ends),
            lambda positions: self._texts(lines[positions], ends[positions]),
        )
        return rows, int(self._line_starts[end]), end

    def _end_line(self, count: int, last: int) -> int:
        """The first line that is no part of the first `count` rows or of blank lines after them."""
        if count < len(self._starts) and self._starts[count] < last:
            return int(self._starts[count])
        end = int(self._ends[count - 1]) if count else 0
        return max(end, min(last, self._lines))

    @cached_property
    def _line_starts(self) -> Int64:
        """Where each line begins, and where the last one ends."""
        size = self._clean.size
        ends = np.flatnonzero(np.frombuffer(self._clean, np.uint8) == ord("\n")) + 1
        whole = not size or (len(ends) and ends[-1] == size)
        tail = [] if whole else [size]
        return np.concatenate([[0], ends, tail]).astype(np.int64)

    @property
    def _lines(self) -> int:
        return len(self._line_starts) - 1

    @cached_property
    def _starts(self) -> Int64:
        """The line that each row begins on, skipped rows included."""
        return self._spans[0]

    @cached_property
    def _ends(self) -> Int64:
        return self._spans[1]

    @cached_property
    def _spans(self) -> tuple[Int64, Int64]:
        count = self._cells.num_rows + len(self._skipped.numbers)
        if count == self._lines and not self.open:
            lines = np.arange(count, dtype=np.int64)
            return lines, lines + 1
        taken = self._lines_taken(count)
        starts = _placed(taken, self._blank_lines())
        return starts, starts + taken

    def _lines_taken(self, count: int) -> Int64:
        """How many lines each row takes: one more than the line ends in its cells."""
        taken = np.ones(count, np.int64)
        if not self._quoted:
            return taken
        kept = np.delete(np.arange(count), self._skipped.numbers)
        every = self._parsed(dict.fromkeys(self._names, pa.binary()), _Skipped())
        for column in every.columns:
            breaks = pc.count_substring(column, "\n").to_numpy()
            taken[kept] += breaks
        for number, text_of_row in zip(self._skipped.numbers, self._skipped.texts, strict=True):
            taken[number] += text_of_row.count("\n")
        return taken

    def _blank_lines(self) -> Array:
        starts = self._line_starts
        lengths = np.diff(starts)
        first = np.frombuffer(self._clean, np.uint8)[starts[:-1]]
        blank: Array = (lengths == 1) | ((lengths == 2) & (first == ord("\r")))
        return blank

    def _flawed(self, lines: Int64, ends: Int64) -> dict[int, str]:
        found = {}
        for line, reason in self._flaws.items():
            position = int(np.searchsorted(lines, line, side="right")) - 1
            if position >= 0 and line < ends[position]:
                found[position] = reason
        return found

    def _texts(self, starts: Array, ends: Array) -> list[str]:
        where = self._line_starts
        return [
            as_text(self._raw.slice(where[start], where[end] - where[start]).to_pybytes())
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def _parsed(self, wanted: Mapping[str, pa.DataType], skipped: _Skipped) -> pa.Table:
        table = pacsv.read_csv(
            pa.BufferReader(self._text),
            # rows are only numbered when they are parsed one after the other
            pacsv.ReadOptions(
                column_names=self._names, block_size=self._text.size + 1, use_threads=False
            ),
            pacsv.ParseOptions(newlines_in_values=self._quoted, invalid_row_handler=skipped),
            pacsv.ConvertOptions(
                include_columns=list(wanted),
                column_types=wanted,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        return table.combine_chunks()


def _is_ascii(text: pa.Buffer) -> bool:
    # without a copy, as bytes.isascii of a part of a block would need
    return bool(np.frombuffer(text, np.uint8).max(initial=0) < 128)


def as_text(row: bytes) -> str:
    """A row's raw bytes as text without its line end; what is no UTF-8 is shown as \\xNN."""
    return row.decode("utf-8", "backslashreplace").rstrip("\r\n")


def _mended(data: bytes) -> tuple[bytes, dict[int, str]]:
    """Bytes of the same length that a parser can read, and what was wrong, by line."""
    flaws: dict[int, str] = {}
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        data = _without_lone_returns(data, flaws)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data = _in_utf_8(data, flaws)
    return data, flaws


def _without_lone_returns(data: bytes, flaws: dict[int, str]) -> bytes:
    lines = data.split(b"\n")
    for number, line in enumerate(lines):
        if b"\r" in line[:-1]:
            lines[number] = line[:-1].replace(b"\r", b" ") + line[-1:]
            flaws[number] = LONE_RETURN
    if lines[-1].endswith(b"\r"):
        lines[-1] = lines[-1][:-1] + b" "
    return b"\n".join(lines)


def _in_utf_8(data: bytes, flaws: dict[int, str]) -> bytes:
    lines = data.split(b"\n")
    for number, line in enumerate(lines):
        try:
            line.decode()
        except UnicodeDecodeError:
            lines[number] = bytes(byte if byte < 128 else ord("?") for byte in line)
            flaws[number] = NOT_UTF_8
    return b"\n".join(lines)


def _placed(taken: Int64, blank: Array) -> Int64:
    """Where rows that take so many lines begin, when blank lines between them are no rows."""
    if not blank.any():
        return np.cumsum(taken) - taken
    starts, line = np.empty_like(taken), 0
    for row, lines in enumerate(taken.tolist()):
        while blank[line]:
            line += 1
        starts[row] = line
        line += lines
    return starts
