"""Logs to score as they come: no labels, known and new creatives, for the tiny bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adclick.schema import Schema
from tests.bundles import CREATIVES, example, tiny_schema
from tests.logs import as_csv, encoded, picture

MONTHS = {"rows": "{month}/*.csv", "max_bad_share": 0.9}


def schema(**changes: Any) -> Schema:
    return Schema.model_validate({**tiny_schema().model_dump(), **MONTHS, **changes})


def cells(number: int = 0, **changes: Any) -> dict[str, str]:
    """A row of a file as it comes, without a label; `changes` replace its cells."""
    row = example(
        shown_at=f"2024-05-{number % 28 + 1:02}T{number % 24:02}:20:00",
        creative=CREATIVES[number % 3],
        age=number % 100,
        price=number % 7 + 0.5,
    )
    texts = {"impression": f"i{number}", "image": "", **row, **changes}
    return {name: str(value) for name, value in texts.items()}


def write(folder: Path, *files: Sequence[dict[str, str]], month: str = "2024-05") -> Path:
    (folder / month).mkdir(parents=True, exist_ok=True)
    for number, rows in enumerate(files):
        (folder / month / f"{number}.csv").write_bytes(as_csv(rows))
    return folder


def with_pictures(folder: Path) -> Path:
    """Known, new and unknown creatives, and new ones whose images cannot be used."""
    kinds = [
        {"creative": "ad-1", "image": "../missing.jpg"},
        {"creative": "new-1", "image": "../1.jpg"},
        {"creative": "new-2", "image": "../2.jpg"},
        {"creative": "unknown", "image": ""},
        {"creative": "broken", "image": "../broken.jpg"},
        {"creative": "lost", "image": "../lost.jpg"},
        {"creative": "", "image": "../1.jpg"},
        {"creative": "", "image": ""},
    ]
    rows = [cells(number, **kinds[number % len(kinds)]) for number in range(400)]
    for number in (1, 2):
        (folder / f"{number}.jpg").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(encoded(picture(number)))
    (folder / "broken.jpg").write_bytes(b"broken")
    return write(folder, rows, [cells(number) for number in range(1000, 1020)])
