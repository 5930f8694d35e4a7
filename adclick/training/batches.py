"""Batches of some creatives times some impressions, so that an image is embedded once a batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array, Int64, UInt8
from adclick.training.encoded_rows import EncodedRows

RUN = 32


@dataclass(frozen=True)
class Batch:
    """n impressions: inputs by name, click rates (n, 1) and impressions as weights (n,).

    Where the log has images, inputs hold `images` uint8 (g, height, width, 3), the batch's distinct
    creatives, and `which` int32 (n,), each impression's row in them.
    """

    inputs: dict[str, Array]
    click_rate: Array
    weight: Array


def creative_runs(rows: EncodedRows, generator: np.random.Generator) -> list[Int64]:
    """All rows in random order, cut into runs of at most RUN rows that share a creative."""
    shuffled = generator.permutation(len(rows))
    order = shuffled[np.argsort(rows.creative[shuffled], kind="stable")]
    creatives = rows.creative[order]
    starts = np.flatnonzero(np.diff(creatives, prepend=creatives[0] - 1))
    ends = np.append(starts[1:], len(order))
    runs = [
        order[start : min(start + RUN, end)]
        for first, end in zip(starts, ends, strict=True)
        for start in range(first, end, RUN)
    ]
    return [runs[position] for position in generator.permutation(len(runs))]


@dataclass(frozen=True)
class Batches:
    """Epochs over `rows` in batches of about `size` impressions, each epoch in another order."""

    rows: EncodedRows
    images: UInt8 | None
    size: int
    seed: int

    @property
    def _runs_a_batch(self) -> int:
        return max(1, self.size // RUN)

    def __len__(self) -> int:
        """Batches in an epoch."""
        runs = len(creative_runs(self.rows, np.random.default_rng(self.seed)))
        return math.ceil(runs / self._runs_a_batch)

    def epochs(self) -> Iterator[Batch]:
        """Batches without end, one epoch after the other."""
        generator = np.random.default_rng(self.seed)
        while True:
            runs = creative_runs(self.rows, generator)
            for start in range(0, len(runs), self._runs_a_batch):
                positions = np.concatenate(runs[start : start + self._runs_a_batch])
                yield gather(self.rows, positions, self.images)


def gather(rows: EncodedRows, positions: Int64, images: UInt8 | None) -> Batch:
    """The batch of these rows."""
    inputs: dict[str, Array] = {
        "categorical": rows.categorical[positions],
        "numeric": rows.numeric[positions],
    }
    if images is not None:
        distinct, which = np.unique(rows.creative[positions], return_inverse=True)
        inputs["images"] = np.asarray(images[distinct])
        inputs["which"] = which.astype(np.int32)
    impressions = rows.impressions[positions]
    rate = rows.clicks[positions] / impressions
    return Batch(inputs, rate[:, np.newaxis], impressions)
