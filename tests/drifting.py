"""A small world to compare with itself, and what is known of its rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from adclick.monitoring.clicks import Clicks
from adclick.monitoring.names import CLICKED, HOUR, SCORE
from adclick.monitoring.profile import Profile
from adclick.monitoring.row_profile import profile_rows
from adclick.schema import Schema

SCHEMA = Schema.model_validate(
    {
        "name": "small",
        "rows": "rows.csv",
        "columns": {
            "id": {"role": "id"},
            "time": {"role": "time"},
            "click": {"role": "label"},
            "site": {"role": "categorical"},
            "device": {"role": "categorical"},
            "word": {"role": "categorical"},
            "bid": {"role": "numeric"},
            "age": {"role": "numeric"},
        },
    }
)


def world(seed: int, rows: int = 3_000, click_rate: float = 0.08) -> pd.DataFrame:
    """Rows of one and the same world: only the draw differs by seed."""
    random = np.random.default_rng(seed)
    sites = 1 / np.arange(1.0, 13)
    return pd.DataFrame(
        {
            "site": np.array([f"site{i}" for i in range(12)], object)[
                random.choice(12, rows, p=sites / sites.sum())
            ],
            "device": random.choice(np.array(["phone", "desktop"], object), rows),
            # most of 6,000 words are seen once or twice
            "word": np.array([f"w{i}" for i in range(6_000)], object)[
                np.minimum(random.zipf(1.3, rows), 6_000) - 1
            ],
            "bid": random.lognormal(size=rows),
            "age": random.normal(40, 12, rows),
            HOUR: np.array([f"{hour:02d}" for hour in random.integers(0, 24, rows)], object),
            CLICKED: (random.random(rows) < click_rate).astype(int),
        }
    )


def profile(frame: pd.DataFrame, schema: Schema = SCHEMA, period: str = "2026-05") -> Profile:
    """The exact profile of all rows of a frame, with scores or else with clicks."""
    times = [f"2026-06-01T{hour}:00:00" if hour else None for hour in frame[HOUR]]
    columns = {name: pa.array(frame[name], pa.string()) for name in schema.categorical}
    columns |= {n: pa.array(frame[n], pa.float64(), from_pandas=True) for n in schema.numeric}
    scores = frame[SCORE] if SCORE in frame else np.zeros(len(frame))
    table = pa.table({"time": times, **columns, "_score": scores})
    found = profile_rows(period, table.to_batches(1_000), schema)
    if SCORE in frame:
        return found
    clicks = Clicks(impressions=len(frame), clicks=int(frame[CLICKED].sum()), creatives={}, days=())
    without = {n: numbers for n, numbers in found.numbers.items() if n != SCORE}
    return found.model_copy(update={"clicks": clicks, "numbers": without})
