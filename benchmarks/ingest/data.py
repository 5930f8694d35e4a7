"""Months of impressions of any size on disk: rows as configs/schemas/sample.yaml has them.

`python -m benchmarks.ingest.data FOLDER --rows 1000000` makes them in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from adclick.columns import IgnoredColumn
from adclick.sample_data.audience import draw_contexts, draw_index
from adclick.sample_data.creatives import (
    Creatives,
    draw_advertisers,
    draw_creatives,
    draw_styles,
)
from adclick.sample_data.defects import COLUMNS
from adclick.sample_data.impressions import Impressions, log_table
from adclick.sample_data.world import Probabilities
from adclick.schema import Schema, load_schema
from benchmarks.direct import SCHEMA
from benchmarks.ingest.flaws import BROKEN, Spoiler
from benchmarks.ingest.pictures import DISTINCT, draw_pictures, picture_of

FIRST_MONTH = "2026-01"
CHUNK = 100_000
CLICK_RATE = 0.04
MADE, LATE = "made.json", "late.csv"
PICTURE_TASKS = 8


@dataclass(frozen=True)
class Size:
    """How large a log is; each creative is born in one of the months and shown for two.

    `late` rows come in a file beside the last month's, which no pattern matches.
    """

    rows: int
    creatives: int = 5_000
    months: int = 4
    files: int = 3
    late: int = 0

    @property
    def month_names(self) -> tuple[str, ...]:
        """The months as YYYY-MM."""
        return tuple(str(np.datetime64(FIRST_MONTH, "M") + m) for m in range(self.months))


@dataclass(frozen=True)
class Made:
    """What was made: rows, bytes of CSV and of JPEG, and rows to quarantine by kind of flaw."""

    rows: int
    csv_bytes: int
    image_bytes: int
    flaws: dict[str, int]


def data_schema(images: bool) -> Schema:
    """The schema of this data; without images their column is ignored."""
    schema = load_schema(SCHEMA).model_copy(update={"rows": "{month}/impressions-*.csv"})
    if images:
        return schema
    ignored = {**schema.columns, "image": IgnoredColumn(role="ignored")}
    return Schema.model_validate({**schema.model_dump(), "columns": ignored})


def make(folder: Path, size: Size, pictures: Path | None = None) -> Made:
    """Write the log to `folder`, with its JPEGs where there is a folder of `pictures` to draw in.

    Memory does not grow with the log: chunks of rows are drawn and written one after another.
    """
    creatives = _creatives(size)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        image_bytes = 0
        if pictures:
            distinct = range(min(DISTINCT, size.creatives))
            shares = [distinct[first::PICTURE_TASKS] for first in range(PICTURE_TASKS)]
            list(pool.map(partial(draw_pictures, pictures, creatives), shares))
            image_bytes = _copy_pictures(folder, size, creatives, pictures)
        flaws = sum(pool.map(partial(_write_month, folder, size), range(size.months)), Counter())
    made = Made(size.rows, _csv_bytes(folder), image_bytes, dict(flaws))
    (folder / MADE).write_text(json.dumps(asdict(made)), encoding="utf-8")
    # written now, not while something is timed
    os.sync()
    return made


def made_in(folder: Path) -> Made:
    """What `make` made there."""
    return Made(**json.loads((folder / MADE).read_bytes()))


def _creatives(size: Size) -> Creatives:
    rng = np.random.default_rng(0)
    styles = draw_styles(rng)
    drawn = draw_creatives(rng, styles, draw_advertisers(rng, size.creatives))
    return replace(drawn, born=drawn.number * size.months // size.creatives)


def _live_in(creatives: Creatives, month: int) -> Creatives:
    live = (creatives.born == month) | (creatives.born == month - 1)
    return Creatives(**{f.name: getattr(creatives, f.name)[live] for f in fields(Creatives)})


def _copy_pictures(folder: Path, size: Size, creatives: Creatives, pictures: Path) -> int:
    """Give each creative a file of its own: copies beyond DISTINCT, which no reader can tell."""
    folders = [folder / month / "images" for month in size.month_names]
    for images in folders:
        images.mkdir(parents=True)
        whole = picture_of(pictures, 0).read_bytes()
        (images / f"{BROKEN}.jpg").write_bytes(whole[: len(whole) // 2])
    copied = 0
    for number, (creative, born) in enumerate(zip(creatives.ids, creatives.born, strict=True)):
        picture = picture_of(pictures, number)
        shutil.copyfile(picture, folders[born] / f"{creative}.jpg")
        copied += picture.stat().st_size
    return copied


def _write_month(folder: Path, size: Size, month: int) -> Counter[str]:
    live = _live_in(_creatives(size), month)
    path = folder / size.month_names[month]
    path.mkdir(parents=True, exist_ok=True)
    spoiler = Spoiler(turn=month)
    rows = _share(size.rows, size.months, month)
    for number in range(size.files):
        chunks = _chunks(*_part(rows, size.files, number))
        tables = (_table(size, live, month, *chunk) for chunk in chunks)
        with (path / f"impressions-{number:02}.csv").open("wb") as file:
            file.write(f"{','.join(COLUMNS)}\n".encode())
            for chunk, table in enumerate(tables):
                lines = _lines(table)
                spoiler.spoil(lines, np.random.default_rng([1, month, number, chunk]))
                file.write(b"\n".join(lines) + b"\n")
        spoiler.next_file()
    if size.late and month == size.months - 1:
        late = _lines(_table(size, live, month, rows, rows + size.late))
        header = ",".join(COLUMNS).encode()
        (path / LATE).write_bytes(b"\n".join([header, *late]) + b"\n")
    return spoiler.counted


def _table(size: Size, live: Creatives, month: int, start: int, stop: int) -> pa.Table:
    rng = np.random.default_rng([0, month, start])
    name, count = size.month_names[month], stop - start
    # rows of a late file lie in the same month
    rows = max(_share(size.rows, size.months, month), stop)
    clicked = (rng.random(count) < CLICK_RATE).astype(np.int64)
    impressions = Impressions(
        month=month,
        ids=int(name.replace("-", "")) * 10**9 + np.arange(start, stop),
        contexts=draw_contexts(rng, name, start, stop, rows),
        live=live,
        shown=draw_index(rng, live.popularity, count),
        truth=Probabilities(clicked, clicked),
        clicked=clicked,
    )
    return log_table(impressions, size.month_names)


def _lines(table: pa.Table) -> list[bytes]:
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style="none"))
    lines: list[bytes] = sink.getvalue().to_pybytes().splitlines()
    return lines


def _share(rows: int, parts: int, number: int) -> int:
    start, stop = _part(rows, parts, number)
    return stop - start


def _part(rows: int, parts: int, number: int) -> tuple[int, int]:
    return rows * number // parts, rows * (number + 1) // parts


def _chunks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + CHUNK, stop)) for first in range(start, stop, CHUNK))


def _csv_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/impressions-*.csv"))


def main() -> None:
    """Make a log as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest.data", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=Path, help="draw JPEGs here and copy them to the log")
    for field in fields(Size):
        # what has no default of its own is required
        parser.add_argument(f"--{field.name}", type=int, default=Size(rows=0).__dict__[field.name])
    options = vars(parser.parse_args())
    folder, pictures = options.pop("folder"), options.pop("pictures")
    make(folder, Size(**options), pictures)


if __name__ == "__main__":
    main()
