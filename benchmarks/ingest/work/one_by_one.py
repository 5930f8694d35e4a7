"""Images of a bucket fetched and decoded one after another: `... one_by_one gs://BUCKET`.

Only some of them, so that it ends.
"""

from __future__ import annotations

import sys

import fsspec

from adclick.images import decode_image
from benchmarks.ingest.data import data_schema
from benchmarks.ingest.flaws import BROKEN
from benchmarks.ingest.stopwatch import tell, timed

SAMPLE = 200


def main() -> None:
    """Fetch and decode the sample, and tell."""
    filesystem, root = fsspec.core.url_to_fs(sys.argv[1])
    found = filesystem.glob(f"{root}/*/images/*.jpg")
    paths = [path for path in found if BROKEN not in path][:SAMPLE]
    shape = data_schema(images=True).image_shape
    assert shape is not None
    _, took = timed(lambda: [decode_image(filesystem.cat_file(path), shape) for path in paths])
    tell(took, objects=len(paths))


if __name__ == "__main__":
    main()
