"""How big an ad log is, told in seconds: from the listing of its files and the first of their rows.

Nothing is read whole: rows are bytes divided by the bytes of a row, creatives are the files beside
one of the newest rows' images, times the months where each month has a folder of images.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections import defaultdict
from dataclasses import dataclass

import fsspec

from adclick.adlog import SourceFile
from adclick.errors import AdclickError
from adclick.ingest.selection import ALL, MONTH
from adclick.ingest.sources import find_source
from adclick.sample_data.options import SampleOptions
from adclick.schema import Schema

FILES_READ = 4
BYTES_READ = 256 * 1024  # of each
ALL_MONTHS = "all months"


@dataclass(frozen=True)
class Size:
    """Rows by month, creatives, and bytes of CSV where there are files; `about` if estimated.

    A log whose files name no month counts as one month, of which `test_share` is tested on.
    """

    months: dict[str, float]
    creatives: float
    about: bool
    bytes: int | None = None
    test_share: float | None = None

    @property
    def rows(self) -> float:
        """Rows of all months."""
        return sum(self.months.values())

    @property
    def test_rows(self) -> float:
        """Rows of the last month, or the share of the only one that is held out."""
        if self.test_share is not None:
            return self.rows * self.test_share
        return self.months[max(self.months)]


def sample_size(options: SampleOptions) -> Size:
    """The size of the sample data that a run makes for itself."""
    months = {name: float(options.rows_in(m)) for m, name in enumerate(options.month_names)}
    return Size(months, float(options.months * options.creatives_per_month), about=False)


def data_size(uri: str, schema: Schema, months: str = ALL) -> Size:
    """The size of a data folder or bucket, or its wanted months, from about a megabyte of it.

    Raises AdclickError when there is no data that the schema fits.
    """
    files = find_source(uri, schema, months).files
    step = max(1, len(files) // FILES_READ)
    heads = [_Head.of(file) for file in files[::-step][:FILES_READ]]
    rows = sum(head.rows for head in heads)
    if not rows:
        raise AdclickError(f"no row below the headers of the files in {uri}")
    row_bytes = sum(head.row_bytes for head in heads) / rows
    header = sum(head.header_bytes for head in heads) / len(heads)
    by_month: defaultdict[str, float] = defaultdict(float)
    for file in files:
        by_month[file.month or ALL_MONTHS] += max(0.0, file.size - header) / row_bytes
    one = len(by_month) == 1
    return Size(
        months=dict(by_month),
        creatives=_creatives(uri, next(head for head in heads if head.rows), schema, len(by_month)),
        about=True,
        bytes=sum(file.size for file in files),
        test_share=(schema.holdout.test if schema.holdout else 1.0) if one else None,
    )


@dataclass(frozen=True)
class _Head:
    """The first rows of a file, up to the last that was read whole."""

    file: SourceFile
    text: str
    header_bytes: int
    row_bytes: int
    rows: int

    @classmethod
    def of(cls, file: SourceFile) -> _Head:
        filesystem, path = fsspec.core.url_to_fs(file.uri)
        end = min(file.size, BYTES_READ)
        data: bytes = filesystem.cat_file(path, start=0, end=end) if end else b""
        if end == file.size and data and not data.endswith(b"\n"):
            data += b"\n"
        header, _, rest = data.partition(b"\n")
        whole = rest[: rest.rfind(b"\n") + 1]
        text = (header + b"\n" + whole).decode("utf-8-sig", "replace")
        return cls(file, text, len(header) + 1, len(whole), whole.count(b"\n"))

    def first(self, column: str) -> str:
        row = next(csv.DictReader(io.StringIO(self.text, newline="")), {})
        value = row.get(column)
        if not value:
            raise AdclickError(
                f"{self.file.uri} has no {column!r} in its first row, which schema names as image: "
                "mend the file or the schema"
            )
        return value.strip()


def _creatives(uri: str, head: _Head, schema: Schema, months: int) -> float:
    """Files beside the first row's image: of one month where the folder's path names a month."""
    if schema.image is None:
        return 0.0
    filesystem, root = fsspec.core.url_to_fs(uri)
    own = posixpath.dirname(fsspec.core.url_to_fs(head.file.uri)[1])
    folder = posixpath.dirname(posixpath.normpath(f"{own}/{head.first(schema.image)}"))
    try:
        count = len(filesystem.ls(folder, detail=False))
    except FileNotFoundError as error:
        raise AdclickError(
            f"{head.file.uri}: folder {folder} of its images does not exist: see column "
            f"{schema.image!r}"
        ) from error
    of_a_month = MONTH.search(folder.removeprefix(root.rstrip("/")))
    return float(count * months if of_a_month else count)
