"""Rows as a source has them: text cells with the line of each row, before anything is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from adclick.arrays import Array, Int64


@dataclass(frozen=True)
class Malformed:
    """A row whose cells cannot be told: its line, its text, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """Some rows of a unit of work: text cells by column, and where each row begins.

    `lines` (n,) int64 counts from 0, from where the unit's rows begin. `starts` and `sizes` (n,)
    int64 are the bytes of each row in its file, unpacked; in Parquet, which has none, the numbers
    that rows have in their unit, and 0. `flaws` says of rows, by position, what is wrong with
    their bytes. `text` gives the raw text of rows by position.
    """

    cells: pa.Table
    lines: Int64
    starts: Int64
    sizes: Int64
    malformed: tuple[Malformed, ...]
    flaws: dict[int, str]
    text: Callable[[Array], list[str]]
