"""Makes a sample ad log on disk: months of impressions with images, and the truth apart."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv

from adclick.errors import AdclickError
from adclick.sample_data.creatives import (
    ADVERTISERS,
    CATEGORIES,
    CATEGORY,
    TRAITS,
    Creatives,
    born_in,
    live_in,
)
from adclick.sample_data.defects import (
    TRUNCATED_CREATIVE,
    TRUNCATED_IMAGE,
    Defect,
    spoil,
    truncated,
)
from adclick.sample_data.impressions import draw_impressions, log_table, truth_table
from adclick.sample_data.options import SampleOptions
from adclick.sample_data.render import encode_jpeg, render
from adclick.sample_data.world import World

CHUNK = 100_000
# Raised whenever equal options begin to make other files.
FORMAT = 1


@dataclass(frozen=True)
class SampleData:
    """A finished sample on disk.

    `data` is what a user would bring: MONTH/impressions.csv and MONTH/images/CREATIVE.jpg.
    `truth` is for tests and benchmarks only: MONTH.csv (impression_id, p, p_without_image),
    creatives.csv (what each picture shows) and defects.csv (file, impression_id, kind).
    """

    folder: Path
    months: tuple[str, ...]

    @property
    def data(self) -> Path:
        """The folder of the ad log."""
        return self.folder / "data"

    @property
    def truth(self) -> Path:
        """The folder of the true probabilities, looks and defects."""
        return self.folder / "truth"


def generate(options: SampleOptions, destination: Path) -> SampleData:
    """The sample of these options at `destination`, made unless it is there already.

    It appears there all at once: a run that stops early leaves only a hidden folder beside it,
    which the next run removes. Raises AdclickError where the destination holds anything else.
    """
    destination = destination.absolute()
    sample = SampleData(destination, options.month_names)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(destination.parent):
        if _holds(destination, options):
            return sample
        partial = destination.with_name(f".{destination.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        _write(options, SampleData(partial, options.month_names))
        partial.rename(destination)
    return sample


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keeps two runs from making samples in the same folder; a killed run frees it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _holds(destination: Path, options: SampleOptions) -> bool:
    try:
        found = json.loads((destination / "options.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found == _identity(options):
        return True
    if destination.is_dir() and not any(destination.iterdir()):
        return False
    if destination.exists():
        what = "a sample made with other options" if found else "something else"
        raise AdclickError(
            f"sample data: {destination} holds {what}: remove it or name another folder"
        )
    return False


def _identity(options: SampleOptions) -> dict[str, object]:
    return {"format": FORMAT, "options": options.model_dump(mode="json")}


def _write(options: SampleOptions, sample: SampleData) -> None:
    world = World.create(options)
    sample.truth.mkdir(parents=True)
    defects: list[Defect] = []
    with (sample.truth / "creatives.csv").open("wb") as looks:
        for month, name in enumerate(sample.months):
            folder = sample.data / name
            (folder / "images").mkdir(parents=True)
            born = born_in(options, world.styles, month)
            defects += _write_images(options, born, folder)
            _append(looks, _creatives_table(born, name))
            defects += _write_month(options, world, sample, month)
    _write_defects(defects, sample.truth / "defects.csv")
    text = json.dumps(_identity(options), indent=2) + "\n"
    (sample.folder / "options.json").write_text(text, encoding="utf-8")


def _write_images(options: SampleOptions, born: Creatives, folder: Path) -> list[Defect]:
    defects = []
    for index, creative in enumerate(born.ids):
        file = folder / "images" / f"{creative}.jpg"
        jpeg = encode_jpeg(render(born, index))
        if born.number[index] == TRUNCATED_CREATIVE and options.defect_share > 0:
            jpeg = truncated(jpeg)
            defects.append(Defect(f"{folder.name}/images/{file.name}", "", TRUNCATED_IMAGE))
        file.write_bytes(jpeg)
    return defects


def _write_month(
    options: SampleOptions, world: World, sample: SampleData, month: int
) -> list[Defect]:
    name, rows = sample.months[month], options.rows_in(month)
    live = live_in(options, world.styles, month)
    file = f"{name}/impressions.csv"
    defects: list[Defect] = []
    with (
        (sample.data / file).open("wb") as log,
        (sample.truth / f"{name}.csv").open("wb") as truth,
    ):
        for start in range(0, rows, CHUNK):
            stop = min(start + CHUNK, rows)
            chunk = draw_impressions(world, options, live, month, start=start, stop=stop)
            header, *lines = _csv(log_table(chunk, sample.months)).splitlines()
            sound = live.number[chunk.shown] != TRUNCATED_CREATIVE
            defects += spoil(lines, sound, options, month, start=start, file=file)
            if start == 0:
                lines.insert(0, header)
            log.write(b"\n".join(lines) + b"\n")
            _append(truth, truth_table(chunk))
    return defects


def _creatives_table(born: Creatives, month: str) -> pa.Table:
    traits = {field.name: getattr(born, field.name) for field in fields(born)}
    return pa.table(
        {
            "creative_id": born.ids,
            "born": [month] * len(born),
            "advertiser": [ADVERTISERS[a] for a in born.advertiser],
            "category": [CATEGORIES[CATEGORY[a]] for a in born.advertiser],
            **{name: traits[name] for name in TRAITS},
        }
    )


def _write_defects(defects: list[Defect], file: Path) -> None:
    names = [field.name for field in fields(Defect)]
    rows = [astuple(defect) for defect in defects]
    columns = {
        name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)
    }
    file.write_bytes(_csv(pa.table(columns)))


def _append(file: BinaryIO, table: pa.Table) -> None:
    file.write(_csv(table, with_header=file.tell() == 0))


def _csv(table: pa.Table, with_header: bool = True) -> bytes:
    sink = pa.BufferOutputStream()
    options = csv.WriteOptions(
        include_header=with_header, quoting_style="none", quoting_header="none"
    )
    csv.write_csv(table, sink, options)
    written: bytes = sink.getvalue().to_pybytes()
    return written
