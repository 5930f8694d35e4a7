"""Flaws that rows of a generated log have, and how many rows each costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from adclick.sample_data.defects import COLUMNS, Cells

SHARE = 0.005
MISSING, BROKEN = "c-missing", "c-broken"


def _cells(**cells: str) -> Callable[[Cells, Cells], Cells]:
    return lambda row, other: cells


def _year_early(row: Cells, other: Cells) -> Cells:
    return {"time": f"{int(row['time'][:4]) - 1}{row['time'][4:]}"}


def _same(row: Cells, other: Cells) -> Cells:
    return other


def _conflicting(row: Cells, other: Cells) -> Cells:
    # another digit is another number: never by chance the same row
    return {**row, "impression_id": other["impression_id"], "bid": f"{other['bid']}1"}


# what each kind changes, given the row and a sound one of the same month
FLAWS: Mapping[str, Callable[[Cells, Cells], Cells]] = {
    "no id": _cells(impression_id=""),
    "no time": _cells(time="yesterday"),
    "time outside its month": _year_early,
    "label neither 0 nor 1": _cells(clicked="2"),
    "label empty": _cells(clicked=""),
    "site empty": _cells(site=""),
    "device not allowed": _cells(device="smart-fridge"),
    "bid no number": _cells(bid="n/a"),
    "bid above its maximum": _cells(bid="1e6"),
    "frequency below its minimum": _cells(frequency="-1"),
    "short row": _cells(),
    "same row in its file": _same,
    "same row in the file before": _same,
    "other row of its id in its file": _conflicting,
    "other row of its id in the file before": _conflicting,
    "image missing": _cells(creative_id=MISSING, image=f"images/{MISSING}.jpg"),
    "image broken": _cells(creative_id=BROKEN, image=f"images/{BROKEN}.jpg"),
}
KINDS = tuple(FLAWS)
OF_IMAGES = ("image missing", "image broken")
IN_FILE_BEFORE = {
    "same row in the file before": "same row in its file",
    "other row of its id in the file before": "other row of its id in its file",
}
SHORT = "short row"


@dataclass
class Spoiler:
    """Puts flaws into a month's rows, file after file, and counts the rows to quarantine by kind.

    Only odd rows are spoilt, and the row before each stays sound: it is what the odd one repeats.
    """

    turn: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    _before: list[bytes] = field(default_factory=list)
    _here: list[bytes] = field(default_factory=list)

    def next_file(self) -> None:
        """Rows that come now are of another file."""
        self._before, self._here = self._here, []

    def spoil(self, lines: list[bytes], rng: np.random.Generator) -> None:
        """Spoil the share of these rows, in place."""
        chosen = rng.choice(len(lines) // 2, int(SHARE * len(lines)), replace=False) * 2 + 1
        for row in np.sort(chosen).tolist():
            self._spoil_row(lines, row, KINDS[self.turn % len(KINDS)])
            self.turn += 1

    def _spoil_row(self, lines: list[bytes], row: int, kind: str) -> None:
        sound = lines[row - 1]
        if kind in IN_FILE_BEFORE:
            if self._before:
                sound = self._before.pop()
            else:
                kind = IN_FILE_BEFORE[kind]
        elif kind == SHORT:
            # a row that no other flaw in its own file repeats
            self._here.append(sound)
        cells = {**_by_column(lines[row]), **FLAWS[kind](_by_column(lines[row]), _by_column(sound))}
        written = list(cells.values())[: -1 if kind == SHORT else None]
        lines[row] = ",".join(written).encode()
        # of rows that contradict each other, none is kept
        self.counted[kind] += 2 if FLAWS[kind] is _conflicting else 1


def quarantined(counted: Mapping[str, int], images: bool) -> int:
    """How many rows these flaws cost, where images are looked at or not."""
    return sum(count for kind, count in counted.items() if images or kind not in OF_IMAGES)


def _by_column(line: bytes) -> dict[str, str]:
    return dict(zip(COLUMNS, line.decode().split(","), strict=True))
