"""The job with Beam, as TFX's components run on it: `... beam FOLDER PROCESSES`.

As CsvExampleGen does, lines of text are parsed one by one; ids meet in a GroupByKey.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from adclick.sample_data.defects import COLUMNS
from benchmarks.ingest.peers.job import (
    DIFFERENT,
    GOOD,
    SAME,
    Outcome,
    address,
    files_of,
    month_of,
    pixels_of,
    run,
)
from benchmarks.ingest.work.frames import BOUNDS, DEVICES, REQUIRED

ROWS = pa.schema(
    [(name, pa.float64() if name in BOUNDS else pa.string()) for name in COLUMNS]
    + [("reason", pa.string())]
)
BAD = pa.schema([("text", pa.string()), ("reason", pa.string())])
IMAGES = pa.schema([("creative_id", pa.string()), ("pixels", pa.binary())])

Row = dict[str, Any]


def check(line: str, month: str) -> Row:
    """A line's cells, typed, with the reason why it is bad."""
    cells = line.split(",")
    if len(cells) != len(COLUMNS):
        return {"text": line, "reason": "cells"}
    row: Row = dict(zip(COLUMNS, cells, strict=True))
    row["age"] = row["age"] or "unknown"
    reason = _problem(row, month)
    return {"text": line, "reason": reason} if reason else {**row, "reason": GOOD}


def _problem(row: Row, month: str) -> str:
    if _month(row["time"]) != month:
        return "no time in its month"
    empty = next((name for name in REQUIRED if not row[name]), None)
    if empty:
        return f"{empty} empty"
    if row["device"] not in DEVICES:
        return "device not allowed"
    if row["clicked"] not in ("0", "1"):
        return "label neither 0 nor 1"
    for name, (least, most) in BOUNDS.items():
        try:
            row[name] = float(row[name])
        except ValueError:
            row[name] = math.nan
        if not least <= row[name] <= most:
            return f"{name} out of bounds"
    return GOOD


def _month(time: str) -> str | None:
    try:
        return f"{datetime.fromisoformat(time).replace(tzinfo=UTC):%Y-%m}"
    except ValueError:
        return None


def _checked(item: tuple[str, str]) -> Iterator[Any]:
    path, line = item
    month = month_of(path)
    row = check(line, month)
    if row["reason"]:
        yield beam.pvalue.TaggedOutput("bad", row)
        return
    image = address(path, row["image"])
    # as others, Beam's rows are compared in what a log keeps
    yield (month, row["impression_id"]), {**row, "image": ""}
    yield beam.pvalue.TaggedOutput("shown", (row["creative_id"], image))


def _judged(item: tuple[Any, Iterable[Row]]) -> Iterator[Row]:
    _, found = item
    rows = list(found)
    different = any(row != rows[0] for row in rows[1:])
    for number, row in enumerate(rows):
        reason = DIFFERENT if different else SAME if number else GOOD
        yield {**row, "reason": reason}


def _with_image(row: Row, broken: dict[str, None]) -> Row:
    return {**row, "reason": row["reason"] or ("image" if row["creative_id"] in broken else GOOD)}


def _as_bad(row: Row) -> Row:
    text = row.get("text") or ",".join(str(row[name]) for name in COLUMNS)
    return {"text": text, "reason": row["reason"]}


def ingest(folder: Path, store: Path) -> Outcome:
    """Read, check, group, decode and write."""
    pipeline = beam.Pipeline(options=_options())
    lines = (
        pipeline
        | beam.Create(files_of(folder))
        | beam.Reshuffle()
        | beam.io.ReadAllFromText(skip_header_lines=1, with_filename=True)
    )
    parsed = lines | beam.FlatMap(_checked).with_outputs("bad", "shown", main="good")
    images = (
        parsed.shown | beam.Distinct() | beam.Map(lambda shown: (shown[0], pixels_of(shown[1])))
    )
    broken = images | "broken" >> beam.Filter(lambda item: item[1] is None)
    usable = images | beam.Filter(lambda item: item[1] is not None)
    judged = (
        parsed.good
        | beam.GroupByKey()
        | beam.FlatMap(_judged)
        | beam.Map(_with_image, beam.pvalue.AsDict(broken))
    )
    good = judged | "good" >> beam.Filter(lambda row: not row["reason"])
    repeated = judged | "repeated" >> beam.Filter(lambda row: row["reason"])
    bad = (parsed.bad, repeated) | beam.Flatten() | beam.Map(_as_bad)
    named = usable | beam.Map(lambda item: {"creative_id": item[0], "pixels": item[1]})
    for name, rows, schema in (("rows", good, ROWS), ("bad", bad, BAD), ("images", named, IMAGES)):
        rows | f"write {name}" >> beam.io.WriteToParquet(str(store / name), schema)
    pipeline.run().wait_until_finish()
    return Outcome(*(_rows(store, name) for name in ("rows", "bad", "images")))


def _options() -> PipelineOptions:
    processes = sys.argv[2]
    mode = "multi_processing" if processes != "1" else "in_memory"
    return PipelineOptions(
        [
            "--runner=FnApiRunner",
            f"--direct_num_workers={processes}",
            f"--direct_running_mode={mode}",
        ]
    )


def _rows(store: Path, name: str) -> int:
    return sum(pa.parquet.ParquetFile(path).metadata.num_rows for path in store.glob(f"{name}-*"))


if __name__ == "__main__":
    import pyarrow.parquet

    logging.disable(logging.WARNING)
    run(ingest, sys.argv[1])
