"""A log of another shape than the sample: a shop's newsletter, no images, a CSV file a month."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

COLUMNS: dict[str, Any] = {
    "ref": {"role": "id"},
    "shown at": {"role": "time", "format": "epoch"},
    "bought": {"role": "label"},
    "shop": {"role": "categorical"},
    "weather": {"role": "categorical", "default": "unknown"},
    "price": {"role": "numeric", "min": 0, "log": True},
}
SHOPS = {"books": 0.1, "bikes": 0.3, "bread": 0.6}


def write_schema(folder: Path, *, name: str = "shops", **changes: Any) -> Path:
    """A schema of this log; `changes` are its other settings."""
    path = folder / f"{name}.yaml"
    settings = {"name": name, "rows": "log-{month}.csv", "columns": COLUMNS, **changes}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def write_months(
    folder: Path,
    months: Sequence[str],
    rows: int = 1200,
    *,
    turned: bool = False,
    weather: Sequence[str] = ("sun", "rain", ""),
    unit: int = 1,
    **more: str,
) -> Path:
    """A data folder with a file for each month, with columns of one value that `more` names.

    Where the world has `turned`, books sell as bread did and bread as books. Prices are in so many
    parts of a `unit`.
    """
    folder.mkdir(exist_ok=True)
    for month in months:
        draw = random.Random(month)
        first = datetime.fromisoformat(f"{month}-01T00:00:00+00:00").astimezone(UTC).timestamp()
        with (folder / f"log-{month}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow((*COLUMNS, *more))
            for number in range(rows):
                shop = draw.choice(list(SHOPS))
                chance = 0.7 - SHOPS[shop] if turned else SHOPS[shop]
                shown = int(first) + number * 27 * 86_400 // rows
                bought = int(draw.random() < chance)
                sky = draw.choice(weather)
                price = round(draw.uniform(1, 90) * unit, 2)
                row = (f"{month}/{number}", shown, bought, shop, sky, price)
                writer.writerow((*row, *more.values()))
    return folder
