"""A log of any size whose creatives the model knows: `python -m benchmarks.scoring.log FOLDER ...`.

The sample's rows again and again, each time under other ids.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from adclick.adlog import AdLog
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.schema import load_schema
from adclick.scoring.source import read_log
from benchmarks.processes import REPOSITORY
from benchmarks.serving.world import World

SCHEMA = REPOSITORY / "configs" / "schemas" / "sample.yaml"
MONTHS = "latest:1"
FIRST_ID = 10**14
LINES_AT_ONCE = 50_000


def make(world: World, folder: Path, rows: int, ingested: bool) -> None:
    """Write so many rows to `folder`/data, and with `ingested` their ad log beside it.

    They are of one month: units then work side by side as in a log of any size.
    """
    month = max((world.folder / "sample" / "data").iterdir())
    header, *lines = (month / "impressions.csv").read_bytes().splitlines(keepends=True)
    to = folder / "data" / month.name
    # a creative's image, of that month or one before, is asked for when no model knows it
    for other in month.parent.iterdir():
        (folder / "data" / other.name).mkdir(parents=True, exist_ok=True)
        (folder / "data" / other.name / "images").symlink_to(other / "images")
    bare = [line.partition(b",")[2] for line in lines]
    ids = range(FIRST_ID, FIRST_ID + rows)
    endless = (b"%d,%b" % pair for pair in zip(ids, itertools.cycle(bare), strict=False))
    with (to / "impressions.csv").open("wb") as file:
        file.write(header)
        for some in itertools.batched(endless, LINES_AT_ONCE):
            file.writelines(some)
    if ingested:
        schema = load_schema(SCHEMA)
        source = find_source(str(folder / "data"), schema, MONTHS)
        ingest(source, schema, str(folder / "ad_logs"))
    # written now, not while something is timed
    os.sync()


def ad_log(folder: Path) -> AdLog:
    """The ad log that `make` made there."""
    return read_log(str(manifest(folder)))


def manifest(folder: Path) -> Path:
    """Where its manifest lies."""
    return next(_manifests(folder))


def _manifests(folder: Path) -> Iterator[Path]:
    return folder.glob("ad_logs/*/logs/*.json")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("world", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--ingested", action="store_true")
    told = parser.parse_args()
    make(World(told.world), told.folder, told.rows, told.ingested)
