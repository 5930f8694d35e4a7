"""Small ad logs: data folders as a user brings them, and what ingestion makes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from adclick.adlog import AdLog
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.schema import Schema

Row = dict[str, str]
Months = Mapping[str, Sequence[Row] | bytes]

COLUMNS: dict[str, Any] = {
    "id": {"role": "id"},
    "time": {"role": "time"},
    "clicked": {"role": "label"},
    "site": {"role": "categorical", "min_count": 1},
    "device": {"role": "categorical", "allowed": ["desktop", "mobile"], "min_count": 1},
    "age": {"role": "categorical", "default": "unknown", "min_count": 1},
    "bid": {"role": "numeric", "min": 0, "max": 100, "log": True},
    "offset": {"role": "numeric", "default": 0.5},
}
IMAGES: dict[str, Any] = {
    "ad": {"role": "creative"},
    "image": {"role": "image", "height": 8, "width": 10},
}
AGGREGATED: dict[str, Any] = {
    **{name: column for name, column in COLUMNS.items() if name != "clicked"},
    "shown": {"role": "impressions"},
    "clicks": {"role": "clicks"},
}


def schema_of(columns: Mapping[str, Any] = COLUMNS, **changes: Any) -> Schema:
    """A schema with a month a folder; `changes` are its other settings."""
    settings = {"name": "small", "rows": "{month}/rows.csv", "max_bad_share": 0.9, **changes}
    return Schema.model_validate({"columns": dict(columns), **settings})


def good(number: int = 0, month: str = "2024-01", **changes: str) -> Row:
    """A good row of COLUMNS; `changes` replace its cells."""
    row = {
        "id": f"i{number}",
        "time": f"{month}-{number % 28 + 1:02}T{number % 24:02}:15:00",
        "clicked": str(int(number % 3 == 0)),
        "site": ("news", "sport", "maps")[number % 3],
        "device": ("desktop", "mobile")[number % 2],
        "age": ("", "18-30", "31-50")[number % 3],
        "bid": f"{number % 7 + 0.25}",
        "offset": f"{number % 5 - 2}",
    }
    return row | changes


def many(count: int, month: str = "2024-01", **changes: str) -> list[Row]:
    """`count` good rows of a month."""
    return [good(number, month, **changes) for number in range(count)]


def as_csv(rows: Sequence[Row]) -> bytes:
    """The rows as a CSV file with their keys as header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def data_folder(folder: Path, months: Months) -> Path:
    """A folder with MONTH/rows.csv for each month, of rows or of bytes as they are."""
    for month, rows in months.items():
        (folder / month).mkdir(parents=True, exist_ok=True)
        content = rows if isinstance(rows, bytes) else as_csv(rows)
        (folder / month / "rows.csv").write_bytes(content)
    return folder


def ingested(folder: Path, months: Months, schema: Schema | None = None) -> AdLog:
    """The log of these months, below `folder`."""
    schema = schema or schema_of()
    data = data_folder(folder / "data", months)
    return ingest(find_source(str(data), schema), schema, str(folder / "logs"))


def quarantined(log: AdLog) -> list[dict[str, Any]]:
    """The quarantine of all months: file, line, column, reason and text, by file and line."""
    rows = [
        row
        for month in log.months
        for row in pq.ParquetFile(f"{log.root}/{month.quarantine}").read().to_pylist()
    ]
    return sorted(rows, key=lambda row: (row["file"], row["line"]))


def files_of(folder: Path) -> dict[str, bytes]:
    """The contents of all files below a folder, by their path in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def picture(seed: int = 0, width: int = 40, height: int = 32, mode: str = "RGB") -> Image.Image:
    """A smooth picture, another for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """An image file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
