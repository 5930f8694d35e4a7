"""What the columns without a part of their own are: categories, numbers, or of no use."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from adclick.arrays import Float64
from adclick.columns import CategoricalColumn, NumericColumn
from adclick.schema_inference.guess import Guess, ignored
from adclick.schema_inference.sample import PIECES, Sample
from adclick.schema_inference.seen import RARE, Seen, one_line

UNKNOWN = "unknown"
MOST_NOT_NUMBERS = 0.005  # of the filled rows
MOST_CODES, MOST_CATEGORIES = 20, 10_000
OWN_VALUE = 0.9  # distinct values per row from which a category says nothing
DENSE = 0.5
REPEATED = 5.0  # rows per value
ROOM = 10.0  # the whole data may hold more than its sample
CLOSED_VALUES, CLOSED_SHARE, CLOSED_ROWS = 8, 0.01, 1_000
CODE_WORDS = {"id", "code", "zip", "postcode", "type", "category", "class", "group", "position"}
MEASURE_WORDS = {"count", "frequency", "freq", "num", "price", "bid", "cost", "amount", "age"}
MEASURE_WORDS |= {"days", "hours", "minutes", "seconds", "duration", "size", "width", "height"}
MEASURE_WORDS |= {"score", "budget", "revenue", "spend", "length", "depth", "recency"}


def guess_feature(sample: Sample, seen: Seen) -> Guess:
    """The column as categorical or numeric with room for what the sample does not show.

    Columns that hold one value, or almost another one in each row, are ignored.
    """
    if seen.distinct == 0:
        return ignored("empty in every row seen")
    if seen.distinct == 1:
        some = "or empty " if seen.empty else ""
        return ignored(f"{seen.examples()} {some}in every row seen")
    if seen.numeric_share >= 1 - MOST_NOT_NUMBERS and not _is_code(seen):
        return _numeric(seen)
    if seen.distinct > OWN_VALUE * seen.filled:
        return ignored(f"almost a value of its own in each row, such as {seen.examples(2)}")
    return _categorical(sample, seen)


def _is_code(seen: Seen) -> bool:
    """Whether numbers only name things: few, or with gaps between them and often the same."""
    zeros = pc.match_substring_regex(seen.values, r"^0\d").to_numpy(zero_copy_only=False)
    if zeros.any() or (seen.words & CODE_WORDS and seen.whole):
        return True
    if not seen.whole or seen.distinct > MOST_CATEGORIES:
        return False
    if seen.words & MEASURE_WORDS:
        return False
    sparse = _density(_sorted(seen)) < DENSE and seen.filled >= REPEATED * seen.distinct
    return seen.distinct <= MOST_CODES or sparse


def _density(numbers: Float64) -> float:
    """How many of the whole numbers between the quartiles are there."""
    low, high = np.quantile(numbers, (0.25, 0.75), method="nearest")
    between = np.unique(numbers[(numbers >= low) & (numbers <= high)])
    return float(len(between) / (high - low + 1))


def _sorted(seen: Seen) -> Float64:
    """The numbers of all rows, smallest first."""
    known = ~np.isnan(seen.numbers)
    return np.sort(np.repeat(seen.numbers[known], seen.counts[known]))


def _numeric(seen: Seen) -> Guess:
    numbers = _sorted(seen)
    negative = int((numbers < 0).sum())
    positive = negative <= RARE * len(numbers)
    inside = numbers[negative:] if positive else numbers
    bounds = {"min": 0 if positive else -_room(-inside[0]), "max": _room(inside[-1])}
    settings = {**bounds, **({"default": _short(float(np.median(inside)))} if seen.empty else {})}
    if positive and _log_helps(inside):
        settings["log"] = True
    told = [f"{numbers[0]:,.6g} to {numbers[-1]:,.6g}, half below {np.median(inside):,.6g}"]
    if positive and negative:
        told.append(f"below 0 in {negative:,} rows, taken for mistakes")
    strange = np.isnan(seen.numbers)
    if strange.any():
        shown = ", ".join(one_line(v) for v in seen.values.filter(strange)[:3].to_pylist())
        told.append(f"no numbers: {shown}")
    column = NumericColumn.model_validate({"role": "numeric", **settings})
    return Guess(column, "; ".join([*told, *_emptiness(seen)]))


def _room(value: float) -> float:
    """The power of ten that leaves room beyond a value; 0 and below need none but 1's."""
    return float(10.0 ** min(38, np.ceil(np.log10(max(value, 0.1) * ROOM))))


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _log_helps(numbers: Float64) -> bool:
    return bool(_skewness(numbers) > 1 and abs(_skewness(np.log1p(numbers))) < _skewness(numbers))


def _skewness(numbers: Float64) -> float:
    centred = numbers - numbers.mean()
    spread = numbers.std()
    return float(((centred / spread) ** 3).mean()) if spread else 0.0


def _categorical(sample: Sample, seen: Seen) -> Guess:
    allowed = _closed(sample, seen)
    settings: dict[str, object] = {}
    told = [f"{seen.distinct:,} values, such as {seen.examples()}"]
    if allowed:
        told = ["each of them is frequent wherever the files were read"]
        rare = [one_line(v) for v in seen.values.to_pylist() if v not in allowed]
        told += [f"rare and taken for mistakes: {', '.join(rare)}"] if rare else []
        settings["allowed"] = (*allowed, UNKNOWN) if seen.empty else allowed
    if seen.empty:
        settings["default"] = UNKNOWN
    column = CategoricalColumn.model_validate({"role": "categorical", **settings})
    return Guess(column, "; ".join([*told, *_emptiness(seen)]))


def _closed(sample: Sample, seen: Seen) -> tuple[str, ...]:
    """Few texts that are frequent in every part of every file read, with hardly any other."""
    frequent = seen.counts >= CLOSED_SHARE * seen.filled
    values = seen.values.filter(frequent)
    if (
        seen.filled < CLOSED_ROWS
        or not 2 <= len(values) <= CLOSED_VALUES
        or seen.share(~frequent) > RARE
        or seen.numeric_share > 0
        or not "".join(values.to_pylist()).isprintable()
    ):
        return ()
    which = pc.index_in(sample.cells.column(seen.name), value_set=values)
    which = pc.fill_null(which, len(values)).to_numpy()
    for position in range(len(sample.files)):
        for part in np.array_split(which[sample.file_of == position], PIECES):
            shares = np.bincount(part, minlength=len(values))[: len(values)]
            if shares.min() < CLOSED_SHARE * len(part):
                return ()
    return tuple(sorted(values.to_pylist()))


def _emptiness(seen: Seen) -> list[str]:
    return [f"empty in {seen.empty / seen.rows:.2%} of the rows"] if seen.empty else []
