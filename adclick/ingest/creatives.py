"""Each distinct creative of a log decoded once, into a table of uint8 images."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from adclick.adlog import CreativeFiles, SourceFile
from adclick.arrays import UInt8
from adclick.images import ImageError, decode_image

IDS_FILE = "creatives/ids.parquet"
IMAGES_FILE = "creatives/images.u8"


class CreativeWriter:
    """Decodes creatives as they first turn up and appends them to the log's image table.

    Use it as a context manager around the reading of all rows.
    """

    def __init__(self, root: str, shape: tuple[int, int, int], threads: int) -> None:
        self._filesystem, self._root = fsspec.core.url_to_fs(root)
        self._shape = shape
        self._pool = ThreadPoolExecutor(threads)
        self._ids: list[str] = []
        self._paths: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._images = self._filesystem.open(f"{self._root}/{IMAGES_FILE}", "wb")

    def __enter__(self) -> CreativeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._images.close()

    def problems(self, file: SourceFile, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Decode what is new among (creative id, image path) pairs of a CSV file's rows.

        Returns the reason for each creative whose image cannot be used; paths are relative to the
        file's folder. The first path seen for a creative is the one that counts.
        """
        filesystem, csv_file = fsspec.core.url_to_fs(file.uri)
        folder = posixpath.dirname(csv_file)
        pairs = sorted(pairs)
        new = {creative: path for creative, path in reversed(pairs) if creative not in self._paths}
        self._paths |= new
        order = sorted(new)
        # normalised: a bucket knows no ".."
        paths = [posixpath.normpath(f"{folder}/{new[creative]}") for creative in order]
        decoded = self._pool.map(lambda path: self._decode(filesystem, path), paths)
        for creative, image in zip(order, decoded, strict=True):
            if isinstance(image, str):
                self._problems[creative] = image
            else:
                self._images.write(image.tobytes())
                self._ids.append(creative)
        return {name: self._problems[name] for name, _ in pairs if name in self._problems}

    def _decode(self, filesystem: fsspec.AbstractFileSystem, path: str) -> UInt8 | str:
        try:
            data = filesystem.cat_file(path)
        except (OSError, ValueError) as error:
            if not _names_no_file(error):
                raise
            return "image file does not exist"
        try:
            return decode_image(data, self._shape)
        except ImageError as error:
            return str(error)

    def finish(self) -> CreativeFiles:
        """Write the ids and return where the table lies."""
        with self._filesystem.open(f"{self._root}/{IDS_FILE}", "wb") as file:
            pq.write_table(pa.table({"creative": pa.array(self._ids, pa.string())}), file)
        return CreativeFiles(
            ids=IDS_FILE, images=IMAGES_FILE, count=len(self._ids), shape=self._shape
        )


def _names_no_file(error: OSError | ValueError) -> bool:
    """Whether the path is to blame, and not a disk or a network that may work again."""
    if isinstance(error, OSError):
        missing = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)
        return isinstance(error, FileNotFoundError) or error.errno in missing
    return "null byte" in str(error)
