"""The log's table of creatives, put together from the groups that were decoded."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from adclick.adlog import CreativeFiles
from adclick.ingest.image_unit import IMAGES_FILE, ImagesDone
from adclick.ingest.storage import made_once, written
from adclick.keys import content_key

IDS_FILE, DONE_FILE = "ids.parquet", "done.json"


def gather_creatives(
    root: str, groups: Sequence[ImagesDone], shape: tuple[int, int, int]
) -> CreativeFiles:
    """One file of images and one of ids for all groups, unless they are there.

    Images are copied, not decoded again, so that readers can map one file into memory.
    """
    folder = f"creatives/{content_key(''.join(group.folder for group in groups))}"
    return made_once(
        f"{root}/{folder}/{DONE_FILE}",
        CreativeFiles,
        lambda: _gathered(root, folder, groups, shape),
    )


def _gathered(
    root: str, folder: str, groups: Sequence[ImagesDone], shape: tuple[int, int, int]
) -> CreativeFiles:
    filesystem, base = fsspec.core.url_to_fs(root)
    with written(f"{root}/{folder}/{IMAGES_FILE}") as images:
        for group in groups:
            if group.creatives:
                with filesystem.open(f"{base}/{group.folder}/{IMAGES_FILE}", "rb") as decoded:
                    shutil.copyfileobj(decoded, images)
    ids = [creative for group in groups for creative in group.creatives]
    with written(f"{root}/{folder}/{IDS_FILE}") as file:
        pq.write_table(pa.table({"creative": pa.array(ids, pa.string())}), file)
    return CreativeFiles(
        ids=f"{folder}/{IDS_FILE}", images=f"{folder}/{IMAGES_FILE}", count=len(ids), shape=shape
    )
