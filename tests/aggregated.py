"""One log twice: an impression a row, and the same impressions aggregated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from adclick.adlog import AdLog
from tests.logs import AGGREGATED, COLUMNS, Row, ingested, schema_of

MONTHS = ("2024-01", "2024-02", "2024-03")
FEATURES = [name for name in COLUMNS if name not in ("id", "clicked")]


def single_and_aggregated(folder: Path, impressions: int = 900) -> tuple[AdLog, AdLog]:
    """Two logs of three months with `impressions` each, of few different features."""
    singles = {month: _singles(number, month, impressions) for number, month in enumerate(MONTHS)}
    groups = {month: _grouped(rows) for month, rows in singles.items()}
    return (
        ingested(folder / "single", singles, schema_of(COLUMNS)),
        ingested(folder / "aggregated", groups, schema_of(AGGREGATED)),
    )


def _singles(seed: int, month: str, count: int) -> list[Row]:
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        # squares: few of the features are most of the impressions
        site, bid, day = (generator.random(3) ** 3 * (4, 5, 6)).astype(int)
        mobile = generator.random() < 0.3 + 0.1 * seed
        rows.append(
            {
                "id": f"{month}-{number}",
                "time": f"{month}-{1 + 5 * day:02}T{7 + day:02}:15:00",
                "site": ("news", "sport", "maps", "mail")[site],
                "device": "mobile" if mobile else "desktop",
                "age": "18-30" if day % 2 else "",
                "bid": f"{1.5**bid:.3f}",
                "offset": f"{site - bid}",
                "clicked": str(int(generator.random() < 0.1 + 0.08 * site + 0.2 * mobile)),
            }
        )
    return rows


def _grouped(rows: list[Row]) -> list[Row]:
    shown = Counter(tuple(row[name] for name in FEATURES) for row in rows)
    clicks = Counter(tuple(row[name] for name in FEATURES) for row in rows if row["clicked"] == "1")
    return [
        dict(zip(FEATURES, key, strict=True))
        | {"id": f"g{number}", "shown": str(count), "clicks": str(clicks[key])}
        for number, (key, count) in enumerate(sorted(shown.items()))
    ]
