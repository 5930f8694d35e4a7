"""Which column names the impression."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from adclick.columns import IdColumn
from adclick.errors import AdclickError
from adclick.schema_inference.guess import Guess
from adclick.schema_inference.sample import Sample
from adclick.schema_inference.seen import NEARLY_ALL, Seen

OWN = {"impression", "event", "request", "auction", "row", "log", "imp", "record"}
ID = {"id", "uuid", "guid", "key", "index"}
OF_OTHERS = {
    "creative",
    "ad",
    "user",
    "device",
    "campaign",
    "advertiser",
    "site",
    "image",
    "session",
}


def guess_id(sample: Sample, columns: Sequence[Seen], uri: str) -> tuple[str, Guess]:
    """The column that differs in each row of a month, by name where several do.

    Raises AdclickError when none does.
    """
    unique = [seen for seen in columns if _unique_by_month(sample, seen)]
    if not unique:
        most = max(columns, key=lambda seen: seen.distinct, default=None)
        nearest = (
            f"; most different is {most.name!r} with {most.distinct:,} values in {most.rows:,} rows"
            if most
            else ""
        )
        raise AdclickError(
            f"{uri}: no column can be the id, which differs in each row of a month{nearest}: add a "
            "column that numbers the rows"
        )
    seen = max(unique, key=_rank)
    told = f"{seen.distinct:,} values in {seen.rows:,} rows, such as {seen.examples(1)}"
    return seen.name, Guess(IdColumn(role="id"), told)


def _unique_by_month(sample: Sample, seen: Seen) -> bool:
    fractions = seen.numeric_share > 0 and not seen.whole
    if fractions or seen.filled < NEARLY_ALL * seen.rows:
        return False
    if seen.distinct >= NEARLY_ALL * seen.rows:
        return True
    if seen.distinct * len(sample.files) < NEARLY_ALL * seen.rows:
        return False
    cells = sample.cells.column(seen.name).to_numpy()
    months = pd.Series(sample.months).fillna("")
    return bool(1 - pd.DataFrame({"month": months, "id": cells}).duplicated().mean() >= NEARLY_ALL)


def _rank(seen: Seen) -> tuple[bool, bool, bool, bool]:
    words = seen.words
    named = bool(words & ID)
    return named and bool(words & OWN), not words & OF_OTHERS, named, bool(words & OWN)
