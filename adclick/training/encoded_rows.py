"""A selection of a log, encoded once and kept on disk, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog, RowSelection
from adclick.arrays import Array, Float32, Int32
from adclick.encoding.encoder import Encoded, FeatureEncoder

# rows whose logits are computed at once
CHUNK = 65_536
LEAST_CLICKS = 100


@dataclass(frozen=True)
class Sampling:
    """Of the rows without a click a random share, whose impressions count 1 / share times."""

    unclicked_share: float
    seed: int


@dataclass(frozen=True)
class EncodedRows:
    """n encoded rows, memory-mapped.

    categorical int32 (n, C), numeric float32 (n, D), creative int32 (n,) rows of the log's
    creative table (-1: none), impressions and clicks float32 (n,). `offset` float32 (n,) is a
    logit that another model gives each row, where one does.
    """

    categorical: Int32
    numeric: Float32
    creative: Int32
    impressions: Float32
    clicks: Float32
    offset: Float32 | None = None

    def __len__(self) -> int:
        return len(self.categorical)

    @property
    def click_rate(self) -> float:
        """Clicks per impression."""
        return float(self.clicks.sum() / self.impressions.sum())

    @cached_property
    def impressions_a_row(self) -> float:
        """How many impressions a row stands for on average: 1 where rows are not aggregated."""
        return float(self.impressions.sum(dtype=np.float64) / len(self))

    @property
    def encoded(self) -> Encoded:
        """The part that the model takes."""
        return Encoded(self.categorical, self.numeric)

    def part(self, index: int, of: int) -> EncodedRows:
        """The rows of worker `index` where `of` workers divide them, in order."""
        return self._cut(len(self) * index // of, len(self) * (index + 1) // of)

    def chunks(self) -> Iterator[EncodedRows]:
        """The rows in order, CHUNK at a time."""
        for start in range(0, len(self), CHUNK):
            yield self._cut(start, start + CHUNK)

    def _cut(self, start: int, end: int) -> EncodedRows:
        wanted = slice(start, end)
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return EncodedRows(
            **{name: part[wanted] for name, part in parts.items() if part is not None}
        )


def by_new_creatives(later: EncodedRows, rows: EncodedRows) -> EncodedRows:
    """`later`, where nothing counts but impressions of creatives that `rows` do not show.

    What a picture is worth has to hold for ads to come: that a network knows the pictures it was
    trained on says nothing. Where new ones were clicked less than LEAST_CLICKS times all count.
    """
    new = ~np.isin(later.creative, np.unique(rows.creative))
    if later.clicks[new].sum() < LEAST_CLICKS:
        return later
    clicks, impressions = (np.where(new, part, 0) for part in (later.clicks, later.impressions))
    return replace(later, clicks=clicks, impressions=impressions)


def encode_rows(
    log: AdLog,
    selection: RowSelection,
    encoder: FeatureEncoder,
    folder: Path,
    sampling: Sampling | None = None,
) -> EncodedRows:
    """Encode the selected rows, or a sample of them, into files in `folder` and map them."""
    generator = np.random.default_rng(sampling.seed) if sampling else None
    creatives = log.creatives()
    creative_column = log.ad_schema.creative
    columns = [*encoder.columns, IMPRESSIONS, CLICKS]
    if creatives and creative_column:
        columns.append(creative_column)
    folder.mkdir(parents=True, exist_ok=True)
    widths = {
        "categorical": (np.int32, (encoder.width,)),
        "numeric": (np.float32, (len(encoder.numeric),)),
        "creative": (np.int32, ()),
        "impressions": (np.float32, ()),
        "clicks": (np.float32, ()),
    }
    files = {name: (folder / name).open("wb") for name in widths}
    count = 0
    for read in log.batches(selection, columns):
        batch = read
        impressions, clicks = _numbers(batch, IMPRESSIONS), _numbers(batch, CLICKS)
        if sampling and generator:
            kept = (clicks > 0) | (generator.random(len(clicks)) < sampling.unclicked_share)
            batch = batch.filter(pa.array(kept))
            impressions, clicks = impressions[kept], clicks[kept]
            impressions[clicks == 0] /= sampling.unclicked_share
        encoded = encoder.encode(batch)
        parts: dict[str, Array] = {
            "categorical": encoded.categorical,
            "numeric": encoded.numeric,
            "creative": creatives.index(batch.column(creative_column))
            if creatives
            else np.full(batch.num_rows, -1, np.int32),
            "impressions": impressions,
            "clicks": clicks,
        }
        for name, part in parts.items():
            files[name].write(np.ascontiguousarray(part).tobytes())
        count += batch.num_rows
    for file in files.values():
        file.close()
    return EncodedRows(
        **{
            name: _mapped(folder / name, dtype, (count, *width))
            for name, (dtype, width) in widths.items()
        }
    )


def _numbers(batch: pa.RecordBatch, name: str) -> Float32:
    numbers: Float32 = batch.column(name).to_numpy().astype(np.float32)
    return numbers


def with_offset(
    rows: EncodedRows, logits: Callable[[Encoded, None], Float32], folder: Path
) -> EncodedRows:
    """The rows with what `logits` says of each as offset, kept beside them in `folder`."""
    with (folder / "offset").open("wb") as file:
        for chunk in rows.chunks():
            file.write(logits(chunk.encoded, None).astype(np.float32).tobytes())
    return replace(rows, offset=_mapped(folder / "offset", np.float32, (len(rows),)))


def _mapped(path: Path, dtype: type, shape: tuple[int, ...]) -> Array:
    # an empty file cannot be mapped
    return np.memmap(path, dtype, "r", shape=shape) if 0 not in shape else np.empty(shape, dtype)
