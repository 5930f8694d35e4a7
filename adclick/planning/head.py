"""How many bytes of a file a row takes, told from the first of them."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import fsspec
import pyarrow as pa

from adclick.adlog import SourceFile
from adclick.ingest.formats import Format, format_of, open_parquet

BYTES_READ = 256 * 1024  # of a file
PACKED_BYTES_READ = 1024 * 1024  # zstd packs 128 KB together, which a head cuts in two
MOST_UNPACKED = 16 * PACKED_BYTES_READ
STEP = 16 * 1024
IMAGES_READ = 1_000


@dataclass(frozen=True)
class Head:
    """The first rows of a file, up to the last that was read whole.

    `row_bytes` and `header_bytes` count bytes of the file as it lies there, packed or not;
    `images` are the first rows' cells of the image column.
    """

    file: SourceFile
    rows: int
    row_bytes: float
    header_bytes: float
    images: tuple[str, ...] = ()


def head_of(file: SourceFile, image: str | None) -> Head:
    """The head of a CSV file, packed or not, or what a Parquet file says of itself.

    Raises AdclickError when the file is broken.
    """
    if not file.size:
        return Head(file, 0, 0.0, 0.0)
    form = format_of(file)
    return _parquet_head(file, image) if form is Format.PARQUET else _csv_head(file, form, image)


def _csv_head(file: SourceFile, form: Format, image: str | None) -> Head:
    filesystem, path = fsspec.core.url_to_fs(file.uri)
    most = BYTES_READ if form is Format.CSV else PACKED_BYTES_READ
    packed: bytes = filesystem.cat_file(path, start=0, end=min(file.size, most))
    data, used = (packed, len(packed)) if form is Format.CSV else _unpacked(packed, form)
    if used == file.size and data and not data.endswith(b"\n"):
        data += b"\n"
    header, _, rest = data.partition(b"\n")
    whole = rest[: rest.rfind(b"\n") + 1]
    # a packed file's header is not seen apart from its rows
    packing = used / len(data) if form is not Format.CSV and data else 1.0
    text = (header + b"\n" + whole).decode("utf-8-sig", "replace")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    images = [(row.get(image) or "").strip() for row in islice(rows, IMAGES_READ)] if image else []
    return Head(
        file,
        whole.count(b"\n"),
        len(whole) * packing,
        (len(header) + 1) * packing,
        tuple(images),
    )


def _unpacked(packed: bytes, form: Format) -> tuple[bytes, int]:
    """What can be unpacked of a file's first bytes, and how many of them it took."""
    source = pa.BufferReader(packed)
    pieces: list[bytes] = []
    with pa.CompressedInputStream(source, form.value) as stream:
        # a head ends within what was packed together
        with suppress(OSError):
            while len(pieces) < MOST_UNPACKED // STEP and (piece := stream.read(STEP)):
                pieces.append(piece)
        return b"".join(pieces), source.tell()


def _parquet_head(file: SourceFile, image: str | None) -> Head:
    with open_parquet(file) as parquet:
        rows = parquet.metadata.num_rows
        known = image in parquet.schema_arrow.names
        batches = parquet.iter_batches(IMAGES_READ, columns=[image]) if known else iter(())
        batch = next(batches, None)
    cells = batch.column(0).to_pylist() if batch is not None else []
    images = tuple(str(cell or "").strip() for cell in cells)
    return Head(file, rows, float(file.size if rows else 0), 0.0, images)
