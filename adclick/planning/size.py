"""How big an ad log is, told in seconds: from the listing of its files and the first of their rows.

Nothing is read whole: rows are bytes divided by the bytes of a row, as packed as they lie there,
creatives are the files beside one of the newest rows' images, times the months where each month
has a folder of images.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from dataclasses import dataclass

import fsspec

from adclick.addresses import image_address
from adclick.errors import AdclickError
from adclick.ingest.selection import ALL, MONTH
from adclick.ingest.sources import find_source
from adclick.planning.head import Head, head_of
from adclick.sample_data.options import SampleOptions
from adclick.schema import Schema

FILES_READ = 4
ALL_MONTHS = "all months"


@dataclass(frozen=True)
class Size:
    """Rows by month, creatives, and bytes of the files where there are any; `about` if estimated.

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
    """The size of a data folder or bucket, or its wanted months, from some megabytes of it.

    Raises AdclickError when there is no data that the schema fits.
    """
    files = find_source(uri, schema, months).files
    step = max(1, len(files) // FILES_READ)
    heads = [head_of(file, schema.image) for file in files[::-step][:FILES_READ]]
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


def _creatives(uri: str, head: Head, schema: Schema, months: int) -> float:
    """Files beside the first row's image: of one month where the folder's path names a month."""
    if schema.image is None:
        return 0.0
    if not head.images or not head.images[0]:
        raise AdclickError(
            f"{head.file.uri} has no {schema.image!r} in its first row, which schema names as "
            "image: mend the file or the schema"
        )
    address = image_address(head.file.uri, head.images[0])
    if address.startswith(("http://", "https://")):
        # the web lists no folders: at least what the first rows name, anew each month
        return float(len(set(head.images)) * months)
    try:
        filesystem, image = fsspec.core.url_to_fs(address)
        folder = posixpath.dirname(image)
        count = len(filesystem.ls(folder, detail=False))
    except FileNotFoundError as error:
        raise AdclickError(
            f"{head.file.uri}: folder {folder} of its images does not exist: see column "
            f"{schema.image!r}"
        ) from error
    except (ImportError, ValueError) as error:
        raise AdclickError(f"{head.file.uri}: {address} cannot be read here ({error})") from error
    root = fsspec.core.url_to_fs(uri)[1]
    of_a_month = MONTH.search(folder.removeprefix(root.rstrip("/")))
    return float(count * months if of_a_month else count)
