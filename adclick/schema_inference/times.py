"""Which column says when, and how it writes times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, Times
from adclick.columns import TimeColumn
from adclick.errors import AdclickError
from adclick.schema_inference.guess import Guess
from adclick.schema_inference.sample import Sample
from adclick.schema_inference.seen import NEARLY_ALL, RARE, Seen, one_line
from adclick.times import parse_times

DIGITS = {"%Y%m%d%H%M%S": 14, "%Y%m%d%H%M": 12, "%y%m%d%H%M": 10, "%Y%m%d%H": 10}
DIGITS |= {"%Y%m%d": 8, "%y%m%d%H": 8}
DAYS = ("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d")
CLOCKS: tuple[str, ...] = (
    "%H:%M:%S",
    "%H:%M",
    "%H:%M:%S.%f",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%H:%M:%S UTC",
)
CLOCKS += ("%H:%M:%S.%f UTC", "%H:%M:%S %z")
LOGS = ("%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S")
# epoch comes last: ten digits can be yymmddHHMM too, which seconds hardly ever are
FORMATS: tuple[str, ...] = (
    "iso",
    *DIGITS,
    *(f"{day} {clock}" for day in DAYS for clock in CLOCKS),
    *DAYS,
    *LOGS,
)
FORMATS += ("epoch",)
FIRST_TRIED, TRIED = 20, 500  # values of a column
EARLIEST, LATEST = np.datetime64("2000-01-01", "us"), np.datetime64("2100-01-01", "us")
NAMES = {"time", "timestamp", "ts", "datetime", "date", "hour", "day", "when", "at", "shown"}
OTHER_NAMES = {"id", "uuid", "key", "code", "birth", "born", "click", "clicked", "conversion"}


@dataclass(frozen=True)
class TimeGuess:
    """The time column `name`, and what else reads as a time.

    `in_month` says whether times lie in the months that their files name, `one_month` whether all
    lie in a single one.
    """

    name: str
    guess: Guess
    others: tuple[str, ...]
    in_month: bool
    one_month: bool


def guess_time(sample: Sample, columns: Sequence[Seen], uri: str) -> TimeGuess:
    """The column of times, by how its cells read, its name and the months that files name.

    Raises AdclickError when there is none, with what comes near.
    """
    candidates = [
        _Candidate(seen, form, sample) for seen in columns for form in _formats(seen.values)
    ]
    candidates = [candidate for candidate in candidates if candidate.plausible]
    if not candidates:
        raise AdclickError(f"{uri}: no column can be the time: {_nearest(columns)}")
    best = max(candidates, key=lambda candidate: candidate.rank)
    column = TimeColumn(role="time", format=best.format)
    others = {candidate.seen.name for candidate in candidates} - {best.seen.name}
    return TimeGuess(
        name=best.seen.name,
        guess=Guess(column, best.described),
        others=tuple(others),
        in_month=best.in_month,
        one_month=bool((best.month_counts[:1] >= NEARLY_ALL * best.month_counts.sum()).all()),
    )


@dataclass(frozen=True)
class _Candidate:
    seen: Seen
    format: str
    sample: Sample

    @cached_property
    def times(self) -> Times:
        """Of the distinct values (k,)."""
        return parse_times(self.seen.values, self.format)

    @cached_property
    def valid(self) -> Array:
        return np.asarray((self.times >= EARLIEST) & (self.times < LATEST))

    @property
    def plausible(self) -> bool:
        return self.seen.nearly_all(self.valid)

    @cached_property
    def in_month(self) -> bool:
        """Whether rows' times lie in the months of their files, where those name any."""
        cells = self.sample.cells.column(self.seen.name)
        row = pc.index_in(cells, value_set=self.seen.values)
        months = self.times.astype("datetime64[M]").astype(str).astype(object)
        own = months[pc.fill_null(row, 0).to_numpy()]
        named = self.sample.months
        agree = (own == named) | (named == None)  # noqa: E711  (an array of objects)
        return bool(agree.mean() >= NEARLY_ALL)

    @cached_property
    def month_counts(self) -> Array:
        """Rows by month, most first."""
        months = self.times[self.valid].astype("datetime64[M]")
        _, position = np.unique(months, return_inverse=True)
        return np.sort(np.bincount(position, self.seen.counts[self.valid]))[::-1]

    @property
    def described(self) -> str:
        """From when to when but for the rarest, which may be mistakes, and how times look."""
        times = np.sort(np.repeat(self.times[self.valid], self.seen.counts[self.valid]))
        few = int(len(times) * RARE)
        first, last = (np.datetime_as_string(times[at], unit="m") for at in (few, -few - 1))
        return f"{first} to {last}, such as {self.seen.examples(1)}"

    @property
    def rank(self) -> tuple[bool, bool, bool, int, int]:
        """Day and month are told apart, where both fit, by which makes fewer months."""
        words = self.seen.words
        other = bool(words & OTHER_NAMES)
        named = bool(words & NAMES) and not other
        return self.in_month, named, not other, -len(self.month_counts), self.seen.distinct


def _formats(values: pa.Array) -> Iterator[str]:
    """The formats that some of the values, from all over, can be read with."""
    some = _spread(values, FIRST_TRIED)
    for form in FORMATS:
        if form in DIGITS and not _has_width(some, DIGITS[form]):
            continue
        if _mostly_read(some, form) and _mostly_read(_spread(values, TRIED), form):
            yield form


def _spread(values: pa.Array, count: int) -> pa.Array:
    chosen = np.linspace(0, len(values) - 1, min(count, len(values))).astype(np.int64)
    return values.take(pa.array(chosen))


def _has_width(values: pa.Array, width: int) -> bool:
    fits = pc.match_substring_regex(values, rf"^\d{{{width}}}$")
    return bool(len(values)) and pc.sum(fits).as_py() >= 0.8 * len(values)


def _mostly_read(values: pa.Array, form: str) -> bool:
    read = ~np.isnat(parse_times(values, form))
    return bool(len(values)) and bool(read.mean() >= 0.8)


def _nearest(columns: Sequence[Seen]) -> str:
    for seen in columns:
        with np.errstate(invalid="ignore"):
            later = (seen.numbers >= 946_684_800_000) & (seen.numbers < 4_102_444_800_000)
        if seen.nearly_all(later):
            return f"column {seen.name!r} looks like milliseconds since 1970: write seconds"
    named = [seen for seen in columns if seen.words & NAMES and seen.distinct]
    what = "write one as 2026-01-31T12:00:00, seconds since 1970 or digits such as 2026013112"
    if named:
        example = one_line(named[0].values[0].as_py())
        return f"column {named[0].name!r} holds {example!r}, which is no time known here; {what}"
    return what
