"""Two samples made comparable: the same columns, rare values together, nothing without values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from adclick.errors import AdclickError
from adclick.monitoring.checks import Kind
from adclick.monitoring.names import CLICKED, SCORE

OTHER = "(other)"
MOST_VALUES = 50
# PSI of two samples of one world is about (values - 1)(1/n + 1/m) (Yurdakul, Statistical
# Properties of Population Stability Index, 2018): below 2/25 when each value is expected 25 times
EXPECTED_COUNT = 25


@dataclass(frozen=True)
class Samples:
    """Reference and current rows of one kind of report, ready to be compared.

    `compared` are the columns with values on both sides; `frames` hold these, `clicked` and
    `score` where both sides have them, with rare values as '(other)'.
    """

    kind: Kind
    reference: pd.DataFrame
    current: pd.DataFrame
    compared: tuple[str, ...]

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of the reference and of the current sample."""
        return len(self.reference), len(self.current)

    def missing_share(self, column: str) -> tuple[float, float]:
        """Share of empty cells in the reference and in the current sample."""
        reference, current = self.reference[column], self.current[column]
        return float(reference.isna().mean()), float(current.isna().mean())


def comparable(
    name: str, reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[str]
) -> Samples:
    """The two frames as `Samples`; raises AdclickError where they cannot be compared.

    Rare in the reference are all but its 50 most frequent values and those that the smaller side
    is expected to hold fewer than 25 times; a value that the reference lacks is rare, too.
    """
    for side, frame in (("reference", reference), ("current", current)):
        if frame.empty:
            raise AdclickError(f"drift report {name}: no {side} rows; choose other rows")
        if absent := [column for column in columns if column not in frame]:
            raise AdclickError(f"drift report {name}: {side} rows lack column {absent[0]!r}")
    if (SCORE in reference) != (SCORE in current):
        scored, bare = ("reference", "current") if SCORE in reference else ("current", "reference")
        raise AdclickError(
            f"drift report {name}: {scored} rows have a score but {bare} rows have none; "
            f"score both sides or none"
        )
    kind: Kind = "predictions" if SCORE in current else "months"
    compared = tuple(c for c in columns if reference[c].notna().any() and current[c].notna().any())
    if not compared:
        raise AdclickError(f"drift report {name}: no column has values on both sides")
    extra = [c for c in (CLICKED, SCORE) if c in reference and c in current]
    old, new = reference[[*columns, *extra]].copy(), current[[*columns, *extra]].copy()
    smallest_share = EXPECTED_COUNT / min(len(reference), len(current))
    for column in compared:
        if not pd.api.types.is_numeric_dtype(old[column]):
            shares = old[column].value_counts(normalize=True).head(MOST_VALUES)
            kept = set(shares.index[shares >= smallest_share])
            for frame in (old, new):
                values = frame[column]
                grouped = values.where(values.isin(kept) | values.isna(), OTHER)
                frame[column] = grouped.astype("category")
    return Samples(kind, old, new, compared)
