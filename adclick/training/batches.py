"""Batches of some creatives times some impressions, so that an image is embedded once a batch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from adclick.arrays import Array, Int64, UInt8
from adclick.training.encoded_rows import EncodedRows

RUN = 32


@dataclass(frozen=True)
class Batch:
    """n rows: inputs by name, click rates (n, 1) and impressions as weights (n,).

    Where the log has images, inputs hold `images` uint8 (g, height, width, 3), the batch's distinct
    creatives, and `which` int32 (n,), each impression's row in them. `whole` is what the batch's
    weights add up to on average, n times the log's impressions a row; where replicas share a batch,
    n counts the rows of all of them.
    """

    inputs: dict[str, Array]
    click_rate: Array
    weight: Array
    whole: float


@dataclass(frozen=True)
class Shares:
    """Which shares of each batch are wanted here: `count` from `first` on, out of `of`."""

    first: int = 0
    count: int = 1
    of: int = 1


def creative_runs(
    rows: EncodedRows, generator: np.random.Generator, most: int = RUN
) -> list[Int64]:
    """All rows in random order, cut into runs of at most `most` rows that share a creative."""
    shuffled = generator.permutation(len(rows))
    order = shuffled[np.argsort(rows.creative[shuffled], kind="stable")]
    creatives = rows.creative[order]
    starts = np.flatnonzero(np.diff(creatives, prepend=creatives[0] - 1))
    ends = np.append(starts[1:], len(order))
    runs = [
        order[start : min(start + most, end)]
        for first, end in zip(starts, ends, strict=True)
        for start in range(first, end, most)
    ]
    return [runs[position] for position in generator.permutation(len(runs))]


@dataclass(frozen=True)
class Batches:
    """Epochs over `rows` in batches of about `size` rows, each epoch in another order.

    A batch is of runs of at most `run` rows that share a creative where there are images.
    The order follows from the seed alone, so workers that know nothing of each other read the same
    batches, each its `shares`.
    """

    rows: EncodedRows
    images: UInt8 | None
    size: int
    seed: int
    shares: Shares = Shares()
    run: int = RUN

    @property
    def _runs_a_batch(self) -> int:
        return max(1, self.size // self.run)

    def __len__(self) -> int:
        """Batches in an epoch."""
        runs = len(self._runs(0))
        return math.ceil(runs / self._runs_a_batch)

    def _runs(self, epoch: int) -> list[Int64]:
        # of a generator of its own, so that an epoch can be had without those before it
        generator = np.random.default_rng((self.seed, epoch))
        if self.images is not None:
            return creative_runs(self.rows, generator, self.run)
        # without images nothing is shared by the rows of a creative
        order = generator.permutation(len(self.rows))
        return [order[start : start + self.run] for start in range(0, len(order), self.run)]

    def epochs(self, first: int = 0) -> Iterator[Batch]:
        """Batches without end from epoch `first` on; of each the shares, in their order."""
        for epoch in itertools.count(first):
            runs = self._runs(epoch)
            for start in range(0, len(runs), self._runs_a_batch):
                positions = np.concatenate(runs[start : start + self._runs_a_batch])
                parts = np.array_split(positions, self.shares.of)
                for index in range(self.shares.first, self.shares.first + self.shares.count):
                    yield self._share(parts[index], positions)

    def _share(self, part: Int64, positions: Int64) -> Batch:
        whole = len(positions) * self.rows.impressions_a_row
        if len(part):
            return replace(gather(self.rows, part, self.images), whole=whole)
        # fewer rows than replicas: one without weight, for kernels differ on empty batches
        idle = gather(self.rows, positions[:1], self.images)
        return replace(idle, weight=np.zeros_like(idle.weight), whole=whole)


def gather(rows: EncodedRows, positions: Int64, images: UInt8 | None) -> Batch:
    """The batch of these rows."""
    inputs: dict[str, Array] = {
        "categorical": rows.categorical[positions],
        "numeric": rows.numeric[positions],
    }
    if rows.offset is not None:
        inputs["offset"] = rows.offset[positions]
    if images is not None:
        distinct, which = np.unique(rows.creative[positions], return_inverse=True)
        inputs["images"] = np.asarray(images[distinct])
        inputs["which"] = which.astype(np.int32)
    impressions = rows.impressions[positions]
    rate = rows.clicks[positions] / impressions
    whole = len(positions) * rows.impressions_a_row
    return Batch(inputs, rate[:, np.newaxis], impressions, whole)
