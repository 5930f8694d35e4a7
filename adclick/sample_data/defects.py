"""Flaws as real logs have them, put in on purpose and listed in the truth folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adclick.sample_data.options import SampleOptions

_DEFECT_STREAM = 2

COLUMNS = (
    "impression_id", "time", "clicked", "creative_id", "image", "advertiser", "category", "site",
    "site_category", "slot", "device", "country", "segment", "age", "frequency", "bid",
)  # fmt: skip
"""The columns of the log in the order of configs/schemas/sample.yaml."""

TRUNCATED_IMAGE = "truncated_image"
# The first creative of all, which creatives.py shows rarely.
TRUNCATED_CREATIVE = 0


@dataclass(frozen=True)
class Defect:
    """One flaw: the file below the data folder, the row's id as written, and the kind.

    A damaged image has no row of its own: its `impression_id` is empty.
    """

    file: str
    impression_id: str
    kind: str


Cells = Mapping[str, str]
"""A row, by column."""


def _duplicate(row: Cells, before: Cells) -> dict[str, str]:
    return {"impression_id": before["impression_id"]}


def _year_early(row: Cells, before: Cells) -> dict[str, str]:
    return {"time": f"{int(row['time'][:4]) - 1}{row['time'][4:]}"}


def _unknown_creative(row: Cells, before: Cells) -> dict[str, str]:
    return {"creative_id": "c-unknown", "image": "images/c-unknown.jpg"}


def _always(**cells: str) -> Callable[[Cells, Cells], dict[str, str]]:
    return lambda row, before: cells


# What each kind changes, given the row and the one before it, which is always sound.
_CHANGES: dict[str, Callable[[Cells, Cells], dict[str, str]]] = {
    "label_not_0_or_1": _always(clicked="2"),
    "empty_site": _always(site=""),
    "bid_not_a_number": _always(bid="n/a"),
    "negative_frequency": _always(frequency="-1"),
    "time_outside_month": _year_early,
    "duplicate_id": _duplicate,
    "device_not_allowed": _always(device="smart-fridge"),
    "missing_cell": _always(),
    "unknown_creative": _unknown_creative,
}
ROW_KINDS = tuple(_CHANGES)


def spoil(
    lines: list[bytes],
    sound: NDArray[np.bool_],
    options: SampleOptions,
    month: int,
    *,
    start: int,
    file: str,
) -> list[Defect]:
    """Puts the month's share of defects into CSV lines, in place, and lists them.

    `lines` are the rows from `start` of the month with this index, `sound` of the same length
    says whose image is fine: only such rows are spoilt, so that no row is bad for two reasons.
    The kinds take turns within a month and from each month to the next.
    """
    done = int(options.defect_share * start)
    count = int(options.defect_share * (start + len(lines))) - done
    turn = done + month * int(options.defect_share * options.rows_in(month))
    # Odd rows only: the row before, whose id a duplicate takes, stays as it is.
    rows = np.arange(1, len(lines), 2)
    rows = rows[sound[rows] & sound[rows - 1]]
    rng = options.generator(month, _DEFECT_STREAM, start)
    chosen = np.sort(rng.choice(rows, min(count, len(rows)), replace=False))
    defects = []
    for i, row in enumerate(chosen):
        kind = ROW_KINDS[(turn + i) % len(ROW_KINDS)]
        cells, before = (
            dict(zip(COLUMNS, lines[n].decode().split(","), strict=True)) for n in (row, row - 1)
        )
        cells |= _CHANGES[kind](cells, before)
        written = list(cells.values())[: -1 if kind == "missing_cell" else None]
        lines[row] = ",".join(written).encode()
        defects.append(Defect(file, cells["impression_id"], kind))
    return defects


def truncated(jpeg: bytes) -> bytes:
    """A JPEG of which only the first half arrived."""
    return jpeg[: len(jpeg) // 2]
