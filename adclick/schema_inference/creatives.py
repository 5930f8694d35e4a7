"""Which column names the ad that was shown, and which its image."""

from __future__ import annotations

from collections.abc import Sequence

import fsspec
import numpy as np
import pandas as pd
import pyarrow.compute as pc

from adclick.addresses import image_address
from adclick.arrays import Array
from adclick.columns import CreativeColumn, ImageColumn
from adclick.ingest.selection import MONTH
from adclick.schema_inference.guess import Guess, ignored
from adclick.schema_inference.sample import Sample
from adclick.schema_inference.seen import NEARLY_ALL, Seen

SUFFIXES = r"(?i)\.(jpe?g|png|webp|gif)(\?.*)?$"
LOOKED_FOR = 8  # image files
HEIGHT, WIDTH = 63, 75
WORDS = {"creative", "ad", "banner"}


def guess_creatives(sample: Sample, columns: Sequence[Seen]) -> dict[str, Guess]:
    """The image column, where it names files that exist, and the creative that determines it.

    The creative is the column with whose value the image goes; without images, one that is named
    so. An image that cannot be used is ignored, and told why.
    """
    pictures = [seen for seen in columns if _paths(seen)]
    others = [seen for seen in columns if seen not in pictures]
    guesses = {seen.name: ignored("another image of the ad") for seen in pictures}
    image = next((seen for seen in pictures if _exist(sample, seen)), None)
    if image is None:
        for seen in pictures:
            guesses[seen.name] = ignored(f"images that are not there: {seen.examples(2)}")
        return guesses | _named(others)
    creative = _creative(sample, image, others)
    if creative is None:
        why = "images, but no column names the creative that each is of: add one to use them"
        return guesses | {image.name: ignored(why)} | _named(others)
    size = ImageColumn(role="image", height=HEIGHT, width=WIDTH)
    return guesses | {
        creative.name: _guess(creative, f"each with an image of its own in {image.name}"),
        image.name: Guess(size, f"{image.distinct:,} images, such as {image.examples(1)}"),
    }


def _paths(seen: Seen) -> bool:
    return seen.nearly_all(pc.match_substring_regex(seen.values, SUFFIXES).to_numpy(False))


def _exist(sample: Sample, seen: Seen) -> bool:
    """Whether most of some images are where their rows say: beside the file, or at an address."""
    chosen = np.linspace(0, seen.distinct - 1, min(LOOKED_FOR, seen.distinct)).astype(int)
    cells = sample.cells.column(seen.name)
    rows = [pc.index(cells, seen.values[position]).as_py() for position in chosen]
    found = [
        _exists(image_address(sample.files[sample.file_of[row]].uri, cells[row].as_py()))
        for row in rows
    ]
    return sum(found) > len(found) / 2


def _exists(address: str) -> bool:
    try:
        filesystem, path = fsspec.core.url_to_fs(address)
        return bool(filesystem.exists(path))
    except (OSError, ImportError, ValueError):
        return False


def _creative(sample: Sample, image: Seen, columns: Sequence[Seen]) -> Seen | None:
    """The column whose values go with one image each: by name, else that of fewest values."""
    images = _images(sample, image)
    distinct = len(np.unique(images))
    candidates = [
        seen
        for seen in columns
        if seen.filled >= NEARLY_ALL * seen.rows
        and seen.distinct >= NEARLY_ALL * distinct
        and _determines(sample.cells.column(seen.name).to_numpy(), images)
    ]
    return min(candidates, key=lambda seen: (not seen.words & WORDS, seen.distinct), default=None)


def _determines(values: Array, images: Array) -> bool:
    rows = pd.DataFrame({"value": values, "image": images})
    first = rows.groupby("value")["image"].transform("first")
    return bool((first == rows["image"]).mean() >= NEARLY_ALL)


def _images(sample: Sample, image: Seen) -> Array:
    """The image that each row (n,) means: months may each hold a copy of it."""
    paths = sample.cells.column(image.name).to_pylist()
    meant = {
        (file, path): MONTH.sub("", image_address(sample.files[file].uri, path))
        for file, path in set(zip(sample.file_of.tolist(), paths, strict=True))
    }
    pairs = zip(sample.file_of.tolist(), paths, strict=True)
    return np.array([meant[pair] for pair in pairs], dtype=object)


def _named(columns: Sequence[Seen]) -> dict[str, Guess]:
    for seen in columns:
        named = seen.words & WORDS and (seen.words & {"id", "name"} or len(seen.words) == 1)
        if named and seen.filled == seen.rows and 1 < seen.distinct < seen.rows / 2:
            return {seen.name: _guess(seen, "by its name, without images")}
    return {}


def _guess(seen: Seen, why: str) -> Guess:
    return Guess(
        CreativeColumn(role="creative"),
        f"{seen.distinct:,} values, {why}; such as {seen.examples(2)}",
    )
